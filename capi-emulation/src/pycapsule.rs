//! `pycapsule.h`: C pointers as objects.

use core::ffi::{CStr, c_char, c_int, c_void};

use rpy_vm::object::slots::{inquiry, traverseproc};
use rpy_vm::types::capsule::{CapsuleDestructor, PyCapsule, import_capsule};
use rpy_vm::{PyErr, PyObject, PyResult, Ref, exc};

use crate::border::{OptObj, Out, Void};

exports! {
    /// A capsule for a pointer that is not NULL.
    fn PyCapsule_New(pointer: Void, name: *const c_char, destructor: Option<CapsuleDestructor>) -> Out = Ref<PyCapsule> {
        PyCapsule::new(pointer, name, destructor)
    }
    /// Is it a capsule with that name?
    fn PyCapsule_IsValid(object: OptObj<'_>, name: *const c_char) -> c_int {
        let capsule = object.and_then(|object| object.downcast_exact::<PyCapsule>());
        c_int::from(capsule.is_some_and(|capsule| !capsule.pointer.get().is_null() && capsule.has_name(name)))
    }
    /// The pointer, if the name is right.
    fn PyCapsule_GetPointer(object: OptObj<'_>, name: *const c_char) -> Void = Void {
        valid(object, "PyCapsule_GetPointer")?.get_pointer(name)
    }
    /// The name.
    fn PyCapsule_GetName(object: OptObj<'_>) -> *const c_char = *const c_char {
        Ok(valid(object, "PyCapsule_GetName")?.name.get())
    }
    /// The context.
    fn PyCapsule_GetContext(object: OptObj<'_>) -> Void = Void {
        Ok(valid(object, "PyCapsule_GetContext")?.context.get())
    }
    /// The destructor.
    fn PyCapsule_GetDestructor(object: OptObj<'_>) -> *const c_void = *const c_void {
        let destructor = valid(object, "PyCapsule_GetDestructor")?.destructor.get();
        Ok(destructor.map_or(core::ptr::null(), |function| function as *const c_void))
    }
    /// Sets the pointer.
    fn PyCapsule_SetPointer(object: OptObj<'_>, pointer: Void) -> c_int = () {
        let capsule = valid(object, "PyCapsule_SetPointer")?;
        if pointer.is_null() {
            return Err(exc::value_error("PyCapsule_SetPointer called with null pointer"));
        }
        capsule.pointer.set(pointer);
        Ok(())
    }
    /// Sets the name, which must outlive the capsule.
    fn PyCapsule_SetName(object: OptObj<'_>, name: *const c_char) -> c_int = () {
        valid(object, "PyCapsule_SetName")?.name.set(name);
        Ok(())
    }
    /// Sets the context.
    fn PyCapsule_SetContext(object: OptObj<'_>, context: Void) -> c_int = () {
        valid(object, "PyCapsule_SetContext")?.context.set(context);
        Ok(())
    }
    /// Sets the destructor.
    fn PyCapsule_SetDestructor(object: OptObj<'_>, destructor: Option<CapsuleDestructor>) -> c_int = () {
        valid(object, "PyCapsule_SetDestructor")?.destructor.set(destructor);
        Ok(())
    }
    /// Makes the collector look into the capsule.
    fn _PyCapsule_SetTraverse(object: OptObj<'_>, traverse: Option<traverseproc>, clear: Option<inquiry>) -> c_int = () {
        valid(object, "_PyCapsule_SetTraverse")?.set_traverse(traverse, clear);
        Ok(())
    }
    /// The pointer of the capsule `module.attribute`.
    fn PyCapsule_Import(name: *const c_char, _no_block: c_int) -> Void = Void {
        import_capsule(CStr::from_ptr(name))
    }
}

fn valid<'a>(object: Option<&'a PyObject>, function: &str) -> PyResult<&'a PyCapsule> {
    let invalid = || -> PyErr { exc::value_error(format!("{function} called with invalid PyCapsule object")) };
    match object.and_then(|object| object.downcast_exact::<PyCapsule>()) {
        Some(capsule) if !capsule.pointer.get().is_null() => Ok(capsule),
        Some(_) | None => Err(invalid()),
    }
}

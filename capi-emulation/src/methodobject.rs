//! `methodobject.h`, `classobject.h`, `descrobject.h`, `funcobject.h`, `cellobject.h`, `weakrefobject.h`, `genericaliasobject.h`: functions,
//! methods, descriptors and what goes with them.

use core::ffi::{c_char, c_int, c_void};

use rpy_vm::object::{PyGetSetDef, PyMemberDef, PyMethodDef, flags};
use rpy_vm::protocol::object as po;
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::cell::PyCell;
use rpy_vm::types::descr::{
    PyClassMethod, PyStaticMethod, member, new_classmethod_descr, new_getset, new_member, new_method_descr,
};
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::method::{PyInstanceMethod, PyMethod};
use rpy_vm::types::weakref::{self, PyWeakRef};
use rpy_vm::types::{generic_alias, weakref::new_proxy};
use rpy_vm::{ObjRef, PyObject, PyStruct, PyTypeObject, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, Void, bad_call, expect, store};

exports! {
    /// A built-in function for a definition that outlives it.
    fn PyCMethod_New(def: *const PyMethodDef, receiver: OptObj<'_>, module: OptObj<'_>, class: Option<&PyTypeObject>) -> Out = ObjRef {
        PyCFunction::create(def, receiver, module, class)
    }
    /// As `PyCMethod_New`, without a class.
    fn PyCFunction_NewEx(def: *const PyMethodDef, receiver: OptObj<'_>, module: OptObj<'_>) -> Out = ObjRef {
        PyCFunction::create(def, receiver, module, None)
    }
    /// As `PyCFunction_NewEx`, without a module.
    fn PyCFunction_New(def: *const PyMethodDef, receiver: OptObj<'_>) -> Out = ObjRef {
        PyCFunction::create(def, receiver, None, None)
    }
    /// The C function.
    fn PyCFunction_GetFunction(function: Obj<'_>) -> *const c_void = *const c_void {
        Ok(expect::<PyCFunction>(function)?.def().ml_meth)
    }
    /// The receiver, borrowed.
    fn PyCFunction_GetSelf(function: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyCFunction>(function)?.receiver_ptr())
    }
    /// The `METH_*` flags.
    fn PyCFunction_GetFlags(function: Obj<'_>) -> c_int = c_int {
        Ok(expect::<PyCFunction>(function)?.def().ml_flags)
    }
    /// A bound method.
    fn PyMethod_New(function: OptObj<'_>, receiver: OptObj<'_>) -> Out = Ref<PyMethod> {
        match (function, receiver) {
            (Some(function), Some(receiver)) => Ok(PyMethod::new(function, receiver)),
            _ => Err(bad_call()),
        }
    }
    /// The function of a bound method, borrowed.
    fn PyMethod_Function(method: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyMethod>(method)?.im_func.as_raw())
    }
    /// The receiver of a bound method, borrowed.
    fn PyMethod_Self(method: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyMethod>(method)?.im_self.as_raw())
    }
    /// A callable that binds like a function.
    fn PyInstanceMethod_New(function: Obj<'_>) -> Out {
        PyInstanceMethod::new(function).into_raw() as Out
    }
    /// What an instancemethod binds, borrowed.
    fn PyInstanceMethod_Function(method: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyInstanceMethod>(method)?.func.as_raw())
    }
    /// `staticmethod(callable)`.
    fn PyStaticMethod_New(callable: Obj<'_>) -> Out {
        PyStaticMethod::new(callable).into_raw() as Out
    }
    /// `classmethod(callable)`.
    fn PyClassMethod_New(callable: Obj<'_>) -> Out {
        PyClassMethod::new(callable).into_raw() as Out
    }
    /// A method descriptor.
    fn PyDescr_NewMethod(ty: &PyTypeObject, def: *const PyMethodDef) -> Out = ObjRef {
        new_method_descr(ty, def)
    }
    /// A class method descriptor.
    fn PyDescr_NewClassMethod(ty: &PyTypeObject, def: *const PyMethodDef) -> Out = ObjRef {
        new_classmethod_descr(ty, def)
    }
    /// A computed attribute.
    fn PyDescr_NewGetSet(ty: &PyTypeObject, def: *const PyGetSetDef) -> Out = ObjRef {
        new_getset(ty, def)
    }
    /// A member.
    fn PyDescr_NewMember(ty: &PyTypeObject, def: *const PyMemberDef) -> Out = ObjRef {
        new_member(ty, def)
    }
    /// Is it a data descriptor?
    fn PyDescr_IsData(object: Obj<'_>) -> c_int {
        c_int::from(object.ty().tp_descr_set.get().is_some())
    }
    /// Reads a member of a struct that may be no object.
    fn PyMember_GetOne(object: *const c_char, def: &PyMemberDef) -> Out = ObjRef {
        member::get_member(&*(object as *const PyObject), def)
    }
    /// Writes a member of a struct that may be no object; NULL deletes.
    fn PyMember_SetOne(object: *mut c_char, def: &PyMemberDef, value: OptObj<'_>) -> c_int = () {
        member::set_member(&*(object as *const PyObject), def, value)
    }
    /// A method wrapper bound to a receiver.
    fn PyWrapper_New(descr: Obj<'_>, receiver: Obj<'_>) -> Out = ObjRef {
        Ok(expect::<rpy_vm::types::descr::wrapper::PyWrapperDescr>(descr)?.bind(receiver))
    }

    /// A function of a code object and globals.
    fn PyFunction_New(code: Obj<'_>, globals: Obj<'_>) -> Out = Ref<PyFunction> {
        Ok(PyFunction::new(expect(code)?, globals, None))
    }
    /// As `PyFunction_New`, with a qualified name.
    fn PyFunction_NewWithQualName(code: Obj<'_>, globals: Obj<'_>, qualname: OptObj<'_>) -> Out = Ref<PyFunction> {
        let qualname = qualname.map(|name| expect::<rpy_vm::types::str::PyStr>(name).map(PyStruct::to_ref)).transpose()?;
        Ok(PyFunction::new(expect(code)?, globals, qualname))
    }
    /// The code of a function, borrowed.
    fn PyFunction_GetCode(function: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyFunction>(function)?.code().as_object().as_ptr())
    }
    /// The globals of a function, borrowed.
    fn PyFunction_GetGlobals(function: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyFunction>(function)?.func_globals.as_raw())
    }

    /// A cell; NULL: empty.
    fn PyCell_New(content: OptObj<'_>) -> Out {
        PyCell::new(content.map(PyObject::new_ref)).into_raw() as Out
    }
    /// The content; NULL if the cell is empty.
    fn PyCell_Get(cell: Obj<'_>) -> Out = Option<ObjRef> {
        Ok(expect::<PyCell>(cell)?.get())
    }
    /// Sets the content.
    fn PyCell_Set(cell: Obj<'_>, content: OptObj<'_>) -> c_int = () {
        expect::<PyCell>(cell)?.set(content.map(PyObject::new_ref));
        Ok(())
    }

    /// A weak reference.
    fn PyWeakref_NewRef(object: Obj<'_>, callback: OptObj<'_>) -> Out = Ref<PyWeakRef> {
        PyWeakRef::new_ref_to(object, callback.filter(|callback| !rpy_vm::is_none(callback)))
    }
    /// A weak proxy.
    fn PyWeakref_NewProxy(object: Obj<'_>, callback: OptObj<'_>) -> Out = ObjRef {
        new_proxy(object, callback.filter(|callback| !rpy_vm::is_none(callback)))
    }
    /// The object of a weak reference: 1 with a new reference, 0 with NULL if it is dead, -1.
    fn PyWeakref_GetRef(reference: OptObj<'_>, result: *mut *mut PyObject) -> c_int = c_int {
        store(result, core::ptr::null_mut());
        let Some(reference) = reference else { return Err(bad_call()) };
        if weakref::as_weakref(reference).is_none() {
            return Err(exc::type_error("expected a weakref"));
        }
        crate::border::store_optional(result, Ok(weakref::target_of(reference)))
    }
    /// The object of a weak reference, borrowed; None if it is dead.
    fn PyWeakref_GetObject(reference: OptObj<'_>) -> Borrowed = Borrowed {
        let weak = reference.and_then(weakref::as_weakref).ok_or_else(bad_call)?;
        Ok(weak.get().map_or_else(|| rpy_vm::none_ref().as_ptr(), |object| object.as_raw()))
    }
    /// Is the object of a weak reference gone?
    fn PyWeakref_IsDead(reference: OptObj<'_>) -> c_int = bool {
        Ok(reference.and_then(weakref::as_weakref).ok_or_else(|| exc::type_error("expected a weakref"))?.is_dead())
    }
    /// `origin[args]`.
    fn Py_GenericAlias(origin: Obj<'_>, args: Obj<'_>) -> Out = ObjRef {
        generic_alias::new(origin, args)
    }
    /// The getter behind `tp_getattr` of old: finds an attribute by its C name.
    fn _PyObject_GetMethod(object: Obj<'_>, name: Obj<'_>, method: *mut *mut PyObject) -> c_int = c_int {
        method.write(core::ptr::null_mut());
        match po::lookup_method(object, po::attr_name(name)?)? {
            Some((function, unbound)) => {
                method.write(function.into_raw());
                Ok(c_int::from(unbound))
            }
            None => Err(po::no_attribute(object, po::attr_name(name)?)),
        }
    }
    /// Where extra data of a type's instances is, behind the base's struct.
    fn PyObject_GetTypeData(object: Obj<'_>, class: &PyTypeObject) -> Void {
        let base = class.base().map_or(0, |base| base.tp_basicsize.get());
        (object.as_ptr() as *mut u8).offset((base + 15) & !15) as Void
    }
    /// The size of `PyObject_GetTypeData`.
    fn PyType_GetTypeDataSize(class: &PyTypeObject) -> isize {
        let base = class.base().map_or(0, |base| base.tp_basicsize.get());
        (class.tp_basicsize.get() - ((base + 15) & !15)).max(0)
    }
    /// Where the items of a variable-sized object are, for types that have them at the end.
    fn PyObject_GetItemData(object: Obj<'_>) -> Void = Void {
        let ty = object.ty();
        if !ty.has_flag(flags::ITEMS_AT_END) {
            return Err(exc::type_error(format!("type '{}' does not have Py_TPFLAGS_ITEMS_AT_END", ty.full_name())));
        }
        Ok((object.as_ptr() as *mut u8).offset(ty.tp_basicsize.get()) as Void)
    }
}

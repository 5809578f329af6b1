//! `object.h`: reference counts, attributes, comparison, text, truth.

use core::ffi::{c_char, c_int, c_void};

use rpy_vm::object::slots::{CompareOp, visitproc};
use rpy_vm::object::{flags, header, shape};
use rpy_vm::protocol::object as po;
use rpy_vm::runtime::{gc, recursion};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::singletons::{ELLIPSIS, NONE, NOT_IMPLEMENTED};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::{instance, lookup};
use rpy_vm::types::{bool_, weakref};
use rpy_vm::{ObjRef, PyObject, PyStruct, PyTypeObject, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, c_name, is_there, non_null, store_optional};
use crate::unicodeobject::Identifier;

exports! {
    /// Adds a reference.
    fn Py_IncRef(object: OptObj<'_>) {
        if let Some(object) = object {
            object.incref();
        }
    }
    /// Gives a reference back.
    fn Py_DecRef(object: OptObj<'_>) {
        if let Some(object) = object {
            PyObject::decref(object);
        }
    }
    /// Adds a reference; the object is not NULL.
    fn _Py_IncRef(object: Obj<'_>) {
        object.incref();
    }
    /// Gives a reference back; the object is not NULL.
    fn _Py_DecRef(object: Obj<'_>) {
        PyObject::decref(object);
    }
    /// A new reference.
    fn Py_NewRef(object: Obj<'_>) -> Out {
        object.new_ref().into_raw()
    }
    /// A new reference, or NULL for NULL.
    fn Py_XNewRef(object: OptObj<'_>) -> Out {
        object.map_or(core::ptr::null_mut(), |object| object.new_ref().into_raw())
    }
    /// Destroys an object whose count is zero.
    fn _Py_Dealloc(object: *mut PyObject) {
        rpy_vm::object::dealloc::dealloc(object);
    }
    /// Gives an object a count of one.
    fn _Py_NewReference(object: Obj<'_>) {
        object.ob_refcnt.set(1);
        object.ob_overflow.set(0);
        object.ob_flags.set(0);
    }
    /// The reference count.
    fn Py_REFCNT(object: Obj<'_>) -> isize {
        object.refcount() as isize
    }
    /// The type, borrowed.
    fn Py_TYPE(object: Obj<'_>) -> *mut PyTypeObject {
        object.ob_type.get().cast_mut()
    }
    /// Sets the reference count, unless the object is immortal.
    fn _Py_SetRefcnt(object: Obj<'_>, count: isize) {
        if !object.is_immortal() {
            object.ob_refcnt.set(count as u32);
        }
    }
    /// `a is b`.
    fn Py_Is(a: *const PyObject, b: *const PyObject) -> c_int {
        c_int::from(core::ptr::eq(a, b))
    }
    /// `x is None`.
    fn Py_IsNone(x: *const PyObject) -> c_int {
        c_int::from(core::ptr::eq(x, &raw const NONE))
    }
    /// `x is True`.
    fn Py_IsTrue(x: *const PyObject) -> c_int {
        c_int::from(core::ptr::eq(x, bool_::as_object(true)))
    }
    /// `x is False`.
    fn Py_IsFalse(x: *const PyObject) -> c_int {
        c_int::from(core::ptr::eq(x, bool_::as_object(false)))
    }
    /// One of the constants of `Py_CONSTANT_*`; a new reference.
    fn Py_GetConstant(which: u32) -> Out = ObjRef {
        constant(which).map(PyObject::new_ref).ok_or_else(crate::border::bad_call)
    }
    /// One of the constants of `Py_CONSTANT_*`; they are immortal, so borrowing is safe.
    fn Py_GetConstantBorrowed(which: u32) -> Borrowed = Borrowed {
        constant(which).map(PyObject::as_ptr).ok_or_else(crate::border::bad_call)
    }

    /// `repr(o)`.
    fn PyObject_Repr(object: OptObj<'_>) -> Out = Ref<PyStr> {
        match object {
            None => Ok(PyStr::new("<NULL>")),
            Some(object) => po::repr(object),
        }
    }
    /// `str(o)`.
    fn PyObject_Str(object: OptObj<'_>) -> Out = Ref<PyStr> {
        match object {
            None => Ok(PyStr::new("<NULL>")),
            Some(object) => po::str(object),
        }
    }
    /// `ascii(o)`.
    fn PyObject_ASCII(object: OptObj<'_>) -> Out = Ref<PyStr> {
        match object {
            None => Ok(PyStr::new("<NULL>")),
            Some(object) => po::ascii(object),
        }
    }
    /// `bytes(o)`.
    fn PyObject_Bytes(object: OptObj<'_>) -> Out = ObjRef {
        let Some(object) = object else { return Ok(PyBytes::new(b"<NULL>").into_obj()) };
        if object.downcast_exact::<PyBytes>().is_some() {
            return Ok(object.new_ref());
        }
        if let Some(method) = po::lookup_special(object, rpy_vm::intern!("__bytes__"))? {
            let result = rpy_vm::protocol::call::call_noargs(&method)?;
            if result.downcast_ref::<PyBytes>().is_none() {
                return Err(exc::type_error(format!("__bytes__ returned non-bytes (type {})", result.ty().full_name())));
            }
            return Ok(result);
        }
        crate::bytesobject::from_object(object)
    }
    /// `format(o, spec)`; NULL for an empty spec.
    fn PyObject_Format(object: Obj<'_>, spec: OptObj<'_>) -> Out = Ref<PyStr> {
        match spec {
            None => po::format(object, PyStr::empty_ref()),
            Some(spec) => match spec.downcast_ref::<PyStr>() {
                Some(spec) => po::format(object, spec),
                None => Err(exc::system_error(format!(
                    "Format specifier must be a string, not {}",
                    spec.ty().full_name()
                ))),
            },
        }
    }
    /// `a < b` and the like, by `Py_LT`...
    fn PyObject_RichCompare(a: OptObj<'_>, b: OptObj<'_>, op: c_int) -> Out = ObjRef {
        po::rich_compare(non_null(a)?, non_null(b)?, CompareOp::from_c(op))
    }
    /// The truth of a comparison; identical objects are equal.
    fn PyObject_RichCompareBool(a: OptObj<'_>, b: OptObj<'_>, op: c_int) -> c_int = bool {
        po::rich_compare_bool(non_null(a)?, non_null(b)?, CompareOp::from_c(op))
    }
    /// `hash(o)`.
    fn PyObject_Hash(object: Obj<'_>) -> isize = isize {
        po::hash(object)
    }
    /// The `tp_hash` of unhashable types.
    fn PyObject_HashNotImplemented(object: Obj<'_>) -> isize = isize {
        Err(instance::unhashable(object))
    }
    /// `bool(o)`.
    fn PyObject_IsTrue(object: Obj<'_>) -> c_int = bool {
        po::is_true(object)
    }
    /// `not o`.
    fn PyObject_Not(object: Obj<'_>) -> c_int = bool {
        po::is_true(object).map(|truth| !truth)
    }
    /// Can it be called?
    fn PyCallable_Check(object: OptObj<'_>) -> c_int {
        c_int::from(object.is_some_and(po::callable))
    }
    /// `dir(o)`; of the running frame's locals for NULL.
    fn PyObject_Dir(object: OptObj<'_>) -> Out = Ref<PyList> {
        po::dir(object)
    }
    /// Writes `repr(o)` (or `str(o)` with `Py_PRINT_RAW`) to a C stream.
    fn PyObject_Print(object: OptObj<'_>, stream: *mut libc::FILE, flags: c_int) -> c_int = () {
        let text = match object {
            None => PyStr::new("<nil>"),
            Some(object) if flags & 1 != 0 => po::str(object)?,
            Some(object) => po::repr(object)?,
        };
        let bytes = text.to_string_lossy();
        libc::clearerr(stream);
        libc::fwrite(bytes.as_ptr() as *const c_void, 1, bytes.len(), stream);
        if libc::ferror(stream) != 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }

    /// `o.name`.
    fn PyObject_GetAttr(object: Obj<'_>, name: Obj<'_>) -> Out = ObjRef {
        po::getattr_obj(object, name)
    }
    /// `o.name`.
    fn _PyObject_GetAttrId(object: Obj<'_>, name: &mut Identifier) -> Out = ObjRef {
        po::getattr_obj(object, name.object()?.as_object())
    }
    /// `o.name`.
    fn PyObject_GetAttrString(object: Obj<'_>, name: *const c_char) -> Out = ObjRef {
        po::getattr(object, &*c_name(name)?)
    }
    /// `o.name`: 1 with the value, 0 with NULL when there is none, -1 for other errors.
    fn PyObject_GetOptionalAttr(object: Obj<'_>, name: Obj<'_>, result: *mut *mut PyObject) -> c_int = c_int {
        store_optional(result, po::attr_name(name).and_then(|name| po::getattr_opt(object, name)))
    }
    /// As `PyObject_GetOptionalAttr`.
    fn PyObject_GetOptionalAttrString(object: Obj<'_>, name: *const c_char, result: *mut *mut PyObject) -> c_int = c_int {
        store_optional(result, c_name(name).and_then(|name| po::getattr_opt(object, &name)))
    }
    /// Has it the attribute? Errors count as no, and are reported as unraisable.
    fn PyObject_HasAttr(object: Obj<'_>, name: Obj<'_>) -> c_int {
        is_there(
            po::attr_name(name).and_then(|name| po::getattr_opt(object, name)),
            "PyObject_HasAttr(); consider using PyObject_HasAttrWithError(), PyObject_GetOptionalAttr() or PyObject_GetAttr()",
        )
    }
    /// As `PyObject_HasAttr`.
    fn PyObject_HasAttrString(object: Obj<'_>, name: *const c_char) -> c_int {
        is_there(
            c_name(name).and_then(|name| po::getattr_opt(object, &name)),
            "PyObject_HasAttrString(); consider using PyObject_HasAttrStringWithError(), PyObject_GetOptionalAttrString() or \
             PyObject_GetAttrString()",
        )
    }
    /// Has it the attribute? Errors other than `AttributeError` are raised.
    fn PyObject_HasAttrWithError(object: Obj<'_>, name: Obj<'_>) -> c_int = bool {
        Ok(po::getattr_opt(object, po::attr_name(name)?)?.is_some())
    }
    /// As `PyObject_HasAttrWithError`.
    fn PyObject_HasAttrStringWithError(object: Obj<'_>, name: *const c_char) -> c_int = bool {
        Ok(po::getattr_opt(object, &*c_name(name)?)?.is_some())
    }
    /// `o.name = value`; NULL deletes.
    fn PyObject_SetAttr(object: Obj<'_>, name: Obj<'_>, value: OptObj<'_>) -> c_int = () {
        po::setattr_obj(object, name, value)
    }
    /// `o.name = value`; NULL deletes.
    fn PyObject_SetAttrString(object: Obj<'_>, name: *const c_char, value: OptObj<'_>) -> c_int = () {
        po::setattr(object, &*c_name(name)?, value)
    }
    /// `del o.name`.
    fn PyObject_DelAttr(object: Obj<'_>, name: Obj<'_>) -> c_int = () {
        po::setattr_obj(object, name, None)
    }
    /// `del o.name`.
    fn PyObject_DelAttrString(object: Obj<'_>, name: *const c_char) -> c_int = () {
        po::setattr(object, &*c_name(name)?, None)
    }
    /// `object.__getattribute__`.
    fn PyObject_GenericGetAttr(object: Obj<'_>, name: Obj<'_>) -> Out = ObjRef {
        po::generic_getattr(object, po::attr_name(name)?)
    }
    /// `object.__setattr__`; NULL deletes.
    fn PyObject_GenericSetAttr(object: Obj<'_>, name: Obj<'_>, value: OptObj<'_>) -> c_int = () {
        po::generic_setattr(object, po::attr_name(name)?, value)
    }
    /// The getter of `__dict__`.
    fn PyObject_GenericGetDict(object: Obj<'_>, _closure: *mut c_void) -> Out = Ref<PyDict> {
        po::generic_get_dict(object)
    }
    /// The setter of `__dict__`.
    fn PyObject_GenericSetDict(object: Obj<'_>, value: OptObj<'_>, _closure: *mut c_void) -> c_int = () {
        match value {
            None => Err(exc::type_error("cannot delete __dict__")),
            Some(value) => po::generic_set_dict(object, Some(value)),
        }
    }
    /// The `tp_iter` of iterators.
    fn PyObject_SelfIter(object: Obj<'_>) -> Out {
        object.new_ref().into_raw()
    }
    /// The `tp_iternext` that says "not iterable".
    fn _PyObject_NextNotImplemented(object: Obj<'_>) -> Out {
        instance::next_not_implemented(object.as_ptr())
    }
    /// Where an instance keeps its dict (for a managed one: after making it); NULL if it has none.
    fn _PyObject_GetDictPtr(object: Obj<'_>) -> *mut *mut PyObject {
        if object.ty().has_flag(flags::MANAGED_DICT) {
            return match shape::materialize(object) {
                Ok(_) => shape::attrs_word(object).as_ptr() as *mut *mut PyObject,
                Err(error) => {
                    drop(error);
                    core::ptr::null_mut()
                }
            };
        }
        po::dict_cell(object).map_or(core::ptr::null_mut(), |cell| core::ptr::from_ref(cell) as *mut *mut PyObject)
    }
    /// Shows a managed dict to the collector.
    fn PyObject_VisitManagedDict(object: Obj<'_>, visit: visitproc, arg: *mut c_void) -> c_int {
        if object.ty().has_flag(flags::MANAGED_DICT) { shape::visit_attrs(object, visit, arg) } else { 0 }
    }
    /// Drops a managed dict.
    fn PyObject_ClearManagedDict(object: Obj<'_>) {
        if object.ty().has_flag(flags::MANAGED_DICT) {
            shape::clear_attrs(object);
        }
    }
    /// Where the weak references to an object hang, whose type has room for them.
    fn PyObject_GET_WEAKREFS_LISTPTR(object: Obj<'_>) -> *mut *mut PyObject {
        weakref::weaklist_of(object).map_or(core::ptr::null_mut(), |list| list.as_ptr().cast())
    }
    /// Can instances be weakly referenced?
    fn PyType_SUPPORTS_WEAKREFS(ty: &PyTypeObject) -> c_int {
        c_int::from(ty.has_flag(flags::MANAGED_WEAKREF) || ty.tp_weaklistoffset.get() != 0)
    }
    /// Clears weak references to a dying object and calls their callbacks.
    fn PyObject_ClearWeakRefs(object: Obj<'_>) {
        weakref::clear_weakrefs(object);
    }
    /// Runs `tp_finalize`.
    fn PyObject_CallFinalizer(object: Obj<'_>) {
        instance::finalize_once(object);
    }
    /// Runs `tp_finalize` of an object whose count is zero: 0, or -1 if that resurrected it.
    fn PyObject_CallFinalizerFromDealloc(object: Obj<'_>) -> c_int {
        if instance::finalize_from_dealloc(object) { -1 } else { 0 }
    }
    /// `isinstance(o, cls)`.
    fn PyObject_IsInstance(object: Obj<'_>, class: Obj<'_>) -> c_int = bool {
        po::is_instance(object, class)
    }
    /// `issubclass(o, cls)`.
    fn PyObject_IsSubclass(object: Obj<'_>, class: Obj<'_>) -> c_int = bool {
        po::is_subclass(object, class)
    }
    /// `type(o)`.
    fn PyObject_Type(object: OptObj<'_>) -> Out = Ref<PyTypeObject> {
        Ok(non_null(object)?.ty().to_ref())
    }
    /// The first entry for a name along the MRO, borrowed; never sets an exception.
    fn _PyType_Lookup(ty: &PyTypeObject, name: &PyStr) -> Borrowed {
        lookup::lookup(ty, name).map_or(core::ptr::null_mut(), PyObject::as_ptr)
    }
    /// As `_PyType_Lookup`, a new reference.
    fn _PyType_LookupRef(ty: &PyTypeObject, name: &PyStr) -> Out {
        lookup::lookup_ref(ty, name).map_or(core::ptr::null_mut(), Ref::into_raw)
    }

    /// Call before recursing; `where_` continues the message.
    fn Py_EnterRecursiveCall(where_: *const c_char) -> c_int = () {
        if recursion::stack_exhausted() { recursion::check(&crate::border::lossy(where_)) } else { Ok(()) }
    }
    /// The counterpart of `Py_EnterRecursiveCall`: the machine stack is the measure, so there is nothing to undo.
    fn Py_LeaveRecursiveCall() {}
    /// Notes that an object's repr is being made: 0, or 1 if that is the case already.
    fn Py_ReprEnter(object: Obj<'_>) -> c_int {
        let stack = &rpy_vm::runtime::thread::current().repr_stack;
        let address = object as *const PyObject as usize;
        if stack.borrow().contains(&address) {
            return 1;
        }
        stack.borrow_mut().push(address);
        0
    }
    /// The counterpart of `Py_ReprEnter`.
    fn Py_ReprLeave(object: Obj<'_>) {
        let address = object as *const PyObject as usize;
        let mut stack = rpy_vm::runtime::thread::current().repr_stack.borrow_mut();
        if let Some(at) = stack.iter().rposition(|&a| a == address) {
            stack.remove(at);
        }
    }
    /// Is there exactly one reference to it?
    fn PyUnstable_Object_IsUniquelyReferenced(object: Obj<'_>) -> c_int {
        c_int::from(object.refcount() == 1)
    }
    /// Is the only reference to it one that the running frame's operand stack owns? Then the caller may reuse the object.
    fn PyUnstable_Object_IsUniqueReferencedTemporary(object: Obj<'_>) -> c_int {
        c_int::from(object.refcount() == 1 && crate::frameobject::is_owned_by_stack(object))
    }
    /// Free-threaded builds would defer counting; this one does not.
    fn PyUnstable_Object_EnableDeferredRefcount(_object: Obj<'_>) -> c_int {
        0
    }
    /// Is it immortal?
    fn PyUnstable_IsImmortal(object: Obj<'_>) -> c_int {
        c_int::from(object.is_immortal())
    }
    /// Has it a finalizer that has run?
    fn PyObject_GC_IsFinalized(object: Obj<'_>) -> c_int {
        c_int::from(gc::is_gc(object) && gc::head_of(object).prev.get() & gc::PREV_FINALIZED != 0)
    }
    /// Is the collector watching it?
    fn PyObject_GC_IsTracked(object: Obj<'_>) -> c_int {
        c_int::from(gc::is_tracked(object))
    }
}

/// `Py_CONSTANT_*`.
fn constant(which: u32) -> Option<&'static PyObject> {
    Some(match which {
        0 => &NONE,
        1 => bool_::as_object(false),
        2 => bool_::as_object(true),
        3 => &ELLIPSIS,
        4 => &NOT_IMPLEMENTED,
        5 => PyInt::small_ref(0).as_object(),
        6 => PyInt::small_ref(1).as_object(),
        7 => PyStr::empty_ref().as_object(),
        8 => empty_bytes(),
        9 => PyTuple::empty_ref().as_object(),
        _ => return None,
    })
}

/// The empty bytes object, which is shared and immortal.
fn empty_bytes() -> &'static PyObject {
    let empty = PyBytes::empty();
    // SAFETY: the object is immortal.
    unsafe { &*(empty.as_raw() as *const PyObject) }
}

const _: () = assert!(size_of::<PyObject>() == 16 && header::STATIC_OBJECT_FLAGS == 5);

//! Weak references and proxies.
//!
//! The weak references to an object form a doubly linked list that hangs at a pointer inside (or in front of) the object.
//! The canonical reference and the canonical proxy, which have no callback and are handed out again and again, come first
//! in that order:
//!
//! ```text
//! object.weaklist ──▶ [ref] ⇄ [proxy] ⇄ with callbacks and of subclasses, in order of creation, newest first
//! ```
//!
//! A reference owns nothing of its object; it is unhooked (`wr_object` becomes `None`) by the object's death, by its own
//! death, or by the cycle collector before the object is torn apart.

use core::cell::Cell;

use crate::PyResult;
use crate::err::PyErr;
use crate::exc;
use crate::object::alloc::new_in;
use crate::object::slots::vectorcallfunc;
use crate::object::{CompareOp, ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, number, object, sequence};
use crate::runtime::gc;
use crate::types::builtin_function::{kwnames_len, vectorcall_nargs};
use crate::types::descr::fully_qualified_name;
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// A weak reference; also the layout of proxies (64 bytes).
#[pyclass(
    name = "ReferenceType",
    module = "weakref",
    symbol = "_PyWeakref_RefType",
    vectorcall = vectorcall,
    gc,
    flags(BASETYPE, HAVE_VECTORCALL)
)]
#[repr(C)]
pub struct PyWeakRef {
    pub ob_base: PyObject,
    /// Borrowed; `None` once the object is gone.
    #[pytraverse(skip)]
    pub wr_object: Cell<*mut PyObject>,
    #[pymember(readonly, name = "__callback__", object)]
    pub wr_callback: OptRef,
    /// The object's hash once asked for, or -1.
    #[pytraverse(skip)]
    pub hash: Cell<isize>,
    #[pytraverse(skip)]
    pub wr_prev: Cell<*mut PyWeakRef>,
    #[pytraverse(skip)]
    pub wr_next: Cell<*mut PyWeakRef>,
    #[pytraverse(skip)]
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}

/// A proxy of an object that cannot be called; laid out as [`PyWeakRef`].
#[pyclass(name = "ProxyType", module = "weakref", symbol = "_PyWeakref_ProxyType", gc, no_new)]
#[repr(C)]
pub struct PyProxy {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    pub wr_object: Cell<*mut PyObject>,
    pub wr_callback: OptRef,
    #[pytraverse(skip)]
    pub rest: [Cell<usize>; 4],
}

/// A proxy of a callable object; laid out as [`PyWeakRef`].
#[pyclass(name = "CallableProxyType", module = "weakref", symbol = "_PyWeakref_CallableProxyType", gc, no_new)]
#[repr(C)]
pub struct PyCallableProxy {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    pub wr_object: Cell<*mut PyObject>,
    pub wr_callback: OptRef,
    #[pytraverse(skip)]
    pub rest: [Cell<usize>; 4],
}

const _: () = {
    assert!(size_of::<PyWeakRef>() == 64);
    assert!(size_of::<PyProxy>() == 64);
    assert!(size_of::<PyCallableProxy>() == 64);
};

/// Where the weak references to an object hang; `None` if its type has no room for them.
#[inline]
pub fn weaklist_of(object: &PyObject) -> Option<&Cell<*mut PyWeakRef>> {
    let ty = object.ty();
    let offset = if ty.has_flag(flags::MANAGED_WEAKREF) { MANAGED_WEAKLIST_OFFSET } else { ty.tp_weaklistoffset.get() };
    if offset == 0 {
        return None;
    }
    // SAFETY: the type says that there is a list head.
    Some(unsafe { &*((object as *const PyObject as *const u8).offset(offset) as *const Cell<*mut PyWeakRef>) })
}

/// The place of the managed list head, relative to the object.
pub const MANAGED_WEAKLIST_OFFSET: isize = crate::object::shape::WEAKLIST_OFFSET;

/// Has an object any weak references? Cheap enough for every deallocation.
#[inline]
pub fn has_weakrefs(object: &PyObject) -> bool {
    weaklist_of(object).is_some_and(|list| !list.get().is_null())
}

impl PyWeakRef {
    fn fields(callback: Option<&PyObject>) -> PyWeakRef {
        PyWeakRef {
            ob_base: PyObject::placeholder(),
            wr_object: Cell::new(crate::none_ref().as_ptr()),
            wr_callback: OptRef::new(callback.map(PyObject::new_ref)),
            hash: Cell::new(-1),
            wr_prev: Cell::new(core::ptr::null_mut()),
            wr_next: Cell::new(core::ptr::null_mut()),
            vectorcall: Cell::new(Some(vectorcall_ref)),
        }
    }

    fn ptr(&self) -> *mut PyWeakRef {
        self as *const PyWeakRef as *mut PyWeakRef
    }

    /// The object, if it still lives.
    #[inline]
    pub fn get(&self) -> Option<ObjRef> {
        // SAFETY: hooked references point to live objects: dying ones unhook theirs first.
        let object = unsafe { &*self.wr_object.get() };
        if crate::is_none(object) || object.refcount() == 0 {
            return None;
        }
        Some(object.new_ref())
    }

    /// Is the object gone?
    #[inline]
    pub fn is_dead(&self) -> bool {
        // SAFETY: as in `get`.
        let object = unsafe { &*self.wr_object.get() };
        crate::is_none(object) || object.refcount() == 0
    }

    /// The canonical reference without a callback, or a new one.
    ///
    /// # Errors
    /// `TypeError` if the object cannot be referenced weakly.
    pub fn new_ref_to(object: &PyObject, callback: Option<&PyObject>) -> PyResult<Ref<PyWeakRef>> {
        let weak = new_weakref(PyWeakRef::type_object(), object, callback)?;
        // SAFETY: made by the function above.
        Ok(unsafe { weak.cast_unchecked() })
    }
}

/// Puts `weak` behind `previous`, or at the head.
fn hook(weak: &PyWeakRef, list: &Cell<*mut PyWeakRef>, previous: *mut PyWeakRef) {
    // SAFETY: members of the list are live.
    unsafe {
        let next = if previous.is_null() { list.get() } else { (*previous).wr_next.get() };
        weak.wr_prev.set(previous);
        weak.wr_next.set(next);
        if let Some(next) = next.as_ref() {
            next.wr_prev.set(weak.ptr());
        }
        if previous.is_null() {
            list.set(weak.ptr());
        } else {
            (*previous).wr_next.set(weak.ptr());
        }
    }
}

/// Takes `weak` off its object's list and makes it dead; the callback goes too if asked for.
pub fn unhook(weak: &PyWeakRef, drop_callback: bool) {
    let target = weak.wr_object.get();
    // SAFETY: hooked references point to live (or dying, but intact) objects; list members are live.
    unsafe {
        if !crate::is_none(&*target) {
            if let Some(list) = weaklist_of(&*target)
                && list.get() == weak.ptr()
            {
                list.set(weak.wr_next.get());
            }
            weak.wr_object.set(crate::none_ref().as_ptr());
            if let Some(previous) = weak.wr_prev.get().as_ref() {
                previous.wr_next.set(weak.wr_next.get());
            }
            if let Some(next) = weak.wr_next.get().as_ref() {
                next.wr_prev.set(weak.wr_prev.get());
            }
            weak.wr_prev.set(core::ptr::null_mut());
            weak.wr_next.set(core::ptr::null_mut());
        }
    }
    if drop_callback {
        weak.wr_callback.take();
    }
}

/// Is it one of the two proxy types?
fn is_proxy_type(ty: &PyTypeObject) -> bool {
    core::ptr::eq(ty, PyProxy::type_object()) || core::ptr::eq(ty, PyCallableProxy::type_object())
}

/// The canonical reference and proxy at the head of a list.
fn basic_refs(list: &Cell<*mut PyWeakRef>) -> (Option<&PyWeakRef>, Option<&PyWeakRef>) {
    // SAFETY: list members are live.
    unsafe {
        let mut head = list.get().as_ref();
        let mut reference = None;
        if let Some(first) = head
            && first.wr_callback.is_null()
            && PyWeakRef::check_exact(first.as_object())
        {
            reference = Some(first);
            head = first.wr_next.get().as_ref();
        }
        let proxy = head.filter(|second| second.wr_callback.is_null() && is_proxy_type(second.as_object().ty()));
        (reference, proxy)
    }
}

/// Where a new reference without a place of honour goes: behind the canonical ones.
fn last_basic(list: &Cell<*mut PyWeakRef>) -> *mut PyWeakRef {
    let (reference, proxy) = basic_refs(list);
    proxy.or(reference).map_or(core::ptr::null_mut(), PyWeakRef::ptr)
}

#[cold]
fn not_referenceable(object: &PyObject) -> PyErr {
    exc::type_error(format!("cannot create weak reference to '{}' object", object.ty().full_name()))
}

/// A reference of class `cls` (`weakref.ref` or a subclass).
fn new_weakref(cls: &PyTypeObject, target: &PyObject, callback: Option<&PyObject>) -> PyResult {
    let Some(list) = weaklist_of(target) else {
        return Err(not_referenceable(target));
    };
    let exact = core::ptr::eq(cls, PyWeakRef::type_object());
    if exact
        && callback.is_none()
        && let (Some(known), _) = basic_refs(list)
        && known.as_object().refcount() > 0
    {
        return Ok(known.to_obj());
    }
    // Allocating may run the collector, so the list is looked at again afterwards.
    let weak = new_in(cls, PyWeakRef::fields(callback))?;
    weak.wr_object.set(target.as_ptr());
    let previous = if exact && callback.is_none() { core::ptr::null_mut() } else { last_basic(list) };
    hook(&weak, list, previous);
    Ok(weak.into_obj())
}

/// `weakref.proxy(object, callback)`.
pub fn new_proxy(target: &PyObject, callback: Option<&PyObject>) -> PyResult {
    let Some(list) = weaklist_of(target) else {
        return Err(not_referenceable(target));
    };
    let callback = callback.filter(|c| !crate::is_none(c));
    if callback.is_none()
        && let (_, Some(known)) = basic_refs(list)
        && known.as_object().refcount() > 0
    {
        return Ok(known.to_obj());
    }
    let ty = if object::callable(target) { PyCallableProxy::type_object() } else { PyProxy::type_object() };
    let weak = new_in(ty, PyWeakRef::fields(callback))?;
    weak.vectorcall.set(None);
    weak.wr_object.set(target.as_ptr());
    let previous = if callback.is_none() {
        basic_refs(list).0.map_or(core::ptr::null_mut(), PyWeakRef::ptr)
    } else {
        last_basic(list)
    };
    hook(&weak, list, previous);
    Ok(weak.into_obj())
}

/// Calls a callback with its (dead) reference; an exception is reported, not raised.
pub fn run_callback(weak: &PyObject, callback: &PyObject) {
    if let Err(e) = call::call_one(callback, weak) {
        crate::runtime::unraisable::write_about(e, "Exception ignored while calling weakref callback", callback);
    }
}

/// Kills the weak references to an object that is about to die, and calls their callbacks (`PyObject_ClearWeakRefs`).
///
/// The callbacks see all references dead: each is unhooked before the first is called.
pub fn clear_weakrefs(object: &PyObject) {
    let Some(list) = weaklist_of(object) else { return };
    if !list.get().is_null() {
        clear_hooked(list);
    }
}

#[cold]
#[inline(never)]
fn clear_hooked(list: &Cell<*mut PyWeakRef>) {
    // An exception that C code left pending survives what the callbacks do.
    let pending = PyErr::fetch();
    let mut waiting: Vec<(ObjRef, ObjRef)> = Vec::new();
    // SAFETY: list members are live; each turn takes the head off.
    unsafe {
        while let Some(weak) = list.get().as_ref() {
            let callback = weak.wr_callback.take();
            // A reference whose own count has dropped to zero is being destroyed: no callback for it.
            let alive = weak.as_object().refcount() > 0;
            unhook(weak, false);
            if let Some(callback) = callback {
                if alive {
                    waiting.push((weak.to_obj(), callback));
                } else {
                    drop(callback);
                }
            }
        }
    }
    for (weak, callback) in waiting {
        run_callback(&weak, &callback);
    }
    if let Some(pending) = pending {
        pending.restore();
    }
}

/// Kills the weak references to an object without calling anything (the collector and type destruction use it).
pub fn clear_weakrefs_silently(object: &PyObject) {
    let Some(list) = weaklist_of(object) else { return };
    let mut callbacks = Vec::new();
    // SAFETY: list members are live; each turn takes the head off.
    unsafe {
        while let Some(weak) = list.get().as_ref() {
            callbacks.extend(weak.wr_callback.take());
            unhook(weak, false);
        }
    }
    // Dropped when the list is consistent again: this may run code.
    drop(callbacks);
}

/// The number of weak references to an object.
pub fn weakref_count(object: &PyObject) -> usize {
    let Some(list) = weaklist_of(object) else { return 0 };
    let mut count = 0;
    // SAFETY: list members are live.
    unsafe {
        let mut weak = list.get();
        while let Some(w) = weak.as_ref() {
            count += 1;
            weak = w.wr_next.get();
        }
    }
    count
}

/// The weak references to an object, in list order.
pub fn weakrefs_of(object: &PyObject) -> Vec<ObjRef> {
    let Some(list) = weaklist_of(object) else { return Vec::new() };
    let mut refs = Vec::new();
    // SAFETY: list members are live.
    unsafe {
        let mut weak = list.get();
        while let Some(w) = weak.as_ref() {
            if w.as_object().refcount() > 0 {
                refs.push(w.to_obj());
            }
            weak = w.wr_next.get();
        }
    }
    refs
}

/// Is it a reference or a proxy (`PyWeakref_Check`)? Gives the shared fields.
pub fn as_weakref(object: &PyObject) -> Option<&PyWeakRef> {
    if PyWeakRef::check(object) || is_proxy_type(object.ty()) {
        // SAFETY: all of them start with these fields.
        Some(unsafe { object.cast_unchecked_ref() })
    } else {
        None
    }
}

/// The object behind a reference or proxy; `None` if dead.
pub fn target_of(weak: &PyObject) -> Option<ObjRef> {
    as_weakref(weak)?.get()
}

unsafe extern "C-unwind" fn vectorcall_ref(
    callable: *mut PyObject,
    _args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol.
    unsafe {
        if kwnames_len(kwnames) != 0 {
            return exc::type_error("weakref() takes no keyword arguments").restore_null();
        }
        let nargs = vectorcall_nargs(nargsf);
        if nargs != 0 {
            return exc::type_error(format!("weakref expected 0 arguments, got {nargs}")).restore_null();
        }
        (*callable).cast_unchecked_ref::<PyWeakRef>().get().unwrap_or_else(crate::none).into_raw()
    }
}

/// The target and callback of `weakref.ref(object, callback=None, /)`.
fn ref_arguments<'a>(
    function: &str,
    args: &'a PyTuple,
    _kwargs: Option<&PyDict>,
) -> PyResult<(&'a PyObject, Option<&'a PyObject>)> {
    match args.items() {
        [target] => Ok((target, None)),
        [target, callback] => Ok((target, Some(callback))),
        [] => Err(exc::type_error(format!("{function} expected at least 1 argument, got 0"))),
        more => Err(exc::type_error(format!("{function} expected at most 2 arguments, got {}", more.len()))),
    }
}

#[pymethods]
impl PyWeakRef {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        let (target, callback) = ref_arguments("__new__", args, kwargs)?;
        new_weakref(cls, target, callback.filter(|c| !crate::is_none(c)))
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        // All is done by `__new__`.
        if kwargs.is_some_and(|k| k.len() != 0) {
            return Err(exc::type_error("ref() takes no keyword arguments"));
        }
        ref_arguments("__init__", args, kwargs).map(drop)
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the object is dead and starts with these fields.
        unsafe {
            gc::untrack(&*object);
            unhook((*object).cast_unchecked_ref(), false);
            core::ptr::drop_in_place(object as *mut PyWeakRef);
            crate::object::dealloc::free_instance(object);
        }
    }

    #[slot]
    fn tp_clear(&self) {
        unhook(self, true);
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        if kwargs.is_some_and(|k| k.len() != 0) {
            return Err(exc::type_error("weakref() takes no keyword arguments"));
        }
        if args.len() != 0 {
            return Err(exc::type_error(format!("weakref expected 0 arguments, got {}", args.len())));
        }
        Ok(self.get().unwrap_or_else(crate::none))
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        let known = self.hash.get();
        if known != -1 {
            return Ok(known);
        }
        let Some(target) = self.get() else {
            return Err(exc::type_error("weak object has gone away"));
        };
        let hash = object::hash(&target)?;
        self.hash.set(hash);
        Ok(hash)
    }

    /// References are equal if their live objects are; dead ones only to themselves.
    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let equal_wanted = match op {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => return Ok(crate::not_implemented()),
        };
        if !PyWeakRef::check(other) {
            return Ok(crate::not_implemented());
        }
        match (self.get(), target_of(other)) {
            (Some(a), Some(b)) => object::rich_compare(&a, &b, op),
            _ => Ok(crate::py_bool(self.as_object().is(other) == equal_wanted)),
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let this = self.ptr();
        let Some(target) = self.get() else {
            return Ok(PyStr::from_string(format!("<weakref at {this:p}; dead>")));
        };
        let name = object::lookup_special(&target, intern!("__name__"))?;
        let kind = fully_qualified_name(target.ty());
        Ok(PyStr::from_string(match name.as_ref().and_then(|n| n.downcast_ref::<PyStr>()) {
            Some(name) => {
                format!("<weakref at {this:p}; to '{kind}' at {:p} ({})>", target.as_raw(), name.to_string_lossy())
            }
            None => format!("<weakref at {this:p}; to '{kind}' at {:p}>", target.as_raw()),
        }))
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        crate::types::generic_alias::class_getitem(cls, item)
    }
}

/// The object behind a proxy operand, or the operand itself.
fn unwrap(operand: &PyObject) -> PyResult {
    if !is_proxy_type(operand.ty()) {
        return Ok(operand.new_ref());
    }
    // SAFETY: proxies start with these fields.
    unsafe { operand.cast_unchecked_ref::<PyWeakRef>() }
        .get()
        .ok_or_else(|| exc::reference_error("weakly-referenced object no longer exists"))
}

/// Both proxy types have the same methods, but for calling and iterating.
macro_rules! proxy_methods {
    ($ty:ident { $($extra:tt)* }) => {
        impl $ty {
            fn target(&self) -> PyResult {
                unwrap(self.as_object())
            }
        }

        #[pymethods]
        impl $ty {
            #[slot]
            unsafe fn tp_dealloc(object: *mut PyObject) {
                // SAFETY: the object is dead and starts with a weak reference's fields.
                unsafe {
                    gc::untrack(&*object);
                    unhook((*object).cast_unchecked_ref(), false);
                    core::ptr::drop_in_place(object as *mut $ty);
                    crate::object::dealloc::free_instance(object);
                }
            }
            #[slot]
            fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
                let this = self.as_object().as_ptr();
                // SAFETY: proxies start with these fields.
                let target = unsafe { self.as_object().cast_unchecked_ref::<PyWeakRef>() }.get();
                Ok(PyStr::from_string(match target {
                    Some(target) => format!(
                        "<weakproxy at {this:p}; to '{}' at {:p}>",
                        fully_qualified_name(target.ty()),
                        target.as_raw()
                    ),
                    None => format!("<weakproxy at {this:p}; dead>"),
                }))
            }
            #[slot]
            fn tp_str(&self) -> PyResult<Ref<PyStr>> {
                object::str(&*self.target()?)
            }
            #[slot]
            fn tp_clear(&self) {
                // SAFETY: proxies are laid out as weak references.
                unhook(unsafe { self.as_object().cast_unchecked_ref() }, true);
            }
            #[slot]
            fn tp_getattro(&self, name: &PyObject) -> PyResult {
                object::getattr_obj(&*self.target()?, name)
            }
            #[slot]
            fn tp_setattro(&self, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
                object::setattr_obj(&*self.target()?, name, value)
            }
            #[slot]
            fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
                object::rich_compare(&*self.target()?, &*unwrap(other)?, op)
            }
            #[slot]
            fn tp_iter(&self) -> PyResult {
                object::get_iter(&*self.target()?)
            }
            #[slot]
            fn nb_bool(&self) -> PyResult<bool> {
                object::is_true(&*self.target()?)
            }
            #[slot]
            fn nb_add(a: &PyObject, b: &PyObject) -> PyResult {
                number::add(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult {
                number::subtract(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_multiply(a: &PyObject, b: &PyObject) -> PyResult {
                number::multiply(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_floor_divide(a: &PyObject, b: &PyObject) -> PyResult {
                number::floor_divide(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_true_divide(a: &PyObject, b: &PyObject) -> PyResult {
                number::true_divide(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_remainder(a: &PyObject, b: &PyObject) -> PyResult {
                number::remainder(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_divmod(a: &PyObject, b: &PyObject) -> PyResult {
                number::divmod(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_power(a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult {
                number::power(&*unwrap(a)?, &*unwrap(b)?, &*unwrap(c)?)
            }
            #[slot]
            fn nb_matrix_multiply(a: &PyObject, b: &PyObject) -> PyResult {
                number::matrix_multiply(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_lshift(a: &PyObject, b: &PyObject) -> PyResult {
                number::lshift(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_rshift(a: &PyObject, b: &PyObject) -> PyResult {
                number::rshift(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_and(a: &PyObject, b: &PyObject) -> PyResult {
                number::and(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
                number::or(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_xor(a: &PyObject, b: &PyObject) -> PyResult {
                number::xor(&*unwrap(a)?, &*unwrap(b)?)
            }
            #[slot]
            fn nb_negative(&self) -> PyResult {
                number::negative(&*self.target()?)
            }
            #[slot]
            fn nb_positive(&self) -> PyResult {
                number::positive(&*self.target()?)
            }
            #[slot]
            fn nb_absolute(&self) -> PyResult {
                number::absolute(&*self.target()?)
            }
            #[slot]
            fn nb_invert(&self) -> PyResult {
                number::invert(&*self.target()?)
            }
            #[slot]
            fn nb_int(&self) -> PyResult {
                Ok(number::long(&*self.target()?)?.into_obj())
            }
            #[slot]
            fn nb_float(&self) -> PyResult<f64> {
                number::to_float(&*self.target()?)
            }
            #[slot]
            fn nb_index(&self) -> PyResult {
                Ok(number::index(&*self.target()?)?.into_obj())
            }
            #[slot]
            fn nb_inplace_add(&self, other: &PyObject) -> PyResult {
                number::inplace_add(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_subtract(&self, other: &PyObject) -> PyResult {
                number::inplace_subtract(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_multiply(&self, other: &PyObject) -> PyResult {
                number::inplace_multiply(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_floor_divide(&self, other: &PyObject) -> PyResult {
                number::inplace_floor_divide(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_true_divide(&self, other: &PyObject) -> PyResult {
                number::inplace_true_divide(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_remainder(&self, other: &PyObject) -> PyResult {
                number::inplace_remainder(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_power(&self, other: &PyObject, modulus: &PyObject) -> PyResult {
                number::inplace_power(&*self.target()?, &*unwrap(other)?, &*unwrap(modulus)?)
            }
            #[slot]
            fn nb_inplace_matrix_multiply(&self, other: &PyObject) -> PyResult {
                number::inplace_matrix_multiply(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_lshift(&self, other: &PyObject) -> PyResult {
                number::inplace_lshift(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_rshift(&self, other: &PyObject) -> PyResult {
                number::inplace_rshift(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_and(&self, other: &PyObject) -> PyResult {
                number::inplace_and(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_or(&self, other: &PyObject) -> PyResult {
                number::inplace_or(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn nb_inplace_xor(&self, other: &PyObject) -> PyResult {
                number::inplace_xor(&*self.target()?, &*unwrap(other)?)
            }
            #[slot]
            fn sq_contains(&self, item: &PyObject) -> PyResult<bool> {
                sequence::contains(&*self.target()?, item)
            }
            #[slot]
            fn mp_length(&self) -> PyResult<usize> {
                object::size(&*self.target()?)
            }
            #[slot]
            fn mp_subscript(&self, key: &PyObject) -> PyResult {
                object::get_item(&*self.target()?, key)
            }
            #[slot]
            fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
                match value {
                    Some(value) => object::set_item(&*self.target()?, key, value),
                    None => object::del_item(&*self.target()?, key),
                }
            }
            #[pymethod]
            fn __bytes__(&self) -> PyResult {
                call::call_method(&*self.target()?, intern!("__bytes__"), &[])
            }
            #[pymethod]
            fn __reversed__(&self) -> PyResult {
                call::call_method(&*self.target()?, intern!("__reversed__"), &[])
            }
            $($extra)*
        }
    };
}

proxy_methods!(PyProxy {
    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        next_of(&*self.target()?)
    }
});
proxy_methods!(PyCallableProxy {
    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        next_of(&*self.target()?)
    }
    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        call::call_tuple(&*self.target()?, args, kwargs)
    }
});

/// The next item of a proxied iterator.
fn next_of(target: &PyObject) -> PyResult<Option<ObjRef>> {
    if !object::is_iterator(target) {
        return Err(exc::type_error(format!(
            "Weakref proxy referenced a non-iterator '{}' object",
            target.ty().full_name()
        )));
    }
    object::iter_next(target)
}

/// Takes a dead reference out of a dict of references, unless a live one has taken its place
/// (`_weakref._remove_dead_weakref`).
pub fn remove_dead_weakref(dict: &PyDict, key: &PyObject) -> PyResult<()> {
    let Some(value) = dict.get_item(key)? else {
        return Ok(());
    };
    let Some(weak) = as_weakref(&value) else {
        return Err(exc::type_error("not a weakref"));
    };
    if weak.is_dead() {
        dict.del_item(key)?;
    }
    Ok(())
}

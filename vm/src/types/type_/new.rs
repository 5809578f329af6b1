//! Making a class: `type.__new__(metatype, name, bases, namespace, **kwargs)`.
//!
//! [`type_new`] checks arguments and finds metatype and base; [`Class`] carries what is known while the type is built:
//! slots are planned, the type allocated with room for its slot members, named, described, made ready, and announced to
//! its namespace (`__set_name__`) and its base (`__init_subclass__`).

use core::cell::Cell;
use core::ffi::{c_char, c_void};

use super::glue::{bind, check_status, dict_arg, ret, tuple_arg, type_arg};
use super::layout::{best_base, calculate_metaclass};
use super::slot_functions::Method;
use super::{instance, ready, slotdefs, vectorcall};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::alloc::{generic_alloc, generic_free, mem_alloc};
use crate::object::defs::member;
use crate::object::{ObjRef, PyGetSetDef, PyHeapTypeObject, PyMemberDef, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol;
use crate::types::cell::PyCell;
use crate::types::descr::getset::PyGetSetDescr;
use crate::types::descr::{PyClassMethod, PyStaticMethod};
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::list::PyList;
use crate::types::object::PyBaseObject_Type;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `tp_new` of `type`.
pub(crate) unsafe extern "C-unwind" fn type_new_slot(
    metatype: *mut PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes a live type, a tuple, and a dict or NULL.
    ret(unsafe { type_new(type_arg(metatype as *mut PyObject), tuple_arg(args), dict_arg(kwargs)) })
}

fn type_new(metatype: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
    let &[name, bases, namespace] = args.items() else {
        return Err(exc::type_error(format!("type.__new__() takes exactly 3 arguments ({} given)", args.len())));
    };
    let wrong = |n: usize, expected: &str, got: &PyObject| {
        let got = if crate::is_none(got) { "None" } else { got.ty().full_name() };
        exc::type_error(format!("type.__new__() argument {n} must be {expected}, not {got}"))
    };
    let name = name.downcast_ref::<PyStr>().ok_or_else(|| wrong(1, "str", name))?;
    let bases = bases.downcast_ref::<PyTuple>().ok_or_else(|| wrong(2, "tuple", bases))?;
    let namespace = namespace.downcast_ref::<PyDict>().ok_or_else(|| wrong(3, "dict", namespace))?;

    let mut chosen = metatype.to_ref();
    let (bases, base) = if bases.len() == 0 {
        (PyTuple::from_slice(&[PyBaseObject_Type.as_object()]), PyBaseObject_Type.to_ref())
    } else {
        for base in bases.items() {
            if base.downcast_ref::<PyTypeObject>().is_none()
                && protocol::object::getattr_opt(base, crate::intern!("__mro_entries__"))?.is_some()
            {
                return Err(exc::type_error("type() doesn't support MRO entry resolution; use types.new_class()"));
            }
        }
        let winner = calculate_metaclass(metatype, bases)?;
        if !core::ptr::eq(&*winner, metatype) {
            let new = winner.tp_new.get();
            if new.is_some_and(|f| f as usize != type_new_slot as *const () as usize)
                && let Some(new) = new
            {
                // SAFETY: calling the slot as C would.
                return unsafe {
                    ObjRef::from_c_result(new(
                        winner.as_raw(),
                        args.as_object().as_ptr(),
                        kwargs.map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr()),
                    ))
                };
            }
            chosen = winner;
        }
        (bases.to_ref(), best_base(bases)?)
    };
    let class = Class::new(&chosen, name, &bases, &base, namespace)?;
    let ty = class.build()?;
    announce_names(&ty)?;
    call_init_subclass(&ty, kwargs)?;
    Ok(ty.into_obj())
}

/// A class being built.
struct Class<'a> {
    metatype: &'a PyTypeObject,
    name: &'a PyStr,
    bases: &'a PyTuple,
    base: &'a PyTypeObject,
    /// Becomes `tp_dict`: a copy of the namespace.
    dict: Ref<PyDict>,
    /// The mangled, sorted names of the slots that become members; `None` without `__slots__`.
    slots: Option<Ref<PyTuple>>,
    add_dict: bool,
    add_weak: bool,
}

impl<'a> Class<'a> {
    fn new(
        metatype: &'a PyTypeObject,
        name: &'a PyStr,
        bases: &'a PyTuple,
        base: &'a PyTypeObject,
        namespace: &PyDict,
    ) -> PyResult<Class<'a>> {
        let mut class = Class {
            metatype,
            name,
            bases,
            base,
            dict: namespace.copy()?,
            slots: None,
            add_dict: false,
            add_weak: false,
        };
        class.plan_slots()?;
        Ok(class)
    }

    fn may_add_dict(&self) -> bool {
        self.base.tp_dictoffset.get() == 0
    }

    fn may_add_weak(&self) -> bool {
        self.base.tp_weaklistoffset.get() == 0 && self.base.tp_itemsize.get() == 0
    }

    /// Decides from `__slots__` (or its absence) what instances get.
    fn plan_slots(&mut self) -> PyResult<()> {
        let Some(slots) = self.dict.get_str(crate::intern!("__slots__")) else {
            self.add_dict = self.may_add_dict();
            self.add_weak = self.may_add_weak();
            return Ok(());
        };
        let slots = match slots.downcast::<PyStr>() {
            Ok(single) => PyTuple::from_slice(&[single.as_object()]),
            Err(iterable) => protocol::sequence::to_tuple(&iterable)?,
        };
        if slots.len() > 0 && self.base.tp_itemsize.get() != 0 {
            return Err(exc::type_error(format!(
                "nonempty __slots__ not supported for subtype of '{}'",
                self.base.full_name()
            )));
        }
        let mut names: Vec<ObjRef> = Vec::with_capacity(slots.len());
        for slot in slots.items() {
            let Some(slot) = slot.downcast_ref::<PyStr>() else {
                return Err(exc::type_error(format!(
                    "__slots__ items must be strings, not '{}'",
                    slot.ty().full_name()
                )));
            };
            if !slot.is_identifier() {
                return Err(exc::type_error("__slots__ must be identifiers"));
            }
            if slot.eq_str("__dict__") {
                if !self.may_add_dict() || self.add_dict {
                    return Err(exc::type_error("__dict__ slot disallowed: we already got one"));
                }
                self.add_dict = true;
            } else if slot.eq_str("__weakref__") {
                if !self.may_add_weak() || self.add_weak {
                    return Err(exc::type_error("__weakref__ slot disallowed: we already got one"));
                }
                self.add_weak = true;
            } else {
                let mangled = PyStr::intern(mangle(self.name, slot));
                // The compiler puts these into the namespace itself; they do not stay class variables.
                let own = ["__qualname__", "__classcell__", "__classdictcell__"].iter().any(|n| mangled.eq_str(n));
                if !own && self.dict.contains(mangled.as_object())? {
                    let shown = protocol::object::repr(slot.as_object())?;
                    return Err(exc::value_error(format!(
                        "{} in __slots__ conflicts with class variable",
                        shown.to_string_lossy()
                    )));
                }
                names.push(mangled.into_obj());
            }
        }
        let list = PyList::new(names);
        list.sort(None, false)?;
        self.slots = Some(list.to_tuple()?);
        // Secondary bases may bring a dict or weak references along.
        for base in self.bases.items() {
            let Some(base) = base.downcast_ref::<PyTypeObject>() else { continue };
            if core::ptr::eq(base, self.base) {
                continue;
            }
            if self.may_add_dict() && base.tp_dictoffset.get() != 0 {
                self.add_dict = true;
            }
            if self.may_add_weak() && base.tp_weaklistoffset.get() != 0 {
                self.add_weak = true;
            }
        }
        Ok(())
    }

    fn build(&self) -> PyResult<Ref<PyTypeObject>> {
        let nslots = self.slots.as_ref().map_or(0, |s| s.len());
        let ty = alloc_heap_type(self.metatype, nslots)?;
        let heap = heap_part(&ty);
        set_type_name(&ty, self.name)?;
        ready::set_flags(&ty, flags::BASETYPE | flags::HAVE_GC);
        ty.tp_bases.set(Some(self.bases.to_ref()));
        ready::set_base(&ty, self.base);
        ty.tp_dealloc.set(Some(instance::subtype_dealloc));
        ty.tp_alloc.set(Some(generic_alloc));
        ty.tp_free.set(Some(generic_free));
        ty.tp_traverse.set(Some(instance::subtype_traverse));
        ty.tp_clear.set(Some(instance::subtype_clear));
        ty.tp_dict.set(Some(self.dict.clone()));
        heap.ht_slots.set(self.slots.clone().map(Ref::into_obj));

        self.set_module()?;
        self.set_qualname(heap)?;
        self.set_doc(&ty)?;
        self.wrap_special_methods()?;
        self.add_members(&ty)?;
        self.fill_cells(&ty)?;
        ready::type_ready(&ty)?;
        slotdefs::fixup_slots(&ty);
        if !self.dict.has_only_str_keys() {
            crate::runtime::warnings::warn(
                exc::RuntimeWarning(),
                format!("non-string key in the __dict__ of class {}", ty.full_name()),
                1,
            )?;
        }
        ty.tp_vectorcall.set(Some(vectorcall::class_vectorcall));
        Ok(ty)
    }

    /// `__module__` from the running frame's globals.
    fn set_module(&self) -> PyResult<()> {
        let key = crate::intern!("__module__");
        if self.dict.get_str(key).is_none()
            && let Some(globals) = current_globals()
            && let Some(name) = protocol::mapping::get_opt_str(&globals, crate::intern!("__name__"))?
        {
            self.dict.set_str(key, &name)?;
        }
        Ok(())
    }

    fn set_qualname(&self, heap: &PyHeapTypeObject) -> PyResult<()> {
        let key = crate::intern!("__qualname__");
        let qualname = match self.dict.get_str(key) {
            None => self.name.to_obj(),
            Some(value) if value.downcast_ref::<PyStr>().is_some() => {
                self.dict.del_item(key.as_object())?;
                value
            }
            Some(other) => {
                return Err(exc::type_error(format!(
                    "type __qualname__ must be a str, not {}",
                    other.ty().full_name()
                )));
            }
        };
        heap.ht_qualname.set(Some(qualname));
        Ok(())
    }

    /// `tp_doc`, for readers in C; Python reads `__doc__` from the dict.
    fn set_doc(&self, ty: &PyTypeObject) -> PyResult<()> {
        if let Some(doc) = self.dict.get_str(crate::intern!("__doc__"))
            && let Some(doc) = doc.downcast_ref::<PyStr>()
        {
            ty.tp_doc.set(copy_text(doc.as_utf8()?)?);
        }
        Ok(())
    }

    /// `__new__` is a static method, `__init_subclass__` and `__class_getitem__` are class methods, without being told.
    fn wrap_special_methods(&self) -> PyResult<()> {
        let new = crate::intern!("__new__");
        if let Some(function) = self.function(new) {
            self.dict.set_str(new, PyStaticMethod::new(&function).as_object())?;
        }
        for name in [crate::intern!("__init_subclass__"), crate::intern!("__class_getitem__")] {
            if let Some(function) = self.function(name) {
                self.dict.set_str(name, PyClassMethod::new(&function).as_object())?;
            }
        }
        Ok(())
    }

    fn function(&self, name: &PyStr) -> Option<ObjRef> {
        self.dict.get_str(name).filter(|f| f.downcast_exact::<PyFunction>().is_some())
    }

    /// Members for the slots, sizes, and where dict and weak references are.
    fn add_members(&self, ty: &PyTypeObject) -> PyResult<()> {
        let mut size = self.base.tp_basicsize.get();
        if let Some(slots) = self.slots.as_ref().filter(|s| s.len() != 0) {
            size = (size + 7) & !7;
            // SAFETY: the type was allocated with room for that many records (and one more) behind its struct.
            let records = unsafe { members_start(ty) };
            for (i, name) in slots.items().iter().enumerate() {
                // SAFETY: slot names are strings, checked while planning.
                let name: &PyStr = unsafe { name.cast_unchecked_ref() };
                // The interned name is kept alive by ht_slots, and its UTF-8 form by the string.
                let text = name.as_utf8()?.as_ptr() as *const c_char;
                // SAFETY: inside the room.
                unsafe {
                    records.add(i).write(PyMemberDef {
                        name: text,
                        type_code: member::OBJECT_EX,
                        offset: size,
                        flags: 0,
                        doc: Cell::new(core::ptr::null()),
                    });
                }
                size += size_of::<*mut PyObject>() as isize;
            }
            ty.tp_members.set(records);
        }
        ty.tp_basicsize.set(size);
        ty.tp_itemsize.set(self.base.tp_itemsize.get());
        if self.add_dict {
            ready::set_flags(ty, flags::MANAGED_DICT);
            ty.tp_dictoffset.set(-1);
        }
        if self.add_weak {
            ready::set_flags(ty, flags::MANAGED_WEAKREF);
            ty.tp_weaklistoffset.set(crate::object::shape::WEAKLIST_OFFSET);
        }
        ty.tp_getset.set(match (self.add_dict, self.add_weak) {
            (true, true) => GETSETS_BOTH.as_ptr(),
            (true, false) => GETSETS_DICT.as_ptr(),
            (false, true) => GETSETS_WEAKREF.as_ptr(),
            (false, false) => core::ptr::null(),
        });
        Ok(())
    }

    /// `__classcell__` and `__classdictcell__`: the compiler's way to hand the class to its methods.
    fn fill_cells(&self, ty: &PyTypeObject) -> PyResult<()> {
        for (key, content) in
            [(crate::intern!("__classcell__"), ty.to_obj()), (crate::intern!("__classdictcell__"), self.dict.to_obj())]
        {
            let Some(found) = self.dict.get_str(key) else { continue };
            let Some(cell) = found.downcast_exact::<PyCell>() else {
                let shown = protocol::object::repr(found.ty().as_object())?;
                return Err(exc::type_error(format!(
                    "{} must be a nonlocal cell, not {}",
                    key.to_string_lossy(),
                    shown.to_string_lossy()
                )));
            };
            cell.set(Some(content));
            self.dict.del_item(key.as_object())?;
        }
        Ok(())
    }
}

/// The globals of the running Python frame.
pub(crate) fn current_globals() -> Option<ObjRef> {
    use crate::interp::frame::InterpreterFrame;
    let frame = InterpreterFrame::first_complete(crate::runtime::thread::current().current_frame.get());
    // SAFETY: null, or a live frame of this thread.
    unsafe { frame.as_ref() }.map(|f| f.globals().new_ref())
}

/// A zeroed heap type of the given metatype, with its own suites and room for `nmembers` member records, marked HEAPTYPE.
/// Everything else is for the caller to fill in before [`ready::type_ready`].
pub fn alloc_heap_type(metatype: &PyTypeObject, nmembers: usize) -> PyResult<Ref<PyTypeObject>> {
    let alloc = metatype.tp_alloc.get().unwrap_or(generic_alloc);
    // SAFETY: calling the slot as C would; a metatype's instances start with a type struct.
    let ty: Ref<PyTypeObject> = unsafe {
        ObjRef::from_c_result(alloc(metatype as *const PyTypeObject as *mut PyTypeObject, nmembers as isize))?
            .cast_unchecked()
    };
    ready::set_flags(&ty, flags::HEAPTYPE);
    let heap = heap_part(&ty);
    ty.tp_as_async.set(&heap.as_async);
    ty.tp_as_number.set(&heap.as_number);
    ty.tp_as_sequence.set(&heap.as_sequence);
    ty.tp_as_mapping.set(&heap.as_mapping);
    ty.tp_as_buffer.set(&heap.as_buffer);
    Ok(ty)
}

/// The heap part of a type known to be a heap type.
pub fn heap_part(ty: &PyTypeObject) -> &PyHeapTypeObject {
    debug_assert!(ty.has_flag(flags::HEAPTYPE));
    // SAFETY: heap types are allocated with the whole struct.
    unsafe { &*(ty as *const PyTypeObject as *const PyHeapTypeObject) }
}

/// Where the member records of a heap type start.
///
/// # Safety
/// The type was allocated with room for members.
pub unsafe fn members_start(ty: &PyTypeObject) -> *mut PyMemberDef {
    // SAFETY: the records follow the struct that the metatype describes.
    unsafe {
        (ty as *const PyTypeObject as *mut u8).add(ty.as_object().ty().tp_basicsize.get() as usize) as *mut PyMemberDef
    }
}

/// Sets `__name__` of a heap type, and `tp_name` to the same text.
///
/// # Errors
/// `ValueError` for NUL characters, `UnicodeEncodeError` for surrogates.
pub fn set_type_name(ty: &PyTypeObject, name: &PyStr) -> PyResult<()> {
    let text = name.as_utf8()?;
    if text.contains('\0') {
        return Err(exc::value_error("type name must not contain null characters"));
    }
    let copy = copy_text(text)?;
    let heap = heap_part(ty);
    ty.tp_name.set(copy);
    let old = heap.ht_tpname.replace(copy as *mut c_char);
    // SAFETY: the old copy came from `copy_text`, and `tp_name` no longer points to it.
    unsafe { crate::object::alloc::mem_free(old as *mut u8) };
    heap.ht_name.set(Some(name.to_obj()));
    Ok(())
}

/// A NUL-terminated copy from the object allocator.
pub fn copy_text(text: &str) -> PyResult<*const c_char> {
    let copy = mem_alloc(text.len() + 1);
    if copy.is_null() {
        return Err(exc::memory_error());
    }
    // SAFETY: the block has room for the text and the NUL.
    unsafe {
        core::ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len());
        *copy.add(text.len()) = 0;
    }
    Ok(copy as *const c_char)
}

/// `__private` names get the class's name in front (`_Py_Mangle`).
pub fn mangle(class: &PyStr, name: &PyStr) -> Ref<PyStr> {
    let text = name.to_string_lossy();
    if !text.starts_with("__") || text.ends_with("__") || text.contains('.') {
        return name.to_ref();
    }
    let class = class.to_string_lossy();
    let stripped = class.trim_start_matches('_');
    if stripped.is_empty() {
        return name.to_ref();
    }
    PyStr::from_string(format!("_{stripped}{text}"))
}

/// Tells the values of a new class's dict which names they have: `value.__set_name__(cls, name)`.
fn announce_names(ty: &PyTypeObject) -> PyResult<()> {
    let Some(dict) = ty.tp_dict.get() else { return Ok(()) };
    let names = dict.copy()?;
    let mut at = 0;
    while let Some((key, value)) = names.iter_index(&mut at) {
        let Some(method) = Method::find(&value, crate::intern!("__set_name__"))? else { continue };
        if let Err(e) = method.call(&value, &[ty.as_object(), &key]) {
            return Err(with_set_name_note(e, ty, &key, &value));
        }
    }
    Ok(())
}

#[cold]
fn with_set_name_note(error: PyErr, ty: &PyTypeObject, key: &PyObject, value: &PyObject) -> PyErr {
    let add = || -> PyResult<()> {
        let key = protocol::object::repr(key)?;
        let note = PyStr::from_string(format!(
            "Error calling __set_name__ on '{}' instance {} in '{}'",
            value.ty().full_name(),
            key.to_string_lossy(),
            ty.full_name()
        ));
        protocol::call::call_method(error.object(), crate::intern!("add_note"), &[note.as_object()])?;
        Ok(())
    };
    match add() {
        Ok(()) => error,
        Err(e) => e,
    }
}

/// `super(cls, cls).__init_subclass__(**kwargs)`.
fn call_init_subclass(ty: &PyTypeObject, kwargs: Option<&PyDict>) -> PyResult<()> {
    let name = crate::intern!("__init_subclass__");
    let Some(mro) = ty.tp_mro.get() else { return Ok(()) };
    // After the class itself, as super() looks.
    let Some(own) = mro.items().iter().position(|t| t.is(ty.as_object())) else {
        let name = ty.full_name();
        return Err(exc::type_error(format!(
            "super(type, obj): obj (type {name}) is not an instance or subtype of type ({name})."
        )));
    };
    for base in mro.items().get(own + 1..).unwrap_or(&[]) {
        // SAFETY: an MRO holds types.
        let base: &PyTypeObject = unsafe { base.cast_unchecked_ref() };
        let Some(found) = base.tp_dict.get().and_then(|d| d.get_str(name)) else { continue };
        if core::ptr::eq(base, &raw const PyBaseObject_Type) && kwargs.is_none_or(|k| k.len() == 0) {
            // `object`'s does nothing.
            return Ok(());
        }
        let method = bind(found, None, ty)?;
        protocol::call::call_tuple(&method, PyTuple::empty_ref(), kwargs)?;
        return Ok(());
    }
    Ok(())
}

/// `tp_init` of `type`: only checks the arguments, which `tp_new` has used.
pub(crate) unsafe extern "C-unwind" fn type_init(
    _this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> core::ffi::c_int {
    // SAFETY: C passes a tuple, and a dict or NULL.
    let (args, kwargs) = unsafe { (tuple_arg(args), dict_arg(kwargs)) };
    if args.len() == 1 && kwargs.is_some_and(|k| k.len() != 0) {
        return exc::type_error("type.__init__() takes no keyword arguments").restore_int();
    }
    if args.len() != 1 && args.len() != 3 {
        return exc::type_error("type.__init__() takes 1 or 3 arguments").restore_int();
    }
    0
}

/// Replaces bases that are not types by what their `__mro_entries__` says. `None`: there are no such bases.
///
/// # Errors
/// `TypeError` if `__mro_entries__` gives no tuple; what it raises.
pub fn resolve_bases(bases: &PyTuple) -> PyResult<Option<Ref<PyTuple>>> {
    let mut resolved: Option<Vec<ObjRef>> = None;
    for (i, base) in bases.items().iter().enumerate() {
        let entries = if base.downcast_ref::<PyTypeObject>().is_some() {
            None
        } else {
            protocol::object::getattr_opt(base, crate::intern!("__mro_entries__"))?
        };
        let Some(entries) = entries else {
            if let Some(all) = &mut resolved {
                all.push(base.new_ref());
            }
            continue;
        };
        let entries = protocol::call::call_one(&entries, bases.as_object())?;
        let Some(entries) = entries.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error("__mro_entries__ must return a tuple"));
        };
        let all = resolved.get_or_insert_with(|| bases.items()[..i].iter().map(|b| b.new_ref()).collect());
        all.extend(entries.items().iter().map(|b| b.new_ref()));
    }
    Ok(resolved.map(PyTuple::new))
}

/// The work of `__build_class__` around the class body: finds the metaclass, prepares the namespace, has `body` fill it
/// (which gives the `__class__` cell or None), and calls the metaclass.
///
/// # Errors
/// `TypeError` as CPython; what the metaclass and the body raise.
pub fn build_class(
    name: &PyObject,
    original_bases: &PyTuple,
    kwargs: Option<&PyDict>,
    body: impl FnOnce(&PyObject) -> PyResult,
) -> PyResult {
    let resolved = resolve_bases(original_bases)?;
    let bases = resolved.as_deref().unwrap_or(original_bases);
    let kwargs = kwargs.map(PyDict::copy).transpose()?;
    let explicit = match &kwargs {
        Some(kwargs) => {
            let meta = kwargs.get_str(crate::intern!("metaclass"));
            if meta.is_some() {
                kwargs.del_item(crate::intern!("metaclass").as_object())?;
            }
            meta
        }
        None => None,
    };
    let mut metaclass = match explicit {
        Some(meta) => meta,
        None => match bases.items().first() {
            Some(base) => base.ty().to_obj(),
            None => super::PyType_Type.to_obj(),
        },
    };
    if let Some(meta) = metaclass.downcast_ref::<PyTypeObject>() {
        let winner = calculate_metaclass(meta, bases)?;
        metaclass = winner.into_obj();
    }
    let namespace = match protocol::object::getattr_opt(&metaclass, crate::intern!("__prepare__"))? {
        None => PyDict::new().into_obj(),
        Some(prepare) => {
            let args = PyTuple::from_slice(&[name, bases.as_object()]);
            protocol::call::call_tuple(&prepare, &args, kwargs.as_deref())?
        }
    };
    if !protocol::mapping::check(&namespace) {
        let meta_name = match metaclass.downcast_ref::<PyTypeObject>() {
            Some(meta) => meta.full_name().to_owned(),
            None => "<metaclass>".to_owned(),
        };
        return Err(exc::type_error(format!(
            "{meta_name}.__prepare__() must return a mapping, not {}",
            namespace.ty().full_name()
        )));
    }
    let cell = body(&namespace)?;
    if resolved.is_some() {
        protocol::object::set_item(
            &namespace,
            crate::intern!("__orig_bases__").as_object(),
            original_bases.as_object(),
        )?;
    }
    let args = PyTuple::from_slice(&[name, bases.as_object(), &namespace]);
    let class = protocol::call::call_tuple(&metaclass, &args, kwargs.as_deref())?;
    if class.downcast_ref::<PyTypeObject>().is_some()
        && let Some(cell) = cell.downcast_exact::<PyCell>()
    {
        match cell.get() {
            None => {
                let name = protocol::object::repr(name)?;
                return Err(exc::runtime_error(format!(
                    "__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
                    name.to_string_lossy(),
                    protocol::object::repr(&class)?.to_string_lossy()
                )));
            }
            Some(content) if !content.is(&class) => {
                let name = protocol::object::repr(name)?;
                return Err(exc::type_error(format!(
                    "__class__ set to {} defining {} as {}",
                    protocol::object::repr(&content)?.to_string_lossy(),
                    name.to_string_lossy(),
                    protocol::object::repr(&class)?.to_string_lossy()
                )));
            }
            Some(_) => {}
        }
    }
    Ok(class)
}

const fn getset(
    name: &'static core::ffi::CStr,
    get: crate::object::slots::getter,
    set: Option<crate::object::slots::setter>,
    doc: &'static core::ffi::CStr,
) -> PyGetSetDef {
    PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set,
        doc: Cell::new(doc.as_ptr()),
        closure: core::ptr::null_mut(),
    }
}

const DICT_GETSET: PyGetSetDef =
    getset(c"__dict__", subtype_dict, Some(subtype_set_dict), c"dictionary for instance variables");
const WEAKREF_GETSET: PyGetSetDef =
    getset(c"__weakref__", subtype_weakref, None, c"list of weak references to the object");

static GETSETS_BOTH: [PyGetSetDef; 3] = [DICT_GETSET, WEAKREF_GETSET, PyGetSetDef::END];
static GETSETS_DICT: [PyGetSetDef; 2] = [DICT_GETSET, PyGetSetDef::END];
static GETSETS_WEAKREF: [PyGetSetDef; 2] = [WEAKREF_GETSET, PyGetSetDef::END];

/// A static base with a dict of its own (an exception, a module) has its own idea of `__dict__`.
fn builtin_dict_descriptor(object: &PyObject) -> PyResult<Option<ObjRef>> {
    let mut ty = object.ty();
    while let Some(base) = ty.base() {
        if ty.tp_dictoffset.get() != 0 && !ty.has_flag(flags::HEAPTYPE) {
            let descr = super::lookup::lookup_ref(ty, crate::intern!("__dict__"))
                .filter(|d| d.ty().tp_descr_set.get().is_some());
            return match descr {
                Some(descr) => Ok(Some(descr)),
                None => Err(exc::type_error(format!(
                    "this __dict__ descriptor does not support '{}' objects",
                    object.ty().full_name()
                ))),
            };
        }
        ty = base;
    }
    Ok(None)
}

/// Is the descriptor `__dict__` as classes written in Python give it to their instances, and gives what
/// [`shape::materialize`](crate::object::shape::materialize) does of those of `ty`?
pub fn is_managed_dict(ty: &PyTypeObject, found: &PyObject) -> bool {
    let mut bases = core::iter::successors(Some(ty), |ty| ty.base());
    found.downcast_exact::<PyGetSetDescr>().is_some_and(|descriptor| {
        descriptor.def().get.map(|f| f as usize) == Some(subtype_dict as *const () as usize)
            && ty.is_subtype(&descriptor.d_type)
            && ty.has_flag(flags::MANAGED_DICT)
            && bases.all(|base| base.tp_dictoffset.get() == 0 || base.has_flag(flags::HEAPTYPE))
    })
}

/// `__dict__` of instances.
unsafe extern "C-unwind" fn subtype_dict(this: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { &*this };
    let get = || -> PyResult {
        match builtin_dict_descriptor(this)? {
            Some(descr) => bind(descr, Some(this), this.ty()),
            None => protocol::object::generic_get_dict(this).map(Ref::into_obj),
        }
    };
    ret(get())
}

/// `__dict__` of instances, assigned or deleted.
unsafe extern "C-unwind" fn subtype_set_dict(
    this: *mut PyObject,
    value: *mut PyObject,
    _closure: *mut c_void,
) -> core::ffi::c_int {
    // SAFETY: C passes live objects, or NULL for "delete".
    let (this, value) = unsafe { (&*this, value.as_ref()) };
    let set = || -> PyResult<()> {
        if let Some(descr) = builtin_dict_descriptor(this)? {
            let Some(set) = descr.ty().tp_descr_set.get() else { return Ok(()) };
            // SAFETY: calling the slot as C would.
            return check_status(unsafe { set(descr.as_raw(), this.as_ptr(), super::glue::raw(value)) });
        }
        protocol::object::generic_set_dict(this, value)
    };
    super::glue::ret_unit(set())
}

/// `__weakref__` of instances: the first weak reference, or None.
unsafe extern "C-unwind" fn subtype_weakref(this: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { &*this };
    let offset = this.ty().tp_weaklistoffset.get();
    if offset == 0 {
        return exc::attribute_error_msg("This object has no __weakref__").restore_null();
    }
    // SAFETY: the type says that a pointer is there.
    let first = unsafe { *((this as *const PyObject as *const u8).offset(offset) as *const *mut PyObject) };
    // SAFETY: null, or a live weak reference.
    unsafe { first.as_ref() }.unwrap_or(crate::none_ref()).new_ref().into_raw()
}

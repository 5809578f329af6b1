//! `typeobject.h`: types of extensions, ready-made or from a spec.

use core::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};

use rpy_vm::object::alloc::{generic_alloc, mem_alloc};
use rpy_vm::object::defs::member;
use rpy_vm::object::{PyMemberDef, flags};
use rpy_vm::types::descr::fully_qualified_name;
use rpy_vm::types::module::{PyModule, PyModuleDef};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::{self, attrs, instance, lookup, new as class, ready};
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc};

use crate::border::{Borrowed, OptObj, Out, Void, bad_call, c_str, expect};
use crate::slot_ids::{SlotPlace, place};

/// `PyType_Slot`.
#[repr(C)]
pub struct Slot {
    id: c_int,
    value: *mut c_void,
}

/// `PyType_Spec`.
#[repr(C)]
pub struct Spec {
    name: *const c_char,
    basicsize: c_int,
    itemsize: c_int,
    flags: c_uint,
    slots: *const Slot,
}

const _: () = assert!(size_of::<Spec>() == 32 && size_of::<Slot>() == 16);

exports! {
    /// Makes a filled-in type work.
    fn PyType_Ready(ty: &PyTypeObject) -> c_int = () {
        type_::type_ready(ty)
    }
    /// To be called after a type's dict, bases or slots were changed directly.
    fn PyType_Modified(ty: &PyTypeObject) {
        lookup::type_modified(ty);
    }
    /// Adds a function that is told of changes before they happen; its number, for `PyType_Watch`.
    fn PyType_AddWatcher(watcher: lookup::Watcher) -> c_int = c_int {
        lookup::add_watcher(watcher)
    }
    /// Takes a function away that was added.
    fn PyType_ClearWatcher(id: c_int) -> c_int = () {
        lookup::clear_watcher(id)
    }
    /// Has a function told of changes of a type: one call, until the type's attributes are looked up again.
    fn PyType_Watch(id: c_int, ty: &PyObject) -> c_int = () {
        lookup::watch(id, watchable(ty)?)
    }
    /// Ends `PyType_Watch`.
    fn PyType_Unwatch(id: c_int, ty: &PyObject) -> c_int = () {
        lookup::unwatch(id, watchable(ty)?)
    }
    /// Is `a` the same as `b` or derived from it?
    fn PyType_IsSubtype(a: &PyTypeObject, b: &PyTypeObject) -> c_int {
        c_int::from(a.is_subtype(b))
    }
    /// The flags.
    fn PyType_GetFlags(ty: &PyTypeObject) -> c_ulong {
        ty.tp_flags.get()
    }
    /// The usual `tp_alloc`.
    fn PyType_GenericAlloc(ty: *mut PyTypeObject, items: isize) -> Out {
        generic_alloc(ty, items)
    }
    /// The usual `tp_new`.
    fn PyType_GenericNew(ty: *mut PyTypeObject, _args: *mut PyObject, _kwargs: *mut PyObject) -> Out {
        let alloc = (*ty).tp_alloc.get().unwrap_or(generic_alloc);
        alloc(ty, 0)
    }
    /// The last part of `tp_name`.
    fn _PyType_Name(ty: &PyTypeObject) -> *const c_char {
        let name = core::ffi::CStr::from_ptr(ty.tp_name.get());
        let start = name.to_bytes().iter().rposition(|&byte| byte == b'.').map_or(0, |dot| dot + 1);
        name.as_ptr().add(start)
    }
    /// `__name__`.
    fn PyType_GetName(ty: &PyTypeObject) -> Out {
        match ty.as_heap().and_then(|heap| heap.ht_name.get()) {
            Some(name) => name.into_raw(),
            None => PyStr::new(ty.name()).into_obj().into_raw(),
        }
    }
    /// `__qualname__`.
    fn PyType_GetQualName(ty: &PyTypeObject) -> Out = Ref<PyStr> {
        attrs::qualname_of(ty)
    }
    /// Module and qualified name.
    fn PyType_GetFullyQualifiedName(ty: &PyTypeObject) -> Out = Ref<PyStr> {
        Ok(PyStr::from_string(fully_qualified_name(ty)))
    }
    /// `__module__`.
    fn PyType_GetModuleName(ty: &PyTypeObject) -> Out = ObjRef {
        attrs::module_of(ty)
    }
    /// The namespace.
    fn PyType_GetDict(ty: &PyTypeObject) -> Out {
        ty.tp_dict.get().map_or(core::ptr::null_mut(), |dict| dict.into_raw() as Out)
    }
    /// Makes a type immutable, whose bases are.
    fn PyType_Freeze(ty: &PyTypeObject) -> c_int = () {
        let mro = ty.tp_mro.get().ok_or_else(|| exc::type_error("unable to get the type MRO"))?;
        check_immutable_bases(ty.full_name(), mro.items().get(1..).unwrap_or_default())?;
        ready::set_flags(ty, flags::IMMUTABLETYPE);
        lookup::type_modified(ty);
        Ok(())
    }
    /// The function in a slot, by its id.
    fn PyType_GetSlot(ty: &PyTypeObject, id: c_int) -> Void = Void {
        get_slot(ty, id)
    }
    /// The module a heap type belongs to, borrowed.
    fn PyType_GetModule(ty: &PyTypeObject) -> Borrowed = Borrowed {
        module_of(ty)
    }
    /// The state of the module a heap type belongs to.
    fn PyType_GetModuleState(ty: &PyTypeObject) -> Void = Void {
        let module = module_of(ty)?;
        Ok(expect::<PyModule>(&*module)?.md_state.get())
    }
    /// The module of the first type in the MRO that was made with a definition, borrowed.
    fn PyType_GetModuleByDef(ty: &PyTypeObject, def: *const PyModuleDef) -> Borrowed = Borrowed {
        module_by_def(ty, def)
    }
    /// The first type in the MRO with a token: 1 with it in `result`, or 0.
    fn PyType_GetBaseByToken(ty: &PyTypeObject, token: Void, result: *mut *mut PyTypeObject) -> c_int = c_int {
        base_by_token(ty, token, result)
    }
    /// A heap type from a spec.
    fn PyType_FromSpec(spec: &Spec) -> Out = Ref<PyTypeObject> {
        from_metaclass(None, None, spec, None)
    }
    /// As `PyType_FromSpec`, with bases.
    fn PyType_FromSpecWithBases(spec: &Spec, bases: OptObj<'_>) -> Out = Ref<PyTypeObject> {
        from_metaclass(None, None, spec, bases)
    }
    /// As `PyType_FromSpecWithBases`, with the module it belongs to.
    fn PyType_FromModuleAndSpec(module: OptObj<'_>, spec: &Spec, bases: OptObj<'_>) -> Out = Ref<PyTypeObject> {
        from_metaclass(None, module, spec, bases)
    }
    /// As `PyType_FromModuleAndSpec`, with a metaclass.
    fn PyType_FromMetaclass(metaclass: Option<&PyTypeObject>, module: OptObj<'_>, spec: &Spec, bases: OptObj<'_>) -> Out = Ref<PyTypeObject> {
        from_metaclass(metaclass, module, spec, bases)
    }
    /// Drops what lookups remember.
    fn PyType_ClearCache() -> c_uint {
        lookup::clear_cache();
        0
    }
}

fn watchable(object: &PyObject) -> PyResult<&PyTypeObject> {
    object.downcast_ref().ok_or_else(|| exc::value_error("Cannot watch non-type"))
}

fn get_slot(ty: &PyTypeObject, id: c_int) -> PyResult<Void> {
    let base: *const PyTypeObject = ty;
    match place(id) {
        // SAFETY: a pointer-sized slot of the type struct.
        Some(SlotPlace::Type(offset)) => unsafe { Ok(*((base as *const u8).add(offset) as *const Void)) },
        Some(SlotPlace::Suite { suite, heap, member }) => {
            // SAFETY: the suite pointer is in the type struct; a suite has the member.
            unsafe {
                let _ = heap;
                let suite = *((base as *const u8).add(suite) as *const *const u8);
                Ok(if suite.is_null() { core::ptr::null_mut() } else { *(suite.add(member) as *const Void) })
            }
        }
        Some(SlotPlace::Token) => Ok(ty.as_heap().map_or(core::ptr::null_mut(), |heap| heap.ht_token.get())),
        None => Err(bad_call()),
    }
}

fn module_of(ty: &PyTypeObject) -> PyResult<Borrowed> {
    let Some(heap) = ty.as_heap() else {
        return Err(exc::type_error(format!("PyType_GetModule: Type '{}' is not a heap type", ty.full_name())));
    };
    if heap.ht_module.is_null() {
        return Err(exc::type_error(format!("PyType_GetModule: Type '{}' has no associated module", ty.full_name())));
    }
    Ok(heap.ht_module.as_raw())
}

fn mro_types(ty: &PyTypeObject) -> Vec<Ref<PyTypeObject>> {
    let mro = ty.tp_mro.get();
    // SAFETY: an MRO holds types.
    mro.map_or_else(Vec::new, |mro| mro.items().iter().map(|t| unsafe { t.new_ref().cast_unchecked() }).collect())
}

fn module_by_def(ty: &PyTypeObject, def: *const PyModuleDef) -> PyResult<Borrowed> {
    for base in mro_types(ty) {
        let Some(heap) = base.as_heap() else { continue };
        if let Some(module) = heap.ht_module.peek().and_then(|module| module.downcast_ref::<PyModule>())
            && core::ptr::eq(module.md_def.get(), def)
        {
            return Ok(module.as_object().as_ptr());
        }
    }
    Err(exc::type_error(format!(
        "PyType_GetModuleByDef: No superclass of '{}' has the given module",
        ty.full_name()
    )))
}

unsafe fn base_by_token(ty: &PyTypeObject, token: Void, result: *mut *mut PyTypeObject) -> PyResult<c_int> {
    // SAFETY: the caller's promise: null or writable.
    unsafe { crate::border::store(result, core::ptr::null_mut()) };
    if token.is_null() {
        return Err(exc::system_error("PyType_GetBaseByToken called with token=NULL"));
    }
    for base in mro_types(ty) {
        if base.as_heap().is_some_and(|heap| heap.ht_token.get() == token) {
            if !result.is_null() {
                // SAFETY: as above.
                unsafe { result.write(base.into_raw()) };
            }
            return Ok(1);
        }
    }
    Ok(0)
}

/// What a spec's slots say that cannot simply be stored.
#[derive(Default)]
struct Plan {
    members: Vec<*const PyMemberDef>,
    weaklist: Option<Special>,
    dict: Option<Special>,
    vectorcall: Option<Special>,
    doc: Option<*const c_char>,
    base: Option<*mut PyObject>,
    bases: Option<*mut PyObject>,
    token: Option<*mut c_void>,
}

/// Where a special field of instances is, as a member such as `__dictoffset__` says.
#[derive(Clone, Copy)]
struct Special {
    offset: isize,
    /// Counted from the type's own data, not from the start of the object.
    relative: bool,
}

impl Special {
    /// The offset in the object, of a type whose own data begins at `data_offset`.
    fn in_object(self, data_offset: isize) -> isize {
        if self.relative { data_offset + self.offset } else { self.offset }
    }
}

/// The slots of a spec.
fn slots(spec: &Spec) -> impl Iterator<Item = &Slot> {
    let mut at = spec.slots;
    core::iter::from_fn(move || {
        // SAFETY: null, or an array that slot 0 ends.
        let slot = unsafe { at.as_ref() }.filter(|slot| slot.id != 0)?;
        // SAFETY: there is at least the end behind it.
        at = unsafe { at.add(1) };
        Some(slot)
    })
}

/// The ids of slots that are looked at before the type exists.
mod id {
    use core::ffi::c_int;
    pub const BASE: c_int = 48;
    pub const BASES: c_int = 49;
    pub const DOC: c_int = 56;
    pub const MEMBERS: c_int = 72;
    pub const TOKEN: c_int = 83;
}

impl Plan {
    fn new(spec: &Spec) -> PyResult<Plan> {
        let mut plan = Plan::default();
        for slot in slots(spec) {
            match slot.id {
                id::BASE => plan.base = Some(slot.value as *mut PyObject),
                id::BASES => plan.bases = Some(slot.value as *mut PyObject),
                id::DOC => plan.doc = Some(slot.value as *const c_char),
                id::TOKEN => plan.token = Some(slot.value),
                id::MEMBERS => plan.add_members(spec, slot.value as *const PyMemberDef)?,
                other if place(other).is_none() => return Err(exc::runtime_error("invalid slot offset")),
                _ => {}
            }
        }
        Ok(plan)
    }

    /// Notes the members, some of which are not attributes but tell where special fields are.
    fn add_members(&mut self, spec: &Spec, table: *const PyMemberDef) -> PyResult<()> {
        if !self.members.is_empty() {
            return Err(exc::system_error("Multiple Py_tp_members slots are not supported."));
        }
        let mut at = table;
        // SAFETY: an entry without a name ends the table.
        while let Some(def) = unsafe { at.as_ref() }.filter(|def| !def.name.is_null()) {
            // SAFETY: member names are NUL-terminated.
            let name = unsafe { CStr::from_ptr(def.name) };
            let special = match name.to_bytes() {
                b"__weaklistoffset__" => Some(&mut self.weaklist),
                b"__dictoffset__" => Some(&mut self.dict),
                b"__vectorcalloffset__" => Some(&mut self.vectorcall),
                _ => None,
            };
            let relative = def.flags & member::RELATIVE_OFFSET != 0;
            if let Some(special) = special {
                let name = name.to_string_lossy();
                if def.type_code != member::PYSSIZET {
                    return Err(exc::system_error(format!("type of {name} must be Py_T_PYSSIZET")));
                }
                if def.flags & !member::RELATIVE_OFFSET != member::READONLY {
                    return Err(exc::system_error(format!(
                        "flags for {name} must be Py_READONLY or (Py_READONLY | Py_RELATIVE_OFFSET)"
                    )));
                }
                *special = Some(Special { offset: def.offset, relative });
            }
            if relative && spec.basicsize > 0 {
                return Err(exc::system_error(
                    "With Py_RELATIVE_OFFSET, basicsize must be negative or 0 (inherited)",
                ));
            }
            self.members.push(at);
            // SAFETY: the table goes on or ends behind this entry.
            at = unsafe { at.add(1) };
        }
        Ok(())
    }

    /// The bases: the argument, or those of the slots, or `object`.
    fn bases(&self, argument: Option<&PyObject>) -> PyResult<Ref<PyTuple>> {
        let pack = |object: &PyObject| match object.downcast_ref::<PyTuple>() {
            Some(tuple) => tuple.to_ref(),
            None => PyTuple::from_slice(&[object]),
        };
        if let Some(argument) = argument {
            return Ok(pack(argument));
        }
        // SAFETY: null or a live object.
        if let Some(bases) = self.bases.and_then(|bases| unsafe { bases.as_ref() }) {
            return expect::<PyTuple>(bases).map(PyStruct::to_ref);
        }
        // SAFETY: null or a live type.
        Ok(match self.base.and_then(|base| unsafe { base.as_ref() }) {
            Some(base) => pack(base),
            None => PyTuple::from_slice(&[rpy_vm::types::object::PyBaseObject_Type.as_object()]),
        })
    }
}

const fn align16(size: isize) -> isize {
    (size + 15) & !15
}

/// `PyType_FromMetaclass`.
///
/// # Errors
/// `TypeError`, `SystemError` and `RuntimeError` for specs that do not fit together.
///
/// # Safety
/// The spec's texts, tables and functions are what their slots say and live as long as the type.
unsafe fn from_metaclass(
    metaclass: Option<&PyTypeObject>,
    module: Option<&PyObject>,
    spec: &Spec,
    bases: Option<&PyObject>,
) -> PyResult<Ref<PyTypeObject>> {
    let plan = Plan::new(spec)?;
    if spec.name.is_null() {
        return Err(exc::system_error("Type spec does not define the name field."));
    }
    // SAFETY: NUL-terminated by the caller's promise.
    let full_name = unsafe { c_str(spec.name)? };
    let full_name = full_name.as_utf8()?;
    let (module_name, short_name) = match full_name.rsplit_once('.') {
        Some((module, short)) => (Some(module), short),
        None => (None, full_name),
    };
    let bases = plan.bases(bases)?;
    let base = type_::best_base(&bases)?;
    if u64::from(spec.flags) & flags::IMMUTABLETYPE != 0 {
        check_immutable_bases(full_name, bases.items())?;
    }
    let metatype = type_::calculate_metaclass(metaclass.unwrap_or(&type_::PyType_Type), &bases)?;
    let custom_new = metatype.tp_new.get().map(|f| f as usize) != type_::PyType_Type.tp_new.get().map(|f| f as usize);
    if custom_new && metatype.tp_new.get().is_some() {
        return Err(exc::type_error("Metaclasses with custom tp_new are not supported."));
    }
    let mut basicsize = spec.basicsize as isize;
    let mut data_offset = basicsize;
    if basicsize == 0 {
        basicsize = base.tp_basicsize.get();
    } else if basicsize < 0 {
        data_offset = align16(base.tp_basicsize.get());
        basicsize = data_offset + align16(-basicsize);
        if base.tp_itemsize.get() != 0
            && !base.has_flag(flags::ITEMS_AT_END)
            && u64::from(spec.flags) & flags::ITEMS_AT_END == 0
        {
            return Err(exc::system_error("Cannot extend variable-size class without Py_TPFLAGS_ITEMS_AT_END."));
        }
    } else if basicsize < base.tp_basicsize.get() {
        // The base's functions would write behind such instances.
        return Err(exc::type_error(format!(
            "tp_basicsize for type '{full_name}' ({basicsize}) is too small for base '{}' ({})",
            base.full_name(),
            base.tp_basicsize.get()
        )));
    }
    let itemsize = if spec.itemsize == 0 { base.tp_itemsize.get() } else { spec.itemsize as isize };

    let ty = class::alloc_heap_type(&metatype, plan.members.len())?;
    class::set_type_name(&ty, &PyStr::new(short_name))?;
    ready::set_flags(&ty, u64::from(spec.flags) | flags::HEAPTYPE);
    let heap = class::heap_part(&ty);
    // `tp_name` is the full name; `__name__` and `__qualname__` are the last part.
    ty.tp_name.set(class::copy_text(full_name)?);
    // SAFETY: the copy of the short name is replaced by that of the full one, which the type then owns.
    unsafe { rpy_vm::object::alloc::mem_free(heap.ht_tpname.replace(ty.tp_name.get().cast_mut()) as *mut u8) };
    heap.ht_qualname.set(heap.ht_name.get());
    heap.ht_module.set(module.map(PyObject::new_ref));
    ty.tp_bases.set(Some(bases));
    ready::set_base(&ty, &base);
    ty.tp_basicsize.set(basicsize);
    ty.tp_itemsize.set(itemsize);
    // SAFETY: slots hold what their ids say; members have been counted.
    unsafe {
        store_slots(&ty, spec)?;
        copy_members(&ty, &plan, data_offset);
    }
    if let Some(doc) = plan.doc.filter(|doc| !doc.is_null()) {
        // SAFETY: NUL-terminated. The type frees its copy.
        ty.tp_doc.set(unsafe { copy_c_text(doc)? });
    }
    if let Some(token) = plan.token {
        // Py_TP_USE_SPEC, which is NULL, stands for the spec itself.
        heap.ht_token.set(if token.is_null() { core::ptr::from_ref(spec) as *mut c_void } else { token });
    }
    if ty.tp_dealloc.get().is_none() {
        ty.tp_dealloc.set(Some(instance::subtype_dealloc));
    }
    if let Some(special) = plan.vectorcall {
        ty.tp_vectorcall_offset.set(special.in_object(data_offset));
    }
    if let Some(special) = plan.weaklist {
        ty.tp_weaklistoffset.set(special.in_object(data_offset));
    }
    if let Some(special) = plan.dict {
        ty.tp_dictoffset.set(special.in_object(data_offset));
    }
    type_::type_ready(&ty)?;
    if plan.doc.is_none()
        && let Some(dict) = ty.tp_dict.get()
        && dict.get_str(rpy_vm::intern!("__doc__")).is_none()
    {
        dict.set_str(rpy_vm::intern!("__doc__"), rpy_vm::none_ref())?;
    }
    set_module(&ty, module_name, short_name)?;
    Ok(ty)
}

/// Types that cannot be changed should not have bases that can.
fn check_immutable_bases(name: &str, bases: &[&PyObject]) -> PyResult<()> {
    for base in bases {
        let base: &PyTypeObject = expect(base)?;
        if !base.has_flag(flags::IMMUTABLETYPE) {
            let base = fully_qualified_name(base);
            return Err(exc::type_error(format!("Creating immutable type {name} from mutable base {base}")));
        }
    }
    Ok(())
}

/// Stores the functions and tables of a spec.
unsafe fn store_slots(ty: &PyTypeObject, spec: &Spec) -> PyResult<()> {
    let this: *const PyTypeObject = ty;
    for slot in slots(spec) {
        match slot.id {
            // Dealt with by the plan.
            id::BASE | id::BASES | id::DOC | id::MEMBERS | id::TOKEN => continue,
            _ => {}
        }
        // SAFETY: the offsets are those of pointer-sized slots of the heap type's struct, which nobody else has seen.
        unsafe {
            match place(slot.id) {
                Some(SlotPlace::Type(offset)) => {
                    ((this as *mut u8).add(offset) as *mut *mut c_void).write(slot.value);
                }
                Some(SlotPlace::Suite { heap, member, .. }) => {
                    ((this as *mut u8).add(heap + member) as *mut *mut c_void).write(slot.value);
                }
                Some(SlotPlace::Token) => {}
                None => return Err(exc::runtime_error("invalid slot offset")),
            }
        }
    }
    Ok(())
}

/// Copies the members behind the type's struct, where relative offsets become real ones.
unsafe fn copy_members(ty: &PyTypeObject, plan: &Plan, data_offset: isize) {
    if plan.members.is_empty() {
        return;
    }
    // SAFETY: the type was allocated with room for that many records and one more, which is zeroed and ends the table.
    unsafe {
        let records = class::members_start(ty);
        for (i, &def) in plan.members.iter().enumerate() {
            core::ptr::copy_nonoverlapping(def, records.add(i), 1);
            let record = &mut *records.add(i);
            if record.flags & member::RELATIVE_OFFSET != 0 {
                record.flags &= !member::RELATIVE_OFFSET;
                record.offset += data_offset;
            }
        }
        ty.tp_members.set(records);
    }
}

unsafe fn copy_c_text(text: *const c_char) -> PyResult<*const c_char> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes_with_nul();
    let block = mem_alloc(bytes.len());
    if block.is_null() {
        return Err(exc::memory_error());
    }
    // SAFETY: the block has room.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), block, bytes.len()) };
    Ok(block as *const c_char)
}

/// `__module__` from the name in the spec.
fn set_module(ty: &PyTypeObject, module_name: Option<&str>, short_name: &str) -> PyResult<()> {
    let key = rpy_vm::intern!("__module__");
    let Some(dict) = ty.tp_dict.get() else { return Ok(()) };
    if dict.get_str(key).is_some() {
        return Ok(());
    }
    match module_name {
        Some(name) => {
            dict.set_str(key, PyStr::intern(PyStr::new(name)).as_object())?;
            lookup::type_modified(ty);
            Ok(())
        }
        None => rpy_vm::runtime::warnings::warn(
            exc::DeprecationWarning(),
            format!("builtin type {short_name} has no __module__ attribute"),
            1,
        ),
    }
}

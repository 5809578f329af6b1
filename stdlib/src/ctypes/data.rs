//! `_CData`, the base of all instances of C types: a piece of memory, owned or somebody else's, and the objects that have to
//! live as long as pointers to them lie in it.
//!
//! An instance that is a part of another (an item, a field, what a pointer points to) refers to that as its base and uses its
//! memory. The objects to keep are collected at the root, in a dict whose keys are the path to the part; a root that has no
//! parts simply holds the one object.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_int;

use rpy_vm::object::alloc::{generic_alloc, mem_alloc, mem_calloc, mem_free, mem_realloc};
use rpy_vm::object::{OptRef, PyBufferView, flags};
use rpy_vm::protocol::object;
use rpy_vm::runtime::audit;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::memoryview::PyMemoryView;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::array::{Array, ArrayType};
use super::codes::{Codec, Extent};
use super::info::{self, Info, flag};
use super::metatype::{self, address_int};
use super::pointer::PointerType;
use super::simple;

/// Room for small values inside the object.
#[repr(C, align(16))]
pub struct Inline(UnsafeCell<[u8; 32]>);

/// XXX to be provided
#[pyclass(name = "_CData", module = "_ctypes", no_new, flags(BASETYPE), gc)]
#[repr(C)]
pub struct CData {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    b_ptr: Cell<*mut u8>,
    /// whether the object owns the memory or not
    #[pymember(readonly, int, name = "_b_needsfree_")]
    #[pytraverse(skip)]
    pub b_needsfree: Cell<c_int>,
    /// the base object
    #[pymember(readonly, object, name = "_b_base_")]
    pub b_base: OptRef<CData>,
    #[pytraverse(skip)]
    b_size: Cell<usize>,
    /// How many objects may have to be kept; 0: one.
    #[pytraverse(skip)]
    b_length: Cell<usize>,
    #[pytraverse(skip)]
    b_index: Cell<isize>,
    /// internal objects tree (NEVER CHANGE THIS OBJECT!)
    #[pymember(readonly, object, name = "_objects")]
    pub b_objects: OptRef,
    #[pytraverse(skip)]
    b_value: Inline,
    /// Does somebody else know the address: a part, a view, an argument, a pointer?
    #[pytraverse(skip)]
    b_shared: Cell<bool>,
    #[pytraverse(skip)]
    b_outgrown: Cell<*mut Outgrown>,
    /// The class whose format and shape views show, or a pair of one and those before.
    b_shown: OptRef,
}

/// A block that was shared when its instance was resized. It is freed with the instance, which whoever knows the block refers to.
struct Outgrown {
    block: *mut u8,
    next: *mut Outgrown,
}

impl Drop for CData {
    fn drop(&mut self) {
        if self.b_needsfree.get() != 0 && !self.is_inline() {
            // SAFETY: a block of our own.
            unsafe { mem_free(self.b_ptr.get()) };
        }
        let mut outgrown = self.b_outgrown.get();
        while !outgrown.is_null() {
            // SAFETY: made by `outgrow`, with a block of our own; each is taken once.
            unsafe {
                let Outgrown { block, next } = *Box::from_raw(outgrown);
                mem_free(block);
                outgrown = next;
            }
        }
    }
}

impl CData {
    /// The memory.
    pub fn memory(&self) -> *mut u8 {
        self.b_ptr.get()
    }

    /// Its size.
    pub fn size(&self) -> usize {
        self.b_size.get()
    }

    /// Says that somebody else has got the address and may use it as long as the instance is there.
    pub fn share(&self) {
        self.b_shared.set(true);
    }

    /// Keeps a class, to whose format and shape a view is going to point: `__class__` may be assigned to meanwhile.
    fn show(&self, class: &PyTypeObject) {
        let shown = match self.b_shown.get() {
            None => class.to_obj(),
            Some(before) if before.is(class.as_object()) => return,
            Some(before) => PyTuple::from_array([class.to_obj(), before]).into_obj(),
        };
        self.b_shown.set(Some(shown));
    }

    /// Leaves the block to those who share it.
    fn outgrow(&self) {
        let outgrown = Outgrown { block: self.b_ptr.get(), next: self.b_outgrown.get() };
        self.b_outgrown.set(Box::into_raw(Box::new(outgrown)));
    }

    /// The number of items of an array.
    pub fn length(&self) -> usize {
        self.b_length.get()
    }

    /// What is known of the class.
    ///
    /// # Errors
    /// `TypeError` for abstract classes, and if the instance is too small for its class: `__class__` can be assigned to.
    pub fn info(&self) -> PyResult<&Info> {
        let info = info::required(self.ob_base.ty().as_object())?;
        if info.size.get() > self.size() {
            let name = self.ob_base.ty().full_name();
            return Err(exc::type_error(format!("{name} instance has less memory than its class needs")));
        }
        Ok(info)
    }

    /// The bytes. Anything may change them when other code runs.
    pub fn bytes(&self) -> &[u8] {
        if self.b_ptr.get().is_null() {
            return &[];
        }
        // SAFETY: the memory has the size.
        unsafe { core::slice::from_raw_parts(self.b_ptr.get(), self.b_size.get()) }
    }

    /// Is there memory for an address? What has become a pointer by its `__class__` may be smaller.
    fn has_address(&self) -> bool {
        self.size() >= size_of::<*mut u8>()
    }

    /// The address in the memory of a pointer.
    pub fn pointee(&self) -> *mut u8 {
        if !self.has_address() {
            return core::ptr::null_mut();
        }
        // SAFETY: there is memory for an address.
        unsafe { self.b_ptr.get().cast::<*mut u8>().read_unaligned() }
    }

    /// Sets the address in the memory of a pointer.
    pub fn set_pointee(&self, address: *mut u8) {
        if self.has_address() {
            // SAFETY: there is memory for an address.
            unsafe { self.b_ptr.get().cast::<*mut u8>().write_unaligned(address) };
        }
    }

    fn is_inline(&self) -> bool {
        core::ptr::eq(self.b_ptr.get(), self.b_value.0.get().cast())
    }

    fn allocate(&self, size: usize) -> PyResult<()> {
        if size <= size_of::<Inline>() {
            self.b_ptr.set(self.b_value.0.get().cast());
        } else {
            let block = mem_calloc(size);
            if block.is_null() {
                return Err(exc::memory_error());
            }
            self.b_ptr.set(block);
        }
        self.b_needsfree.set(1);
        self.b_size.set(size);
        Ok(())
    }

    /// `resize(this, size)`. What was made of the old memory before (parts, views) stays with it.
    ///
    /// # Errors
    /// `ValueError` if it is too small or the memory somebody else's.
    pub fn resize(&self, least: usize, size: isize) -> PyResult<()> {
        let Some(size) = usize::try_from(size).ok().filter(|size| *size >= least) else {
            return Err(exc::value_error(format!("minimum size is {least}")));
        };
        if self.b_needsfree.get() == 0 {
            return Err(exc::value_error("Memory cannot be resized because this object doesn't own it"));
        }
        if size <= size_of::<Inline>() && self.is_inline() {
            self.b_size.set(size);
            return Ok(());
        }
        let block = if self.is_inline() || self.b_shared.get() {
            let block = mem_alloc(size);
            if !block.is_null() {
                // SAFETY: both have the length that is copied.
                unsafe {
                    core::ptr::write_bytes(block, 0, size);
                    core::ptr::copy_nonoverlapping(self.b_ptr.get(), block, self.b_size.get().min(size));
                }
                if !self.is_inline() {
                    self.outgrow();
                }
            }
            block
        } else {
            // SAFETY: a block of our own.
            unsafe { mem_realloc(self.b_ptr.get(), size) }
        };
        if block.is_null() {
            return Err(exc::memory_error());
        }
        self.b_ptr.set(block);
        self.b_size.set(size);
        Ok(())
    }
}

/// A blank instance, without memory.
fn blank(class: &PyTypeObject) -> PyResult<(Ref<CData>, &Info)> {
    let info = info::required(class.as_object())?;
    info.is_final.set(true);
    let alloc = class.tp_alloc.get().unwrap_or(generic_alloc);
    // SAFETY: calling the slot as C would; zeroed instances of C types start with a valid `CData`.
    let made: Ref<CData> =
        unsafe { ObjRef::from_c_result(alloc(class as *const PyTypeObject as *mut PyTypeObject, 0))?.cast_unchecked() };
    made.b_length.set(info.length.get());
    made.b_size.set(info.size.get());
    Ok((made, info))
}

/// A zeroed instance with its own memory.
///
/// # Errors
/// `TypeError` for abstract classes, `MemoryError`.
pub fn new(class: &PyTypeObject) -> PyResult<Ref<CData>> {
    let (made, info) = blank(class)?;
    made.allocate(info.size.get())?;
    Ok(made)
}

/// An instance for memory at an address.
///
/// # Errors
/// As [`new`], and what audit hooks raise.
pub fn at_address(class: &PyTypeObject, address: *mut u8) -> PyResult {
    if audit::active() {
        audit::audit("ctypes.cdata", &[&address_int(address)])?;
    }
    let (made, _) = blank(class)?;
    made.b_ptr.set(address);
    Ok(made.into_obj())
}

/// An instance for a part of `base`.
///
/// # Errors
/// As [`new`].
pub fn part_of(class: &PyTypeObject, base: &CData, index: isize, address: *mut u8) -> PyResult {
    let (made, _) = blank(class)?;
    base.share();
    made.b_ptr.set(address);
    made.b_base.set(Some(base.to_ref()));
    made.b_index.set(index);
    Ok(made.into_obj())
}

/// An instance with a copy of `len` bytes of memory, or of as many as it has.
///
/// # Errors
/// As [`new`].
///
/// # Safety
/// `len` bytes may be read.
pub unsafe fn copy_of(class: &PyTypeObject, address: *const u8, len: usize) -> PyResult {
    let made = new(class)?;
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(address, made.memory(), made.size().min(len)) };
    Ok(made.into_obj())
}

// ---------------------------------------------------------------------------------------------------------------------
// Objects to keep

/// The root, with somewhere to keep objects.
pub fn container(data: &CData) -> Ref<CData> {
    let mut root = data.to_ref();
    while let Some(base) = root.b_base.get() {
        root = base;
    }
    if root.b_objects.is_null() {
        let objects = if root.b_length.get() != 0 { PyDict::new().into_obj() } else { rpy_vm::none() };
        root.b_objects.set(Some(objects));
    }
    root
}

/// All that is kept for `data`'s root.
pub fn kept_objects(data: &CData) -> ObjRef {
    container(data).b_objects.get().unwrap_or_else(rpy_vm::none)
}

/// The index under which the view of a buffer is kept.
pub const BUFFER: isize = -1;

fn path(data: &CData, index: isize) -> PyResult<String> {
    use core::fmt::Write;
    let mut text = format!("{:x}", index as i32);
    let mut part = data.to_ref();
    while let Some(base) = part.b_base.get() {
        if text.len() > 255 - 16 {
            return Err(exc::value_error("ctypes object structure too deep"));
        }
        // Writing into a string does not fail.
        let _ = write!(text, ":{:x}", part.b_index.get() as i32);
        part = base;
    }
    Ok(text)
}

/// Keeps an object for the part `index` of `data`. None is not worth it.
///
/// # Errors
/// `ValueError` if parts are nested too deeply.
pub fn keep(data: &CData, index: isize, object: ObjRef) -> PyResult<()> {
    if rpy_vm::is_none(&object) {
        return Ok(());
    }
    let root = container(data);
    let objects = root.b_objects.get();
    if let Some(dict) = objects.as_ref().and_then(|objects| objects.downcast_exact::<PyDict>()) {
        return dict.set_item(PyStr::from_string(path(data, index)?).as_object(), &object);
    }
    // The view of the buffer that the memory belongs to (of `from_buffer`) stays beside what is kept for the value.
    let view = objects.filter(|kept| root.b_needsfree.get() == 0 && kept.downcast_exact::<PyMemoryView>().is_some());
    let Some(view) = view else {
        root.b_objects.set(Some(object));
        return Ok(());
    };
    let dict = PyDict::new();
    dict.set_item(PyStr::from_string(path(&root, BUFFER)?).as_object(), &view)?;
    dict.set_item(PyStr::from_string(path(data, index)?).as_object(), &object)?;
    root.b_objects.set(Some(dict.into_obj()));
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading and writing parts

/// A place in an instance's memory: which part it is, of what type, and where.
pub struct Place<'a> {
    pub class: &'a PyTypeObject,
    /// How to read and write it, if not as the type says.
    pub codec: Option<Codec>,
    pub index: isize,
    pub extent: Extent,
    pub address: *mut u8,
}

/// The value of a part: a Python value for simple types, otherwise an instance that shares the memory.
///
/// # Errors
/// What reading raises.
pub fn read(data: &CData, place: &Place<'_>) -> PyResult {
    let codec = match place.codec {
        Some(codec) => Some(codec),
        None if simple::is_subclass(place.class) => None,
        None => info::of_type(place.class.as_object()).and_then(|info| info.codec.get()),
    };
    match codec {
        // SAFETY: the place is in memory that is `data`'s, or that a pointer of the program's points to.
        Some(codec) => unsafe { codec.get(place.address, place.extent) },
        None => part_of(place.class, data, place.index, place.address),
    }
}

/// Says that code of the program's may run while a value is converted that is to be written into the memory.
pub fn before_conversion(data: &CData, value: &PyObject) {
    if value.ty().has_flag(flags::HEAPTYPE) {
        data.share();
    }
}

/// Sets a part.
///
/// # Errors
/// `TypeError` for values of the wrong type.
pub fn write(data: &CData, place: &Place<'_>, value: &PyObject) -> PyResult<()> {
    before_conversion(data, value);
    match store(place, value)? {
        Some(object) => keep(data, place.index, object),
        None => Ok(()),
    }
}

/// Writes a value; gives what is to be kept.
fn store(place: &Place<'_>, value: &PyObject) -> PyResult<Option<ObjRef>> {
    let (class, wanted) = (place.class.as_object(), place.class.full_name());
    if let Some(codec) = place.codec {
        // SAFETY: as for reading.
        return unsafe { codec.set(place.address, value, place.extent) };
    }
    let Some(source) = value.downcast_ref::<CData>() else {
        if let Some(codec) = info::of_type(class).and_then(|info| info.codec.get()) {
            // SAFETY: as above.
            return unsafe { codec.set(place.address, value, place.extent) };
        }
        if let Some(arguments) = value.downcast_ref::<PyTuple>() {
            return match rpy_vm::protocol::call::call_tuple(class, arguments, None) {
                Ok(made) => store(place, &made),
                Err(e) => Err(extend_error(exc::RuntimeError(), &format!("({wanted}) "), &e)),
            };
        }
        if rpy_vm::is_none(value) && metatype::is::<PointerType>(class) {
            // SAFETY: as above.
            unsafe { place.address.cast::<*mut u8>().write_unaligned(core::ptr::null_mut()) };
            return Ok(None);
        }
        let name = value.ty().full_name();
        return Err(exc::type_error(format!("expected {wanted} instance, got {name}")));
    };
    if object::is_instance(value, class)? {
        // SAFETY: as above; an instance has as many bytes as the type, and may be the very part.
        unsafe { core::ptr::copy(source.memory(), place.address, place.extent.size.min(source.size())) };
        return Ok(Some(kept_objects(source)));
    }
    let incompatible = || {
        let name = value.ty().full_name();
        exc::type_error(format!("incompatible types, {name} instance instead of {wanted} instance"))
    };
    if metatype::is::<PointerType>(class) && is_array(value) {
        let proto = |class: &PyObject| info::of_type(class).map(|info| info.proto.as_raw());
        if proto(value.ty().as_object()) != proto(class) {
            return Err(incompatible());
        }
        // SAFETY: as above.
        unsafe { place.address.cast::<*mut u8>().write_unaligned(source.memory()) };
        source.share();
        // The array itself has to live, too, now that a pointer points to it.
        return Ok(Some(PyTuple::from_array([kept_objects(source), value.new_ref()]).into_obj()));
    }
    Err(incompatible())
}

/// Is it an array?
pub fn is_array(object: &PyObject) -> bool {
    // SAFETY: a static.
    object.ty().is_subtype(unsafe { &*<Array as rpy_vm::object::class_impl::StaticType>::TYPE })
}

/// An exception of another class that also says what happened.
#[cold]
pub fn extend_error(class: &PyTypeObject, prefix: &str, error: &PyErr) -> PyErr {
    let text = match object::str(error.object()) {
        Ok(text) => text.to_string_lossy().into_owned(),
        Err(_) => "???".to_owned(),
    };
    PyErr::new(class, format!("{prefix}{}: {text}", error.object().ty().name()))
}

/// The type of an array's innermost items.
fn innermost(class: &PyTypeObject) -> Ref<PyTypeObject> {
    let mut class = class.to_ref();
    while metatype::is::<ArrayType>(class.as_object()) {
        let proto = info::of_type(class.as_object()).and_then(|info| info.proto.get());
        match proto.and_then(|proto| proto.downcast::<PyTypeObject>().ok()) {
            Some(item) => class = item,
            None => break,
        }
    }
    class
}

#[pymethods]
impl CData {
    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        Err(exc::type_error("unhashable type"))
    }

    #[slot]
    unsafe fn bf_getbuffer(object: *mut PyObject, view: *mut PyBufferView, _flags: c_int) -> c_int {
        // SAFETY: called for instances with a view to fill, as the protocol says. The memory stays while the instance does,
        // and so does the class, whose format and shape these are.
        unsafe {
            let this: &CData = (*object).cast_unchecked_ref();
            let class = this.ob_base.ty();
            let Some(info) = info::of_type(class.as_object()) else {
                return rpy_vm::protocol::buffer::finish_getbuffer(view, Err(info::abstract_class()));
            };
            let item = innermost(class);
            let item_size = info::of_type(item.as_object()).map_or(1, |info| info.size.get());
            let mut shape = info.shape.borrow_mut();
            let needed = shape.iter().try_fold(item_size, |size, length| size.checked_mul(*length as usize));
            if needed.is_none_or(|needed| needed > this.size()) {
                let error = exc::buffer_error("instance has less memory than its class needs");
                return rpy_vm::protocol::buffer::finish_getbuffer(view, Err(error));
            }
            this.share();
            this.show(class);
            *view = PyBufferView {
                buf: this.b_ptr.get().cast(),
                obj: (*object).new_ref().into_raw(),
                len: this.b_size.get() as isize,
                itemsize: item_size as isize,
                readonly: 0,
                ndim: shape.len() as c_int,
                format: info.format_ptr(),
                shape: if shape.is_empty() { core::ptr::null_mut() } else { shape.as_mut_ptr() },
                ..PyBufferView::EMPTY
            };
        }
        0
    }

    #[pymethod(name = "__ctypes_from_outparam__")]
    fn from_outparam(zelf: &PyObject) -> ObjRef {
        zelf.new_ref()
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<(ObjRef, (ObjRef, (ObjRef, ObjRef)))> {
        let info = info::required(self.ob_base.ty().as_object())?;
        if info.has(flag::IS_POINTER | flag::HAS_POINTER) {
            return Err(exc::value_error("ctypes objects containing pointers cannot be pickled"));
        }
        let dict = object::getattr(self.as_object(), intern!("__dict__"))?;
        let bytes = PyBytes::try_new(self.bytes())?.into_obj();
        let module = rpy_vm::import::import_module("_ctypes")?;
        let unpickle = object::getattr(&module, intern!("_unpickle"))?;
        Ok((unpickle, (self.ob_base.ty().to_obj(), (dict, bytes))))
    }

    #[pymethod(name = "__setstate__")]
    fn setstate(&self, dict: &PyDict, data: &PyBytes) -> PyResult<()> {
        let len = data.len().min(self.size());
        // SAFETY: both have the length.
        unsafe { core::ptr::copy(data.data_ptr(), self.memory(), len) };
        let own = object::getattr(self.as_object(), intern!("__dict__"))?;
        let Some(own) = own.downcast_ref::<PyDict>() else {
            let (name, got) = (self.ob_base.ty().full_name(), own.ty().full_name());
            return Err(exc::type_error(format!("{name}.__dict__ must be a dictionary, not {got}")));
        };
        for (key, value) in dict.items_vec() {
            own.set_item(&key, &value)?;
        }
        Ok(())
    }
}

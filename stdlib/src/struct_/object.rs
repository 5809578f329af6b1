//! `Struct` objects, the cache of them, and the iterator of `iter_unpack`.

use core::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use super::layout::Layout;
use super::struct_error;
use rpy_vm::object::{OptRef, PyClass, PyStruct, Ref, alloc};
use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
use rpy_vm::protocol::number;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::{PyTuple, TupleBuilder};
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods};

/// Struct(fmt) --> compiled struct object
#[pyclass(name = "Struct", module = "_struct", flags(BASETYPE), weaklist = weakreflist)]
#[repr(C)]
pub struct PyStructObject {
    pub ob_base: PyObject,
    layout: RefCell<Option<Rc<Layout>>>,
    format: OptRef,
    weakreflist: Cell<*mut PyObject>,
}

static CACHE: OptRef<PyDict> = OptRef::NULL;
/// The format asked for last, and its struct: a loop asks for one again and again.
static LAST: (OptRef, OptRef<PyStructObject>) = (OptRef::NULL, OptRef::NULL);
/// Formats that are remembered.
const CACHE_LIMIT: usize = 100;

/// Forgets all remembered formats.
pub fn clear_cache() {
    CACHE.take();
    LAST.0.take();
    LAST.1.take();
}

/// The struct of a format, remembered from earlier calls.
pub fn cached(format: &PyObject) -> PyResult<Ref<PyStructObject>> {
    if LAST.0.peek().is_some_and(|last| last.is(format))
        && let Some(found) = LAST.1.get()
    {
        return Ok(found);
    }
    let found = found_or_made(format)?;
    // The end of text runs no Python code, so that nobody sees one without the other.
    if format.downcast_exact::<PyStr>().is_some() {
        LAST.0.set(Some(format.new_ref()));
        LAST.1.set(Some(found.clone()));
    }
    Ok(found)
}

fn found_or_made(format: &PyObject) -> PyResult<Ref<PyStructObject>> {
    let cache = match CACHE.get() {
        Some(cache) => cache,
        None => {
            let cache = PyDict::new();
            CACHE.set(Some(cache.clone()));
            cache
        }
    };
    // Bytes and text with the same characters share an entry, and are never compared with each other.
    let key = match format.downcast_ref::<PyBytes>() {
        Some(bytes) => PyStr::from_latin1(bytes.as_bytes()).into_obj(),
        None => format.new_ref(),
    };
    if let Some(found) = cache.get_item(&key)?
        && let Ok(found) = found.downcast::<PyStructObject>()
    {
        return Ok(found);
    }
    let new = PyStructObject::allocate(PyStructObject::type_object())?;
    new.set_format(format)?;
    if cache.len() >= CACHE_LIMIT {
        cache.clear();
    }
    cache.set_item(&key, new.as_object())?;
    Ok(new)
}

impl PyStructObject {
    fn allocate(cls: &PyTypeObject) -> PyResult<Ref<PyStructObject>> {
        alloc::new_in(
            cls,
            PyStructObject {
                ob_base: PyObject::placeholder(),
                layout: RefCell::new(None),
                format: OptRef::NULL,
                weakreflist: Cell::new(core::ptr::null_mut()),
            },
        )
    }

    fn set_format(&self, format: &PyObject) -> PyResult<()> {
        let text: Vec<u8> = if let Some(text) = format.downcast_ref::<PyStr>() {
            match text.as_ascii() {
                Some(text) => text.as_bytes().to_vec(),
                None => {
                    let ascii = rpy_vm::intern!("ascii");
                    let name = rpy_vm::intern!("encode");
                    let bytes = rpy_vm::protocol::call::call_method(format, name, &[ascii.as_object()])?;
                    bytes.downcast_ref::<PyBytes>().map(|b| b.as_bytes().to_vec()).unwrap_or_default()
                }
            }
        } else if let Some(text) = format.downcast_ref::<PyBytes>() {
            text.as_bytes().to_vec()
        } else {
            return Err(exc::type_error(format!(
                "Struct() argument 1 must be a str or bytes object, not {}",
                format.ty().name()
            )));
        };
        if text.contains(&0) {
            return Err(struct_error("embedded null character"));
        }
        let layout = Layout::parse(&text)?;
        *self.layout.borrow_mut() = Some(Rc::new(layout));
        self.format.set(Some(PyStr::from_latin1(&text).into_obj()));
        Ok(())
    }

    /// What the format says.
    pub fn layout(&self) -> PyResult<Rc<Layout>> {
        self.layout.borrow().clone().ok_or_else(|| exc::runtime_error("Struct object is not initialized"))
    }

    /// Writes values into zeroed memory of the struct's size.
    fn write(layout: &Layout, out: &mut [u8], values: &[&PyObject]) -> PyResult<()> {
        let mut values = values.iter();
        for field in &layout.fields {
            for i in 0..field.repeat {
                let start = field.offset + i * field.size;
                if let Some(value) = values.next() {
                    layout.pack_item(field.code, &mut out[start..start + field.size], value)?;
                }
            }
        }
        Ok(())
    }

    /// The values in a struct's bytes.
    fn read(layout: &Layout, bytes: &[u8]) -> PyResult {
        let mut values = TupleBuilder::new(layout.count)?;
        for field in &layout.fields {
            for i in 0..field.repeat {
                let start = field.offset + i * field.size;
                let value = layout.unpack_item(field.code, &bytes[start..start + field.size])?;
                // SAFETY: `count` is the sum of all repeats.
                unsafe { values.push_unchecked(value) };
            }
        }
        Ok(values.finish().into_obj())
    }

    fn zeroed(size: usize) -> PyResult<Vec<u8>> {
        let mut out = Vec::new();
        out.try_reserve_exact(size).map_err(|_| exc::memory_error())?;
        out.resize(size, 0);
        Ok(out)
    }

    pub fn pack_values(&self, values: &[&PyObject]) -> PyResult {
        let layout = self.layout()?;
        if values.len() != layout.count {
            return Err(struct_error(format!(
                "pack expected {} items for packing (got {})",
                layout.count,
                values.len()
            )));
        }
        if layout.size <= 64 {
            let mut out = [0u8; 64];
            PyStructObject::write(&layout, &mut out[..layout.size], values)?;
            return Ok(PyBytes::new(&out[..layout.size]).into_obj());
        }
        let mut out = PyStructObject::zeroed(layout.size)?;
        PyStructObject::write(&layout, &mut out, values)?;
        Ok(PyBytes::from_vec(out).into_obj())
    }

    /// Arguments: buffer, offset, values.
    pub fn pack_values_into(&self, args: &[&PyObject]) -> PyResult<()> {
        let layout = self.layout()?;
        let (buffer, offset, values) = match args {
            [] => return Err(struct_error("pack_into expected buffer argument")),
            [_] => return Err(struct_error("pack_into expected offset argument")),
            [buffer, offset, values @ ..] => (buffer, offset, values),
        };
        if values.len() != layout.count {
            return Err(struct_error(format!(
                "pack_into expected {} items for packing (got {})",
                layout.count,
                values.len()
            )));
        }
        let mut target = match Buffer::writable(buffer) {
            Ok(target) => target,
            Err(_) => {
                return Err(exc::type_error(format!(
                    "argument must be read-write bytes-like object, not {}",
                    buffer.ty().name()
                )));
            }
        };
        let offset = number::as_isize(offset, Some(exc::IndexError()))?;
        let (len, size) = (target.len(), layout.size);
        let start = if offset < 0 {
            if offset + size as isize > 0 {
                return Err(struct_error(format!("no space to pack {size} bytes at offset {offset}")));
            }
            if offset + (len as isize) < 0 {
                return Err(struct_error(format!("offset {offset} out of range for {len}-byte buffer")));
            }
            (offset + len as isize) as usize
        } else {
            offset as usize
        };
        if start > len || len - start < size {
            return Err(struct_error(format!(
                "pack_into requires a buffer of at least {} bytes for packing {size} bytes at offset {start} (actual buffer size is {len})",
                size + start
            )));
        }
        // Values are converted first: their methods may look at the buffer, but not see half of a struct.
        let mut out = PyStructObject::zeroed(size)?;
        let result = PyStructObject::write(&layout, &mut out, values);
        target.bytes_mut()[start..start + size].copy_from_slice(&out);
        result
    }

    pub fn unpack_exactly(&self, buffer: &PyObject) -> PyResult {
        let layout = self.layout()?;
        let bytes = ArgBytes::from_object(buffer)?;
        if bytes.len() != layout.size {
            return Err(struct_error(format!("unpack requires a buffer of {} bytes", layout.size)));
        }
        PyStructObject::read(&layout, &bytes)
    }

    pub fn unpack_at(&self, buffer: &PyObject, offset: isize) -> PyResult {
        let layout = self.layout()?;
        let bytes = ArgBytes::from_object(buffer)?;
        let (len, size) = (bytes.len(), layout.size);
        let start = if offset < 0 {
            if offset + size as isize > 0 {
                return Err(struct_error(format!("not enough data to unpack {size} bytes at offset {offset}")));
            }
            if offset + (len as isize) < 0 {
                return Err(struct_error(format!("offset {offset} out of range for {len}-byte buffer")));
            }
            (offset + len as isize) as usize
        } else {
            offset as usize
        };
        if start > len || len - start < size {
            return Err(struct_error(format!(
                "unpack_from requires a buffer of at least {} bytes for unpacking {size} bytes at offset {start} (actual buffer size is {len})",
                start as u128 + size as u128
            )));
        }
        PyStructObject::read(&layout, &bytes[start..start + size])
    }

    pub fn iterate(this: &PyStructObject, buffer: &PyObject) -> PyResult {
        let layout = this.layout()?;
        if layout.size == 0 {
            return Err(struct_error("cannot iteratively unpack with a struct of length 0"));
        }
        let held = Buffer::simple(buffer)?;
        if held.len() % layout.size != 0 {
            return Err(struct_error(format!(
                "iterative unpacking requires a buffer of a multiple of {} bytes",
                layout.size
            )));
        }
        Ok(alloc::new_exact(PyUnpackIterator {
            ob_base: PyObject::placeholder(),
            layout,
            buffer: RefCell::new(Some(held)),
            index: Cell::new(0),
        })
        .into_obj())
    }
}

#[pymethods]
impl PyStructObject {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        Ok(PyStructObject::allocate(cls)?.into_obj())
    }

    #[pyinit(sig = "($self, /, format)")]
    fn py_init(&self, format: &PyObject) -> PyResult<()> {
        self.set_format(format)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        self.layout()?;
        let format = self.format.get().unwrap_or_else(rpy_vm::none);
        let text = rpy_vm::protocol::object::repr(&format)?;
        Ok(format!("{}({})", self.as_object().ty().name(), text.to_string_lossy()))
    }

    /// S.pack(v1, v2, ...) -> bytes
    ///
    /// Return a bytes object containing values v1, v2, ... packed according
    /// to the format string S.format.  See help(struct) for more on format
    /// strings.
    #[pymethod(sig = "($self, /, *args)")]
    fn pack(&self, args: &[&PyObject]) -> PyResult {
        self.pack_values(args)
    }

    /// S.pack_into(buffer, offset, v1, v2, ...)
    ///
    /// Pack the values v1, v2, ... according to the format string S.format
    /// and write the packed bytes into the writable buffer buf starting at
    /// offset.  Note that the offset is a required argument.  See
    /// help(struct) for more on format strings.
    #[pymethod(sig = "($self, /, *args)")]
    fn pack_into(&self, args: &[&PyObject]) -> PyResult<()> {
        self.pack_values_into(args)
    }

    /// Return a tuple containing unpacked values.
    ///
    /// Unpack according to the format string Struct.format. The buffer's size
    /// in bytes must be Struct.size.
    ///
    /// See help(struct) for more on format strings.
    #[pymethod(sig = "($self, buffer, /)")]
    fn unpack(&self, buffer: &PyObject) -> PyResult {
        self.unpack_exactly(buffer)
    }

    /// Return a tuple containing unpacked values.
    ///
    /// Values are unpacked according to the format string Struct.format.
    ///
    /// The buffer's size in bytes, starting at position offset, must be
    /// at least Struct.size.
    ///
    /// See help(struct) for more on format strings.
    #[pymethod(sig = "($self, /, buffer, offset=0)")]
    fn unpack_from(&self, buffer: &PyObject, offset: Option<isize>) -> PyResult {
        self.unpack_at(buffer, offset.unwrap_or(0))
    }

    /// Return an iterator yielding tuples.
    ///
    /// Tuples are unpacked from the given bytes source, like a repeated
    /// invocation of unpack_from().
    ///
    /// Requires that the bytes length be a multiple of the struct size.
    #[pymethod(sig = "($self, buffer, /)")]
    fn iter_unpack(&self, buffer: &PyObject) -> PyResult {
        PyStructObject::iterate(self, buffer)
    }

    /// S.__sizeof__() -> size of S in memory, in bytes
    #[pymethod(name = "__sizeof__")]
    fn sizeof(&self) -> PyResult<usize> {
        let layout = self.layout()?;
        let base = self.as_object().ty().tp_basicsize.get() as usize;
        Ok(base + (layout.fields.len() + 1) * core::mem::size_of::<super::layout::Field>())
    }

    /// struct format string
    #[pygetset]
    fn format(&self) -> PyResult {
        self.layout()?;
        Ok(self.format.get().unwrap_or_else(rpy_vm::none))
    }

    /// struct size in bytes
    #[pygetset]
    fn size(&self) -> ObjRef {
        match self.layout() {
            Ok(layout) => PyInt::from_usize(layout.size),
            Err(_) => PyInt::from_i64(-1),
        }
        .into_obj()
    }
}

/// Iterator of `iter_unpack`.
#[pyclass(name = "unpack_iterator", module = "_struct", no_new)]
#[repr(C)]
pub struct PyUnpackIterator {
    pub ob_base: PyObject,
    layout: Rc<Layout>,
    /// Released at the end.
    buffer: RefCell<Option<Buffer>>,
    index: Cell<usize>,
}

#[pymethods]
impl PyUnpackIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let at = self.index.get();
        let held = self.buffer.borrow();
        let Some(buffer) = held.as_ref() else { return Ok(None) };
        match buffer.bytes().get(at..at + self.layout.size) {
            Some(bytes) => {
                self.index.set(at + self.layout.size);
                PyStructObject::read(&self.layout, bytes).map(Some)
            }
            None => {
                drop(held);
                let released = self.buffer.borrow_mut().take();
                drop(released);
                Ok(None)
            }
        }
    }

    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> usize {
        match self.buffer.borrow().as_ref() {
            Some(buffer) => (buffer.len() - self.index.get()) / self.layout.size,
            None => 0,
        }
    }
}

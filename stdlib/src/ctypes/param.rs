//! Arguments of C functions: what `byref` and `from_param` give, and how any object becomes one.

use core::cell::Cell;

use rpy_vm::object::alloc::new_exact;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, Ref, exc, pyclass, pymethods};

use super::abi::TypePtr;
use super::codes::{self, Code, Extent, wide_copy};
use super::data::CData;
use super::info::{self, Param};
use super::metatype;

/// Room for any simple C value.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct Value(pub [u8; 32]);

impl Value {
    /// All zero.
    pub const ZERO: Value = Value([0; 32]);

    /// An address.
    pub fn pointer(address: *const u8) -> Value {
        let mut value = Value::ZERO;
        value.0[..8].copy_from_slice(&(address as u64).to_ne_bytes());
        value
    }

    fn head<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.0[..N]);
        bytes
    }
}

/// An argument that is ready to be passed.
#[pyclass(name = "CArgObject", module = "_ctypes", no_new, gc)]
#[repr(C)]
pub struct CArg {
    ob_base: PyObject,
    /// A code of a simple type, `P` for an address.
    #[pytraverse(skip)]
    tag: u8,
    #[pytraverse(skip)]
    ffi: Cell<*mut super::abi::ffi_type>,
    /// the wrapped object
    #[pymember(readonly, object, name = "_obj")]
    pub object: OptRef,
    #[pytraverse(skip)]
    value: Value,
}

impl CArg {
    /// An argument of a code's type.
    pub fn new(code: &Code, value: Value, object: Option<ObjRef>) -> Ref<CArg> {
        new_exact(CArg {
            ob_base: PyObject::placeholder(),
            tag: code.letter,
            ffi: Cell::new(code.ffi.0),
            object: OptRef::new(object),
            value,
        })
    }

    /// An address.
    pub fn pointer(address: *const u8, object: ObjRef) -> Ref<CArg> {
        new_exact(CArg {
            ob_base: PyObject::placeholder(),
            tag: b'P',
            ffi: Cell::new(&raw mut libffi_sys::ffi_type_pointer),
            object: OptRef::some(object),
            value: Value::pointer(address),
        })
    }

    /// A Python value as an argument of a code's type.
    ///
    /// # Errors
    /// `TypeError` for values of the wrong type.
    pub fn convert(code: &'static Code, value: &PyObject) -> PyResult<Ref<CArg>> {
        let mut memory = Value::ZERO;
        // SAFETY: there is room for any simple value.
        let keep = unsafe { (code.set)(memory.0.as_mut_ptr(), value, Extent::whole(0)) }?;
        Ok(CArg::new(code, memory, Some(keep.unwrap_or_else(rpy_vm::none))))
    }

    /// Is it an address?
    pub fn is_pointer(&self) -> bool {
        self.tag == b'P'
    }
}

#[pymethods]
impl CArg {
    #[slot]
    fn tp_repr(&self) -> String {
        let (tag, value) = (char::from(self.tag), &self.value);
        let shown = match self.tag {
            b'b' | b'B' => i8::from_ne_bytes(value.head()).to_string(),
            b'h' | b'H' => i16::from_ne_bytes(value.head()).to_string(),
            b'i' | b'I' => i32::from_ne_bytes(value.head()).to_string(),
            b'l' | b'L' | b'q' | b'Q' => i64::from_ne_bytes(value.head()).to_string(),
            b'd' => rpy_vm::types::float::float_repr_string(f64::from_ne_bytes(value.head())),
            b'f' => rpy_vm::types::float::float_repr_string(f32::from_ne_bytes(value.head()).into()),
            b'c' => match value.0[0] {
                c @ 32..127 if c != b'\\' && c != b'\'' => format!("'{}'", char::from(c)),
                c => format!("'\\x{c:02x}'"),
            },
            b'z' | b'Z' | b'P' => match u64::from_ne_bytes(value.head()) {
                0 => "(nil)".to_owned(),
                address => format!("{address:#x}"),
            },
            _ => return format!("<cparam '{tag}' at {:p}>", self),
        };
        format!("<cparam '{tag}' ({shown})>")
    }
}

/// An argument as libffi takes it.
pub struct Argument {
    pub ffi: *mut super::abi::ffi_type,
    pub value: Value,
    /// Where the value is, if not in `value`: structures and unions.
    pub memory: Option<*mut u8>,
    /// What must live during the call.
    pub keep: Option<ObjRef>,
}

impl Argument {
    fn scalar(ty: TypePtr, value: Value, keep: Option<ObjRef>) -> Argument {
        Argument { ffi: ty.0, value, memory: None, keep }
    }

    fn pointer(address: *const u8, keep: Option<ObjRef>) -> Argument {
        Argument::scalar(TypePtr(&raw mut libffi_sys::ffi_type_pointer), Value::pointer(address), keep)
    }

    /// Where libffi finds the value. The argument stays where it is until the call is over.
    pub fn location(&mut self) -> *mut core::ffi::c_void {
        self.memory.unwrap_or(self.value.0.as_mut_ptr()).cast()
    }

    /// Any object as an argument.
    ///
    /// # Errors
    /// `TypeError` if it cannot be one.
    pub fn of(object: &PyObject, index: usize) -> PyResult<Argument> {
        if info::of_instance(object).is_some()
            && let Some(data) = object.downcast_ref::<CData>()
        {
            return Ok(Argument::of_instance(data, data.info()?));
        }
        if let Some(arg) = object.downcast_exact::<CArg>() {
            return Ok(Argument::scalar(TypePtr(arg.ffi.get()), arg.value, Some(object.new_ref())));
        }
        if rpy_vm::is_none(object) {
            return Ok(Argument::pointer(core::ptr::null(), None));
        }
        if let Some(int) = object.downcast_ref::<PyInt>() {
            let number = int.as_i64().or_else(|| int.as_u64().map(|value| value as i64));
            let number = number.ok_or_else(|| exc::overflow_error("int too long to convert"))?;
            let mut value = Value::ZERO;
            value.0[..4].copy_from_slice(&(number as i32).to_ne_bytes());
            return Ok(Argument::scalar(TypePtr(&raw mut libffi_sys::ffi_type_sint32), value, None));
        }
        if let Some(bytes) = object.downcast_ref::<PyBytes>() {
            return Ok(Argument::pointer(bytes.data_ptr(), Some(object.new_ref())));
        }
        if let Some(text) = object.downcast_ref::<PyStr>() {
            let (address, keep) = wide_copy(text)?;
            return Ok(Argument::pointer(address, Some(keep)));
        }
        match metatype::as_parameter(object, |object| Argument::of(object, index))? {
            Some(argument) => Ok(argument),
            None => Err(exc::type_error(format!("Don't know how to convert parameter {index}"))),
        }
    }

    fn of_instance(data: &CData, info: &info::Info) -> Argument {
        let keep = Some(data.to_obj());
        match info.param {
            Param::Value => {
                let mut value = Value::ZERO;
                let bytes = data.bytes();
                let len = bytes.len().min(value.0.len());
                value.0[..len].copy_from_slice(&bytes[..len]);
                // The value itself is passed, whatever the byte order.
                let ffi = info.codec.get().map_or(info.passing.as_ptr(), |codec| codec.code.ffi.0);
                Argument { ffi, value, memory: None, keep }
            }
            Param::Pointer => Argument::pointer(data.pointee(), keep),
            Param::Address => {
                data.share();
                Argument::pointer(data.memory(), keep)
            }
            Param::Memory => {
                data.share();
                Argument { ffi: info.passing.as_ptr(), value: Value::ZERO, memory: Some(data.memory()), keep }
            }
        }
    }
}

/// `byref(instance, offset)`.
///
/// # Errors
/// `TypeError` for what is no instance of a C type.
pub fn byref(object: &PyObject, offset: isize) -> PyResult<Ref<CArg>> {
    match object.downcast_ref::<CData>() {
        Some(data) => {
            data.share();
            Ok(CArg::pointer(data.memory().wrapping_offset(offset), object.new_ref()))
        }
        None => {
            let name = object.ty().full_name();
            Err(exc::type_error(format!("byref() argument must be a ctypes instance, not '{name}'")))
        }
    }
}

/// The code of a letter that is known to be one.
pub fn code(letter: u8) -> &'static Code {
    codes::find(letter).unwrap_or(&codes::CODES[0])
}

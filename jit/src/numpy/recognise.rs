//! Finds the loaded numpy, and checks that it is one that is understood.

use core::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyStruct, Ref};
use rpy_vm::object::typeobj::{PyTypeObject, flags};
use rpy_vm::runtime::context::{self, PyContextVar};
use rpy_vm::runtime::sys_state;
use rpy_vm::types::capsule::PyCapsule;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;

use super::layout;
use crate::ir::Scalar;
use crate::ir::scalar::SCALARS;

/// The binary interface that is understood.
const ABI: u32 = 0x0200_0000;

/// Places in the table of the C interface: functions.
const GET_ABI: usize = 0;
const DTYPE_FROM_NUMBER: usize = 45;
const NEW_FROM_DTYPE: usize = 94;
/// Types.
const ARRAY_TYPE: usize = 2;
const DTYPE_TYPE: usize = 3;
const BOOL_VALUES: usize = 9;

/// For each scalar: the place of its type in that table, the number of its dtype, its name, its size in arrays.
const TYPES: [(Scalar, usize, i32, &str, usize); SCALARS] = [
    (Scalar::Bool, 8, 0, "numpy.bool", 1),
    (Scalar::I8, 20, 1, "numpy.int8", 1),
    (Scalar::U8, 25, 2, "numpy.uint8", 1),
    (Scalar::I16, 21, 3, "numpy.int16", 2),
    (Scalar::U16, 26, 4, "numpy.uint16", 2),
    (Scalar::I32, 22, 5, "numpy.int32", 4),
    (Scalar::U32, 27, 6, "numpy.uint32", 4),
    (Scalar::I64, 23, 7, "numpy.int64", 8),
    (Scalar::U64, 28, 8, "numpy.uint64", 8),
    (Scalar::F32, 30, 11, "numpy.float32", 4),
    (Scalar::F64, 31, 12, "numpy.float64", 8),
];

/// The number of a scalar's dtype.
pub fn dtype_number(scalar: Scalar) -> u8 {
    TYPES[scalar as usize].2 as u8
}

/// A numpy that is understood. Its static objects live for ever: extension modules are not unloaded.
pub struct Numpy {
    /// `numpy.ndarray`.
    pub array: usize,
    /// `numpy.ufunc`.
    pub ufunc: usize,
    /// The types of scalars, and the dtypes of arrays of them in the machine's byte order, by [`Scalar`].
    pub scalars: [usize; SCALARS],
    pub dtypes: [usize; SCALARS],
    /// The function that makes arrays.
    pub new_array: usize,
    /// `numpy.False_` and `numpy.True_`.
    pub bools: [usize; 2],
    /// The context variable with the error state.
    pub error_state: usize,
}

static NUMPY: OnceLock<Option<Numpy>> = OnceLock::new();

/// Has any error state asked for underflow to be reported? Then operations that may underflow are left to numpy, from then on.
pub(super) static UNDERFLOW: AtomicBool = AtomicBool::new(false);

/// The byte that says so.
pub fn underflow_watched() -> *const u8 {
    UNDERFLOW.as_ptr() as *const u8
}

/// The numpy that was recognised.
pub fn known() -> Option<&'static Numpy> {
    NUMPY.get().and_then(Option::as_ref)
}

/// The numpy that this type may be of, which is recognised if it has not been yet. Runs no Python code.
pub fn see(ty: &PyTypeObject) -> Option<&'static Numpy> {
    match NUMPY.get() {
        Some(numpy) => numpy.as_ref(),
        None if ty.has_flag(flags::HEAPTYPE) || !ty.full_name().starts_with("numpy.") => None,
        None => {
            // Not before the module is there: this may be its own code that runs.
            let module = module()?;
            NUMPY.get_or_init(|| recognise(&module)).as_ref()
        }
    }
}

impl Numpy {
    /// The scalar that has this type.
    pub fn scalar_of(&self, ty: &PyTypeObject) -> Option<Scalar> {
        let address = ty as *const PyTypeObject as usize;
        self.scalars.iter().position(|&known| known == address).map(|i| Scalar::ALL[i].0)
    }

    /// The scalar that arrays of this dtype hold.
    pub fn scalar_of_dtype(&self, dtype: usize) -> Option<Scalar> {
        self.dtypes.iter().position(|&known| known == dtype).map(|i| Scalar::ALL[i].0)
    }

    /// Is it exactly an array?
    pub fn is_array(&self, object: &PyObject) -> bool {
        object.ty() as *const PyTypeObject as usize == self.array
    }

    /// Is it a ufunc?
    pub fn is_ufunc(&self, object: &PyObject) -> bool {
        object.ty() as *const PyTypeObject as usize == self.ufunc
    }
}

/// The module with numpy's C code, once it is initialized.
fn module() -> Option<Ref<PyModule>> {
    let name = PyStr::new("numpy._core._multiarray_umath");
    let module = sys_state::modules().ok()?.get_str(&name)?;
    let module = module.downcast_exact::<PyModule>()?.to_ref();
    attribute::<PyCapsule>(&module, "_ARRAY_API").is_some().then_some(module)
}

/// A module's attribute of an exact type.
fn attribute<T: rpy_vm::object::refs::PyClass>(module: &PyModule, name: &str) -> Option<Ref<T>> {
    let value = module.md_dict.get()?.get_str(&PyStr::new(name))?;
    value.downcast_exact::<T>().map(PyStruct::to_ref)
}

fn recognise(module: &PyModule) -> Option<Numpy> {
    let capsule = attribute::<PyCapsule>(module, "_ARRAY_API")?;
    let table = capsule.pointer.get() as *const *const c_void;
    if table.is_null() {
        return None;
    }
    // SAFETY: the capsule holds numpy's table, whose first entries have been what they are since numpy 1.0; the binary interface is
    // checked before any other is used.
    unsafe {
        let entry = |place: usize| *table.add(place);
        let abi: unsafe extern "C" fn() -> u32 = core::mem::transmute(entry(GET_ABI));
        if abi() != ABI {
            return None;
        }
        let dtype_of: unsafe extern "C" fn(i32) -> *mut PyObject = core::mem::transmute(entry(DTYPE_FROM_NUMBER));
        let sine = module.md_dict.get()?.get_str(&PyStr::new("sin"))?;
        let ufunc = sine.ty();
        if ufunc.full_name() != "numpy.ufunc" || ufunc.has_flag(flags::HEAPTYPE) {
            return None;
        }
        let mut numpy = Numpy {
            array: entry(ARRAY_TYPE) as usize,
            ufunc: ufunc as *const PyTypeObject as usize,
            scalars: [0; SCALARS],
            dtypes: [0; SCALARS],
            new_array: entry(NEW_FROM_DTYPE) as usize,
            bools: [0; 2],
            error_state: 0,
        };
        if (*(numpy.array as *const PyTypeObject)).full_name() != "numpy.ndarray" {
            return None;
        }
        for (scalar, place, number, name, size) in TYPES {
            let ty = &*(entry(place) as *const PyTypeObject);
            // A new reference, which keeps the dtype for ever.
            let dtype = dtype_of(number);
            let field = |offset: usize| (dtype as *const u8).add(offset);
            let fits = ty.full_name() == name
                && ty.tp_basicsize.get() == layout::SCALAR_SIZE
                && !ty.has_flag(flags::HEAPTYPE)
                && !dtype.is_null()
                && (*dtype).ty().is_subtype(&*(entry(DTYPE_TYPE) as *const PyTypeObject))
                && *(field(layout::DTYPE_TYPE) as *const usize) == ty as *const PyTypeObject as usize
                && *(field(layout::DTYPE_NUMBER) as *const i32) == number
                && *(field(layout::DTYPE_SIZE) as *const usize) == size;
            if !fits {
                return None;
            }
            numpy.scalars[scalar as usize] = ty as *const PyTypeObject as usize;
            numpy.dtypes[scalar as usize] = dtype as usize;
        }
        let bools = entry(BOOL_VALUES) as usize;
        let size = layout::SCALAR_SIZE as usize;
        numpy.bools = [bools, bools + size];
        for (i, &address) in numpy.bools.iter().enumerate() {
            let object = &*(address as *const PyObject);
            let value = *((address + layout::SCALAR_VALUE) as *const u8);
            if numpy.scalar_of(object.ty()) != Some(Scalar::Bool) || value as usize != i {
                return None;
            }
        }
        numpy.error_state = watch_errors(module)?;
        Some(numpy)
    }
}

// ---- error states ----

/// Bits of an error state's mask: what to do about underflow.
const UNDERFLOW_SHIFT: u32 = 6;
const UNDERFLOW_MASK: i32 = 7 << UNDERFLOW_SHIFT;

/// Sees to it that [`UNDERFLOW`] is set in time. The context variable with the error state.
fn watch_errors(module: &PyModule) -> Option<usize> {
    let var = attribute::<PyContextVar>(module, "_extobj_contextvar")?;
    if !context::watch(&var, see_error_state) {
        return None;
    }
    if let Some(state) = var.value().ok()? {
        see_error_state(&state);
    }
    let address = (&raw const *var) as usize;
    // It stays, as the module does.
    core::mem::forget(var);
    Some(address)
}

/// An error state was set somewhere. It is a capsule with a structure that begins with the mask.
fn see_error_state(state: &PyObject) {
    let mask = state.downcast_exact::<PyCapsule>().map(|capsule| capsule.pointer.get() as *const i32);
    let watched = match mask {
        // SAFETY: numpy's own capsule.
        Some(mask) if !mask.is_null() => unsafe { *mask & UNDERFLOW_MASK != 0 },
        _ => true,
    };
    if watched {
        UNDERFLOW.store(true, Ordering::Relaxed);
    }
}

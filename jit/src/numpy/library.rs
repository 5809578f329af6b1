//! Functions of the C library that are all there is to some of numpy's inner loops.
//!
//! numpy's loop for sines of doubles does nothing but call `sin` for each element. For one element, a call of the function
//! itself gives the same number sooner. Whether it is so is found out of the numpy that is loaded: the code of the loop has to call the
//! function that the C library has under that name, and results of both have to be the same, to the bit, for numbers of all kinds.

use core::ffi::{CStr, c_int, c_void};
use std::sync::Mutex;

use super::loops::{self, Loop};

/// Ufuncs, and the functions that may be behind them.
const FUNCTIONS: &[(&str, &CStr)] = &[
    ("sin", c"sin"),
    ("cos", c"cos"),
    ("tan", c"tan"),
    ("arcsin", c"asin"),
    ("arccos", c"acos"),
    ("arctan", c"atan"),
    ("sinh", c"sinh"),
    ("cosh", c"cosh"),
    ("tanh", c"tanh"),
    ("arcsinh", c"asinh"),
    ("arccosh", c"acosh"),
    ("arctanh", c"atanh"),
    ("exp", c"exp"),
    ("exp2", c"exp2"),
    ("expm1", c"expm1"),
    ("log", c"log"),
    ("log2", c"log2"),
    ("log10", c"log10"),
    ("log1p", c"log1p"),
    ("cbrt", c"cbrt"),
];

/// Bytes of a loop's code that are looked at: loops that only call are shorter.
const REACH: usize = 256;
/// Numbers for which results are compared.
const SAMPLES: u64 = 1000;

type Function = unsafe extern "C" fn(f64) -> f64;

/// The address of the function of one double that the ufunc's loop of doubles calls for each element, if it does nothing else.
pub fn behind(ufunc: &str, inner: Loop) -> Option<usize> {
    static KNOWN: Mutex<Vec<(usize, Option<usize>)>> = Mutex::new(Vec::new());
    let (_, name) = FUNCTIONS.iter().find(|(known, _)| *known == ufunc)?;
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(&(_, function)) = known.iter().find(|(function, _)| *function == inner.function) {
        return function;
    }
    // SAFETY: asks for a name.
    let function = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize;
    // SAFETY: a function of the C library, of one double.
    let found = unsafe { (function != 0 && calls(inner, function) && agree(inner, function)).then_some(function) };
    known.push((inner.function, found));
    found
}

/// Are the results the same?
///
/// # Safety
/// A loop with one operand, a function of one double.
unsafe fn agree(inner: Loop, function: usize) -> bool {
    // SAFETY: the caller's promise.
    let function: Function = unsafe { core::mem::transmute(function) };
    let is_same = |x: f64| {
        // SAFETY: the caller's promise.
        let (a, b) = unsafe { (loops::unary_double(inner.function, inner.data, x), function(x)) };
        a.to_bits() == b.to_bits()
    };
    let special = [0.0, -0.0, 1.0, -1.0, 0.5, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY, f64::NAN];
    // Any bits, and numbers of ordinary size.
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    special.into_iter().all(is_same)
        && (0..SAMPLES).all(|n| {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            let fraction = (bits >> 11) as f64 / (1_u64 << 53) as f64;
            let x = f64::from_bits(bits);
            is_same(if n % 4 == 0 && !x.is_nan() { x } else { (fraction - 0.25) * f64::from(1 << (n % 12)) })
        })
}

/// A module's memory: where its segments begin and end.
#[derive(Default)]
struct Module {
    address: usize,
    segments: Vec<(usize, usize)>,
}

impl Module {
    /// The module that something is part of.
    fn of(address: usize) -> Module {
        let mut module = Module { address, segments: Vec::new() };
        // SAFETY: the function below, with what it expects.
        unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut module).cast()) };
        module
    }

    /// How many bytes there are from an address on.
    fn room(&self, address: usize) -> usize {
        let inside = self.segments.iter().find(|(from, to)| (*from..*to).contains(&address));
        inside.map_or(0, |(_, to)| to - address)
    }

    /// The bytes at an address.
    fn bytes(&self, address: usize, count: usize) -> Option<&[u8]> {
        // SAFETY: memory of a module that stays loaded.
        (self.room(address) >= count).then(|| unsafe { core::slice::from_raw_parts(address as *const u8, count) })
    }

    /// Where the stub at an address jumps to, if it is one for functions of other modules.
    fn jumps_to(&self, stub: usize) -> Option<usize> {
        // The mark of a place that is called may come first.
        let is_marked = self.bytes(stub, 4)? == [0xf3, 0x0f, 0x1e, 0xfa];
        let jump = if is_marked { stub + 4 } else { stub };
        let is_bound = self.bytes(jump, 1)? == [0xf2];
        let jump = if is_bound { jump + 1 } else { jump };
        let slot = match *self.bytes(jump, 6)? {
            [0xff, 0x25, a, b, c, d] => (jump + 6).wrapping_add_signed(i32::from_le_bytes([a, b, c, d]) as isize),
            _ => return None,
        };
        Some(usize::from_le_bytes(self.bytes(slot, 8)?.try_into().ok()?))
    }
}

/// Notes the segments of a module if it is the one that is looked for.
///
/// # Safety
/// As `dl_iterate_phdr` calls it, with a [`Module`].
unsafe extern "C" fn look(info: *mut libc::dl_phdr_info, _size: usize, module: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let (info, module) = (&*info, &mut *module.cast::<Module>());
        let headers = core::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize);
        let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_R != 0);
        module.segments = loaded
            .map(|header| {
                let from = info.dlpi_addr as usize + header.p_vaddr as usize;
                (from, from + header.p_memsz as usize)
            })
            .collect();
        c_int::from(module.room(module.address) > 0)
    }
}

/// Does the loop's code call the function?
///
/// # Safety
/// A loop with one operand.
unsafe fn calls(inner: Loop, function: usize) -> bool {
    // The first call finds out where functions of other modules are.
    // SAFETY: the caller's promise.
    unsafe { loops::unary_double(inner.function, inner.data, 1.0) };
    let module = Module::of(inner.function);
    let reach = module.room(inner.function).min(REACH);
    let Some(code) = module.bytes(inner.function, reach) else { return false };
    code.windows(5).enumerate().any(|(at, bytes)| match *bytes {
        [0xe8, a, b, c, d] => {
            let after = inner.function + at + 5;
            let stub = after.wrapping_add_signed(i32::from_le_bytes([a, b, c, d]) as isize);
            stub == function || module.jumps_to(stub) == Some(function)
        }
        _ => false,
    })
}

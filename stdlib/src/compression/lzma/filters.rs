//! Filters as Python sees them (dicts) and as liblzma does.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use liblzma_sys as lz;
use rpy_vm::protocol::{mapping, number, sequence};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, Ref, exc, intern};

use super::stream::{check_code, lzma_error};

/// The longest chain of filters.
const LONGEST_CHAIN: usize = 4;

/// `lzma_options_delta`, which the bindings leave out.
#[repr(C)]
struct DeltaOptions {
    kind: u32,
    dist: u32,
    reserved_ints: [u32; 4],
    reserved_pointers: [*mut c_void; 2],
}

/// What stands behind a filter's pointer to its options.
enum Options {
    Lzma(Box<lz::lzma_options_lzma>),
    Delta(Box<DeltaOptions>),
    Bcj(Box<lz::lzma_options_bcj>),
}

impl Options {
    fn pointer(&mut self) -> *mut c_void {
        match self {
            Options::Lzma(options) => (&raw mut **options).cast(),
            Options::Delta(options) => (&raw mut **options).cast(),
            Options::Bcj(options) => (&raw mut **options).cast(),
        }
    }
}

/// Filters with their options, ended by an unknown one, as liblzma wants them.
pub struct FilterChain {
    raw: Vec<lz::lzma_filter>,
    #[expect(dead_code, reason = "owned for the pointers in `raw`")]
    options: Vec<Options>,
}

/// A number without sign of a given width; the widths differ by the C type that the error names.
///
/// # Errors
/// `TypeError`, `OverflowError`.
pub fn unsigned<T: TryFrom<u64>>(value: &PyObject, c_type: &str) -> PyResult<T> {
    let wide = unsigned_long_long(value)?;
    T::try_from(wide).map_err(|_| exc::overflow_error(format!("Value too large for {c_type} type")))
}

/// `PyLong_AsUnsignedLongLong`.
///
/// # Errors
/// `TypeError`, `OverflowError`.
pub fn unsigned_long_long(value: &PyObject) -> PyResult<u64> {
    let Some(value) = value.downcast_ref::<PyInt>() else {
        return Err(exc::type_error("an integer is required"));
    };
    value.as_u64().ok_or_else(|| {
        if value.is_negative() {
            exc::value_error("Cannot convert negative int")
        } else {
            exc::overflow_error("int too big to convert")
        }
    })
}

/// The LZMA options of a preset.
///
/// # Errors
/// `LZMAError`.
pub fn preset_options(preset: u32) -> PyResult<Box<lz::lzma_options_lzma>> {
    let mut options = Box::new(MaybeUninit::<lz::lzma_options_lzma>::zeroed());
    // SAFETY: the function fills in the struct it is given.
    if unsafe { lz::lzma_lzma_preset(options.as_mut_ptr(), preset) } != 0 {
        return Err(lzma_error(format!("Invalid compression preset: {preset}")));
    }
    // SAFETY: filled in; all-zero is valid for the rest.
    Ok(unsafe { options.assume_init() })
}

/// The entries of a specification, each allowed once by `names`.
fn entries(spec: &PyObject, names: &[&str]) -> PyResult<Vec<(String, ObjRef)>> {
    let mut out = Vec::new();
    let keys = mapping::keys(spec)?;
    for key in sequence::fast(keys.as_object())? {
        let name = key.downcast_ref::<PyStr>().map(|name| name.to_string_lossy().into_owned());
        match name {
            Some(name) if names.contains(&name.as_str()) => {
                if let Some(value) = mapping::get_opt(spec, &key)? {
                    out.push((name, value));
                }
            }
            _ => return Err(exc::type_error("unexpected entry")),
        }
    }
    Ok(out)
}

fn invalid(filter: &str) -> PyErr {
    exc::value_error(format!("Invalid filter specifier for {filter} filter"))
}

fn lzma_options(spec: &PyObject) -> PyResult<Options> {
    const NAMES: [&str; 10] = ["id", "preset", "dict_size", "lc", "lp", "pb", "mode", "nice_len", "mf", "depth"];
    let preset = match mapping::get_opt_str(spec, intern!("preset"))? {
        Some(preset) => unsigned(&preset, "uint32_t")?,
        None => lz::LZMA_PRESET_DEFAULT,
    };
    let mut options = preset_options(preset)?;
    for (name, value) in entries(spec, &NAMES).map_err(|_| invalid("LZMA"))? {
        let field = match name.as_str() {
            "dict_size" => &mut options.dict_size,
            "lc" => &mut options.lc,
            "lp" => &mut options.lp,
            "pb" => &mut options.pb,
            "mode" => &mut options.mode,
            "nice_len" => &mut options.nice_len,
            "mf" => &mut options.mf,
            "depth" => &mut options.depth,
            _ => continue,
        };
        *field = unsigned(&value, "uint32_t").map_err(|_| invalid("LZMA"))?;
    }
    Ok(Options::Lzma(options))
}

/// The one option that delta and BCJ filters have.
fn single_option(spec: &PyObject, name: &'static str, default: u32, filter: &str) -> PyResult<u32> {
    let mut result = default;
    for (key, value) in entries(spec, &["id", name]).map_err(|_| invalid(filter))? {
        if key == name {
            result = unsigned(&value, "uint32_t").map_err(|_| invalid(filter))?;
        }
    }
    Ok(result)
}

fn parse_one(spec: &PyObject) -> PyResult<(lz::lzma_vli, Options)> {
    if !mapping::check(spec) {
        return Err(exc::type_error("Filter specifier must be a dict or dict-like object"));
    }
    let Some(id) = mapping::get_opt_str(spec, intern!("id"))? else {
        return Err(exc::value_error("Filter specifier must have an \"id\" entry"));
    };
    let id = unsigned_long_long(&id)?;
    let options = match id {
        lz::LZMA_FILTER_LZMA1 | lz::LZMA_FILTER_LZMA2 => lzma_options(spec)?,
        lz::LZMA_FILTER_DELTA => Options::Delta(Box::new(DeltaOptions {
            kind: 0,
            dist: single_option(spec, "dist", 1, "delta")?,
            reserved_ints: [0; 4],
            reserved_pointers: [core::ptr::null_mut(); 2],
        })),
        lz::LZMA_FILTER_X86
        | lz::LZMA_FILTER_POWERPC
        | lz::LZMA_FILTER_IA64
        | lz::LZMA_FILTER_ARM
        | lz::LZMA_FILTER_ARMTHUMB
        | lz::LZMA_FILTER_SPARC => {
            let start_offset = single_option(spec, "start_offset", 0, "BCJ")?;
            Options::Bcj(Box::new(lz::lzma_options_bcj { start_offset }))
        }
        _ => return Err(invalid_id(id)),
    };
    Ok((id, options))
}

fn invalid_id(id: lz::lzma_vli) -> PyErr {
    exc::value_error(format!("Invalid filter ID: {id}"))
}

impl FilterChain {
    fn build(parsed: Vec<(lz::lzma_vli, Options)>) -> FilterChain {
        let (ids, mut options): (Vec<_>, Vec<_>) = parsed.into_iter().unzip();
        let mut raw: Vec<lz::lzma_filter> = ids
            .into_iter()
            .zip(&mut options)
            .map(|(id, options)| lz::lzma_filter { id, options: options.pointer() })
            .collect();
        raw.push(lz::lzma_filter { id: lz::LZMA_VLI_UNKNOWN, options: core::ptr::null_mut() });
        FilterChain { raw, options }
    }

    /// A sequence of specifications.
    ///
    /// # Errors
    /// `TypeError`, `ValueError`, `LZMAError`.
    pub fn parse(specs: &PyObject) -> PyResult<FilterChain> {
        if !sequence::check(specs) {
            return Err(exc::type_error(format!("{} is not a sequence", specs.ty().name())));
        }
        let count = rpy_vm::protocol::object::size(specs)?;
        if count > LONGEST_CHAIN {
            return Err(exc::value_error(format!("Too many filters - liblzma supports a maximum of {LONGEST_CHAIN}")));
        }
        let mut parsed = Vec::with_capacity(count);
        for index in 0..count {
            let spec = sequence::get_item_index(specs, index as isize)?;
            parsed.push(parse_one(&spec)?);
        }
        Ok(FilterChain::build(parsed))
    }

    /// What liblzma takes.
    pub fn as_ptr(&self) -> *const lz::lzma_filter {
        self.raw.as_ptr()
    }

    /// The options, if the chain is a single LZMA1 filter.
    pub fn single_lzma1(&self) -> Option<*const lz::lzma_options_lzma> {
        match &self.raw[..] {
            [filter, _end] if filter.id == lz::LZMA_FILTER_LZMA1 => Some(filter.options.cast_const().cast()),
            _ => None,
        }
    }
}

/// `_encode_filter_properties`.
///
/// # Errors
/// As for [`FilterChain::parse`].
pub fn encode_properties(spec: &PyObject) -> PyResult<Vec<u8>> {
    let chain = FilterChain::build(vec![parse_one(spec)?]);
    let mut size = 0;
    // SAFETY: the chain has at least one filter with its options.
    unsafe {
        check_code(lz::lzma_properties_size(&mut size, chain.as_ptr()))?;
        let mut out = vec![0; size as usize];
        check_code(lz::lzma_properties_encode(chain.as_ptr(), out.as_mut_ptr()))?;
        Ok(out)
    }
}

/// `_decode_filter_properties`.
///
/// # Errors
/// `LZMAError`, `ValueError`.
pub fn decode_properties(id: lz::lzma_vli, properties: &[u8]) -> PyResult<Ref<PyDict>> {
    let mut filter = lz::lzma_filter { id, options: core::ptr::null_mut() };
    // SAFETY: without an allocator the options come from `malloc`; they are read according to the filter, and freed.
    unsafe {
        check_code(lz::lzma_properties_decode(&mut filter, core::ptr::null(), properties.as_ptr(), properties.len()))?;
        let spec = describe(&filter);
        libc::free(filter.options);
        spec
    }
}

/// # Safety
/// The options are those of the filter, or NULL.
unsafe fn describe(filter: &lz::lzma_filter) -> PyResult<Ref<PyDict>> {
    let spec = PyDict::new();
    let set = |name: &str, value: u64| {
        spec.set_name(name, PyInt::from_u64(value).into_obj());
    };
    set("id", filter.id);
    // SAFETY: the caller's promise.
    unsafe {
        match filter.id {
            lz::LZMA_FILTER_LZMA1 | lz::LZMA_FILTER_LZMA2 => {
                if let Some(options) = filter.options.cast::<lz::lzma_options_lzma>().as_ref() {
                    if filter.id == lz::LZMA_FILTER_LZMA1 {
                        set("lc", options.lc.into());
                        set("lp", options.lp.into());
                        set("pb", options.pb.into());
                    }
                    set("dict_size", options.dict_size.into());
                }
            }
            lz::LZMA_FILTER_DELTA => {
                if let Some(options) = filter.options.cast::<DeltaOptions>().as_ref() {
                    set("dist", options.dist.into());
                }
            }
            lz::LZMA_FILTER_X86
            | lz::LZMA_FILTER_POWERPC
            | lz::LZMA_FILTER_IA64
            | lz::LZMA_FILTER_ARM
            | lz::LZMA_FILTER_ARMTHUMB
            | lz::LZMA_FILTER_SPARC => {
                // An offset of zero is not written, and read as no options at all.
                if let Some(options) = filter.options.cast::<lz::lzma_options_bcj>().as_ref() {
                    set("start_offset", options.start_offset.into());
                }
            }
            id => return Err(invalid_id(id)),
        }
    }
    Ok(spec)
}

/// A check's number, as the C library's type.
pub fn check_id(value: &PyObject) -> PyResult<u32> {
    let value = number::index(value)?;
    value.as_i32().map(|id| id as u32).ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))
}

//! `_locale`: the C library's locale.

use std::ffi::{CStr, CString};

use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyErr, PyResult, exc};

/// `locale.Error`.
static ERROR: OptRef = OptRef::NULL;

fn error(message: &str) -> PyErr {
    crate::support::error_of(&ERROR, exc::Exception(), message)
}

unsafe extern "C" {
    fn strcoll(a: *const libc::c_char, b: *const libc::c_char) -> libc::c_int;
    fn strxfrm(to: *mut libc::c_char, from: *const libc::c_char, size: libc::size_t) -> libc::size_t;
    fn gettext(message: *const libc::c_char) -> *mut libc::c_char;
    fn dgettext(domain: *const libc::c_char, message: *const libc::c_char) -> *mut libc::c_char;
    fn dcgettext(domain: *const libc::c_char, message: *const libc::c_char, category: libc::c_int)
    -> *mut libc::c_char;
    fn textdomain(domain: *const libc::c_char) -> *mut libc::c_char;
    fn bindtextdomain(domain: *const libc::c_char, dir: *const libc::c_char) -> *mut libc::c_char;
    fn bind_textdomain_codeset(domain: *const libc::c_char, codeset: *const libc::c_char) -> *mut libc::c_char;
}

/// A text of the C library, which may be null.
fn text(pointer: *const libc::c_char) -> Option<ObjRef> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: a NUL-terminated string of the C library, copied at once.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    Some(rpy_vm::runtime::codecs::fs_decode(bytes).into_obj())
}

/// The encoding of the present locale.
pub fn encoding() -> String {
    // SAFETY: a text of the C library, copied at once.
    let codeset = unsafe { CStr::from_ptr(libc::nl_langinfo(libc::CODESET)) }.to_string_lossy().into_owned();
    if codeset.is_empty() { "UTF-8".to_owned() } else { codeset }
}

fn c_string(text: &str) -> PyResult<CString> {
    CString::new(text).map_err(|_| exc::value_error("embedded null character"))
}

fn c_text(text: &PyStr) -> PyResult<CString> {
    CString::new(rpy_vm::runtime::codecs::fs_encode(text)?).map_err(|_| exc::value_error("embedded null character"))
}

const CATEGORIES: &[(&str, i64)] =
    crate::libc_numbers![LC_CTYPE, LC_TIME, LC_COLLATE, LC_MONETARY, LC_MESSAGES, LC_NUMERIC, LC_ALL];

const LANGINFO: &[(&str, i64)] = crate::libc_numbers![
    DAY_1,
    DAY_2,
    DAY_3,
    DAY_4,
    DAY_5,
    DAY_6,
    DAY_7,
    ABDAY_1,
    ABDAY_2,
    ABDAY_3,
    ABDAY_4,
    ABDAY_5,
    ABDAY_6,
    ABDAY_7,
    MON_1,
    MON_2,
    MON_3,
    MON_4,
    MON_5,
    MON_6,
    MON_7,
    MON_8,
    MON_9,
    MON_10,
    MON_11,
    MON_12,
    ABMON_1,
    ABMON_2,
    ABMON_3,
    ABMON_4,
    ABMON_5,
    ABMON_6,
    ABMON_7,
    ABMON_8,
    ABMON_9,
    ABMON_10,
    ABMON_11,
    ABMON_12,
    RADIXCHAR,
    THOUSEP,
    CRNCYSTR,
    D_FMT,
    D_T_FMT,
    T_FMT,
    T_FMT_AMPM,
    AM_STR,
    PM_STR,
    CODESET,
    YESEXPR,
    NOEXPR,
    ERA,
    ERA_D_FMT,
    ERA_D_T_FMT,
    ERA_T_FMT,
    ALT_DIGITS,
];

/// `_DATE_FMT`, which the libc crate does not have.
const DATE_FMT: i64 = 0x2006c;

/// Support for POSIX locales.
#[rpy_vm::pymodule(name = "_locale")]
pub mod locale_ {
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, PyResult, exc};

    use super::{CATEGORIES, CStr, DATE_FMT, ERROR, LANGINFO, c_string, c_text, error, text};
    use crate::support::int;

    /// Activates/queries locale settings.
    #[pyfunction(sig = "(category, locale=None, /)")]
    fn setlocale(category: i32, locale: Option<&str>) -> PyResult<ObjRef> {
        let name = locale.map(c_string).transpose()?;
        let pointer = name.as_ref().map_or(core::ptr::null(), |n| n.as_ptr());
        // SAFETY: a NUL-terminated name, or null to ask.
        let result = unsafe { libc::setlocale(category, pointer) };
        text(result)
            .ok_or_else(|| error(if locale.is_some() { "unsupported locale setting" } else { "locale query failed" }))
    }

    fn grouping(pointer: *const libc::c_char) -> ObjRef {
        let mut all = Vec::new();
        if !pointer.is_null() {
            // SAFETY: a NUL-terminated array of sizes.
            let sizes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
            if !sizes.is_empty() {
                all.extend(sizes.iter().map(|n| int((*n).into())));
                all.push(int(0));
                // An explicit end is kept instead of the zero.
                if let Some(at) = sizes.iter().position(|n| *n == 127) {
                    all.truncate(at + 1);
                }
            }
        }
        PyList::new(all).into_obj()
    }

    /// Returns numeric and monetary locale-specific parameters.
    #[pyfunction]
    fn localeconv() -> PyResult<ObjRef> {
        let dict = PyDict::new();
        // SAFETY: the C library's own structure, read at once.
        let conv = unsafe { &*libc::localeconv() };
        let put = |name: &str, pointer: *const libc::c_char| {
            dict.set_name(name, text(pointer).unwrap_or_else(|| PyStr::empty().into_obj()));
        };
        put("decimal_point", conv.decimal_point);
        put("thousands_sep", conv.thousands_sep);
        dict.set_name("grouping", grouping(conv.grouping));
        put("int_curr_symbol", conv.int_curr_symbol);
        put("currency_symbol", conv.currency_symbol);
        put("mon_decimal_point", conv.mon_decimal_point);
        put("mon_thousands_sep", conv.mon_thousands_sep);
        dict.set_name("mon_grouping", grouping(conv.mon_grouping));
        put("positive_sign", conv.positive_sign);
        put("negative_sign", conv.negative_sign);
        for (name, value) in [
            ("int_frac_digits", conv.int_frac_digits),
            ("frac_digits", conv.frac_digits),
            ("p_cs_precedes", conv.p_cs_precedes),
            ("p_sep_by_space", conv.p_sep_by_space),
            ("n_cs_precedes", conv.n_cs_precedes),
            ("n_sep_by_space", conv.n_sep_by_space),
            ("p_sign_posn", conv.p_sign_posn),
            ("n_sign_posn", conv.n_sign_posn),
        ] {
            dict.set_name(name, int(value as i64));
        }
        Ok(dict.into_obj())
    }

    /// Compares two strings according to the locale.
    #[pyfunction(sig = "(os1, os2, /)")]
    fn strcoll(os1: &PyStr, os2: &PyStr) -> PyResult<i32> {
        let (a, b) = (c_text(os1)?, c_text(os2)?);
        // SAFETY: NUL-terminated strings.
        Ok(unsafe { super::strcoll(a.as_ptr(), b.as_ptr()) })
    }

    /// Return a string that can be used as a key for locale-aware comparisons.
    #[pyfunction(sig = "(string, /)")]
    fn strxfrm(string: &PyStr) -> PyResult<ObjRef> {
        let source = c_text(string)?;
        // SAFETY: the first call asks for the size.
        let size = unsafe { super::strxfrm(core::ptr::null_mut(), source.as_ptr(), 0) };
        let mut out = vec![0u8; size + 1];
        // SAFETY: the target has the size asked for.
        unsafe { super::strxfrm(out.as_mut_ptr().cast(), source.as_ptr(), out.len()) };
        out.truncate(size);
        // The key is bytes: as text they compare in the same order.
        Ok(PyStr::try_from_latin1(&out)?.into_obj())
    }

    /// Return the value for the locale information associated with key.
    #[pyfunction(sig = "(key, /)")]
    fn nl_langinfo(key: i32) -> PyResult<ObjRef> {
        let known = i64::from(key) == DATE_FMT || LANGINFO.iter().any(|(_, k)| *k == i64::from(key));
        if !known {
            return Err(exc::value_error("unsupported langinfo constant"));
        }
        // SAFETY: a known item; the text is copied at once.
        let result = unsafe { libc::nl_langinfo(key) };
        if i64::from(key) == i64::from(libc::ALT_DIGITS) && !result.is_null() {
            // SAFETY: up to 100 strings in a row, ended by an empty one.
            let bytes = unsafe {
                let mut end = 0;
                for _ in 0..100 {
                    let len = CStr::from_ptr(result.add(end)).to_bytes().len();
                    if len == 0 {
                        break;
                    }
                    end += len + 1;
                }
                core::slice::from_raw_parts(result.cast::<u8>(), end)
            };
            let parts: Vec<String> = bytes
                .split(|b| *b == 0)
                .filter(|p| !p.is_empty())
                .map(|p| String::from_utf8_lossy(p).into_owned())
                .collect();
            return Ok(PyStr::from_string(parts.join(";")).into_obj());
        }
        Ok(text(result).unwrap_or_else(|| PyStr::empty().into_obj()))
    }

    /// Get the current locale encoding.
    #[pyfunction]
    fn getencoding() -> ObjRef {
        PyStr::from_string(super::encoding()).into_obj()
    }

    /// gettext(msg) -> string
    ///
    /// Return translation of msg.
    #[pyfunction(sig = "(msg, /)")]
    fn gettext(msg: &str) -> PyResult<Option<ObjRef>> {
        let msg = c_string(msg)?;
        // SAFETY: NUL-terminated strings, here and below.
        Ok(text(unsafe { super::gettext(msg.as_ptr()) }))
    }
    /// dgettext(domain, msg) -> string
    ///
    /// Return translation of msg in domain.
    #[pyfunction(sig = "(domain, msg, /)")]
    fn dgettext(domain: Option<&str>, msg: &str) -> PyResult<Option<ObjRef>> {
        let (domain, msg) = (domain.map(c_string).transpose()?, c_string(msg)?);
        let domain = domain.as_ref().map_or(core::ptr::null(), |d| d.as_ptr());
        // SAFETY: as above.
        Ok(text(unsafe { super::dgettext(domain, msg.as_ptr()) }))
    }
    /// Return translation of msg in domain and category.
    #[pyfunction(sig = "(domain, msg, category, /)")]
    fn dcgettext(domain: Option<&str>, msg: &str, category: i32) -> PyResult<Option<ObjRef>> {
        let (domain, msg) = (domain.map(c_string).transpose()?, c_string(msg)?);
        let domain = domain.as_ref().map_or(core::ptr::null(), |d| d.as_ptr());
        // SAFETY: as above.
        Ok(text(unsafe { super::dcgettext(domain, msg.as_ptr(), category) }))
    }
    /// Set the C library's textdmain to domain, returning the new domain.
    #[pyfunction(sig = "(domain, /)")]
    fn textdomain(domain: Option<&str>) -> PyResult<ObjRef> {
        let domain = domain.map(c_string).transpose()?;
        let domain = domain.as_ref().map_or(core::ptr::null(), |d| d.as_ptr());
        // SAFETY: as above.
        text(unsafe { super::textdomain(domain) }).ok_or_else(|| exc::os_error_last(None))
    }
    /// Bind the C library's domain to dir.
    #[pyfunction(sig = "(domain, dir, /)")]
    fn bindtextdomain(domain: &str, dir: Option<&rpy_vm::PyObject>) -> PyResult<ObjRef> {
        if domain.is_empty() {
            return Err(error("domain must be a non-empty string"));
        }
        let domain = c_string(domain)?;
        let dir = dir.map(rpy_vm::runtime::paths::path_c_string).transpose()?;
        let dir = dir.as_ref().map_or(core::ptr::null(), |d| d.as_ptr());
        // SAFETY: as above.
        text(unsafe { super::bindtextdomain(domain.as_ptr(), dir) }).ok_or_else(|| exc::os_error_last(None))
    }
    /// Bind the C library's domain to codeset.
    #[pyfunction(sig = "(domain, codeset, /)")]
    fn bind_textdomain_codeset(domain: &str, codeset: Option<&str>) -> PyResult<Option<ObjRef>> {
        let (domain, codeset) = (c_string(domain)?, codeset.map(c_string).transpose()?);
        let codeset = codeset.as_ref().map_or(core::ptr::null(), |c| c.as_ptr());
        // SAFETY: as above.
        Ok(text(unsafe { super::bind_textdomain_codeset(domain.as_ptr(), codeset) }))
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        crate::support::add_numbers(module, CATEGORIES)?;
        crate::support::add_numbers(module, LANGINFO)?;
        module.add("_DATE_FMT", DATE_FMT)?;
        module.add("CHAR_MAX", 127)?;
        let class = crate::support::exception_class("locale", "Error", exc::Exception())?;
        ERROR.set(Some(class.clone()));
        module.add("Error", class)
    }
}

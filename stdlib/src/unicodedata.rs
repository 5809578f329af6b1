//! `unicodedata`: the Unicode character database, current and 3.2.

use rpy_vm::pymodule;

/// This module provides access to the Unicode Character Database which
/// defines character properties for all Unicode characters. The data in
/// this database is based on the UnicodeData.txt file version
/// 16.0.0 which is publicly available from https://www.unicode.org/.
///
/// The module uses the same names and symbols as defined by the
/// UnicodeData File Format 16.0.0.
#[pymodule(name = "unicodedata")]
pub mod unicodedata {
    use core::cell::Cell;

    use rpy_vm::object::PyStruct;
    use rpy_vm::object::alloc::new_exact;
    use rpy_vm::types::float::PyFloat;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, PyObject, PyResult, Ref, exc, pyclass, pymethods};
    use rustpython_unicode::{LookupResult, NormalizeForm, Ucd, character_name};
    use rustpython_wtf8::CodePoint;

    /// The version of the data that programs are told.
    #[pyattr(name = "unidata_version")]
    const UNIDATA_VERSION: &str = "16.0.0";

    const CURRENT: Ucd = Ucd::new(true);
    const OLD: Ucd = Ucd::new(false);

    /// The one character of an argument.
    fn character(object: &PyObject, function: &str) -> PyResult<CodePoint> {
        let Some(text) = object.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!(
                "{function}() argument{} must be a unicode character, not {}",
                if matches!(function, "decimal" | "digit" | "numeric" | "name") { " 1" } else { "" },
                object.ty().name()
            )));
        };
        if text.len() != 1 {
            return Err(exc::type_error(format!(
                "{function}(): argument{} must be a unicode character, not a string of length {}",
                if matches!(function, "decimal" | "digit" | "numeric" | "name") { " 1" } else { "" },
                text.len()
            )));
        }
        Ok(CodePoint::from_u32(text.char_at(0)).unwrap_or(CodePoint::from_char('\u{fffd}')))
    }

    fn or_default(found: Option<ObjRef>, default: Option<&PyObject>, complaint: &str) -> PyResult<ObjRef> {
        match (found, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.new_ref()),
            (None, None) => Err(exc::value_error(complaint)),
        }
    }

    fn decimal_in(ucd: Ucd, chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        let value = ucd.decimal(character(chr, "decimal")?);
        or_default(value.map(|v| PyInt::from_u64(v).into_obj()), default, "not a decimal")
    }

    fn digit_in(ucd: Ucd, chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        let value = ucd.digit(character(chr, "digit")?);
        or_default(value.map(|v| PyInt::from_u64(v).into_obj()), default, "not a digit")
    }

    fn numeric_in(ucd: Ucd, chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        let value = ucd.numeric(character(chr, "numeric")?);
        or_default(value.map(|v| PyFloat::new(v).into_obj()), default, "not a numeric character")
    }

    fn name_in(ucd: Ucd, chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        let name = character(chr, "name")?.to_char().filter(|&c| ucd.membership(c)).and_then(character_name);
        or_default(name.map(|name| PyStr::from_string(name).into_obj()), default, "no such name")
    }

    fn lookup_in(ucd: Ucd, name: &PyStr) -> PyResult<Ref<PyStr>> {
        let text = name.to_string_lossy();
        if text.len() > 256 {
            return Err(exc::key_error(PyStr::new("name too long").as_object()));
        }
        match ucd.lookup(&text) {
            // Names made of a number have one form: `-03400` names nothing.
            Some(LookupResult::Character(c))
                if !text.contains('-')
                    || !text.to_ascii_uppercase().contains("IDEOGRAPH-")
                    || character_name(c).is_some_and(|own| own.eq_ignore_ascii_case(&text)) =>
            {
                Ok(PyStr::from_char(c as u32))
            }
            Some(LookupResult::Sequence(text)) => Ok(PyStr::new(text)),
            Some(LookupResult::Character(_)) | None => {
                let complaint = PyStr::from_string(format!("undefined character name '{text}'"));
                Err(exc::key_error(complaint.as_object()))
            }
        }
    }

    fn form(name: &PyStr) -> PyResult<NormalizeForm> {
        name.to_string_lossy().parse().map_err(|()| exc::value_error("invalid normalization form"))
    }

    fn normalize_text(name: &PyStr, text: &PyStr) -> PyResult<Ref<PyStr>> {
        let form = form(name)?;
        if text.is_ascii() {
            return text.to_exact();
        }
        Ok(PyStr::from_wtf8(&rustpython_unicode::normalize(form, &text.as_wtf8())))
    }

    fn is_normalized_text(name: &PyStr, text: &PyStr) -> PyResult<bool> {
        let form = form(name)?;
        Ok(text.is_ascii() || rustpython_unicode::is_normalized(form, &text.as_wtf8()))
    }

    /// Converts a Unicode character into its equivalent decimal value.
    ///
    /// Returns the decimal value assigned to the character chr as integer.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pyfunction(sig = "(chr, default=<unrepresentable>, /)")]
    fn decimal(chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        decimal_in(CURRENT, chr, default)
    }

    /// Converts a Unicode character into its equivalent digit value.
    ///
    /// Returns the digit value assigned to the character chr as integer.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pyfunction(sig = "(chr, default=<unrepresentable>, /)")]
    fn digit(chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        digit_in(CURRENT, chr, default)
    }

    /// Converts a Unicode character into its equivalent numeric value.
    ///
    /// Returns the numeric value assigned to the character chr as float.
    /// If no such value is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pyfunction(sig = "(chr, default=<unrepresentable>, /)")]
    fn numeric(chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        numeric_in(CURRENT, chr, default)
    }

    /// Returns the general category assigned to the character chr as string.
    #[pyfunction(sig = "(chr, /)")]
    fn category(chr: &PyObject) -> PyResult<&'static str> {
        Ok(CURRENT.category(character(chr, "category")?))
    }

    /// Returns the bidirectional class assigned to the character chr as string.
    ///
    /// If no such value is defined, an empty string is returned.
    #[pyfunction(sig = "(chr, /)")]
    fn bidirectional(chr: &PyObject) -> PyResult<&'static str> {
        bidirectional_in(CURRENT, chr)
    }

    fn bidirectional_in(ucd: Ucd, chr: &PyObject) -> PyResult<&'static str> {
        let c = character(chr, "bidirectional")?;
        // The database lists no class for code points without a character.
        if ucd.category(c) == "Cn" {
            return Ok("");
        }
        Ok(if c.to_char().is_none() { "L" } else { ucd.bidirectional(c) })
    }

    /// Returns the canonical combining class assigned to the character chr as integer.
    ///
    /// Returns 0 if no combining class is defined.
    #[pyfunction(sig = "(chr, /)")]
    fn combining(chr: &PyObject) -> PyResult<u8> {
        Ok(CURRENT.combining(character(chr, "combining")?))
    }

    /// Returns the mirrored property assigned to the character chr as integer.
    ///
    /// Returns 1 if the character has been identified as a "mirrored"
    /// character in bidirectional text, 0 otherwise.
    #[pyfunction(sig = "(chr, /)")]
    fn mirrored(chr: &PyObject) -> PyResult<i32> {
        Ok(CURRENT.mirrored(character(chr, "mirrored")?))
    }

    /// Returns the east asian width assigned to the character chr as string.
    #[pyfunction(sig = "(chr, /)")]
    fn east_asian_width(chr: &PyObject) -> PyResult<&'static str> {
        Ok(CURRENT.east_asian_width(character(chr, "east_asian_width")?))
    }

    /// Returns the character decomposition mapping assigned to the character chr as string.
    ///
    /// An empty string is returned in case no such mapping is defined.
    #[pyfunction(sig = "(chr, /)")]
    fn decomposition(chr: &PyObject) -> PyResult<String> {
        decomposition_in(CURRENT, chr)
    }

    fn decomposition_in(ucd: Ucd, chr: &PyObject) -> PyResult<String> {
        const SYLLABLES: u32 = 0xac00;
        const TAILS: u32 = 28;
        const VOWELS: u32 = 21;
        let c = character(chr, "decomposition")?;
        if let Some(index) = c.to_u32().checked_sub(SYLLABLES).filter(|&index| index < 11172) {
            // Hangul: by arithmetic, down to the letters.
            let (lead, vowel, tail) = (index / (VOWELS * TAILS), index / TAILS % VOWELS, index % TAILS);
            let mut letters = format!("{:04X} {:04X}", 0x1100 + lead, 0x1161 + vowel);
            if tail > 0 {
                letters.push_str(&format!(" {:04X}", 0x11a7 + tail));
            }
            return Ok(letters);
        }
        if c.to_char().is_some_and(|c| !ucd.membership(c)) {
            return Ok(String::new());
        }
        Ok(ucd.decomposition(c))
    }

    /// Returns the name assigned to the character chr as a string.
    ///
    /// If no name is defined, default is returned, or, if not given,
    /// ValueError is raised.
    #[pyfunction(sig = "(chr, default=<unrepresentable>, /)")]
    fn name(chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        name_in(CURRENT, chr, default)
    }

    /// Look up character by name.
    ///
    /// If a character with the given name is found, return the
    /// corresponding character.  If not found, KeyError is raised.
    #[pyfunction(sig = "(name, /)")]
    fn lookup(name: &PyStr) -> PyResult<Ref<PyStr>> {
        lookup_in(CURRENT, name)
    }

    /// Return the normal form 'form' for the Unicode string unistr.
    ///
    /// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
    #[pyfunction(sig = "(form, unistr, /)")]
    fn normalize(form: &PyStr, unistr: &PyStr) -> PyResult<Ref<PyStr>> {
        normalize_text(form, unistr)
    }

    /// Return whether the Unicode string unistr is in the normal form 'form'.
    ///
    /// Valid values for form are 'NFC', 'NFKC', 'NFD', and 'NFKD'.
    #[pyfunction(sig = "(form, unistr, /)")]
    fn is_normalized(form: &PyStr, unistr: &PyStr) -> PyResult<bool> {
        is_normalized_text(form, unistr)
    }

    /// The database of Unicode 3.2.
    #[pyattr]
    fn ucd_3_2_0() -> ObjRef {
        new_exact(PyUcd { ob_base: PyObject::placeholder(), unused: Cell::new(0) }).into_obj()
    }

    /// A version of the character database.
    #[pyclass(name = "UCD", module = "unicodedata", no_new)]
    #[repr(C)]
    pub struct PyUcd {
        ob_base: PyObject,
        unused: Cell<usize>,
    }

    #[pymethods]
    impl PyUcd {
        #[pygetset]
        fn unidata_version(&self) -> &'static str {
            "3.2.0"
        }

        /// Converts a Unicode character into its equivalent decimal value.
        #[pymethod(sig = "($self, chr, default=<unrepresentable>, /)")]
        fn decimal(&self, chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
            decimal_in(OLD, chr, default)
        }

        /// Converts a Unicode character into its equivalent digit value.
        #[pymethod(sig = "($self, chr, default=<unrepresentable>, /)")]
        fn digit(&self, chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
            digit_in(OLD, chr, default)
        }

        /// Converts a Unicode character into its equivalent numeric value.
        #[pymethod(sig = "($self, chr, default=<unrepresentable>, /)")]
        fn numeric(&self, chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
            numeric_in(OLD, chr, default)
        }

        /// Returns the general category assigned to the character chr as string.
        #[pymethod(sig = "($self, chr, /)")]
        fn category(&self, chr: &PyObject) -> PyResult<&'static str> {
            Ok(OLD.category(character(chr, "category")?))
        }

        /// Returns the bidirectional class assigned to the character chr as string.
        #[pymethod(sig = "($self, chr, /)")]
        fn bidirectional(&self, chr: &PyObject) -> PyResult<&'static str> {
            bidirectional_in(OLD, chr)
        }

        /// Returns the canonical combining class assigned to the character chr as integer.
        #[pymethod(sig = "($self, chr, /)")]
        fn combining(&self, chr: &PyObject) -> PyResult<u8> {
            Ok(OLD.combining(character(chr, "combining")?))
        }

        /// Returns the mirrored property assigned to the character chr as integer.
        #[pymethod(sig = "($self, chr, /)")]
        fn mirrored(&self, chr: &PyObject) -> PyResult<i32> {
            Ok(OLD.mirrored(character(chr, "mirrored")?))
        }

        /// Returns the east asian width assigned to the character chr as string.
        #[pymethod(sig = "($self, chr, /)")]
        fn east_asian_width(&self, chr: &PyObject) -> PyResult<&'static str> {
            Ok(OLD.east_asian_width(character(chr, "east_asian_width")?))
        }

        /// Returns the character decomposition mapping assigned to the character chr as string.
        #[pymethod(sig = "($self, chr, /)")]
        fn decomposition(&self, chr: &PyObject) -> PyResult<String> {
            decomposition_in(OLD, chr)
        }

        /// Returns the name assigned to the character chr as a string.
        #[pymethod(sig = "($self, chr, default=<unrepresentable>, /)")]
        fn name(&self, chr: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
            name_in(OLD, chr, default)
        }

        /// Look up character by name.
        #[pymethod(sig = "($self, name, /)")]
        fn lookup(&self, name: &PyStr) -> PyResult<Ref<PyStr>> {
            lookup_in(OLD, name)
        }

        /// Return the normal form 'form' for the Unicode string unistr.
        #[pymethod(sig = "($self, form, unistr, /)")]
        fn normalize(&self, form: &PyStr, unistr: &PyStr) -> PyResult<Ref<PyStr>> {
            normalize_text(form, unistr)
        }

        /// Return whether the Unicode string unistr is in the normal form 'form'.
        #[pymethod(sig = "($self, form, unistr, /)")]
        fn is_normalized(&self, form: &PyStr, unistr: &PyStr) -> PyResult<bool> {
            is_normalized_text(form, unistr)
        }
    }
}

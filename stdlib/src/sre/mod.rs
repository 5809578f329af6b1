//! `_sre`: what `re` is built on. The engine executes the code words that `re._compiler` emits; the rest binds it to Python's
//! strings and objects.
//!
//! | File | What |
//! |---|---|
//! | `engine` | matching |
//! | `subject` | strings and buffers as the engine sees them |
//! | `pattern` | `re.Pattern` |
//! | `match_` | `re.Match` |
//! | `scanner` | the iterator behind `finditer` |
//! | `template` | compiled replacement templates |

pub mod engine;
pub mod match_;
pub mod pattern;
pub mod scanner;
pub mod subject;
pub mod template;

/// The regular expression engine.
#[rpy_vm::pymodule(name = "_sre")]
pub mod sre {
    use rpy_vm::protocol::number;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::unicode;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, exc};

    use super::{match_, pattern, scanner, template};

    #[pyattr]
    const MAGIC: usize = super::engine::words::MAGIC;
    #[pyattr]
    const CODESIZE: usize = 4;
    #[pyattr]
    const MAXREPEAT: usize = super::engine::words::MAXREPEAT as usize;
    #[pyattr]
    const MAXGROUPS: usize = i32::MAX as usize / 2;
    #[pyattr]
    fn copyright() -> &'static str {
        " SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB "
    }

    #[pyfunction(sig = "(pattern, flags, code, groups, groupindex, indexgroup)")]
    fn compile(
        pattern: &PyObject,
        flags: i32,
        code: &PyList,
        groups: isize,
        groupindex: &PyDict,
        indexgroup: &PyTuple,
    ) -> PyResult<ObjRef> {
        let mut codes = Vec::with_capacity(code.len());
        for item in code.items_snapshot() {
            let value = number::index(&item)?;
            match value.as_u32() {
                Some(value) => codes.push(value),
                None => return Err(exc::overflow_error("regular expression code size limit exceeded")),
            }
        }
        Ok(pattern::new(pattern, flags, codes, groups, groupindex, indexgroup)?.into_obj())
    }

    ///   template
    ///     A list containing interleaved literal strings (str or bytes) and group
    ///     indices (int), as returned by re._parser.parse_template():
    ///         literal1, group1, ..., literalN, groupN
    #[pyfunction(sig = "(pattern, template, /)")]
    fn template(pattern: &PyObject, template: &PyList) -> PyResult<ObjRef> {
        Ok(template::new(pattern, template)?.into_obj())
    }

    #[pyfunction]
    fn getcodesize() -> i32 {
        4
    }
    #[pyfunction]
    fn ascii_iscased(character: i32) -> bool {
        u8::try_from(character).is_ok_and(|c| c.is_ascii_alphabetic())
    }
    #[pyfunction]
    fn unicode_iscased(character: i32) -> bool {
        let c = character as u32;
        unicode::simple_lower(c) != c || unicode::simple_upper(c) != c
    }
    #[pyfunction]
    fn ascii_tolower(character: i32) -> i32 {
        u8::try_from(character).map_or(character, |c| c.to_ascii_lowercase() as i32)
    }
    #[pyfunction]
    fn unicode_tolower(character: i32) -> i32 {
        unicode::simple_lower(character as u32) as i32
    }

    #[pyexec]
    fn exec(_module: &PyModule) -> PyResult<()> {
        for ty in [
            pattern::PyPattern::type_object(),
            match_::PyMatch::type_object(),
            scanner::PyScanner::type_object(),
            template::PyTemplate::type_object(),
        ] {
            ensure_ready(ty)?;
        }
        Ok(())
    }
}

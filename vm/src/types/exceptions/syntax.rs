//! `SyntaxError`, its position fields, and how it prints.

use rpy_derive::{pyclass, pymethods};

use super::PyException;
use super::base::PyBaseException;
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef};
use crate::protocol::object as po;
use crate::runtime::gc::{Traverse, Visit};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;

const _: () = assert!(size_of::<PySyntaxError>() == 144);

/// Invalid syntax.
#[pyclass(
    name = "SyntaxError", symbol = "_PyExc_SyntaxError", base = PyException,
    flags(BASETYPE, HAVE_GC)
)]
#[repr(C)]
pub struct PySyntaxError {
    pub ob_base: PyBaseException,
    /// exception msg
    #[pymember(object)]
    pub msg: OptRef,
    /// exception filename
    #[pymember(object)]
    pub filename: OptRef,
    /// exception lineno
    #[pymember(object)]
    pub lineno: OptRef,
    /// exception offset
    #[pymember(object)]
    pub offset: OptRef,
    /// exception end lineno
    #[pymember(object)]
    pub end_lineno: OptRef,
    /// exception end offset
    #[pymember(object)]
    pub end_offset: OptRef,
    /// exception text
    #[pymember(object)]
    pub text: OptRef,
    /// exception print_file_and_line
    #[pymember(object)]
    pub print_file_and_line: OptRef,
    /// exception private metadata
    #[pymember(object, name = "_metadata")]
    pub metadata: OptRef,
}

impl PySyntaxError {
    fn fields(&self) -> [&OptRef; 9] {
        [
            &self.msg,
            &self.filename,
            &self.lineno,
            &self.offset,
            &self.end_lineno,
            &self.end_offset,
            &self.text,
            &self.print_file_and_line,
            &self.metadata,
        ]
    }
}

#[pymethods]
impl PySyntaxError {
    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        self.ob_base.base_init(args, kwargs)?;
        if let Some(msg) = args.get(0) {
            self.msg.set(Some(msg.new_ref()));
        }
        if args.len() != 2 {
            return Ok(());
        }
        let Some(info) = args.get(1) else { return Ok(()) };
        let info = crate::protocol::sequence::to_tuple(info)?;
        for field in [&self.end_lineno, &self.end_offset] {
            field.set(None);
        }
        let count = info.len();
        if !(4..=7).contains(&count) {
            let (bound, limit) = if count < 4 { ("at least", 4) } else { ("at most", 7) };
            return Err(exc::type_error(format!("function takes {bound} {limit} arguments ({count} given)")));
        }
        let at = |i: usize| info.get(i).map(|item| item.new_ref());
        self.filename.set(at(0));
        self.lineno.set(at(1));
        self.offset.set(at(2));
        self.text.set(at(3));
        self.end_lineno.set(at(4));
        self.end_offset.set(at(5));
        self.metadata.set(at(6));
        if count == 5 {
            return Err(exc::type_error("end_offset must be provided when end_lineno is provided"));
        }
        Ok(())
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.ob_base.traverse_base(v);
        for field in self.fields() {
            field.traverse(v);
        }
    }

    #[slot]
    fn tp_clear(&self) {
        self.ob_base.clear_base();
        for field in self.fields() {
            field.take();
        }
    }

    /// The message, with the file's base name and the line where they are known.
    #[slot]
    fn tp_str(&self) -> PyResult<ObjRef> {
        let msg = po::str(&self.msg.get().unwrap_or_else(crate::none))?;
        let filename = self.filename.get();
        let filename = filename.as_ref().and_then(|name| name.downcast_ref::<PyStr>());
        let lineno = self.lineno.get();
        let lineno = lineno.as_ref().and_then(|line| line.downcast_exact::<PyInt>());
        if filename.is_none() && lineno.is_none() {
            return Ok(msg.into_obj());
        }
        let mut out = StrBuilder::new();
        out.push_py(&msg);
        out.push_str(" (");
        if let Some(filename) = filename {
            let start = (0..filename.len()).rev().find(|&i| filename.char_at(i) == u32::from('/')).map_or(0, |i| i + 1);
            out.push_py(&filename.substring(start, filename.len()));
        }
        if let Some(lineno) = lineno {
            if filename.is_some() {
                out.push_str(", ");
            }
            out.push_str(&format!("line {}", lineno.as_i64().unwrap_or(-1)));
        }
        out.push_str(")");
        Ok(out.finish().into_obj())
    }
}

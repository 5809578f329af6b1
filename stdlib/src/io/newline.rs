//! `IncrementalNewlineDecoder`: universal newlines.

use core::cell::Cell;

use rpy_vm::object::PyTypeObject;
use rpy_vm::protocol::call;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, Ref, exc, intern, pyclass, pymethods};

const SEEN_LF: u8 = 1;
const SEEN_CR: u8 = 2;
const SEEN_CRLF: u8 = 4;

/// Codec used when reading a file in universal newlines mode.
#[pyclass(name = "IncrementalNewlineDecoder", module = "_io", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyIncrementalNewlineDecoder {
    pub ob_base: PyObject,
    decoder: OptRef,
    errors: OptRef,
    translate: Cell<bool>,
    /// Has `__init__` run?
    ready: Cell<bool>,
    pending_cr: Cell<bool>,
    seen: Cell<u8>,
}

impl PyIncrementalNewlineDecoder {
    /// A decoder over `decoder` (or over text, for None).
    pub fn make(decoder: Option<ObjRef>, translate: bool) -> Ref<PyIncrementalNewlineDecoder> {
        rpy_vm::object::alloc::new_exact(PyIncrementalNewlineDecoder {
            ob_base: PyObject::placeholder(),
            decoder: OptRef::new(decoder),
            errors: OptRef::NULL,
            translate: Cell::new(translate),
            ready: Cell::new(true),
            pending_cr: Cell::new(false),
            seen: Cell::new(0),
        })
    }

    fn check_ready(&self) -> PyResult<()> {
        if self.ready.get() { Ok(()) } else { Err(exc::value_error("IncrementalNewlineDecoder.__init__() not called")) }
    }

    /// Decodes a piece of input; what ends in a carriage return waits for the next piece unless `final_`.
    pub fn decode_piece(&self, input: &PyObject, final_: bool) -> PyResult<Ref<PyStr>> {
        let output = match self.decoder.get() {
            Some(decoder) => {
                let flag = rpy_vm::py_bool(final_);
                call::call_method(&decoder, intern!("decode"), &[input, &flag])?
            }
            None => input.new_ref(),
        };
        let Ok(output) = output.downcast::<PyStr>() else {
            return Err(exc::type_error("decoder should return a string result"));
        };
        self.translate_text(output, final_)
    }

    /// Applies newline handling to decoded text.
    pub fn translate_text(&self, text: Ref<PyStr>, final_: bool) -> PyResult<Ref<PyStr>> {
        let length = text.len();
        let mut end = length;
        let had_cr = self.pending_cr.get() && (final_ || length > 0);
        if had_cr {
            self.pending_cr.set(false);
        }
        if !final_ && end > 0 && text.char_at(end - 1) == '\r' as u32 {
            end -= 1;
            self.pending_cr.set(true);
        }
        let no_cr = !had_cr && text.as_ascii().is_some_and(|t| !t.as_bytes()[..end].contains(&b'\r'));
        if no_cr {
            if let Some(t) = text.as_ascii()
                && t.as_bytes()[..end].contains(&b'\n')
            {
                self.seen.set(self.seen.get() | SEEN_LF);
            }
            return Ok(if end == length { text } else { text.substring(0, end) });
        }
        let mut out = StrBuilder::with_capacity(end + 1);
        let mut seen = self.seen.get();
        let mut after_cr = had_cr;
        let carry = |out: &mut StrBuilder, seen: &mut u8, next_is_lf: bool| {
            // A carriage return, alone or followed by a line feed.
            if next_is_lf {
                *seen |= SEEN_CRLF;
                if self.translate.get() {
                    out.push_char('\n' as u32);
                } else {
                    out.push_str("\r\n");
                }
            } else {
                *seen |= SEEN_CR;
                out.push_char(if self.translate.get() { '\n' as u32 } else { '\r' as u32 });
            }
        };
        for i in 0..end {
            let c = text.char_at(i);
            if after_cr {
                carry(&mut out, &mut seen, c == '\n' as u32);
                after_cr = false;
                if c == '\n' as u32 {
                    continue;
                }
            }
            if c == '\r' as u32 {
                after_cr = true;
            } else {
                if c == '\n' as u32 {
                    seen |= SEEN_LF;
                }
                out.push_char(c);
            }
        }
        if after_cr {
            // Only at the end of everything, or before the pending one.
            carry(&mut out, &mut seen, false);
        }
        self.seen.set(seen);
        out.try_finish()
    }

    /// The newlines seen so far: None, a string, or a tuple of strings.
    pub fn seen_newlines(&self) -> ObjRef {
        let text = |s: &'static str| PyStr::interned(s).into_obj();
        match self.seen.get() {
            0 => rpy_vm::none(),
            SEEN_CR => text("\r"),
            SEEN_LF => text("\n"),
            SEEN_CRLF => text("\r\n"),
            seen => {
                let mut all = Vec::new();
                for (bit, s) in [(SEEN_CR, "\r"), (SEEN_LF, "\n"), (SEEN_CRLF, "\r\n")] {
                    if seen & bit != 0 {
                        all.push(text(s));
                    }
                }
                PyTuple::new(all).into_obj()
            }
        }
    }
}

#[pymethods]
impl PyIncrementalNewlineDecoder {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        let this = rpy_vm::object::alloc::new_in(
            cls,
            PyIncrementalNewlineDecoder {
                ob_base: PyObject::placeholder(),
                decoder: OptRef::NULL,
                errors: OptRef::NULL,
                translate: Cell::new(false),
                ready: Cell::new(false),
                pending_cr: Cell::new(false),
                seen: Cell::new(0),
            },
        )?;
        Ok(this.into_obj())
    }

    #[pyinit(sig = "(decoder, translate, errors='strict')")]
    fn py_init(&self, decoder: &PyObject, translate: bool, errors: Option<&PyObject>) -> PyResult<()> {
        self.decoder.set((!rpy_vm::is_none(decoder)).then(|| decoder.new_ref()));
        self.errors.set(Some(errors.map_or_else(|| PyStr::interned("strict").into_obj(), PyObject::new_ref)));
        self.translate.set(translate);
        self.pending_cr.set(false);
        self.seen.set(0);
        self.ready.set(true);
        Ok(())
    }

    #[pymethod(sig = "($self, input, final=False)")]
    fn decode(&self, input: &PyObject, final_: Option<bool>) -> PyResult<Ref<PyStr>> {
        self.check_ready()?;
        self.decode_piece(input, final_.unwrap_or(false))
    }

    #[pymethod]
    fn getstate(&self) -> PyResult<ObjRef> {
        self.check_ready()?;
        let (buffer, flag) = match self.decoder.get() {
            Some(decoder) => {
                let state = call::call_method(&decoder, intern!("getstate"), &[])?;
                let Some(state) = state.downcast_ref::<PyTuple>().filter(|t| t.len() == 2) else {
                    return Err(exc::type_error("illegal decoder state"));
                };
                let flag = state.items()[1].downcast_ref::<PyInt>().and_then(PyInt::as_i64).unwrap_or(0);
                (state.items()[0].new_ref(), flag)
            }
            None => (PyBytes::empty().into_obj(), 0),
        };
        let flag = flag << 1 | self.pending_cr.get() as i64;
        Ok(PyTuple::new(vec![buffer, PyInt::from_i64(flag).into_obj()]).into_obj())
    }

    #[pymethod(sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        self.check_ready()?;
        let Some(state) = state.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error("state argument must be a tuple"));
        };
        if state.len() != 2 {
            return Err(exc::type_error("illegal state argument"));
        }
        let flag = state.items()[1]
            .downcast_ref::<PyInt>()
            .and_then(PyInt::as_i64)
            .ok_or_else(|| exc::type_error("an integer is required"))?;
        self.pending_cr.set(flag & 1 != 0);
        if let Some(decoder) = self.decoder.get() {
            let inner = PyTuple::new(vec![state.items()[0].new_ref(), PyInt::from_i64(flag >> 1).into_obj()]);
            call::call_method(&decoder, intern!("setstate"), &[inner.as_object()])?;
        }
        Ok(())
    }

    #[pymethod]
    fn reset(&self) -> PyResult<()> {
        self.check_ready()?;
        self.seen.set(0);
        self.pending_cr.set(false);
        if let Some(decoder) = self.decoder.get() {
            call::call_method(&decoder, intern!("reset"), &[])?;
        }
        Ok(())
    }

    #[pygetset]
    fn newlines(&self) -> PyResult<ObjRef> {
        self.check_ready()?;
        Ok(self.seen_newlines())
    }
}

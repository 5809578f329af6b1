//! Formatting and f-strings, of objects of the exact built-in types that format without Python code.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::str::PyStr;

use super::state::{Hold, Sym};
use super::{Abort, Done, Recorder};
use crate::runtime::table;

/// Strings that one call joins.
const MOST_PARTS: usize = 6;

/// Is its text made without Python code?
fn is_plain(object: &PyObject) -> bool {
    PyStr::check_exact(object) || super::values::is_number(object) || rpy_vm::is_none(object)
}

impl Recorder {
    /// `FORMAT_SIMPLE`: `format(x, "")`.
    pub(super) unsafe fn format_simple(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        if !is_plain(real) {
            return Err(self.abort_on("the format of", real));
        }
        if PyStr::check_exact(real)
            && let Sym::Obj { value, .. } = self.peek(1)?
        {
            return self.guard_type(value, PyStr::type_object());
        }
        let value = self.materialize(1)?;
        self.guard_type(value, real.ty())?;
        let text = self.attempt(table::TO_STR, &[value])?;
        // SAFETY: the real operand.
        let ends = unsafe { self.late_ends(at, 1)? };
        self.conclude(1, ends, Some(Sym::Obj { value: text, hold: Hold::Owned }))
    }

    /// `FORMAT_WITH_SPEC`: the object, and a string on top.
    pub(super) unsafe fn format_with_spec(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let (object, spec) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        if !is_plain(object) || !PyStr::check_exact(spec) {
            return Err(self.abort_on("the format of", object));
        }
        let (o, s) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(o, object.ty())?;
        self.guard_type(s, PyStr::type_object())?;
        let text = self.attempt(table::FORMAT, &[o, s])?;
        // SAFETY: the real operands.
        let ends = unsafe { self.late_ends(at, 2)? };
        self.conclude(2, ends, Some(Sym::Obj { value: text, hold: Hold::Owned }))
    }

    /// `CONVERT_VALUE`: `str` (1) or `repr` (2).
    pub(super) unsafe fn convert_value(&mut self, at: Registers<'_>, which: usize) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let callee = match which {
            1 => table::TO_STR,
            2 => table::REPR,
            _ => return Err(Abort("a conversion")),
        };
        if !is_plain(real) {
            return Err(self.abort_on("a conversion of", real));
        }
        let value = self.materialize(1)?;
        self.guard_type(value, real.ty())?;
        let text = self.attempt(callee, &[value])?;
        // SAFETY: the real operand.
        let ends = unsafe { self.late_ends(at, 1)? };
        self.conclude(1, ends, Some(Sym::Obj { value: text, hold: Hold::Owned }))
    }

    /// `BUILD_STRING`: the parts are exact strings.
    pub(super) unsafe fn build_string(&mut self, at: Registers<'_>, count: usize) -> Done {
        if count > MOST_PARTS || count < 2 {
            return Err(Abort("a string of many parts"));
        }
        let mut parts = Vec::with_capacity(MOST_PARTS);
        for n in (1..=count).rev() {
            parts.push(self.materialize(n)?);
        }
        parts.resize(MOST_PARTS, self.nothing);
        let text = self.attempt(table::JOIN, &parts)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.late_ends(at, count)? };
        self.conclude(count, ends, Some(Sym::Obj { value: text, hold: Hold::Owned }))
    }
}

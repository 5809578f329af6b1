//! Parts of arrays that constant slices select: `a[1:-1]`, `a[:, None]`. They are operands of expressions, and what expressions are
//! stored into; views of them are made where they are wanted as objects ([`super::chain`]).

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::tuple::PyTuple;

use super::arrays::is_array;
use super::elements::Header;
use super::plan::Part;
use crate::ir::Value;
use crate::numpy::fuse::cut::Cut;
use crate::recorder::state::Sym;
use crate::recorder::{Abort, Recorder};

/// May the key select a part?
fn is_key(key: &PyObject) -> bool {
    let is_part =
        |part: &PyObject| PySlice::check_exact(part) || part.is(rpy_vm::none_ref()) || part.is(&rpy_vm::ellipsis());
    is_part(key) || key.downcast_exact::<PyTuple>().is_some_and(|tuple| tuple.items().iter().any(|part| is_part(part)))
}

impl Recorder {
    /// Is it a subscript of an array by slices?
    pub(super) fn is_part(&self, array: Option<&PyObject>, key: Option<&PyObject>) -> bool {
        array.is_some_and(is_array) && key.is_some_and(is_key)
    }

    /// The key on top, if it is a constant that selects a part of an array with such a header.
    fn constant_part(&mut self, header: &Header<'_>, key: &PyObject) -> Result<Option<(Value, &'static Cut)>, Abort> {
        if !is_key(key) || self.unbuilt.is_some() {
            return Ok(None);
        }
        let Sym::Obj { value, .. } = self.peek(1)? else { return Ok(None) };
        let cut = if value.is_const() { Cut::of(key, header.ndim) } else { None };
        let is_there = |cut: &Cut| header.strided().and_then(|whole| cut.part(&whole)).is_some();
        Ok(cut.filter(is_there).map(|cut| (value, cut.leaked())))
    }

    /// `array[key]` of a part. False if it is none, or not done here.
    pub(super) fn array_part(&mut self, array: Value, header: &Header<'_>, key: &PyObject) -> Result<bool, Abort> {
        let Some((value, cut)) = self.constant_part(header, key)? else { return Ok(false) };
        let Some(part) = header.strided().and_then(|whole| cut.part(&whole)).filter(|_| !self.is_hopeless()) else {
            return Ok(false);
        };
        self.guard_array(array, header, false)?;
        let ends = self.expect_end_of_key(key, 1, header.object)?;
        self.chain_part(Part { array, key: value, cut }, part.count() * header.width())?;
        self.chain_result(2, ends)?;
        Ok(true)
    }

    /// `array[key] = value` of a part and an expression. False if it is not done here.
    pub(super) fn store_part(&mut self, array: Value, header: &Header<'_>, key: &PyObject) -> Result<bool, Abort> {
        let is_computed = self.lazy_at(3).is_some_and(|node| self.is_step(node));
        let Some((_, cut)) = self.constant_part(header, key)?.filter(|_| is_computed) else { return Ok(false) };
        self.guard_array(array, header, true)?;
        let ends = self.expect_end_of_key(key, 1, header.object)?;
        self.chain_store(array, cut, header.scalar, 3, ends)?;
        Ok(true)
    }
}

//! Sums of expressions: `(a * b).sum()` needs no array for the products.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::types::descr::method::PyMethodDescr;
use rpy_vm::types::type_::lookup::lookup;

use super::elements::Header;
use crate::numpy::fuse::{Site, Target};
use crate::numpy::loops;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Recorder};

/// Is it the method `sum` of arrays?
fn is_sum(callable: &PyObject) -> bool {
    let numpy = crate::numpy::known();
    callable.downcast_exact::<PyMethodDescr>().is_some_and(|method| {
        let class = &raw const *method.d_type as usize;
        numpy.is_some_and(|numpy| numpy.array == class) && method.d_name.to_string_lossy() == "sum"
    })
}

impl Recorder {
    /// Is an array that has not been computed yet asked for its method `sum`?
    ///
    /// # Safety
    /// The registers are those of a live machine, at a `LOAD_ATTR`.
    pub(super) unsafe fn is_asked_for_sum(&self, at: Registers<'_>, arg: usize) -> bool {
        // SAFETY: the name of this instruction.
        let name = || unsafe { (*at.frame).code().name_at(arg >> 1) };
        arg & 1 != 0 && self.lazy_at(1).is_some() && name().to_string_lossy() == "sum"
    }

    /// Is it the call of that method?
    pub(super) fn is_call_of_sum(&self, callable: &PyObject, argc: usize) -> bool {
        argc == 0 && self.lazy_at(1).is_some() && is_sum(callable)
    }

    /// The node `n` below the top.
    pub(super) fn lazy_at(&self, n: usize) -> Option<u16> {
        let slots = &self.frames.last()?.slots;
        match slots.len().checked_sub(n).and_then(|at| slots.get(at)) {
            Some(Sym::Lazy(node)) => Some(*node),
            _ => None,
        }
    }

    /// `LOAD_ATTR` of an array that has not been computed yet. False if it is not one.
    pub(in crate::recorder) unsafe fn load_attr_of_chain(
        &mut self,
        at: Registers<'_>,
        arg: usize,
    ) -> Result<bool, Abort> {
        // SAFETY: passed on; the real operand.
        let owner = unsafe {
            if !self.is_asked_for_sum(at, arg) {
                return Ok(false);
            }
            self.real(at, 1)?
        };
        // SAFETY: the name of this instruction.
        let name = unsafe { (*at.frame).code().name_at(arg >> 1) };
        let Some(method) = lookup(owner.ty(), name).filter(|method| is_sum(method)) else { return Ok(false) };
        let node = self.pop()?;
        let value = self.constant_object(&method);
        self.push_obj(value, Hold::Constant);
        self.push(node);
        Ok(true)
    }

    /// A call of `sum` of an array that has not been computed yet. False if it is not one.
    pub(in crate::recorder) unsafe fn call_sum_of_chain(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        argc: usize,
    ) -> Result<bool, Abort> {
        if !self.is_call_of_sum(callable, argc) {
            return Ok(false);
        }
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Some(header) = Header::of(real).filter(|header| header.ndim == 1 && header.scalar.is_float()) else {
            return Ok(false);
        };
        let Some(ufunc) = super::ufuncs::own_ufunc("add") else { return Ok(false) };
        // SAFETY: a live ufunc.
        let Some(add) = (unsafe { loops::find(&ufunc, 2, header.scalar, header.scalar) }) else { return Ok(false) };
        let target = Target::Sum(add.function, add.data);
        let value = self
            .compute_alone(|expression, operands, start| Site::new(expression, operands, start, target, 0..0, false))?;
        self.pop()?;
        self.pop()?;
        self.push_obj(value, Hold::Owned);
        self.end_chain()?;
        Ok(true)
    }
}

//! Reductions of arrays and of expressions, by methods (`a.sum()`) and by functions (`np.sum(a)`): `(a * b).sum()` needs no array for the
//! products.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::types::descr::method::PyMethodDescr;
use rpy_vm::types::type_::lookup::lookup;

use super::elements::Header;
use super::ufuncs::{is_dispatcher, own_ufunc};
use crate::numpy::fuse::reduce::{Kind, PIECE, Reduction};
use crate::numpy::fuse::run::BIG;
use crate::numpy::fuse::space::Space;
use crate::numpy::loops;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Recorder};

/// What methods and functions of that name do.
fn kind_of(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// The reduction that a method of arrays is.
fn method(callable: &PyObject) -> Option<Kind> {
    let method = callable.downcast_exact::<PyMethodDescr>()?;
    let class = &raw const *method.d_type as usize;
    let is_arrays = crate::numpy::known().is_some_and(|numpy| numpy.array == class);
    kind_of(&method.d_name.to_string_lossy()).filter(|_| is_arrays)
}

/// The reduction that a call is: of a method with nothing but the array, or of a function with nothing but that.
fn reduction(callable: &PyObject, is_method: bool, argc: usize) -> Option<Kind> {
    match argc {
        0 if is_method => method(callable),
        1 if !is_method => {
            Kind::ALL.into_iter().find(|kind| is_dispatcher(callable, "numpy._core.fromnumeric", kind.name()))
        }
        _ => None,
    }
}

impl Recorder {
    /// Is an array that has not been computed yet asked for its method `sum`, or the like?
    ///
    /// # Safety
    /// The registers are those of a live machine, at a `LOAD_ATTR`.
    pub(super) unsafe fn is_asked_for_method(&self, at: Registers<'_>, arg: usize) -> bool {
        // SAFETY: the name of this instruction.
        let name = || unsafe { (*at.frame).code().name_at(arg >> 1) };
        arg & 1 != 0 && self.lazy_at(1).is_some() && kind_of(&name().to_string_lossy()).is_some()
    }

    /// Is it the call of one of them?
    pub(super) fn is_reduction(&self, callable: &PyObject, argc: usize) -> bool {
        self.lazy_at(1).is_some() && reduction(callable, argc == 0, argc).is_some()
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
            if !self.is_asked_for_method(at, arg) {
                return Ok(false);
            }
            self.real(at, 1)?
        };
        // SAFETY: the name of this instruction.
        let name = unsafe { (*at.frame).code().name_at(arg >> 1) };
        let Some(found) = lookup(owner.ty(), name).filter(|found| method(found).is_some()) else { return Ok(false) };
        let node = self.pop()?;
        let value = self.constant_object(&found);
        self.push_obj(value, Hold::Constant);
        self.push(node);
        Ok(true)
    }

    /// A call that reduces the array on top. False if it is not one.
    pub(in crate::recorder) unsafe fn call_reduction(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        is_method: bool,
        argc: usize,
    ) -> Result<bool, Abort> {
        let Some(kind) = reduction(callable, is_method, argc) else { return Ok(false) };
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Some(header) = Header::of(real).filter(|header| kind.fits(header.scalar)) else { return Ok(false) };
        let Some(space) = header.strided().and_then(|all| Space::of(&[(all, header.width())])) else {
            return Ok(false);
        };
        // numpy adds floats along rows.
        let is_in_order = space.is_line() || !kind.adds() || !header.scalar.is_float();
        // What is big, several threads compute, or other threads run while numpy does; what is scattered would be copied.
        // A sum of products needs no memory for them.
        let is_computed = self.lazy_at(1).is_some_and(|node| self.is_step(node));
        let saves_memory = kind == Kind::Sum && header.scalar.is_float() && is_computed;
        let most = if space.is_plain(0, header.width()) { BIG / header.width() } else { PIECE };
        let is_big = space.count() > most && !saves_memory;
        if !is_in_order || is_big || self.is_hopeless() {
            return Ok(false);
        }
        let Some(ufunc) = own_ufunc(kind.ufunc()) else { return Ok(false) };
        // SAFETY: a live ufunc. (Sums of small integers need none.)
        let step = unsafe { loops::find(&ufunc, 2, header.scalar, header.scalar) };
        let Some(step) = step else { return Ok(false) };
        let Sym::Obj { value: callee, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(callee, callable)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_call_end(at, argc)? };
        let value = self.reduce(header.scalar, Reduction { kind, step })?;
        for _ in 0..argc + 2 {
            self.pop()?;
        }
        self.push_obj(value, Hold::Owned);
        self.end_chain()?;
        self.release_all(ends)?;
        Ok(true)
    }
}

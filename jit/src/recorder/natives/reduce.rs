//! `object.__reduce_ex__`, with which objects are copied and pickled: where a class has a `__reduce__` of its own, that is called, and followed.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyStruct;
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::object::reduce::{is_reduce_ex, plain_reduce};

use crate::detour::Detour;
use crate::ir::{Op, Value};
use crate::recorder::calls::CALL_UNITS;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::table;

impl Recorder {
    /// `x.__reduce_ex__(protocol)`, a bound method; the callable has been guarded, but not the type of its receiver. False: it is another
    /// method, or does not come to a call of a Python function.
    pub(super) unsafe fn call_reduce_ex(
        &mut self,
        at: Registers<'_>,
        callable: &PyCFunction,
        this: &PyObject,
        receiver: Value,
    ) -> Result<bool, Abort> {
        if !is_reduce_ex(callable) {
            return Ok(false);
        }
        // SAFETY: the real argument.
        let protocol = unsafe { self.real(at, 1)? };
        let small = |n: i64| i32::try_from(n).is_ok();
        let is_known = match self.peek(1)? {
            Sym::Int(value) => self.trace().as_int(value).is_some_and(small),
            Sym::Obj { value, .. } if value.is_const() => {
                protocol.downcast_exact::<PyInt>().and_then(PyInt::medium_value).is_some_and(small)
            }
            _ => false,
        };
        let Some(function) = plain_reduce(this).filter(|_| is_known) else { return Ok(false) };
        let callee = if self.has_many_types(at, receiver, this) {
            Sym::Obj { value: self.attempt(table::REDUCE_OF, &[receiver])?, hold: Hold::Fragile }
        } else {
            self.guard_type(receiver, this.ty())?;
            self.guard_version(this.ty())?;
            let name = self.constant_object(rpy_vm::intern!("__reduce__").as_object());
            let lacks = self.call_runtime(table::INSTANCE_LACKS, &[receiver, name])?;
            self.guard(Op::GuardTrue, &[lacks])?;
            Sym::Obj { value: self.constant_object(function.as_object()), hold: Hold::Constant }
        };
        // SAFETY: passed on.
        unsafe { self.follow_bound(at, callee, function, this, receiver)? };
        Ok(true)
    }

    /// Follows a Python function that a built-in method with one argument calls with its receiver alone.
    unsafe fn follow_bound(
        &mut self,
        at: Registers<'_>,
        callee: Sym,
        function: &PyFunction,
        this: &PyObject,
        receiver: Value,
    ) -> Done {
        const WORDS: usize = 3;
        let mut entry = self.expect_callee(callee, function, 1, &[])?;
        self.give_function(&mut entry, callee, function.as_object())?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, WORDS)? };
        let hold = if receiver.is_const() { Hold::Constant } else { Hold::Fragile };
        // The method may go.
        let held = self.own(Sym::Obj { value: receiver, hold })?;
        self.take_function(&entry, callee)?;
        for _ in 0..WORDS {
            self.pop()?;
        }
        self.enter(entry, &[held], CALL_UNITS)?;
        self.release_all(ends)?;
        self.detour = Some(Detour {
            function: function.to_ref(),
            args: vec![this.new_ref()],
            names: Vec::new(),
            between: None,
            pops: WORDS,
            offset: CALL_UNITS,
        });
        Ok(())
    }
}

//! Attributes that built-in types compute natively, and the functions that look for attributes by a constant name.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyStruct;
use rpy_vm::types::descr::getset::PyGetSetDescr;
use rpy_vm::types::descr::member::PyMemberDescr;
use rpy_vm::types::str::PyStr;

use super::reviewed;
use crate::ir::{Op, Value};
use crate::recorder::attr::{INSIDE, MISSING};
use crate::recorder::ends::{Ends, Release};
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::table::{self, Function};

impl Recorder {
    /// Loads what a data descriptor computes natively; the owner's type has been guarded. False: it is not known to.
    pub(in crate::recorder) unsafe fn native_attribute(
        &mut self,
        at: Registers<'_>,
        object: Value,
        found: &PyObject,
        name: &PyStr,
        arg: usize,
    ) -> Result<bool, Abort> {
        let of = if let Some(descriptor) = found.downcast_exact::<PyGetSetDescr>() {
            &*descriptor.d_type
        } else if let Some(descriptor) = found.downcast_exact::<PyMemberDescr>() {
            &*descriptor.d_type
        } else {
            return Ok(false);
        };
        if !reviewed::is_attribute(of, &name.to_string_lossy()) {
            return Ok(false);
        }
        let key = self.constant_object(name.as_object());
        // SAFETY: passed on.
        unsafe { self.load_made(at, table::GET_ATTRIBUTE, &[object, key], arg)? };
        Ok(true)
    }

    /// Replaces the owner on top by an object that a function of the runtime makes, or raises for.
    pub(in crate::recorder) unsafe fn load_made(
        &mut self,
        at: Registers<'_>,
        callee: Function,
        args: &[Value],
        arg: usize,
    ) -> Done {
        let raw = self.peek_raw(1)?;
        // SAFETY: the real operand.
        let release = self.expect_release(raw, unsafe { self.real(at, 1)? })?;
        let value = self.call_runtime(callee, args)?;
        self.guard_raised(Op::GuardNonNull, value)?;
        self.pop()?;
        self.push_obj(value, Hold::Owned);
        if arg & 1 != 0 {
            self.push(Sym::Null);
        }
        self.release(release)
    }

    /// `getattr(x, "name")`, with or without a default, and `hasattr(x, "name")`.
    pub(in crate::recorder) unsafe fn call_getattr(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        argc: usize,
        asks: bool,
    ) -> Done {
        // SAFETY: the real operands.
        let (real, object) = unsafe { (self.real(at, argc - 1)?, self.real(at, argc)?) };
        let (Some(name), Sym::Obj { value, .. }) = (real.downcast_exact::<PyStr>(), self.peek(argc - 1)?) else {
            return Err(Abort("the name of an attribute"));
        };
        if !value.is_const() {
            return Err(Abort("an attribute whose name is not constant"));
        }
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, callable)?;
        // SAFETY: passed on.
        if unsafe { self.call_getattr_of_any(at, argc, asks, name)? } {
            return Ok(());
        }
        // All guards are before the call: what is popped below is still there where the interpreter goes on.
        self.snapshot();
        let mut ends = Ends::default();
        for n in (1..argc).chain([argc + 2]) {
            let raw = self.peek_raw(n)?;
            // SAFETY: the real words.
            self.expect_end(&mut ends, raw, unsafe { self.real(at, n)? })?;
        }
        let mut default = self.peek_raw(1)?;
        for _ in 1..argc {
            self.pop()?;
        }
        // SAFETY: so many words lie on the stack.
        let below = Registers { sp: unsafe { at.sp.sub(argc - 1) }, ..at };
        // SAFETY: the object is on top there.
        let result = match unsafe { self.load_named(below, name, INSIDE) } {
            Ok(()) if asks => {
                if let Sym::Obj { value, hold: Hold::Owned } = self.pop()? {
                    ends.push(Release::Last(value));
                }
                Sym::Bool(self.trace().bool(true))
            }
            Ok(()) => self.pop()?,
            Err(Abort(why)) if why == MISSING.0 && (asks || argc == 3) => {
                let raw = self.peek_raw(1)?;
                self.expect_end(&mut ends, raw, object)?;
                self.pop()?;
                if asks {
                    Sym::Bool(self.trace().bool(false))
                } else {
                    match default {
                        Sym::Obj { value, hold: Hold::Owned } => ends.keep(value),
                        // Before its lender goes.
                        other => default = self.own(other)?,
                    }
                    default
                }
            }
            Err(why) => return Err(why),
        };
        self.pop()?;
        self.pop()?;
        self.push(result);
        self.snapshot = None;
        self.release_all(ends)?;
        Ok(())
    }
}

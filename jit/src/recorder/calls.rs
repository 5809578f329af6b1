//! Calls of Python functions, which are followed, and returns.

use rpy_vm::interp::call::function_vectorcall;
use rpy_vm::interp::ops::calls::init_shim_code;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyStruct;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::code::co_flags;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::type_::PyType_Type;

use super::state::{Hold, Sym, SymFrame};
use super::values::Release;
use super::{Abort, Done, LEFT, MAX_DEPTH, Recorder};
use crate::ir::{Access, Class, ExitKind, Form, Inst, Op, Ty, Width};
use crate::runtime::table;

/// Units of `CALL`, its cache included.
const CALL_UNITS: u16 = 4;

/// What keeps a function from being followed.
const UNFOLLOWED: i32 = co_flags::VARARGS | co_flags::VARKEYWORDS;

impl Recorder {
    pub(super) unsafe fn call(&mut self, at: Registers<'_>, _op: u8, argc: usize) -> Done {
        // SAFETY: the real operands.
        let (callable, this) = unsafe { (self.real(at, argc + 2)?, (*at.sp.sub(argc + 1)).opt()) };
        if let Some(function) = callable.downcast_exact::<PyFunction>() {
            let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
            self.guard_is(value, callable)?;
            let raw = self.peek_raw(argc + 2)?;
            let release = self.expect_release(raw, callable)?;
            let mut args = Vec::with_capacity(argc + 1);
            for n in (1..=argc).rev() {
                args.push(self.peek_raw(n)?);
            }
            if this.is_some() {
                args.insert(0, self.peek_raw(argc + 1)?);
            }
            self.expect_enter(function, args.len())?;
            for _ in 0..argc + 2 {
                self.pop()?;
            }
            self.enter(function, &args, CALL_UNITS)?;
            return self.release(release);
        }
        if this.is_none()
            && let Some(ty) = callable.downcast_ref::<PyTypeObject>()
            && core::ptr::eq(ty.as_object().ty(), &PyType_Type)
        {
            // SAFETY: passed on.
            return unsafe { self.call_type(at, ty, argc) };
        }
        // SAFETY: passed on.
        unsafe { self.call_builtin(at, callable, this, argc) }
    }

    /// Guards what entering a function with so many arguments relies on.
    pub(super) fn expect_enter(&mut self, function: &PyFunction, argc: usize) -> Done {
        let code = function.code();
        let own = function.vectorcall.get().map(|f| f as usize) == Some(function_vectorcall as *const () as usize);
        if !own || code.co_flags & UNFOLLOWED != 0 || code.co_flags & co_flags::OPTIMIZED == 0 {
            return Err(Abort("a function that cannot be followed"));
        }
        let defaults = function.func_defaults.get().map_or(0, |d| d.len());
        let wanted = code.co_argcount as usize;
        if code.co_kwonlyargcount != 0 || argc > wanted || argc + defaults < wanted {
            return Err(Abort("arguments that do not match plainly"));
        }
        if self.frames.len() > MAX_DEPTH {
            return Err(Abort("calls too deep"));
        }
        if function.version() == 0 {
            return Err(Abort("a function without a version"));
        }
        let object = self.constant_object(function.as_object());
        let access = Access { class: Class::Other, offset: layout::FUNC_VERSION as i32, width: Width::U32 };
        let actual = self.emit(Inst::load(Ty::Int, object, access))?;
        let expected = self.trace().int(function.version() as i64);
        self.guard(Op::GuardIs, &[actual, expected])?;
        Ok(())
    }

    /// Opens a frame for `function`, behind [`Recorder::expect_enter`], once its arguments have left the caller's stack. The caller goes on `offset` units behind its
    /// instruction.
    pub(super) fn enter(&mut self, function: &PyFunction, args: &[Sym], offset: u16) -> Done {
        let code = function.code();
        let value = self.constant_object(function.as_object());
        // Snapshots name the code, which the function may lose.
        self.constant_object(code.as_object());
        let locals = code.co_nlocalsplus as usize;
        let wanted = code.co_argcount as usize;
        let mut slots = args.to_vec();
        if let Some(defaults) = function.func_defaults.get() {
            let first = wanted - defaults.len().min(wanted);
            for position in slots.len()..wanted {
                let Some(default) = defaults.get(position - first) else { return Err(Abort("defaults")) };
                slots.push(self.constant_sym(default));
            }
        }
        slots.resize(locals, Sym::Null);
        let call = self.last.0 as usize;
        let caller = self.top();
        if !caller.real.is_null() {
            // The call itself, not a prefix of it: that is what the offset counts from.
            caller.ip = call;
        }
        caller.return_offset = offset;
        self.frames.push(SymFrame {
            home: None,
            inlined: Some((value, Form::Shared, code.as_object().as_ptr() as usize)),
            real: core::ptr::null(),
            address: None,
            locals,
            slots,
            ip: code.code_ptr() as usize,
            return_offset: 0,
        });
        self.snapshot = None;
        Ok(())
    }

    /// `C(...)` for a class with plain instances and a Python `__init__`, or none.
    unsafe fn call_type(&mut self, at: Registers<'_>, ty: &PyTypeObject, argc: usize) -> Done {
        let init = ty.as_heap().map(|h| h.spec_cache_init.get()).unwrap_or(core::ptr::null_mut());
        // SAFETY: the instruction's cache; the type's own cached function.
        let cached = unsafe { (at.instr.add(2) as *const u32).read_unaligned() };
        let specialized = unsafe { *at.instr as u8 } == rpy_vm::interp::opcode::CALL_ALLOC_AND_ENTER_INIT;
        if !specialized || init.is_null() || ty.tp_version_tag.get() != cached {
            // SAFETY: passed on.
            return unsafe { self.call_known_type(at, ty, argc) };
        }
        // SAFETY: cached while the type's version stands.
        let init: &PyFunction = unsafe { (*init).cast_unchecked_ref() };
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, ty.as_object())?;
        self.guard_version(ty)?;
        self.expect_enter(init, argc + 1)?;
        let raw = self.peek_raw(argc + 2)?;
        let release = self.expect_release(raw, ty.as_object())?;
        let shim = init_shim_code().map_err(|_| Abort("no memory"))?;
        let class = self.type_constant(ty);
        let object = self.call_runtime(table::NEW_INSTANCE, &[class])?;
        let raise = self.new_snapshot(ExitKind::Raise);
        self.emit(Inst::new(Op::GuardNonNull, &[object]).at(raise))?;
        let mut args = vec![Sym::Obj { value: object, hold: Hold::Fragile }];
        for n in (1..=argc).rev() {
            args.push(self.peek_raw(n)?);
        }
        for _ in 0..argc + 2 {
            self.pop()?;
        }
        // The frame between, which checks what `__init__` returns and hands the object out. It owns the object.
        let function = self.constant_object(init.as_object());
        self.constant_object(shim.as_object());
        self.top().return_offset = CALL_UNITS;
        self.frames.push(SymFrame {
            home: None,
            inlined: Some((function, Form::Shared, shim.as_object().as_ptr() as usize)),
            real: core::ptr::null(),
            address: None,
            locals: 0,
            slots: vec![Sym::Obj { value: object, hold: Hold::Owned }],
            ip: shim.code_ptr() as usize,
            return_offset: 0,
        });
        args[0] = Sym::Obj { value: object, hold: Hold::Slot { frame: (self.frames.len() - 1) as u8, slot: 0 } };
        self.enter(init, &args, 0)?;
        self.release(release)
    }

    /// `__init__` has returned into the frame that checks its result.
    pub(super) unsafe fn exit_init_check(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        if !rpy_vm::is_none(real) {
            return Err(Abort("__init__ returned something"));
        }
        let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("__init__ returned something")) };
        self.guard_is(value, real)?;
        self.pop()?;
        Ok(())
    }

    pub(super) unsafe fn return_value(&mut self, at: Registers<'_>) -> Done {
        if self.in_base() {
            return Err(if self.is_path() { Abort("a return") } else { LEFT });
        }
        if self.top().home.is_some() {
            return self.return_from_generator();
        }
        let index = self.frames.len() - 1;
        // What leaves with the frame. The locals' ends are guarded before anything happens.
        let result = self.peek_raw(1)?;
        let taken = match result {
            Sym::Obj { hold: Hold::Slot { frame, slot }, .. } if frame as usize == index => Some(slot as usize),
            _ => None,
        };
        let mut releases = Vec::new();
        for slot in 0..self.frames[index].slots.len() - 1 {
            if taken == Some(slot) {
                continue;
            }
            let sym = self.frames[index].slots[slot];
            // SAFETY: the same slot of the real frame.
            if let Some(real) = unsafe { real_slot(at, slot) } {
                releases.push(self.expect_release(sym, real)?);
            }
        }
        let result = match (result, taken) {
            (Sym::Obj { value, .. }, Some(slot)) => match self.frames[index].slots[slot] {
                Sym::Obj { hold: Hold::Owned, .. } => Sym::Obj { value, hold: Hold::Owned },
                other => other,
            },
            (other, _) => other,
        };
        self.expect_frame_end()?;
        // Borrowers from the other slots do not outlive the frame: nothing outside of it borrows from it.
        let frame = self.frames.pop();
        if let Some(address) = frame.and_then(|frame| frame.address) {
            self.call_runtime(table::POP_FRAME, &[address])?;
        }
        self.snapshot = None;
        self.push(result);
        for release in releases {
            if !matches!(release, Release::Nothing) {
                self.release(release)?;
            }
        }
        Ok(())
    }
}

/// The object in a slot of the real frame.
unsafe fn real_slot<'a>(at: Registers<'a>, slot: usize) -> Option<&'a PyObject> {
    // SAFETY: the caller's promise: a slot of the frame that is in use.
    unsafe { (*(*at.frame).local(slot)).opt() }
}

//! Calls of Python functions, which are followed, and returns.

use rpy_vm::interp::frame::owner;
use rpy_vm::interp::opcode::{CALL, CALL_OVER_GENERATOR};
use rpy_vm::interp::ops::calls::init_shim_code;
use rpy_vm::interp::ops::special::{MOST_OPERANDS, Special};
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyClass, PyStruct};
use rpy_vm::object::shape;
use rpy_vm::object::typeobj::{PyTypeObject, flags};
use rpy_vm::types::bool_;
use rpy_vm::types::descr::classmethod::PyStaticMethod;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::method::PyMethod;
use rpy_vm::types::object::PyBaseObject_Type;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::PyType_Type;
use rpy_vm::types::type_::instance::subtype_dealloc;
use rpy_vm::types::type_::lookup::lookup;

use super::ends::Ends;
use super::enter::Follow;
use super::natives::static_base;
use super::state::{Hold, Sym};
use super::values::slot_access;
use super::{Abort, Done, LEFT, Recorder};
use crate::detour::Detour;
use crate::ir::{Access, Class, ExitKind, Form, Inst, Op, Ty, Value};
use crate::runtime::instance::new_instance;
use crate::runtime::table;

/// Units of `CALL`, its cache included.
pub(super) const CALL_UNITS: u16 = 4;

impl Recorder {
    /// `CALL`.
    pub(super) unsafe fn call(&mut self, at: Registers<'_>, op: u8, argc: usize) -> Done {
        // SAFETY: passed on. Other forms of the instruction enter no consumer.
        unsafe {
            if argc == 1 && matches!(op, CALL | CALL_OVER_GENERATOR) && self.call_over_generator(at)? {
                return Ok(());
            }
            self.call_with(at, argc, &[], 0)
        }
    }

    /// `CALL_KW`: the names of the last arguments are on top.
    pub(super) unsafe fn call_kw(&mut self, at: Registers<'_>, argc: usize) -> Done {
        // SAFETY: the real operand.
        let names = unsafe { self.real(at, 1)? };
        let (Some(names), Sym::Obj { value, .. }) = (names.downcast_exact::<PyTuple>(), self.peek(1)?) else {
            return Err(Abort("names that are no tuple"));
        };
        if !value.is_const() || names.len() > argc {
            return Err(Abort("names that are not constant"));
        }
        // SAFETY: passed on.
        unsafe { self.call_with(at, argc, names.items(), 1) }
    }

    /// A call with `argc` arguments, the last of which have names; with so many words above them.
    unsafe fn call_with(&mut self, at: Registers<'_>, argc: usize, names: &[&PyObject], above: usize) -> Done {
        let words = argc + 2 + above;
        // SAFETY: the real operands.
        let (callable, this) = unsafe { (self.real(at, words)?, (*at.sp.sub(words - 1)).opt()) };
        // The picture may have a method's function and instance where the machine has made a bound method of them.
        let (callable, this) = match (callable.downcast_exact::<PyMethod>(), this) {
            (Some(method), None) if !matches!(self.peek_raw(words - 1)?, Sym::Null) => {
                (&*method.im_func, Some(&*method.im_self))
            }
            _ => (callable, this),
        };
        if let Some(function) = callable.downcast_exact::<PyFunction>() {
            let callee = self.peek(words)?;
            let count = argc + this.is_some() as usize;
            let mut entry = self.expect_callee(callee, function, count - names.len(), names)?;
            let callee = self.peek_raw(words)?;
            let release = self.give_function(&mut entry, callee, callable)?;
            let args = self.stack_args(count, above)?;
            for _ in 0..words {
                self.pop()?;
            }
            self.take_function(&entry, callee)?;
            self.enter(entry, &args, CALL_UNITS)?;
            return self.release(release);
        }
        if let Some(method) = callable.downcast_exact::<PyMethod>()
            && this.is_none()
            && let Some(function) = method.im_func.downcast_exact::<PyFunction>()
        {
            return self.call_method(method, function, argc, names, above);
        }
        if this.is_none()
            && let Some(ty) = callable.downcast_ref::<PyTypeObject>()
        {
            // SAFETY: passed on.
            return unsafe { self.call_type(at, ty, argc, names, above) };
        }
        if !names.is_empty() {
            // SAFETY: passed on.
            return unsafe { self.call_named_native(at, callable, this, argc, names.len()) };
        }
        if this.is_none()
            && callable.ty().as_heap().is_some()
            && let Some(function) = self.special_method(argc + 2, callable, rpy_vm::intern!("__call__"))?
        {
            let mut args = vec![argc + 2];
            args.extend((1..=argc).rev());
            let call = Follow { function, args: &args, special: None, pops: argc + 2, offset: CALL_UNITS };
            // SAFETY: passed on.
            return unsafe { self.follow(at, &call) };
        }
        // SAFETY: passed on.
        unsafe { self.call_builtin(at, callable, this, argc) }
    }

    /// The top words as arguments, but for so many above them.
    fn stack_args(&mut self, count: usize, above: usize) -> Result<Vec<Sym>, Abort> {
        (1..=count).rev().map(|n| self.peek_raw(n + above)).collect()
    }

    /// A call of a bound method of a Python function.
    fn call_method(
        &mut self,
        method: &PyMethod,
        function: &PyFunction,
        argc: usize,
        names: &[&PyObject],
        above: usize,
    ) -> Done {
        let words = argc + 2 + above;
        let Sym::Obj { value, .. } = self.peek(words)? else { return Err(Abort("a callable")) };
        let bound = self.peek_raw(words)?;
        let (callee, this) = if value.is_const() {
            (self.constant_object(&method.im_func), self.constant_object(&method.im_self))
        } else {
            self.guard_type(value, PyMethod::type_object())?;
            let field = |offset| Inst::load(Ty::Obj, value, Access::word(Class::Fixed, offset));
            let callee = self.emit(field(core::mem::offset_of!(PyMethod, im_func)))?;
            (callee, self.emit(field(core::mem::offset_of!(PyMethod, im_self)))?)
        };
        let callee = Sym::Obj { value: callee, hold: Hold::Fragile };
        let count = argc + 1 - names.len();
        let mut entry = self.expect_callee(callee, function, count, names)?;
        self.give_function(&mut entry, callee, function.as_object())?;
        let release = self.expect_release(bound, method.as_object())?;
        let this = if value.is_const() {
            Sym::Obj { value: this, hold: Hold::Constant }
        } else {
            // The method may go.
            self.own(Sym::Obj { value: this, hold: Hold::Fragile })?
        };
        self.take_function(&entry, callee)?;
        let mut args = vec![this];
        args.extend(self.stack_args(argc, above)?);
        for _ in 0..words {
            self.pop()?;
        }
        self.enter(entry, &args, CALL_UNITS)?;
        self.release(release)
    }

    /// `f(*args, **kwargs)`: callable, NULL, tuple, dict or NULL. It is recorded as a call with these arguments.
    pub(super) unsafe fn call_function_ex(&mut self, at: Registers<'_>) -> Done {
        const MOST: usize = 8;
        // SAFETY: the real operands.
        let (callable, args, kwargs) = unsafe { (self.real(at, 4)?, self.real(at, 2)?, (*at.sp.sub(1)).opt()) };
        let Some(tuple) = args.downcast_exact::<PyTuple>() else {
            return Err(self.abort_on("a call with arguments in", args));
        };
        let is_python = PyFunction::check_exact(callable)
            || callable.downcast_exact::<PyMethod>().is_some_and(|method| PyFunction::check_exact(&method.im_func))
            || callable.downcast_ref::<PyTypeObject>().is_some_and(|class| class.as_heap().is_some());
        if !is_python {
            return Err(self.abort_on("a call with a tuple of", callable));
        }
        let dict = kwargs
            .map(|kwargs| kwargs.downcast_exact::<PyDict>().ok_or(Abort("keywords that are no dict")))
            .transpose()?;
        let (argc, named) = (tuple.len(), dict.map_or(0, PyDict::len));
        // An instance that cannot be made raises with all arguments on the stack.
        // SAFETY: a live Python frame.
        let room = unsafe { (*at.frame).code() }.co_stacksize as usize;
        let is_class = callable.downcast_ref::<PyTypeObject>().is_some();
        if argc + named > MOST || (is_class && self.top().depth() + argc + named > room + 1) {
            return Err(Abort("a call with many arguments"));
        }
        let Sym::Obj { value: items, .. } = self.peek(2)? else { return Err(Abort("arguments that are no tuple")) };
        self.guard_type(items, PyTuple::type_object())?;
        self.guard_size(items, Class::Fixed, argc)?;
        let mut real = vec![StackRef::borrowed(callable), StackRef::NULL];
        let mut words = Vec::with_capacity(argc + named);
        for (i, item) in tuple.items().iter().enumerate() {
            let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS + 8 * i);
            words.push(self.emit(Inst::load(Ty::Obj, items, access))?);
            real.push(StackRef::borrowed(item));
        }
        let mut names = Vec::with_capacity(named);
        if let (Sym::Obj { value, .. }, Some(dict)) = (self.peek(1)?, dict) {
            self.guard_type(value, PyDict::type_object())?;
            self.guard_size(value, Class::Dict, named)?;
            let mut position = 0;
            while let Some((name, argument)) = dict.iter_index(&mut position) {
                if !PyStr::check_exact(&name) {
                    return Err(Abort("keywords that are no strings"));
                }
                let key = self.constant_object(&name);
                words.push(self.attempt(table::DICT_GET, &[value, key])?);
                real.push(StackRef::borrowed(&argument));
                names.push(name);
            }
        }
        // What the tuple and the dict hold is borrowed from them until they go. Guards that follow are before the call.
        let mut ends = Ends::default();
        for (n, object) in [(2, Some(args)), (1, kwargs)] {
            let raw = self.peek_raw(n)?;
            if let Some(object) = object {
                self.expect_end(&mut ends, raw, object)?;
            }
        }
        self.snapshot();
        self.pop()?;
        self.pop()?;
        for value in words {
            self.push_obj(value, Hold::Fragile);
        }
        let names = PyTuple::new(names);
        let above = usize::from(named != 0);
        if above != 0 {
            let value = self.constant_object(names.as_object());
            self.push_obj(value, Hold::Constant);
            real.push(StackRef::borrowed(names.as_object()));
        }
        let caller = self.frames.len() - 1;
        // SAFETY: the words of such a call; the objects are held by the real operands.
        unsafe {
            let at = Registers { sp: real.as_mut_ptr().add(real.len()), ..at };
            self.call_with(at, argc + named, names.items(), above)?;
        }
        if self.frames.len() > caller + 1 {
            self.frames[caller].return_offset = 1;
        }
        if let Some(detour) = &mut self.detour {
            (detour.pops, detour.offset) = (4, 1);
        }
        self.release_all(ends)?;
        Ok(())
    }

    /// `C(...)` for a class with plain instances and a Python `__init__`, or none.
    unsafe fn call_type(
        &mut self,
        at: Registers<'_>,
        ty: &PyTypeObject,
        argc: usize,
        names: &[&PyObject],
        above: usize,
    ) -> Done {
        let words = argc + 2 + above;
        if let Sym::Obj { value, .. } = self.peek(words)?
            && self.calls_many_classes(at, value, ty)
        {
            return Err(Abort("many classes"));
        }
        let metaclass = ty.as_object().ty();
        let plain_call = metaclass.tp_call.get().map(|f| f as usize) == PyType_Type.tp_call.get().map(|f| f as usize);
        let plain_new = ty.tp_new.get().map(|f| f as usize) == PyBaseObject_Type.tp_new.get().map(|f| f as usize);
        let unfit = flags::IS_ABSTRACT | flags::DISALLOW_INSTANTIATION;
        // SAFETY: passed on.
        if plain_call && names.is_empty() && above == 0 && unsafe { self.special_new(at, ty, argc)? } {
            return Ok(());
        }
        if ty.as_heap().is_none() || !plain_call || !plain_new || ty.has_flag(unfit) {
            if !names.is_empty() {
                // SAFETY: passed on.
                return unsafe { self.call_named_native(at, ty.as_object(), None, argc, names.len()) };
            }
            // SAFETY: passed on.
            return unsafe { self.call_known_type(at, ty, argc) };
        }
        let Some(found) = lookup(ty, rpy_vm::intern!("__init__")) else { return Err(Abort("no __init__")) };
        let Sym::Obj { value, .. } = self.peek(words)? else { return Err(Abort("a callable")) };
        self.guard_is(value, ty.as_object())?;
        self.guard_version(ty)?;
        if metaclass.as_heap().is_some() {
            self.guard_version(metaclass)?;
        }
        let raw = self.peek_raw(words)?;
        let Some(init) = found.downcast_exact::<PyFunction>() else {
            if argc != 0 || !has_default_init(ty) {
                return Err(self.abort_on("a call of a class with", found));
            }
            let release = self.expect_release(raw, ty.as_object())?;
            let object = self.new_instance(ty)?;
            self.pop()?;
            self.pop()?;
            self.push_obj(object, Hold::Owned);
            return self.release(release);
        };
        let entry = self.expect_enter(init, argc + 1 - names.len(), names)?;
        let release = self.expect_release(raw, ty.as_object())?;
        let shim = init_shim_code().map_err(|_| Abort("no memory"))?;
        // SAFETY: the real operands.
        let real_args = unsafe { self.real_instance(at, ty, argc, above)? };
        let detour = Detour {
            function: init.to_ref(),
            between: Some((shim.clone(), vec![real_args[0].clone()])),
            args: real_args,
            names: names.iter().map(|n| n.new_ref()).collect(),
            pops: words,
            offset: CALL_UNITS,
        };
        let object = self.new_instance(ty)?;
        let mut args = self.stack_args(argc, above)?;
        for _ in 0..words {
            self.pop()?;
        }
        let lent = self.enter_between(init, &shim, &[Sym::Obj { value: object, hold: Hold::Owned }], CALL_UNITS)?;
        args.insert(0, lent[0]);
        self.enter(entry, &args, 0)?;
        self.detour = Some(detour);
        self.release(release)
    }

    /// `C(...)` for a class with a `__new__` in Python and no `__init__`. False: it is none.
    unsafe fn special_new(&mut self, at: Registers<'_>, ty: &PyTypeObject, argc: usize) -> Result<bool, Abort> {
        let new = lookup(ty, rpy_vm::intern!("__new__"))
            .and_then(|new| new.downcast_exact::<PyStaticMethod>()?.sm_callable.get());
        let Some(function) = new.as_deref().and_then(|new| new.downcast_exact::<PyFunction>()) else {
            return Ok(false);
        };
        if !has_default_init(ty) || argc >= MOST_OPERANDS {
            return Ok(false);
        }
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, ty.as_object())?;
        self.guard_version(ty)?;
        self.guard_version_if_heap(ty.as_object().ty())?;
        let mut args = vec![argc + 2];
        args.extend((1..=argc).rev());
        let call =
            Follow { function, args: &args, special: Some((Special::New, &args)), pops: argc + 2, offset: CALL_UNITS };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call)? };
        Ok(true)
    }

    /// `object.__new__(C)` for a class with plain instances, whose name is a constant. False: it is none.
    pub(super) unsafe fn call_object_new(&mut self, at: Registers<'_>) -> Result<bool, Abort> {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Sym::Obj { value, .. } = self.peek(1)? else { return Ok(false) };
        let Some(ty) = real.downcast_ref::<PyTypeObject>().filter(|_| value.is_const()) else { return Ok(false) };
        let unfit = flags::IS_ABSTRACT | flags::DISALLOW_INSTANTIATION;
        if ty.as_heap().is_none() || !core::ptr::eq(static_base(ty), &PyBaseObject_Type) || ty.has_flag(unfit) {
            return Ok(false);
        }
        self.guard_version(ty)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_call_end(at, 1)? };
        let object = self.new_instance(ty)?;
        self.end_call(1, ends, Sym::Obj { value: object, hold: Hold::Owned })?;
        Ok(true)
    }

    /// A new instance of a class with plain instances.
    fn new_instance(&mut self, ty: &PyTypeObject) -> Result<Value, Abort> {
        let class = self.type_constant(ty);
        // SAFETY: the real class, whose instances are made so.
        let (attrs, plain) = unsafe { (initial_attrs(ty), has_plain_end(ty)) };
        let attrs = self.trace().ptr(attrs);
        let callee = if plain { table::NEW_INSTANCE } else { table::NEW_SPECIAL_INSTANCE };
        let object = self.call_runtime(callee, &[class, attrs])?;
        let raise = self.new_snapshot(ExitKind::Raise);
        self.emit(Inst::new(Op::GuardNonNull, &[object]).at(raise))?;
        Ok(object)
    }

    /// The instance that the run makes, and the arguments of its `__init__`.
    unsafe fn real_instance(
        &mut self,
        at: Registers<'_>,
        ty: &PyTypeObject,
        argc: usize,
        above: usize,
    ) -> Result<Vec<ObjRef>, Abort> {
        let Some(alloc) = ty.tp_alloc.get() else { return Err(Abort("a class without instances")) };
        // SAFETY: allocation of a ready type, as object.__new__ does it.
        let Ok(object) = (unsafe { ObjRef::from_c_result(alloc(ty as *const _ as *mut _, 0)) }) else {
            return Err(Abort("no memory"));
        };
        let mut args = vec![object];
        for n in (1..=argc).rev() {
            // SAFETY: the real operands.
            args.push(unsafe { self.real(at, n + above)? }.new_ref());
        }
        Ok(args)
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

    /// The base frame returns: the trace ends with the value. What the picture's variables own is given back before; those in memory go
    /// with the frame. (The interpreter executes the instruction where it would look different to somebody: tools are active, or the
    /// frame has an object.)
    pub(super) unsafe fn return_from_base(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: a live frame.
        let frame = unsafe { &*at.frame };
        if frame.owner.get() > owner::GENERATOR || !frame.f_locals.is_null() {
            return Err(Abort("a return"));
        }
        if self.top().depth() != 1 {
            return Err(Abort("a return with a full stack"));
        }
        // SAFETY: passed on.
        unsafe { self.lift(at, 1)? };
        self.guard(Op::GuardCalm, &[])?;
        let is_seen = !frame.frame_obj.is_null();
        if !is_seen {
            let access = Access::word(Class::FrameHeader, layout::FRAME_OBJECT);
            let object = self.emit(Inst::load(Ty::Obj, self.base, access))?;
            let null = self.nothing;
            self.guard(Op::GuardIs, &[object, null])?;
        }
        let locals = self.top().locals;
        let mut result = self.pop()?;
        if let Sym::Obj { value, hold: Hold::Slot { slot, .. } } = result
            && let Some(Sym::Obj { hold: Hold::Owned, .. }) = self.top().slots[..locals].get(slot as usize)
        {
            self.top().slots[slot as usize] = Sym::Memory;
            result = Sym::Obj { value, hold: Hold::Owned };
        }
        let result = self.owned_object(result)?;
        if is_seen {
            // Its variables are the object's, if that outlives it.
            self.settle(|_| false)?;
        }
        let mut owned = Vec::new();
        for slot in &mut self.top().slots[..locals] {
            if let Sym::Obj { value, hold: Hold::Owned } = core::mem::replace(slot, Sym::Memory) {
                owned.push(value);
            }
        }
        self.emit(Inst::store(self.base, result, slot_access(locals)))?;
        for value in owned {
            self.op(Op::Decref, &[value])?;
        }
        let end = self.new_snapshot(ExitKind::Return);
        self.emit(Inst::new(Op::Exit, &[]).at(end))?;
        Ok(())
    }

    pub(super) unsafe fn return_value(&mut self, at: Registers<'_>) -> Done {
        if self.in_base() {
            return Err(if self.is_path() { Abort("a return") } else { LEFT });
        }
        if self.top().home.is_some() {
            return self.return_from_generator();
        }
        // SAFETY: a live Python frame.
        if unsafe { !(*at.frame).frame_obj.is_null() } && self.top().address.is_some() {
            return self.return_from_seen();
        }
        let index = self.frames.len() - 1;
        // What leaves with the frame. The locals' ends are guarded before anything happens.
        let result = self.peek_raw(1)?;
        let taken = match result {
            Sym::Obj { hold: Hold::Slot { frame, slot }, .. } if frame as usize == index => Some(slot as usize),
            _ => None,
        };
        let mut releases = Ends::default();
        for slot in 0..self.frames[index].slots.len() - 1 {
            if taken == Some(slot) {
                continue;
            }
            let sym = self.frames[index].slots[slot];
            // SAFETY: the same slot of the real frame.
            if let Some(real) = unsafe { real_slot(at, slot) } {
                self.expect_end(&mut releases, sym, real)?;
            }
        }
        let result = match (result, taken) {
            (Sym::Obj { value, .. }, Some(slot)) => match self.frames[index].slots[slot] {
                Sym::Obj { hold: Hold::Owned, .. } => Sym::Obj { value, hold: Hold::Owned },
                other => other,
            },
            (other, _) => other,
        };
        if let Some((function, Form::Owned, _)) = self.frames[index].inlined {
            let sym = Sym::Obj { value: function, hold: Hold::Owned };
            // SAFETY: a live Python frame.
            self.expect_end(&mut releases, sym, unsafe { (*at.frame).func() }.as_object())?;
        }
        self.expect_frame_end()?;
        self.close_frame()?;
        self.push(result);
        self.release_all(releases)?;
        Ok(())
    }

    /// The innermost frame, which has an object, returns: its variables are the object's, if that outlives it.
    fn return_from_seen(&mut self) -> Done {
        let result = self.pop()?;
        let result = self.own(result)?;
        let (address, depth) = (self.frame_address(), self.top().depth() as i64);
        self.write_frame()?;
        let function = self.frames.pop().and_then(|frame| frame.inlined);
        self.disturb()?;
        let depth = self.trace().int(depth);
        self.call_runtime(table::END_FRAME, &[address, depth])?;
        if let Some((function, Form::Owned, _)) = function {
            self.op(Op::Decref, &[function])?;
        }
        self.push(result);
        self.snapshot = None;
        Ok(())
    }

    /// Writes what the picture has of the innermost frame, which was made, into its memory.
    pub(super) fn write_frame(&mut self) -> Done {
        let address = self.frame_address();
        for slot in 0..self.top().slots.len() {
            let sym = self.top().slots[slot];
            let word = if sym == Sym::Null { self.null_word() } else { self.owned_object(sym)? };
            let access = self.frame_slot(slot);
            self.emit(Inst::store(address, word, access))?;
        }
        Ok(())
    }

    /// Ends the innermost frame, behind [`Recorder::expect_frame_end`]; what its slots hold is the caller's. Nothing outside of it
    /// borrows from them.
    fn close_frame(&mut self) -> Done {
        let frame = self.frames.pop();
        if let Some(address) = frame.and_then(|frame| frame.address) {
            self.call_runtime(table::POP_FRAME, &[address])?;
        }
        self.snapshot = None;
        Ok(())
    }

    /// A special method has returned into the frame between: what the instruction makes of the result.
    pub(super) unsafe fn finish_special(&mut self, at: Registers<'_>, number: usize) -> Done {
        let Some(special) = Special::from_number(number) else { return Err(Abort("a special method")) };
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let (value, converted) = match special {
            Special::Binary { .. } => {
                self.guard_implemented(sym, real)?;
                (sym, false)
            }
            Special::Compare { truth, .. } => {
                self.guard_implemented(sym, real)?;
                if truth && !bool_::is_bool(real) { (Sym::Bool(self.truth(sym, real)?), true) } else { (sym, false) }
            }
            Special::NotEqual { .. } => {
                self.guard_implemented(sym, real)?;
                let truth = self.truth(sym, real)?;
                (Sym::Bool(self.op(Op::Not, &[truth])?), true)
            }
            Special::Truth => (Sym::Bool(self.as_bool(sym, real)?), true),
            Special::Contains { invert } => {
                let truth = self.truth(sym, real)?;
                (Sym::Bool(if invert { self.op(Op::Not, &[truth])? } else { truth }), true)
            }
            Special::Length | Special::TruthOfLength => {
                if bool_::is_bool(real) {
                    return Err(Abort("a length that is a bool"));
                }
                let length = self.int(sym, real)?.ok_or(Abort("a length that is no int"))?;
                let zero = self.trace().int(0);
                let fits = self.op(Op::Ge, &[length, zero])?;
                self.guard(Op::GuardTrue, &[fits])?;
                let truth = special == Special::TruthOfLength;
                (if truth { Sym::Bool(self.op(Op::Ne, &[length, zero])?) } else { Sym::Int(length) }, true)
            }
            Special::Iterator => {
                let Sym::Obj { value, .. } = sym else { return Err(Abort("an iterator that is none")) };
                if !rpy_vm::protocol::object::is_iterator(real) {
                    return Err(Abort("an iterator that is none"));
                }
                self.guard_type(value, real.ty())?;
                self.guard_version_if_heap(real.ty())?;
                (sym, false)
            }
            Special::New => {
                // SAFETY: the class is the first operand, in the first slot.
                let class = unsafe { real_slot(at, 0) }.and_then(|class| class.downcast_ref::<PyTypeObject>());
                if class.is_none_or(|class| real.ty().is_subtype(class)) && !has_default_init(real.ty()) {
                    return Err(self.abort_on("__init__ of", real));
                }
                if let Sym::Obj { value, .. } = sym {
                    self.guard_type(value, real.ty())?;
                    self.guard_version_if_heap(real.ty())?;
                }
                (sym, false)
            }
            Special::Nothing => (Sym::Null, true),
            Special::WithNull => (sym, false),
        };
        // The result itself goes where something else comes in its place, and so do the operands.
        let mut ends = Ends::default();
        let index = self.frames.len() - 1;
        for slot in 0..self.top().slots.len() {
            let is_result = slot == self.top().slots.len() - 1;
            if is_result && !converted {
                continue;
            }
            let held = self.frames[index].slots[slot];
            // SAFETY: the same slot of the real frame, which has no locals.
            if let Some(real) = unsafe { real_slot(at, slot) } {
                self.expect_end(&mut ends, held, real)?;
            }
        }
        let closes = matches!(special, Special::Nothing | Special::WithNull);
        if closes {
            self.expect_frame_end()?;
        }
        let value = if converted {
            self.pop()?;
            value
        } else {
            // An operand that is the result outlives its slot.
            for slot in 0..self.top().slots.len() - 1 {
                self.unlend(index, slot)?;
            }
            self.pop()?
        };
        while self.top().depth() > 0 {
            self.pop()?;
        }
        if closes {
            self.close_frame()?;
        }
        if special != Special::Nothing {
            self.push(value);
        }
        if special == Special::WithNull {
            self.push(Sym::Null);
        }
        self.snapshot = None;
        self.release_all(ends)?;
        Ok(())
    }

    /// Guards that a special method has not declined.
    fn guard_implemented(&mut self, sym: Sym, real: &PyObject) -> Done {
        if rpy_vm::is_not_implemented(real) {
            return Err(Abort("a special method that declines"));
        }
        if let Sym::Obj { value, .. } = sym
            && !value.is_const()
        {
            let declined = rpy_vm::not_implemented();
            let declined = self.constant_object(&declined);
            let same = self.op(Op::Is, &[value, declined])?;
            self.guard(Op::GuardFalse, &[same])?;
        }
        Ok(())
    }

    /// The Python function that a type has under the name of a special method, guarded. `n`: where the object is on the stack.
    pub(super) fn special_method<'a>(
        &mut self,
        n: usize,
        object: &'a PyObject,
        name: &PyStr,
    ) -> Result<Option<&'a PyFunction>, Abort> {
        let ty = object.ty();
        let Some(function) = lookup(ty, name).and_then(|found| found.downcast_exact::<PyFunction>()) else {
            return Ok(None);
        };
        self.guard_class(n, ty)?;
        Ok(Some(function))
    }

    /// Guards that an operand is of this class, as it is now.
    pub(super) fn guard_class(&mut self, n: usize, ty: &PyTypeObject) -> Done {
        if let Sym::Obj { value, .. } = self.peek(n)? {
            self.guard_type(value, ty)?;
        }
        self.guard_version_if_heap(ty)
    }

    /// Guards that a class is of its metaclass, if that can change, and that this is as it is. (To change the metaclass changes the class.)
    pub(super) fn guard_metaclass(&mut self, class: &PyTypeObject) -> Done {
        let metaclass = class.as_object().ty();
        if metaclass.as_heap().is_none() {
            return Ok(());
        }
        self.guard_version(class)?;
        self.guard_version(metaclass)
    }

    /// Guards a type's version, if the type can change.
    pub(super) fn guard_version_if_heap(&mut self, ty: &PyTypeObject) -> Done {
        if ty.as_heap().is_some() { self.guard_version(ty) } else { Ok(()) }
    }
}

/// The attrs word that a new instance of a class has; 0 if it has none.
///
/// # Safety
/// A live, ready class with plain instances.
unsafe fn initial_attrs(ty: &PyTypeObject) -> usize {
    if !ty.has_flag(flags::MANAGED_DICT) {
        return 0;
    }
    // SAFETY: the caller's promise. An instance is made to look at; its end runs no code if the class has no finalizer.
    unsafe {
        if !has_plain_end(ty) {
            return 0;
        }
        let instance = new_instance(ty as *const PyTypeObject as *mut _, 0);
        if instance.is_null() {
            // Memory is short: the trace will find out, too.
            drop(rpy_vm::err::PyErr::fetch_or_system_error());
            return 0;
        }
        let instance = ObjRef::from_owned_ptr(instance);
        shape::shape_of(&instance).as_ref().map_or(0, |shape| shape.word())
    }
}

/// Is an instance of the class initialized by `object.__init__`, which does nothing?
fn has_default_init(ty: &PyTypeObject) -> bool {
    ty.tp_init.get().map(|f| f as usize) == PyBaseObject_Type.tp_init.get().map(|f| f as usize)
}

/// Does the end of an instance run no code but that of what its attributes hold?
fn has_plain_end(ty: &PyTypeObject) -> bool {
    ty.tp_finalize.get().is_none()
        && ty.tp_del.get().is_none()
        && ty.tp_itemsize.get() == 0
        && ty.tp_dealloc.get().map(|f| f as usize) == Some(subtype_dealloc as *const () as usize)
}

/// The object in a slot of the real frame.
unsafe fn real_slot<'a>(at: Registers<'a>, slot: usize) -> Option<&'a PyObject> {
    // SAFETY: the caller's promise: a slot of the frame that is in use.
    unsafe { (*(*at.frame).local(slot)).opt() }
}

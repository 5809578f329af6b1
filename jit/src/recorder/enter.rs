//! Entering Python functions: how arguments become locals, and the frames that the trace follows.
//!
//! Arguments are bound while recording: which parameter gets what depends on the function, which is guarded, the number of
//! arguments and their names. `*args` and `**kwargs` are made by the trace.
//!
//! Where an instruction calls a special method, a small frame lies between ([`Special`]), from which the interpreter
//! would go on if the trace ended in the method.

use rpy_vm::interp::call::function_vectorcall;
use rpy_vm::interp::ops::special::Special;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, PyClass, PyStruct};
use rpy_vm::runtime::thread::PyThreadState;
use rpy_vm::types::code::{PyCode, co_flags};
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;

use super::ends::{Ends, Release};
use super::state::{Hold, Sym, SymFrame};
use super::{Abort, Done, LONG_ENOUGH, MAX_DEPTH, MAX_STRIKES, NOT_FOLLOWED, RECURSION, Recorder};
use crate::detour::Detour;
use crate::ir::{Access, Class, Form, Inst, Op, Ty, Value, Width};
use crate::runtime::function::{awaits_plainly, takes_plainly};
use crate::runtime::table;

/// Frames of one function in a trace.
const MAX_RECURSION: usize = 2;
/// Instructions of a trace behind which only small functions are followed, and what is small, in code units.
const MAX_INLINING: usize = 1_500;
const SMALL_FUNCTION: usize = 60;

/// Does the code count references? Compiled code owns others than the interpreter does, as do frames that it has left. So they are
/// counted by the interpreter, in frames that it has made.
pub fn counts_references(code: &PyCode) -> bool {
    let name = rpy_vm::intern!("getrefcount").as_object();
    code.co_names.items().iter().any(|known| known.is(name))
}

/// Where a parameter's value comes from.
enum Source {
    /// The argument at this position.
    Argument(usize),
    /// A default.
    Default(Sym),
    /// A tuple of arguments.
    Rest(Vec<usize>),
    /// A dict of arguments.
    Keywords(Vec<(Value, usize)>),
}

/// A function that is about to be entered, its guards emitted.
pub struct Entry {
    function: Value,
    /// Who keeps the function alive while its frame is only in the picture.
    form: Form,
    code: *const PyCode,
    sources: Vec<Source>,
}

/// A Python function that an instruction calls on its own.
pub struct Follow<'a> {
    pub function: &'a PyFunction,
    /// Its arguments: words of the operand stack, counted from the top (which is 1).
    pub args: &'a [usize],
    /// What the instruction makes of the result, with the words that stay alive meanwhile. `None`: it is the value.
    pub special: Option<(Special, &'a [usize])>,
    /// Words that leave the operand stack.
    pub pops: usize,
    /// Where the caller goes on, in units behind the instruction.
    pub offset: u16,
}

impl Recorder {
    /// Guards what entering a function with so many positional arguments, and these keywords behind them, relies on.
    pub(super) fn expect_enter(
        &mut self,
        function: &PyFunction,
        positional: usize,
        names: &[&PyObject],
    ) -> Result<Entry, Abort> {
        let value = self.constant_object(function.as_object());
        self.guard_version_of(value, function)?;
        self.prepare_entry(function, value, positional, names)
    }

    /// As [`Recorder::expect_enter`], for a callee on the operand stack, which may be another function of the same code each
    /// time (a closure).
    pub(super) fn expect_callee(
        &mut self,
        callee: Sym,
        function: &PyFunction,
        positional: usize,
        names: &[&PyObject],
    ) -> Result<Entry, Abort> {
        let Sym::Obj { value, .. } = callee else { return Err(Abort("a callable")) };
        if value.is_const() || function.code().co_flags & co_flags::NESTED == 0 {
            self.guard_is(value, function.as_object())?;
            return self.expect_enter(function, positional, names);
        }
        self.guard_type(value, PyFunction::type_object())?;
        self.guard_version_of(value, function)?;
        let parts = [
            (core::mem::offset_of!(PyFunction, func_globals), function.func_globals.as_raw()),
            (core::mem::offset_of!(PyFunction, func_builtins), function.func_builtins.as_raw()),
            (core::mem::offset_of!(PyFunction, func_defaults), function.func_defaults.as_raw() as *mut PyObject),
            (core::mem::offset_of!(PyFunction, func_kwdefaults), function.func_kwdefaults.as_raw() as *mut PyObject),
        ];
        for (offset, expected) in parts {
            let actual = self.emit(Inst::load(Ty::Obj, value, Access::word(Class::Other, offset)))?;
            // SAFETY: parts of a live function.
            let expected = match unsafe { expected.as_ref() } {
                Some(object) => self.constant_object(object),
                None => self.nothing,
            };
            self.guard(Op::GuardIs, &[actual, expected])?;
        }
        self.prepare_entry(function, value, positional, names)
    }

    fn guard_version_of(&mut self, value: Value, function: &PyFunction) -> Done {
        if function.version() == 0 {
            return Err(Abort("a function without a version"));
        }
        let access = Access { class: Class::Other, offset: layout::FUNC_VERSION as i32, width: Width::U32 };
        let actual = self.emit(Inst::load(Ty::Int, value, access))?;
        let expected = self.trace().int(function.version() as i64);
        self.guard(Op::GuardIs, &[actual, expected])?;
        Ok(())
    }

    /// Is a function with this code better followed than called? What recurses is compiled by itself, and what would make the trace
    /// huge or keep it from being finished.
    fn expect_worth(&self, code: &PyCode) -> Done {
        let address = code.as_object().as_ptr() as usize;
        let strikes = self.unfollowed.borrow().get(&address).copied().unwrap_or_default();
        if strikes >= MAX_STRIKES || counts_references(code) {
            return Err(Abort(NOT_FOLLOWED));
        }
        if self.frames_of(address) >= MAX_RECURSION {
            return Err(Abort(RECURSION));
        }
        if self.builder.trace.insts.len() > MAX_INLINING && code.code_units() > SMALL_FUNCTION {
            return Err(Abort(LONG_ENOUGH));
        }
        Ok(())
    }

    /// How many frames of the picture run the code at this address.
    fn frames_of(&self, address: usize) -> usize {
        let base = core::iter::once(self.code().as_object().as_ptr() as usize);
        let inlined = self.frames.iter().filter_map(|frame| frame.inlined.map(|(_, _, code)| code));
        base.chain(inlined).filter(|&code| code == address).count()
    }

    /// Guards that the recursion may go as deep as the picture will be: the interpreter says where it ends.
    fn expect_depth(&mut self) -> Done {
        let thread = self.op(Op::Thread, &[])?;
        let offset = core::mem::offset_of!(PyThreadState, py_recursion_remaining) as i32;
        let left = Inst::load(Ty::Int, thread, Access { class: Class::Other, offset, width: Width::I32 });
        let left = self.emit(left)?;
        let depth = self.frames.len() as i64;
        let wanted = self.trace().int(depth);
        let enough = self.op(Op::Gt, &[left, wanted])?;
        self.guard(Op::GuardTrue, &[enough])?;
        Ok(())
    }

    fn prepare_entry(
        &mut self,
        function: &PyFunction,
        value: Value,
        positional: usize,
        names: &[&PyObject],
    ) -> Result<Entry, Abort> {
        let code = function.code();
        let own = function.vectorcall.get().map(|f| f as usize) == Some(function_vectorcall as *const () as usize);
        if !own || code.co_flags & co_flags::OPTIMIZED == 0 {
            return Err(Abort("a function that cannot be followed"));
        }
        if self.frames.len() > MAX_DEPTH {
            return Err(Abort("calls too deep"));
        }
        if let Err(why) = self.expect_worth(code) {
            self.direct = names.is_empty() && (takes_plainly(code) || awaits_plainly(code));
            return Err(why);
        }
        if self.frames_of(code.as_object().as_ptr() as usize) > 0 {
            self.expect_depth()?;
        }
        let sources = self.bind(function, code, positional, names)?;
        Ok(Entry { function: value, form: Form::Shared, code, sources })
    }

    /// Which parameter gets which argument.
    fn bind(
        &mut self,
        function: &PyFunction,
        code: &PyCode,
        positional: usize,
        names: &[&PyObject],
    ) -> Result<Vec<Source>, Abort> {
        const MISMATCH: Abort = Abort("arguments that do not match the parameters");
        let wanted = code.co_argcount as usize;
        let named = wanted + code.co_kwonlyargcount as usize;
        let (star, stars) = (code.has_flag(co_flags::VARARGS), code.has_flag(co_flags::VARKEYWORDS));
        if positional > wanted && !star {
            return Err(MISMATCH);
        }
        let mut given: Vec<Option<usize>> = (0..named).map(|i| (i < positional.min(wanted)).then_some(i)).collect();
        let mut rest = Vec::new();
        for (k, name) in names.iter().enumerate() {
            let Some(name) = name.downcast_exact::<PyStr>() else { return Err(MISMATCH) };
            let parameters = code.co_localsplusnames.items();
            let fits = |i: &usize| parameters[*i].downcast_ref::<PyStr>().is_some_and(|p| PyStr::str_eq(p, name));
            match (code.co_posonlyargcount as usize..named).find(fits) {
                Some(i) if given[i].is_none() => given[i] = Some(positional + k),
                Some(_) => return Err(MISMATCH),
                None if stars => rest.push((self.constant_object(name.as_object()), positional + k)),
                None => return Err(MISMATCH),
            }
        }
        let mut sources = Vec::with_capacity(named + 2);
        let defaults = function.func_defaults.get();
        let first_default = wanted - defaults.as_ref().map_or(0, |d| d.len()).min(wanted);
        for (i, given) in given.into_iter().enumerate() {
            sources.push(match given {
                Some(position) => Source::Argument(position),
                None if i < wanted => {
                    let default = defaults.as_ref().filter(|_| i >= first_default);
                    let Some(default) = default.and_then(|d| d.get(i - first_default)) else { return Err(MISMATCH) };
                    Source::Default(self.constant_sym(default))
                }
                None => {
                    let Some(defaults) = function.func_kwdefaults.get() else { return Err(MISMATCH) };
                    let Some(name) = code.co_localsplusnames.get(i).and_then(|n| n.downcast_ref::<PyStr>()) else {
                        return Err(MISMATCH);
                    };
                    let Some(index) = defaults.lookup_index(name) else { return Err(MISMATCH) };
                    Source::Default(self.dict_value(&defaults, index)?)
                }
            });
        }
        if star {
            let rest: Vec<usize> = (wanted..positional).collect();
            if rest.len() > 4 {
                return Err(Abort("many arguments for *args"));
            }
            sources.push(Source::Rest(rest));
        }
        if stars {
            sources.push(Source::Keywords(rest));
        }
        Ok(sources)
    }

    /// The values of the parameters, made of the arguments; what is made of them is owned by the values.
    fn parameters(&mut self, sources: Vec<Source>, args: &[Sym]) -> Result<Vec<Sym>, Abort> {
        let mut slots = Vec::with_capacity(sources.len());
        for source in sources {
            slots.push(match source {
                Source::Argument(position) => args[position],
                Source::Default(sym) => sym,
                Source::Rest(positions) if positions.is_empty() => {
                    let empty = self.constant_object(PyTuple::empty().as_object());
                    Sym::Obj { value: empty, hold: Hold::Constant }
                }
                Source::Rest(positions) => {
                    let items: Result<Vec<Value>, Abort> =
                        positions.into_iter().map(|position| self.owned_object(args[position])).collect();
                    let items = items?;
                    let tuple = match items.len() {
                        1 => table::NEW_TUPLE1,
                        2 => table::NEW_TUPLE2,
                        3 => table::NEW_TUPLE3,
                        _ => table::NEW_TUPLE4,
                    };
                    let value = self.call_runtime(tuple, &items)?;
                    Sym::Obj { value, hold: Hold::Owned }
                }
                Source::Keywords(entries) => {
                    let dict = self.call_runtime(table::NEW_DICT, &[])?;
                    for (name, position) in entries {
                        // The dict takes over a reference.
                        let value = self.owned_object(args[position])?;
                        self.call_runtime(table::SET_KEYWORD, &[dict, name, value])?;
                    }
                    Sym::Obj { value: dict, hold: Hold::Owned }
                }
            });
        }
        Ok(slots)
    }

    /// Opens a frame for a function, once its arguments have left the caller's stack. The caller goes on `offset` units behind
    /// its instruction.
    pub(super) fn enter(&mut self, entry: Entry, args: &[Sym], offset: u16) -> Done {
        let Entry { function, form, code, sources } = entry;
        // SAFETY: the code of the function that the machine calls.
        let code = unsafe { &*code };
        // Snapshots name the code, which the function may lose.
        self.constant_object(code.as_object());
        let mut slots = self.parameters(sources, args)?;
        let locals = code.co_nlocalsplus as usize;
        slots.resize(locals, Sym::Null);
        self.call_waits(offset);
        self.frames.push(SymFrame {
            home: None,
            inlined: Some((function, form, code.as_object().as_ptr() as usize)),
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

    /// The innermost frame waits for a call.
    fn call_waits(&mut self, offset: u16) {
        let call = self.last.0 as usize;
        let caller = self.top();
        if !caller.real.is_null() {
            // The call itself, not a prefix of it: that is what the offset counts from.
            caller.ip = call;
        }
        caller.return_offset = offset;
    }

    /// Opens the frame between an instruction and the function that it calls, with these words on its operand stack; what the
    /// callee is to be given of them.
    pub(super) fn enter_between(
        &mut self,
        function: &PyFunction,
        code: &PyCode,
        operands: &[Sym],
        offset: u16,
    ) -> Result<Vec<Sym>, Abort> {
        let value = self.constant_object(function.as_object());
        self.constant_object(code.as_object());
        self.call_waits(offset);
        let index = self.frames.len() as u8;
        let mut slots = Vec::with_capacity(operands.len());
        let mut lent = Vec::with_capacity(operands.len());
        for (slot, &operand) in operands.iter().enumerate() {
            // One reference does for both frames.
            let operand = match operand {
                Sym::Obj { hold: Hold::Fragile, .. } => self.own(operand)?,
                other => other,
            };
            slots.push(operand);
            lent.push(match operand {
                Sym::Obj { value, hold: Hold::Owned } => {
                    Sym::Obj { value, hold: Hold::Slot { frame: index, slot: slot as u16 } }
                }
                other => other,
            });
        }
        self.frames.push(SymFrame {
            home: None,
            inlined: Some((value, Form::Shared, code.as_object().as_ptr() as usize)),
            real: core::ptr::null(),
            address: None,
            locals: 0,
            slots,
            ip: code.code_ptr() as usize,
            return_offset: 0,
        });
        self.snapshot = None;
        Ok(lent)
    }

    /// Follows a function that the instruction calls on its own; the run goes there, too.
    ///
    /// # Safety
    /// The registers are those of a live machine with these operands.
    pub(super) unsafe fn follow(&mut self, at: Registers<'_>, call: &Follow<'_>) -> Done {
        // SAFETY: passed on.
        unsafe { self.follow_with(at, call, None) }
    }

    /// As [`Recorder::follow`], where a name is the function's second argument.
    ///
    /// # Safety
    /// As there.
    pub(super) unsafe fn follow_with(&mut self, at: Registers<'_>, call: &Follow<'_>, name: Option<&PyStr>) -> Done {
        let entry = self.expect_enter(call.function, call.args.len() + usize::from(name.is_some()), &[])?;
        let between = match call.special {
            Some((special, operands)) => Some((special.code().map_err(|_| Abort("no memory"))?, operands)),
            None => None,
        };
        let object = |n: &usize| -> Result<ObjRef, Abort> {
            // SAFETY: the real operands.
            unsafe { self.real(at, *n).map(PyObject::new_ref) }
        };
        let mut args = call.args.iter().map(object).collect::<Result<Vec<ObjRef>, Abort>>()?;
        args.splice(1..1, name.map(|name| name.as_object().new_ref()));
        let operands: Result<Vec<ObjRef>, Abort> =
            between.as_ref().map_or(&[][..], |(_, operands)| *operands).iter().map(object).collect();
        let detour = Detour {
            function: call.function.to_ref(),
            args,
            names: Vec::new(),
            between: between.as_ref().map(|(code, _)| code.clone()).zip(operands.ok()),
            pops: call.pops,
            offset: call.offset,
        };
        // The picture: what is neither argument nor operand goes.
        let mut syms = Vec::with_capacity(call.pops + 1);
        syms.push(Sym::Null);
        let mut ends = Ends::default();
        for n in 1..=call.pops {
            let sym = self.peek_raw(n)?;
            syms.push(sym);
            let kept = call.args.contains(&n) || between.as_ref().is_some_and(|(_, operands)| operands.contains(&n));
            // SAFETY: the real words.
            if !kept && let Some(real) = unsafe { (*at.sp.sub(n)).opt() } {
                self.expect_end(&mut ends, sym, real)?;
            }
        }
        for _ in 0..call.pops {
            self.pop()?;
        }
        let mut args: Vec<Sym> = call.args.iter().map(|&n| syms[n]).collect();
        let mut offset = call.offset;
        if let Some((code, operands)) = &between {
            let held: Vec<Sym> = operands.iter().map(|&n| syms[n]).collect();
            let lent = self.enter_between(call.function, code, &held, offset)?;
            for (arg, n) in args.iter_mut().zip(call.args) {
                if let Some(place) = operands.iter().position(|operand| operand == n) {
                    *arg = lent[place];
                }
            }
            offset = 0;
        }
        if let Some(name) = name {
            let name = self.constant_object(name.as_object());
            args.insert(1, Sym::Obj { value: name, hold: Hold::Constant });
        }
        self.enter(entry, &args, offset)?;
        self.release_all(ends)?;
        self.detour = Some(detour);
        Ok(())
    }

    /// The callee's word on the operand stack, which its frame takes over if it is no constant.
    pub(super) fn give_function(&mut self, entry: &mut Entry, callee: Sym, real: &PyObject) -> Result<Release, Abort> {
        if entry.function.is_const() {
            return self.expect_release(callee, real);
        }
        if let Sym::Obj { hold: Hold::Owned | Hold::Fragile, .. } = callee {
            entry.form = Form::Owned;
        }
        Ok(Release::Nothing)
    }

    /// Makes the function's reference that [`Recorder::give_function`] has promised, if the trace has none yet.
    pub(super) fn take_function(&mut self, entry: &Entry, callee: Sym) -> Done {
        if entry.form == Form::Owned {
            self.own(callee)?;
        }
        Ok(())
    }
}

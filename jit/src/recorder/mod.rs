//! The trace recorder.
//!
//! While a run records, [`Recorder::step`] sees each instruction before it is executed, with the real operands on the real
//! frame. It emits IR for what is about to happen, guarded on what it sees, and keeps a symbolic picture of the frames
//! (`state`): numbers are not boxed, calls of Python functions are followed into frames that exist only in the picture.
//! What it does not know how to record ends the recording ([`Abort`]); the loop is then left to the interpreter.
//!
//! Two rules make exits simple. All guards of an instruction come before its first effect, so that the interpreter can
//! execute the instruction anew from the snapshot. And operands stay in the picture until the instruction's effects are
//! through, so that an exception finds them where the interpreter's unwinding expects them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::opcode::{self, *};
use rpy_vm::jit_hooks::{self, Registers};
use rpy_vm::object::ObjRef;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyStruct, Ref};
use rpy_vm::types::code::PyCode;

use crate::detour::Detour;
use crate::ir::call::CallEffect;
use crate::ir::snapshot::SlotState;
use crate::ir::{Access, Class, Effect, ExitKind, Form, Inst, Made, Op, Snapshot, SnapshotId, Trace, Ty, Value};
use crate::opt::builder::Builder;
use crate::runtime::table;
use crate::starts::Input;

mod arith;
mod arms;
mod attr;
mod builtins;
mod calls;
mod close;
mod ends;
mod enter;
mod frames;
mod generators;
mod iter;
mod link;
mod loops;
mod many;
mod names;
mod natives;
mod numpy;
mod raise;
mod shapes;
mod special;
mod stack;
pub mod state;
mod step;
mod strings;
mod subscr;
mod values;

pub use values::{is_inert, known_types};

pub use enter::counts_references;
pub use link::HeadSlot;
pub use raise::{Raised, Raising};
pub use shapes::Shapes;
use state::{Hold, Home, Sym, SymFrame};

/// Why a recording came to nothing.
#[derive(Clone, Copy, Debug)]
pub struct Abort(pub &'static str);

/// The abort of a recording in which a guard was seen to fail always.
const CONTRADICTION: &str = "a guard that cannot hold";

/// The recorded round is the loop's last one.
pub const LEFT: Abort = Abort("the loop is left");

impl Abort {
    /// Might the recording succeed if it began in another round?
    pub fn is_left(self) -> bool {
        self.0 == LEFT.0
    }

    /// Will the next recording not come to the point where this one ended?
    pub fn is_avoidable(self) -> bool {
        self.0 == BRANCHING
    }
}

const TOO_MANY_INSTRUCTIONS: &str = "too many instructions";
const INNER_LOOP: &str = "an inner loop";
const BRANCHING: &str = "an inner loop that branches";
const RECURSION: &str = "recursion";
const NOT_FOLLOWED: &str = "a function that is not followed";
const LONG_ENOUGH: &str = "a trace that is long enough";
const NOT_RESUMED: &str = "a generator that cannot be resumed plainly";

type Done = Result<(), Abort>;

/// Instructions that a recording may see.
const MAX_STEPS: usize = 3_000;
/// Instructions that a trace may have when the loop closes.
const MAX_INSTS: usize = 6_000;
/// Frames that calls may open.
const MAX_DEPTH: usize = 24;
/// Other forms in which an instruction may turn out to be executed.
const MAX_FORMS: u8 = 3;
/// Rounds of inner loops that are unrolled.
const MAX_UNROLLED: usize = 40;
/// Instructions of functions that are called and not followed.
const MAX_SKIPPED: usize = 50_000;
/// The same in the base frame of a path: such a loop will have compiled code of its own.
const MAX_PATH_UNROLLED: usize = 3;
/// A function of which the interpreter executes more than one instruction in so many is not compiled.
const MIN_COMPILED: usize = 20;
/// Instructions of a round which is not compiled if it resumes a generator that is not followed: the interpreter, in whose loop the
/// generator runs as well, does that in less time than compiled code gains by the rest.
const SHORT_ROUND: usize = 10;
/// Instructions that a path must have to be of use, if it ends before it has come to a loop.
const MIN_PATH: usize = 4;

/// What [`Recorder::step`] says.
pub enum Outcome {
    /// Go on.
    Continue,
    /// Go on, but make this call in place of the instruction.
    Enter(Detour),
    /// The loop is closed: compile [`Recorder::finish`]'s result.
    Closed,
    /// The path from an exit has come to the head of a compiled loop: [`Recorder::link`] ends it there.
    Reached(LoopKey),
    /// The path has come to the base frame's return, or to an exception that leaves it: compile [`Recorder::finish`]'s result.
    Returned,
    Aborted(Abort),
}

/// A loop's name: the address of its head.
pub type LoopKey = usize;

/// Where a recording of a loop comes from.
pub struct Origin {
    pub key: LoopKey,
    /// The backward jump that was found hot.
    pub jump: *mut u16,
    /// The address of the code object.
    pub code: usize,
}

/// The heads of compiled loops: where a path from an exit may end.
pub trait Heads {
    /// The loop that begins at this instruction, and how deep the operand stack is there.
    fn at(&self, instr: *mut u16) -> Option<(LoopKey, usize)>;
}

/// What a recording follows.
enum Goal {
    /// A loop, from its head at this instruction back to it; and the last of its jumps.
    Loop(*mut u16, *mut u16),
    /// The path from an exit to the head of a compiled loop, or to the base frame's return.
    Path,
    /// As a path, from a function's entry on.
    Function,
}

/// Code that had better not be followed when it is called, by its address: how often recordings came to nothing there.
pub type Unfollowed = Rc<RefCell<HashMap<usize, u32>>>;
/// So many failures in a function, and it is called instead of followed.
const MAX_STRIKES: u32 = 2;

/// An exit of a compiled trace, at which the machine stands: its frames have just been rebuilt.
pub struct ExitPoint<'a> {
    pub trace: &'a Trace,
    pub snapshot: &'a Snapshot,
    /// What may be relied on of the snapshot's values.
    pub inputs: &'a [Input],
    /// The real frames, one for each of the snapshot's.
    pub frames: &'a [*mut InterpreterFrame],
    /// The loop that the trace belongs to.
    pub key: LoopKey,
}

/// A recording under way.
pub struct Recorder {
    builder: Builder,
    frames: Vec<SymFrame>,
    /// The snapshot of the instruction's beginning, once something needed it.
    snapshot: Option<SnapshotId>,
    /// The base frame's value.
    base: Value,
    /// Stands for no value.
    nothing: Value,
    goal: Goal,
    /// Where the recording began.
    start: *mut u16,
    /// The loop to which the trace will belong.
    key: LoopKey,
    /// The backward jump that was found hot; null for paths.
    jump: *mut u16,
    /// Of paths, before the last instruction: the snapshot, if there was one, and how many operations there were.
    before: Option<(Option<SnapshotId>, usize)>,
    /// The frames before the last instruction, and whether they are still so.
    frames_before: Vec<SymFrame>,
    is_unchanged: bool,
    /// The base frame's code. The frame may end before the recording does.
    code: Ref<PyCode>,
    /// The last instruction seen, and its frame: a second call for it says that it goes on in another form.
    last: (*mut u16, *const InterpreterFrame),
    /// How often it was called for it.
    repeats: u8,
    /// Objects that the trace's constants refer to.
    kept: Vec<ObjRef>,
    /// More about the reason to give up, for the log.
    detail: Option<String>,
    /// The last instruction was a prefix of the next.
    prefixed: bool,
    /// The call that the run is to make in place of the instruction.
    detour: Option<Detour>,
    /// What the next instruction has to find out about the last one.
    pending: frames::Pending,
    /// Instructions of frames that the trace does not follow.
    skipped: usize,
    /// The instructions that the interpreter executes.
    interpreted: Vec<Interpreted>,
    /// The last instruction was to make a tuple of so many words, which are still on the picture's stack: it belongs to the next
    /// one, for which that is enough.
    unbuilt: Option<u8>,
    steps: usize,
    /// Rounds of inner loops: those in the base frame of a path, and others.
    unrolled: [usize; 2],
    /// A generator has yielded since a round of a loop in a generator was counted.
    yielded: bool,
    /// The frames that there were when the recording began.
    given: usize,
    /// Operations on arrays that have not been computed yet.
    chain: numpy::Chain,
    /// The expressions of arrays, for the log.
    fused: Vec<String>,
    /// Are there expressions of big ones among them?
    has_big_arrays: bool,
    /// It is made to see whether there are: see `early`.
    pub is_early: bool,
    /// The frame and the instruction up to which everything was recorded with a branch.
    passing: Option<(*mut InterpreterFrame, *mut u16)>,
    /// The function that the instruction calls was guarded, takes its arguments plainly, and is not followed.
    direct: bool,
    /// The machine is in a frame that the trace does not follow.
    away: bool,
    /// The last instruction seen has raised, or something that it has called.
    raising: bool,
    /// The thread has an exception pending: guards resume with it.
    in_flight: bool,
    /// What is not followed.
    pub unfollowed: Unfollowed,
    /// What raises.
    pub raises: Raising,
    /// Which shapes instructions have met.
    pub shapes: Shapes,
}

/// An instruction that the interpreter executes.
pub struct Interpreted {
    /// What it is, and why.
    pub why: String,
    /// It calls a function that is not followed. That may be compiled by itself.
    pub is_call: bool,
    /// It resumes a generator that is not followed.
    pub is_resumption: bool,
}

/// What a recording comes to.
pub struct Recorded {
    pub builder: Builder,
    /// What the base frame's slots hold at the loop's head in place of memory.
    pub header: Vec<SlotState>,
    pub kept: Vec<ObjRef>,
    /// Operand stack words at the loop's head.
    pub base_depth: usize,
    pub steps: usize,
    /// The instructions that the interpreter executes.
    pub interpreted: Vec<Interpreted>,
    /// The expressions of arrays.
    pub fused: Vec<String>,
}

impl Recorded {
    /// Does the trace go on where it ends, in a loop, or does it return?
    pub fn is_complete(&self, in_loop: bool) -> bool {
        let trace = &self.builder.trace;
        let end = trace.insts.last().and_then(|inst| inst.snapshot);
        in_loop || end.is_some_and(|end| trace.snapshot(end).kind == ExitKind::Return)
    }

    /// Does a round do hardly more than to resume a generator that is not followed?
    pub fn only_resumes(&self) -> bool {
        self.steps < SHORT_ROUND && self.interpreted.iter().any(|other| other.is_resumption)
    }

    /// Is there so little that the interpreter executes, but calls of functions that may be compiled, that it would not do as well?
    pub fn is_compiled_mostly(&self) -> bool {
        self.interpreted.iter().filter(|other| !other.is_call).count() * MIN_COMPILED <= self.steps
    }
}

impl Recorder {
    /// Starts to record at a loop's head, where the machine is about to go on.
    ///
    /// # Safety
    /// The registers are those of a live machine, at the backward jump to `header`.
    pub unsafe fn new(at: Registers<'_>, header: *mut u16) -> Recorder {
        // SAFETY: the caller's promise.
        let (code, depth) = unsafe {
            let frame = &*at.frame;
            (frame.code(), at.sp.offset_from(frame.stack_base()) as usize)
        };
        let locals = code.co_nlocalsplus as usize;
        let mut builder = Builder::new(values::known_types());
        let base = builder.trace.push(Inst::new(Op::Frame, &[]));
        let nothing = builder.trace.constant(Ty::Obj, 0);
        Recorder {
            builder,
            frames: vec![SymFrame {
                home: Some(Home { address: base, depth }),
                inlined: None,
                real: at.frame,
                address: None,
                locals,
                slots: vec![Sym::Memory; locals + depth],
                ip: header as usize,
                return_offset: 0,
            }],
            snapshot: None,
            base,
            nothing,
            // SAFETY: the jump leads to the header.
            goal: Goal::Loop(header, unsafe { loops::last_jump(code, header, at.instr) }),
            start: header,
            key: header as LoopKey,
            jump: at.instr,
            before: None,
            frames_before: Vec::new(),
            is_unchanged: false,
            last: (core::ptr::null_mut(), core::ptr::null()),
            code: code.to_ref(),
            repeats: 0,
            kept: Vec::new(),
            detail: None,
            prefixed: false,
            detour: None,
            pending: frames::Pending::Nothing,
            skipped: 0,
            interpreted: Vec::new(),
            unbuilt: None,
            steps: 0,
            unrolled: [0; 2],
            yielded: false,
            given: 1,
            chain: numpy::Chain::default(),
            fused: Vec::new(),
            has_big_arrays: false,
            is_early: false,
            passing: None,
            direct: false,
            away: false,
            raising: false,
            in_flight: false,
            unfollowed: Unfollowed::default(),
            raises: Raising::default(),
            shapes: Shapes::default(),
        }
    }

    /// Starts to record a function at its entry.
    ///
    /// # Safety
    /// The registers are those of a live machine, at the first `RESUME` of a function.
    pub unsafe fn of_function(at: Registers<'_>) -> Recorder {
        // SAFETY: passed on; an instruction follows.
        let mut recorder = unsafe { Recorder::new(at, at.instr.add(1)) };
        recorder.goal = Goal::Function;
        recorder.start = at.instr;
        recorder.key = at.instr as LoopKey;
        // What is compiled of it stays for good.
        recorder.kept.push(recorder.code().as_object().new_ref());
        recorder
    }

    /// The result, after [`Outcome::Closed`].
    pub fn finish(self) -> Recorded {
        let (header, base_depth) = (self.header_state(), self.base_depth());
        Recorded {
            builder: self.builder,
            header,
            kept: self.kept,
            base_depth,
            steps: self.steps,
            interpreted: self.interpreted,
            fused: self.fused,
        }
    }

    /// Starts to record what follows an exit, where the machine is about to go on.
    ///
    /// # Errors
    /// The exit's state cannot be taken over.
    ///
    /// # Safety
    /// The exit has just been taken, and its frames rebuilt.
    pub unsafe fn from_exit(exit: &ExitPoint<'_>) -> Result<Recorder, Abort> {
        // SAFETY: the base frame is live.
        let code = unsafe { (*exit.frames[0]).code() };
        let mut builder = Builder::new(values::known_types());
        let base = builder.trace.push(Inst::new(Op::Frame, &[]));
        let nothing = builder.trace.constant(Ty::Obj, 0);
        let innermost = exit.snapshot.frames.last().ok_or(Abort("an exit without frames"))?;
        let start = innermost.ip as *mut u16;
        let mut recorder = Recorder {
            builder,
            frames: Vec::new(),
            snapshot: None,
            base,
            nothing,
            goal: Goal::Path,
            start,
            key: exit.key,
            jump: core::ptr::null_mut(),
            before: None,
            frames_before: Vec::new(),
            is_unchanged: false,
            code: code.to_ref(),
            last: (core::ptr::null_mut(), core::ptr::null()),
            repeats: 0,
            kept: Vec::new(),
            detail: None,
            prefixed: false,
            detour: None,
            pending: frames::Pending::Nothing,
            skipped: 0,
            interpreted: Vec::new(),
            unbuilt: None,
            steps: 0,
            unrolled: [0; 2],
            yielded: false,
            given: 1,
            chain: numpy::Chain::default(),
            fused: Vec::new(),
            has_big_arrays: false,
            is_early: false,
            passing: None,
            direct: false,
            away: false,
            raising: false,
            in_flight: false,
            unfollowed: Unfollowed::default(),
            raises: Raising::default(),
            shapes: Shapes::default(),
        };
        recorder.take_over(exit)?;
        recorder.given = recorder.frames.len();
        if exit.snapshot.kind == ExitKind::Raise {
            recorder.begin_raising()?;
        }
        Ok(recorder)
    }

    /// The symbolic frames of an exit, whose values are the trace's parameters.
    fn take_over(&mut self, exit: &ExitPoint<'_>) -> Done {
        let mut place = 0;
        let (mut shared, mut made) = (Vec::new(), Vec::new());
        // A value that stands in several slots is one parameter: it lies in one place.
        let mut params: HashMap<u32, Value> = HashMap::new();
        let mut borrowed = Vec::new();
        for (index, state) in exit.snapshot.frames.iter().enumerate() {
            let real = exit.frames[index];
            // SAFETY: the rebuilt frames are live.
            let code = unsafe { (*real).code() };
            let locals = code.co_nlocalsplus as usize;
            let inlined = match state.inlined {
                None => None,
                Some(inlined) => {
                    self.constant_object(code.as_object());
                    let input = exit.inputs[place];
                    let mut form = if input.owned { Form::Owned } else { Form::Shared };
                    let function = if input.constant.is_some() {
                        // SAFETY: the rebuilt frame owns its function.
                        self.constant_object(unsafe { (*real).func() }.as_object())
                    } else {
                        let function = self.parameter(exit, place, inlined.function, &mut params);
                        if form == Form::Shared {
                            // As for the slots below.
                            borrowed.push(function);
                            form = Form::Owned;
                        }
                        function
                    };
                    place += 1;
                    Some((function, form, inlined.code))
                }
            };
            let address = state.address.map(|address| {
                place += 1;
                self.parameter(exit, place - 1, address, &mut params)
            });
            let home = match (inlined, address) {
                (None, None) => Some(self.base),
                (None, Some(address)) => Some(address),
                (Some(_), _) => None,
            };
            let home = home.map(|address| Home { address, depth: state.memory_depth as usize });
            let empty = if inlined.is_none() { Sym::Memory } else { Sym::Null };
            let mut slots = vec![empty; locals + state.depth as usize];
            for slot in &state.slots {
                let sym = if slot.form == Form::Null {
                    Sym::Null
                } else if slot.form == Form::Virtual {
                    made.push((index, slot.index as usize, exit.trace.as_int(slot.value).unwrap_or(0) as usize));
                    Sym::Null
                } else {
                    let input = exit.inputs[place];
                    let value = self.parameter(exit, place, slot.value, &mut params);
                    place += 1;
                    match slot.form {
                        Form::Owned | Form::Shared if input.owned => Sym::Obj { value, hold: Hold::Owned },
                        Form::Owned | Form::Shared if input.constant.is_some() => {
                            Sym::Obj { value, hold: Hold::Constant }
                        }
                        Form::Owned | Form::Shared => {
                            // Who lends it is not known here: it gets a reference of its own, once all parameters are in.
                            shared.push((index, slot.index as usize));
                            Sym::Obj { value, hold: Hold::Fragile }
                        }
                        Form::Int => Sym::Int(value),
                        Form::Float => Sym::Float(value),
                        Form::Bool => Sym::Bool(value),
                        Form::Null | Form::Virtual => Sym::Null,
                        Form::Scalar(scalar) => Sym::Scalar(scalar, value),
                    }
                };
                slots[slot.index as usize] = sym;
            }
            self.frames.push(SymFrame {
                home,
                inlined,
                real,
                address: address.filter(|_| home.is_none()),
                locals,
                slots,
                ip: state.ip,
                return_offset: state.return_offset,
            });
        }
        let objects = self.virtual_params(exit, &mut place, &mut params);
        for function in borrowed {
            self.op(Op::Incref, &[function])?;
        }
        for (frame, slot) in shared {
            let sym = self.frames[frame].slots[slot];
            self.frames[frame].slots[slot] = self.own(sym)?;
        }
        if objects.is_empty() {
            return Ok(());
        }
        let values = self.make_virtuals(exit, &objects)?;
        for (frame, slot, number) in made {
            self.op(Op::Incref, &[values[number]])?;
            self.frames[frame].slots[slot] = Sym::Obj { value: values[number], hold: Hold::Owned };
        }
        for value in values {
            self.op(Op::Decref, &[value])?;
        }
        Ok(())
    }

    /// The parameters for what the exit's virtual objects hold.
    fn virtual_params(
        &mut self,
        exit: &ExitPoint<'_>,
        place: &mut usize,
        params: &mut HashMap<u32, Value>,
    ) -> Vec<Vec<(Form, Value)>> {
        let mut objects = Vec::with_capacity(exit.snapshot.virtuals.len());
        for object in &exit.snapshot.virtuals {
            let mut fields = Vec::with_capacity(object.fields.len());
            for field in &object.fields {
                fields.push(if field.form.has_value() {
                    let value = self.parameter(exit, *place, field.value, params);
                    let form = match field.form {
                        Form::Owned | Form::Shared if exit.inputs[*place].owned => Form::Owned,
                        Form::Owned | Form::Shared => Form::Shared,
                        form => form,
                    };
                    *place += 1;
                    (form, value)
                } else {
                    (field.form, self.nothing)
                });
            }
            objects.push(fields);
        }
        objects
    }

    /// Makes the exit's virtual objects anew: they may be virtual in this trace, too. Of each, one reference is the caller's.
    fn make_virtuals(&mut self, exit: &ExitPoint<'_>, params: &[Vec<(Form, Value)>]) -> Result<Vec<Value>, Abort> {
        let objects = &exit.snapshot.virtuals;
        let mut values: Vec<Option<Value>> = vec![None; objects.len()];
        for (number, object) in objects.iter().enumerate() {
            if object.made == Made::Instance {
                // SAFETY: the class of the instance, which the parent's trace keeps.
                self.constant_object(unsafe { &*(object.class as *const PyObject) });
                let class = self.trace().ptr(object.class);
                let attrs = self.trace().ptr(object.attrs);
                values[number] = Some(self.call_runtime(table::SURE_INSTANCE, &[class, attrs])?);
            }
        }
        for number in 0..objects.len() {
            self.make_tuple(exit, params, number, &mut values)?;
        }
        let values: Vec<Value> = values.into_iter().flatten().collect();
        for (number, object) in objects.iter().enumerate().filter(|(_, object)| object.made == Made::Instance) {
            for (field, &(form, param)) in object.fields.iter().zip(&params[number]) {
                let value = match form {
                    Form::Virtual => {
                        let part = values[exit.trace.as_int(field.value).unwrap_or(0) as usize];
                        self.op(Op::Incref, &[part])?;
                        part
                    }
                    form => self.field_object(form, param)?,
                };
                let access = Access::word(Class::Attr, 8 * field.index as usize);
                self.emit(Inst::store(values[number], value, access))?;
            }
        }
        Ok(values)
    }

    /// Makes a virtual tuple, and those in it; or a virtual range.
    fn make_tuple(
        &mut self,
        exit: &ExitPoint<'_>,
        params: &[Vec<(Form, Value)>],
        number: usize,
        values: &mut [Option<Value>],
    ) -> Result<Value, Abort> {
        if let Some(value) = values[number] {
            return Ok(value);
        }
        let object = &exit.snapshot.virtuals[number];
        if object.made == Made::Range {
            let bounds: Vec<Value> = params[number].iter().map(|&(_, bound)| bound).collect();
            let value = self.call_runtime(table::NEW_RANGE, &bounds)?;
            values[number] = Some(value);
            return Ok(value);
        }
        let mut items = Vec::with_capacity(object.fields.len());
        for (field, &(form, param)) in object.fields.iter().zip(&params[number]) {
            items.push(match form {
                Form::Virtual => {
                    let part = exit.trace.as_int(field.value).unwrap_or(0) as usize;
                    let part = self.make_tuple(exit, params, part, values)?;
                    self.op(Op::Incref, &[part])?;
                    part
                }
                form => self.field_object(form, param)?,
            });
        }
        let callee = match items.len() {
            1 => table::NEW_TUPLE1,
            2 => table::NEW_TUPLE2,
            3 => table::NEW_TUPLE3,
            4 => table::NEW_TUPLE4,
            5 => table::NEW_TUPLE5,
            6 => table::NEW_TUPLE6,
            _ => return Err(Abort("a tuple of many items")),
        };
        let value = self.call_runtime(callee, &items)?;
        values[number] = Some(value);
        Ok(value)
    }

    /// An owned object for the field of a virtual object.
    fn field_object(&mut self, form: Form, value: Value) -> Result<Value, Abort> {
        match form {
            Form::Owned => Ok(value),
            Form::Shared => {
                self.op(Op::Incref, &[value])?;
                Ok(value)
            }
            Form::Int => self.op(Op::BoxInt, &[value]),
            Form::Float => self.op(Op::BoxFloat, &[value]),
            Form::Bool => self.op(Op::BoxBool, &[value]),
            Form::Scalar(_) => match form.boxing(&mut self.builder.trace, value) {
                Some(inst) => self.emit(inst),
                None => Err(Abort("an empty field")),
            },
            Form::Null | Form::Virtual => Err(Abort("an empty field")),
        }
    }

    /// The value at a place among those of the exit that the recording goes on from.
    fn parameter(
        &mut self,
        exit: &ExitPoint<'_>,
        place: usize,
        value: Value,
        params: &mut HashMap<u32, Value>,
    ) -> Value {
        let (ty, input) = (exit.trace.ty(value), exit.inputs[place]);
        if let Some(bits) = input.constant {
            if ty == Ty::Obj && bits & 1 == 0 {
                // SAFETY: a constant of the parent, which keeps it alive.
                if let Some(object) = unsafe { (bits as *const PyObject).as_ref() } {
                    self.constant_object(object);
                }
            }
            return self.builder.trace.constant(ty, bits);
        }
        *params.entry(input.same).or_insert_with(|| {
            let number = self.builder.trace.int(i64::from(input.same));
            let inst = Inst { ty, ..Inst::new(Op::Param, &[number]) };
            self.builder.trace.push(inst)
        })
    }

    /// Where the trace begins.
    pub fn header(&self) -> *mut u16 {
        self.start
    }

    /// Operand stack words of the base frame that are in memory.
    fn base_depth(&self) -> usize {
        self.frames[0].home.map_or(0, |home| home.depth)
    }

    /// More about the reason to give up.
    pub fn detail(&self) -> &str {
        self.detail.as_deref().unwrap_or("")
    }

    /// Does the recording lead from an exit, or a function's entry, to wherever it can?
    pub fn is_path(&self) -> bool {
        !matches!(self.goal, Goal::Loop(..))
    }

    /// Does the recording follow a function from its entry on?
    pub fn is_function(&self) -> bool {
        matches!(self.goal, Goal::Function)
    }

    /// The recording was given up: what is called here, rather than followed, should another one come along.
    pub fn blame(&self, why: Abort) {
        let at = match why.0 {
            TOO_MANY_INSTRUCTIONS => 1,
            _ => self.frames.len() - 1,
        };
        if at > 0
            && let Some((_, _, code)) = self.frames.get(at).and_then(|frame| frame.inlined)
        {
            // SAFETY: the trace keeps the code of its frames.
            jit_hooks::watch(unsafe { (*(code as *const PyObject)).cast_unchecked_ref() });
            let lasting = matches!(why.0, TOO_MANY_INSTRUCTIONS | INNER_LOOP | BRANCHING);
            *self.unfollowed.borrow_mut().entry(code).or_default() += if lasting { MAX_STRIKES } else { 1 };
        }
    }

    /// Does the round compute with big arrays?
    pub fn has_big_arrays(&self) -> bool {
        self.has_big_arrays
    }

    /// Where the recording comes from.
    pub fn origin(&self) -> Origin {
        Origin { key: self.key, jump: self.jump, code: self.code().as_object().as_ptr() as usize }
    }

    /// Ends a path, which cannot go on, before the last instruction, if it has come so far that it is of use.
    pub fn cut(&mut self) -> bool {
        let Some((snapshot, count)) = self.before.filter(|_| self.is_path() && self.steps > MIN_PATH) else {
            return false;
        };
        core::mem::swap(&mut self.frames, &mut self.frames_before);
        let snapshot = snapshot.unwrap_or_else(|| self.new_snapshot(ExitKind::Resume));
        // What the instruction has emitted may be half of what it does.
        self.builder.trace.insts.truncate(count);
        self.builder.trace.push(Inst::new(Op::Exit, &[]).at(snapshot));
        true
    }

    /// The code object of the base frame.
    pub fn code(&self) -> &PyCode {
        &self.code
    }

    /// Records one instruction.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    pub unsafe fn step(&mut self, at: Registers<'_>, op: u8, arg: usize, heads: &dyn Heads) -> Outcome {
        if self.passes_over(at.instr, at.frame) {
            return Outcome::Continue;
        }
        if self.last == (at.instr, at.frame as *const _) && op != EXTENDED_ARG && self.repeats < MAX_FORMS {
            // The same instruction, executed in another form after all: its general one, and what that becomes then. It has been recorded
            // by what it does.
            self.repeats += 1;
            return Outcome::Continue;
        }
        let raising = core::mem::take(&mut self.raising);
        if raising {
            // Who has caught it is to be found out.
            self.away = false;
        }
        if self.called_away(at) {
            self.skipped += 1;
            // A function that recurses does so not everywhere: another call of it takes less time.
            let most = if self.is_function() { MAX_SKIPPED / 10 } else { MAX_SKIPPED };
            return match self.skipped < most {
                true => Outcome::Continue,
                false => Outcome::Aborted(Abort("a long call")),
            };
        }
        if self.ends_generator(at, op) {
            return Outcome::Continue;
        }
        if raising {
            // SAFETY: a live machine, behind the unwinding.
            match unsafe { self.unwind(at) } {
                Ok(false) => {}
                Ok(true) => return Outcome::Returned,
                Err(abort) => return Outcome::Aborted(abort),
            }
        }
        self.last = (at.instr, at.frame);
        self.repeats = 0;
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Outcome::Aborted(Abort(TOO_MANY_INSTRUCTIONS));
        }
        self.snapshot = None;
        self.direct = false;
        let base = opcode::BASE[op as usize];
        // SAFETY: a live machine.
        if let Err(abort) = unsafe { self.settle_pending(at) } {
            return Outcome::Aborted(abort);
        }
        // SAFETY: a live machine.
        if !unsafe { self.is_in_frame(at) } {
            // An iterator has ended that was expected to go on.
            let ended = matches!(base, POP_ITER | END_FOR) && !self.is_path() && self.in_base();
            return Outcome::Aborted(if ended { LEFT } else { Abort("another frame than expected") });
        }
        if !self.chain.is_empty() {
            // SAFETY: a live machine.
            let stays = unsafe { self.keeps_chain(at, base, arg) } && heads.at(at.instr).is_none();
            // SAFETY: a live machine.
            if !stays && let Err(abort) = unsafe { self.compute_chain(at, base, arg) } {
                return Outcome::Aborted(abort);
            }
        }
        // An instruction with extended arguments begins at its first prefix, where the picture's `ip` stays.
        if !core::mem::replace(&mut self.prefixed, base == EXTENDED_ARG) && self.unbuilt.is_none() {
            self.top().ip = at.instr as usize;
            if self.is_path() {
                self.before = Some((self.chain.snapshot().or(self.snapshot), self.builder.trace.insts.len()));
            }
            self.frames_before.clone_from(&self.frames);
            self.is_unchanged = true;
        } else {
            self.is_unchanged = false;
        }
        if let Goal::Loop(head, end) = self.goal
            && self.in_base()
            && !(head..=end).contains(&at.instr)
        {
            return Outcome::Aborted(LEFT);
        }
        if self.is_path() && self.builder.trace.insts.len() > MAX_INSTS {
            return Outcome::Aborted(Abort("too many operations"));
        }
        if self.is_path()
            && self.in_base()
            && self.steps > 1
            && let Some((key, depth)) = heads.at(at.instr)
            && depth == self.top().depth()
        {
            return Outcome::Reached(key);
        }
        if base == EXTENDED_ARG {
            return Outcome::Continue;
        }
        if base == RETURN_VALUE && self.in_base() && self.is_path() {
            // SAFETY: passed on.
            return match unsafe { self.return_from_base(at) } {
                Ok(()) => Outcome::Returned,
                Err(abort) => Outcome::Aborted(abort),
            };
        }
        // SAFETY: the target of a jump lies in the code; the jump has one cache unit, if it asks whether something waits.
        let target = unsafe { at.instr.add(1 + usize::from(base == JUMP_BACKWARD)).wrapping_sub(arg) };
        // SAFETY: as before.
        let awaits = || opcode::BASE[unsafe { *target } as u8 as usize] == SEND;
        if base == JUMP_BACKWARD || (base == JUMP_BACKWARD_NO_INTERRUPT && !awaits()) {
            return match self.jump_backward(target) {
                Ok(true) => Outcome::Closed,
                Ok(false) => Outcome::Continue,
                Err(abort) => Outcome::Aborted(abort),
            };
        }
        let unbuilt = self.unbuilt;
        // SAFETY: passed on.
        let done = unsafe { self.record_chained(at, op, base, arg) };
        if unbuilt.is_some() {
            self.unbuilt = None;
        }
        match done {
            Ok(()) => match self.detour.take() {
                Some(detour) => Outcome::Enter(detour),
                None => Outcome::Continue,
            },
            Err(abort) => Outcome::Aborted(abort),
        }
    }

    /// Records an instruction whose operands are taken out of memory, if need be as something that the interpreter does.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn record_lifted(&mut self, at: Registers<'_>, op: u8, base: u8, arg: usize, somehow: bool) -> Done {
        // SAFETY: passed on.
        unsafe {
            if self.gives_words() {
                self.lift(at, consumed(base, arg))?;
            }
            if somehow { self.record_somehow(at, op, base, arg) } else { self.record(at, op, base, arg) }
        }
    }

    /// Records an instruction by what it does, or else as something that the interpreter does (see `frames`).
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn record_somehow(&mut self, at: Registers<'_>, op: u8, base: u8, arg: usize) -> Done {
        let before = self.builder.trace.insts.len();
        let frames = (!self.is_unchanged).then(|| self.frames.clone());
        let chain = (!self.chain.is_empty()).then(|| self.chain.clone());
        let why = if self.raises_again(at) {
            Abort("it raises")
        } else {
            // SAFETY: passed on.
            match unsafe { self.record(at, op, base, arg) } {
                Ok(()) => return Ok(()),
                Err(why) => why,
            }
        };
        let harmless = |inst: &Inst| match inst.op.effect() {
            Effect::Pure | Effect::Load | Effect::Guard | Effect::Checked | Effect::Alloc => true,
            // A question changes nothing, and its answer is no object that would have to be given back.
            Effect::Call => inst.call.is_some_and(|id| match self.builder.trace.call(id).effect {
                CallEffect::Pure => true,
                CallEffect::Writes(0) => inst.ty != Ty::Obj,
                CallEffect::Writes(_) | CallEffect::New(_) | CallEffect::Any => false,
            }),
            Effect::Store | Effect::Count | Effect::Control => false,
        };
        if why.0 == CONTRADICTION || self.unbuilt.is_some() || !self.builder.trace.insts[before..].iter().all(harmless)
        {
            return Err(why);
        }
        match frames {
            Some(frames) => self.frames = frames,
            None => self.frames.clone_from(&self.frames_before),
        }
        self.chain = chain.unwrap_or_default();
        self.detour = None;
        self.snapshot = None;
        // SAFETY: passed on.
        match unsafe { self.residual(at, base, arg) } {
            Err(Abort("")) => Err(why),
            Ok(()) => {
                let is_call = matches!(why.0, RECURSION | NOT_FOLLOWED | LONG_ENOUGH);
                let is_resumption = why.0 == NOT_RESUMED;
                let why = format!("{}: {} {}", opcode::NAMES[base as usize], why.0, self.detail());
                self.interpreted.push(Interpreted { why, is_call, is_resumption });
                self.detail = None;
                Ok(())
            }
            other => other,
        }
    }

    /// Is the machine in the frame that the picture has on top, with as many words on its stack?
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn is_in_frame(&mut self, at: Registers<'_>) -> bool {
        let unbuilt = self.unbuilt;
        if self.top().real.is_null() {
            // Its first instruction, in a frame that is none of those below.
            let is_below = self.frames.iter().any(|frame| core::ptr::eq(frame.real, at.frame));
            // SAFETY: a live Python frame.
            let code = unsafe { (*at.frame).code() }.as_object().as_ptr() as usize;
            let frame = self.top();
            let is_code = frame.inlined.is_some_and(|(_, _, expected)| expected == code);
            let is_first = !is_below && is_code && frame.ip == at.instr as usize;
            if is_first {
                frame.real = at.frame;
            }
            return is_first;
        }
        let frame = self.top();
        // SAFETY: a live Python frame, and the machine's stack pointer.
        let depth = unsafe { at.sp.offset_from((*at.frame).stack_base()) };
        let missing = unbuilt.map_or(0, |count| isize::from(count) - 1);
        core::ptr::eq(frame.real, at.frame) && depth + missing == frame.depth() as isize
    }

    /// A backward jump: the end of the recording, or a round of an inner loop, which is unrolled. True if the loop closes.
    fn jump_backward(&mut self, target: *mut u16) -> Result<bool, Abort> {
        if self.in_base() && matches!(self.goal, Goal::Loop(header, _) if header == target) {
            if self.top().depth() != self.base_depth() {
                return Err(Abort("the stack differs at the loop's end"));
            }
            if self.builder.trace.insts.len() > MAX_INSTS {
                return Err(Abort("too many operations"));
            }
            self.top().ip = target as usize;
            self.snapshot = None;
            self.guard(Op::GuardCalm, &[])?;
            return Ok(true);
        }
        // As the interpreter does at each backward jump: the collector, signals and other threads do not wait for the end of
        // a long round.
        self.guard(Op::GuardCalm, &[])?;
        if self.frames.len() > self.given {
            let (frame, jump) = (self.top().real, self.top().ip as *mut u16);
            // SAFETY: a live frame, in whose code both lie.
            if unsafe { loops::branches((*frame).code(), target, jump) } {
                return Err(Abort(BRANCHING));
            }
        }
        if !self.in_base() && self.top().home.is_some() && core::mem::take(&mut self.yielded) {
            // Whoever takes what it yields goes round as well.
            return Ok(false);
        }
        // A path goes round in the loop that contains the one whose exit this is. Its head may be where the path ends.
        let outside = self.is_path() && self.in_base();
        let (rounds, most) = match outside {
            true => (&mut self.unrolled[0], MAX_PATH_UNROLLED),
            false => (&mut self.unrolled[1], MAX_UNROLLED),
        };
        *rounds += 1;
        if *rounds > most { Err(Abort(INNER_LOOP)) } else { Ok(false) }
    }

    /// Emits an instruction through the optimizer; its value.
    pub(crate) fn emit(&mut self, inst: Inst) -> Result<Value, Abort> {
        if !self.fits_chain(&inst) {
            return Err(Abort("an effect in the middle of an expression of arrays"));
        }
        self.builder.emit(inst).map_err(|_| Abort(CONTRADICTION))
    }

    /// Emits an operation without anything but operands.
    pub(crate) fn op(&mut self, op: Op, args: &[Value]) -> Result<Value, Abort> {
        self.emit(Inst::new(op, args))
    }

    /// Emits an operation with the snapshot of the instruction's beginning.
    pub(crate) fn guard(&mut self, op: Op, args: &[Value]) -> Result<Value, Abort> {
        let snapshot = self.snapshot();
        self.emit(Inst::new(op, args).at(snapshot))
    }

    /// The trace, for constants.
    pub(crate) fn trace(&mut self) -> &mut Trace {
        &mut self.builder.trace
    }

    /// An object as a constant of the trace, which keeps it alive.
    pub(crate) fn constant_object(&mut self, object: &PyObject) -> Value {
        let value = self.builder.trace.obj(object.as_ptr() as usize);
        if !self.kept.iter().any(|k| k.is(object)) {
            self.kept.push(object.new_ref());
        }
        value
    }

    /// The real object `n` below the top of the operand stack.
    ///
    /// # Safety
    /// The registers are those of a live machine with as many words on its stack.
    pub(crate) unsafe fn real<'a>(&self, at: Registers<'a>, n: usize) -> Result<&'a PyObject, Abort> {
        // SAFETY: the caller's promise.
        unsafe { (*at.sp.sub(n)).opt() }.ok_or(Abort("an empty slot"))
    }

    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn record(&mut self, at: Registers<'_>, op: u8, base: u8, arg: usize) -> Done {
        // SAFETY: passed on in every arm: live registers, at an instruction of this kind.
        unsafe {
            match base {
                NOP | NOT_TAKEN | RESUME | CACHE => Ok(()),
                LOAD_FAST | LOAD_FAST_BORROW => self.load_fast(arg),
                LOAD_FAST_AND_CLEAR => self.load_fast_and_clear(at, arg),
                LOAD_COMMON_CONSTANT => self.load_common_constant(arg),
                LOAD_FAST_CHECK => self.load_fast_check(at, arg),
                LOAD_FAST_LOAD_FAST | LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                    self.load_fast(arg >> 4)?;
                    self.load_fast(arg & 15)
                }
                LOAD_CONST => self.load_const(at, arg),
                LOAD_SMALL_INT => self.load_small_int(arg),
                STORE_FAST | STORE_FAST_LOAD_FAST if !self.chain.is_empty() => {
                    let (to, from) = if base == STORE_FAST { (arg, None) } else { (arg >> 4, Some(arg & 15)) };
                    self.store_waiting(at, to)?;
                    from.map_or(Ok(()), |from| self.load_fast(from))
                }
                STORE_FAST => self.store_fast(at, arg),
                DELETE_FAST => self.delete_fast(at, arg),
                STORE_FAST_LOAD_FAST => {
                    self.store_fast(at, arg >> 4)?;
                    self.load_fast(arg & 15)
                }
                STORE_FAST_STORE_FAST => self.store_fast_twice(at, arg >> 4, arg & 15),
                POP_TOP | POP_ITER | END_FOR => self.pop_top(at),
                PUSH_NULL => {
                    self.push(Sym::Null);
                    Ok(())
                }
                COPY => self.copy(arg),
                SWAP => self.swap(arg),
                JUMP_FORWARD => Ok(()),
                JUMP_BACKWARD_NO_INTERRUPT => Err(Abort("a loop of await")),
                POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE => match self.count_branch(at, base, arg)? {
                    true => Ok(()),
                    false => self.pop_jump_if(at, base),
                },
                POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE => self.pop_jump_if_none(at),
                BINARY_OP => self.binary_op(at, op, arg),
                COMPARE_OP => self.compare_op(at, arg),
                IS_OP => self.is_op(at, arg),
                TO_BOOL => self.to_bool(at),
                UNARY_NOT => self.unary_not(at),
                UNARY_NEGATIVE => self.unary(at, arith::Unary::Negative),
                UNARY_INVERT => self.unary(at, arith::Unary::Invert),
                STORE_SUBSCR => self.store_subscr(at),
                LOAD_GLOBAL => self.load_global(at, op, arg),
                LOAD_NAME => self.load_name(at, op, arg),
                STORE_NAME => self.store_name(at, arg),
                STORE_GLOBAL => self.store_global(at, arg),
                LOAD_DEREF => self.load_deref(at, arg),
                STORE_DEREF => self.store_deref(at, arg),
                MAKE_CELL => self.make_cell(arg),
                MAKE_FUNCTION => self.make_function(at),
                SET_FUNCTION_ATTRIBUTE => self.set_function_attribute(arg),
                COPY_FREE_VARS => self.copy_free_vars(at, arg),
                LOAD_ATTR => self.load_attr(at, arg),
                LOAD_SUPER_ATTR => self.load_super_attr(at, arg),
                LOAD_SPECIAL => self.load_special(at, arg),
                STORE_ATTR => self.store_attr(at, arg),
                UNPACK_SEQUENCE => self.unpack_sequence(at, arg),
                GET_ITER => self.get_iter(at),
                FOR_ITER => self.for_iter(at, arg),
                CALL => self.call(at, op, arg),
                CALL_KW => self.call_kw(at, arg),
                CALL_FUNCTION_EX => self.call_function_ex(at),
                FINISH_SPECIAL => self.finish_special(at, arg),
                FORMAT_SIMPLE => self.format_simple(at),
                FORMAT_WITH_SPEC => self.format_with_spec(at),
                CONVERT_VALUE => self.convert_value(at, arg),
                BUILD_STRING => self.build_string(at, arg),
                RETURN_VALUE => self.return_value(at),
                RETURN_GENERATOR => self.return_generator(at),
                GET_YIELD_FROM_ITER => self.get_yield_from_iter(at),
                END_SEND => self.end_send(at),
                YIELD_VALUE => self.yield_value(at, arg),
                PUSH_EXC_INFO => self.push_exc_info(),
                POP_EXCEPT => self.pop_except(),
                CHECK_EXC_MATCH => self.check_exc_match(at),
                RERAISE => self.reraise(at, arg),
                RAISE_VARARGS => self.raise_handled(at, arg),
                EXIT_INIT_CHECK => self.exit_init_check(at),
                LIST_APPEND => self.list_append(arg),
                LIST_EXTEND => self.list_extend(at, arg),
                SET_ADD => self.set_add(at, arg),
                SET_UPDATE => self.set_update(at, arg),
                MAP_ADD => self.map_add(at, arg),
                DICT_UPDATE => self.dict_update(at, arg),
                DICT_MERGE => self.dict_merge(at, arg),
                CONTAINS_OP => self.contains_op(at, arg),
                BINARY_SLICE => self.binary_slice(at),
                BUILD_SLICE if self.leave_slice_unbuilt(at, arg) => Ok(()),
                BUILD_SLICE => self.build_slice(at, arg),
                STORE_SLICE => self.store_slice(at),
                DELETE_SUBSCR => self.delete_subscr(at),
                BUILD_MAP => self.build_map(at, arg),
                BUILD_SET => self.build_set(at, arg),
                CALL_INTRINSIC_1 => self.intrinsic(at, arg),
                BUILD_TUPLE if self.leave_unbuilt(at, arg) || self.build_constant_key(at, arg)? => Ok(()),
                BUILD_TUPLE => self.build(arg, false),
                BUILD_LIST => self.build(arg, true),
                _ => Err(Abort(opcode::NAMES[base as usize])),
            }
        }
    }
}

/// How many words an instruction takes off the stack, to which it does not put them back.
fn consumed(base: u8, arg: usize) -> usize {
    match base {
        FOR_ITER | COPY => 0,
        LIST_APPEND | LIST_EXTEND | SET_ADD | SET_UPDATE | DICT_UPDATE | DICT_MERGE => 1,
        MAP_ADD => 2,
        _ => rpy_vm::interp::stack_effect::operands(base, arg).map_or(0, |(taken, _)| taken),
    }
}

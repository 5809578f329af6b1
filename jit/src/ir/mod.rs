//! The intermediate representation of traces: typed values in SSA form, in straight lines.
//!
//! A trace is a list of instructions; an instruction's position is the name of its value (`v7`). Before [`Op::Loop`] lies
//! the preamble, which is the loop's first round with everything in it that does not change; behind it the body, whose
//! [`Op::Phi`]s say what does; the last instruction is [`Op::Jump`], [`Op::Exit`] or [`Op::Enter`].
//!
//! Every guard has a [`Snapshot`]: what the interpreter's frames hold if the trace ends there.
//!
//! Traces print and parse as text, which is how the optimizer is tested.

pub mod call;
pub mod interp;
pub mod kernel;
pub mod memory;
pub mod ops;
pub mod scalar;
pub mod snapshot;
pub mod text;
pub mod verify;

use crate::hash::FastMap;

pub use call::{CallId, CallInfo, Made};
pub use kernel::Kernel;
pub use memory::{Access, Class, Width};
pub use ops::{Effect, Op, Ty};
pub use scalar::Scalar;
pub use snapshot::{ExitKind, Form, FrameState, Inlined, SlotState, Snapshot, SnapshotId, Virtual};

use smallvec::SmallVec;

/// A value: an instruction's result, or a constant of the trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(u32);

const CONST_BIT: u32 = 1 << 31;

impl Value {
    /// No value: what stands where one would for operations without a result.
    pub const NOTHING: Value = Value(CONST_BIT - 1);

    /// The result of instruction `index`.
    #[inline]
    pub fn of_inst(index: usize) -> Value {
        Value(index as u32)
    }

    /// Constant `index` of the trace.
    #[inline]
    pub fn of_const(index: usize) -> Value {
        Value(index as u32 | CONST_BIT)
    }

    #[inline]
    pub fn is_const(self) -> bool {
        self.0 & CONST_BIT != 0
    }

    /// The defining instruction's position, for values that are not constants.
    #[inline]
    pub fn inst(self) -> Option<usize> {
        if self.is_const() { None } else { Some(self.0 as usize) }
    }

    /// The position among the constants, for constants.
    #[inline]
    pub fn constant(self) -> Option<usize> {
        if self.is_const() { Some((self.0 & !CONST_BIT) as usize) } else { None }
    }
}

impl core::fmt::Debug for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.constant() {
            Some(i) => write!(f, "c{i}"),
            None => write!(f, "v{}", self.0),
        }
    }
}

/// A constant: its type and its 64 bits (a float's representation, an address, 0 or 1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Const {
    pub ty: Ty,
    pub bits: u64,
}

/// Operands.
pub type Args = SmallVec<[Value; 3]>;

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub struct Inst {
    pub op: Op,
    /// The result's type; `Ty::None` without a result.
    pub ty: Ty,
    pub args: Args,
    /// What a load or store touches.
    pub access: Option<Access>,
    /// Whom a call calls.
    pub call: Option<CallId>,
    /// What holds when the trace ends here (guards, checked arithmetic, `exit`).
    pub snapshot: Option<SnapshotId>,
}

impl Inst {
    /// An instruction of an operation that needs nothing but operands.
    pub fn new(op: Op, args: &[Value]) -> Inst {
        Inst {
            op,
            ty: op.result().unwrap_or(Ty::None),
            args: Args::from_slice(args),
            access: None,
            call: None,
            snapshot: None,
        }
    }

    /// With a snapshot.
    pub fn at(mut self, snapshot: SnapshotId) -> Inst {
        self.snapshot = Some(snapshot);
        self
    }

    /// A load of `ty` from `base`.
    pub fn load(ty: Ty, base: Value, access: Access) -> Inst {
        Inst { ty, access: Some(access), ..Inst::new(Op::Load, &[base]) }
    }

    /// A load of `ty` from `base[index]`.
    pub fn load_indexed(ty: Ty, base: Value, index: Value, access: Access) -> Inst {
        Inst { ty, access: Some(access), ..Inst::new(Op::LoadIndexed, &[base, index]) }
    }

    pub fn store(base: Value, value: Value, access: Access) -> Inst {
        Inst { access: Some(access), ..Inst::new(Op::Store, &[base, value]) }
    }

    pub fn store_indexed(base: Value, index: Value, value: Value, access: Access) -> Inst {
        Inst { access: Some(access), ..Inst::new(Op::StoreIndexed, &[base, index, value]) }
    }
}

/// A trace.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    pub insts: Vec<Inst>,
    pub consts: Vec<Const>,
    pub calls: Vec<CallInfo>,
    pub snapshots: Vec<Snapshot>,
    pub kernels: Vec<Kernel>,
    known: FastMap<Const, Value>,
}

impl Trace {
    /// The value of a constant; equal constants are one value.
    pub fn constant(&mut self, ty: Ty, bits: u64) -> Value {
        let constant = Const { ty, bits };
        if let Some(&value) = self.known.get(&constant) {
            return value;
        }
        let value = Value::of_const(self.consts.len());
        self.consts.push(constant);
        self.known.insert(constant, value);
        value
    }

    /// An integer.
    pub fn int(&mut self, value: i64) -> Value {
        self.constant(Ty::Int, value as u64)
    }

    /// A double.
    pub fn float(&mut self, value: f64) -> Value {
        self.constant(Ty::Float, value.to_bits())
    }

    /// An address.
    pub fn ptr(&mut self, address: usize) -> Value {
        self.constant(Ty::Ptr, address as u64)
    }

    /// An object's address.
    pub fn obj(&mut self, address: usize) -> Value {
        self.constant(Ty::Obj, address as u64)
    }

    /// A bool.
    pub fn bool(&mut self, value: bool) -> Value {
        self.constant(Ty::Bool, value as u64)
    }

    /// The constant behind a value.
    pub fn as_const(&self, value: Value) -> Option<Const> {
        value.constant().map(|i| self.consts[i])
    }

    /// The constant integer behind a value.
    pub fn as_int(&self, value: Value) -> Option<i64> {
        self.as_const(value).filter(|c| c.ty == Ty::Int).map(|c| c.bits as i64)
    }

    /// The constant double behind a value.
    pub fn as_float(&self, value: Value) -> Option<f64> {
        self.as_const(value).filter(|c| c.ty == Ty::Float).map(|c| f64::from_bits(c.bits))
    }

    /// The constant bool behind a value.
    pub fn as_bool(&self, value: Value) -> Option<bool> {
        self.as_const(value).filter(|c| c.ty == Ty::Bool).map(|c| c.bits != 0)
    }

    /// A trace without instructions and snapshots, with the constants and callees of this one under the same numbers.
    pub fn without_code(&self) -> Trace {
        Trace {
            insts: Vec::with_capacity(self.insts.len()),
            consts: self.consts.clone(),
            calls: self.calls.clone(),
            snapshots: Vec::new(),
            kernels: self.kernels.clone(),
            known: self.known.clone(),
        }
    }

    /// The same for a trace that is written anew, which takes them away.
    pub fn take_constants(&mut self) -> Trace {
        Trace {
            insts: Vec::with_capacity(self.insts.len()),
            consts: core::mem::take(&mut self.consts),
            calls: core::mem::take(&mut self.calls),
            snapshots: Vec::new(),
            kernels: core::mem::take(&mut self.kernels),
            known: core::mem::take(&mut self.known),
        }
    }

    /// Nothing is added any more: gives back the memory that only making a trace takes.
    pub fn settle(&mut self) {
        self.known = FastMap::default();
        self.insts.shrink_to_fit();
        self.consts.shrink_to_fit();
        self.calls.shrink_to_fit();
        self.snapshots.shrink_to_fit();
    }

    /// A value's type.
    pub fn ty(&self, value: Value) -> Ty {
        match value.constant() {
            Some(i) => self.consts[i].ty,
            None => self.insts[value.0 as usize].ty,
        }
    }

    /// Appends an instruction as it is; its value.
    pub fn push(&mut self, inst: Inst) -> Value {
        self.insts.push(inst);
        Value::of_inst(self.insts.len() - 1)
    }

    /// Registers a snapshot.
    pub fn add_snapshot(&mut self, snapshot: Snapshot) -> SnapshotId {
        self.snapshots.push(snapshot);
        SnapshotId(self.snapshots.len() as u32 - 1)
    }

    /// Registers a callee; the same description gets the same number.
    pub fn add_call(&mut self, info: CallInfo) -> CallId {
        match self.calls.iter().position(|c| *c == info) {
            Some(i) => CallId(i as u32),
            None => {
                self.calls.push(info);
                CallId(self.calls.len() as u32 - 1)
            }
        }
    }

    /// The kernel of an instruction `rounds`.
    pub fn kernel(&self, inst: &Inst) -> Option<&Kernel> {
        self.kernels.get(usize::try_from(self.as_int(*inst.args.first()?)?).ok()?)
    }

    pub fn snapshot(&self, id: SnapshotId) -> &Snapshot {
        &self.snapshots[id.0 as usize]
    }

    pub fn call(&self, id: CallId) -> &CallInfo {
        &self.calls[id.0 as usize]
    }

    /// The position of `loop`.
    pub fn loop_start(&self) -> Option<usize> {
        self.insts.iter().position(|i| i.op == Op::Loop)
    }
}

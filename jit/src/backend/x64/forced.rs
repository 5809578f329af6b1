//! Guards that fail though what they guard holds: each one once, when it is reached for the first time.
//!
//! A program has to do the same whichever guard fails, so that a run of it with this (`-X jit=eager,fail`) tests every snapshot.

use dynasmrt::{DynamicLabel, DynasmApi, dynasm};

use super::asm::{Alu, Cond, Mem, Rm, SCRATCH};
use super::emit::Emitter;
use crate::backend::regalloc::Place;
use crate::ir::call::CallEffect;
use crate::ir::{ExitKind, Inst, Op, Trace, Value};

/// The guards of a trace that are to fail.
#[derive(Default)]
pub struct Forced {
    /// A byte for each exit, not zero until it was taken; made with the first one, for ever, as the code may outlive the trace.
    pending: Option<&'static mut [u8]>,
    /// The exits, behind what they undo.
    labels: Vec<Option<DynamicLabel>>,
}

impl Forced {
    /// Where the exit is entered by force, if it is.
    pub fn exit(&self, index: usize) -> Option<DynamicLabel> {
        self.labels.get(index).copied().flatten()
    }
}

/// May the trace be left before this instruction? Not if it asks what a call has said that has had its effects: such guards fail
/// because there were none.
fn may_fail(trace: &Trace, inst: &Inst) -> bool {
    let guards = matches!(
        inst.op,
        Op::GuardTrue
            | Op::GuardFalse
            | Op::GuardType
            | Op::GuardIs
            | Op::GuardShared
            | Op::GuardInert
            | Op::GuardNonNull
            | Op::GuardCalm
            | Op::AddOvf
            | Op::SubOvf
            | Op::MulOvf
            | Op::UnboxInt
            | Op::UnboxFloat
    );
    let resumes = inst.snapshot.is_some_and(|id| trace.snapshot(id).kind == ExitKind::Resume);
    guards && resumes && !inst.args.iter().any(|&arg| answers(trace, arg))
}

/// Is it what a call with effects has said, or a question about that?
fn answers(trace: &Trace, value: Value) -> bool {
    let Some(inst) = value.inst().map(|at| &trace.insts[at]) else { return false };
    match inst.op {
        Op::Call => match inst.call.map(|id| trace.call(id).effect) {
            Some(CallEffect::Pure | CallEffect::New(_) | CallEffect::Writes(0)) | None => false,
            Some(CallEffect::Writes(_) | CallEffect::Any) => true,
        },
        Op::Not | Op::BoolToInt | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Ult | Op::Is => {
            inst.args.iter().any(|&arg| answers(trace, arg))
        }
        _ => false,
    }
}

impl Emitter<'_> {
    /// Leaves the trace before the instruction, the first time.
    pub fn fail_once(&mut self, inst: &Inst) {
        let Some(index) = self.step.exit.filter(|_| may_fail(self.trace, inst)) else { return };
        // The exit tells the interpreter the way a branch goes where the guard fails; that is not the way it would go now.
        let places = self.allocation.places(&self.allocation.exits[index as usize]);
        if places.iter().any(|place| matches!(place, Place::Known(_))) {
            return;
        }
        let exits = self.exits.len();
        let pending = self.forced.pending.get_or_insert_with(|| Box::leak(vec![1; exits].into_boxed_slice()));
        let byte = &raw mut pending[index as usize];
        self.forced.labels.resize(exits, None);
        let exit = self.asm.label();
        self.forced.labels[index as usize] = Some(exit);
        let skip = self.asm.label();
        self.asm.mov_imm(SCRATCH, byte as u64);
        self.asm.alu_imm(Alu::Cmp, Rm::Mem(Mem::at(SCRATCH, 0)), 0, 1);
        self.asm.jcc_short(Cond::E, skip);
        dynasm!(self.asm.d ; .arch x64 ; mov BYTE [rax], 0);
        self.asm.jmp(exit);
        self.asm.bind(skip);
    }
}

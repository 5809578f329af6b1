//! Which instructions are computed inside another one, instead of on their own.
//!
//! A compare whose only use is a guard becomes the guard's conditional jump; a load whose only use can take a memory operand becomes
//! that operand; a constant added to an address becomes a displacement; whether a double is finite is one question. A fused instruction has no register: its operands are
//! operands of its *root*, the instruction that does the work, and live until there.
//!
//! That the interpreter's stack holds the bool when its guard fails is no obstacle: by then it is known what it is.

use crate::ir::{Class, Effect, Inst, Op, Trace, Ty, Value, Width};

/// How far an instruction may move to be fused: it keeps operands alive on the way.
const REACH: usize = 24;

const NONE: u32 = u32::MAX;

/// The result of the analysis.
pub struct Fusion {
    /// For each instruction, the one that computes it, or `NONE`.
    roots: Vec<u32>,
    /// How often each instruction's value is used, by instructions and snapshots.
    counts: Vec<u32>,
}

impl Fusion {
    /// Is this instruction computed inside another one?
    #[inline]
    pub fn is_fused(&self, inst: usize) -> bool {
        self.roots[inst] != NONE
    }

    /// The fused instruction behind an operand.
    #[inline]
    pub fn of(&self, value: Value) -> Option<usize> {
        value.inst().filter(|&i| self.is_fused(i))
    }

    /// Is the value of this instruction never used?
    #[inline]
    pub fn is_unused(&self, inst: usize) -> bool {
        self.counts[inst] == 0
    }

    /// Analyses a trace.
    pub fn new(trace: &Trace) -> Fusion {
        let n = trace.insts.len();
        let mut fusion = Fusion { roots: vec![NONE; n], counts: vec![0; n] };
        let mut users = vec![NONE; n];
        let mut seen = vec![false; trace.snapshots.len()];
        for (i, inst) in trace.insts.iter().enumerate() {
            for arg in inst.args.iter().filter_map(|a| a.inst()) {
                fusion.counts[arg] += 1;
                users[arg] = i as u32;
            }
            if let Some(snapshot) = inst.snapshot {
                // Once is enough for guards that share it, but for a condition that its own guard's exit knows.
                let known = known_condition(inst).map(|(value, _)| value);
                let seen = &mut seen[snapshot.0 as usize];
                if !*seen {
                    *seen = true;
                    trace.snapshot(snapshot).each_value(|value| match value.inst() {
                        Some(_) if Some(value) == known => *seen = false,
                        // Twice: a value in a snapshot has to be somewhere.
                        Some(i) => fusion.counts[i] += 2,
                        None => {}
                    });
                }
            }
        }
        for i in (0..n).rev() {
            if fusion.counts[i] != 1 {
                continue;
            }
            let user = users[i] as usize;
            let root = if fusion.roots[user] == NONE { user } else { fusion.roots[user] as usize };
            if root - i <= REACH && fusion.accepts(trace, user, i) && quiet(trace, i, root) {
                fusion.roots[i] = root as u32;
            }
        }
        fusion
    }

    /// Can `user` compute its operand `inst` itself?
    fn accepts(&self, trace: &Trace, user: usize, inst: usize) -> bool {
        let (by, what) = (&trace.insts[user], &trace.insts[inst]);
        let place = by.args.iter().position(|a| a.inst() == Some(inst));
        let (Some(place), true) = (place, by.args.iter().filter(|a| a.inst() == Some(inst)).count() == 1) else {
            return false;
        };
        match what.op {
            op if is_compare(op) || op == Op::Not => {
                matches!(by.op, Op::GuardTrue | Op::GuardFalse) || (by.op == Op::Not && self.is_fused(user))
            }
            Op::Offset => {
                place == 0
                    && matches!(by.op, Op::Load | Op::LoadIndexed | Op::Store | Op::StoreIndexed)
                    && trace.as_const(what.args[1]).is_some_and(|c| {
                        by.access
                            .is_some_and(|a| i32::try_from((c.bits as i64).saturating_add(a.offset as i64)).is_ok())
                    })
            }
            Op::Load | Op::LoadIndexed | Op::UnboxFloat => self.takes_memory(trace, by, place, what),
            Op::FAbs => self.is_fused(user) && is_below_infinity(trace, by),
            _ => false,
        }
    }

    /// The double that a compare asks about if it asks whether one is finite: `fabs(x) < inf`.
    pub fn asked_to_be_finite(&self, trace: &Trace, compare: &Inst) -> Option<Value> {
        let magnitude = self.of(*compare.args.first()?)?;
        let is_asked = is_below_infinity(trace, compare) && trace.insts[magnitude].op == Op::FAbs;
        is_asked.then(|| trace.insts[magnitude].args[0])
    }

    /// Can operand `place` of `by` be the memory that `load` reads?
    fn takes_memory(&self, trace: &Trace, by: &Inst, place: usize, load: &Inst) -> bool {
        let width = load.access.map_or(Width::F64, |a| a.width);
        let word = width == Width::W64 && load.ty != Ty::Float;
        let double = load.ty == Ty::Float && matches!(width, Width::F64 | Width::W64);
        let other_is_plain = || by.args.iter().all(|&a| self.of(a).is_none());
        // Memory comes second; in the first place it must be able to change places.
        let second = || place == 1 || !by.args[1].is_const();
        match by.op {
            Op::GuardTrue | Op::GuardFalse => load.ty == Ty::Bool && width == Width::U8,
            Op::GuardIs => {
                place == 0
                    && (word || (matches!(width, Width::U8 | Width::U32) && small_unsigned(trace, by.args[1], width)))
            }
            Op::GuardNonNull => word,
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Ult | Op::Is => word && other_is_plain(),
            Op::Add | Op::And | Op::Or | Op::Xor | Op::Mul => word && second() && other_is_plain(),
            Op::AddOvf | Op::MulOvf | Op::Sub | Op::SubOvf => word && place == 1 && other_is_plain(),
            Op::IntToFloat => word,
            Op::FAdd | Op::FMul | Op::FEq | Op::FNe => double && second() && other_is_plain(),
            Op::FSub | Op::FDiv => double && place == 1 && other_is_plain(),
            Op::FGt | Op::FGe => double && place == 1 && other_is_plain(),
            Op::FLt | Op::FLe => double && place == 0 && other_is_plain(),
            _ => false,
        }
    }
}

/// What a guard's exit knows: its condition did not hold.
pub fn known_condition(guard: &Inst) -> Option<(Value, bool)> {
    match guard.op {
        Op::GuardTrue => Some((guard.args[0], false)),
        Op::GuardFalse => Some((guard.args[0], true)),
        _ => None,
    }
}

/// Does this compare?
pub fn is_compare(op: Op) -> bool {
    matches!(
        op,
        Op::Eq
            | Op::Ne
            | Op::Lt
            | Op::Le
            | Op::Gt
            | Op::Ge
            | Op::Ult
            | Op::Is
            | Op::FEq
            | Op::FNe
            | Op::FLt
            | Op::FLe
            | Op::FGt
            | Op::FGe
    )
}

/// Is this `x < inf`?
fn is_below_infinity(trace: &Trace, compare: &Inst) -> bool {
    compare.op == Op::FLt && trace.as_const(compare.args[1]).is_some_and(|c| c.bits == f64::INFINITY.to_bits())
}

/// Is the constant what a zero-extended narrow load can give, and small enough for an immediate of that width?
fn small_unsigned(trace: &Trace, value: Value, width: Width) -> bool {
    let limit = if width == Width::U8 { 0x7f } else { 0x7fff_ffff };
    trace.as_const(value).is_some_and(|c| c.bits <= limit)
}

/// May `inst` be computed at `root` instead: does nothing between them change what it reads?
fn quiet(trace: &Trace, inst: usize, root: usize) -> bool {
    let reads = match trace.insts[inst].op {
        Op::Load | Op::LoadIndexed => trace.insts[inst].access.map(|a| a.class),
        Op::UnboxFloat => Some(Class::Fixed),
        _ => None,
    };
    trace.insts[inst + 1..root].iter().all(|between| match between.op.effect() {
        Effect::Pure | Effect::Load | Effect::Guard | Effect::Checked => true,
        // Where an object may die, what is read must have been read before.
        Effect::Count | Effect::Call => reads.is_none(),
        // A float that is read may be the one that is used again.
        Effect::Alloc => between.op != Op::RecycleFloat || reads.is_none(),
        // Fixed memory is written before anybody reads it.
        Effect::Store => reads.is_none_or(|class| between.access.is_some_and(|a| a.class != class)),
        Effect::Control => false,
    })
}

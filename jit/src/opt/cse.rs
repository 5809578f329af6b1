//! Common subexpressions: pure operations, checked arithmetic, and loads of memory that never changes.

use super::builder::{Builder, PassResult, Step};
use crate::hash::FastMap;
use crate::ir::{Access, Effect, Inst, Op, Trace, Ty, Value};

/// An operation and its operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    op: Op,
    ty: Ty,
    args: (Value, Value),
    /// Whom it calls, or where it reads.
    detail: u64,
}

/// The results that exist.
#[derive(Clone, Default, Debug)]
pub struct Cse {
    here: FastMap<Key, Value>,
    /// In a loop's second round: those of the first.
    first_round: FastMap<Key, Value>,
}

fn key(trace: &Trace, inst: &Inst) -> Option<Key> {
    let detail = match (inst.op.effect(), inst.access, inst.call) {
        (Effect::Pure | Effect::Checked, ..) => 0,
        (Effect::Load | Effect::Store, Some(access), _) if access.class.is_fixed() => {
            u64::from(access.offset as u32) << 8 | access.width as u64
        }
        (Effect::Call, _, Some(id)) if trace.call(id).effect == crate::ir::call::CallEffect::Pure => u64::from(id.0),
        _ => return None,
    };
    let arg = |i: usize| inst.args.get(i).copied().unwrap_or(Value::NOTHING);
    if inst.args.len() > 2 {
        return None;
    }
    Some(Key { op: inst.op, ty: inst.ty, args: (arg(0), arg(1)), detail })
}

impl Cse {
    /// A new instruction can be found from now on.
    pub fn note(&mut self, trace: &Trace, inst: &Inst, value: Value) {
        let Some(mut key) = key(trace, inst) else { return };
        key.op = match inst.op {
            // A store to memory that nobody has seen yet says what loads will find.
            Op::Store => {
                let stored = inst.args[1];
                let key = Key { op: Op::Load, ty: trace.ty(stored), args: (inst.args[0], Value::NOTHING), ..key };
                self.here.insert(key, stored);
                return;
            }
            // Where the checked operation did not leave the trace, its result is that of the unchecked one.
            Op::AddOvf => Op::Add,
            Op::SubOvf => Op::Sub,
            Op::MulOvf => Op::Mul,
            _ => {
                self.here.insert(key, value);
                return;
            }
        };
        self.here.insert(key, value);
        self.here.insert(Key { op: inst.op, ..key }, value);
    }

    /// What a field holds that never changes.
    pub fn note_field(&mut self, base: Value, access: Access, value: Value) {
        let detail = u64::from(access.offset as u32) << 8 | access.width as u64;
        let key = Key { op: Op::Load, ty: Ty::Obj, args: (base, Value::NOTHING), detail };
        self.here.insert(key, value);
    }

    fn find(&self, key: &Key) -> Option<Value> {
        self.here.get(key).or_else(|| self.first_round.get(key)).copied()
    }

    /// From here on is the second round.
    pub fn assume(&mut self) {
        self.first_round = core::mem::take(&mut self.here);
    }

    /// Back to the second round's start.
    pub fn rewind(&mut self) {
        self.here.clear();
    }
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    match key(&b.trace, inst).and_then(|key| b.cse.find(&key)) {
        Some(value) => Ok(Step::Value(value)),
        None => Ok(Step::Next),
    }
}

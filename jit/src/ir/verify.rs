//! Checks a trace.
//!
//! * Operands are defined before they are used, have the right number and the right types.
//! * Loads and stores say what they touch, in a width that fits the value; calls say whom they call.
//! * Exactly the instructions that may end the trace have a snapshot, and calls that may look at frames, which mentions only values defined before, in forms
//!   that fit their types; its first frame is the base, the others are not, slots ascend.
//! * `loop` stands at most once; phis stand directly behind it and take a value from before it; `jump` has a value for each
//!   of them; the last instruction, and no other, is `jump` (with a loop) or `exit` (without).

use super::kernel::{self, Kernel};
use super::{Access, Effect, Form, FrameState, Inst, Op, SlotState, Snapshot, Trace, Ty, Value, Width};

/// What an operand may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Is(Ty),
    /// The address of an object or of anything else.
    Address,
    /// Whatever is a word of 64 bits and no float.
    Word,
    /// Any value.
    Any,
}

use Want::{Address, Any, Word};

const OBJ: Want = Want::Is(Ty::Obj);
const INT: Want = Want::Is(Ty::Int);
const FLOAT: Want = Want::Is(Ty::Float);
const BOOL: Want = Want::Is(Ty::Bool);

impl Want {
    fn admits(self, ty: Ty) -> bool {
        match self {
            Want::Is(wanted) => ty == wanted,
            Address => matches!(ty, Ty::Obj | Ty::Ptr),
            Word => matches!(ty, Ty::Obj | Ty::Ptr | Ty::Int | Ty::Bool),
            Any => ty != Ty::None,
        }
    }
}

/// The operands of an operation; those beyond the list are any values.
fn wants(op: Op) -> &'static [Want] {
    match op {
        Op::Frame | Op::Thread | Op::Loop | Op::Exit | Op::GuardCalm | Op::GuardValid => &[],
        Op::Phi | Op::Jump | Op::Enter | Op::Call => &[],
        Op::Rounds => &[INT, INT, INT],
        Op::Last => &[INT, INT],
        Op::GuardTrue | Op::GuardFalse | Op::Not | Op::BoolToInt | Op::BoxBool => &[BOOL],
        Op::GuardType => &[OBJ, Address],
        Op::GuardInert => &[Word, Address],
        Op::GuardIs | Op::Is => &[Word, Word],
        Op::GuardNonNull => &[Address],
        Op::Add | Op::Sub | Op::Mul | Op::AddOvf | Op::SubOvf | Op::MulOvf => &[INT, INT],
        Op::And | Op::Or | Op::Xor | Op::Shl | Op::Sar | Op::FloorDiv | Op::Mod => &[INT, INT],
        Op::Min | Op::Max | Op::RangeIter => &[INT, INT],
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Ult => &[INT, INT],
        Op::Neg | Op::IntToFloat | Op::BoxInt | Op::Param => &[INT],
        Op::FAdd | Op::FSub | Op::FMul | Op::FDiv => &[FLOAT, FLOAT],
        Op::FEq | Op::FNe | Op::FLt | Op::FLe | Op::FGt | Op::FGe => &[FLOAT, FLOAT],
        Op::FNeg | Op::FAbs | Op::FSqrt | Op::FSingle | Op::FloatToInt | Op::BoxFloat => &[FLOAT],
        Op::BoxScalar => &[Any, INT],
        Op::Use => &[Any],
        Op::Offset => &[Address, INT],
        Op::RecycleFloat => &[OBJ, FLOAT],
        Op::UnboxInt | Op::UnboxFloat => &[OBJ],
        Op::Load => &[Address],
        Op::LoadIndexed => &[Address, INT],
        Op::Store => &[Address, Any],
        Op::StoreIndexed => &[Address, INT, Any],
        Op::Incref | Op::Decref | Op::DecrefInert => &[OBJ],
        Op::GuardShared | Op::Untag | Op::CloseWord | Op::CloseInert | Op::CloseShared => &[Word],
    }
}

/// Does a value of this type fit a place of this width?
fn fits(width: Width, ty: Ty) -> bool {
    match width {
        Width::F32 | Width::F64 => ty == Ty::Float,
        Width::W64 => matches!(ty, Ty::Obj | Ty::Ptr | Ty::Int),
        Width::U8 => matches!(ty, Ty::Int | Ty::Bool),
        Width::I8 | Width::U16 | Width::I16 | Width::U32 | Width::I32 => ty == Ty::Int,
    }
}

/// Checks a trace; says what is wrong first.
pub fn verify(trace: &Trace) -> Result<(), String> {
    let loop_start = trace.loop_start();
    let end = trace.insts.len().checked_sub(1).ok_or("the trace is empty")?;
    for (position, inst) in trace.insts.iter().enumerate() {
        verify_inst(trace, position, inst, loop_start, end)
            .map_err(|message| format!("v{position} ({}): {message}", inst.op.text()))?;
    }
    Ok(())
}

fn verify_inst(
    trace: &Trace,
    position: usize,
    inst: &Inst,
    loop_start: Option<usize>,
    end: usize,
) -> Result<(), String> {
    for &arg in &inst.args {
        verify_defined(trace, arg, position)?;
    }
    if inst.op.arity().is_some_and(|arity| arity != inst.args.len()) {
        return Err(format!("{} operands", inst.args.len()));
    }
    for (&arg, want) in inst.args.iter().zip(wants(inst.op)) {
        if !want.admits(trace.ty(arg)) {
            return Err(format!("{} is of type {}", trace.show(arg), trace.ty(arg).text()));
        }
    }
    verify_result(trace, inst)?;
    verify_structure(trace, position, inst, loop_start, end)?;
    match (inst.op.leaves(), inst.snapshot) {
        (true, Some(id)) => {
            let snapshot = trace.snapshots.get(id.0 as usize).ok_or("the snapshot does not exist")?;
            verify_snapshot(trace, snapshot, position).map_err(|m| format!("snapshot {}: {m}", id.0))
        }
        (false, None) => Ok(()),
        (false, Some(id)) if inst.op == Op::Call => {
            let snapshot = trace.snapshots.get(id.0 as usize).ok_or("the snapshot does not exist")?;
            verify_snapshot(trace, snapshot, position).map_err(|m| format!("snapshot {}: {m}", id.0))
        }
        (true, None) => Err("the snapshot is missing".into()),
        (false, Some(_)) => Err("it cannot leave the trace, and has a snapshot".into()),
    }
}

/// The value exists at `position`, and is one.
fn verify_defined(trace: &Trace, value: Value, position: usize) -> Result<(), String> {
    let defined = match (value.inst(), value.constant()) {
        (Some(i), _) => i < position,
        (None, constant) => constant.is_some_and(|i| i < trace.consts.len()),
    };
    if !defined {
        return Err(format!("{value:?} is used before it is defined"));
    }
    if trace.ty(value) == Ty::None { Err(format!("{value:?} is no value")) } else { Ok(()) }
}

fn verify_result(trace: &Trace, inst: &Inst) -> Result<(), String> {
    let memory = matches!(inst.op.effect(), Effect::Load | Effect::Store);
    if memory != inst.access.is_some() {
        return Err(if memory { "it does not say what it touches" } else { "it touches no memory" }.into());
    }
    if inst.op == Op::Rounds {
        let kernel = trace.kernel(inst).ok_or("the kernel does not exist")?;
        verify_kernel(kernel, trace, inst)?;
    }
    if (inst.op == Op::Call) != inst.call.is_some() {
        return Err("calls, and nothing else, have callees".into());
    }
    let expected = match (inst.op, inst.op.result()) {
        (_, Some(ty)) => ty,
        (Op::Call, None) => {
            let callee = inst.call.and_then(|id| trace.calls.get(id.0 as usize));
            callee.ok_or("the callee does not exist")?.result
        }
        (Op::Phi, None) => inst.args.first().map_or(Ty::None, |&first| trace.ty(first)),
        (_, None) => inst.ty,
    };
    if inst.ty != expected || (inst.op == Op::Load || inst.op == Op::LoadIndexed) && inst.ty == Ty::None {
        return Err(format!("the result's type is {}", inst.ty.text()));
    }
    let moved = match inst.op.effect() {
        Effect::Store => inst.args.last().map_or(Ty::None, |&value| trace.ty(value)),
        _ => inst.ty,
    };
    match inst.access {
        Some(Access { width, .. }) if !fits(width, moved) => {
            Err(format!("{} bits of {} hold no {}", width.bytes() * 8, width.text(), moved.text()))
        }
        _ => Ok(()),
    }
}

/// Does the kernel fit its operands, and is it code of a kind that can be executed in groups?
fn verify_kernel(kernel: &Kernel, trace: &Trace, inst: &Inst) -> Result<(), String> {
    let arguments = &inst.args[1..];
    if arguments.len() > kernel::MOST_ARGUMENTS {
        return Err("too many arguments".into());
    }
    for (position, inner) in kernel.code.insts.iter().enumerate() {
        for &arg in &inner.args {
            verify_defined(&kernel.code, arg, position)?;
        }
        verify_result(&kernel.code, inner)?;
        let fits = match inner.op {
            Op::Param => {
                let argument = kernel.argument(Value::of_inst(position)).and_then(|n| arguments.get(n));
                argument.is_some_and(|&argument| trace.ty(argument) == inner.ty)
            }
            Op::LoadIndexed | Op::StoreIndexed => {
                kernel.place(inner).is_some() && kernel.argument(inner.args[1]) == Some(kernel::COUNTER)
            }
            op => !op.leaves() && op.effect() == Effect::Pure,
        };
        if !fits {
            return Err(format!("v{position} of the kernel ({}) does not fit", inner.op.text()));
        }
    }
    Ok(())
}

fn verify_structure(
    trace: &Trace,
    position: usize,
    inst: &Inst,
    loop_start: Option<usize>,
    end: usize,
) -> Result<(), String> {
    if matches!(inst.op, Op::Jump | Op::Exit | Op::Enter) != (position == end) {
        return Err("jump or exit, and nothing else, ends a trace".into());
    }
    match (inst.op, loop_start) {
        (Op::Loop, Some(start)) if start != position => Err("the second loop".into()),
        (Op::Phi, start) => {
            let start = start.filter(|&start| start < position).ok_or("a phi outside of a loop")?;
            if !matches!(trace.insts[position - 1].op, Op::Phi | Op::Loop) {
                return Err("phis stand directly behind the loop's head".into());
            }
            if inst.args[0].inst().is_some_and(|i| i >= start) {
                return Err("a phi begins with a value from before the loop".into());
            }
            Ok(())
        }
        (Op::Jump, None) => Err("there is no loop to jump to".into()),
        (Op::Exit | Op::Enter, Some(_)) => Err("a loop ends with a jump".into()),
        (Op::Jump, Some(start)) => {
            let phis: Vec<&Inst> = trace.insts[start + 1..].iter().take_while(|i| i.op == Op::Phi).collect();
            if phis.len() != inst.args.len() {
                return Err(format!("{} operands for {} phis", inst.args.len(), phis.len()));
            }
            match phis.iter().zip(&inst.args).find(|(phi, arg)| phi.ty != trace.ty(**arg)) {
                Some((_, arg)) => Err(format!("{} is not of its phi's type", trace.show(*arg))),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn verify_snapshot(trace: &Trace, snapshot: &Snapshot, position: usize) -> Result<(), String> {
    for value in snapshot.values() {
        verify_defined(trace, value, position)?;
    }
    if snapshot.frames.is_empty() {
        return Err("no frame".into());
    }
    for (i, frame) in snapshot.frames.iter().enumerate() {
        if (frame.inlined.is_some() || frame.address.is_some()) == (i == 0) {
            return Err("the first frame is the base, and no other".into());
        }
        verify_frame(trace, frame)?;
        verify_slots(trace, &frame.slots, snapshot.virtuals.len())?;
    }
    for store in &snapshot.stores {
        if store.access.width != Width::W64 || trace.ty(store.value) != Ty::Int {
            return Err("an exit stores words that are integers".into());
        }
    }
    for object in &snapshot.virtuals {
        verify_slots(trace, &object.fields, snapshot.virtuals.len())?;
    }
    Ok(())
}

fn verify_frame(trace: &Trace, frame: &FrameState) -> Result<(), String> {
    if let Some(inlined) = frame.inlined {
        if !matches!(inlined.function_form, Form::Owned | Form::Shared) || trace.ty(inlined.function) != Ty::Obj {
            return Err("the function is not an object".into());
        }
    }
    Ok(())
}

fn verify_slots(trace: &Trace, slots: &[SlotState], virtuals: usize) -> Result<(), String> {
    if slots.windows(2).any(|pair| pair[0].index >= pair[1].index) {
        return Err("the slots do not ascend".into());
    }
    for slot in slots {
        let fits = match slot.form {
            Form::Null => true,
            Form::Virtual => trace.as_int(slot.value).is_some_and(|n| usize::try_from(n).is_ok_and(|n| n < virtuals)),
            Form::Owned | Form::Shared => trace.ty(slot.value) == Ty::Obj,
            Form::Int => trace.ty(slot.value) == Ty::Int,
            Form::Float => trace.ty(slot.value) == Ty::Float,
            Form::Bool => trace.ty(slot.value) == Ty::Bool,
            Form::Scalar(scalar) => trace.ty(slot.value) == scalar.ty(),
        };
        if !fits {
            return Err(format!(
                "slot {}: {} is of type {}",
                slot.index,
                trace.show(slot.value),
                trace.ty(slot.value).text()
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::text::parse;
    use super::*;

    const SNAPSHOT: &str = "snapshot 0 resume: base ip 0x0 +0 depth 0 []";

    #[test]
    fn good_traces() {
        for text in [
            "exit @0",
            "v0:ptr = frame\nv1:int = load v0 [raw+0:u8]\nloop\nv3:int = phi v1\nv4:int = add_ovf v3, 1 @0\njump v4",
            "loop\nguard_calm @0\njump",
        ] {
            assert_eq!(verify(&parse(&format!("{text}\n{SNAPSHOT}"), &[]).unwrap()), Ok(()));
        }
    }

    #[test]
    fn bad_traces() {
        for (text, expected) in [
            ("", "the trace is empty"),
            ("v0:ptr = frame", "v0 (frame): jump or exit, and nothing else, ends a trace"),
            ("v0:int = add 1, 2.0\nexit @0", "v0 (add): 2.0 is of type float"),
            ("v0:int = add 1\nexit @0", "v0 (add): 1 operands"),
            ("v0:float = add 1, 2\nexit @0", "v0 (add): the result's type is float"),
            ("guard_calm\nexit @0", "v0 (guard_calm): the snapshot is missing"),
            ("v0:int = add 1, 2 @0\nexit @0", "v0 (add): it cannot leave the trace, and has a snapshot"),
            ("v0:int = load 0x10\nexit @0", "v0 (load): it does not say what it touches"),
            ("v0:int = load 0x10 [raw+0:f64]\nexit @0", "v0 (load): 64 bits of f64 hold no int"),
            ("loop\njump 1", "v1 (jump): 1 operands for 0 phis"),
            ("loop\nv1:int = phi 1\njump 1.0", "v2 (jump): 1.0 is not of its phi's type"),
            (
                "loop\nv1:int = phi 1\nv2:int = phi v1\njump 1, 1",
                "v2 (phi): a phi begins with a value from before the loop",
            ),
            ("jump", "v0 (jump): there is no loop to jump to"),
            ("loop\nexit @0", "v1 (exit): a loop ends with a jump"),
            (
                "exit @1\nsnapshot 1 resume: base ip 0x0 +0 depth 0 [1 int 1.0]",
                "v0 (exit): snapshot 1: slot 1: 1.0 is of type float",
            ),
            (
                "exit @1\nsnapshot 1 resume: base ip 0x0 +0 depth 0 [1 null, 0 null]",
                "v0 (exit): snapshot 1: the slots do not ascend",
            ),
            (
                "guard_calm @1\nv1:int = add 1, 2\nexit @0\nsnapshot 1 resume: base ip 0x0 +0 depth 0 [1 int v1]",
                "v0 (guard_calm): snapshot 1: v1 is used before it is defined",
            ),
        ] {
            let text = format!("{SNAPSHOT}\n{text}");
            let trace = parse(&text, &[]).unwrap();
            assert_eq!(verify(&trace), Err(expected.to_owned()), "{text}");
        }
    }
}

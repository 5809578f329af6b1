//! Executes traces as they stand, on real memory: what the backend is compared with.

use std::fmt;

use core::cell::RefCell;

use super::kernel::{self, LANES, may_be_summed};
use super::{Access, Inst, Op, SnapshotId, Trace, Ty, Value, Width};
use rpy_vm::PyObject;
use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::runtime::thread::PyThreadState;
use rpy_vm::types::bool_;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::range::PyRangeIterator;

/// How a trace ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The instruction that left.
    pub inst: usize,
    pub snapshot: SnapshotId,
    /// The bits of the snapshot's values, in the order of [`super::Snapshot::values`].
    pub values: Vec<u64>,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit at v{} (snapshot {}):", self.inst, self.snapshot.0)?;
        self.values.iter().try_for_each(|v| write!(f, " {v:#x}"))
    }
}

/// Why a trace could not be executed to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It did not leave within the allowed number of instructions.
    Endless,
    /// It is not well formed.
    Malformed(&'static str),
}

/// What a trace runs with.
#[derive(Clone, Copy, Debug)]
pub struct Machine<'a> {
    pub frame: *mut InterpreterFrame,
    pub thread: *const PyThreadState,
    /// The byte that `guard_valid` tests.
    pub valid: *const u8,
    /// The bits of the parameters.
    pub params: &'a [u64],
    /// How many instructions may be executed.
    pub fuel: u64,
    /// How many instructions that can leave the trace are given the chance not to.
    pub patience: u64,
}

/// A callee, called with every register that can hold an operand: it looks only at its own.
type Words = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, f64, f64, f64, f64, f64, f64, f64, f64) -> u64;
type Doubles = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, f64, f64, f64, f64, f64, f64, f64, f64) -> f64;

/// Executes a trace.
///
/// # Errors
/// See [`Fault`].
///
/// # Safety
/// The trace's loads, stores and calls are valid when its guards hold.
pub unsafe fn run(trace: &Trace, machine: &Machine<'_>) -> Result<Outcome, Fault> {
    let mut run = Run::new(trace, machine);
    let mut fuel = machine.fuel;
    let mut patience = machine.patience;
    let mut at = 0;
    loop {
        fuel = fuel.checked_sub(1).ok_or(Fault::Endless)?;
        let inst = trace.insts.get(at).ok_or(Fault::Malformed("no jump or exit at the end"))?;
        match inst.op {
            Op::Jump => {
                let start = trace.loop_start().ok_or(Fault::Malformed("a jump without a loop"))?;
                let values: Vec<u64> = inst.args.iter().map(|&a| run.get(a)).collect();
                run.values[start + 1..start + 1 + values.len()].copy_from_slice(&values);
                at = start + 1 + values.len();
                continue;
            }
            // SAFETY: the caller's promise.
            _ => match unsafe { if run.is_over(inst, &mut patience) { Next::Leave } else { run.step(at, inst)? } } {
                Next::Value(bits) => run.values[at] = bits,
                Next::Leave => {
                    let snapshot = inst.snapshot.ok_or(Fault::Malformed("a guard without a snapshot"))?;
                    let values = trace.snapshot(snapshot).values().map(|v| run.get(v)).collect();
                    for store in &trace.snapshot(snapshot).stores {
                        // SAFETY: the caller's promise.
                        unsafe { run.store(&Inst::store(store.base, store.value, store.access))? };
                    }
                    return Ok(Outcome { inst: at, snapshot, values });
                }
            },
        }
        at += 1;
    }
}

enum Next {
    Value(u64),
    Leave,
}

struct Run<'a> {
    trace: &'a Trace,
    machine: &'a Machine<'a>,
    values: Vec<u64>,
    /// The arguments of `rounds`.
    arguments: RefCell<Vec<u64>>,
}

impl<'a> Run<'a> {
    fn new(trace: &'a Trace, machine: &'a Machine<'a>) -> Run<'a> {
        Run { trace, machine, values: vec![0; trace.insts.len()], arguments: RefCell::default() }
    }
    fn get(&self, value: Value) -> u64 {
        match value.inst() {
            Some(i) => self.values[i],
            None => self.trace.as_const(value).map_or(0, |c| c.bits),
        }
    }

    /// Has the trace been given all of its chances, and could leave here?
    fn is_over(&self, inst: &Inst, patience: &mut u64) -> bool {
        if !inst.op.leaves() {
            return false;
        }
        let over = *patience == 0;
        *patience = patience.saturating_sub(1);
        over
    }

    /// One instruction.
    ///
    /// # Safety
    /// As for [`run`].
    unsafe fn step(&self, at: usize, inst: &Inst) -> Result<Next, Fault> {
        let bits = |i: usize| self.get(inst.args[i]);
        let int = |i: usize| bits(i) as i64;
        let float = |i: usize| f64::from_bits(bits(i));
        let object = |i: usize| bits(i) as usize as *mut PyObject;
        let value = |v: u64| Ok(Next::Value(v));
        let number = |v: i64| Ok(Next::Value(v as u64));
        let double = |v: f64| Ok(Next::Value(v.to_bits()));
        let truth = |v: bool| Ok(Next::Value(v as u64));
        let checked = |v: Option<i64>| Ok(v.map_or(Next::Leave, |v| Next::Value(v as u64)));
        let guard = |holds: bool| Ok(if holds { Next::Value(0) } else { Next::Leave });
        // SAFETY (all blocks below): the caller's promise about loads, stores, objects and calls.
        match inst.op {
            Op::Frame => value(self.machine.frame as u64),
            Op::Thread => value(self.machine.thread as u64),
            Op::Param => {
                let place = usize::try_from(int(0)).ok().and_then(|n| self.machine.params.get(n));
                value(*place.ok_or(Fault::Malformed("a parameter without a value"))?)
            }
            Op::Loop => value(0),
            Op::Phi => value(bits(0)),
            Op::Jump => Err(Fault::Malformed("a jump in the middle")),
            Op::Exit => Ok(Next::Leave),
            Op::Enter => Err(Fault::Malformed("another trace")),
            Op::GuardTrue => guard(bits(0) != 0),
            Op::GuardFalse => guard(bits(0) == 0),
            Op::GuardType => guard(unsafe { (*object(0)).ob_type.get() as u64 } == bits(1)),
            Op::GuardIs => guard(bits(0) == bits(1)),
            Op::GuardShared => guard(bits(0) & 1 != 0 || unsafe { (*object(0)).refcount() } != 1),
            Op::GuardInert => guard(unsafe { crate::backend::runtime::is_inert(bits(0)) } != 0),
            Op::GuardNonNull => guard(bits(0) != 0),
            Op::GuardCalm => guard(unsafe { self.is_calm() }),
            Op::GuardValid => guard(unsafe { *self.machine.valid } != 0),
            Op::Add => number(int(0).wrapping_add(int(1))),
            Op::Sub => number(int(0).wrapping_sub(int(1))),
            Op::Mul => number(int(0).wrapping_mul(int(1))),
            Op::AddOvf => checked(int(0).checked_add(int(1))),
            Op::SubOvf => checked(int(0).checked_sub(int(1))),
            Op::MulOvf => checked(int(0).checked_mul(int(1))),
            Op::Neg => number(int(0).wrapping_neg()),
            Op::Min => number(int(0).min(int(1))),
            Op::Max => number(int(0).max(int(1))),
            Op::And => number(int(0) & int(1)),
            Op::Or => number(int(0) | int(1)),
            Op::Xor => number(int(0) ^ int(1)),
            Op::Shl => number(int(0) << (int(1) & 63)),
            Op::Sar => number(int(0) >> (int(1) & 63)),
            Op::FloorDiv => number(floor_div(int(0), int(1))),
            Op::Mod => number(int(0).wrapping_sub(floor_div(int(0), int(1)).wrapping_mul(int(1)))),
            Op::Eq => truth(int(0) == int(1)),
            Op::Ne => truth(int(0) != int(1)),
            Op::Lt => truth(int(0) < int(1)),
            Op::Le => truth(int(0) <= int(1)),
            Op::Gt => truth(int(0) > int(1)),
            Op::Ge => truth(int(0) >= int(1)),
            Op::Ult => truth(bits(0) < bits(1)),
            Op::FAdd => double(float(0) + float(1)),
            Op::FSub => double(float(0) - float(1)),
            Op::FMul => double(float(0) * float(1)),
            Op::FDiv => double(float(0) / float(1)),
            Op::FNeg => double(-float(0)),
            Op::FAbs => double(float(0).abs()),
            Op::FSqrt => double(float(0).sqrt()),
            Op::Use => value(0),
            Op::FSingle => double(f64::from(float(0) as f32)),
            Op::FEq => truth(float(0) == float(1)),
            Op::FNe => truth(float(0) != float(1)),
            Op::FLt => truth(float(0) < float(1)),
            Op::FLe => truth(float(0) <= float(1)),
            Op::FGt => truth(float(0) > float(1)),
            Op::FGe => truth(float(0) >= float(1)),
            Op::IntToFloat => double(int(0) as f64),
            Op::FloatToInt => number(float(0) as i64),
            Op::Not => value(bits(0) ^ 1),
            Op::Is => truth(bits(0) == bits(1)),
            Op::Untag => value(bits(0) & !1),
            Op::BoolToInt => value(bits(0)),
            Op::Offset => value(bits(0).wrapping_add(bits(1))),
            Op::UnboxInt => checked(unsafe { &*(object(0) as *const PyInt) }.medium_value()),
            Op::UnboxFloat => double(unsafe { &*(object(0) as *const PyFloat) }.value()),
            Op::BoxInt => value(PyInt::from_i64(int(0)).into_obj().into_raw() as u64),
            Op::BoxFloat => value(PyFloat::new(float(0)).into_obj().into_raw() as u64),
            Op::RecycleFloat => value(unsafe { recycle(object(0), float(1)) }),
            Op::BoxScalar => value(crate::numpy::scalars::make(bits(0), int(1)) as u64),
            Op::RangeIter => value(PyRangeIterator::new(int(0), 1, int(1)).into_obj().into_raw() as u64),
            Op::BoxBool => value(bool_::as_object(bits(0) != 0).as_ptr() as u64),
            Op::Load | Op::LoadIndexed => value(unsafe { self.load(inst)? }),
            Op::Store | Op::StoreIndexed => {
                unsafe { self.store(inst)? };
                value(0)
            }
            Op::Incref => {
                unsafe { (*object(0)).incref() };
                value(0)
            }
            Op::Decref | Op::DecrefInert => {
                unsafe { PyObject::decref(object(0)) };
                value(0)
            }
            Op::CloseWord | Op::CloseInert | Op::CloseShared => {
                if bits(0) & 1 == 0 {
                    unsafe { PyObject::decref(object(0)) };
                }
                value(0)
            }
            Op::Call => value(unsafe { self.call(at, inst)? }),
            Op::Rounds => value(unsafe { self.rounds(inst)? }),
            Op::Last => {
                let argument = usize::try_from(int(1)).ok().and_then(|n| self.arguments.borrow().get(n).copied());
                value(argument.ok_or(Fault::Malformed("an argument that is none"))?)
            }
        }
    }

    /// # Safety
    /// The thread state exists.
    unsafe fn is_calm(&self) -> bool {
        // SAFETY: the caller's promise.
        let breaker = unsafe { &(*self.machine.thread).eval_breaker };
        breaker.load(core::sync::atomic::Ordering::Relaxed) == 0
    }

    /// Groups of rounds, see [`kernel`].
    ///
    /// # Safety
    /// Loads and stores of rounds within the limit are valid.
    unsafe fn rounds(&self, inst: &Inst) -> Result<u64, Fault> {
        let kernel = self.trace.kernel(inst).ok_or(Fault::Malformed("a kernel that is none"))?;
        let mut words: Vec<u64> = inst.args[1..].iter().map(|&arg| self.get(arg)).collect();
        self.arguments.replace(words.clone());
        let (first, limit) = (words[kernel::COUNTER] as i64, words[kernel::LIMIT] as i64);
        let apart =
            |c: kernel::Conflict| !c.is_met(words[c.store.argument].wrapping_sub(words[c.other.argument]) as i64);
        let small = |sum: i64| (-kernel::SMALL_SUM..kernel::SMALL_SUM).contains(&sum);
        let ready = first >= 0
            && limit >= LANES as i64
            && kernel.conflicts().all(apart)
            && kernel.sums.iter().all(|(argument, _)| small(words[*argument] as i64));
        if !ready {
            return Ok(0);
        }
        // See the kernel's page: may rounds be done twice?
        let repeats = kernel.near().is_some_and(|near| near.into_iter().all(apart));
        let store = kernel.first_store().map_or(0, |store| words[store.argument] as i64 + i64::from(store.offset));
        let mut counter = first;
        // Rounds before this one are done.
        let mut done = first;
        let mut most = limit - LANES as i64;
        if !kernel.sums.is_empty() {
            most = most.min(first.saturating_add(kernel::SUMMED_ROUNDS - LANES as i64));
        }
        // SAFETY: the caller's promise.
        while counter <= most && unsafe { self.is_calm() } {
            let mut group = Vec::new();
            for lane in 0..LANES as i64 {
                words[kernel::COUNTER] = (counter + lane) as u64;
                let machine = Machine { params: &words, ..*self.machine };
                let mut run = Run::new(&kernel.code, &machine);
                for (at, inst) in kernel.code.insts.iter().enumerate().filter(|(_, inst)| inst.op != Op::StoreIndexed) {
                    // SAFETY: the caller's promise.
                    if let Next::Value(bits) = unsafe { run.step(at, inst)? } {
                        run.values[at] = bits;
                    }
                }
                let finite = kernel.finite.iter().all(|&value| f64::from_bits(run.get(value)).is_finite());
                if !finite || !kernel.sums.iter().all(|&(_, value)| may_be_summed(run.get(value) as i64)) {
                    return Ok((counter.max(done) - first) as u64);
                }
                group.push(run.values);
            }
            let mut totals = Vec::new();
            for total in &kernel.totals {
                let number = |values: &Vec<u64>| {
                    let machine = Machine { params: &[], ..*self.machine };
                    let run = Run { values: values.clone(), ..Run::new(&kernel.code, &machine) };
                    f64::from_bits(run.get(total.number))
                };
                let before = f64::from_bits(self.arguments.borrow()[total.argument]);
                let sum = group.iter().map(number).fold(before, |sum, number| match total.op {
                    Op::FAdd => sum + number,
                    Op::FSub => sum - number,
                    _ => sum * number,
                });
                if total.is_finite && !sum.is_finite() {
                    return Ok((counter.max(done) - first) as u64);
                }
                totals.push((total.argument, sum.to_bits()));
            }
            for inst in kernel.code.insts.iter().filter(|inst| inst.op == Op::StoreIndexed) {
                for values in &group {
                    let machine = Machine { params: &[], ..*self.machine };
                    let run = Run { values: values.clone(), ..Run::new(&kernel.code, &machine) };
                    // SAFETY: the caller's promise.
                    unsafe { run.store(inst)? };
                }
            }
            let mut arguments = self.arguments.borrow_mut();
            totals.iter().for_each(|&(argument, sum)| arguments[argument] = sum);
            for values in group {
                let machine = Machine { params: &[], ..*self.machine };
                let run = Run { values, ..Run::new(&kernel.code, &machine) };
                kernel.last.iter().for_each(|&(argument, value)| arguments[argument] = run.get(value));
                for &(argument, value) in &kernel.sums {
                    arguments[argument] = arguments[argument].wrapping_add(run.get(value));
                }
            }
            counter += LANES as i64;
            let is_first = done == first;
            done = done.max(counter);
            if repeats && counter > most && counter < limit {
                counter = most;
            } else if repeats && is_first && counter < limit {
                counter -= store.wrapping_add(8 * counter) % kernel::ALIGNMENT / 8;
            }
        }
        Ok((counter.max(done) - first) as u64)
    }

    /// The address of a load or store.
    fn address(&self, inst: &Inst) -> Result<(usize, Access), Fault> {
        let access = inst.access.ok_or(Fault::Malformed("a load without an access"))?;
        let mut address = (self.get(inst.args[0]) as usize).wrapping_add_signed(access.offset as isize);
        if matches!(inst.op, Op::LoadIndexed | Op::StoreIndexed) {
            let index = self.get(inst.args[1]) as usize;
            address = address.wrapping_add(index.wrapping_mul(access.width.bytes()));
        }
        Ok((address, access))
    }

    /// # Safety
    /// The address is valid.
    unsafe fn load(&self, inst: &Inst) -> Result<u64, Fault> {
        let (address, access) = self.address(inst)?;
        // SAFETY: the caller's promise.
        Ok(unsafe {
            match access.width {
                Width::U8 => (address as *const u8).read_unaligned() as u64,
                Width::I8 => (address as *const i8).read_unaligned() as i64 as u64,
                Width::U16 => (address as *const u16).read_unaligned() as u64,
                Width::I16 => (address as *const i16).read_unaligned() as i64 as u64,
                Width::U32 => (address as *const u32).read_unaligned() as u64,
                Width::I32 => (address as *const i32).read_unaligned() as i64 as u64,
                Width::W64 | Width::F64 => (address as *const u64).read_unaligned(),
                Width::F32 => ((address as *const f32).read_unaligned() as f64).to_bits(),
            }
        })
    }

    /// # Safety
    /// The address is valid.
    unsafe fn store(&self, inst: &Inst) -> Result<(), Fault> {
        let (address, access) = self.address(inst)?;
        let bits = self.get(inst.args[inst.args.len() - 1]);
        // SAFETY: the caller's promise.
        unsafe {
            match access.width {
                Width::U8 | Width::I8 => (address as *mut u8).write_unaligned(bits as u8),
                Width::U16 | Width::I16 => (address as *mut u16).write_unaligned(bits as u16),
                Width::U32 | Width::I32 => (address as *mut u32).write_unaligned(bits as u32),
                Width::W64 | Width::F64 => (address as *mut u64).write_unaligned(bits),
                Width::F32 => (address as *mut f32).write_unaligned(f64::from_bits(bits) as f32),
            }
        }
        Ok(())
    }

    /// # Safety
    /// The callee may be called with these operands.
    unsafe fn call(&self, _at: usize, inst: &Inst) -> Result<u64, Fault> {
        let info = self.trace.call(inst.call.ok_or(Fault::Malformed("a call of nobody"))?);
        let (mut words, mut doubles) = ([0_u64; 6], [0.0_f64; 8]);
        let (mut w, mut d) = (0, 0);
        for &arg in &inst.args {
            if self.trace.ty(arg) == Ty::Float {
                *doubles.get_mut(d).ok_or(Fault::Malformed("too many operands"))? = f64::from_bits(self.get(arg));
                d += 1;
            } else {
                *words.get_mut(w).ok_or(Fault::Malformed("too many operands"))? = self.get(arg);
                w += 1;
            }
        }
        let ([a, b, c, e, f, g], [p, q, r, s, t, u, v, x]) = (words, doubles);
        // SAFETY: a function of C's convention finds its operands in the registers it looks at.
        unsafe {
            let words = core::mem::transmute::<usize, Words>(info.address);
            let doubles = core::mem::transmute::<usize, Doubles>(info.address);
            Ok(match info.result {
                Ty::Float => doubles(a, b, c, e, f, g, p, q, r, s, t, u, v, x).to_bits(),
                Ty::Bool => words(a, b, c, e, f, g, p, q, r, s, t, u, v, x) & 0xff,
                _ => words(a, b, c, e, f, g, p, q, r, s, t, u, v, x),
            })
        }
    }
}

/// A box of `value`, which takes over a reference to `old`.
///
/// # Safety
/// An exact float, a reference to which is the caller's to give.
unsafe fn recycle(old: *mut PyObject, value: f64) -> u64 {
    // SAFETY: the caller's promise; what nobody else refers to may change.
    unsafe {
        if (*old).refcount() == 1 {
            old.byte_add(rpy_vm::layout::FLOAT_VALUE).cast::<f64>().write(value);
            return old as u64;
        }
        PyObject::decref(old);
    }
    PyFloat::new(value).into_obj().into_raw() as u64
}

/// The quotient rounded down.
fn floor_div(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let quotient = a.wrapping_div(b);
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && (remainder ^ b) < 0 { quotient - 1 } else { quotient }
}

//! What the backend's tests share: building traces, running them both ways, comparing.
#![allow(dead_code, reason = "each test uses a part")]

pub mod random;

use rpy_jit::backend::code_memory::CodeMemory;
use rpy_jit::backend::x64::X64;
use rpy_jit::backend::x64::cpu::Cpu;
use rpy_jit::backend::{Backend, Compiled, Options, SaveArea};
use rpy_jit::ir::interp::{self, Machine, Outcome};
use rpy_jit::ir::snapshot::SlotState;
use rpy_jit::ir::{Access, Class, ExitKind, Form, FrameState, Inst, Op, Snapshot, SnapshotId, Trace, Ty, Value, Width};
use rpy_vm::runtime::thread::{self, PyThreadState};

/// A generator of numbers, the same each time.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    pub fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// An integer, often one at a border.
    pub fn int(&mut self) -> i64 {
        const BORDERS: &[i64] = &[
            0,
            1,
            -1,
            2,
            3,
            -5,
            -6,
            7,
            8,
            16,
            100,
            255,
            256,
            257,
            1023,
            1 << 30,
            (1 << 30) - 1,
            -(1 << 30),
            1 << 31,
            -(1 << 31),
            1 << 32,
            (1 << 59) - 1,
            1 << 59,
            -(1 << 59),
            (1 << 60) - 1,
            1 << 60,
            -(1 << 60),
            i64::MAX,
            i64::MIN,
            i64::MAX - 1,
            i64::MIN + 1,
        ];
        match self.below(4) {
            0 => self.next() as i64,
            1 => self.next() as i64 >> self.below(64),
            2 => self.below(200) as i64 - 100,
            _ => self.pick(BORDERS),
        }
    }

    /// A double, often a special one.
    pub fn float(&mut self) -> f64 {
        const BORDERS: &[f64] =
            &[0.0, -0.0, 1.0, -1.0, 0.5, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310];
        match self.below(3) {
            0 => self.pick(BORDERS),
            1 => self.below(1000) as f64 / 8.0 - 50.0,
            _ => self.int() as f64,
        }
    }
}

/// A thread state to run with.
pub fn thread() -> *const PyThreadState {
    thread_local! {
        static STATE: &'static PyThreadState = thread::new_state();
    }
    STATE.with(|s| *s as *const PyThreadState)
}

/// How a value of a type is recorded in a snapshot.
pub fn form(ty: Ty) -> Form {
    match ty {
        Ty::Float => Form::Float,
        Ty::Bool => Form::Bool,
        Ty::Obj => Form::Shared,
        _ => Form::Int,
    }
}

/// A snapshot of these values.
pub fn snapshot(trace: &mut Trace, values: &[Value]) -> SnapshotId {
    let slots = values
        .iter()
        .enumerate()
        .map(|(i, &value)| SlotState { index: i as u16, form: form(trace.ty(value)), value })
        .collect();
    let frame = FrameState { inlined: None, address: None, memory_depth: 0, ip: 0, return_offset: 0, depth: 0, slots };
    trace.add_snapshot(Snapshot {
        kind: ExitKind::Resume,
        frames: vec![frame],
        virtuals: Vec::new(),
        stores: Vec::new(),
    })
}

/// A word of the memory that stands for the frame.
pub fn word(n: usize) -> Access {
    Access::word(Class::Raw, n * 8)
}

pub fn load_int(trace: &mut Trace, base: Value, n: usize) -> Value {
    trace.push(Inst::load(Ty::Int, base, word(n)))
}

pub fn load_float(trace: &mut Trace, base: Value, n: usize) -> Value {
    trace.push(Inst::load(Ty::Float, base, Access::double(Class::Raw, n * 8)))
}

pub fn load_bool(trace: &mut Trace, base: Value, n: usize) -> Value {
    trace.push(Inst::load(Ty::Bool, base, Access { class: Class::Raw, offset: n as i32 * 8, width: Width::U8 }))
}

/// Ends a trace.
pub fn exit(trace: &mut Trace, values: &[Value]) {
    let snapshot = snapshot(trace, values);
    trace.push(Inst::new(Op::Exit, &[]).at(snapshot));
}

/// Both kinds of processor.
pub fn backends() -> Vec<X64> {
    [Cpu::detect(), Cpu::BASE]
        .into_iter()
        .map(|cpu| X64::for_cpu(CodeMemory::new(8 << 20).expect("memory"), cpu).expect("thunks"))
        .collect()
}

static VALID: u8 = 1;

pub fn valid() -> *const u8 {
    &raw const VALID
}

/// Compiles for a root.
pub fn compile(backend: &X64, trace: &Trace) -> Compiled {
    match backend.compile(trace, &Options { listing: true, ..Options::root(0, valid()) }) {
        Ok(compiled) => compiled,
        Err(error) => panic!("{error:?}\n{}", show(trace)),
    }
}

/// A copy of the memory, at an address like that of any other copy as far as vectors are concerned.
struct Copied {
    lines: Vec<Line>,
    words: usize,
}

#[derive(Clone)]
#[repr(align(64))]
struct Line([u64; 8]);

impl Copied {
    fn of(memory: &[u64]) -> Copied {
        let line = |words: &[u64]| Line(std::array::from_fn(|i| words.get(i).copied().unwrap_or(0)));
        Copied { lines: memory.chunks(8).map(line).collect(), words: memory.len() }
    }

    fn address(&mut self) -> *mut u64 {
        self.lines.as_mut_ptr().cast()
    }

    fn into_words(self) -> Vec<u64> {
        self.lines.into_iter().flat_map(|line| line.0).take(self.words).collect()
    }
}

/// Interprets; the outcome and the memory afterwards.
pub fn interpret(trace: &Trace, memory: &[u64], params: &[u64]) -> (Outcome, Vec<u64>) {
    let mut memory = Copied::of(memory);
    let machine = Machine {
        frame: memory.address().cast(),
        thread: thread(),
        valid: valid(),
        params,
        fuel: 1_000_000,
        patience: u64::MAX,
    };
    // SAFETY: the tests' traces touch only this memory.
    let outcome = unsafe { interp::run(trace, &machine) };
    (outcome.unwrap_or_else(|e| panic!("{e:?}\n{}", show(trace))), memory.into_words())
}

/// Runs compiled code; the outcome and the memory afterwards. Exits that are not this trace's give `None`.
pub fn execute(compiled: &Compiled, memory: &[u64]) -> (u64, SaveArea, Vec<u64>) {
    let mut memory = Copied::of(memory);
    let mut save = SaveArea::new();
    // SAFETY: the tests' traces touch only this memory.
    let exit = unsafe { compiled.run(memory.address().cast(), thread(), &mut save) };
    (exit, save, memory.into_words())
}

/// What an exit says.
pub fn outcome(compiled: &Compiled, exit: usize, save: &SaveArea) -> Outcome {
    let info = &compiled.exits[exit];
    // SAFETY: the trace was left by this exit.
    let values = info.locations.iter().map(|&l| unsafe { save.read(l) }).collect();
    Outcome { inst: info.inst, snapshot: info.snapshot, values }
}

/// Are the outcomes the same, but for what kind of not-a-number a number is?
pub fn same(trace: &Trace, a: &Outcome, b: &Outcome) -> bool {
    let nan = |bits: u64| f64::from_bits(bits).is_nan();
    a.inst == b.inst
        && a.snapshot == b.snapshot
        && a.values.len() == b.values.len()
        && trace
            .snapshot(a.snapshot)
            .values()
            .zip(a.values.iter().zip(&b.values))
            // What is stored is in memory; where that was may be anywhere.
            .take(a.values.len() - 2 * trace.snapshot(a.snapshot).stores.len())
            .all(|(v, (&x, &y))| x == y || (trace.ty(v) == Ty::Float && nan(x) && nan(y)))
}

/// Are the memories the same, but for not-a-numbers?
pub fn same_memory(a: &[u64], b: &[u64]) -> bool {
    let nan = |bits: u64| f64::from_bits(bits).is_nan();
    let single = |bits: u64| f32::from_bits(bits as u32).is_nan();
    let singles = |x: u64, y: u64| x >> 32 == y >> 32 && single(x) && single(y);
    a.iter().zip(b).all(|(&x, &y)| x == y || (nan(x) && nan(y)) || singles(x, y))
}

/// Runs a trace both ways on the same memory.
pub fn check(trace: &Trace, compiled: &Compiled, memory: &[u64]) -> Outcome {
    // The memory's address may be a value: it has to be at one place.
    let (expected, after) = interpret(trace, memory, &[]);
    let (exit, save, memory_after) = execute(compiled, memory);
    let got = outcome(compiled, exit as usize, &save);
    if !same(trace, &expected, &got) || !same_memory(&after, &memory_after) {
        let listing = rpy_jit::backend::listing::listing(trace, compiled);
        std::fs::write(std::env::temp_dir().join("rpy-jit-code.bin"), compiled.bytes()).expect("write");
        panic!(
            "interpreted: {expected:?}\ncompiled:    {got:?}\nlocations: {:?}\nmemory {memory:x?}\n{}\n{listing}",
            compiled.exits[exit as usize].locations,
            show(trace)
        );
    }
    expected
}

/// A trace for people.
pub fn show(trace: &Trace) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for (i, constant) in trace.consts.iter().enumerate() {
        let _ = writeln!(text, "c{i} = {constant:x?}");
    }
    for (i, inst) in trace.insts.iter().enumerate() {
        let _ = write!(text, "v{i} = {} {:?}", inst.op.text(), inst.args);
        if let Some(access) = inst.access {
            let _ = write!(text, " {access:?}");
        }
        if let Some(snapshot) = inst.snapshot {
            let _ = write!(text, " -> {:?}", trace.snapshot(snapshot).values().collect::<Vec<_>>());
        }
        text.push('\n');
    }
    text
}

//! Random loops, executed as they were recorded and as the optimizer leaves them: they end at the same guard, with the same
//! values in the frames' slots and in memory.
//!
//! A program is a list of steps that one round takes. It is made into a trace in two ways: plainly, with a phi for each local
//! and all locals in each snapshot; and as a recorder does it, through the builder, with locals read from the frame's memory
//! until they are written. What its guards expect is found out by executing it once.

mod common;
mod loops;

use common::random::Rng;
use loops::lower::{Lower, Mode};
use loops::memory::*;
use loops::program::{Program, make};
use rpy_jit::ir::interp::{self, Machine};
use rpy_jit::ir::verify::verify;
use rpy_jit::ir::{Form, Inst, Op, SlotState, Trace, Ty, Value};
use rpy_jit::opt::{Abandoned, Contradicted, close_loop, finish, tighten};
use rpy_vm::layout::FRAME_LOCALS;
use rpy_vm::runtime::thread;
use rpy_vm::types::bool_;

/// How a run ended, and what it left.
#[derive(PartialEq, Eq, Debug)]
struct End {
    ip: usize,
    locals: Vec<String>,
    inlined: Vec<String>,
    words: Vec<u64>,
    objects: Vec<String>,
    things: Vec<String>,
    /// The references to each thing, once the frame is what it is said to be.
    counts: [isize; 4],
}

static VALID: u8 = 1;

/// Executes a trace; leaves it at the instruction behind so many that could.
fn execute_until(
    trace: &Trace,
    program: &Program,
    arena: &mut Arena,
    start: &[u64; WORDS],
    patience: u64,
) -> (End, Vec<u64>) {
    *arena.words = *start;
    let counts = arena.things.counts();
    let before = arena.frame.clone();
    let state = thread();
    let machine = Machine {
        frame: arena.frame.as_mut_ptr().cast(),
        thread: state,
        valid: &raw const VALID,
        params: &[],
        fuel: 100_000,
        patience,
    };
    // SAFETY: traces of programs touch only the arena and the frame.
    let outcome = unsafe { interp::run(trace, &machine) }.unwrap_or_else(|fault| panic!("{fault:?}\n{trace}"));
    let snapshot = trace.snapshot(outcome.snapshot);
    let mut values = outcome.values.iter();
    let mut text = |slot: &SlotState| {
        let bits = *values.next().expect("a value for each slot");
        match slot.form {
            Form::Int => format!("{:?}", Some(bits as i64)),
            Form::Float => show_float(f64::from_bits(bits)),
            Form::Bool => format!("{}", bits != 0),
            _ if arena.things.0.contains(&bits) => arena.things.name(bits),
            _ => number_at(bits),
        }
    };
    let base = &snapshot.frames[0];
    let holders = FRAME_LOCALS / 8 + program.locals.len();
    let mut held: Vec<u64> = arena.frame[holders..].to_vec();
    let mut after = arena.things.counts();
    let mut change = |word: u64, by: isize| {
        if let Some(i) = arena.things.0.iter().position(|&thing| thing == word & !1) {
            after[i] += by;
        }
    };
    let mut bits = outcome.values.iter();
    for slot in &base.slots {
        let bits = *bits.next().expect("a value for each slot");
        if matches!(slot.form, Form::Owned | Form::Shared) {
            change(bits, (slot.form == Form::Shared) as isize);
            if let Some(word) = held.get_mut((slot.index as usize).wrapping_sub(program.locals.len())) {
                change(*word, -1);
                *word = bits;
            }
        }
    }
    let mut locals: Vec<String> =
        (0..program.locals.len()).map(|i| number_at(arena.frame[FRAME_LOCALS / 8 + i])).collect();
    for slot in &base.slots {
        let text = text(slot);
        if let Some(local) = locals.get_mut(slot.index as usize) {
            *local = text;
        }
    }
    let inlined = snapshot.frames.get(1).map_or(Vec::new(), |frame| {
        text(&SlotState { index: 0, form: Form::Shared, value: Value::NOTHING });
        frame.slots.iter().map(&mut text).collect()
    });
    let canonical = |word: u64| if f64::from_bits(word).is_nan() { f64::NAN.to_bits() } else { word };
    let end = End {
        ip: base.ip,
        locals,
        inlined,
        words: arena.words[..OBJECTS].iter().map(|&word| canonical(word)).collect(),
        objects: arena.words[OBJECTS..THINGS].iter().map(|&word| number_at(word)).collect(),
        things: arena.words[THINGS..].iter().chain(&held).map(|&word| arena.things.name(word)).collect(),
        counts: after,
    };
    arena.frame = before;
    arena.things.restore(&counts);
    (end, outcome.values)
}

fn execute(trace: &Trace, program: &Program, arena: &mut Arena, start: &[u64; WORDS]) -> (End, Vec<u64>) {
    execute_until(trace, program, arena, start, u64::MAX)
}

/// Is this where the trace stands at one of its guards, before it ends as expected? Guards may leave earlier than they have to.
fn passes(
    end: &End,
    expected: &End,
    trace: &Trace,
    program: &Program,
    arena: &mut Arena,
    start: &[u64; WORDS],
) -> bool {
    (0..)
        .map(|patience| execute_until(trace, program, arena, start, patience).0)
        .find(|here| here == end || here == expected)
        .as_ref()
        == Some(end)
}

fn thread() -> *const thread::PyThreadState {
    thread_local! {
        static STATE: &'static thread::PyThreadState = thread::new_state();
    }
    STATE.with(|state| *state as *const _)
}

/// Numbers for the arena.
fn fill(rng: &mut Rng, arena: &Arena) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let base = arena.words.as_ptr() as u64;
    let block = |at: usize| base + at as u64 * 8;
    for (i, word) in words[..OTHERS].iter_mut().enumerate() {
        let start = if i < 4 { OTHERS } else { ITEMS };
        *word = block(start + if rng.chance(2) { BLOCK } else { 0 });
    }
    for word in &mut words[OTHERS..OBJECTS] {
        *word = if rng.chance(2) { rng.below(100) as u64 } else { rng.int() as u64 };
    }
    for word in &mut words[THINGS..] {
        *word = rng.pick(&arena.things.0);
    }
    for (i, word) in words[OBJECTS..THINGS].iter_mut().enumerate() {
        let float = (i < 8) != rng.chance(16);
        *word = if float { box_float(rng.float()) } else { box_int(rng.int() >> 8) };
    }
    words
}

fn local(rng: &mut Rng, ty: Ty, index: usize) -> u64 {
    match ty {
        _ if index == 0 => box_int(0),
        Ty::Int => box_int(if rng.chance(2) { rng.below(10) as i64 } else { rng.int() >> 5 }),
        Ty::Float => box_float(rng.float()),
        _ => bool_::as_object(rng.chance(2)).as_ptr() as u64,
    }
}

/// What came of one program.
#[derive(PartialEq, Eq, Debug)]
enum Verdict {
    Same,
    /// The first round does not go through.
    Unusable,
    Abandoned(Option<Abandoned>),
}

fn check(seed: u64, arena: &mut Arena) -> Verdict {
    let mut rng = Rng::new(seed);
    let mut program = make(&mut rng);
    let start = fill(&mut rng, arena);
    arena.frame = vec![0; FRAME_LOCALS / 8];
    for (i, &ty) in program.locals.iter().enumerate() {
        let word = local(&mut rng, ty, i);
        arena.frame.push(word);
    }
    for _ in 0..HOLDERS {
        let thing = rng.pick(&arena.things.0);
        arena.frame.push(thing);
    }
    // One reference for each place that holds one, and sometimes one more, so that the rest are never the last ones.
    let spare = rng.chance(2) as isize;
    let places = start[THINGS..].iter().chain(&arena.frame[FRAME_LOCALS / 8 + program.locals.len()..]);
    let places: Vec<u64> = places.copied().collect();
    let counts = arena.things.0.map(|thing| {
        let count = places.iter().filter(|&&place| place == thing).count() as isize;
        if count == 0 { spare } else { count - 1 + spare }
    });
    arena.things.restore(&counts);
    let base = arena.words.as_ptr() as usize;
    ARENA.store(arena.words.as_mut_ptr(), std::sync::atomic::Ordering::Relaxed);
    let Ok(probe) = Lower::new(&program, Mode::Probe, base).probe() else { return Verdict::Unusable };
    let (end, values) = execute(&probe, &program, arena, &start);
    if end.ip != 0 {
        return Verdict::Unusable;
    }
    program.truths = values.iter().map(|&bits| bits != 0).collect();

    let Ok(plain) = Lower::new(&program, Mode::Plain, base).plain() else { return Verdict::Unusable };
    verify(&plain).unwrap_or_else(|message| panic!("seed {seed}: {message}\n{plain}"));
    let (expected, _) = execute(&plain, &program, arena, &start);

    let Ok(once) = Lower::new(&program, Mode::Plain, base).straight() else { return Verdict::Unusable };
    let (expected_once, _) = execute(&once, &program, arena, &start);
    let mut ended = Lower::new(&program, Mode::Recorded, base);
    if ended.steps().is_err() {
        panic!("seed {seed}: a guard that held cannot hold\n{plain}");
    }
    ended.ip = 0x1000;
    let exit = ended.snapshot();
    let _ = ended.builder.emit(Inst::new(Op::Exit, &[]).at(exit));
    let straight = finish(ended.builder);
    verify(&straight).unwrap_or_else(|message| panic!("seed {seed}: {message}\n{straight}"));
    let (found, _) = execute(&straight, &program, arena, &start);
    assert_eq!(expected_once, found, "seed {seed}, once\n{once}\n{straight}");

    let Ok((recorded, head)) = Lower::new(&program, Mode::Recorded, base).recorded() else { return Verdict::Unusable };
    let contradicted = if rng.chance(2) { Contradicted::Widen } else { Contradicted::Refuse };
    let closed = match close_loop(recorded, &head, contradicted) {
        Ok(closed) if rng.chance(2) => tighten(closed),
        Ok(closed) => closed,
        Err(reason) => return Verdict::Abandoned(Some(reason)),
    };
    verify(&closed).unwrap_or_else(|message| panic!("seed {seed}: {message}\n{closed}"));
    let (found, _) = execute(&closed, &program, arena, &start);
    if expected != found && !passes(&found, &expected, &plain, &program, arena, &start) {
        assert_eq!(expected, found, "seed {seed}\n{:?}\n{plain}\n{closed}", program.steps);
    }
    Verdict::Same
}

#[test]
fn random_loops() {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = (from_env("RPY_SEED").unwrap_or(0), from_env("RPY_COUNT").unwrap_or(3000));
    let mut arena = Arena { words: Box::new([0; WORDS]), frame: Vec::new(), things: Things::new() };
    let (mut same, mut abandoned, mut unusable) = (0, 0, 0);
    for seed in first..first + count {
        match check(seed, &mut arena) {
            Verdict::Same => same += 1,
            Verdict::Abandoned(_) => abandoned += 1,
            Verdict::Unusable => unusable += 1,
        }
    }
    println!("{same} loops are the same, {abandoned} were not closed, {unusable} did not get through a round");
    assert!(count < 100 || same * 3 > count, "{same} of {count} loops could be compared");
}

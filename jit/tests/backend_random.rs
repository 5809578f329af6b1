//! Random traces, interpreted and compiled: every exit's values and all memory are the same.

mod support;

use support::random::{FIRST_FLAG, Grower, looped, memory, straight};
use support::{Rng, backends, check, compile, execute, exit, interpret, outcome, same, show};

use rpy_jit::backend::{Backend, Loc, Options, parameter_places};
use rpy_jit::ir::{Inst, Op, Trace, Ty, Value};

/// How many traces of each kind; more on request.
fn traces() -> u64 {
    std::env::var("RPY_TEST_TRACES").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

/// Runs a trace as it is, then with each guard forced to fail.
fn check_all(trace: &Trace, flags: usize, rng: &mut Rng) {
    for backend in backends_once() {
        let compiled = compile(backend, trace);
        for _ in 0..3 {
            let mut memory = memory(rng);
            check(trace, &compiled, &memory);
            for flag in 0..flags {
                memory[FIRST_FLAG + flag] = 0;
                check(trace, &compiled, &memory);
                memory[FIRST_FLAG + flag] = 1;
            }
        }
    }
}

fn backends_once() -> &'static [rpy_jit::backend::x64::X64] {
    thread_local! {
        static BACKENDS: &'static [rpy_jit::backend::x64::X64] = Box::leak(backends().into_boxed_slice());
    }
    BACKENDS.with(|b| *b)
}

#[test]
fn straight_lines() {
    for seed in 0..traces() {
        let mut rng = Rng::new(seed);
        let size = [3, 10, 40, 150][seed as usize % 4];
        let (trace, flags) = straight(&mut rng, size);
        check_all(&trace, flags, &mut rng);
    }
}

#[test]
fn loops() {
    for seed in 0..traces() {
        let mut rng = Rng::new(seed + 10_000);
        let size = [4, 12, 40, 120][seed as usize % 4];
        let (trace, flags) = looped(&mut rng, size);
        check_all(&trace, flags, &mut rng);
    }
}

/// Patched exits go on in side traces, in the parent's registers and slots.
#[test]
fn side_traces() {
    let mut taken = 0;
    for seed in 0..traces() / 2 {
        let mut rng = Rng::new(seed + 20_000);
        let (trace, flags) = if seed % 2 == 0 { straight(&mut rng, 60) } else { looped(&mut rng, 60) };
        for backend in backends_once() {
            let mut parent = compile(backend, &trace);
            let mut memory = memory(&mut rng);
            if flags > 0 {
                memory[FIRST_FLAG + rng.below(flags)] = 0;
            }
            let (before, _) = interpret(&trace, &memory, &[]);
            let (number, _, left_memory) = execute(&parent, &memory);
            let number = number as usize;
            let locations = parent.exits[number].locations.clone();
            // One parameter for each place that holds something (but an address, which is another one in another run).
            let values: Vec<_> = trace.snapshot(before.snapshot).values().collect();
            let mut grower = Grower::new(&mut rng);
            grower.inputs();
            let frame_loads = grower.trace.insts.split_off(1);
            grower.ints.clear();
            grower.floats.clear();
            grower.bools.clear();
            let _ = frame_loads;
            let mut seen: Vec<Loc> = Vec::new();
            for (i, (&loc, &value)) in locations.iter().zip(&values).enumerate() {
                if matches!(loc, Loc::Const(_)) || seen.contains(&loc) || trace.ty(value) == rpy_jit::ir::Ty::Ptr {
                    continue;
                }
                seen.push(loc);
                let place = grower.trace.int(i as i64);
                let ty = trace.ty(value);
                let param = grower.trace.push(Inst { ty, ..Inst::new(Op::Param, &[place]) });
                match ty {
                    rpy_jit::ir::Ty::Float => grower.floats.push(param),
                    rpy_jit::ir::Ty::Bool => grower.bools.push(param),
                    _ => grower.ints.push(param),
                }
            }
            grower.inputs();
            for _ in 0..40 {
                grower.grow();
            }
            let all = grower.all();
            exit(&mut grower.trace, &all);
            let side = grower.trace;
            let options = Options {
                first_exit: 1000,
                valid: support::valid(),
                params: &locations,
                enter: None,
                listing: false,
                fail_once: false,
            };
            let compiled = backend.compile(&side, &options).unwrap_or_else(|e| panic!("{e:?}\n{}", show(&side)));
            let (expected, expected_memory) = interpret(&side, &left_memory, &before.values);
            // SAFETY: compiled for this exit; both live to the end of the loop.
            unsafe { parent.patch_exit(number, compiled.inner()) }.expect("patch");
            let (exit, save, memory_after) = execute(&parent, &memory);
            assert!(exit >= 1000, "the patched exit is not taken");
            let got = outcome(&compiled, exit as usize - 1000, &save);
            assert!(
                same(&side, &expected, &got) && support::same_memory(&expected_memory, &memory_after),
                "{expected:?}\n{got:?}\nparams {locations:?}\n{}",
                show(&side)
            );
            taken += 1;
            parent.unpatch_exit(number).expect("patch");
            check(&trace, &parent, &memory);
        }
    }
    assert!(taken as u64 > traces() / 2);
}

/// Traces that go on in another one, with any values as its parameters: more of them than there are registers, some twice.
#[test]
fn entered() {
    for seed in 0..traces() / 2 {
        let mut rng = Rng::new(seed + 30_000);
        let memory = memory(&mut rng);
        let mut grower = Grower::new(&mut rng);
        grower.inputs();
        for _ in 0..40 {
            grower.grow();
        }
        let args: Vec<Value> = (0..seed % 40)
            .flat_map(|n| [if n % 3 == 0 { grower.float() } else { grower.int() }, grower.bool()])
            .collect();
        let mut leaving = grower.trace;
        let mut entering = leaving.clone();
        exit(&mut leaving, &args);
        entering.push(Inst::new(Op::Enter, &args));
        let mut target = Trace::default();
        let params: Vec<Value> = args
            .iter()
            .enumerate()
            .map(|(i, &arg)| {
                let place = target.int(i as i64);
                target.push(Inst { ty: leaving.ty(arg), ..Inst::new(Op::Param, &[place]) })
            })
            .collect();
        exit(&mut target, &params);
        let (expected, _) = interpret(&leaving, &memory, &[]);
        if expected.inst + 1 != leaving.insts.len() {
            continue;
        }
        let floats: Vec<bool> = args.iter().map(|&arg| leaving.ty(arg) == Ty::Float).collect();
        let places = parameter_places(&floats);
        for backend in backends_once() {
            let options = Options {
                first_exit: 1000,
                valid: support::valid(),
                params: &places,
                enter: None,
                listing: false,
                fail_once: false,
            };
            let inner = backend.compile(&target, &options).unwrap_or_else(|e| panic!("{e:?}\n{}", show(&target)));
            let options = Options {
                first_exit: 0,
                valid: support::valid(),
                params: &[],
                enter: Some((inner.inner(), &places)),
                listing: false,
                fail_once: false,
            };
            let outer = backend.compile(&entering, &options).unwrap_or_else(|e| panic!("{e:?}\n{}", show(&entering)));
            let (number, save, _) = execute(&outer, &memory);
            assert_eq!(number, 1000, "{}", show(&entering));
            let got = outcome(&inner, 0, &save);
            let expected = rpy_jit::ir::interp::Outcome { inst: got.inst, snapshot: got.snapshot, ..expected.clone() };
            assert!(same(&target, &expected, &got), "{expected:?}\n{got:?}\n{places:?}\n{}", show(&entering));
        }
    }
}

//! What compiled code does with objects: boxes, reference counts, types, the thread state.

mod support;

use std::sync::{Mutex, MutexGuard, OnceLock};

use support::{Rng, backends, compile, execute, outcome, show};

use rpy_jit::backend::x64::X64;
use rpy_jit::backend::{Backend, Options};
use rpy_jit::ir::interp::Outcome;
use rpy_jit::ir::text::parse;
use rpy_jit::ir::{CallInfo, Trace, interp};
use rpy_jit::runtime::table::{self, Function};
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyClass, PyObject, PyStruct};

/// The objects belong to one thread at a time.
fn vm() -> MutexGuard<'static, ()> {
    static GIL: Mutex<()> = Mutex::new(());
    static INIT: OnceLock<()> = OnceLock::new();
    let guard = GIL.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    rpy_vm::runtime::thread::swap_current(support::thread());
    INIT.get_or_init(|| rpy_vm::types::init().unwrap_or_else(|_| panic!("the types do not start")));
    guard
}

fn trace(text: &str) -> Trace {
    let trace = parse(text, &[]).unwrap_or_else(|e| panic!("{e}"));
    if let Err(message) = rpy_jit::ir::verify::verify(&trace) {
        panic!("{message}\n{}", show(&trace));
    }
    trace
}

/// Compiles and runs on some memory; also what the memory holds afterwards.
fn run(backend: &X64, trace: &Trace, memory: &[u64]) -> (Outcome, Vec<u64>) {
    let compiled = compile(backend, trace);
    let (exit, save, memory) = execute(&compiled, memory);
    (outcome(&compiled, exit as usize, &save), memory)
}

fn address(object: &PyObject) -> u64 {
    object as *const PyObject as u64
}

/// The object whose reference the trace has given us.
fn owned(bits: u64) -> ObjRef {
    // SAFETY: a new reference.
    unsafe { ObjRef::from_owned_ptr(bits as usize as *mut PyObject) }
}

const EXIT: &str = "snapshot 0 resume: base ip 0x0 +0 depth 0";

#[test]
fn box_int() {
    let _vm = vm();
    let mut rng = Rng::new(1);
    for backend in backends() {
        let trace = trace(&format!(
            "f:ptr = frame\nx:int = load f [raw+0:w64]\no:obj = box_int x\nexit @0\n{EXIT} [0 own o, 1 int x]"
        ));
        let compiled = compile(&backend, &trace);
        let mut kept = Vec::new();
        for i in 0..4000 {
            let n = if i < 600 { i - 300 } else { rng.int() };
            let (exit, save, _) = execute(&compiled, &[n as u64]);
            let got = outcome(&compiled, exit as usize, &save);
            let object = owned(got.values[0]);
            let int = object.downcast_ref::<PyInt>().expect("an int");
            assert_eq!(int.as_i64(), Some(n));
            assert_eq!(int.tag(), PyInt::from_i64(n).tag(), "{n}");
            assert!(PyInt::check_exact(&object));
            if !object.is_immortal() {
                assert_eq!(object.refcount(), 1);
                kept.push((object, n));
            }
            assert_eq!(got.values[1], n as u64);
            // Some die and are used again.
            if rng.chance(3) {
                kept.clear();
            }
        }
        for (object, n) in kept {
            assert_eq!(object.downcast_ref::<PyInt>().and_then(PyInt::as_i64), Some(n));
        }
    }
}

#[test]
fn box_float() {
    let _vm = vm();
    let mut rng = Rng::new(2);
    for backend in backends() {
        let trace = trace(&format!(
            "f:ptr = frame\nx:float = load f [raw+0:f64]\no:obj = box_float x\nexit @0\n{EXIT} [0 own o, 1 float x]"
        ));
        let compiled = compile(&backend, &trace);
        let mut kept = Vec::new();
        for _ in 0..4000 {
            let x = rng.float();
            let (exit, save, _) = execute(&compiled, &[x.to_bits()]);
            let got = outcome(&compiled, exit as usize, &save);
            let object = owned(got.values[0]);
            let float = object.downcast_ref::<PyFloat>().expect("a float");
            assert_eq!(float.value().to_bits(), x.to_bits());
            assert_eq!(object.refcount(), 1);
            assert_eq!(got.values[1], x.to_bits());
            kept.push((object, x));
            if rng.chance(5) {
                kept.clear();
            }
        }
        for (object, x) in kept {
            assert_eq!(object.downcast_ref::<PyFloat>().map(|f| f.value().to_bits()), Some(x.to_bits()));
        }
    }
}

#[test]
fn unbox_and_types() {
    let _vm = vm();
    let mut rng = Rng::new(3);
    for backend in backends() {
        let int = address(PyInt::type_object().as_object());
        let float = address(PyFloat::type_object().as_object());
        let ints = trace(&format!(
            "f:ptr = frame\no:obj = load f [raw+0:w64]\nguard_type o, {int:#x} @0\nx:int = unbox_int o @0\nexit @1\n\
             {EXIT} [0 obj o]\nsnapshot 1 resume: base ip 0x0 +0 depth 0 [0 int x, 1 obj o]"
        ));
        let floats = trace(&format!(
            "f:ptr = frame\no:obj = load f [raw+0:w64]\nguard_type o, {float:#x} @0\nx:float = unbox_float o\n\
             y:float = load f [raw+8:f64]\nz:float = fadd y, x\nexit @1\n\
             {EXIT} [0 obj o]\nsnapshot 1 resume: base ip 0x0 +0 depth 0 [0 float z, 1 obj o]"
        ));
        let (int_code, float_code) = (compile(&backend, &ints), compile(&backend, &floats));
        for i in 0..3000 {
            let n = if i < 600 { i - 300 } else { rng.int() };
            let object = PyInt::from_i64(n);
            let word = address(object.as_object());
            let (exit, save, _) = execute(&int_code, &[word]);
            let got = outcome(&int_code, exit as usize, &save);
            match object.medium_value() {
                Some(_) => assert_eq!((got.inst, &got.values[..]), (4, &[n as u64, word][..])),
                None => assert_eq!((got.inst, &got.values[..]), (3, &[word][..])),
            }
            let (exit, save, _) = execute(&float_code, &[word, 0]);
            assert_eq!(outcome(&float_code, exit as usize, &save).inst, 2);
            let x = rng.int() as f64;
            let object = PyFloat::new(x);
            let word = address(object.as_object());
            let (exit, save, _) = execute(&float_code, &[word, 1.5_f64.to_bits()]);
            let got = outcome(&float_code, exit as usize, &save);
            assert_eq!((got.inst, &got.values[..]), (6, &[(1.5 + x).to_bits(), word][..]));
        }
    }
}

#[test]
fn bools() {
    let _vm = vm();
    for backend in backends() {
        let trace = trace(&format!(
            "f:ptr = frame\nx:int = load f [raw+0:w64]\nc:bool = lt x, 0\no:obj = box_bool c\nexit @0\n\
             {EXIT} [0 obj o, 1 bool c]"
        ));
        for n in [-1_i64, 0, 1] {
            let (got, _) = run(&backend, &trace, &[n as u64]);
            assert_eq!(got.values, [address(rpy_vm::types::bool_::as_object(n < 0)), (n < 0) as u64]);
        }
    }
}

/// Many values live across a count that reaches zero, none of which may change.
#[test]
fn counts() {
    let _vm = vm();
    for backend in backends() {
        let mut text = String::from("f:ptr = frame\no:obj = load f [raw+0:w64]\n");
        let mut slots = Vec::new();
        for i in 0..12 {
            text.push_str(&format!("x{i}:int = load f [raw+{}:w64]\n", 8 * (i + 1)));
            text.push_str(&format!("y{i}:float = load f [raw+{}:f64]\n", 8 * (i + 1)));
            slots.push(format!("{} int x{i}, {} float y{i}", 2 * i, 2 * i + 1));
        }
        let end = format!("exit @0\n{EXIT} [{}]", slots.join(", "));
        let memory = |object: &PyObject, tag: u64| -> Vec<u64> {
            [address(object) | tag].into_iter().chain((1..13).map(|i| i * 0x1111)).collect()
        };
        let with = |op: &str| trace(&format!("{text}{op} o\n{end}"));
        let expected: Vec<u64> = (1..13).flat_map(|i| [i * 0x1111, i * 0x1111]).collect();
        let check = |op: &str, object: ObjRef, tag: u64, before: u32, after: i64| {
            for _ in 1..before {
                core::mem::forget(object.clone());
            }
            let (got, _) = run(&backend, &with(op), &memory(&object, tag));
            assert_eq!(got.values, expected, "{op}");
            if after > 0 {
                assert_eq!(object.refcount() as i64, after, "{op}");
            }
            // What is left of the references is lost on purpose; a dead object must not be dropped again.
            core::mem::forget(object);
        };
        let float = || PyFloat::new(2.5).into_obj();
        let list = || PyList::new(vec![PyStr::new("some text that is no constant").into_obj()]).into_obj();
        for make in [&float as &dyn Fn() -> ObjRef, &list] {
            check("incref", make(), 0, 1, 2);
            check("decref", make(), 0, 3, 2);
            check("decref", make(), 0, 1, 0);
            check("decref_inert", float(), 0, 1, 0);
            check("close_word", make(), 0, 2, 1);
            check("close_word", make(), 1, 1, 1);
            check("close_word", make(), 0, 1, 0);
            check("close_inert", float(), 0, 1, 0);
            check("close_shared", make(), 0, 2, 1);
            check("close_shared", make(), 1, 1, 1);
        }
        let none = || rpy_vm::none_ref();
        let count = none().refcount();
        for op in ["incref", "decref", "close_word", "close_shared"] {
            let (got, _) = run(&backend, &with(op), &memory(none(), 0));
            assert_eq!(got.values, expected);
            assert_eq!(none().refcount(), count, "{op}");
        }
    }
}

/// An object that dies in a trace gives its contents back.
#[test]
fn death_frees_contents() {
    let _vm = vm();
    for backend in backends() {
        let trace = trace(&format!("f:ptr = frame\no:obj = load f [raw+0:w64]\ndecref o\nexit @0\n{EXIT} []"));
        let inside = PyStr::new("inside of a list").into_obj();
        let list = PyList::new(vec![inside.clone()]).into_obj();
        assert_eq!(inside.refcount(), 2);
        run(&backend, &trace, &[address(&list)]);
        core::mem::forget(list);
        assert_eq!(inside.refcount(), 1);
    }
}

#[test]
fn guards() {
    let _vm = vm();
    for backend in backends() {
        let shared =
            trace(&format!("f:ptr = frame\no:obj = load f [raw+0:w64]\nguard_shared o @0\nexit @0\n{EXIT} [0 obj o]"));
        let object = PyFloat::new(0.5).into_obj();
        assert_eq!(run(&backend, &shared, &[address(&object)]).0.inst, 2);
        assert_eq!(run(&backend, &shared, &[address(&object) | 1]).0.inst, 3);
        let again = object.clone();
        assert_eq!(run(&backend, &shared, &[address(&object)]).0.inst, 3);
        drop(again);
        assert_eq!(run(&backend, &shared, &[1]).0.inst, 3);
        assert_eq!(run(&backend, &shared, &[address(rpy_vm::none_ref())]).0.inst, 3);

        let inert = trace(&format!(
            "f:ptr = frame\nw:obj = load f [raw+0:w64]\nguard_inert w, {:#x} @0\nexit @0\n{EXIT} [0 obj w]",
            address(PyFloat::type_object().as_object())
        ));
        let list = PyList::new(vec![]).into_obj();
        for word in [1, address(&object), address(rpy_vm::none_ref()), address(&list) | 1] {
            assert_eq!(run(&backend, &inert, &[word]).0.inst, 3);
        }
        assert_eq!(run(&backend, &inert, &[address(&list)]).0.inst, 2);

        let calm = trace(&format!("guard_calm @0\nf:ptr = frame\nexit @0\n{EXIT} []"));
        // SAFETY: this thread's own state.
        let breaker = unsafe { &(*support::thread()).eval_breaker };
        // Other tests' threads may have asked for the GIL.
        breaker.store(0, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(run(&backend, &calm, &[]).0.inst, 2);
        breaker.store(1, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(run(&backend, &calm, &[]).0.inst, 0);
        breaker.store(0, std::sync::atomic::Ordering::Relaxed);

        let validity = trace(&format!("x:int = add 1, 2\nguard_valid @0\nexit @0\n{EXIT} [0 int x]"));
        for (byte, inst) in [(1_u8, 2), (0, 1)] {
            let options = Options {
                first_exit: 40,
                valid: &raw const byte,
                params: &[],
                enter: None,
                listing: false,
                fail_once: false,
            };
            let compiled = backend.compile(&validity, &options).expect("compiles");
            let (exit, save, _) = execute(&compiled, &[]);
            let got = outcome(&compiled, exit as usize - 40, &save);
            assert_eq!((got.inst, &got.values[..]), (inst, &[3][..]));
        }

        let untag =
            trace(&format!("f:ptr = frame\nw:ptr = load f [raw+0:w64]\no:obj = untag w\nexit @0\n{EXIT} [0 obj o]"));
        for word in [address(&object), address(&object) | 1, 1] {
            assert_eq!(run(&backend, &untag, &[word]).0.values, [word & !1]);
        }
    }
}

/// A trace that may call these functions of the runtime.
fn calling(text: &str, callees: &[Function]) -> Trace {
    let calls: Vec<CallInfo> = callees.iter().map(|&callee| callee.into()).collect();
    let trace = parse(text, &calls).unwrap_or_else(|e| panic!("{e}"));
    if let Err(message) = rpy_jit::ir::verify::verify(&trace) {
        panic!("{message}\n{}", show(&trace));
    }
    trace
}

/// Appending and taking the last item, in place or by the call.
#[test]
fn ends_of_lists() {
    let _vm = vm();
    let append = calling(
        "f:ptr = frame\nl:obj = load f [raw+0:w64]\no:obj = load f [raw+8:w64]\nincref o\nd:bool = call list_append(l, o)\nexit @0\n\
         snapshot 0 resume: base ip 0x0 +0 depth 0 [0 bool d, 1 obj l]",
        &[table::LIST_APPEND],
    );
    let pop = calling(
        "f:ptr = frame\nl:obj = load f [raw+0:w64]\no:obj = call list_pop(l)\nexit @0\n\
         snapshot 0 resume: base ip 0x0 +0 depth 0 [0 own o, 1 obj l]",
        &[table::LIST_POP],
    );
    for backend in backends() {
        let (append, pop) = (compile(&backend, &append), compile(&backend, &pop));
        let list = PyList::empty();
        let item = PyFloat::new(1.5).into_obj();
        let base = item.refcount();
        for count in 1..200 {
            let (exit, save, _) = execute(&append, &[address(list.as_object()), address(&item)]);
            assert_eq!(outcome(&append, exit as usize, &save).values, [1, address(list.as_object())]);
            assert_eq!((list.len(), item.refcount()), (count, base + count as u32));
        }
        for count in (0..199).rev() {
            let (exit, save, _) = execute(&pop, &[address(list.as_object())]);
            let last = owned(outcome(&pop, exit as usize, &save).values[0]);
            assert!(last.is(&item));
            assert_eq!((list.len(), item.refcount()), (count, base + count as u32 + 1));
        }
        let (exit, save, _) = execute(&pop, &[address(list.as_object())]);
        assert_eq!(outcome(&pop, exit as usize, &save).values[0], 0, "an empty list has no last item");
    }
}

/// Boxes among many other values.
#[test]
fn random() {
    let _vm = vm();
    for backend in backends() {
        for seed in 0..200 {
            let mut rng = Rng::new(seed + 30_000);
            let (trace, flags) = support::random::with_objects(&mut rng, 20 + seed as usize);
            let compiled = compile(&backend, &trace);
            let mut memory = support::random::memory(&mut rng);
            support::check(&trace, &compiled, &memory);
            for flag in 0..flags {
                memory[support::random::FIRST_FLAG + flag] = 0;
                support::check(&trace, &compiled, &memory);
                memory[support::random::FIRST_FLAG + flag] = 1;
            }
        }
    }
}

/// The interpreter of traces agrees about objects.
#[test]
fn interpreted() {
    let _vm = vm();
    let int = address(PyInt::type_object().as_object());
    let trace = trace(&format!(
        "f:ptr = frame\no:obj = load f [raw+0:w64]\nguard_type o, {int:#x} @0\nx:int = unbox_int o @0\n\
         y:int = mul_ovf x, x @0\np:obj = box_int y\nexit @1\n\
         {EXIT} [0 obj o]\nsnapshot 1 resume: base ip 0x0 +0 depth 0 [0 own p]"
    ));
    let object = PyInt::from_i64(-12345).into_obj();
    let mut memory = [address(&object)];
    let machine = interp::Machine {
        frame: memory.as_mut_ptr().cast(),
        thread: support::thread(),
        valid: support::valid(),
        params: &[],
        fuel: 100,
        patience: u64::MAX,
    };
    // SAFETY: the trace reads one word.
    let got = unsafe { interp::run(&trace, &machine) }.expect("leaves");
    assert_eq!(got.inst, 6);
    assert_eq!(owned(got.values[0]).downcast_ref::<PyInt>().and_then(PyInt::as_i64), Some(12345 * 12345));
}

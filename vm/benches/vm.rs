//! The VM's hot paths one by one: eval loop, calls, attributes, dicts, allocation. Each measurement runs a small Python
//! function, compiled once, with its loop inside.
//!
//!     cargo bench -p rpy-vm --ignore-rust-version
//!     cargo bench -p rpy-vm --ignore-rust-version -- attributes
//!
//! For whole programs under several interpreters there is `benches/compare` in the project's root.

use criterion::{Criterion, criterion_group, criterion_main};
use rpy_vm::compile::{self, Mode};
use rpy_vm::protocol::call;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::{ObjRef, PyStruct, interp, startup};

/// A group, its measurements' names, and for each a function `run(n)` with what it needs before it.
const MEASUREMENTS: &[(&str, &str, &str)] = &[
    ("eval loop", "empty loop", "def run(n):\n    for i in range(n): pass"),
    ("eval loop", "int sum", "def run(n):\n    t = 0\n    for i in range(n): t += i & 7\n    return t"),
    ("eval loop", "float sum", "def run(n):\n    t = 0.0\n    for i in range(n): t += 1.5\n    return t"),
    (
        "eval loop",
        "branches",
        "def run(n):\n    t = 0\n    while n:\n        if n & 1: t += 1\n        n -= 1\n    return t",
    ),
    (
        "eval loop",
        "list items",
        "a = list(range(64))\ndef run(n):\n    t = 0\n    for i in range(n): t += a[i & 63]\n    return t",
    ),
    ("eval loop", "generator", "def g(n):\n    for i in range(n): yield i\ndef run(n):\n    for i in g(n): pass"),
    (
        "eval loop",
        "exception",
        "def run(n):\n    for i in range(n):\n        try: raise KeyError\n        except KeyError: pass",
    ),
    ("calls", "function", "def f(a): return a\ndef run(n):\n    for i in range(n): f(i)"),
    ("calls", "keywords", "def f(a, b=1, *, c=2): return a\ndef run(n):\n    for i in range(n): f(i, c=i)"),
    (
        "calls",
        "closure",
        "def make():\n    x = 1\n    def f(): return x\n    return f\nf = make()\ndef run(n):\n    for i in range(n): f()",
    ),
    ("calls", "method", "class A:\n    def f(self): return self\na = A()\ndef run(n):\n    for i in range(n): a.f()"),
    ("calls", "built-in", "def run(n):\n    for i in range(n): len('abc')"),
    (
        "calls",
        "constructor",
        "class A:\n    def __init__(self, x): self.x = x\ndef run(n):\n    for i in range(n): A(i)",
    ),
    ("attributes", "instance load", "class A: pass\na = A()\na.x = 1\ndef run(n):\n    for i in range(n): a.x"),
    ("attributes", "instance store", "class A: pass\na = A()\ndef run(n):\n    for i in range(n): a.x = i"),
    ("attributes", "slot", "class A:\n    __slots__ = 'x',\na = A()\na.x = 1\ndef run(n):\n    for i in range(n): a.x"),
    ("attributes", "class", "class A:\n    x = 1\na = A()\ndef run(n):\n    for i in range(n): a.x"),
    (
        "attributes",
        "property",
        "class A:\n    @property\n    def x(self): return 1\na = A()\ndef run(n):\n    for i in range(n): a.x",
    ),
    ("attributes", "global", "x = 1\ndef run(n):\n    for i in range(n): x"),
    ("attributes", "module", "import sys\ndef run(n):\n    for i in range(n): sys.maxsize"),
    ("dict", "get str", "d = {'a': 1, 'b': 2, 'c': 3}\ndef run(n):\n    for i in range(n): d['b']"),
    ("dict", "get int", "d = {i: i for i in range(64)}\ndef run(n):\n    for i in range(n): d[i & 63]"),
    ("dict", "set", "d = {}\ndef run(n):\n    for i in range(n): d[i & 255] = i"),
    ("dict", "grow", "def run(n):\n    d = {}\n    for i in range(n): d[i] = i"),
    (
        "dict",
        "iterate",
        "d = {i: i for i in range(64)}\ndef run(n):\n    for i in range(n >> 6):\n        for k in d: pass",
    ),
    ("allocation", "float", "def run(n):\n    x = 0.5\n    for i in range(n): y = x * 2.0"),
    ("allocation", "tuple", "def run(n):\n    for i in range(n): t = (i, n)"),
    ("allocation", "list", "def run(n):\n    for i in range(n): t = [i, n]"),
    ("allocation", "dict", "def run(n):\n    for i in range(n): t = {'a': i}"),
    ("allocation", "instance", "class A: pass\ndef run(n):\n    for i in range(n): A()"),
    ("allocation", "cycle", "def run(n):\n    for i in range(n):\n        t = []\n        t.append(t)"),
    ("allocation", "string", "def run(n):\n    for i in range(n): s = 'a' + str(i)"),
];

/// Loops a measurement's function is asked for.
const LOOPS: usize = 1000;

fn function(source: &str) -> ObjRef {
    let globals = PyDict::new();
    let code = compile::compile_str(source, "<bench>", Mode::Exec, compile::Options::default())
        .unwrap_or_else(|e| panic!("{}", e.object().ty().name()));
    interp::eval_code(&code, globals.as_object(), Some(globals.to_obj()))
        .unwrap_or_else(|e| panic!("{}", e.object().ty().name()));
    globals.get_name("run").expect("each measurement defines `run`")
}

fn measure(c: &mut Criterion) {
    startup::embed(rpy_stdlib::MODULES).unwrap_or_else(|e| panic!("{}", e.object().ty().name()));
    let loops = PyInt::from_usize(LOOPS);
    for (group, name, source) in MEASUREMENTS {
        let run = function(source);
        let mut group = c.benchmark_group(*group);
        group.throughput(criterion::Throughput::Elements(LOOPS as u64));
        group.bench_function(*name, |b| {
            b.iter(|| call::call_one(&run, loops.as_object()).unwrap_or_else(|e| panic!("{}", e.object().ty().name())));
        });
        group.finish();
    }
}

criterion_group!(benches, measure);
criterion_main!(benches);

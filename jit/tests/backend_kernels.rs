//! Groups of rounds, interpreted and compiled: as many rounds, the same values, the same memory.

mod support;

use support::random::memory;
use support::{Rng, check, compile, execute, exit, outcome, same_memory};

use rpy_jit::backend;
use rpy_jit::ir::kernel::{LANES, Total};
use rpy_jit::ir::verify::verify;
use rpy_jit::ir::{Access, Class, Inst, Kernel, Op, Trace, Ty, Value, Width};

/// Words of memory behind the usual ones.
const ROOM: usize = 256;

/// Numbers of a kernel.
struct Grower<'a> {
    rng: &'a mut Rng,
    kernel: Kernel,
    trace: Trace,
    arguments: Vec<Value>,
    bases: Vec<Value>,
    floats: Vec<Value>,
    ints: Vec<Value>,
}

impl Grower<'_> {
    /// A parameter of the kernel for a value of the trace.
    fn param(&mut self, value: Value) -> Value {
        let number = self.kernel.code.int(self.arguments.len() as i64);
        self.arguments.push(value);
        let ty = self.trace.ty(value);
        self.kernel.code.push(Inst { ty, ..Inst::new(Op::Param, &[number]) })
    }

    fn access(&mut self, width: Width) -> Access {
        Access { class: Class::Raw, offset: 8 * self.rng.below(4) as i32, width }
    }

    fn load(&mut self) {
        let (base, index) = (self.rng.pick(&self.bases), Value::of_inst(0));
        if self.rng.chance(2) {
            let access = self.access(Width::F64);
            let value = self.kernel.code.push(Inst::load_indexed(Ty::Float, base, index, access));
            self.floats.push(value);
        } else {
            let access = self.access(Width::W64);
            let value = self.kernel.code.push(Inst::load_indexed(Ty::Int, base, index, access));
            self.ints.push(value);
        }
    }

    fn float(&mut self) -> Value {
        if self.floats.is_empty() || self.rng.chance(8) {
            let number = self.rng.float();
            return self.kernel.code.float(number);
        }
        self.rng.pick(&self.floats)
    }

    fn int(&mut self) -> Value {
        if self.ints.is_empty() || self.rng.chance(8) {
            let number = self.rng.int();
            return self.kernel.code.int(number);
        }
        self.rng.pick(&self.ints)
    }

    /// Ones where a comparison holds.
    fn mask(&mut self) {
        let inst = if self.rng.chance(2) {
            let op = self.rng.pick(&[Op::FLt, Op::FLe, Op::FGt, Op::FGe, Op::FEq, Op::FNe]);
            Inst::new(op, &[self.float(), self.float()])
        } else {
            let op = self.rng.pick(&[Op::Lt, Op::Gt, Op::Eq]);
            Inst::new(op, &[self.int(), self.int()])
        };
        let mut truth = self.kernel.code.push(inst);
        if self.rng.chance(2) {
            truth = self.kernel.code.push(Inst::new(Op::Not, &[truth]));
        }
        let flag = self.kernel.code.push(Inst::new(Op::BoolToInt, &[truth]));
        let mask = self.kernel.code.push(Inst::new(Op::Neg, &[flag]));
        self.ints.push(mask);
    }

    fn compute(&mut self) {
        if self.rng.chance(6) {
            self.mask();
        } else if self.rng.chance(2) {
            let (a, b) = (self.float(), self.float());
            let inst = match self.rng.below(8) {
                0 => Inst::new(Op::FSqrt, &[a]),
                1 => Inst::new(Op::FNeg, &[a]),
                2 => Inst::new(Op::FAbs, &[a]),
                n => Inst::new([Op::FAdd, Op::FSub, Op::FMul, Op::FDiv, Op::FAdd][n - 3], &[a, b]),
            };
            let value = self.kernel.code.push(inst);
            self.floats.push(value);
        } else {
            let (a, b) = (self.int(), self.int());
            let op = self.rng.pick(&[Op::Add, Op::Sub, Op::And, Op::Or, Op::Xor]);
            let value = self.kernel.code.push(Inst::new(op, &[a, b]));
            self.ints.push(value);
        }
    }

    fn store(&mut self) {
        let (base, index) = (self.rng.pick(&self.bases), Value::of_inst(0));
        let (width, value) = if self.rng.chance(2) { (Width::F64, self.float()) } else { (Width::W64, self.int()) };
        let access = self.access(width);
        self.kernel.code.push(Inst::store_indexed(base, index, value, access));
    }
}

fn trace(rng: &mut Rng) -> Trace {
    let mut trace = Trace::default();
    let frame = trace.push(Inst::new(Op::Frame, &[]));
    let first = rng.below(4) as i64 - (rng.chance(8) as i64);
    let (first, limit) = (trace.int(first), trace.int(rng.below(4 * LANES) as i64));
    let mut grower = Grower {
        rng,
        kernel: Kernel::default(),
        trace,
        arguments: Vec::new(),
        bases: Vec::new(),
        floats: Vec::new(),
        ints: Vec::new(),
    };
    grower.param(first);
    grower.param(limit);
    for _ in 0..grower.rng.below(4) + 1 {
        // Sometimes in each other's way.
        let at = if grower.rng.chance(2) { 128 + 40 * grower.rng.below(4) } else { 128 + grower.rng.below(160) };
        let bytes = grower.trace.int(8 * at as i64);
        let base = grower.trace.push(Inst::new(Op::Offset, &[frame, bytes]));
        let base = grower.param(base);
        grower.bases.push(base);
    }
    for n in 0..2 {
        let access = Access { class: Class::Raw, offset: 8 * n, width: Width::F64 };
        let float = grower.trace.push(Inst::load(Ty::Float, frame, access));
        let float = grower.param(float);
        grower.floats.push(float);
        let int = grower.trace.push(Inst::load(Ty::Int, frame, Access { width: Width::W64, ..access }));
        let int = grower.param(int);
        grower.ints.push(int);
    }
    for _ in 0..grower.rng.below(12) + 1 {
        match grower.rng.below(5) {
            0 | 1 => grower.load(),
            2 | 3 => grower.compute(),
            _ => grower.store(),
        }
    }
    let mut results = Vec::new();
    for _ in 0..grower.rng.below(3) {
        let argument = grower.arguments.len();
        let (first, value) = if grower.rng.chance(2) {
            (grower.trace.float(0.5), grower.float())
        } else {
            (grower.trace.int(5), grower.int())
        };
        grower.arguments.push(first);
        grower.kernel.last.push((argument, value));
        results.push((argument, grower.trace.ty(first)));
    }
    if grower.rng.chance(3) {
        let (argument, number) = (grower.arguments.len(), grower.int());
        let first = grower.rng.int();
        let first = grower.trace.int(first);
        grower.arguments.push(first);
        grower.kernel.sums.push((argument, number));
        results.push((argument, Ty::Int));
    }
    for _ in 0..grower.rng.below(3) {
        let (argument, number) = (grower.arguments.len(), grower.float());
        let (op, is_finite) = (grower.rng.pick(&[Op::FAdd, Op::FSub, Op::FMul]), grower.rng.chance(2));
        let first = grower.trace.float(1.5);
        grower.arguments.push(first);
        grower.kernel.totals.push(Total { argument, op, number, is_finite });
        results.push((argument, Ty::Float));
    }
    if grower.rng.chance(2) {
        let float = grower.float();
        grower.kernel.finite.push(float);
    }
    let Grower { kernel, mut trace, arguments, .. } = grower;
    let number = trace.int(0);
    trace.kernels.push(kernel);
    let operands: Vec<Value> = core::iter::once(number).chain(arguments).collect();
    let rounds = trace.push(Inst::new(Op::Rounds, &operands));
    let mut values = vec![rounds];
    for (argument, ty) in results {
        let argument = trace.int(argument as i64);
        values.push(trace.push(Inst { ty, ..Inst::new(Op::Last, &[rounds, argument]) }));
    }
    exit(&mut trace, &values);
    trace
}

#[test]
fn kernels() {
    if !std::is_x86_feature_detected!("avx2") {
        return;
    }
    let count: u64 = std::env::var("RPY_TEST_TRACES").ok().and_then(|n| n.parse().ok()).unwrap_or(600);
    let backend = backend::host(16 << 20).expect("memory for code");
    let (mut some, mut none) = (0, 0);
    for seed in 0..count {
        let mut rng = Rng::new(seed);
        let trace = trace(&mut rng);
        verify(&trace).unwrap_or_else(|message| panic!("seed {seed}: {message}\n{trace}"));
        let compiled = compile(&backend, &trace);
        let mut memory = memory(&mut rng);
        let tame = rng.chance(2);
        memory.extend((0..ROOM).map(|_| if tame { rng.below(1000) as u64 } else { rng.float().to_bits() }));
        let (exit, save, after) = execute(&compiled, &memory);
        if outcome(&compiled, exit as usize, &save).values[0] == 0 {
            // Too many registers, perhaps.
            assert!(same_memory(&memory, &after), "seed {seed}");
            none += 1;
        } else {
            check(&trace, &compiled, &memory);
            some += 1;
        }
    }
    println!("{some} kernels had groups, {none} had none");
    assert!(some > none / 4, "{some} of {count} kernels had groups");
}

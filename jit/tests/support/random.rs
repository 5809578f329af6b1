//! Random traces.

use super::{Rng, exit, load_bool, load_float, load_int, snapshot, word};
use rpy_jit::ir::call::CallEffect;
use rpy_jit::ir::snapshot::ExitStore;
use rpy_jit::ir::{Access, CallInfo, Class, Inst, Op, Trace, Ty, Value, Width};
use rpy_vm::layout;

/// Words of memory: integers, doubles, flags of guards, and room to write to.
pub const INTS: usize = 16;
pub const FLOATS: usize = 16;
pub const FLAGS: usize = 64;
pub const ROOM: usize = 16;
pub const FIRST_FLOAT: usize = INTS;
pub const FIRST_FLAG: usize = INTS + FLOATS;
pub const FIRST_ROOM: usize = FIRST_FLAG + FLAGS;
pub const WORDS: usize = FIRST_ROOM + ROOM;

/// Memory with everything set, and all guards' flags.
pub fn memory(rng: &mut Rng) -> Vec<u64> {
    let mut memory = vec![0; WORDS];
    for word in &mut memory[..INTS] {
        *word = rng.int() as u64;
    }
    for word in &mut memory[FIRST_FLOAT..FIRST_FLAG] {
        *word = rng.float().to_bits();
    }
    for word in &mut memory[FIRST_FLAG..] {
        *word = 1;
    }
    memory
}

/// Destroys every register that a callee may destroy.
fn scramble() {
    // SAFETY: the clobbered registers are declared.
    unsafe {
        core::arch::asm!(
            "mov rcx, 0x5ead", "mov rdx, 0x5ead", "mov rsi, 0x5ead", "mov rdi, 0x5ead",
            "mov r8, 0x5ead", "mov r9, 0x5ead", "mov r10, 0x5ead", "mov r11, 0x5ead",
            "movq xmm0, rcx", "movq xmm1, rcx", "movq xmm2, rcx", "movq xmm3, rcx",
            "movq xmm4, rcx", "movq xmm5, rcx", "movq xmm6, rcx", "movq xmm7, rcx",
            "movq xmm8, rcx", "movq xmm9, rcx", "movq xmm10, rcx", "movq xmm11, rcx",
            "movq xmm12, rcx", "movq xmm13, rcx", "movq xmm14, rcx", "movq xmm15, rcx",
            out("rcx") _, out("rdx") _, out("rsi") _, out("rdi") _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
            out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
            out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
        );
    }
}

extern "C" fn mix(a: i64, x: f64, b: i64, c: i64, y: f64, d: i64, e: i64, f: i64) -> i64 {
    scramble();
    [a, b, c, d, e, f, x.to_bits() as i64, y.to_bits() as i64].iter().fold(0, |h: i64, v| {
        h.wrapping_mul(31).wrapping_add(if *v as u64 & 0x7ff0 << 48 == 0x7ff0 << 48 { 1 } else { *v })
    })
}

extern "C" fn blend(x: f64, y: f64, z: f64, n: i64) -> f64 {
    scramble();
    x - 2.0 * y + z * n as f64
}

extern "C" fn odd(a: i64) -> bool {
    scramble();
    a & 1 != 0
}

/// Grows a trace.
pub struct Grower<'a> {
    pub rng: &'a mut Rng,
    pub trace: Trace,
    pub ints: Vec<Value>,
    pub floats: Vec<Value>,
    pub bools: Vec<Value>,
    pub frame: Value,
    /// Flags of guards so far.
    pub flags: usize,
    /// Are there calls?
    pub calls: bool,
    /// Are there objects? Then the types must have been started.
    pub objects: bool,
}

impl<'a> Grower<'a> {
    pub fn new(rng: &'a mut Rng) -> Grower<'a> {
        let mut trace = Trace::default();
        let frame = trace.push(Inst::new(Op::Frame, &[]));
        let calls = rng.chance(2);
        Grower { rng, trace, ints: vec![], floats: vec![], bools: vec![], frame, flags: 0, calls, objects: false }
    }

    /// Some values from memory.
    pub fn inputs(&mut self) {
        for _ in 0..self.rng.below(8) + 2 {
            let n = self.rng.below(INTS);
            let v = load_int(&mut self.trace, self.frame, n);
            self.ints.push(v);
            let n = FIRST_FLOAT + self.rng.below(FLOATS);
            let v = load_float(&mut self.trace, self.frame, n);
            self.floats.push(v);
        }
        let n = self.rng.below(INTS);
        let v = load_int(&mut self.trace, self.frame, n);
        let zero = self.trace.int(0);
        let b = self.trace.push(Inst::new(Op::Lt, &[v, zero]));
        self.bools.push(b);
    }

    pub fn int(&mut self) -> Value {
        if self.rng.chance(6) {
            let n = self.rng.int();
            return self.trace.int(n);
        }
        // Mostly young values, sometimes old ones.
        let n = self.ints.len();
        let reach = if self.rng.chance(3) { n } else { n.min(5) };
        self.ints[n - 1 - self.rng.below(reach)]
    }

    pub fn float(&mut self) -> Value {
        if self.rng.chance(8) {
            let x = self.rng.float();
            return self.trace.float(x);
        }
        let n = self.floats.len();
        let reach = if self.rng.chance(3) { n } else { n.min(5) };
        self.floats[n - 1 - self.rng.below(reach)]
    }

    pub fn bool(&mut self) -> Value {
        if self.rng.chance(12) {
            let b = self.rng.chance(2);
            return self.trace.bool(b);
        }
        self.rng.pick(&self.bools)
    }

    /// Some of the values there are.
    pub fn some(&mut self, most: usize) -> Vec<Value> {
        let mut values = Vec::new();
        for _ in 0..self.rng.below(most) {
            values.push(match self.rng.below(5) {
                0 | 1 => self.int(),
                2 | 3 => self.float(),
                _ => self.bool(),
            });
        }
        values
    }

    /// An instruction with a snapshot; a guard's, perhaps, with its condition.
    fn guarded(&mut self, inst: Inst) -> Value {
        let mut values = self.some(12);
        if matches!(inst.op, Op::GuardTrue | Op::GuardFalse) && self.rng.chance(2) {
            values.push(inst.args[0]);
        }
        let stores: Vec<ExitStore> = (0..self.rng.below(6) / 2).map(|_| self.exit_store()).collect();
        let snapshot = snapshot(&mut self.trace, &values);
        self.trace.snapshots[snapshot.0 as usize].stores = stores;
        self.trace.push(inst.at(snapshot))
    }

    /// A store that the trace leaves to an exit, where integers lie.
    fn exit_store(&mut self) -> ExitStore {
        let value = self.int();
        let offset = 8 * (FIRST_ROOM + ROOM / 2 + self.rng.below(ROOM / 2)) as i32;
        let moved = self.rng.pick(&[0, 8, 64]);
        let base = match moved {
            0 => self.frame,
            bytes => {
                let bytes = self.trace.int(i64::from(bytes));
                self.trace.push(Inst::new(Op::Offset, &[self.frame, bytes]))
            }
        };
        ExitStore { base, access: Access { class: Class::Raw, offset: offset - moved, width: Width::W64 }, value }
    }

    /// A guard that fails when its flag in memory is cleared.
    pub fn flag_guard(&mut self) {
        if self.flags == FLAGS {
            return;
        }
        let n = FIRST_FLAG + self.flags;
        self.flags += 1;
        match self.rng.below(6) {
            0 => {
                let b = load_bool(&mut self.trace, self.frame, n);
                self.guarded(Inst::new(Op::GuardTrue, &[b]));
            }
            1 => {
                let b = load_bool(&mut self.trace, self.frame, n);
                let b = self.trace.push(Inst::new(Op::Not, &[b]));
                self.guarded(Inst::new(Op::GuardFalse, &[b]));
            }
            2 => {
                let w = load_int(&mut self.trace, self.frame, n);
                let one = self.trace.int(1);
                self.guarded(Inst::new(Op::GuardIs, &[w, one]));
            }
            3 => {
                let w = load_int(&mut self.trace, self.frame, n);
                let zero = self.trace.int(0);
                let c = self.trace.push(Inst::new(Op::Gt, &[w, zero]));
                self.guarded(Inst::new(Op::GuardTrue, &[c]));
            }
            4 => {
                // The inverse of the flag is finite, or not.
                let w = load_int(&mut self.trace, self.frame, n);
                let (one, infinity) = (self.trace.float(1.0), self.trace.float(f64::INFINITY));
                let w = self.trace.push(Inst::new(Op::IntToFloat, &[w]));
                let inverse = self.trace.push(Inst::new(Op::FDiv, &[one, w]));
                let magnitude = self.trace.push(Inst::new(Op::FAbs, &[inverse]));
                let c = self.trace.push(Inst::new(Op::FLt, &[magnitude, infinity]));
                self.guarded(Inst::new(Op::GuardTrue, &[c]));
            }
            _ => {
                let p = self.trace.push(Inst::load(Ty::Ptr, self.frame, word(n)));
                self.guarded(Inst::new(Op::GuardNonNull, &[p]));
            }
        }
    }

    fn int_op(&mut self) -> Value {
        const BINARY: &[Op] = &[Op::Add, Op::Sub, Op::Mul, Op::And, Op::Or, Op::Xor, Op::Min, Op::Max];
        match self.rng.below(12) {
            0..6 => {
                let op = self.rng.pick(BINARY);
                let (a, b) = (self.int(), self.int());
                self.trace.push(Inst::new(op, &[a, b]))
            }
            6 => {
                let a = self.int();
                self.trace.push(Inst::new(Op::Neg, &[a]))
            }
            7 => {
                let op = self.rng.pick(&[Op::Shl, Op::Sar]);
                let (a, mut b) = (self.int(), self.int());
                if self.rng.chance(2) {
                    let n = self.rng.below(64) as i64;
                    b = self.trace.int(n);
                }
                let mask = self.trace.int(63);
                let b = if b.is_const() && self.trace.as_int(b).is_some_and(|n| (0..64).contains(&n)) {
                    b
                } else {
                    self.trace.push(Inst::new(Op::And, &[b, mask]))
                };
                self.trace.push(Inst::new(op, &[a, b]))
            }
            8 => {
                let op = self.rng.pick(&[Op::FloorDiv, Op::Mod]);
                let (mut a, mut b) = (self.int(), self.int());
                match self.trace.as_int(b) {
                    Some(0 | -1) => b = self.trace.int(-7),
                    Some(_) => {}
                    None => {
                        // Never zero; and the dividend is not the one whose quotient does not fit.
                        let one = self.trace.int(1);
                        b = self.trace.push(Inst::new(Op::Or, &[b, one]));
                        a = self.trace.push(Inst::new(Op::Sar, &[a, one]));
                    }
                }
                self.trace.push(Inst::new(op, &[a, b]))
            }
            9 => {
                let b = self.bool();
                self.trace.push(Inst::new(Op::BoolToInt, &[b]))
            }
            10 => {
                // The magnitude must be moderate.
                let a = self.int();
                let (eight, x) = (self.trace.int(8), self.trace.float(0.25));
                let a = self.trace.push(Inst::new(Op::Sar, &[a, eight]));
                let f = self.trace.push(Inst::new(Op::IntToFloat, &[a]));
                let f = self.trace.push(Inst::new(Op::FMul, &[f, x]));
                self.trace.push(Inst::new(Op::FloatToInt, &[f]))
            }
            _ => self.load(false),
        }
    }

    fn float_op(&mut self) -> Value {
        match self.rng.below(10) {
            0..6 => {
                let op = self.rng.pick(&[Op::FAdd, Op::FSub, Op::FMul, Op::FDiv]);
                let (a, b) = (self.float(), self.float());
                self.trace.push(Inst::new(op, &[a, b]))
            }
            6 | 7 => {
                let op = self.rng.pick(&[Op::FNeg, Op::FAbs, Op::FSqrt]);
                let a = self.float();
                self.trace.push(Inst::new(op, &[a]))
            }
            8 => {
                let a = self.int();
                self.trace.push(Inst::new(Op::IntToFloat, &[a]))
            }
            _ => self.load(true),
        }
    }

    fn load(&mut self, float: bool) -> Value {
        let index = self.int();
        let mask = self.trace.int(15);
        let mut index = self.trace.push(Inst::new(Op::And, &[index, mask]));
        let mut base = self.frame;
        if self.rng.chance(3) {
            let (by, n) = (self.trace.int(16), self.rng.below(3) as i64);
            base = self.trace.push(Inst::new(Op::Offset, &[base, by]));
            index = self.trace.int(n);
        }
        if float {
            let width = self.rng.pick(&[Width::F64, Width::F64, Width::F32]);
            let access = Access { class: Class::Raw, offset: FIRST_FLOAT as i32 * 8, width };
            return self.trace.push(Inst::load_indexed(Ty::Float, base, index, access));
        }
        let width = self.rng.pick(&[
            Width::W64,
            Width::W64,
            Width::U8,
            Width::I8,
            Width::U16,
            Width::I16,
            Width::U32,
            Width::I32,
        ]);
        let access = Access { class: Class::Raw, offset: self.rng.below(3) as i32 * 8 - 16, width };
        let access = if self.rng.chance(2) { Access { offset: 0, ..access } } else { access };
        let access = if base == self.frame { Access { offset: access.offset.max(0), ..access } } else { access };
        self.trace.push(Inst::load_indexed(Ty::Int, base, index, access))
    }

    fn store(&mut self) {
        // Doubles and integers apart: only where a whole number lies can it be seen to be none.
        let n = FIRST_ROOM + self.rng.below(ROOM / 2);
        if self.rng.chance(2) {
            let value = self.float();
            let width = self.rng.pick(&[Width::F64, Width::F32]);
            let access = Access { class: Class::Raw, offset: n as i32 * 8, width };
            self.trace.push(Inst::store(self.frame, value, access));
        } else {
            let value = self.int();
            let index = self.int();
            let mask = self.trace.int(6);
            let index = self.trace.push(Inst::new(Op::And, &[index, mask]));
            let width = self.rng.pick(&[Width::W64, Width::U8, Width::I16, Width::U32]);
            let access = Access { class: Class::Raw, offset: (FIRST_ROOM + ROOM / 2) as i32 * 8 + 4, width };
            self.trace.push(Inst::store_indexed(self.frame, index, value, access));
        }
    }

    fn bool_op(&mut self) -> Value {
        const INT: &[Op] = &[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Ult];
        const FLOAT: &[Op] = &[Op::FEq, Op::FNe, Op::FLt, Op::FLe, Op::FGt, Op::FGe];
        match self.rng.below(5) {
            0 | 1 => {
                let op = self.rng.pick(INT);
                let (a, b) = (self.int(), self.int());
                self.trace.push(Inst::new(op, &[a, b]))
            }
            2 | 3 => {
                let op = self.rng.pick(FLOAT);
                let (a, b) = (self.float(), self.float());
                self.trace.push(Inst::new(op, &[a, b]))
            }
            _ => {
                let b = self.bool();
                self.trace.push(Inst::new(Op::Not, &[b]))
            }
        }
    }

    fn call(&mut self) {
        let (name, address, result): (_, usize, _) = match self.rng.below(3) {
            0 => ("mix", mix as *const () as usize, Ty::Int),
            1 => ("blend", blend as *const () as usize, Ty::Float),
            _ => ("odd", odd as *const () as usize, Ty::Bool),
        };
        let id = self.trace.add_call(CallInfo { name, address, result, effect: CallEffect::Pure });
        let args = match result {
            Ty::Int => {
                let (a, x, b, c) = (self.int(), self.float(), self.int(), self.int());
                let (y, d, e, f) = (self.float(), self.int(), self.int(), self.int());
                vec![a, x, b, c, y, d, e, f]
            }
            Ty::Float => vec![self.float(), self.float(), self.float(), self.int()],
            _ => vec![self.int()],
        };
        let v = self.trace.push(Inst { ty: result, call: Some(id), ..Inst::new(Op::Call, &args) });
        match result {
            Ty::Int => self.ints.push(v),
            Ty::Float => self.floats.push(v),
            _ => self.bools.push(v),
        }
    }

    /// One more instruction or a few.
    pub fn grow(&mut self) {
        match self.rng.below(20) {
            0..7 => {
                let v = self.int_op();
                self.ints.push(v);
            }
            7..12 => {
                let v = self.float_op();
                self.floats.push(v);
            }
            12 => {
                let v = self.bool_op();
                self.bools.push(v);
            }
            13 | 14 => self.flag_guard(),
            15 => self.store(),
            16 => {
                // A compare right in front of its guard; which one fails depends on the data.
                let b = self.bool_op();
                let b = if self.rng.chance(3) { self.trace.push(Inst::new(Op::Not, &[b])) } else { b };
                let op = self.rng.pick(&[Op::GuardTrue, Op::GuardFalse]);
                // Guards that fail early would hide the rest.
                if self.rng.chance(4) {
                    self.guarded(Inst::new(op, &[b]));
                } else {
                    self.bools.push(b);
                }
            }
            17 | 18 => {
                let op = self.rng.pick(&[Op::AddOvf, Op::SubOvf, Op::MulOvf]);
                let (a, b) = (self.int(), self.int());
                let (a, b) = if self.rng.chance(8) { (a, b) } else { (self.halved(a), self.halved(b)) };
                let v = self.guarded(Inst::new(op, &[a, b]));
                // Its own operands are what such an exit usually needs.
                if self.rng.chance(2) {
                    let id = self.trace.insts[v.inst().unwrap_or(0)].snapshot;
                    let extra = snapshot(&mut self.trace, &[a, b]);
                    if let (Some(_), last) = (id, self.trace.insts.len() - 1) {
                        self.trace.insts[last].snapshot = Some(extra);
                    }
                }
                self.ints.push(v);
            }
            _ if self.objects => self.object(),
            _ if self.calls => self.call(),
            _ => {}
        }
    }

    /// A box that is opened again, or an iterator that is looked into, and dies.
    fn object(&mut self) {
        if self.rng.chance(5) {
            let (first, count) = (self.int(), self.int());
            let o = self.trace.push(Inst::new(Op::RangeIter, &[first, count]));
            let offset = self.rng.pick(&[layout::RANGE_NEXT, layout::RANGE_STEP, layout::RANGE_LEFT]);
            let x = self.trace.push(Inst::load(Ty::Int, o, Access::word(Class::Iterator, offset)));
            self.trace.push(Inst::new(Op::Decref, &[o]));
            self.ints.push(x);
        } else if self.rng.chance(2) {
            let x = self.float();
            let o = self.trace.push(Inst::new(Op::BoxFloat, &[x]));
            self.trace.push(Inst::new(Op::Incref, &[o]));
            let y = self.trace.push(Inst::new(Op::UnboxFloat, &[o]));
            self.trace.push(Inst::new(Op::Decref, &[o]));
            self.trace.push(Inst::new(Op::DecrefInert, &[o]));
            self.floats.push(y);
        } else {
            let x = self.int();
            let four = self.trace.int(4);
            // What fits two digits.
            let x = self.trace.push(Inst::new(Op::Sar, &[x, four]));
            let o = self.trace.push(Inst::new(Op::BoxInt, &[x]));
            let y = self.guarded(Inst::new(Op::UnboxInt, &[o]));
            self.trace.push(Inst::new(Op::CloseWord, &[o]));
            self.ints.push(y);
        }
    }

    /// Small enough not to overflow.
    fn halved(&mut self, value: Value) -> Value {
        let by = self.trace.int(33);
        self.trace.push(Inst::new(Op::Sar, &[value, by]))
    }

    /// Everything there is, at the end.
    pub fn all(&self) -> Vec<Value> {
        self.ints.iter().chain(&self.floats).chain(&self.bools).copied().collect()
    }
}

/// A straight line.
pub fn straight(rng: &mut Rng, size: usize) -> (Trace, usize) {
    straight_line(Grower::new(rng), size)
}

/// A straight line with objects in it.
pub fn with_objects(rng: &mut Rng, size: usize) -> (Trace, usize) {
    let grower = Grower::new(rng);
    straight_line(Grower { objects: true, ..grower }, size)
}

fn straight_line(mut grower: Grower, size: usize) -> (Trace, usize) {
    grower.inputs();
    for _ in 0..size {
        grower.grow();
    }
    let values = if grower.rng.chance(2) { grower.all() } else { grower.some(20) };
    exit(&mut grower.trace, &values);
    (grower.trace, grower.flags)
}

/// A loop of some rounds.
pub fn looped(rng: &mut Rng, size: usize) -> (Trace, usize) {
    let mut grower = Grower::new(rng);
    grower.inputs();
    for _ in 0..size / 3 {
        grower.grow();
    }
    let rounds = grower.rng.below(6) as i64 + 1;
    let first = grower.trace.int(rounds);
    let mut starts = vec![(Ty::Int, first)];
    for _ in 0..grower.rng.below(8) {
        starts.push((Ty::Int, grower.int()));
    }
    for _ in 0..grower.rng.below(8) {
        starts.push((Ty::Float, grower.float()));
    }
    for _ in 0..grower.rng.below(3) {
        starts.push((Ty::Bool, grower.bool()));
    }
    grower.trace.push(Inst::new(Op::Loop, &[]));
    let mut phis = Vec::new();
    for &(ty, start) in &starts {
        let phi = grower.trace.push(Inst { ty, ..Inst::new(Op::Phi, &[start]) });
        phis.push(phi);
        match ty {
            Ty::Int => grower.ints.push(phi),
            Ty::Float => grower.floats.push(phi),
            _ => grower.bools.push(phi),
        }
    }
    let counter = phis[0];
    for _ in 0..size / 2 {
        grower.grow();
    }
    let zero = grower.trace.int(0);
    let done = grower.trace.push(Inst::new(Op::Gt, &[counter, zero]));
    grower.guarded(Inst::new(Op::GuardTrue, &[done]));
    for _ in 0..size / 2 {
        grower.grow();
    }
    let one = grower.trace.int(1);
    let next = grower.guarded(Inst::new(Op::SubOvf, &[counter, one]));
    let mut args = vec![next];
    for &(ty, _) in &starts[1..] {
        args.push(match ty {
            Ty::Int => grower.int(),
            Ty::Float => grower.float(),
            _ => grower.bool(),
        });
    }
    grower.trace.push(Inst::new(Op::Jump, &args));
    (grower.trace, grower.flags)
}

//! Random numbers, the same ones each time.

/// A generator.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
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

    /// True once in `of` times.
    pub fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// An integer, often one at a border.
    pub fn int(&mut self) -> i64 {
        const BORDERS: &[i64] =
            &[0, 1, -1, 255, 256, 1 << 31, (1 << 60) - 1, 1 << 60, -(1 << 60), i64::MAX, i64::MIN, i64::MIN + 1];
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
            &[0.0, -0.0, 1.0, -1.0, 0.5, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, 3.0];
        match self.below(3) {
            0 => self.pick(BORDERS),
            1 => self.below(1000) as f64 / 8.0 - 50.0,
            _ => self.int() as f64,
        }
    }
}

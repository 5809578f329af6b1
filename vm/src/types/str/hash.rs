//! Hashing of text and bytes: SipHash-1-3 keyed by the process's secret, as `Py_HashBuffer`.
//!
//! The secret is set once, before the first string is hashed (`-R`, `PYTHONHASHSEED`); extension modules that hash by
//! themselves call the C API's `Py_HashBuffer`, which ends here too, so all hashes agree.

use core::sync::atomic::{AtomicU64, Ordering};

use super::PyStr;

/// C data symbol `_Py_HashSecret`: two words for SipHash, and one that others may use (a salt for XML parsers). Compilers of
/// Python code, such as Numba, read it to make functions that hash text as we do.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the variable has C's name")]
pub static _Py_HashSecret: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

/// Where the secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashSeed {
    /// From the system's random source.
    Random,
    /// `PYTHONHASHSEED=number`; zero switches randomisation off.
    Fixed(u32),
}

/// Sets the secret. Only effective for what is hashed afterwards, so start-up calls it before anything else.
pub fn set_hash_seed(seed: HashSeed) {
    let mut secret = [0u8; 24];
    match seed {
        HashSeed::Random => {
            let mut done = 0;
            while done < secret.len() {
                // SAFETY: the pointer and length describe the rest of the array.
                let n = unsafe { libc::getrandom(secret.as_mut_ptr().add(done).cast(), secret.len() - done, 0) };
                if n <= 0 {
                    // Without a random source (very old kernels) the clock has to do.
                    let now =
                        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_nanos());
                    lcg_fill(now as u32 ^ std::process::id(), &mut secret);
                    break;
                }
                done += n as usize;
            }
        }
        HashSeed::Fixed(0) => {}
        HashSeed::Fixed(seed) => lcg_fill(seed, &mut secret),
    }
    let word = |at: usize| u64::from_le_bytes(secret[at..at + 8].try_into().unwrap_or([0; 8]));
    for (index, target) in _Py_HashSecret.iter().enumerate() {
        target.store(word(8 * index), Ordering::Relaxed);
    }
}

/// The linear congruential generator with which CPython expands a seed, so that equal seeds give equal hashes.
fn lcg_fill(seed: u32, out: &mut [u8]) {
    let mut x = seed;
    for byte in out {
        x = x.wrapping_mul(214_013).wrapping_add(2_531_011);
        *byte = (x >> 16) as u8;
    }
}

/// `Py_HashBuffer`: never -1; 0 for nothing.
#[inline]
pub fn hash_buffer(data: &[u8]) -> isize {
    if data.is_empty() {
        return 0;
    }
    let [k0, k1, _] = &_Py_HashSecret;
    let hash = siphash13(k0.load(Ordering::Relaxed), k1.load(Ordering::Relaxed), data) as isize;
    if hash == -1 { -2 } else { hash }
}

/// SipHash with one compression and three finalisation rounds.
pub fn siphash13(k0: u64, k1: u64, data: &[u8]) -> u64 {
    struct State(u64, u64, u64, u64);
    impl State {
        #[inline(always)]
        fn round(&mut self) {
            self.0 = self.0.wrapping_add(self.1);
            self.2 = self.2.wrapping_add(self.3);
            self.1 = self.1.rotate_left(13) ^ self.0;
            self.3 = self.3.rotate_left(16) ^ self.2;
            self.0 = self.0.rotate_left(32);
            self.2 = self.2.wrapping_add(self.1);
            self.0 = self.0.wrapping_add(self.3);
            self.1 = self.1.rotate_left(17) ^ self.2;
            self.3 = self.3.rotate_left(21) ^ self.0;
            self.2 = self.2.rotate_left(32);
        }
    }
    let mut s = State(
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    );
    let mut blocks = data.chunks_exact(8);
    for block in &mut blocks {
        let mut word = [0u8; 8];
        word.copy_from_slice(block);
        let m = u64::from_le_bytes(word);
        s.3 ^= m;
        s.round();
        s.0 ^= m;
    }
    let mut last = (data.len() as u64) << 56;
    for (i, &byte) in blocks.remainder().iter().enumerate() {
        last |= (byte as u64) << (8 * i);
    }
    s.3 ^= last;
    s.round();
    s.0 ^= last;
    s.2 ^= 0xff;
    s.round();
    s.round();
    s.round();
    (s.0 ^ s.1) ^ (s.2 ^ s.3)
}

impl PyStr {
    /// `hash(self)` of the built-in type: over the characters as stored, cached.
    #[inline]
    pub fn hash(&self) -> isize {
        let cached = self.cached_hash();
        if cached != -1 {
            return cached;
        }
        let hash = hash_buffer(self.data_bytes());
        self.set_cached_hash(hash);
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_seed_expands_like_the_reference() {
        // The first bytes that a seed of 42 expands to.
        let mut out = [0u8; 4];
        lcg_fill(42, &mut out);
        let mut x = 42u32;
        for byte in out {
            x = x.wrapping_mul(214_013).wrapping_add(2_531_011);
            assert_eq!(byte, ((x >> 16) & 0xff) as u8);
        }
    }
}

//! `_random`: the Mersenne Twister (MT19937) behind `random.Random`.

use core::cell::UnsafeCell;

use rpy_derive::{pyclass, pymethods};
use rpy_vm::protocol::{number, object as po};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::{DigitsMut, PyInt, SHIFT};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyTypeObject, Ref, exc};

/// Words of state.
const N: usize = 624;
/// Distance of the middle word.
const M: usize = 397;

/// The generator's state.
struct Twister {
    words: [u32; N],
    /// Words of the present block already given out.
    index: usize,
}

impl Twister {
    /// Makes the next block of words.
    fn refill(&mut self) {
        let twist = |high: u32, low: u32| {
            let y = (high & 0x8000_0000) | (low & 0x7fff_ffff);
            (y >> 1) ^ if y & 1 == 1 { 0x9908_b0df } else { 0 }
        };
        let w = &mut self.words;
        for k in 0..N - M {
            w[k] = w[k + M] ^ twist(w[k], w[k + 1]);
        }
        for k in N - M..N - 1 {
            w[k] = w[k + M - N] ^ twist(w[k], w[k + 1]);
        }
        w[N - 1] = w[M - 1] ^ twist(w[N - 1], w[0]);
        self.index = 0;
    }

    /// 32 random bits.
    fn next_u32(&mut self) -> u32 {
        if self.index >= N {
            self.refill();
        }
        let mut y = self.words[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// 53 random bits as a float below 1.
    fn next_f64(&mut self) -> f64 {
        let high = (self.next_u32() >> 5) as f64;
        let low = (self.next_u32() >> 6) as f64;
        (high * 67_108_864.0 + low) * (1.0 / 9_007_199_254_740_992.0)
    }

    fn seed_word(&mut self, seed: u32) {
        self.words[0] = seed;
        for i in 1..N {
            let previous = self.words[i - 1];
            self.words[i] = 1_812_433_253_u32.wrapping_mul(previous ^ (previous >> 30)).wrapping_add(i as u32);
        }
        self.index = N;
    }

    fn seed_words(&mut self, key: &[u32]) {
        self.seed_word(19_650_218);
        let mix = |previous: u32| previous ^ (previous >> 30);
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let value = self.words[i] ^ mix(self.words[i - 1]).wrapping_mul(1_664_525);
            self.words[i] = value.wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= N {
                self.words[0] = self.words[N - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..N - 1 {
            let value = self.words[i] ^ mix(self.words[i - 1]).wrapping_mul(1_566_083_941);
            self.words[i] = value.wrapping_sub(i as u32);
            i += 1;
            if i >= N {
                self.words[0] = self.words[N - 1];
                i = 1;
            }
        }
        self.words[0] = 0x8000_0000;
    }
}

/// The state in an object.
struct State(UnsafeCell<Twister>);
// SAFETY: only touched under the GIL.
unsafe impl Sync for State {}

/// Random() -> create a random number generator with its own internal state.
#[pyclass(name = "Random", module = "_random", flags(BASETYPE))]
#[repr(C)]
pub struct PyRandom {
    ob_base: PyObject,

    state: State,
}

impl PyRandom {
    /// Runs `f` on the state; `f` runs no Python code.
    #[inline]
    fn with<T>(&self, f: impl FnOnce(&mut Twister) -> T) -> T {
        // SAFETY: under the GIL, and `f` cannot come back here.
        f(unsafe { &mut *self.state.0.get() })
    }

    fn seed_with(&self, seed: Option<&PyObject>) -> PyResult<()> {
        let Some(seed) = seed else {
            let key = entropy();
            self.with(|t| t.seed_words(&key));
            return Ok(());
        };
        // Ints by magnitude, anything else by hash.
        let key = match seed.downcast_ref::<PyInt>() {
            Some(seed) => words_of(seed),
            None => words_of(&PyInt::from_u64(po::hash(seed)? as u64)),
        };
        self.with(|t| t.seed_words(&key));
        Ok(())
    }
}

/// The magnitude in 32-bit words, at least one.
fn words_of(value: &PyInt) -> Vec<u32> {
    let mut words = Vec::with_capacity(value.digit_count());
    let (mut acc, mut have) = (0_u64, 0);
    for &digit in value.digits() {
        acc |= (digit as u64) << have;
        have += SHIFT;
        if have >= 32 {
            words.push(acc as u32);
            acc >>= 32;
            have -= 32;
        }
    }
    if acc != 0 {
        words.push(acc as u32);
    }
    while words.last() == Some(&0) {
        words.pop();
    }
    if words.is_empty() {
        words.push(0);
    }
    words
}

/// Random words from the system, or from clock and process number where it has none to give.
fn entropy() -> Vec<u32> {
    let mut key = vec![0_u32; N];
    let mut done = 0;
    while done < N * 4 {
        // SAFETY: the buffer has that many bytes left.
        let got = unsafe {
            libc::getrandom((key.as_mut_ptr() as *mut u8).add(done).cast(), N * 4 - done, libc::GRND_NONBLOCK)
        };
        if got <= 0 {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            let nanos = now.as_nanos() as u64;
            let fallback = [nanos as u32, (nanos >> 32) as u32, std::process::id(), &raw const key as usize as u32];
            return fallback.to_vec();
        }
        done += got as usize;
    }
    key
}

#[pymethods]
impl PyRandom {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let value = PyRandom {
            ob_base: PyObject::placeholder(),

            state: State(UnsafeCell::new(Twister { words: [0; N], index: N })),
        };
        Ok(rpy_vm::object::alloc::new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        let exact = self.ob_base.is_exact_type(PyRandom::type_object());
        if exact && kwargs.is_some_and(|k| k.len() > 0) {
            return Err(exc::type_error("Random() takes no keyword arguments"));
        }
        match args.items() {
            [] => self.seed_with(None),
            [seed] => self.seed_with(if rpy_vm::is_none(seed) { None } else { Some(seed) }),
            items => Err(exc::type_error(format!("Random() requires 0 or 1 argument, got {}", items.len()))),
        }
    }

    /// random() -> x in the interval [0, 1).
    #[pymethod]
    fn random(&self) -> f64 {
        self.with(Twister::next_f64)
    }

    /// seed([n]) -> None.
    ///
    /// Defaults to use urandom and falls back to a combination
    /// of the current time and the process identifier.
    #[pymethod(sig = "($self, n=None, /)")]
    fn seed(&self, n: Option<&PyObject>) -> PyResult<()> {
        self.seed_with(n)
    }

    /// getstate() -> tuple containing the current state.
    #[pymethod]
    fn getstate(&self) -> Ref<PyTuple> {
        let items = self.with(|t| {
            let mut items: Vec<u64> = t.words.iter().map(|&w| w as u64).collect();
            items.push(t.index as u64);
            items
        });
        PyTuple::new(items.into_iter().map(|v| PyInt::from_u64(v).into_obj()).collect())
    }

    /// setstate(state) -> None.  Restores generator state.
    #[pymethod(sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        let Some(state) = state.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error("state vector must be a tuple"));
        };
        if state.len() != N + 1 {
            return Err(exc::value_error("state vector is the wrong size"));
        }
        let mut words = [0_u32; N];
        for (word, item) in words.iter_mut().zip(state.items()) {
            let Some(item) = item.downcast_ref::<PyInt>() else {
                return Err(exc::type_error("an integer is required"));
            };
            *word = match item.as_u64() {
                Some(value) => value as u32,
                None if item.is_negative() => {
                    return Err(exc::overflow_error("can't convert negative value to unsigned int"));
                }
                None => return Err(exc::overflow_error("Python int too large to convert to C unsigned long")),
            };
        }
        let index = match state.get(N) {
            Some(index) => number::index(index)?,
            None => return Err(exc::value_error("state vector is the wrong size")),
        };
        let index = match index.as_i64() {
            Some(index) if (0..=N as i64).contains(&index) => index as usize,
            Some(_) => return Err(exc::value_error("invalid state")),
            None => return Err(exc::overflow_error("Python int too large to convert to C long")),
        };
        self.with(|t| {
            t.words = words;
            t.index = index;
        });
        Ok(())
    }

    /// getrandbits(k) -> x.  Generates an int with k random bits.
    #[pymethod(sig = "($self, k, /)")]
    fn getrandbits(&self, k: &PyObject) -> PyResult<Ref<PyInt>> {
        let k = number::index(k)?;
        if k.is_negative() {
            return Err(exc::value_error("Number of bits must be non-negative"));
        }
        let Some(k) = k.as_u64() else {
            return Err(exc::overflow_error("Python int too large to convert to C unsigned long long"));
        };
        if k == 0 {
            return Ok(PyInt::zero());
        }
        if k <= 32 {
            return Ok(PyInt::from_u64(self.with(|t| t.next_u32() >> (32 - k)) as u64));
        }
        // Words from the lowest to the highest, the last one cut.
        let count = (k - 1) / 32 + 1;
        let mut out = DigitsMut::new(usize::try_from(k.div_ceil(SHIFT as u64)).map_err(|_| exc::memory_error())?)?;
        self.with(|t| {
            let (mut acc, mut have, mut at) = (0_u64, 0, 0);
            for i in 0..count {
                let mut word = t.next_u32();
                let left = k - i * 32;
                if left < 32 {
                    word >>= 32 - left;
                }
                acc |= (word as u64) << have;
                have += 32;
                while have >= SHIFT && at < out.len() {
                    out[at] = acc as u32 & rpy_vm::types::int::MASK;
                    at += 1;
                    acc >>= SHIFT;
                    have -= SHIFT;
                }
            }
            if at < out.len() {
                out[at] = acc as u32;
            }
        });
        Ok(out.finish(false))
    }
}

/// Module implements the Mersenne Twister random number generator.
#[rpy_derive::pymodule(name = "_random")]
pub mod random_ {
    use rpy_vm::PyResult;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<super::PyRandom>(module)
    }
}

#[cfg(test)]
mod tests {
    use super::{N, Twister};

    #[test]
    fn known_sequence() {
        // The published test vector of init_by_array({0x123, 0x234, 0x345, 0x456}).
        let mut t = Twister { words: [0; N], index: N };
        t.seed_words(&[0x123, 0x234, 0x345, 0x456]);
        assert_eq!([t.next_u32(), t.next_u32(), t.next_u32()], [1_067_595_299, 955_945_823, 477_289_528]);
    }
}

//! `_uuid`: UUIDs of the moment and the machine (version 1 of RFC 9562).

use core::cell::Cell;

use rpy_vm::{PyResult, exc};

/// 100-nanosecond steps from the start of the Gregorian calendar to 1970.
const GREGORIAN_OFFSET: u64 = 0x01b2_1dd2_1381_4000;

/// What successive UUIDs of the process must not repeat.
struct Clock {
    /// The last step given out.
    last: Cell<u64>,
    /// Distinguishes processes, and clocks put back; chosen at first use.
    sequence: Cell<Option<u16>>,
}

// SAFETY: only touched under the GIL.
unsafe impl Sync for Clock {}

static CLOCK: Clock = Clock { last: Cell::new(0), sequence: Cell::new(None) };

fn random<const N: usize>() -> PyResult<[u8; N]> {
    let mut bytes = [0; N];
    // SAFETY: the buffer has the stated size; requests this small are answered whole.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) };
    if got == N as isize { Ok(bytes) } else { Err(exc::os_error_last(None)) }
}

impl Clock {
    /// The next time and the sequence number.
    fn next(&self) -> PyResult<(u64, u16)> {
        let now = crate::time::convert::clock_ns(libc::CLOCK_REALTIME)?;
        let now = GREGORIAN_OFFSET.wrapping_add((now / 100) as u64);
        let mut sequence = match self.sequence.get() {
            Some(sequence) => sequence,
            None => u16::from_be_bytes(random()?),
        };
        let last = self.last.get();
        let time = if now > last {
            now
        } else if last - now < 1_000_000 {
            // Asked faster than the clock ticks: borrow from the future.
            last + 1
        } else {
            sequence = sequence.wrapping_add(1);
            now
        };
        self.last.set(time);
        self.sequence.set(Some(sequence));
        Ok((time, sequence & 0x3fff))
    }
}

/// The hardware address of the first network card that has one.
fn hardware_address() -> Option<[u8; 6]> {
    let mut cards: Vec<_> = std::fs::read_dir("/sys/class/net").ok()?.flatten().map(|card| card.path()).collect();
    cards.sort();
    cards.iter().find_map(|card| {
        let text = std::fs::read_to_string(card.join("address")).ok()?;
        let bytes: Vec<u8> =
            text.trim().split(':').map(|part| u8::from_str_radix(part, 16)).collect::<Result<_, _>>().ok()?;
        let address = <[u8; 6]>::try_from(bytes).ok()?;
        // Addresses that were made up say so in a bit.
        (address != [0; 6] && address[0] & 2 == 0).then_some(address)
    })
}

/// A new UUID.
fn generate() -> PyResult<[u8; 16]> {
    let (time, sequence) = CLOCK.next()?;
    let node = match hardware_address() {
        Some(node) => node,
        None => {
            let mut node: [u8; 6] = random()?;
            node[0] |= 1;
            node
        }
    };
    let mut out = [0; 16];
    out[..4].copy_from_slice(&(time as u32).to_be_bytes());
    out[4..6].copy_from_slice(&((time >> 32) as u16).to_be_bytes());
    out[6..8].copy_from_slice(&((time >> 48) as u16 & 0x0fff | 0x1000).to_be_bytes());
    out[8..10].copy_from_slice(&(sequence | 0x8000).to_be_bytes());
    out[10..].copy_from_slice(&node);
    Ok(out)
}

/// DCE compatible Universally Unique Identifier library.
#[rpy_derive::pymodule(name = "_uuid")]
pub mod uuid_ {
    use rpy_vm::PyResult;
    use rpy_vm::Ref;
    use rpy_vm::types::bytes::PyBytes;
    use rpy_vm::types::module::PyModule;

    /// No daemon keeps different processes apart, so a UUID is only probably unique.
    const UNSAFE: i32 = -1;

    #[pyfunction]
    fn generate_time_safe() -> PyResult<(Ref<PyBytes>, i32)> {
        Ok((PyBytes::new(&super::generate()?), UNSAFE))
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        module.add("has_uuid_generate_time_safe", 1)?;
        module.add("has_stable_extractable_node", i32::from(super::hardware_address().is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::CLOCK;

    #[test]
    fn times_never_repeat() {
        let mut last = 0;
        for _ in 0..1000 {
            let (time, _) = CLOCK.next().unwrap_or_else(|_| panic!("a clock"));
            assert!(time > last);
            last = time;
        }
    }
}

//! `_socket`: sockets and the resolver.
//!
//! | File | What |
//! |---|---|
//! | `object` | `socket` objects |
//! | `address` | addresses as tuples and as C structures |
//! | `names` | the resolver and its relatives: the module's functions |
//! | `message` | messages with ancillary data |
//! | `constants` | the numbers |

use core::cell::Cell;

use rpy_vm::{OptRef, PyObject, PyResult, exc};

use crate::time::convert::{self, Rounding};

pub mod address;
pub mod constants;
pub mod message;
pub mod names;
pub mod object;

/// `socket.gaierror`.
pub static GAIERROR: OptRef = OptRef::NULL;
/// `socket.herror`.
pub static HERROR: OptRef = OptRef::NULL;

/// A time in nanoseconds, -1 for none.
pub struct Timeout(pub Cell<i64>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Timeout {}
/// What new sockets start with.
pub static DEFAULT_TIMEOUT: Timeout = Timeout(Cell::new(-1));

/// A timeout argument.
///
/// # Errors
/// `ValueError` for negative ones.
pub fn timeout_arg(timeout: Option<&PyObject>) -> PyResult<i64> {
    let Some(timeout) = timeout else { return Ok(-1) };
    let ns = convert::to_nanoseconds(timeout, Rounding::Up)?;
    if ns < 0 {
        return Err(exc::value_error("Timeout value out of range"));
    }
    Ok(ns)
}

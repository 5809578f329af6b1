//! How set algebra looks for keys.

use super::{Found, SetBody};
use crate::err::{PyErr, PyResult};
use crate::object::header::PyObject;
use crate::types::dict::lookup::plain_eq;

/// A way to look for keys.
pub(super) trait Search {
    /// What ends the work before its end.
    type Stop;

    /// Looks for a key. What lends it may lose it meanwhile.
    fn find(body: &SetBody, key: &PyObject, hash: isize) -> Result<Found, Self::Stop>;

    /// There was no memory.
    fn failed(error: PyErr) -> Self::Stop;
}

/// Keys are asked whether they are equal to others, whatever runs then.
pub(super) struct Asking;

impl Search for Asking {
    type Stop = PyErr;

    #[inline(always)]
    fn find(body: &SetBody, key: &PyObject, hash: isize) -> PyResult<Found> {
        body.find(key, hash)
    }

    fn failed(error: PyErr) -> PyErr {
        error
    }
}

/// No Python code runs: for compiled code, which may call nothing that looks at frames. Where keys have to be asked, and where an exception would
/// be raised, the work is left to somebody else.
pub(super) struct Plain;

/// The work was not done.
pub(super) struct Declined;

impl Search for Plain {
    type Stop = Declined;

    #[inline(always)]
    fn find(body: &SetBody, key: &PyObject, hash: isize) -> Result<Found, Declined> {
        match body.find_at_once(key.as_ptr(), hash) {
            Some(found) => Ok(found),
            None => body.probe(key, hash, |present, _| plain_eq(present, key).ok_or(Declined)),
        }
    }

    fn failed(_error: PyErr) -> Declined {
        Declined
    }
}

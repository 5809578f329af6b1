//! The free lists of all types together: dead objects that wait for the next of their kind.
//!
//! While allocations are traced there are none, so that each object has a block that was allocated for it.

use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::tuple::PyTuple;
use crate::types::{float, int, list, range};

/// Gives back the memory that types keep for their next objects.
pub fn clear() {
    PyTuple::clear_free_lists();
    PyList::clear_free_list();
    PyDict::clear_free_lists();
    int::FREE.clear();
    float::FREE.clear();
    range::iterator::FREE.clear();
    list::iter::FREE.clear();
    super::pool::clear();
}

/// Whether dead objects are kept. Needs the GIL.
pub fn set_enabled(enabled: bool) {
    clear();
    PyTuple::keep_dead(enabled);
    PyList::keep_dead(enabled);
    PyDict::keep_dead(enabled);
    int::FREE.set_enabled(enabled);
    float::FREE.set_enabled(enabled);
    range::iterator::FREE.set_enabled(enabled);
    list::iter::FREE.set_enabled(enabled);
    super::pool::keep_dead(enabled);
}

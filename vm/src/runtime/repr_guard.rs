//! Recursion of `repr`: an object that contains itself shows as `...`.

use crate::object::header::PyObject;
use crate::runtime::thread;

/// Held while an object's repr is made.
pub struct ReprGuard(usize);

impl ReprGuard {
    /// `None` if this object's repr is already under way on this thread.
    pub fn enter(object: &PyObject) -> Option<ReprGuard> {
        let address = object as *const PyObject as usize;
        let mut stack = thread::current().repr_stack.borrow_mut();
        if stack.contains(&address) {
            return None;
        }
        stack.push(address);
        Some(ReprGuard(address))
    }
}

impl Drop for ReprGuard {
    fn drop(&mut self) {
        let mut stack = thread::current().repr_stack.borrow_mut();
        if let Some(position) = stack.iter().rposition(|&a| a == self.0) {
            stack.remove(position);
        }
    }
}

//! Data that C code hangs on code objects (PEP 523): each user asks for an index, and says how to free what it leaves there.

use core::cell::RefCell;
use core::ffi::c_void;

use super::PyCode;

/// Frees a user's data.
pub type Free = unsafe extern "C-unwind" fn(*mut c_void);

/// As many users as CPython allows.
const MAX_USERS: usize = 255;

struct Users(RefCell<Vec<Option<Free>>>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Users {}

static USERS: Users = Users(RefCell::new(Vec::new()));

/// A new user's index; `None` if there are too many.
pub fn register(free: Option<Free>) -> Option<usize> {
    let mut users = USERS.0.borrow_mut();
    if users.len() == MAX_USERS {
        return None;
    }
    users.push(free);
    Some(users.len() - 1)
}

fn free_of(index: usize) -> Option<Free> {
    USERS.0.borrow().get(index).copied().flatten()
}

impl PyCode {
    /// A user's data; null if there is none.
    pub fn extra(&self, index: usize) -> *mut c_void {
        let all = self.co_extra.get().cast::<Vec<*mut c_void>>();
        // SAFETY: null or the box of `set_extra`.
        unsafe { all.as_ref() }.and_then(|all| all.get(index).copied()).unwrap_or(core::ptr::null_mut())
    }

    /// Sets a user's data and frees the old. False: there is no such user.
    ///
    /// # Safety
    /// The user's function can free what is there.
    pub unsafe fn set_extra(&self, index: usize, data: *mut c_void) -> bool {
        let count = USERS.0.borrow().len();
        if index >= count {
            return false;
        }
        let mut all = self.co_extra.get().cast::<Vec<*mut c_void>>();
        if all.is_null() {
            all = Box::into_raw(Box::default());
            self.co_extra.set(all.cast());
        }
        // SAFETY: the box above, which nobody else uses meanwhile.
        let old = unsafe {
            let all = &mut *all;
            if all.len() < count {
                all.resize(count, core::ptr::null_mut());
            }
            core::mem::replace(&mut all[index], data)
        };
        if let Some(free) = free_of(index).filter(|_| !old.is_null()) {
            // SAFETY: the caller's promise.
            unsafe { free(old) };
        }
        true
    }

    /// Frees all users' data, at the end of the code object.
    pub(super) fn free_extras(&self) {
        let all = self.co_extra.replace(core::ptr::null_mut()).cast::<Vec<*mut c_void>>();
        if all.is_null() {
            return;
        }
        // SAFETY: the box of `set_extra`, taken back once.
        let all = unsafe { Box::from_raw(all) };
        for (index, data) in all.into_iter().enumerate().filter(|(_, data)| !data.is_null()) {
            if let Some(free) = free_of(index) {
                // SAFETY: whoever set it promised that.
                unsafe { free(data) };
            }
        }
    }
}

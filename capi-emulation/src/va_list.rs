//! Reading C's variable arguments.
//!
//! A `va_list` of the System V ABI for x86-64:
//!
//! ```text
//!   0  gp_offset          u32  offset of the next integer register in the save area; 48 = none left
//!   4  fp_offset          u32  offset of the next vector register; 176 = none left
//!   8  overflow_arg_area  ptr  the next argument on the stack
//!  16  reg_save_area      ptr  rdi rsi rdx rcx r8 r9, then xmm0..7 of 16 bytes each
//! ```

use core::ffi::{c_char, c_void};

/// The state of a walk over variable arguments. C passes `va_list` parameters as a pointer to it.
#[repr(C)]
pub struct VaList {
    gp_offset: u32,
    fp_offset: u32,
    overflow_arg_area: *mut u8,
    reg_save_area: *mut u8,
}

impl VaList {
    /// The next argument of an integer or pointer class, as its eight-byte word.
    ///
    /// # Safety
    /// The caller passed one more argument, of that class.
    #[inline]
    pub unsafe fn word(&mut self) -> u64 {
        // SAFETY: the promise; both areas are as the ABI says.
        unsafe {
            if self.gp_offset < 48 {
                let value = (self.reg_save_area.add(self.gp_offset as usize) as *const u64).read();
                self.gp_offset += 8;
                return value;
            }
            self.from_stack()
        }
    }

    /// The next `double` (`float` is promoted to it).
    ///
    /// # Safety
    /// The caller passed one more argument, a `double`.
    pub unsafe fn double(&mut self) -> f64 {
        // SAFETY: as in `word`.
        unsafe {
            if self.fp_offset < 176 {
                let value = (self.reg_save_area.add(self.fp_offset as usize) as *const f64).read();
                self.fp_offset += 16;
                return value;
            }
            f64::from_bits(self.from_stack())
        }
    }

    unsafe fn from_stack(&mut self) -> u64 {
        // SAFETY: stack arguments occupy eight bytes each.
        unsafe {
            let value = (self.overflow_arg_area as *const u64).read();
            self.overflow_arg_area = self.overflow_arg_area.add(8);
            value
        }
    }

    /// The next pointer.
    ///
    /// # Safety
    /// The caller passed one more argument, a pointer.
    #[inline]
    pub unsafe fn pointer<T>(&mut self) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { self.word() as *mut T }
    }

    /// The next `const char *`.
    ///
    /// # Safety
    /// As for [`VaList::pointer`].
    pub unsafe fn text(&mut self) -> *const c_char {
        // SAFETY: the caller's promise.
        unsafe { self.pointer::<c_char>() }
    }

    /// The next `int`, or anything that is promoted to it.
    ///
    /// # Safety
    /// The caller passed one more argument, of that class.
    pub unsafe fn int(&mut self) -> i32 {
        // SAFETY: the caller's promise.
        unsafe { self.word() as i32 }
    }

    /// The next `Py_ssize_t`, `long` or `long long`.
    ///
    /// # Safety
    /// The caller passed one more argument, of that class.
    pub unsafe fn long(&mut self) -> i64 {
        // SAFETY: the caller's promise.
        unsafe { self.word() as i64 }
    }

    /// The next `void *`.
    ///
    /// # Safety
    /// As for [`VaList::pointer`].
    pub unsafe fn void(&mut self) -> *mut c_void {
        // SAFETY: the caller's promise.
        unsafe { self.pointer() }
    }
}

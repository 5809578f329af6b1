//! Libraries of the system that modules load when they are imported (`pyexpat`, `readline`), in place of being linked with them: so
//! a program that does without the module does without the library, and the library's symbols stay apart from those of extension
//! modules that bring their own copy.

use core::ffi::{CStr, c_void};

/// A loaded library; it stays loaded.
pub struct SharedLibrary(*mut c_void);

impl SharedLibrary {
    /// Loads the library called `name` from where the loader looks for libraries.
    ///
    /// # Errors
    /// The loader's words.
    pub fn open(name: &CStr) -> Result<SharedLibrary, String> {
        // SAFETY: the library's initialisation does nothing that could disturb us.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() { Err(last_error()) } else { Ok(SharedLibrary(handle)) }
    }

    /// The address of a function or variable.
    ///
    /// # Errors
    /// The loader's words, if the library has no such symbol.
    pub fn symbol(&self, name: &CStr) -> Result<*mut c_void, String> {
        // SAFETY: an open library and a NUL-terminated name.
        let address = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        if address.is_null() { Err(last_error()) } else { Ok(address) }
    }

    /// A function, as a pointer of type `F`.
    ///
    /// # Errors
    /// The loader's words, if the library has no such symbol.
    ///
    /// # Safety
    /// `F` is the type of pointers to that function.
    pub unsafe fn function<F: Copy>(&self, name: &CStr) -> Result<F, String> {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        let address = self.symbol(name)?;
        // SAFETY: the caller's promise; an address has the size of a function pointer.
        Ok(unsafe { core::mem::transmute_copy(&address) })
    }
}

fn last_error() -> String {
    // SAFETY: dlerror gives null or a NUL-terminated string that is valid until the next such call of this thread.
    unsafe {
        let text = libc::dlerror();
        if text.is_null() {
            "the library cannot be loaded".to_owned()
        } else {
            CStr::from_ptr(text).to_string_lossy().into_owned()
        }
    }
}

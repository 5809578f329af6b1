//! The command line's flags as C variables (`Py_OptimizeFlag` and its kin), which programs read through `ctypes`.

#![allow(non_upper_case_globals, reason = "the variables have C's names")]

use core::sync::atomic::{AtomicI32, Ordering};

use super::config::Config;

macro_rules! variables {
    ($($name:ident = |$config:ident| $value:expr;)*) => {
        $(
            #[doc = concat!("C data symbol `", stringify!($name), "`.")]
            #[unsafe(no_mangle)]
            pub static $name: AtomicI32 = AtomicI32::new(0);
        )*

        /// Sets the variables.
        pub fn publish(config: &Config) {
            $(
                let $config = config;
                $name.store(i32::from($value), Ordering::Relaxed);
            )*
        }
    };
}

variables! {
    Py_BytesWarningFlag = |c| c.bytes_warning;
    Py_DebugFlag = |c| c.debug;
    Py_DontWriteBytecodeFlag = |c| c.dont_write_bytecode;
    Py_HashRandomizationFlag = |c| c.hash_randomization;
    Py_IgnoreEnvironmentFlag = |c| c.ignore_environment;
    Py_InspectFlag = |c| c.inspect.get();
    Py_InteractiveFlag = |c| c.interactive;
    Py_IsolatedFlag = |c| c.isolated;
    Py_NoSiteFlag = |c| c.no_site;
    Py_NoUserSiteDirectory = |c| c.no_user_site;
    Py_OptimizeFlag = |c| c.optimize;
    Py_QuietFlag = |c| c.quiet;
    Py_UnbufferedStdioFlag = |c| c.unbuffered;
    Py_UTF8Mode = |c| c.utf8_mode;
    Py_VerboseFlag = |c| c.verbose;
}

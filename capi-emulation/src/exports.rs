//! What is exported: one macro declares functions, one declares data, and both leave an entry in a table. The tables keep the linker
//! from dropping the symbols, and tests compare them with what the executable really exports.

use core::ffi::c_void;

/// One exported symbol.
pub struct Export {
    /// The C name.
    pub name: &'static str,
    /// Where it is.
    pub address: *const c_void,
    /// Data, not a function.
    pub is_data: bool,
}

// SAFETY: constant addresses of functions and statics.
unsafe impl Sync for Export {}

impl Export {
    /// A function.
    pub const fn function(name: &'static str, address: *const c_void) -> Export {
        Export { name, address, is_data: false }
    }

    /// A variable, a type object or a singleton.
    pub const fn data(name: &'static str, address: *const c_void) -> Export {
        Export { name, address, is_data: true }
    }
}

/// Declares exported functions.
///
/// `fn Name(arguments) -> c_type { body }` is a function whose body makes the C value itself;
/// `fn Name(arguments) -> c_type = rust_type { body }` one whose body is a `PyResult<rust_type>`, which [`crate::border`] converts.
///
/// Argument types say who owns what: `Obj` and `OptObj` are borrowed, `Stolen` takes the reference over. Everything runs inside
/// `unsafe`: that pointers are what CPython's documentation asks for is the contract of every function of the C API.
macro_rules! exports {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty $(= $ok:ty)?)? $body:block)*) => {
        $(exports!(@function [$(#[$meta])*] $name ($($arg: $ty),*) [$($ret $(, $ok)?)?] $body);)*

        /// The functions of this family.
        pub(crate) static EXPORTS: &[crate::exports::Export] =
            &[$(crate::exports::Export::function(stringify!($name), $name as *const core::ffi::c_void)),*];
    };
    (@function [$($meta:tt)*] $name:ident ($($arg:ident: $ty:ty),*) [] $body:block) => {
        exports!(@emit [$($meta)*] $name ($($arg: $ty),*) -> (), guard, (), $body);
    };
    (@function [$($meta:tt)*] $name:ident ($($arg:ident: $ty:ty),*) [$ret:ty] $body:block) => {
        exports!(@emit [$($meta)*] $name ($($arg: $ty),*) -> $ret, guard, $ret, $body);
    };
    (@function [$($meta:tt)*] $name:ident ($($arg:ident: $ty:ty),*) [$ret:ty, $ok:ty] $body:block) => {
        exports!(@emit [$($meta)*] $name ($($arg: $ty),*) -> $ret, guard_result, rpy_vm::PyResult<$ok>, $body);
    };
    (@emit [$($meta:tt)*] $name:ident ($($arg:ident: $ty:ty),*) -> $ret:ty, $guard:ident, $inner:ty, $body:block) => {
        $($meta)*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: $ty),*) -> $ret {
            #[allow(unused_unsafe, reason = "some bodies need it")]
            // SAFETY: the contract of the C API: arguments are what its documentation says, the GIL is held.
            crate::border::$guard(move || -> $inner { unsafe { $body } })
        }
    };
}

/// Declares functions that take a variable argument list: `Name(fixed arguments, ...)` calls its `va_` counterpart with the fixed
/// arguments and a pointer to a `va_list`.
///
/// Stable Rust cannot define variadic functions, so each is a trampoline of a few instructions: it stores the argument registers
/// where the System V ABI's `va_list` expects them (see [`crate::va_list`]), makes the list on the stack and passes its address in
/// the next argument register.
macro_rules! variadics {
    ($($(#[$meta:meta])* $name:ident($fixed:tt) => $target:path;)*) => {
        $(variadics!(@one [$(#[$meta])*] $name $fixed $target);)*

        /// The functions of this family.
        pub(crate) static EXPORTS: &[crate::exports::Export] =
            &[$(crate::exports::Export::function(stringify!($name), $name as *const core::ffi::c_void)),*];
    };
    (@one [$($meta:tt)*] $name:ident 1 $target:path) => { variadics!(@emit [$($meta)*] $name "rsi" "8" $target); };
    (@one [$($meta:tt)*] $name:ident 2 $target:path) => { variadics!(@emit [$($meta)*] $name "rdx" "16" $target); };
    (@one [$($meta:tt)*] $name:ident 3 $target:path) => { variadics!(@emit [$($meta)*] $name "rcx" "24" $target); };
    (@one [$($meta:tt)*] $name:ident 4 $target:path) => { variadics!(@emit [$($meta)*] $name "r8" "32" $target); };
    (@emit [$($meta:tt)*] $name:ident $register:literal $offset:literal $target:path) => {
        $($meta)*
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name() {
            core::arch::naked_asm!(
                ".cfi_startproc",
                "sub rsp, 216",
                ".cfi_def_cfa_offset 224",
                "mov [rsp + 32], rdi",
                "mov [rsp + 40], rsi",
                "mov [rsp + 48], rdx",
                "mov [rsp + 56], rcx",
                "mov [rsp + 64], r8",
                "mov [rsp + 72], r9",
                "test al, al",
                "je 2f",
                "movaps [rsp + 80], xmm0",
                "movaps [rsp + 96], xmm1",
                "movaps [rsp + 112], xmm2",
                "movaps [rsp + 128], xmm3",
                "movaps [rsp + 144], xmm4",
                "movaps [rsp + 160], xmm5",
                "movaps [rsp + 176], xmm6",
                "movaps [rsp + 192], xmm7",
                "2:",
                concat!("mov dword ptr [rsp], ", $offset),
                "mov dword ptr [rsp + 4], 48",
                "lea rax, [rsp + 224]",
                "mov [rsp + 8], rax",
                "lea rax, [rsp + 32]",
                "mov [rsp + 16], rax",
                concat!("mov ", $register, ", rsp"),
                "call {target}",
                "add rsp, 216",
                ".cfi_def_cfa_offset 8",
                "ret",
                ".cfi_endproc",
                target = sym $target,
            )
        }
    };
}

//! `errno`: the system's error numbers.

use rpy_vm::pymodule;

macro_rules! errnos {
    ($($name:ident),* $(,)?) => {
        /// Names and numbers, in the order `errorcode` is filled in: of several names the last one stays.
        static CODES: &[(&str, i32)] = &[ $( (stringify!($name), libc::$name) ),* ];
    };
}

errnos! {
    ENODEV, EHOSTUNREACH, ENOMSG, ENODATA, ENOTBLK, ENOSYS, EPIPE, EINVAL, EOVERFLOW, EADV, EINTR, EUSERS, ENOTEMPTY,
    ENOBUFS, EPROTO, EREMOTE, ENAVAIL, ECHILD, ELOOP, EXDEV, E2BIG, ESRCH, EMSGSIZE, EAFNOSUPPORT, EBADR, EHOSTDOWN,
    EPFNOSUPPORT, ENOPROTOOPT, EBUSY, EWOULDBLOCK, EAGAIN, EBADFD, EDOTDOT, EISCONN, ENOTCONN, ESHUTDOWN, ENOSR, ENONET, EBADE,
    EBADF, EMULTIHOP, EIO, EUNATCH, EPROTOTYPE, ENOSPC, ENOEXEC, EALREADY, ENETDOWN, ENOTNAM, EACCES, ELNRNG, EILSEQ,
    ENOTDIR, ENOTUNIQ, EPERM, EDOM, EXFULL, ECONNREFUSED, EISDIR, EPROTONOSUPPORT, EROFS, EADDRNOTAVAIL, EIDRM, ECOMM,
    ESRMNT, EREMOTEIO, EL3RST, EBADMSG, ENFILE, ELIBMAX, ESPIPE, ENOLINK, ENETRESET, ETIMEDOUT, ENOENT, EEXIST, EDQUOT,
    ENOSTR, EBADSLT, EBADRQC, ELIBACC, EFAULT, EFBIG, EDEADLK, EDEADLOCK, EBFONT, ESOCKTNOSUPPORT, EMFILE, ETXTBSY,
    EINPROGRESS, ENXIO, ENOPKG, ELIBBAD, ECHRNG, ENOLCK, ENAMETOOLONG, ERANGE, ENOCSI, EL2HLT, EL2NSYNC, ENOANO, EUCLEAN, ENOMEM,
    ELIBSCN, EMLINK, EDESTADDRREQ, ESTALE, ENOTTY, ENETUNREACH, ELIBEXEC, EL3HLT, EADDRINUSE, EOPNOTSUPP, EISNAM,
    ECONNABORTED, ECONNRESET, ENOTSOCK, EHWPOISON, ERFKILL, ENOTRECOVERABLE, EOWNERDEAD, ECANCELED, EKEYEXPIRED, EKEYREJECTED,
    EKEYREVOKED, EMEDIUMTYPE, ENOKEY, ENOMEDIUM, ENOTSUP, ETIME, ETOOMANYREFS, ESTRPIPE, ERESTART,
}

/// This module makes available standard errno system symbols.
///
/// The value of each symbol is the corresponding integer value,
/// e.g., on most systems, errno.ENOENT equals the integer 2.
///
/// The dictionary errno.errorcode maps numeric codes to symbol names,
/// e.g., errno.errorcode[2] could be the string 'ENOENT'.
///
/// Symbols that are not relevant to the underlying system are not defined.
///
/// To map error codes to error messages, use the function os.strerror(),
/// e.g. os.strerror(2) could return 'No such file or directory'.
#[pymodule(name = "errno")]
pub mod errno {
    use super::CODES;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{PyResult, PyStruct};

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let codes = PyDict::new();
        for &(name, number) in CODES {
            let number = PyInt::from_i64(i64::from(number));
            module.dict().set_name(name, number.to_obj());
            codes.set_item(number.as_object(), PyStr::interned(name).as_object())?;
        }
        module.dict().set_name("errorcode", codes.into_obj());
        Ok(())
    }
}

//! `SSLError` and its subclasses, and how they are made from what OpenSSL reports.

use core::ffi::{c_int, c_long, c_ulong};
use core::panic::Location;

use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::exceptions::base::PyBaseException;
use rpy_vm::types::exceptions::os_error::PyOSError;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern, pyclass, pymethods};

use super::constants::*;
use crate::openssl::{self, ffi, numbers};
use crate::support::int;

/// An error occurred in the SSL implementation.
#[pyclass(
    name = "SSLError", module = "ssl", base = PyOSError, layout = PyOSError,
    flags(BASETYPE, BASE_EXC_SUBCLASS, HAVE_GC)
)]
pub struct PySslError;

#[pymethods]
impl PySslError {
    #[slot]
    fn tp_str(zelf: &PyOSError) -> PyResult<ObjRef> {
        match zelf.strerror.get() {
            Some(text) if text.downcast_ref::<PyStr>().is_some() => Ok(text),
            _ => Ok(protocol::str(zelf.ob_base.args_tuple().as_object())?.into_obj()),
        }
    }
}

/// The class `ssl.SSLError`.
pub fn ssl_error_class() -> &'static PyTypeObject {
    // SAFETY: a static type.
    unsafe { &*<PySslError as rpy_vm::object::class_impl::StaticType>::TYPE }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $name:literal,)*) => {
        /// A subclass of `SSLError`, or `SSLError` itself.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            /// `SSLError`.
            Ssl,
            $($(#[doc = $doc])* $kind,)*
        }

        const SUBCLASSES: &[(Kind, &str, &str)] = &[$((Kind::$kind, $name, concat!($($doc, "\n"),*))),*];
        static CLASSES: [OptRef; SUBCLASSES.len()] = [const { OptRef::NULL }; SUBCLASSES.len()];
    };
}

kinds! {
    /// A certificate could not be verified.
    CertVerification = "SSLCertVerificationError",
    /// SSL/TLS session closed cleanly.
    ZeroReturn = "SSLZeroReturnError",
    /// Non-blocking SSL socket needs to write more data
    /// before the requested operation can be completed.
    WantWrite = "SSLWantWriteError",
    /// Non-blocking SSL socket needs to read more data
    /// before the requested operation can be completed.
    WantRead = "SSLWantReadError",
    /// System error when attempting SSL operation.
    Syscall = "SSLSyscallError",
    /// SSL/TLS connection terminated abruptly.
    Eof = "SSLEOFError",
}

impl Kind {
    fn class(self) -> ObjRef {
        let kept = match SUBCLASSES.iter().position(|c| c.0 == self) {
            Some(at) => CLASSES[at].get(),
            None => None,
        };
        kept.unwrap_or_else(|| ssl_error_class().to_obj())
    }
}

/// Makes the classes and adds them to the module.
pub fn add_classes(module: &PyModule) -> PyResult<()> {
    rpy_vm::object::class_impl::glue::ready_class::<PySslError>()?;
    module.add("SSLError", ssl_error_class().to_obj())?;
    for ((kind, name, doc), kept) in SUBCLASSES.iter().zip(&CLASSES) {
        if kept.is_null() {
            let mut bases = vec![ssl_error_class().to_obj()];
            if *kind == Kind::CertVerification {
                bases.push(exc::ValueError().to_obj());
            }
            let namespace = rpy_vm::types::dict::PyDict::new();
            namespace.set_name("__module__", PyStr::interned("ssl").into_obj());
            namespace.set_name(
                "__doc__",
                PyStr::from_string(doc.lines().map(str::trim).collect::<Vec<_>>().join("\n")).into_obj(),
            );
            let metaclass = <PyTypeObject as rpy_vm::PyClass>::type_object();
            let bases = PyTuple::new(bases);
            let class = call::call(
                metaclass.as_object(),
                &[PyStr::interned(name).as_object(), bases.as_object(), namespace.as_object()],
            )?;
            kept.set(Some(class));
        }
        module.add(name, kept.get())?;
    }
    Ok(())
}

/// Why a certificate was refused: the number, and the text.
pub struct Verification {
    pub code: c_long,
    pub message: Option<String>,
}

/// What is known of a failure.
pub struct Report<'a> {
    pub kind: Kind,
    /// The first argument of the exception.
    pub number: c_int,
    /// A text in place of OpenSSL's.
    pub text: Option<&'a str>,
    /// OpenSSL's code, 0 if there is none.
    pub code: c_ulong,
    pub verification: Option<Verification>,
}

impl Report<'_> {
    /// The exception. Forgets OpenSSL's errors.
    #[cold]
    #[track_caller]
    pub fn into_error(self) -> PyErr {
        let line = Location::caller().line();
        let result = self.build(line);
        openssl::clear_errors();
        match result {
            Ok(e) | Err(e) => e,
        }
    }

    fn build(&self, line: u32) -> PyResult<PyErr> {
        let (mut library, mut reason) = (None, None);
        let mut text = self.text.map(str::to_owned);
        if self.code != 0 {
            let number = openssl::library_of(self.code);
            library = LIBRARIES.iter().find(|l| l.0 == number).map(|l| l.1);
            reason = openssl::mnemonic(self.code);
            text = text.or_else(|| openssl::reason_text(self.code));
        }
        let text = text.unwrap_or_else(|| String::from("unknown error"));
        let verify = self.verification.as_ref().and_then(|v| v.message.as_deref());
        let message = match (library, &reason, verify) {
            (Some(l), Some(r), Some(v)) => format!("[{l}: {r}] {text}: {v} (_ssl.c:{line})"),
            (Some(l), Some(r), None) => format!("[{l}: {r}] {text} (_ssl.c:{line})"),
            (Some(l), None, _) => format!("[{l}] {text} (_ssl.c:{line})"),
            (None, ..) => format!("{text} (_ssl.c:{line})"),
        };
        let error =
            call::call(&self.kind.class(), &[&int(self.number.into()), PyStr::from_string(message).as_object()])?;
        let set = |name: &PyStr, value: Option<ObjRef>| -> PyResult<()> {
            protocol::setattr(&error, name, Some(&value.unwrap_or_else(rpy_vm::none)))
        };
        set(intern!("reason"), reason.map(|r| PyStr::from_string(r).into_obj()))?;
        set(intern!("library"), library.map(|l| PyStr::new(l).into_obj()))?;
        if let Some(verification) = &self.verification {
            set(intern!("verify_code"), Some(int(verification.code)))?;
            let message = verification.message.as_deref().map(|m| PyStr::new(m).into_obj());
            set(intern!("verify_message"), message)?;
        }
        match error.downcast::<PyBaseException>() {
            Ok(error) => Ok(PyErr::raise(error)),
            Err(_) => Err(exc::type_error("exceptions must derive from BaseException")),
        }
    }
}

/// An `SSLError` with what OpenSSL reported last.
#[cold]
#[track_caller]
pub fn last() -> PyErr {
    let code = openssl::last_error();
    Report { kind: Kind::Ssl, number: openssl::reason_of(code), text: None, code, verification: None }.into_error()
}

/// An `SSLError` with a text and the line.
#[cold]
#[track_caller]
pub fn numbered(text: &str) -> PyErr {
    Report { kind: Kind::Ssl, number: 0, text: Some(text), code: 0, verification: None }.into_error()
}

/// An `SSLError` with nothing but a text.
#[cold]
pub fn plain(message: &str) -> PyErr {
    PyErr::new(ssl_error_class(), message)
}

/// A failure of a connection's operation: OpenSSL's kind of error, and the system's number.
#[derive(Clone, Copy, Default)]
pub struct Failure {
    pub ssl: c_int,
    pub errno: c_int,
}

impl Failure {
    /// The exception for it.
    #[cold]
    #[track_caller]
    pub fn into_error(self, ssl: *const ffi::SSL, server_hostname: Option<&PyObject>) -> PyErr {
        let code = openssl::last_error();
        let (library, reason) = (openssl::library_of(code), openssl::reason_of(code));
        let is = |r: c_int| code != 0 && library == numbers::ERR_LIB_SSL && reason == r;
        let system = |errno: c_int| {
            openssl::clear_errors();
            exc::os_error_errno(errno, None)
        };
        let mut text = None;
        let mut kind = Kind::Ssl;
        let mut number = self.ssl;
        match self.ssl {
            ERROR_ZERO_RETURN => {
                text = Some("TLS/SSL connection has been closed (EOF)");
                kind = Kind::ZeroReturn;
            }
            ERROR_WANT_READ => {
                text = Some("The operation did not complete (read)");
                kind = Kind::WantRead;
            }
            ERROR_WANT_WRITE => {
                text = Some("The operation did not complete (write)");
                kind = Kind::WantWrite;
            }
            ERROR_WANT_X509_LOOKUP => text = Some("The operation did not complete (X509 lookup)"),
            ERROR_WANT_CONNECT => text = Some("The operation did not complete (connect)"),
            ERROR_SYSCALL if code == 0 && self.errno != 0 => return system(self.errno),
            ERROR_SYSCALL if code == 0 => {
                text = Some("EOF occurred in violation of protocol");
                kind = Kind::Eof;
                number = ERROR_EOF;
            }
            ERROR_SYSCALL | ERROR_SSL if code != 0 && library == numbers::ERR_LIB_SYS => return system(reason),
            ERROR_SYSCALL | ERROR_SSL => {
                if code == 0 {
                    text = Some("A failure in the SSL library occurred");
                }
                if is(R_CERTIFICATE_VERIFY_FAILED) {
                    kind = Kind::CertVerification;
                }
                if is(R_UNEXPECTED_EOF_WHILE_READING) {
                    text = Some("EOF occurred in violation of protocol");
                    kind = Kind::Eof;
                    number = ERROR_EOF;
                }
            }
            _ => {
                text = Some("Invalid error code");
                number = ERROR_INVALID_ERROR_CODE;
            }
        }
        let verification = (kind == Kind::CertVerification).then(|| verification(ssl, server_hostname));
        Report { kind, number, text, code, verification }.into_error()
    }
}

fn verification(ssl: *const ffi::SSL, server_hostname: Option<&PyObject>) -> Verification {
    // SAFETY: a live connection.
    let code = unsafe { ffi::SSL_get_verify_result(ssl) };
    let host = || match server_hostname.and_then(|h| h.downcast_ref::<PyStr>()) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => String::from("None"),
    };
    let message = match code {
        X509_V_ERR_HOSTNAME_MISMATCH => Some(format!("Hostname mismatch, certificate is not valid for '{}'.", host())),
        X509_V_ERR_IP_ADDRESS_MISMATCH => {
            Some(format!("IP address mismatch, certificate is not valid for '{}'.", host()))
        }
        // SAFETY: any number may be asked about.
        _ => openssl::text(unsafe { ffi::X509_verify_cert_error_string(code) }),
    };
    Verification { code, message }
}

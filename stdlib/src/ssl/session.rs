//! `_ssl.SSLSession`.

use core::ffi::{c_long, c_ulong};

use rpy_vm::object::alloc::new_exact;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, OptRef, PyObject, Ref, pyclass, pymethods};

use super::context::PySslContext;
use crate::openssl::ffi;

/// A session, owned.
struct Owned(*mut ffi::SSL_SESSION);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ffi::SSL_SESSION_free(self.0) }
    }
}

#[pyclass(name = "SSLSession", module = "_ssl", no_new, gc)]
#[repr(C)]
pub struct PySslSession {
    ob_base: PyObject,
    #[pytraverse(skip)]
    session: Owned,
    context: OptRef<PySslContext>,
}

impl PySslSession {
    /// Takes over a session of a context's.
    pub fn new(session: *mut ffi::SSL_SESSION, context: Ref<PySslContext>) -> ObjRef {
        new_exact(PySslSession {
            ob_base: PyObject::placeholder(),
            session: Owned(session),
            context: OptRef::some(context),
        })
        .into_obj()
    }

    /// For OpenSSL's functions.
    pub fn as_ptr(&self) -> *mut ffi::SSL_SESSION {
        self.session.0
    }

    /// The context it belongs to.
    pub fn context(&self) -> Option<Ref<PySslContext>> {
        self.context.get()
    }

    fn id_bytes(&self) -> &[u8] {
        let mut len = 0;
        // SAFETY: a live session, whose id lives as long.
        unsafe {
            let id = ffi::SSL_SESSION_get_id(self.as_ptr(), &mut len);
            if len == 0 { &[] } else { core::slice::from_raw_parts(id, len as usize) }
        }
    }
}

#[pymethods]
impl PySslSession {
    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> ObjRef {
        let Some(other) = other.downcast_exact::<PySslSession>() else { return rpy_vm::not_implemented() };
        let same = core::ptr::eq(self, other) || self.id_bytes() == other.id_bytes();
        match op {
            CompareOp::Eq => rpy_vm::py_bool(same),
            CompareOp::Ne => rpy_vm::py_bool(!same),
            _ => rpy_vm::not_implemented(),
        }
    }
    /// Does the session contain a ticket?
    #[pygetset]
    fn has_ticket(&self) -> bool {
        // SAFETY: a live session.
        unsafe { ffi::SSL_SESSION_has_ticket(self.as_ptr()) != 0 }
    }
    /// Session id
    #[pygetset]
    fn id(&self) -> ObjRef {
        PyBytes::new(self.id_bytes()).into_obj()
    }
    /// Ticket life time hint.
    #[pygetset]
    fn ticket_lifetime_hint(&self) -> c_ulong {
        // SAFETY: a live session.
        unsafe { ffi::SSL_SESSION_get_ticket_lifetime_hint(self.as_ptr()) }
    }
    /// Session creation time (seconds since epoch).
    #[pygetset]
    fn time(&self) -> c_long {
        // SAFETY: a live session.
        unsafe { ffi::SSL_SESSION_get_time(self.as_ptr()) }
    }
    /// Session timeout (delta in seconds).
    #[pygetset]
    fn timeout(&self) -> c_long {
        // SAFETY: a live session.
        unsafe { ffi::SSL_SESSION_get_timeout(self.as_ptr()) }
    }
}

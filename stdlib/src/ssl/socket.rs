//! `_ssl._SSLSocket`: one connection, over a socket or over streams in memory.

use core::cell::Cell;
use core::ffi::{CStr, c_int, c_long, c_uint, c_void};

use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::exceptions::base::chain;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::weakref::PyWeakRef;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, Ref, exc, pyclass, pymethods};

use super::constants::*;
use super::context::PySslContext;
use super::errors::{self, Failure};
use super::memory_bio::PyMemoryBio;
use super::session::PySslSession;
use super::threads::{Turns, unlocked};
use super::{certificate, ciphers};
use crate::openssl::{self, ffi};
use crate::socket::object::PySocket;

/// OpenSSL's connection, owned.
struct Connection(*mut ffi::SSL);

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ffi::SSL_free(self.0) }
    }
}

#[pyclass(name = "_SSLSocket", module = "_ssl", no_new, gc)]
#[repr(C)]
pub struct PySslSocket {
    ob_base: PyObject,
    // Freed first: its callbacks may still name the contexts.
    #[pytraverse(skip)]
    connection: Connection,
    /// Of those who use the connection, unless they may wait inside of OpenSSL.
    #[pytraverse(skip)]
    pub(super) turns: Turns,
    context: OptRef<PySslContext>,
    /// The context it began with, whose callbacks OpenSSL keeps.
    first_context: OptRef<PySslContext>,
    /// A weak reference to the socket; null over memory.
    #[pytraverse(skip)]
    socket: OptRef<PyWeakRef>,
    /// A weak reference to the object that Python code sees.
    #[pytraverse(skip)]
    owner: OptRef<PyWeakRef>,
    #[pytraverse(skip)]
    server_hostname: OptRef,
    /// What a callback raised.
    error: OptRef,
    #[pytraverse(skip)]
    server_side: Cell<bool>,
    #[pytraverse(skip)]
    pub(super) shutdown_seen_zero: Cell<bool>,
    #[pytraverse(skip)]
    pub(super) failure: Cell<Failure>,
}

/// What a connection runs over.
pub enum Transport<'a> {
    Socket(&'a PySocket),
    Memory(&'a PyMemoryBio, &'a PyMemoryBio),
}

/// A new connection.
pub fn connect(
    context: &PySslContext,
    transport: Transport<'_>,
    server_side: bool,
    host: Option<&CStr>,
    owner: Option<&PyObject>,
    session: Option<&PyObject>,
) -> PyResult<ObjRef> {
    let ssl = {
        let _turn = context.turns.take()?;
        openssl::clear_errors();
        // SAFETY: a live context.
        unlocked(|| unsafe { ffi::SSL_new(context.as_ptr()) })
    };
    if ssl.is_null() {
        return Err(errors::last());
    }
    let this = new_exact(PySslSocket {
        ob_base: PyObject::placeholder(),
        connection: Connection(ssl),
        turns: Turns::default(),
        context: OptRef::some(context.to_ref()),
        first_context: OptRef::some(context.to_ref()),
        socket: OptRef::NULL,
        owner: OptRef::NULL,
        server_hostname: OptRef::NULL,
        error: OptRef::NULL,
        server_side: Cell::new(server_side),
        shutdown_seen_zero: Cell::new(false),
        failure: Cell::default(),
    });
    // SAFETY: a live connection. Its data is the object that owns it. The streams get a reference each.
    unsafe {
        ffi::SSL_set_ex_data(ssl, 0, (&raw const *this).cast_mut().cast());
        ffi::X509_VERIFY_PARAM_set_hostflags(ffi::SSL_get0_param(ssl), context.host_flags_value());
        match transport {
            Transport::Socket(socket) => {
                ffi::SSL_set_fd(ssl, socket.fd());
            }
            Transport::Memory(incoming, outgoing) => {
                ffi::BIO_up_ref(incoming.as_ptr());
                ffi::BIO_up_ref(outgoing.as_ptr());
                ffi::SSL_set_bio(ssl, incoming.as_ptr(), outgoing.as_ptr());
            }
        }
        this.control(ctrl::MODE, MODE_ACCEPT_MOVING_WRITE_BUFFER | MODE_AUTO_RETRY, core::ptr::null_mut());
        if context.authenticates_later() {
            if server_side {
                // OpenSSL does not ignore the flag where nothing is verified.
                let mode = ffi::SSL_get_verify_mode(ssl);
                if mode & VERIFY_PEER != 0 {
                    let callback = ffi::SSL_get_verify_callback(ssl);
                    ffi::SSL_set_verify(ssl, mode | VERIFY_POST_HANDSHAKE, callback);
                }
            } else {
                ffi::SSL_set_post_handshake_auth(ssl, 1);
            }
        }
    }
    if let Some(host) = host {
        this.configure_host(context, host)?;
    }
    if let Transport::Socket(socket) = transport {
        this.set_blocking(socket.timeout_ns() < 0);
        this.socket.set(Some(PyWeakRef::new_ref_to(socket.as_object(), None)?));
    }
    // SAFETY: a live connection.
    unsafe { if server_side { ffi::SSL_set_accept_state(ssl) } else { ffi::SSL_set_connect_state(ssl) } }
    if let Some(owner) = owner {
        this.owner.set(Some(PyWeakRef::new_ref_to(owner, None)?));
    }
    if let Some(session) = session {
        this.resume(session)?;
    }
    Ok(this.into_obj())
}

impl PySslSocket {
    /// For OpenSSL's functions.
    pub fn as_ptr(&self) -> *mut ffi::SSL {
        self.connection.0
    }

    /// The context it has now.
    pub fn context_ref(&self) -> Option<Ref<PySslContext>> {
        self.context.get()
    }

    /// What Python code sees of it: the owner, or the socket, or itself. `None` if the owner or the socket is gone.
    pub fn shown(&self) -> Option<ObjRef> {
        match (self.owner.get(), self.socket.get()) {
            (Some(weak), _) | (None, Some(weak)) => weak.get(),
            (None, None) => Some(self.as_object().new_ref()),
        }
    }

    /// The socket it runs over: `None` if it has none, an error if that is gone.
    pub fn transport(&self) -> PyResult<Option<Ref<PySocket>>> {
        let Some(weak) = self.socket.get() else { return Ok(None) };
        match weak.get().map(ObjRef::downcast::<PySocket>) {
            Some(Ok(socket)) => Ok(Some(socket)),
            _ => Err(errors::numbered("Underlying socket connection gone")),
        }
    }

    /// Keeps an exception of a callback for the operation that made the call.
    pub fn keep_error(&self, error: PyErr) {
        self.error.set(Some(error.into_object()));
    }

    /// The exception of a callback, if one raised.
    pub fn callback_error(&self) -> Option<PyErr> {
        self.error.take().map(PyErr::from_instance)
    }

    /// An operation's exception, with that of a callback behind it.
    #[cold]
    pub fn with_callback_error(&self, error: PyErr) -> PyErr {
        match self.callback_error() {
            Some(earlier) => chain(error, earlier),
            None => error,
        }
    }

    /// The exception for the last failure.
    #[cold]
    #[track_caller]
    pub fn failed(&self) -> PyErr {
        let error = self.failure.get().into_error(self.as_ptr(), self.server_hostname.peek());
        self.with_callback_error(error)
    }

    /// `SSL_ctrl`.
    pub fn control(&self, command: c_int, number: c_long, pointer: *mut c_void) -> c_long {
        // SAFETY: a live connection; the callers pass what the command takes.
        unsafe { ffi::SSL_ctrl(self.as_ptr(), command, number, pointer) }
    }

    /// May the streams block?
    pub fn set_blocking(&self, blocking: bool) {
        // SAFETY: the streams of a live connection.
        unsafe {
            for bio in [ffi::SSL_get_rbio(self.as_ptr()), ffi::SSL_get_wbio(self.as_ptr())] {
                ffi::BIO_ctrl(bio, bio::SET_NON_BLOCKING, (!blocking).into(), core::ptr::null_mut());
            }
        }
    }

    fn is_established(&self) -> bool {
        // SAFETY: a live connection.
        unsafe { ffi::SSL_is_init_finished(self.as_ptr()) != 0 }
    }

    fn configure_host(&self, context: &PySslContext, host: &CStr) -> PyResult<()> {
        let name = host.to_bytes();
        // OpenSSL takes a leading dot for any host of that domain.
        if name.is_empty() || name[0] == b'.' {
            return Err(exc::value_error("server_hostname cannot be an empty string or start with a leading dot."));
        }
        self.server_hostname.set(Some(PyStr::new(&String::from_utf8_lossy(name)).into_obj()));
        // SAFETY: a live connection, NUL-terminated strings; the address is ours.
        unsafe {
            let address = ffi::a2i_IPADDRESS(host.as_ptr());
            let param = ffi::SSL_get0_param(self.as_ptr());
            let done = if address.is_null() {
                openssl::clear_errors();
                self.control(ctrl::SET_HOSTNAME, 0, host.as_ptr().cast_mut().cast()) != 0
                    && (!context.checks_hostname()
                        || ffi::X509_VERIFY_PARAM_set1_host(param, host.as_ptr(), name.len()) != 0)
            } else {
                let len = ffi::ASN1_STRING_length(address) as usize;
                let done = !context.checks_hostname()
                    || ffi::X509_VERIFY_PARAM_set1_ip(param, ffi::ASN1_STRING_get0_data(address), len) != 0;
                ffi::ASN1_OCTET_STRING_free(address);
                done
            };
            if done { Ok(()) } else { Err(errors::last()) }
        }
    }

    /// Takes up a session of an earlier connection.
    fn resume(&self, session: &PyObject) -> PyResult<()> {
        let Some(session) = session.downcast_exact::<PySslSession>() else {
            return Err(exc::type_error("Value is not a SSLSession."));
        };
        let same = match (self.context.get(), session.context()) {
            (Some(a), Some(b)) => a.as_ptr() == b.as_ptr(),
            _ => false,
        };
        if !same {
            return Err(exc::value_error("Session refers to a different SSLContext."));
        }
        if self.server_side.get() {
            return Err(exc::value_error("Cannot set session for server-side SSLSocket."));
        }
        if self.is_established() {
            return Err(exc::value_error("Cannot set session after handshake."));
        }
        // SAFETY: a live connection and session; the copy is ours.
        unsafe {
            let copy = ffi::SSL_SESSION_dup(session.as_ptr());
            if copy.is_null() {
                return Err(errors::last());
            }
            let done = ffi::SSL_set_session(self.as_ptr(), copy);
            ffi::SSL_SESSION_free(copy);
            if done == 0 { Err(errors::last()) } else { Ok(()) }
        }
    }

    /// A certificate of the other end, and a reference to it.
    fn with_peer<T>(&self, f: impl FnOnce(*mut ffi::X509) -> T) -> Option<T> {
        // SAFETY: a live connection; the reference is ours.
        unsafe {
            let peer = ffi::SSL_get1_peer_certificate(self.as_ptr());
            if peer.is_null() {
                return None;
            }
            let result = f(peer);
            ffi::X509_free(peer);
            Some(result)
        }
    }
}

#[pymethods]
impl PySslSocket {
    #[pymethod]
    fn do_handshake(&self) -> PyResult<()> {
        self.handshake()
    }
    /// Writes the bytes-like object b into the SSL object.
    ///
    /// Returns the number of bytes written.
    #[pymethod(sig = "($self, b, /)")]
    fn write(&self, b: ArgBytes<'_>) -> PyResult<usize> {
        self.send(&b)
    }
    /// read(size, [buffer])
    /// Read up to size bytes from the SSL socket.
    #[pymethod(sig = "($self, size, buffer=b'', /)")]
    fn read(&self, size: isize, buffer: Option<&PyObject>) -> PyResult<ObjRef> {
        match buffer {
            None => {
                let size = usize::try_from(size).map_err(|_| exc::value_error("size should not be negative"))?;
                let bytes = PyBytes::alloc(size)?;
                if size == 0 {
                    return Ok(bytes.into_obj());
                }
                // SAFETY: fresh bytes of that length, which nobody else sees.
                let room = unsafe { core::slice::from_raw_parts_mut(bytes.data_ptr(), size) };
                let n = self.receive(room)?;
                Ok(PyBytes::resize(bytes, n)?.into_obj())
            }
            Some(buffer) => {
                let mut buffer = Buffer::writable_for("read", buffer)?;
                let room = buffer.bytes_mut();
                let size = match usize::try_from(size) {
                    Ok(size) if size > 0 && size <= room.len() => size,
                    _ => room.len(),
                };
                let n = if size == 0 { 0 } else { self.receive(&mut room[..size])? };
                Ok(crate::support::int(n as i64))
            }
        }
    }
    /// Returns the number of already decrypted bytes available for read, pending on the connection.
    #[pymethod]
    fn pending(&self) -> i32 {
        // SAFETY: a live connection.
        unsafe { ffi::SSL_pending(self.as_ptr()) }
    }
    /// Does the SSL shutdown handshake with the remote end.
    #[pymethod]
    fn shutdown(&self) -> PyResult<Option<ObjRef>> {
        self.close_notify()
    }

    /// Returns the certificate for the peer.
    ///
    /// If no certificate was provided, returns None.  If a certificate was
    /// provided, but not validated, returns an empty dictionary.  Otherwise
    /// returns a dict containing information about the peer certificate.
    ///
    /// If the optional argument is True, returns a DER-encoded copy of the
    /// peer certificate, or None if no certificate was provided.  This will
    /// return the certificate even if it wasn't validated.
    #[pymethod(sig = "($self, der=False, /)")]
    fn getpeercert(&self, der: bool) -> PyResult<Option<ObjRef>> {
        if !self.is_established() {
            return Err(exc::value_error("handshake not done yet"));
        }
        // SAFETY: a live connection and its context.
        let mode = unsafe { ffi::SSL_CTX_get_verify_mode(ffi::SSL_get_SSL_CTX(self.as_ptr())) };
        self.with_peer(|peer| {
            if der {
                certificate::to_der(peer)
            } else if mode & VERIFY_PEER == 0 {
                Ok(PyDict::new().into_obj())
            } else {
                certificate::decode(peer)
            }
        })
        .transpose()
    }
    #[pymethod]
    fn get_verified_chain(&self) -> Option<ObjRef> {
        // SAFETY: a live connection.
        let chain = unsafe { ffi::SSL_get0_verified_chain(self.as_ptr()) };
        (!chain.is_null()).then(|| certificate::list(certificate::wrap_all(chain)))
    }
    #[pymethod]
    fn get_unverified_chain(&self) -> Option<ObjRef> {
        // SAFETY: a live connection.
        let chain = unsafe { ffi::SSL_get_peer_cert_chain(self.as_ptr()) };
        if chain.is_null() {
            return None;
        }
        let mut certificates = certificate::wrap_all(chain);
        // A server's chain lacks the client's own certificate.
        if self.server_side.get() {
            certificates.insert(0, self.with_peer(certificate::wrap).unwrap_or_else(rpy_vm::none));
        }
        Some(certificate::list(certificates))
    }
    /// Get channel binding data for current connection.
    ///
    /// Raise ValueError if the requested `cb_type` is not supported.  Return bytes
    /// of the data or None if the data is not available (e.g. before the handshake).
    /// Only 'tls-unique' channel binding data from RFC 5929 is supported.
    #[pymethod(sig = "($self, /, cb_type='tls-unique')")]
    fn get_channel_binding(&self, cb_type: Option<&str>) -> PyResult<Option<ObjRef>> {
        let wanted = cb_type.unwrap_or("tls-unique");
        if wanted != "tls-unique" {
            return Err(exc::value_error(format!("'{wanted}' channel binding type not implemented")));
        }
        let mut data = [0u8; 128];
        // SAFETY: a live connection, pointer and length of the array.
        let len = unsafe {
            let reused = ffi::SSL_session_reused(self.as_ptr()) != 0;
            // The first message of the handshake's end: the client's, or the server's if a session goes on.
            if reused != self.server_side.get() {
                ffi::SSL_get_peer_finished(self.as_ptr(), data.as_mut_ptr().cast(), data.len())
            } else {
                ffi::SSL_get_finished(self.as_ptr(), data.as_mut_ptr().cast(), data.len())
            }
        };
        Ok((len > 0).then(|| PyBytes::new(&data[..len.min(data.len())]).into_obj()))
    }
    #[pymethod]
    fn cipher(&self) -> Option<ObjRef> {
        // SAFETY: a live connection.
        let cipher = unsafe { ffi::SSL_get_current_cipher(self.as_ptr()) };
        (!cipher.is_null()).then(|| ciphers::to_tuple(cipher))
    }
    #[pymethod]
    fn shared_ciphers(&self) -> Option<ObjRef> {
        ciphers::shared(self.as_ptr())
    }
    #[pymethod]
    fn version(&self) -> Option<String> {
        if !self.is_established() {
            return None;
        }
        // SAFETY: a live connection; a static string.
        openssl::text(unsafe { ffi::SSL_get_version(self.as_ptr()) }).filter(|v| v != "unknown")
    }
    #[pymethod]
    fn selected_alpn_protocol(&self) -> PyResult<Option<ObjRef>> {
        let mut data = core::ptr::null();
        let mut len: c_uint = 0;
        // SAFETY: a live connection, which keeps so many bytes.
        let bytes = unsafe {
            ffi::SSL_get0_alpn_selected(self.as_ptr(), &mut data, &mut len);
            if data.is_null() {
                return Ok(None);
            }
            core::slice::from_raw_parts(data, len as usize)
        };
        Ok(Some(rpy_vm::runtime::codecs::decode_bytes(bytes, Some("utf-8"), None)?.into_obj()))
    }
    #[pymethod]
    fn compression(&self) -> Option<String> {
        // SAFETY: a live connection, a static method, and any number.
        unsafe {
            let method = ffi::SSL_get_current_compression(self.as_ptr());
            if method.is_null() {
                return None;
            }
            match ffi::COMP_get_type(method) {
                0 => None,
                nid => openssl::text(ffi::OBJ_nid2sn(nid)),
            }
        }
    }
    /// Initiate TLS 1.3 post-handshake authentication
    #[pymethod]
    fn verify_client_post_handshake(&self) -> PyResult<()> {
        // SAFETY: a live connection.
        match unsafe { ffi::SSL_verify_client_post_handshake(self.as_ptr()) } {
            0 => Err(errors::last()),
            _ => Ok(()),
        }
    }

    /// This changes the context associated with the SSLSocket.
    ///
    /// This is typically used from within a callback function set by the sni_callback
    /// on the SSLContext to change the certificate information associated with the
    /// SSLSocket before the cryptographic exchange handshake messages.
    #[pygetset]
    fn context(&self) -> Option<Ref<PySslContext>> {
        self.context.get()
    }
    #[pygetset(setter)]
    fn set_context(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(context) = value.and_then(|v| v.downcast_ref::<PySslContext>()) else {
            return Err(exc::type_error("The value must be a SSLContext"));
        };
        self.context.set(Some(context.to_ref()));
        let f: Option<ffi::msg_cb> = (!context.msg_callback.is_null()).then_some(super::callbacks::message);
        // SAFETY: a live connection and context.
        unsafe {
            ffi::SSL_set_SSL_CTX(self.as_ptr(), context.as_ptr());
            ffi::SSL_set_msg_callback(self.as_ptr(), f);
        }
        Ok(())
    }
    /// Whether this is a server-side socket.
    #[pygetset]
    fn server_side(&self) -> bool {
        self.server_side.get()
    }
    /// The currently set server hostname (for SNI).
    #[pygetset]
    fn server_hostname(&self) -> Option<ObjRef> {
        self.server_hostname.get()
    }
    /// The Python-level owner of this object.
    ///
    /// Passed as "self" in servername callback.
    #[pygetset]
    fn owner(&self) -> Option<ObjRef> {
        self.owner.get().and_then(|weak| weak.get())
    }
    #[pygetset(setter)]
    fn set_owner(&self, value: Option<&PyObject>) -> PyResult<()> {
        let owner = value.ok_or_else(|| exc::attribute_error_msg("cannot delete attribute"))?;
        self.owner.set(Some(PyWeakRef::new_ref_to(owner, None)?));
        Ok(())
    }
    /// Get / set SSLSession.
    #[pygetset]
    fn session(&self) -> PyResult<Option<ObjRef>> {
        // SAFETY: a live connection; the copy is ours.
        unsafe {
            let session = ffi::SSL_get_session(self.as_ptr());
            if session.is_null() {
                return Ok(None);
            }
            let copy = ffi::SSL_SESSION_dup(session);
            match (copy.is_null(), self.context.get()) {
                (false, Some(context)) => Ok(Some(PySslSession::new(copy, context))),
                (false, None) => {
                    ffi::SSL_SESSION_free(copy);
                    Ok(None)
                }
                (true, _) => Err(errors::last()),
            }
        }
    }
    #[pygetset(setter)]
    fn set_session(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            Some(session) => self.resume(session),
            None => Err(exc::type_error("Value is not a SSLSession.")),
        }
    }
    /// Was the client session reused during handshake?
    #[pygetset]
    fn session_reused(&self) -> bool {
        // SAFETY: a live connection.
        unsafe { ffi::SSL_session_reused(self.as_ptr()) != 0 }
    }
}

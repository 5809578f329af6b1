//! `_ssl._SSLContext`: settings that connections share.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_long, c_uint, c_ulong, c_void};
use std::ffi::CString;

use rpy_vm::convert::{ArgCtx, FromArg};
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::protocol::{number, object as protocol};
use rpy_vm::runtime::warnings;
use rpy_vm::types::dict::PyDict;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, pyclass, pymethods};

use super::constants::*;
use super::memory_bio::PyMemoryBio;
use super::socket::{self, PySslSocket, Transport};
use super::threads::{Turns, unlocked};
use super::{callbacks, certificate, ciphers, errors, loading};
use crate::openssl::{self, ffi};
use crate::socket::object::PySocket;
use crate::support::int;

/// OpenSSL's context, owned.
pub struct ContextPtr(pub *mut ffi::SSL_CTX);

impl Drop for ContextPtr {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ffi::SSL_CTX_free(self.0) }
    }
}

#[pyclass(name = "_SSLContext", module = "_ssl", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PySslContext {
    ob_base: PyObject,
    #[pytraverse(skip)]
    context: ContextPtr,
    /// Of those who change the context, or make connections of it.
    #[pytraverse(skip)]
    pub(super) turns: Turns,
    #[pytraverse(skip)]
    pub(super) alpn_protocols: RefCell<Vec<u8>>,
    pub(super) sni_callback: OptRef,
    pub(super) msg_callback: OptRef,
    pub(super) psk_client_callback: OptRef,
    pub(super) psk_server_callback: OptRef,
    keylog_filename: OptRef,
    #[pytraverse(skip)]
    pub(super) keylog: Cell<Option<callbacks::KeyLog>>,
    #[pytraverse(skip)]
    check_hostname: Cell<bool>,
    /// OpenSSL cannot be asked for them.
    #[pytraverse(skip)]
    host_flags: Cell<c_uint>,
    #[pytraverse(skip)]
    protocol: Cell<c_int>,
    #[pytraverse(skip)]
    post_handshake_auth: Cell<bool>,
}

fn deprecated(what: &str) -> PyResult<()> {
    warnings::warn(exc::DeprecationWarning(), format!("{what} deprecated"), 2)
}

/// An attribute's new value; it cannot be deleted.
fn given(value: Option<&PyObject>) -> PyResult<&PyObject> {
    value.ok_or_else(|| exc::attribute_error_msg("cannot delete attribute"))
}

fn convert<'a, T: FromArg<'a>>(value: Option<&'a PyObject>) -> PyResult<T> {
    T::from_arg(given(value)?, &ArgCtx { func: "setter", arg: "argument" })
}

fn callable_or_none(value: Option<&PyObject>) -> PyResult<Option<ObjRef>> {
    match value.filter(|o| !rpy_vm::is_none(o)) {
        Some(callback) if !protocol::callable(callback) => Err(exc::type_error("not a callable object")),
        callback => Ok(callback.map(PyStruct::to_ref)),
    }
}

impl PySslContext {
    /// For OpenSSL's functions.
    pub fn as_ptr(&self) -> *mut ffi::SSL_CTX {
        self.context.0
    }

    /// The kind of protocol the context was made for.
    pub fn protocol_number(&self) -> c_int {
        self.protocol.get()
    }

    /// Are host names checked?
    pub fn checks_hostname(&self) -> bool {
        self.check_hostname.get()
    }

    /// What host names may be.
    pub fn host_flags_value(&self) -> c_uint {
        self.host_flags.get()
    }

    /// May certificates be asked for after the handshake?
    pub fn authenticates_later(&self) -> bool {
        self.post_handshake_auth.get()
    }

    fn control(&self, command: c_int, number: c_long) -> c_long {
        // SAFETY: a live context, and a command without a pointer.
        unsafe { ffi::SSL_CTX_ctrl(self.as_ptr(), command, number, core::ptr::null_mut()) }
    }

    fn verification(&self) -> *mut ffi::X509_VERIFY_PARAM {
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_get0_param(self.as_ptr()) }
    }

    fn verify_bits(&self) -> c_int {
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_get_verify_mode(self.as_ptr()) }
    }

    fn store(&self) -> *mut ffi::X509_STORE {
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_get_cert_store(self.as_ptr()) }
    }

    fn set_verify(&self, requirement: i64) -> PyResult<()> {
        let mode = match requirement {
            0 => VERIFY_NONE,
            1 => VERIFY_PEER,
            2 => VERIFY_PEER | VERIFY_FAIL_IF_NO_PEER_CERT,
            _ => return Err(exc::value_error("invalid value for verify_mode")),
        };
        // SAFETY: a live context, which keeps its callback.
        unsafe { ffi::SSL_CTX_set_verify(self.as_ptr(), mode, ffi::SSL_CTX_get_verify_callback(self.as_ptr())) };
        Ok(())
    }

    fn set_version_bound(&self, value: Option<&PyObject>, lowest: bool) -> PyResult<()> {
        let version: i64 = convert(value)?;
        if version > i64::from(i32::MAX) {
            return Err(exc::overflow_error("Option is too long"));
        }
        if !matches!(self.protocol.get(), PROTOCOL_TLS | PROTOCOL_TLS_CLIENT | PROTOCOL_TLS_SERVER) {
            return Err(exc::value_error(
                "The context's protocol doesn't support modification of highest and lowest version.",
            ));
        }
        match version {
            VERSION_SSL3 => deprecated("ssl.TLSVersion.SSLv3 is")?,
            VERSION_TLS1 => deprecated("ssl.TLSVersion.TLSv1 is")?,
            VERSION_TLS1_1 => deprecated("ssl.TLSVersion.TLSv1_1 is")?,
            _ => {}
        }
        // Zero is OpenSSL's "whatever there is".
        let wanted = match (version, lowest) {
            (PROTO_MINIMUM_SUPPORTED, true) | (PROTO_MAXIMUM_SUPPORTED, false) => 0,
            (PROTO_MAXIMUM_SUPPORTED, true) => super::highest_version(),
            (PROTO_MINIMUM_SUPPORTED, false) => super::lowest_version(),
            (version, _) => version,
        };
        if self.control(if lowest { ctrl::SET_MIN_VERSION } else { ctrl::SET_MAX_VERSION }, wanted) == 0 {
            openssl::clear_errors();
            return Err(exc::value_error(format!("Unsupported protocol version 0x{wanted:x}")));
        }
        Ok(())
    }

    /// The name of the file that keys are written to.
    pub fn keylog_filename_ref(&self) -> Option<ObjRef> {
        self.keylog_filename.get()
    }

    fn close_keylog(&self) {
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_set_keylog_callback(self.as_ptr(), None) };
        self.keylog_filename.take();
        let old = self.keylog.take();
        unlocked(|| drop(old));
    }
}

/// The name of a host: ASCII without NULs.
pub fn host_name(object: Option<&PyObject>) -> PyResult<Option<CString>> {
    let Some(object) = object else { return Ok(None) };
    let Some(text) = object.downcast_ref::<rpy_vm::types::str::PyStr>() else {
        return Err(exc::type_error(format!("argument must be str, not {}", object.ty().name())));
    };
    let bytes = rpy_vm::runtime::codecs::encode_str(text, Some("ascii"), None)?;
    CString::new(&*ArgBytes::from_object(&bytes)?)
        .map(Some)
        .map_err(|_| exc::type_error("argument must be encoded string without null bytes, not str"))
}

#[pymethods]
impl PySslContext {
    #[pynew(sig = "(protocol, /)")]
    fn py_new(cls: &PyTypeObject, protocol: i32) -> PyResult<ObjRef> {
        let invalid = || -> PyErr { exc::value_error(format!("invalid or unsupported protocol version {protocol}")) };
        // SAFETY: no preconditions.
        let method = unsafe {
            match protocol {
                PROTOCOL_TLS_CLIENT => ffi::TLS_client_method(),
                PROTOCOL_TLS_SERVER => ffi::TLS_server_method(),
                PROTOCOL_SSLV3 | PROTOCOL_TLS | PROTOCOL_TLSV1 | PROTOCOL_TLSV1_1 | PROTOCOL_TLSV1_2 => {
                    ffi::TLS_method()
                }
                _ => return Err(invalid()),
            }
        };
        // The methods for one version are what the general one is with that version as both bounds.
        let only = match protocol {
            PROTOCOL_SSLV3 => Some((VERSION_SSL3, "ssl.PROTOCOL_SSLv3 is")),
            PROTOCOL_TLSV1 => Some((VERSION_TLS1, "ssl.PROTOCOL_TLSv1 is")),
            PROTOCOL_TLSV1_1 => Some((VERSION_TLS1_1, "ssl.PROTOCOL_TLSv1_1 is")),
            PROTOCOL_TLSV1_2 => Some((VERSION_TLS1_2, "ssl.PROTOCOL_TLSv1_2 is")),
            _ => None,
        };
        if let Some((version, name)) = only {
            if !super::has_version(version) {
                return Err(invalid());
            }
            deprecated(name)?;
        }
        if protocol == PROTOCOL_TLS {
            deprecated("ssl.PROTOCOL_TLS is")?;
        }
        // SAFETY: a static method.
        let context = unlocked(|| unsafe { ffi::SSL_CTX_new(method) });
        if context.is_null() {
            return Err(errors::last());
        }
        let client = protocol == PROTOCOL_TLS_CLIENT;
        let this = new_in(
            cls,
            PySslContext {
                ob_base: PyObject::placeholder(),
                context: ContextPtr(context),
                turns: Turns::default(),
                alpn_protocols: RefCell::default(),
                sni_callback: OptRef::NULL,
                msg_callback: OptRef::NULL,
                psk_client_callback: OptRef::NULL,
                psk_server_callback: OptRef::NULL,
                keylog_filename: OptRef::NULL,
                keylog: Cell::new(None),
                check_hostname: Cell::new(client),
                host_flags: Cell::new(CHECK_FLAG_NO_PARTIAL_WILDCARDS),
                protocol: Cell::new(protocol),
                post_handshake_auth: Cell::new(false),
            },
        )?;
        this.set_verify(if client { 2 } else { 0 })?;
        let mut options = OP_ALL | OP_NO_COMPRESSION | OP_CIPHER_SERVER_PREFERENCE;
        if protocol != PROTOCOL_SSLV3 {
            options |= OP_NO_SSLV3;
        }
        let ciphers = CString::new(DEFAULT_CIPHERS).unwrap_or_default();
        let id = c"Python";
        // SAFETY: a live context, NUL-terminated strings; the id has so many bytes, with its NUL.
        let selected = unsafe {
            ffi::SSL_CTX_set_options(context, options);
            let selected = ffi::SSL_CTX_set_cipher_list(context, ciphers.as_ptr());
            // With an id, a client would refuse the sessions that it makes of pre-shared keys.
            if !client {
                let len = id.to_bytes_with_nul().len() as c_uint;
                ffi::SSL_CTX_set_session_id_context(context, id.as_ptr().cast(), len);
            }
            ffi::SSL_CTX_set_post_handshake_auth(context, 0);
            ffi::X509_VERIFY_PARAM_set_flags(this.verification(), X509_V_FLAG_TRUSTED_FIRST);
            ffi::X509_VERIFY_PARAM_set_hostflags(this.verification(), CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            selected
        };
        if selected == 0 {
            openssl::clear_errors();
            return Err(errors::plain("No cipher can be selected."));
        }
        let bounds = match only {
            Some((version, _)) => (version, version),
            None => (VERSION_TLS1_2, 0),
        };
        if this.control(ctrl::SET_MIN_VERSION, bounds.0) == 0 || this.control(ctrl::SET_MAX_VERSION, bounds.1) == 0 {
            openssl::clear_errors();
            return Err(exc::value_error(format!("Failed to set minimum protocol 0x{:x}", bounds.0)));
        }
        this.control(ctrl::MODE, MODE_RELEASE_BUFFERS);
        Ok(this.into_obj())
    }

    #[pymethod(
        name = "_wrap_socket",
        sig = "($self, /, sock, server_side, server_hostname=None, *, owner=None, session=None)"
    )]
    fn wrap_socket(
        &self,
        sock: &PySocket,
        server_side: i32,
        server_hostname: Option<&PyObject>,
        owner: Option<&PyObject>,
        session: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let host = host_name(server_hostname)?;
        socket::connect(self, Transport::Socket(sock), server_side != 0, host.as_deref(), owner, session)
    }
    #[pymethod(
        name = "_wrap_bio",
        sig = "($self, /, incoming, outgoing, server_side, server_hostname=None, *, owner=None, session=None)"
    )]
    fn wrap_bio(
        &self,
        incoming: &PyMemoryBio,
        outgoing: &PyMemoryBio,
        server_side: i32,
        server_hostname: Option<&PyObject>,
        owner: Option<&PyObject>,
        session: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let host = host_name(server_hostname)?;
        let transport = Transport::Memory(incoming, outgoing);
        socket::connect(self, transport, server_side != 0, host.as_deref(), owner, session)
    }

    #[pymethod(sig = "($self, cipherlist, /)")]
    fn set_ciphers(&self, cipherlist: &str) -> PyResult<()> {
        let list = CString::new(cipherlist).map_err(|_| exc::value_error("embedded null character"))?;
        let _turn = self.turns.take()?;
        // SAFETY: a live context and a NUL-terminated string.
        if unsafe { ffi::SSL_CTX_set_cipher_list(self.as_ptr(), list.as_ptr()) } == 0 {
            openssl::clear_errors();
            return Err(errors::plain("No cipher can be selected."));
        }
        Ok(())
    }
    #[pymethod]
    fn get_ciphers(&self) -> PyResult<ObjRef> {
        ciphers::of_context(self.as_ptr())
    }
    #[pymethod(name = "_set_alpn_protocols", sig = "($self, protos, /)")]
    fn set_alpn_protocols(&self, protos: ArgBytes<'_>) -> PyResult<()> {
        let Ok(len) = c_uint::try_from(protos.len()) else {
            return Err(exc::overflow_error(format!("protocols longer than {} bytes", c_uint::MAX)));
        };
        let _turn = self.turns.take()?;
        *self.alpn_protocols.borrow_mut() = protos.to_vec();
        // SAFETY: a live context, pointer and length of the bytes, which are copied; the argument is this object, which
        // every connection of the context keeps alive.
        unsafe {
            if ffi::SSL_CTX_set_alpn_protos(self.as_ptr(), protos.as_ptr(), len) != 0 {
                return Err(exc::memory_error());
            }
            let this = self as *const PySslContext as *mut c_void;
            ffi::SSL_CTX_set_alpn_select_cb(self.as_ptr(), Some(callbacks::select_protocol), this);
        }
        Ok(())
    }

    #[pymethod(sig = "($self, /, certfile, keyfile=None, password=None)")]
    fn load_cert_chain(
        &self,
        certfile: &PyObject,
        keyfile: Option<&PyObject>,
        password: Option<&PyObject>,
    ) -> PyResult<()> {
        let _turn = self.turns.take()?;
        loading::cert_chain(self.as_ptr(), certfile, keyfile, password)
    }
    #[pymethod(sig = "($self, path, /)")]
    fn load_dh_params(&self, path: &PyObject) -> PyResult<()> {
        let _turn = self.turns.take()?;
        loading::dh_params(self.as_ptr(), path)
    }
    #[pymethod(sig = "($self, /, cafile=None, capath=None, cadata=None)")]
    fn load_verify_locations(
        &self,
        cafile: Option<&PyObject>,
        capath: Option<&PyObject>,
        cadata: Option<&PyObject>,
    ) -> PyResult<()> {
        let _turn = self.turns.take()?;
        loading::verify_locations(self.as_ptr(), cafile, capath, cadata)
    }
    #[pymethod]
    fn set_default_verify_paths(&self) -> PyResult<()> {
        let _turn = self.turns.take()?;
        // SAFETY: a live context.
        match unlocked(|| unsafe { ffi::SSL_CTX_set_default_verify_paths(self.as_ptr()) }) {
            0 => Err(errors::last()),
            _ => Ok(()),
        }
    }
    #[pymethod(sig = "($self, name, /)")]
    fn set_ecdh_curve(&self, name: &PyObject) -> PyResult<()> {
        let c_name = rpy_vm::runtime::paths::path_c_string(name)?;
        let _turn = self.turns.take()?;
        // SAFETY: a live context, a NUL-terminated string, and one number.
        unsafe {
            let mut nid = ffi::OBJ_sn2nid(c_name.as_ptr());
            if nid == 0 {
                openssl::clear_errors();
                let shown = protocol::repr(name)?;
                return Err(exc::value_error(format!("unknown elliptic curve name {}", shown.to_string_lossy())));
            }
            if ffi::SSL_CTX_ctrl(self.as_ptr(), ctrl::SET_GROUPS, 1, (&raw mut nid).cast()) == 0 {
                return Err(errors::last());
            }
        }
        Ok(())
    }

    #[pymethod]
    fn session_stats(&self) -> ObjRef {
        let stats = PyDict::new();
        for &(name, command) in ctrl::SESSION_COUNTERS {
            stats.set_name(name, int(self.control(command, 0)));
        }
        stats.into_obj()
    }
    /// Returns quantities of loaded X.509 certificates.
    ///
    /// X.509 certificates with a CA extension and certificate revocation lists
    /// inside the context's cert store.
    ///
    /// NOTE: Certificates in a capath directory aren't loaded unless they have
    /// been used at least once.
    #[pymethod]
    fn cert_store_stats(&self) -> PyResult<ObjRef> {
        let _turn = self.turns.take()?;
        let (mut certificates, mut revocations, mut authorities) = (0, 0, 0);
        for (kind, object) in certificate::store_objects(self.store()) {
            match kind {
                certificate::STORED_CERTIFICATE => {
                    certificates += 1;
                    // SAFETY: an object of that type, in the store.
                    authorities += i64::from(unsafe { ffi::X509_check_ca(ffi::X509_OBJECT_get0_X509(object)) } != 0);
                }
                certificate::STORED_REVOCATIONS => revocations += 1,
                _ => {}
            }
        }
        let stats = PyDict::new();
        stats.set_name("x509", int(certificates));
        stats.set_name("crl", int(revocations));
        stats.set_name("x509_ca", int(authorities));
        Ok(stats.into_obj())
    }
    /// Returns a list of dicts with information of loaded CA certs.
    ///
    /// If the optional argument is True, returns a DER-encoded copy of the CA
    /// certificate.
    ///
    /// NOTE: Certificates in a capath directory aren't loaded unless they have
    /// been used at least once.
    #[pymethod(sig = "($self, /, binary_form=False)")]
    fn get_ca_certs(&self, binary_form: bool) -> PyResult<ObjRef> {
        let _turn = self.turns.take()?;
        let authorities = certificate::store_certificates(self.store())
            .into_iter()
            // SAFETY: a certificate in the store.
            .filter(|&c| unsafe { ffi::X509_check_ca(c) } != 0)
            .map(|c| if binary_form { certificate::to_der(c) } else { certificate::decode(c) })
            .collect::<PyResult<Vec<_>>>()?;
        Ok(certificate::list(authorities))
    }

    #[pymethod(sig = "($self, /, callback)")]
    fn set_psk_client_callback(&self, callback: Option<&PyObject>) -> PyResult<()> {
        if self.protocol.get() == PROTOCOL_TLS_SERVER {
            return Err(errors::numbered("Cannot add PSK client callback to a PROTOCOL_TLS_SERVER context"));
        }
        let callback = callbacks::psk_callback(callback)?;
        let f: Option<ffi::psk_client_cb> = callback.is_some().then_some(callbacks::psk_client);
        self.psk_client_callback.set(callback);
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_set_psk_client_callback(self.as_ptr(), f) };
        Ok(())
    }
    #[pymethod(sig = "($self, /, callback, identity_hint=None)")]
    fn set_psk_server_callback(&self, callback: Option<&PyObject>, identity_hint: Option<&str>) -> PyResult<()> {
        if self.protocol.get() == PROTOCOL_TLS_CLIENT {
            return Err(errors::numbered("Cannot add PSK server callback to a PROTOCOL_TLS_CLIENT context"));
        }
        let callback = callbacks::psk_callback(callback)?;
        let hint =
            CString::new(identity_hint.unwrap_or("")).map_err(|_| exc::value_error("embedded null character"))?;
        let _turn = self.turns.take()?;
        // SAFETY: a live context and a NUL-terminated string, which is copied.
        let accepted = match callback {
            Some(_) => unsafe { ffi::SSL_CTX_use_psk_identity_hint(self.as_ptr(), hint.as_ptr()) },
            None => 1,
        };
        if accepted != 1 {
            return Err(errors::numbered("failed to set identity hint"));
        }
        let f: Option<ffi::psk_server_cb> = callback.is_some().then_some(callbacks::psk_server);
        self.psk_server_callback.set(callback);
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_set_psk_server_callback(self.as_ptr(), f) };
        Ok(())
    }

    #[pygetset]
    fn check_hostname(&self) -> bool {
        self.check_hostname.get()
    }
    #[pygetset(setter)]
    fn set_check_hostname(&self, value: Option<&PyObject>) -> PyResult<()> {
        let check = protocol::is_true(given(value)?)?;
        if check && self.verify_bits() == VERIFY_NONE {
            self.set_verify(2)?;
        }
        self.check_hostname.set(check);
        Ok(())
    }
    #[pygetset(name = "_host_flags")]
    fn host_flags(&self) -> c_uint {
        self.host_flags.get()
    }
    #[pygetset(name = "_host_flags", setter)]
    fn set_host_flags(&self, value: Option<&PyObject>) -> PyResult<()> {
        let flags = number::index(given(value)?)?.as_u64().unwrap_or_default() as c_uint;
        self.host_flags.set(flags);
        // SAFETY: the parameters of a live context.
        unsafe { ffi::X509_VERIFY_PARAM_set_hostflags(self.verification(), flags) };
        Ok(())
    }
    #[pygetset]
    fn minimum_version(&self) -> c_long {
        match self.control(ctrl::GET_MIN_VERSION, 0) {
            0 => PROTO_MINIMUM_SUPPORTED,
            version => version,
        }
    }
    #[pygetset(setter)]
    fn set_minimum_version(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_version_bound(value, true)
    }
    #[pygetset]
    fn maximum_version(&self) -> c_long {
        match self.control(ctrl::GET_MAX_VERSION, 0) {
            0 => PROTO_MAXIMUM_SUPPORTED,
            version => version,
        }
    }
    #[pygetset(setter)]
    fn set_maximum_version(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_version_bound(value, false)
    }
    #[pygetset]
    fn keylog_filename(&self) -> Option<ObjRef> {
        self.keylog_filename.get()
    }
    #[pygetset(setter)]
    fn set_keylog_filename(&self, value: Option<&PyObject>) -> PyResult<()> {
        let name = given(value)?;
        self.close_keylog();
        if rpy_vm::is_none(name) {
            return Ok(());
        }
        self.keylog.set(Some(callbacks::KeyLog::open(name)?));
        self.keylog_filename.set(Some(name.new_ref()));
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_set_keylog_callback(self.as_ptr(), Some(callbacks::key_log)) };
        Ok(())
    }
    #[pygetset(name = "_msg_callback")]
    fn msg_callback(&self) -> Option<ObjRef> {
        self.msg_callback.get()
    }
    #[pygetset(name = "_msg_callback", setter)]
    fn set_msg_callback(&self, value: Option<&PyObject>) -> PyResult<()> {
        let callback = callable_or_none(Some(given(value)?));
        let f: Option<ffi::msg_cb> = matches!(callback, Ok(Some(_))).then_some(callbacks::message);
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_set_msg_callback(self.as_ptr(), f) };
        self.msg_callback.take();
        self.msg_callback.set(callback?);
        Ok(())
    }
    /// Set a callback that will be called when a server name is provided by the SSL/TLS client in the SNI extension.
    ///
    /// If the argument is None then the callback is disabled. The method is called
    /// with the SSLSocket, the server name as a string, and the SSLContext object.
    /// See RFC 6066 for details of the SNI extension.
    #[pygetset]
    fn sni_callback(&self) -> Option<ObjRef> {
        self.sni_callback.get()
    }
    #[pygetset(setter)]
    fn set_sni_callback(&self, value: Option<&PyObject>) -> PyResult<()> {
        let value = given(value)?;
        if self.protocol.get() == PROTOCOL_TLS_CLIENT {
            return Err(exc::value_error("sni_callback cannot be set on TLS_CLIENT context"));
        }
        let callback = callable_or_none(Some(value));
        callbacks::set_server_name(self, matches!(callback, Ok(Some(_))));
        self.sni_callback.take();
        self.sni_callback.set(callback?);
        Ok(())
    }
    /// Control the number of TLSv1.3 session tickets
    #[pygetset]
    fn num_tickets(&self) -> usize {
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_get_num_tickets(self.as_ptr()) }
    }
    #[pygetset(setter)]
    fn set_num_tickets(&self, value: Option<&PyObject>) -> PyResult<()> {
        let count: i64 = convert(value)?;
        let Ok(count) = usize::try_from(count) else { return Err(exc::value_error("value must be non-negative")) };
        if self.protocol.get() != PROTOCOL_TLS_SERVER {
            return Err(exc::value_error("SSLContext is not a server context."));
        }
        // SAFETY: a live context.
        match unsafe { ffi::SSL_CTX_set_num_tickets(self.as_ptr(), count) } {
            1 => Ok(()),
            _ => Err(exc::value_error("failed to set num tickets.")),
        }
    }
    #[pygetset]
    fn options(&self) -> u64 {
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_get_options(self.as_ptr()) }
    }
    #[pygetset(setter)]
    fn set_options(&self, value: Option<&PyObject>) -> PyResult<()> {
        let value = given(value)?;
        let Some(value) = value.downcast_ref::<rpy_vm::types::int::PyInt>() else {
            return Err(exc::type_error(format!("argument must be int, not {}", value.ty().name())));
        };
        if value.is_negative() {
            return Err(exc::value_error("value must be positive"));
        }
        let new = value
            .as_u64()
            .ok_or_else(|| exc::overflow_error("Python int too large to convert to C unsigned long long"))?;
        let old = self.options();
        let (clear, set) = (old & !new, !old & new);
        if set & (OP_NO_SSLV3 | OP_NO_TLSV1 | OP_NO_TLSV1_1 | OP_NO_TLSV1_2 | OP_NO_TLSV1_3) != 0 {
            deprecated("ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are")?;
        }
        // SAFETY: a live context.
        unsafe {
            if clear != 0 {
                ffi::SSL_CTX_clear_options(self.as_ptr(), clear);
            }
            if set != 0 {
                ffi::SSL_CTX_set_options(self.as_ptr(), set);
            }
        }
        Ok(())
    }
    #[pygetset]
    fn post_handshake_auth(&self) -> bool {
        self.post_handshake_auth.get()
    }
    #[pygetset(setter)]
    fn set_post_handshake_auth(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.post_handshake_auth.set(protocol::is_true(given(value)?)?);
        Ok(())
    }
    #[pygetset]
    fn protocol(&self) -> c_int {
        self.protocol.get()
    }
    #[pygetset]
    fn verify_flags(&self) -> c_ulong {
        // SAFETY: the parameters of a live context.
        unsafe { ffi::X509_VERIFY_PARAM_get_flags(self.verification()) }
    }
    #[pygetset(setter)]
    fn set_verify_flags(&self, value: Option<&PyObject>) -> PyResult<()> {
        let value = number::index(given(value)?)?;
        let new = value.as_u64().or_else(|| value.as_i64().map(|v| v as u64)).unwrap_or_default();
        let old = self.verify_flags();
        let (clear, set) = (old & !new, !old & new);
        // SAFETY: the parameters of a live context.
        unsafe {
            if clear != 0 && ffi::X509_VERIFY_PARAM_clear_flags(self.verification(), clear) == 0 {
                return Err(errors::last());
            }
            if set != 0 && ffi::X509_VERIFY_PARAM_set_flags(self.verification(), set) == 0 {
                return Err(errors::last());
            }
        }
        Ok(())
    }
    #[pygetset]
    fn verify_mode(&self) -> PyResult<i32> {
        match self.verify_bits() & (VERIFY_PEER | VERIFY_FAIL_IF_NO_PEER_CERT) {
            VERIFY_NONE => Ok(0),
            VERIFY_PEER => Ok(1),
            mode if mode & VERIFY_PEER != 0 => Ok(2),
            _ => Err(errors::plain("invalid return value from SSL_CTX_get_verify_mode")),
        }
    }
    #[pygetset(setter)]
    fn set_verify_mode(&self, value: Option<&PyObject>) -> PyResult<()> {
        let mode: i32 = convert(value)?;
        if mode == 0 && self.check_hostname.get() {
            return Err(exc::value_error("Cannot set verify_mode to CERT_NONE when check_hostname is enabled."));
        }
        self.set_verify(mode.into())
    }
    /// The current security level
    #[pygetset]
    fn security_level(&self) -> c_int {
        // SAFETY: a live context.
        unsafe { ffi::SSL_CTX_get_security_level(self.as_ptr()) }
    }
}

/// The connection an OpenSSL object belongs to.
///
/// # Safety
/// `ssl` is a live connection made by this module.
pub unsafe fn connection_of<'a>(ssl: *const ffi::SSL) -> Option<&'a PySslSocket> {
    // SAFETY: the application's data is the Python object, which frees the connection before it goes.
    unsafe { ffi::SSL_get_ex_data(ssl, 0).cast::<PySslSocket>().as_ref() }
}

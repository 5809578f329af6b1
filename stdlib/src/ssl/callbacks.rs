//! What OpenSSL calls during a handshake: server names, protocols, messages, keys.
//!
//! OpenSSL runs without the GIL; each callback that touches Python objects takes it (`threads::locked`).

use core::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_void};
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::FromRawFd;
use std::sync::{Mutex, PoisonError};

use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc};

use super::constants::ctrl;
use super::context::{PySslContext, connection_of};
use super::threads::locked;
use crate::openssl::ffi;
use crate::support::int;

const TLSEXT_OK: c_int = 0;
const TLSEXT_FATAL: c_int = 2;
const TLSEXT_NO_ACK: c_int = 3;
const ALERT_HANDSHAKE_FAILURE: c_int = 40;
const ALERT_INTERNAL_ERROR: c_int = 80;
const NEGOTIATED: c_int = 1;

/// Chooses one of the protocols a client offers.
pub unsafe extern "C" fn select_protocol(
    _ssl: *mut ffi::SSL,
    out: *mut *const c_uchar,
    out_len: *mut c_uchar,
    offered: *const c_uchar,
    offered_len: c_uint,
    context: *mut c_void,
) -> c_int {
    locked(|| {
        // SAFETY: the argument is the context, which the connection keeps alive. What is chosen lies in the offer or in
        // the context's list, which nobody changes before OpenSSL has copied the choice.
        unsafe {
            let context = &*context.cast::<PySslContext>();
            let ours = context.alpn_protocols.borrow();
            let chosen = ffi::SSL_select_next_proto(
                out.cast(),
                out_len,
                ours.as_ptr(),
                ours.len() as c_uint,
                offered,
                offered_len,
            );
            if chosen == NEGOTIATED { TLSEXT_OK } else { TLSEXT_NO_ACK }
        }
    })
}

/// Has OpenSSL call the context's function for server names, or not.
pub fn set_server_name(context: &PySslContext, on: bool) {
    type Callback = unsafe extern "C" fn(*mut ffi::SSL, *mut c_int, *mut c_void) -> c_int;
    // SAFETY: the command takes a function of this type, and its argument; every connection of the context keeps the
    // context alive.
    unsafe {
        let f = on.then(|| core::mem::transmute::<Callback, unsafe extern "C" fn()>(server_name));
        ffi::SSL_CTX_callback_ctrl(context.as_ptr(), ctrl::SET_SERVERNAME_CALLBACK, f);
        let argument = context as *const PySslContext as *mut c_void;
        ffi::SSL_CTX_ctrl(context.as_ptr(), ctrl::SET_SERVERNAME_ARGUMENT, 0, argument);
    }
}

unsafe extern "C" fn server_name(ssl: *mut ffi::SSL, alert: *mut c_int, context: *mut c_void) -> c_int {
    locked(|| {
        // SAFETY: a live connection, and the context that it keeps alive.
        let (context, connection, name) =
            unsafe { (&*context.cast::<PySslContext>(), connection_of(ssl), ffi::SSL_get_servername(ssl, 0)) };
        let Some(callback) = context.sni_callback.get() else { return TLSEXT_OK };
        // SAFETY: OpenSSL's place for the alert's number.
        let fail = |number: c_int| unsafe {
            *alert = number;
            TLSEXT_FATAL
        };
        let Some(connection) = connection else { return fail(ALERT_INTERNAL_ERROR) };
        let Some(shown) = connection.shown() else { return fail(ALERT_INTERNAL_ERROR) };
        let name = if name.is_null() {
            rpy_vm::none()
        } else {
            // SAFETY: a NUL-terminated string.
            let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
            match rpy_vm::runtime::codecs::decode_bytes(bytes, Some("ascii"), None) {
                Ok(text) => text.into_obj(),
                Err(e) => {
                    e.write_unraisable(Some(PyBytes::new(bytes).as_object()));
                    return fail(ALERT_INTERNAL_ERROR);
                }
            }
        };
        match call::call(&callback, &[&shown, &name, context.as_object()]) {
            Err(e) => {
                e.write_unraisable(Some(&callback));
                fail(ALERT_HANDSHAKE_FAILURE)
            }
            Ok(result) if rpy_vm::is_none(&result) => TLSEXT_OK,
            Ok(result) => match alert_number(&result) {
                Ok(number) => fail(number),
                Err(e) => {
                    e.write_unraisable(Some(&result));
                    fail(ALERT_INTERNAL_ERROR)
                }
            },
        }
    })
}

fn alert_number(result: &PyObject) -> PyResult<c_int> {
    number::index(result)?.as_i32().ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))
}

const RECORD_CHANGE_CIPHER: c_int = 20;
const RECORD_ALERT: c_int = 21;
const RECORD_HANDSHAKE: c_int = 22;
const RECORD_HEADER: c_int = 256;
const RECORD_INNER_TYPE: c_int = 257;
const MESSAGE_CHANGE_CIPHER: c_int = 0x101;

/// Shows a protocol message to the context's function.
pub unsafe extern "C" fn message(
    write: c_int,
    version: c_int,
    content_type: c_int,
    data: *const c_void,
    len: usize,
    ssl: *mut ffi::SSL,
    _argument: *mut c_void,
) {
    locked(|| {
        // SAFETY: a live connection; so many bytes at `data`.
        let (connection, bytes) = unsafe {
            let bytes = if len == 0 { &[] } else { core::slice::from_raw_parts(data.cast::<u8>(), len) };
            (connection_of(ssl), bytes)
        };
        let Some(connection) = connection else { return };
        let Some(callback) = connection.context_ref().and_then(|c| c.msg_callback.get()) else { return };
        let at = |i: usize| bytes.get(i).copied().map_or(0, c_int::from);
        let mut version = version;
        let kind = match content_type {
            RECORD_CHANGE_CIPHER => MESSAGE_CHANGE_CIPHER,
            RECORD_ALERT => at(1),
            RECORD_HANDSHAKE | RECORD_INNER_TYPE => at(0),
            RECORD_HEADER => {
                version = at(1) << 8 | at(2);
                at(0)
            }
            _ => -1,
        };
        let shown = connection.shown().unwrap_or_else(rpy_vm::none);
        let direction = PyStr::interned(if write != 0 { "write" } else { "read" });
        let numbers = [int(version.into()), int(content_type.into()), int(kind.into())];
        let bytes = PyBytes::new(bytes);
        let args = [&*shown, direction.as_object(), &*numbers[0], &*numbers[1], &*numbers[2], bytes.as_object()];
        if let Err(e) = call::call(&callback, &args) {
            connection.keep_error(e);
        }
    });
}

/// A file for the keys of connections.
pub struct KeyLog(File);

/// Lines of connections of all contexts come one after the other.
static WRITING: Mutex<()> = Mutex::new(());

impl KeyLog {
    /// Opens it at its end; an empty file gets a heading.
    pub fn open(name: &PyObject) -> PyResult<KeyLog> {
        if name.downcast_ref::<rpy_vm::types::int::PyInt>().is_some() {
            return Err(exc::type_error("expected str, bytes or os.PathLike object, not int"));
        }
        let path = rpy_vm::runtime::paths::path_c_string(name)?;
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
        // SAFETY: a NUL-terminated string.
        let fd = rpy_vm::runtime::gil::allow_threads(|| unsafe { libc::open(path.as_ptr(), flags, 0o666) });
        if fd < 0 {
            return Err(exc::os_error_last(Some(name)));
        }
        // SAFETY: the descriptor just opened.
        let mut file = unsafe { File::from_raw_fd(fd) };
        if let Ok(0) = file.seek(std::io::SeekFrom::End(0)) {
            file.write_all(b"# TLS secrets log file, generated by OpenSSL / Python\n")
                .map_err(|e| exc::os_error_io(&e, Some(name)))?;
        }
        Ok(KeyLog(file))
    }

    fn write(&self, line: &[u8]) -> std::io::Result<()> {
        let _turn = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = line.to_vec();
        text.push(b'\n');
        (&self.0).write_all(&text)
    }
}

/// Writes a line about a connection's keys.
pub unsafe extern "C" fn key_log(ssl: *const ffi::SSL, line: *const c_char) {
    locked(|| {
        // SAFETY: a live connection and a NUL-terminated string.
        let (connection, line) = unsafe { (connection_of(ssl), CStr::from_ptr(line)) };
        let Some(connection) = connection else { return };
        let Some(context) = connection.context_ref() else { return };
        let Some(log) = context.keylog.take() else { return };
        let written = log.write(line.to_bytes());
        context.keylog.set(Some(log));
        if let Err(e) = written {
            let name = context.keylog_filename_ref();
            connection.keep_error(exc::os_error_io(&e, name.as_deref()));
        }
    });
}

/// The function for pre-shared keys that was passed to a context.
pub fn psk_callback(callback: Option<&PyObject>) -> PyResult<Option<ObjRef>> {
    match callback {
        Some(callback) if !protocol::callable(callback) => Err(exc::type_error("callback must be callable")),
        callback => Ok(callback.map(PyStruct::to_ref)),
    }
}

fn text_or_none(pointer: *const c_char) -> PyResult<ObjRef> {
    if pointer.is_null() {
        return Ok(rpy_vm::none());
    }
    // SAFETY: a NUL-terminated string.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    if bytes.is_empty() {
        return Ok(rpy_vm::none());
    }
    Ok(rpy_vm::runtime::codecs::decode_bytes(bytes, Some("utf-8"), None)?.into_obj())
}

/// Copies a key out; its length, or 0 if it has no room.
unsafe fn put_key(key: &[u8], room: *mut c_uchar, room_len: c_uint) -> c_uint {
    if key.len() > room_len as usize {
        return 0;
    }
    // SAFETY: the caller's buffer has room for it.
    unsafe { core::ptr::copy_nonoverlapping(key.as_ptr(), room, key.len()) };
    key.len() as c_uint
}

/// Asks the context's function for a client's identity and key.
pub unsafe extern "C" fn psk_client(
    ssl: *mut ffi::SSL,
    hint: *const c_char,
    identity: *mut c_char,
    identity_len: c_uint,
    key: *mut c_uchar,
    key_len: c_uint,
) -> c_uint {
    locked(|| {
        // SAFETY: a live connection.
        let Some(callback) =
            (unsafe { connection_of(ssl) }).and_then(|c| c.context_ref()).and_then(|c| c.psk_client_callback.get())
        else {
            return 0;
        };
        let ask = || -> PyResult<c_uint> {
            let answer = call::call_one(&callback, &*text_or_none(hint)?)?;
            let pair = answer.downcast_ref::<PyTuple>().filter(|t| t.len() == 2);
            let (Some(name), Some(secret)) = (pair.and_then(|p| p.get(0)), pair.and_then(|p| p.get(1))) else {
                return Err(exc::type_error("psk client callback must return a tuple of two items"));
            };
            let name: Vec<u8> = if rpy_vm::is_none(name) {
                Vec::new()
            } else if let Some(text) = name.downcast_ref::<PyStr>() {
                text.as_utf8()?.as_bytes().to_vec()
            } else {
                ArgBytes::from_object(name)?.to_vec()
            };
            let secret = ArgBytes::from_object(secret)?;
            if name.len() + 1 > identity_len as usize {
                return Ok(0);
            }
            // SAFETY: the identity has room for the name and a NUL byte; the key has the room given.
            unsafe {
                core::ptr::copy_nonoverlapping(name.as_ptr(), identity.cast(), name.len());
                *identity.add(name.len()) = 0;
                Ok(put_key(&secret, key, key_len))
            }
        };
        ask().unwrap_or_else(|e| {
            e.write_unraisable(Some(&callback));
            0
        })
    })
}

/// Asks the context's function for the key of a client.
pub unsafe extern "C" fn psk_server(
    ssl: *mut ffi::SSL,
    identity: *const c_char,
    key: *mut c_uchar,
    key_len: c_uint,
) -> c_uint {
    locked(|| {
        // SAFETY: a live connection.
        let Some(callback) =
            (unsafe { connection_of(ssl) }).and_then(|c| c.context_ref()).and_then(|c| c.psk_server_callback.get())
        else {
            return 0;
        };
        let ask = || -> PyResult<c_uint> {
            let answer = call::call_one(&callback, &*text_or_none(identity)?)?;
            // SAFETY: the key has the room given.
            Ok(unsafe { put_key(&ArgBytes::from_object(&answer)?, key, key_len) })
        };
        ask().unwrap_or_else(|e| {
            e.write_unraisable(Some(&callback));
            0
        })
    })
}

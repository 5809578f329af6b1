//! What a connection does: handshakes, reading, writing, closing.
//!
//! OpenSSL runs on a descriptor that does not block if the Python socket has a timeout; it then says what it waits for, and
//! this module waits as the timeout says. Over memory it never waits. Where OpenSSL does not wait, threads take turns at a
//! connection.

use core::cell::RefCell;
use core::ffi::c_int;

use rpy_vm::runtime::signals;
use rpy_vm::{ObjRef, PyErr, PyResult, Ref, exc};

use super::constants::*;
use super::errors::{self, Failure};
use super::socket::PySslSocket;
use super::threads::unlocked;
use crate::openssl::{self, ffi};
use crate::select::Deadline;
use crate::socket::object::PySocket;

/// How waiting for a socket ended.
enum Waited {
    /// There is nothing to wait for or no waiting is wanted: the caller tells Python to come again.
    NonBlocking,
    TimedOut,
    Closed,
    /// Try again.
    Ready,
}

/// The socket of a connection during one operation, and how long that may take.
struct Patience {
    socket: Option<Ref<PySocket>>,
    deadline: Option<Deadline>,
}

impl Patience {
    /// Takes the socket, and has OpenSSL block as the socket does.
    fn new(connection: &PySslSocket) -> PyResult<Patience> {
        let socket = connection.transport()?;
        let timeout = socket.as_ref().map_or(0, |s| s.timeout_ns());
        if socket.is_some() {
            // It may have changed since the last time.
            connection.set_blocking(timeout < 0);
        }
        let deadline = if timeout > 0 { Some(Deadline::after(Some(timeout))?) } else { None };
        Ok(Patience { socket, deadline })
    }

    fn wait(&self, writing: bool) -> PyResult<Waited> {
        let Some(socket) = &self.socket else { return Ok(Waited::NonBlocking) };
        let Some(deadline) = self.deadline else {
            return Ok(if socket.timeout_ns() == 0 { Waited::NonBlocking } else { Waited::Ready });
        };
        let left = deadline.left()?.unwrap_or(0);
        if left <= 0 {
            return Ok(Waited::TimedOut);
        }
        if socket.fd() < 0 {
            return Ok(Waited::Closed);
        }
        let events = if writing { libc::POLLOUT } else { libc::POLLIN };
        let mut entry = libc::pollfd { fd: socket.fd(), events, revents: 0 };
        let ms = crate::select::poll_ms(Some(left))?;
        // SAFETY: the entry lives during the call.
        match unlocked(|| unsafe { libc::poll(&mut entry, 1, ms) }) {
            0 => Ok(Waited::TimedOut),
            _ => Ok(Waited::Ready),
        }
    }
}

std::thread_local! {
    /// The connections inside of which this thread is, the innermost last.
    static INSIDE: RefCell<Vec<*mut ffi::SSL>> = const { RefCell::new(Vec::new()) };
}

/// A thread's stay inside of a connection, until this is dropped.
struct Stay;

impl Stay {
    /// Enters a connection, unless a callback of this very connection asks for it, which OpenSSL does not survive.
    fn begin(ssl: *mut ffi::SSL) -> PyResult<Stay> {
        INSIDE.with_borrow_mut(|inside| {
            if inside.contains(&ssl) {
                return Err(exc::runtime_error("a callback cannot use the connection that it is called for"));
            }
            inside.push(ssl);
            Ok(Stay)
        })
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(|inside| inside.pop());
    }
}

fn closed() -> PyErr {
    errors::plain("Underlying socket has been closed.")
}

impl PySslSocket {
    /// Runs one of OpenSSL's functions, over a socket without the GIL. `is_failure` says which results are failures.
    fn attempt(
        &self,
        patience: &Patience,
        is_failure: impl FnOnce(c_int) -> bool,
        f: impl FnOnce(*mut ffi::SSL) -> c_int,
    ) -> PyResult<c_int> {
        let ssl = self.as_ptr();
        let _stay = Stay::begin(ssl)?;
        let call = || {
            openssl::clear_errors();
            // SAFETY: errno is this thread's; a live connection.
            unsafe {
                *libc::__errno_location() = 0;
                let result = f(ssl);
                let errno = *libc::__errno_location();
                let failure = if is_failure(result) {
                    Failure { ssl: ffi::SSL_get_error(ssl, result), errno }
                } else {
                    Failure::default()
                };
                (result, failure)
            }
        };
        let (result, failure) = match &patience.socket {
            // Nothing waits, and the streams in memory are used under the GIL.
            None => call(),
            // It may wait for long. Meanwhile other threads may send what it is to be answered to.
            Some(socket) if socket.timeout_ns() < 0 => unlocked(call),
            Some(_) => {
                let _turn = self.turns.take()?;
                unlocked(call)
            }
        };
        self.failure.set(failure);
        Ok(result)
    }

    /// Runs one of OpenSSL's functions, waiting for the socket as long as it wants that. Gives its result, which is positive,
    /// or 0 if the other end has closed the connection and `at_end` accepts that.
    fn complete(
        &self,
        patience: &Patience,
        timed_out: &str,
        at_end: bool,
        mut f: impl FnMut(*mut ffi::SSL) -> c_int,
    ) -> PyResult<c_int> {
        loop {
            let result = self.attempt(patience, |r| r <= 0, &mut f)?;
            let failure = self.failure.get().ssl;
            signals::check()?;
            let waited = match failure {
                ERROR_WANT_READ => patience.wait(false)?,
                ERROR_WANT_WRITE => patience.wait(true)?,
                // SAFETY: a live connection.
                ERROR_ZERO_RETURN if at_end && unsafe { ffi::SSL_get_shutdown(self.as_ptr()) } == RECEIVED_SHUTDOWN => {
                    return Ok(0);
                }
                _ if result > 0 => {
                    return match self.callback_error() {
                        Some(e) => Err(e),
                        None => Ok(result),
                    };
                }
                _ => return Err(self.failed()),
            };
            match waited {
                Waited::TimedOut => return Err(exc::timeout_error(timed_out)),
                Waited::Closed => return Err(closed()),
                Waited::NonBlocking => return Err(self.failed()),
                Waited::Ready => {}
            }
        }
    }

    /// `do_handshake`.
    pub fn handshake(&self) -> PyResult<()> {
        let patience = Patience::new(self)?;
        let late = concat!("_ssl.c:", line!(), ": The handshake operation timed out");
        // SAFETY: a live connection.
        self.complete(&patience, late, false, |ssl| unsafe { ffi::SSL_do_handshake(ssl) })
            .map_err(|e| self.with_callback_error(e))?;
        Ok(())
    }

    /// `write`: how many bytes were written.
    pub fn send(&self, data: &[u8]) -> PyResult<usize> {
        const LATE: &str = "The write operation timed out";
        let patience = Patience::new(self)?;
        if patience.socket.is_some() {
            match patience.wait(true)? {
                Waited::TimedOut => return Err(exc::timeout_error(LATE)),
                Waited::Closed => return Err(closed()),
                Waited::NonBlocking | Waited::Ready => {}
            }
        }
        let mut written = 0;
        self.complete(&patience, LATE, false, |ssl| {
            // SAFETY: a live connection, pointer and length of the data.
            unsafe { ffi::SSL_write_ex(ssl, data.as_ptr().cast(), data.len(), &mut written) }
        })
        .map_err(|e| self.with_callback_error(e))?;
        Ok(written)
    }

    /// `read`: how many bytes were read; 0 at the end.
    pub fn receive(&self, room: &mut [u8]) -> PyResult<usize> {
        let patience = Patience::new(self)?;
        let mut read = 0;
        let result = self
            .complete(&patience, "The read operation timed out", true, |ssl| {
                // SAFETY: a live connection, pointer and length of the room.
                unsafe { ffi::SSL_read_ex(ssl, room.as_mut_ptr().cast(), room.len(), &mut read) }
            })
            .map_err(|e| self.with_callback_error(e))?;
        Ok(if result == 0 { 0 } else { read })
    }

    /// `shutdown`: says goodbye, waits for the answer, and gives the socket back.
    pub fn close_notify(&self) -> PyResult<Option<ObjRef>> {
        let patience = Patience::new(self)?;
        if patience.socket.as_ref().is_some_and(|s| s.fd() < 0) {
            return Err(errors::numbered("Underlying socket connection gone"));
        }
        let mut zeros = 0;
        let result = loop {
            if self.shutdown_seen_zero.get() {
                // What comes behind the goodbye is not OpenSSL's.
                self.control(ctrl::SET_READ_AHEAD, 0, core::ptr::null_mut());
            }
            // SAFETY: a live connection.
            let result = self.attempt(&patience, |r| r < 0, |ssl| unsafe { ffi::SSL_shutdown(ssl) })?;
            if result > 0 {
                break result;
            }
            if result == 0 {
                // Ours is sent; twice without an answer is enough.
                zeros += 1;
                if zeros > 1 {
                    break result;
                }
                self.shutdown_seen_zero.set(true);
                continue;
            }
            let (waited, late) = match self.failure.get().ssl {
                ERROR_WANT_READ => (patience.wait(false)?, "The read operation timed out"),
                ERROR_WANT_WRITE => (patience.wait(true)?, "The write operation timed out"),
                _ => break result,
            };
            match waited {
                Waited::TimedOut => return Err(self.with_callback_error(exc::timeout_error(late))),
                Waited::Closed | Waited::NonBlocking => break result,
                Waited::Ready => signals::check()?,
            }
        };
        if result < 0 {
            return Err(self.failed());
        }
        match self.callback_error() {
            Some(e) => Err(e),
            None => Ok(patience.socket.map(Ref::into_obj)),
        }
    }
}

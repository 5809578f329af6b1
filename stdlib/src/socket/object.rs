//! `_socket.socket`.

use core::cell::Cell;

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
use rpy_vm::protocol::{number, object as protocol, sequence};
use rpy_vm::runtime::{audit, gil, signals};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, pyclass, pymethods};

use super::address::{self, Address};
use super::{DEFAULT_TIMEOUT, message, timeout_arg};
use crate::select::Deadline;
use crate::support::int;

/// socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object
/// socket(family=-1, type=-1, proto=-1, fileno=None) -> socket object
///
/// Open a socket of the given type.  The family argument specifies the
/// address family; it defaults to AF_INET.  The type argument specifies
/// whether this is a stream (SOCK_STREAM, this is the default)
/// or datagram (SOCK_DGRAM) socket.  The protocol argument defaults to 0,
/// specifying the default protocol.  Keyword arguments are accepted.
/// The socket is created as non-inheritable.
///
/// When a fileno is passed in, family, type and proto are auto-detected,
/// unless they are explicitly set.
///
/// A socket object represents one endpoint of a network connection.
#[pyclass(name = "socket", module = "_socket", flags(BASETYPE))]
#[repr(C)]
pub struct PySocket {
    ob_base: PyObject,
    pub(super) fd: Cell<i32>,
    /// the socket family
    #[pymember(int, readonly, name = "family")]
    pub(super) family: Cell<i32>,
    /// the socket type
    #[pymember(int, readonly, name = "type")]
    kind: Cell<i32>,
    /// the socket protocol
    #[pymember(int, readonly, name = "proto")]
    pub(super) proto: Cell<i32>,
    /// Nanoseconds; -1: none, 0: not blocking.
    timeout: Cell<i64>,
}

fn timed_out() -> PyErr {
    exc::timeout_error("timed out")
}

/// Waits until the descriptor is ready. `Ok(false)`: the time is over.
fn wait(fd: i32, writing: bool, ns: Option<i64>) -> Result<bool, i32> {
    // Of a closed socket nothing would ever be heard; the call that is to follow says what is wrong.
    if fd < 0 {
        return Ok(true);
    }
    let events = if writing { libc::POLLOUT } else { libc::POLLIN };
    let mut entry = libc::pollfd { fd, events, revents: 0 };
    let ms = match ns {
        Some(ns) => ((i128::from(ns) + 999_999) / 1_000_000).min(i128::from(i32::MAX)) as i32,
        None => -1,
    };
    // SAFETY: the entry lives during the call.
    match gil::allow_threads(|| unsafe { libc::poll(&mut entry, 1, ms) }) {
        n if n < 0 => Err(exc::last_errno()),
        n => Ok(n > 0),
    }
}

impl PySocket {
    /// The descriptor; negative if closed.
    pub fn fd(&self) -> i32 {
        self.fd.get()
    }

    /// The timeout in nanoseconds; -1: none, 0: not blocking.
    pub fn timeout_ns(&self) -> i64 {
        self.timeout.get()
    }

    /// Runs a system call without the GIL as the timeout says, again after signals whose handlers did not raise.
    pub(super) fn call(&self, writing: bool, f: impl FnMut() -> isize) -> PyResult<isize> {
        self.call_until(writing, Deadline::after(self.limit())?, f)
    }

    fn limit(&self) -> Option<i64> {
        (self.timeout.get() > 0).then(|| self.timeout.get())
    }

    fn call_until(&self, writing: bool, deadline: Deadline, mut f: impl FnMut() -> isize) -> PyResult<isize> {
        let fd = self.fd.get();
        loop {
            if self.timeout.get() > 0 {
                let left = deadline.left()?;
                if left == Some(0) {
                    return Err(timed_out());
                }
                match wait(fd, writing, left) {
                    Ok(true) => {}
                    Ok(false) => return Err(timed_out()),
                    Err(libc::EINTR) => {
                        signals::run_pending()?;
                        continue;
                    }
                    Err(errno) => return Err(exc::os_error_errno(errno, None)),
                }
            }
            let result = gil::allow_threads(&mut f);
            if result >= 0 {
                return Ok(result);
            }
            match exc::last_errno() {
                libc::EINTR => signals::run_pending()?,
                libc::EAGAIN if self.timeout.get() > 0 => {}
                errno => return Err(exc::os_error_errno(errno, None)),
            }
        }
    }

    fn set_blocking(&self, blocking: bool) -> PyResult<()> {
        let mut flag: libc::c_int = (!blocking).into();
        // SAFETY: the flag lives during the call.
        if unsafe { libc::ioctl(self.fd.get(), libc::FIONBIO, &mut flag) } < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }

    fn checked(&self, result: i32) -> PyResult<()> {
        if result < 0 { Err(exc::os_error_last(None)) } else { Ok(()) }
    }

    pub(super) fn address(&self, object: &PyObject, caller: &str) -> PyResult<Address> {
        address::parse(self.family.get(), self.proto.get(), object, caller)
    }

    fn name(&self, f: unsafe extern "C" fn(i32, *mut libc::sockaddr, *mut libc::socklen_t) -> i32) -> PyResult<ObjRef> {
        let mut address = Address::room();
        let mut len = address.len;
        let fd = self.fd.get();
        let pointer = address.as_mut_ptr();
        // SAFETY: the address has the room the length says.
        self.checked(gil::allow_threads(|| unsafe { f(fd, pointer, &mut len) }))?;
        address.len = len;
        address.to_python(self.proto.get())
    }

    /// Connects; the error number if it fails and no Python code raised.
    fn start_connect(&self, address: &Address) -> PyResult<i32> {
        let fd = self.fd.get();
        // SAFETY: the address lives during the call.
        if gil::allow_threads(|| unsafe { libc::connect(fd, address.as_ptr(), address.len) }) == 0 {
            return Ok(0);
        }
        let errno = exc::last_errno();
        let wait = if errno == libc::EINTR {
            signals::run_pending()?;
            self.timeout.get() != 0
        } else {
            self.timeout.get() > 0 && errno == libc::EINPROGRESS
        };
        if !wait {
            return Ok(errno);
        }
        // The connection goes on by itself; when the socket is writable it is done.
        let deadline = Deadline::after(self.limit())?;
        loop {
            let left = if self.timeout.get() > 0 { deadline.left()? } else { None };
            if left == Some(0) {
                return Err(timed_out());
            }
            match self::wait(fd, true, left) {
                Ok(true) => break,
                Ok(false) => return Err(timed_out()),
                Err(libc::EINTR) => signals::run_pending()?,
                Err(errno) => return Ok(errno),
            }
        }
        let mut error: i32 = 0;
        let mut len = size_of::<i32>() as libc::socklen_t;
        // SAFETY: the number lives during the call.
        let result =
            unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ERROR, (&raw mut error).cast(), &mut len) };
        if result < 0 {
            return Ok(exc::last_errno());
        }
        Ok(if error == libc::EISCONN { 0 } else { error })
    }

    fn receive(&self, room: &mut [u8], flags: i32) -> PyResult<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        let fd = self.fd.get();
        // SAFETY: pointer and length of the slice.
        let n = self.call(false, || unsafe { libc::recv(fd, room.as_mut_ptr().cast(), room.len(), flags) })?;
        Ok(n as usize)
    }

    fn receive_from(&self, room: &mut [u8], flags: i32) -> PyResult<(usize, ObjRef)> {
        let fd = self.fd.get();
        let mut from = Address::room();
        let mut len = from.len;
        let pointer = from.as_mut_ptr();
        let n = self.call(false, || {
            len = size_of::<libc::sockaddr_storage>() as _;
            // SAFETY: pointers and lengths of the buffers.
            unsafe { libc::recvfrom(fd, room.as_mut_ptr().cast(), room.len(), flags, pointer, &mut len) }
        })?;
        from.len = len;
        Ok((n as usize, from.to_python(self.proto.get())?))
    }

    fn close_fd(&self) -> PyResult<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        // SAFETY: our own descriptor.
        let result = gil::allow_threads(|| unsafe { libc::close(fd) });
        // A connection reset by the peer is closed all the same.
        if result < 0 && exc::last_errno() != libc::ECONNRESET {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }
}

fn buffer_size(size: isize, message: &str) -> PyResult<usize> {
    usize::try_from(size).map_err(|_| exc::value_error(message))
}

#[pymethods]
impl PySocket {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        Ok(new_in(
            cls,
            PySocket {
                ob_base: PyObject::placeholder(),
                fd: Cell::new(-1),
                family: Cell::new(0),
                kind: Cell::new(0),
                proto: Cell::new(0),
                timeout: Cell::new(-1),
            },
        )?
        .into_obj())
    }

    #[pyinit(sig = "($self, family=-1, type=-1, proto=-1, fileno=None)")]
    fn py_init(&self, family: i32, kind: i32, proto: i32, fileno: Option<&PyObject>) -> PyResult<()> {
        let (mut family, mut kind, mut proto) = (family, kind, proto);
        audit::audit(
            "socket.__new__",
            &[self.as_object(), &int(family.into()), &int(kind.into()), &int(proto.into())],
        )?;
        let fd = if let Some(fileno) = fileno {
            let fd = number::index(fileno)?
                .as_i32()
                .ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))?;
            if fd < 0 {
                return Err(exc::value_error("negative file descriptor"));
            }
            let mut address = Address::room();
            let mut len = address.len;
            // SAFETY: the address has the room the length says.
            if unsafe { libc::getsockname(fd, address.as_mut_ptr(), &mut len) } < 0 {
                if family == -1 || !matches!(exc::last_errno(), libc::EINVAL) {
                    return Err(exc::os_error_last(None));
                }
            } else if family == -1 {
                family = address.storage.ss_family.into();
            }
            let option = |name: i32| -> PyResult<i32> {
                let mut value: i32 = 0;
                let mut len = size_of::<i32>() as libc::socklen_t;
                // SAFETY: the number lives during the call.
                let result = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, (&raw mut value).cast(), &mut len) };
                if result < 0 { Err(exc::os_error_last(None)) } else { Ok(value) }
            };
            if kind == -1 {
                kind = option(libc::SO_TYPE)?;
            }
            if proto == -1 {
                proto = option(libc::SO_PROTOCOL)?;
            }
            fd
        } else {
            family = if family == -1 { libc::AF_INET } else { family };
            kind = if kind == -1 { libc::SOCK_STREAM } else { kind };
            proto = if proto == -1 { 0 } else { proto };
            // SAFETY: a plain system call.
            let fd = gil::allow_threads(|| unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, proto) });
            if fd < 0 {
                return Err(exc::os_error_last(None));
            }
            fd
        };
        self.fd.set(fd);
        self.family.set(family);
        self.kind.set(kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC));
        self.proto.set(proto);
        if kind & libc::SOCK_NONBLOCK != 0 {
            self.timeout.set(0);
        } else {
            let default = DEFAULT_TIMEOUT.0.get();
            self.timeout.set(default);
            if default >= 0 {
                self.set_blocking(false)?;
            }
        }
        Ok(())
    }

    #[slot]
    fn tp_finalize(&self) {
        if self.fd.get() >= 0 {
            let text = protocol::repr(self.as_object())
                .map_or_else(|_| String::from("<socket>"), |r| r.to_string_lossy().into_owned());
            if let Err(e) = rpy_vm::runtime::warnings::warn(exc::ResourceWarning(), format!("unclosed {text}"), 1) {
                e.write_unraisable(Some(self.as_object()));
            }
            if let Err(e) = self.close_fd() {
                e.write_unraisable(Some(self.as_object()));
            }
        }
    }

    #[slot]
    fn tp_repr(&self) -> String {
        format!(
            "<socket object, fd={}, family={}, type={}, proto={}>",
            self.fd.get(),
            self.family.get(),
            self.kind.get(),
            self.proto.get()
        )
    }

    /// _accept() -> (integer, address info)
    ///
    /// Wait for an incoming connection.  Return a new socket file descriptor
    /// representing the connection, and the address of the client.
    /// For IP sockets, the address info is a pair (hostaddr, port).
    #[pymethod(name = "_accept")]
    fn accept(&self) -> PyResult<(i32, ObjRef)> {
        let mut address = Address::room();
        let mut len = address.len;
        let fd = self.fd.get();
        let pointer = address.as_mut_ptr();
        let new = self.call(false, || {
            len = size_of::<libc::sockaddr_storage>() as _;
            // SAFETY: the address has the room the length says.
            unsafe { libc::accept4(fd, pointer, &mut len, libc::SOCK_CLOEXEC) as isize }
        })? as i32;
        address.len = len;
        match address.to_python(self.proto.get()) {
            Ok(address) => Ok((new, address)),
            Err(e) => {
                // SAFETY: the descriptor just made.
                unsafe { libc::close(new) };
                Err(e)
            }
        }
    }

    /// bind(address)
    ///
    /// Bind the socket to a local address.  For IP sockets, the address is a
    /// pair (host, port); the host must refer to the local host. For raw packet
    /// sockets the address is a tuple (ifname, proto [,pkttype [,hatype [,addr]]])
    #[pymethod(sig = "($self, address, /)")]
    fn bind(&self, address: &PyObject) -> PyResult<()> {
        let a = self.address(address, "bind")?;
        audit::audit("socket.bind", &[self.as_object(), address])?;
        let fd = self.fd.get();
        // SAFETY: the address lives during the call.
        self.checked(gil::allow_threads(|| unsafe { libc::bind(fd, a.as_ptr(), a.len) }))
    }

    /// close()
    ///
    /// Close the socket.  It cannot be used after this call.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        self.close_fd()
    }

    /// connect(address)
    ///
    /// Connect the socket to a remote address.  For IP sockets, the address
    /// is a pair (host, port).
    #[pymethod(sig = "($self, address, /)")]
    fn connect(&self, address: &PyObject) -> PyResult<()> {
        let a = self.address(address, "connect")?;
        audit::audit("socket.connect", &[self.as_object(), address])?;
        match self.start_connect(&a)? {
            0 => Ok(()),
            errno => Err(exc::os_error_errno(errno, None)),
        }
    }
    /// connect_ex(address) -> errno
    ///
    /// This is like connect(address), but returns an error code (the errno value)
    /// instead of raising an exception when an error occurs.
    #[pymethod(sig = "($self, address, /)")]
    fn connect_ex(&self, address: &PyObject) -> PyResult<i32> {
        let a = self.address(address, "connect_ex")?;
        audit::audit("socket.connect", &[self.as_object(), address])?;
        match self.start_connect(&a) {
            Err(e) if e.matches(exc::TimeoutError()) => Ok(libc::EAGAIN),
            other => other,
        }
    }

    /// detach()
    ///
    /// Close the socket object without closing the underlying file descriptor.
    /// The object cannot be used after this call, but the file descriptor
    /// can be reused for other purposes.  The file descriptor is returned.
    #[pymethod]
    fn detach(&self) -> i32 {
        self.fd.replace(-1)
    }
    /// fileno() -> integer
    ///
    /// Return the integer file descriptor of the socket.
    #[pymethod]
    fn fileno(&self) -> i32 {
        self.fd.get()
    }
    /// getpeername() -> address info
    ///
    /// Return the address of the remote endpoint.  For IP sockets, the address
    /// info is a pair (hostaddr, port).
    #[pymethod]
    fn getpeername(&self) -> PyResult<ObjRef> {
        self.name(libc::getpeername)
    }
    /// getsockname() -> address info
    ///
    /// Return the address of the local endpoint. The format depends on the
    /// address family. For IPv4 sockets, the address info is a pair
    /// (hostaddr, port). For IPv6 sockets, the address info is a 4-tuple
    /// (hostaddr, port, flowinfo, scope_id).
    #[pymethod]
    fn getsockname(&self) -> PyResult<ObjRef> {
        self.name(libc::getsockname)
    }

    /// getsockopt(level, option[, buffersize]) -> value
    ///
    /// Get a socket option.  See the Unix manual for level and option.
    /// If a nonzero buffersize argument is given, the return value is a
    /// string of that length; otherwise it is an integer.
    #[pymethod(sig = "($self, level, option, buffersize=0, /)")]
    fn getsockopt(&self, level: i32, option: i32, buffersize: i32) -> PyResult<ObjRef> {
        let fd = self.fd.get();
        if buffersize == 0 && self.family.get() == libc::AF_VSOCK {
            // The options of this family are 64 bits wide.
            let mut value: u64 = 0;
            let mut len = size_of::<u64>() as libc::socklen_t;
            // SAFETY: the number lives during the call.
            self.checked(unsafe { libc::getsockopt(fd, level, option, (&raw mut value).cast(), &mut len) })?;
            return Ok(PyInt::from_u64(value).into_obj());
        }
        if buffersize == 0 {
            let mut value: i32 = 0;
            let mut len = size_of::<i32>() as libc::socklen_t;
            // SAFETY: the number lives during the call.
            self.checked(unsafe { libc::getsockopt(fd, level, option, (&raw mut value).cast(), &mut len) })?;
            return Ok(int(value.into()));
        }
        if !(1..=1024).contains(&buffersize) {
            return Err(exc::os_error("getsockopt buflen out of range"));
        }
        let mut room = vec![0u8; buffersize as usize];
        let mut len = room.len() as libc::socklen_t;
        // SAFETY: the buffer has the length given.
        self.checked(unsafe { libc::getsockopt(fd, level, option, room.as_mut_ptr().cast(), &mut len) })?;
        room.truncate(len as usize);
        Ok(PyBytes::from_vec(room).into_obj())
    }

    /// setsockopt(level, option, value: int)
    /// setsockopt(level, option, value: buffer)
    /// setsockopt(level, option, None, optlen: int)
    ///
    /// Set a socket option.  See the Unix manual for level and option.
    /// The value argument can either be an integer, a string buffer, or
    /// None, optlen.
    #[pymethod(sig = "($self, level, option, value, optlen=<unrepresentable>, /)")]
    fn setsockopt(&self, level: i32, option: i32, value: &PyObject, optlen: Option<u32>) -> PyResult<()> {
        let fd = self.fd.get();
        if let Some(len) = optlen {
            if !rpy_vm::is_none(value) {
                return Err(exc::type_error("setsockopt() argument 3 must be None when optlen is given"));
            }
            // SAFETY: a length without a value, as asked for.
            return self.checked(unsafe { libc::setsockopt(fd, level, option, core::ptr::null(), len) });
        }
        if number::is_index(value) {
            let n = number::index(value)?;
            if self.family.get() == libc::AF_VSOCK {
                let n = n.as_u64().ok_or_else(|| exc::overflow_error("int too big to convert"))?;
                // SAFETY: the number lives during the call.
                return self.checked(unsafe {
                    libc::setsockopt(fd, level, option, (&raw const n).cast(), size_of::<u64>() as _)
                });
            }
            let n = n
                .as_i32()
                .or_else(|| n.as_u32().map(|u| u as i32))
                .ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))?;
            // SAFETY: the number lives during the call.
            return self
                .checked(unsafe { libc::setsockopt(fd, level, option, (&raw const n).cast(), size_of::<i32>() as _) });
        }
        let bytes = ArgBytes::from_object(value)?;
        // SAFETY: pointer and length of the buffer.
        self.checked(unsafe { libc::setsockopt(fd, level, option, bytes.as_bytes().as_ptr().cast(), bytes.len() as _) })
    }

    /// listen([backlog])
    ///
    /// Enable a server to accept connections.  If backlog is specified, it must be
    /// at least 0 (if it is lower, it is set to 0); it specifies the number of
    /// unaccepted connections that the system will allow before refusing new
    /// connections. If not specified, a default reasonable value is chosen.
    #[pymethod(sig = "($self, backlog=128, /)")]
    fn listen(&self, backlog: i32) -> PyResult<()> {
        let fd = self.fd.get();
        // SAFETY: a plain system call.
        self.checked(gil::allow_threads(|| unsafe { libc::listen(fd, backlog.max(0)) }))
    }

    /// shutdown(flag)
    ///
    /// Shut down the reading side of the socket (flag == SHUT_RD), the writing side
    /// of the socket (flag == SHUT_WR), or both ends (flag == SHUT_RDWR).
    #[pymethod(sig = "($self, flag, /)")]
    fn shutdown(&self, flag: i32) -> PyResult<()> {
        let fd = self.fd.get();
        // SAFETY: a plain system call.
        self.checked(gil::allow_threads(|| unsafe { libc::shutdown(fd, flag) }))
    }

    /// recv(buffersize[, flags]) -> data
    ///
    /// Receive up to buffersize bytes from the socket.  For the optional flags
    /// argument, see the Unix manual.  When no data is available, block until
    /// at least one byte is available or until the remote end is closed.  When
    /// the remote end is closed and all data is read, return the empty string.
    #[pymethod(sig = "($self, buffersize, flags=0, /)")]
    fn recv(&self, buffersize: isize, flags: i32) -> PyResult<ObjRef> {
        let size = buffer_size(buffersize, "negative buffersize in recv")?;
        let bytes = PyBytes::alloc(size)?;
        // SAFETY: a fresh object that nobody else knows.
        let room = unsafe { core::slice::from_raw_parts_mut(bytes.data_ptr(), size) };
        let n = self.receive(room, flags)?;
        Ok(PyBytes::resize(bytes, n)?.into_obj())
    }
    /// recv_into(buffer, [nbytes[, flags]]) -> nbytes_read
    ///
    /// A version of recv() that stores its data into a buffer rather than creating
    /// a new string.  Receive up to buffersize bytes from the socket.  If buffersize
    /// is not specified (or 0), receive up to the size available in the given buffer.
    ///
    /// See recv() for documentation about the flags.
    #[pymethod(sig = "($self, /, buffer, nbytes=0, flags=0)")]
    fn recv_into(&self, buffer: &PyObject, nbytes: isize, flags: i32) -> PyResult<usize> {
        let mut buffer = Buffer::writable(buffer)?;
        let size = buffer_size(nbytes, "negative buffersize in recv_into")?;
        let room = buffer.bytes_mut();
        if size > room.len() {
            return Err(exc::value_error("buffer too small for requested bytes"));
        }
        let end = if size == 0 { room.len() } else { size };
        self.receive(&mut room[..end], flags)
    }
    /// recvfrom(buffersize[, flags]) -> (data, address info)
    ///
    /// Like recv(buffersize, flags) but also return the sender's address info.
    #[pymethod(sig = "($self, buffersize, flags=0, /)")]
    fn recvfrom(&self, buffersize: isize, flags: i32) -> PyResult<(ObjRef, ObjRef)> {
        let size = buffer_size(buffersize, "negative buffersize in recvfrom")?;
        let bytes = PyBytes::alloc(size)?;
        // SAFETY: a fresh object that nobody else knows.
        let room = unsafe { core::slice::from_raw_parts_mut(bytes.data_ptr(), size) };
        let (n, address) = self.receive_from(room, flags)?;
        Ok((PyBytes::resize(bytes, n)?.into_obj(), address))
    }
    /// recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)
    ///
    /// Like recv_into(buffer[, nbytes[, flags]]) but also return the sender's address info.
    #[pymethod(sig = "($self, /, buffer, nbytes=0, flags=0)")]
    fn recvfrom_into(&self, buffer: &PyObject, nbytes: isize, flags: i32) -> PyResult<(usize, ObjRef)> {
        let mut buffer = Buffer::writable(buffer)?;
        let size = buffer_size(nbytes, "negative buffersize in recvfrom_into")?;
        let room = buffer.bytes_mut();
        if size > room.len() {
            return Err(exc::value_error("nbytes is greater than the length of the buffer"));
        }
        let end = if size == 0 { room.len() } else { size };
        self.receive_from(&mut room[..end], flags)
    }

    /// send(data[, flags]) -> count
    ///
    /// Send a data string to the socket.  For the optional flags
    /// argument, see the Unix manual.  Return the number of bytes
    /// sent; this may be less than len(data) if the network is busy.
    #[pymethod(sig = "($self, data, flags=0, /)")]
    fn send(&self, data: ArgBytes<'_>, flags: i32) -> PyResult<isize> {
        let (fd, bytes) = (self.fd.get(), data.as_bytes());
        // SAFETY: pointer and length of the buffer.
        self.call(true, || unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) })
    }
    /// sendall(data[, flags])
    ///
    /// Send a data string to the socket.  For the optional flags
    /// argument, see the Unix manual.  This calls send() repeatedly
    /// until all data is sent.  If an error occurs, it's impossible
    /// to tell how much data has been sent.
    #[pymethod(sig = "($self, data, flags=0, /)")]
    fn sendall(&self, data: ArgBytes<'_>, flags: i32) -> PyResult<()> {
        let mut rest = data.as_bytes();
        let deadline = Deadline::after(self.limit())?;
        let fd = self.fd.get();
        loop {
            let n = self.call_until(true, deadline, || {
                // SAFETY: pointer and length of the buffer.
                unsafe { libc::send(fd, rest.as_ptr().cast(), rest.len(), flags) }
            })?;
            rest = &rest[(n as usize).min(rest.len())..];
            if rest.is_empty() {
                return Ok(());
            }
            signals::check()?;
        }
    }
    /// sendto(data[, flags], address) -> count
    ///
    /// Like send(data, flags) but allows specifying the destination address.
    /// For IP sockets, the address is a pair (hostaddr, port).
    #[pymethod(sig = "($self, /, *args)")]
    fn sendto(&self, args: &[&PyObject]) -> PyResult<isize> {
        let (data, flags, to) = match *args {
            [data, to] => (data, 0, to),
            [data, flags, to] => {
                let flags = number::index(flags)?
                    .as_i32()
                    .ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))?;
                (data, flags, to)
            }
            _ => {
                return Err(exc::type_error(format!("sendto() takes 2 or 3 arguments ({} given)", args.len())));
            }
        };
        let data = ArgBytes::from_object(data)?;
        let a = self.address(to, "sendto")?;
        audit::audit("socket.sendto", &[self.as_object(), to])?;
        let (fd, bytes) = (self.fd.get(), data.as_bytes());
        self.call(true, || {
            // SAFETY: pointers and lengths of buffer and address.
            unsafe { libc::sendto(fd, bytes.as_ptr().cast(), bytes.len(), flags, a.as_ptr(), a.len) }
        })
    }

    /// sendmsg(buffers[, ancdata[, flags[, address]]]) -> count
    ///
    /// Send normal and ancillary data to the socket, gathering the
    /// non-ancillary data from a series of buffers and concatenating it into
    /// a single message.  The buffers argument specifies the non-ancillary
    /// data as an iterable of bytes-like objects (e.g. bytes objects).
    /// The ancdata argument specifies the ancillary data (control messages)
    /// as an iterable of zero or more tuples (cmsg_level, cmsg_type,
    /// cmsg_data), where cmsg_level and cmsg_type are integers specifying the
    /// protocol level and protocol-specific type respectively, and cmsg_data
    /// is a bytes-like object holding the associated data.  The flags
    /// argument defaults to 0 and has the same meaning as for send().  If
    /// address is supplied and not None, it sets a destination address for
    /// the message.  The return value is the number of bytes of non-ancillary
    /// data sent.
    #[pymethod(sig = "($self, buffers, ancdata=(), flags=0, address=None, /)")]
    fn sendmsg(
        &self,
        buffers: &PyObject,
        ancdata: Option<&PyObject>,
        flags: i32,
        address: Option<&PyObject>,
    ) -> PyResult<isize> {
        message::send(self, buffers, ancdata, flags, address)
    }

    /// sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags=MSG_MORE]]])
    ///
    /// Set operation mode, IV and length of associated data for an AF_ALG
    /// operation socket.
    #[pymethod(sig = "($self, msg=(), *, op, iv=None, assoclen=-1, flags=0)")]
    fn sendmsg_afalg(
        &self,
        msg: Option<&PyObject>,
        op: i32,
        iv: Option<&PyObject>,
        assoclen: i32,
        flags: i32,
    ) -> PyResult<isize> {
        message::send_crypto(self, msg, op, iv, assoclen, flags)
    }

    /// recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)
    ///
    /// Receive normal data (up to bufsize bytes) and ancillary data from the
    /// socket.  The ancbufsize argument sets the size in bytes of the
    /// internal buffer used to receive the ancillary data; it defaults to 0,
    /// meaning that no ancillary data will be received.  Appropriate buffer
    /// sizes for ancillary data can be calculated using CMSG_SPACE() or
    /// CMSG_LEN(), and items which do not fit into the buffer might be
    /// truncated or discarded.  The flags argument defaults to 0 and has the
    /// same meaning as for recv().
    #[pymethod(sig = "($self, bufsize, ancbufsize=0, flags=0, /)")]
    fn recvmsg(&self, bufsize: isize, ancbufsize: isize, flags: i32) -> PyResult<(ObjRef, ObjRef, i32, ObjRef)> {
        let size = buffer_size(bufsize, "negative buffer size in recvmsg()")?;
        let bytes = PyBytes::alloc(size)?;
        let mut pieces = [libc::iovec { iov_base: bytes.data_ptr().cast(), iov_len: size }];
        let (n, ancillary, flags, address) = message::receive(self, &mut pieces, ancbufsize, flags, "recvmsg")?;
        Ok((PyBytes::resize(bytes, n)?.into_obj(), ancillary, flags, address))
    }
    /// recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)
    ///
    /// Receive normal data and ancillary data from the socket, scattering the
    /// non-ancillary data into a series of buffers.
    #[pymethod(sig = "($self, buffers, ancbufsize=0, flags=0, /)")]
    fn recvmsg_into(
        &self,
        buffers: &PyObject,
        ancbufsize: isize,
        flags: i32,
    ) -> PyResult<(usize, ObjRef, i32, ObjRef)> {
        let buffers = sequence::fast_or(buffers, "recvmsg_into() argument 1 must be an iterable")?;
        let mut held = buffers.iter().map(|b| Buffer::writable_for("recvmsg_into", b)).collect::<PyResult<Vec<_>>>()?;
        let mut pieces: Vec<libc::iovec> = held
            .iter_mut()
            .map(|b| {
                let room = b.bytes_mut();
                libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() }
            })
            .collect();
        message::receive(self, &mut pieces, ancbufsize, flags, "recvmsg_into")
    }

    /// setblocking(flag)
    ///
    /// Set the socket to blocking (flag is true) or non-blocking (false).
    /// setblocking(True) is equivalent to settimeout(None);
    /// setblocking(False) is equivalent to settimeout(0.0).
    #[pymethod(sig = "($self, flag, /)")]
    fn setblocking(&self, flag: bool) -> PyResult<()> {
        self.timeout.set(if flag { -1 } else { 0 });
        self.set_blocking(flag)
    }
    /// getblocking()
    ///
    /// Returns True if socket is in blocking mode, or False if it
    /// is in non-blocking mode.
    #[pymethod]
    fn getblocking(&self) -> bool {
        self.timeout.get() != 0
    }
    /// settimeout(timeout)
    ///
    /// Set a timeout on socket operations.  'timeout' can be a float,
    /// giving in seconds, or None.  Setting a timeout of None disables
    /// the timeout feature and is equivalent to setblocking(1).
    /// Setting a timeout of zero is the same as setblocking(0).
    #[pymethod(sig = "($self, timeout, /)")]
    fn settimeout(&self, timeout: Option<&PyObject>) -> PyResult<()> {
        let timeout = timeout_arg(timeout)?;
        self.timeout.set(timeout);
        self.set_blocking(timeout < 0)
    }
    /// gettimeout() -> timeout
    ///
    /// Returns the timeout in seconds (float) associated with socket
    /// operations. A timeout of None indicates that timeouts on socket
    /// operations are disabled.
    #[pymethod]
    fn gettimeout(&self) -> Option<ObjRef> {
        let timeout = self.timeout.get();
        (timeout >= 0).then(|| PyFloat::new(timeout as f64 / 1e9).into_obj())
    }
    /// the socket timeout
    #[pygetset]
    fn timeout(&self) -> Option<ObjRef> {
        self.gettimeout()
    }
}

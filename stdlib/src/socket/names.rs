//! The module's functions.

use std::ffi::{CStr, CString};

use rpy_vm::convert::unsigned_arg;
use rpy_vm::protocol::number;
use rpy_vm::runtime::gil;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

use super::address::{self, Address};
use crate::support::int;

unsafe extern "C" {
    fn gethostbyname_r(
        name: *const libc::c_char,
        result: *mut libc::hostent,
        buffer: *mut libc::c_char,
        size: libc::size_t,
        found: *mut *mut libc::hostent,
        error: *mut libc::c_int,
    ) -> libc::c_int;
    fn gethostbyaddr_r(
        address: *const libc::c_void,
        len: libc::socklen_t,
        family: libc::c_int,
        result: *mut libc::hostent,
        buffer: *mut libc::c_char,
        size: libc::size_t,
        found: *mut *mut libc::hostent,
        error: *mut libc::c_int,
    ) -> libc::c_int;
    fn hstrerror(error: libc::c_int) -> *const libc::c_char;
    fn getservbyname(name: *const libc::c_char, protocol: *const libc::c_char) -> *mut libc::servent;
    fn getservbyport(port: libc::c_int, protocol: *const libc::c_char) -> *mut libc::servent;
    fn getprotobyname(name: *const libc::c_char) -> *mut libc::protoent;
    fn inet_aton(text: *const libc::c_char, address: *mut libc::in_addr) -> libc::c_int;
    fn sethostname(name: *const libc::c_char, len: libc::size_t) -> libc::c_int;
}

fn host_error(error: i32) -> PyErr {
    // SAFETY: a static text.
    let text = unsafe { CStr::from_ptr(hstrerror(error)) }.to_string_lossy().into_owned();
    crate::support::error_with(
        &super::HERROR,
        exc::OSError(),
        vec![int(error.into()), PyStr::from_string(text).into_obj()],
    )
}

fn text(pointer: *const libc::c_char) -> ObjRef {
    if pointer.is_null() {
        return rpy_vm::none();
    }
    // SAFETY: a NUL-terminated string of the C library, copied at once.
    rpy_vm::runtime::codecs::fs_decode(unsafe { CStr::from_ptr(pointer) }.to_bytes()).into_obj()
}

fn c_string(text: &str) -> PyResult<CString> {
    CString::new(text).map_err(|_| exc::value_error("embedded null character"))
}

/// Calls one of the `gethostby*_r` functions; gives `(name, aliases, addresses)`.
fn host_entry(
    call: impl Fn(*mut libc::hostent, *mut libc::c_char, usize, *mut *mut libc::hostent, *mut i32) -> i32,
) -> PyResult<ObjRef> {
    let mut size = 16384;
    loop {
        let mut buffer: Vec<libc::c_char> = vec![0; size];
        let mut entry = core::mem::MaybeUninit::<libc::hostent>::zeroed();
        let mut found = core::ptr::null_mut();
        let mut error = 0;
        let status = gil::allow_threads(|| call(entry.as_mut_ptr(), buffer.as_mut_ptr(), size, &mut found, &mut error));
        if status == libc::ERANGE && size < 1 << 24 {
            size *= 2;
            continue;
        }
        if found.is_null() {
            return Err(host_error(error));
        }
        // SAFETY: the call filled the entry in; its lists are null-terminated.
        unsafe {
            let h = &*found;
            let mut aliases = Vec::new();
            let mut at = h.h_aliases;
            while !at.is_null() && !(*at).is_null() {
                aliases.push(text(*at));
                at = at.add(1);
            }
            let mut addresses = Vec::new();
            let mut at = h.h_addr_list;
            while !at.is_null() && !(*at).is_null() {
                let mut out = [0 as libc::c_char; 64];
                address::inet_ntop(h.h_addrtype, (*at).cast(), out.as_mut_ptr(), out.len() as _);
                addresses.push(text(out.as_ptr()));
                at = at.add(1);
            }
            return Ok(PyTuple::from_array([
                text(h.h_name),
                PyList::new(aliases).into_obj(),
                PyList::new(addresses).into_obj(),
            ])
            .into_obj());
        }
    }
}

fn host_name_arg(object: &PyObject, function: &str) -> PyResult<CString> {
    address::host_arg(object).map_err(|e| {
        if e.matches(exc::TypeError()) && object.downcast_ref::<PyStr>().is_none() {
            exc::type_error(format!(
                "{function}() argument 1 must be str, bytes or bytearray, not {}",
                object.ty().name()
            ))
        } else {
            e
        }
    })
}

fn short(object: &PyObject) -> PyResult<u16> {
    unsigned_arg(object, "uint16_t")
}

fn long(object: &PyObject) -> PyResult<u32> {
    unsigned_arg(object, "uint32_t")
}

/// The longest control message: its length is a `socklen_t` in the kernel's interface, an `int` in ours.
const MAX_CONTROL: i64 = i32::MAX as i64;

/// Implementation module for socket operations.
///
/// See the socket module for documentation.
#[rpy_vm::pymodule(name = "_socket")]
pub mod socket_ {
    use super::*;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::protocol::buffer::ArgBytes;
    use rpy_vm::protocol::call;
    use rpy_vm::runtime::audit;
    use rpy_vm::types::float::PyFloat;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyClass, PyStruct};

    use super::super::object::PySocket;
    use super::super::{DEFAULT_TIMEOUT, GAIERROR, HERROR, constants, timeout_arg};

    /// close(integer) -> None
    ///
    /// Close an integer socket file descriptor.  This is like os.close(), but for
    /// sockets; on some platforms os.close() won't work for socket file descriptors.
    #[pyfunction(sig = "(fd, /)")]
    fn close(fd: i32) -> PyResult<()> {
        // SAFETY: as asked for.
        if gil::allow_threads(|| unsafe { libc::close(fd) }) < 0 && exc::last_errno() != libc::ECONNRESET {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }
    /// dup(integer) -> integer
    ///
    /// Duplicate an integer socket file descriptor.  This is like os.dup(), but for
    /// sockets; on some platforms os.dup() won't work for socket file descriptors.
    #[pyfunction(sig = "(fd, /)")]
    fn dup(fd: i32) -> PyResult<i32> {
        // SAFETY: a plain system call.
        let new = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        if new < 0 { Err(exc::os_error_last(None)) } else { Ok(new) }
    }
    /// socketpair([family[, type [, proto]]]) -> (socket object, socket object)
    ///
    /// Create a pair of socket objects from the sockets returned by the platform
    /// socketpair() function.
    /// The arguments are the same as for socket() except the default family is
    /// AF_UNIX if defined on the platform; otherwise, the default is AF_INET.
    #[pyfunction(sig = "(family=AF_UNIX, type=SOCK_STREAM, proto=0, /)")]
    fn socketpair(family: Option<i32>, kind: Option<i32>, proto: Option<i32>) -> PyResult<(ObjRef, ObjRef)> {
        let (family, kind, proto) =
            (family.unwrap_or(libc::AF_UNIX), kind.unwrap_or(libc::SOCK_STREAM), proto.unwrap_or(0));
        let mut pair = [-1; 2];
        // SAFETY: room for two descriptors.
        if unsafe { libc::socketpair(family, kind | libc::SOCK_CLOEXEC, proto, pair.as_mut_ptr()) } < 0 {
            return Err(exc::os_error_last(None));
        }
        let make = |fd: i32| {
            let args = [int(family.into()), int(kind.into()), int(proto.into()), int(fd.into())];
            let args: Vec<&PyObject> = args.iter().map(|a| &**a).collect();
            call::call(PySocket::type_object().as_object(), &args)
        };
        Ok((make(pair[0])?, make(pair[1])?))
    }

    /// gethostname() -> string
    ///
    /// Return the current host name.
    #[pyfunction]
    fn gethostname() -> PyResult<ObjRef> {
        audit::audit("socket.gethostname", &[])?;
        let mut buffer = [0 as libc::c_char; 1024];
        // SAFETY: one byte is kept for the end.
        if unsafe { libc::gethostname(buffer.as_mut_ptr(), buffer.len() - 1) } < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(text(buffer.as_ptr()))
    }
    /// sethostname(name)
    ///
    /// Sets the hostname to name.
    #[pyfunction(name = "sethostname", sig = "(name, /)")]
    fn set_host_name(name: &PyObject) -> PyResult<()> {
        let name = rpy_vm::runtime::paths::path_bytes(name)?;
        // SAFETY: pointer and length of the name.
        if unsafe { sethostname(name.as_ptr().cast(), name.len()) } < 0 {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }

    /// gethostbyname(host) -> address
    ///
    /// Return the IP address (a string of the form '255.255.255.255') for a host.
    #[pyfunction(sig = "(host, /)")]
    fn gethostbyname(host: &PyObject) -> PyResult<ObjRef> {
        let name = host_name_arg(host, "gethostbyname")?;
        audit::audit("socket.gethostbyname", &[host])?;
        address::numeric_host(&address::resolve(&name, libc::AF_INET)?)
    }
    /// gethostbyname_ex(host) -> (name, aliaslist, addresslist)
    ///
    /// Return the true host name, a list of aliases, and a list of IP addresses,
    /// for a host.  The host argument is a string giving a host name or IP number.
    #[pyfunction(sig = "(host, /)")]
    fn gethostbyname_ex(host: &PyObject) -> PyResult<ObjRef> {
        let name = host_name_arg(host, "gethostbyname_ex")?;
        audit::audit("socket.gethostbyname", &[host])?;
        address::resolve(&name, libc::AF_INET)?;
        // SAFETY: the buffers live during the call.
        host_entry(|e, b, n, f, h| unsafe { gethostbyname_r(name.as_ptr(), e, b, n, f, h) })
    }
    /// gethostbyaddr(host) -> (name, aliaslist, addresslist)
    ///
    /// Return the true host name, a list of aliases, and a list of IP addresses,
    /// for a host.  The host argument is a string giving a host name or IP number.
    #[pyfunction(sig = "(host, /)")]
    fn gethostbyaddr(host: &PyObject) -> PyResult<ObjRef> {
        let name = host_name_arg(host, "gethostbyaddr")?;
        audit::audit("socket.gethostbyaddr", &[host])?;
        let a = address::resolve(&name, libc::AF_UNSPEC)?;
        let family = i32::from(a.storage.ss_family);
        let (offset, len) = match family {
            libc::AF_INET => (core::mem::offset_of!(libc::sockaddr_in, sin_addr), 4),
            libc::AF_INET6 => (core::mem::offset_of!(libc::sockaddr_in6, sin6_addr), 16),
            _ => return Err(exc::os_error("unsupported address family")),
        };
        // SAFETY: within the address; the buffers live during the call.
        host_entry(|e, b, n, f, h| unsafe {
            gethostbyaddr_r(a.as_ptr().cast::<u8>().add(offset).cast(), len, family, e, b, n, f, h)
        })
    }

    /// getservbyname(servicename[, protocolname]) -> integer
    ///
    /// Return a port number from a service name and protocol name.
    /// The optional protocol name, if given, should be 'tcp' or 'udp',
    /// otherwise any protocol will match.
    #[pyfunction(name = "getservbyname", sig = "(servicename, protocolname=None, /)")]
    fn get_serv_by_name(servicename: &str, protocolname: Option<&str>) -> PyResult<u16> {
        let name = c_string(servicename)?;
        let protocol = protocolname.map(c_string).transpose()?;
        let protocol = protocol.as_ref().map_or(core::ptr::null(), |p| p.as_ptr());
        // SAFETY: NUL-terminated names; the entry is read at once, under the GIL.
        match unsafe { getservbyname(name.as_ptr(), protocol).as_ref() } {
            Some(entry) => Ok(u16::from_be(entry.s_port as u16)),
            None => Err(exc::os_error("service/proto not found")),
        }
    }
    /// getservbyport(port[, protocolname]) -> string
    ///
    /// Return the service name from a port number and protocol name.
    /// The optional protocol name, if given, should be 'tcp' or 'udp',
    /// otherwise any protocol will match.
    #[pyfunction(name = "getservbyport", sig = "(port, protocolname=None, /)")]
    fn get_serv_by_port(port: i32, protocolname: Option<&str>) -> PyResult<ObjRef> {
        let port = u16::try_from(port).map_err(|_| exc::overflow_error("getservbyport: port must be 0-65535."))?;
        let protocol = protocolname.map(c_string).transpose()?;
        let protocol = protocol.as_ref().map_or(core::ptr::null(), |p| p.as_ptr());
        // SAFETY: as above.
        match unsafe { getservbyport(port.to_be().into(), protocol).as_ref() } {
            Some(entry) => Ok(text(entry.s_name)),
            None => Err(exc::os_error("port/proto not found")),
        }
    }
    /// getprotobyname(name) -> integer
    ///
    /// Return the protocol number for the named protocol.  (Rarely used.)
    #[pyfunction(name = "getprotobyname", sig = "(name, /)")]
    fn get_proto_by_name(name: &str) -> PyResult<i32> {
        let name = c_string(name)?;
        // SAFETY: as above.
        match unsafe { getprotobyname(name.as_ptr()).as_ref() } {
            Some(entry) => Ok(entry.p_proto),
            None => Err(exc::os_error("protocol not found")),
        }
    }

    /// getaddrinfo(host, port [, family, type, proto, flags])
    ///     -> list of (family, type, proto, canonname, sockaddr)
    ///
    /// Resolve host and port into addrinfo struct.
    #[pyfunction(sig = "(host, port, family=0, type=0, proto=0, flags=0)")]
    fn getaddrinfo(
        host: &PyObject,
        port: &PyObject,
        family: i32,
        kind: i32,
        proto: i32,
        flags: i32,
    ) -> PyResult<ObjRef> {
        let host_name = if rpy_vm::is_none(host) {
            None
        } else {
            Some(address::host_arg(host).map_err(|e| {
                if e.matches(exc::TypeError()) && host.downcast_ref::<PyStr>().is_none() {
                    exc::type_error("getaddrinfo() argument 1 must be string or None")
                } else {
                    e
                }
            })?)
        };
        let service = if rpy_vm::is_none(port) {
            None
        } else if address::is_int(port) {
            Some(c_string(&number::index(port)?.to_decimal_string()?)?)
        } else if let Some(text) = port.downcast_ref::<PyStr>() {
            Some(c_string(text.as_utf8()?)?)
        } else if let Some(bytes) = port.downcast_ref::<rpy_vm::types::bytes::PyBytes>() {
            Some(CString::new(bytes.as_bytes()).map_err(|_| exc::value_error("embedded null byte"))?)
        } else {
            return Err(exc::os_error("Int or String expected"));
        };
        audit::audit(
            "socket.getaddrinfo",
            &[host, port, &int(family.into()), &int(kind.into()), &int(proto.into()), &int(flags.into())],
        )?;
        // SAFETY: plain data.
        let mut hints: libc::addrinfo = unsafe { core::mem::zeroed() };
        hints.ai_family = family;
        hints.ai_socktype = kind;
        hints.ai_protocol = proto;
        hints.ai_flags = flags;
        let pointer = |s: &Option<CString>| s.as_ref().map_or(core::ptr::null(), |s| s.as_ptr());
        let found = address::info(pointer(&host_name), pointer(&service), &hints)?;
        let mut all = Vec::new();
        for entry in found.iter() {
            // SAFETY: valid while the list lives.
            let a = unsafe { Address::copy(entry.ai_addr, entry.ai_addrlen) };
            let canonical =
                if entry.ai_canonname.is_null() { PyStr::empty().into_obj() } else { text(entry.ai_canonname) };
            all.push(
                PyTuple::from_array([
                    int(entry.ai_family.into()),
                    int(entry.ai_socktype.into()),
                    int(entry.ai_protocol.into()),
                    canonical,
                    a.to_python(entry.ai_protocol)?,
                ])
                .into_obj(),
            );
        }
        Ok(PyList::new(all).into_obj())
    }

    /// getnameinfo(sockaddr, flags) --> (host, port)
    ///
    /// Get host and port for a sockaddr.
    #[pyfunction(sig = "(sockaddr, flags, /)")]
    fn getnameinfo(sockaddr: &PyObject, flags: i32) -> PyResult<(ObjRef, ObjRef)> {
        let Some(tuple) = sockaddr.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error("getnameinfo() argument 1 must be a tuple"));
        };
        let illegal = || exc::type_error("getnameinfo(): illegal sockaddr argument");
        let items = tuple.items();
        if !(2..=4).contains(&items.len()) {
            return Err(illegal());
        }
        let host = items[0].downcast_ref::<PyStr>().ok_or_else(illegal)?;
        let host_name = c_string(host.as_utf8()?)?;
        let part = |i: usize| -> PyResult<i64> {
            match items.get(i) {
                Some(o) => number::index(o)?
                    .as_i64()
                    .ok_or_else(|| exc::overflow_error("Python int too large to convert to C int")),
                None => Ok(0),
            }
        };
        let (port, flow, scope) = (part(1)?, part(2)?, part(3)?);
        if !(0..=0xfffff).contains(&flow) {
            return Err(exc::overflow_error("getnameinfo(): flowinfo must be 0-1048575."));
        }
        audit::audit("socket.getnameinfo", &[sockaddr])?;
        let service = c_string(&port.to_string())?;
        // SAFETY: plain data.
        let mut hints: libc::addrinfo = unsafe { core::mem::zeroed() };
        hints.ai_family = libc::AF_UNSPEC;
        hints.ai_socktype = libc::SOCK_DGRAM;
        hints.ai_flags = libc::AI_NUMERICHOST;
        let found = address::info(host_name.as_ptr(), service.as_ptr(), &hints)?;
        let mut entries = found.iter();
        let Some(entry) = entries.next() else { return Err(address::gai_error(libc::EAI_NONAME)) };
        if entries.next().is_some() {
            return Err(exc::os_error("sockaddr resolved to multiple addresses"));
        }
        match entry.ai_family {
            libc::AF_INET if items.len() != 2 => {
                return Err(exc::os_error("IPv4 sockaddr must be 2 tuple"));
            }
            libc::AF_INET6 => {
                // SAFETY: an IPv6 address, ours until the list is freed.
                unsafe {
                    let a = &mut *entry.ai_addr.cast::<libc::sockaddr_in6>();
                    a.sin6_flowinfo = (flow as u32).to_be();
                    a.sin6_scope_id = scope as u32;
                }
            }
            _ => {}
        }
        let mut name = [0 as libc::c_char; 1025];
        let mut port = [0 as libc::c_char; 32];
        let (address, len) = (entry.ai_addr, entry.ai_addrlen);
        // SAFETY: buffers with their lengths.
        let result = gil::allow_threads(|| unsafe {
            libc::getnameinfo(
                address,
                len,
                name.as_mut_ptr(),
                name.len() as _,
                port.as_mut_ptr(),
                port.len() as _,
                flags,
            )
        });
        if result != 0 {
            return Err(address::gai_error(result));
        }
        Ok((text(name.as_ptr()), text(port.as_ptr())))
    }

    /// Convert a 16-bit unsigned integer from network to host byte order.
    #[pyfunction(sig = "(x, /)")]
    fn ntohs(x: &PyObject) -> PyResult<u16> {
        short(x).map(u16::from_be)
    }
    /// Convert a 16-bit unsigned integer from host to network byte order.
    #[pyfunction(sig = "(x, /)")]
    fn htons(x: &PyObject) -> PyResult<u16> {
        short(x).map(u16::to_be)
    }
    /// Convert a 32-bit unsigned integer from network to host byte order.
    #[pyfunction(sig = "(x, /)")]
    fn ntohl(x: &PyObject) -> PyResult<u32> {
        long(x).map(u32::from_be)
    }
    /// Convert a 32-bit unsigned integer from host to network byte order.
    #[pyfunction(sig = "(x, /)")]
    fn htonl(x: &PyObject) -> PyResult<u32> {
        long(x).map(u32::to_be)
    }

    /// Convert an IP address in string format (123.45.67.89) to the 32-bit packed binary format used in low-level network functions.
    #[pyfunction(name = "inet_aton", sig = "(ip_addr, /)")]
    fn pack_ipv4(ip_addr: &str) -> PyResult<Vec<u8>> {
        let name = c_string(ip_addr)?;
        let mut a = libc::in_addr { s_addr: 0 };
        // SAFETY: a NUL-terminated text and room for the address.
        if unsafe { inet_aton(name.as_ptr(), &mut a) } == 0 {
            return Err(exc::os_error("illegal IP address string passed to inet_aton"));
        }
        Ok(a.s_addr.to_ne_bytes().to_vec())
    }
    /// Convert an IP address from 32-bit packed binary format to string format.
    #[pyfunction(sig = "(packed_ip, /)")]
    fn inet_ntoa(packed_ip: ArgBytes<'_>) -> PyResult<String> {
        match <[u8; 4]>::try_from(packed_ip.as_bytes()) {
            Ok(bytes) => Ok(std::net::Ipv4Addr::from(bytes).to_string()),
            Err(_) => Err(exc::os_error("packed IP wrong length for inet_ntoa")),
        }
    }
    /// inet_pton(af, ip) -> packed IP address string
    ///
    /// Convert an IP address from string format to a packed string suitable
    /// for use with low-level network functions.
    #[pyfunction(sig = "(af, ip, /)")]
    fn inet_pton(af: i32, ip: &str) -> PyResult<Vec<u8>> {
        let name = c_string(ip)?;
        let mut room = [0u8; 16];
        // SAFETY: room for the largest address.
        match unsafe { address::inet_pton(af, name.as_ptr(), room.as_mut_ptr().cast()) } {
            -1 => Err(exc::os_error_last(None)),
            0 => Err(exc::os_error("illegal IP address string passed to inet_pton")),
            _ if af == libc::AF_INET => Ok(room[..4].to_vec()),
            _ => Ok(room.to_vec()),
        }
    }
    /// inet_ntop(af, packed_ip) -> string formatted IP address
    ///
    /// Convert a packed IP address of the given family to string format.
    #[pyfunction(sig = "(af, packed_ip, /)")]
    fn inet_ntop(af: i32, packed_ip: ArgBytes<'_>) -> PyResult<ObjRef> {
        let wanted = match af {
            libc::AF_INET => 4,
            libc::AF_INET6 => 16,
            _ => return Err(exc::value_error(format!("unknown address family {af}"))),
        };
        if packed_ip.len() != wanted {
            return Err(exc::value_error("invalid length of packed IP address string"));
        }
        let mut out = [0 as libc::c_char; 64];
        // SAFETY: an address of the family and a buffer that is large enough.
        let result =
            unsafe { address::inet_ntop(af, packed_ip.as_bytes().as_ptr().cast(), out.as_mut_ptr(), out.len() as _) };
        if result.is_null() { Err(exc::os_error_last(None)) } else { Ok(text(out.as_ptr())) }
    }

    /// getdefaulttimeout() -> timeout
    ///
    /// Returns the default timeout in seconds (float) for new socket objects.
    /// A value of None indicates that new socket objects have no timeout.
    /// When the socket module is first imported, the default is None.
    #[pyfunction]
    fn getdefaulttimeout() -> Option<ObjRef> {
        let timeout = DEFAULT_TIMEOUT.0.get();
        (timeout >= 0).then(|| PyFloat::new(timeout as f64 / 1e9).into_obj())
    }
    /// setdefaulttimeout(timeout)
    ///
    /// Set the default timeout in seconds (float) for new socket objects.
    /// A value of None indicates that new socket objects have no timeout.
    /// When the socket module is first imported, the default is None.
    #[pyfunction(sig = "(timeout, /)")]
    fn setdefaulttimeout(timeout: Option<&PyObject>) -> PyResult<()> {
        DEFAULT_TIMEOUT.0.set(timeout_arg(timeout)?);
        Ok(())
    }

    /// if_nameindex()
    ///
    /// Returns a list of network interface information (index, name) tuples.
    #[pyfunction]
    fn if_nameindex() -> PyResult<ObjRef> {
        // SAFETY: the list is ended by an entry without a name, and freed afterwards.
        unsafe {
            let list = libc::if_nameindex();
            if list.is_null() {
                return Err(exc::os_error_last(None));
            }
            let mut all = Vec::new();
            let mut at = list;
            while (*at).if_index != 0 && !(*at).if_name.is_null() {
                all.push(PyTuple::from_array([int((*at).if_index.into()), text((*at).if_name)]).into_obj());
                at = at.add(1);
            }
            libc::if_freenameindex(list);
            Ok(PyList::new(all).into_obj())
        }
    }
    /// Returns the interface index corresponding to the interface name if_name.
    #[pyfunction(sig = "(oname, /)")]
    fn if_nametoindex(oname: &PyObject) -> PyResult<u32> {
        let name = rpy_vm::runtime::paths::path_c_string(oname)?;
        // SAFETY: a NUL-terminated name.
        match unsafe { libc::if_nametoindex(name.as_ptr()) } {
            0 => Err(exc::os_error_last(None)),
            index => Ok(index),
        }
    }
    /// Returns the interface name corresponding to the interface index if_index.
    #[pyfunction(sig = "(if_index, /)")]
    fn if_indextoname(if_index: u32) -> PyResult<ObjRef> {
        let mut name = [0 as libc::c_char; libc::IF_NAMESIZE];
        // SAFETY: the buffer has the size the call wants.
        if unsafe { libc::if_indextoname(if_index, name.as_mut_ptr()) }.is_null() {
            return Err(exc::os_error_last(None));
        }
        Ok(text(name.as_ptr()))
    }

    /// CMSG_LEN(length) -> control message length
    ///
    /// Return the total length, without trailing padding, of an ancillary
    /// data item with associated data of the given length.
    #[pyfunction(name = "CMSG_LEN", sig = "(length, /)")]
    fn cmsg_len(length: isize) -> PyResult<u32> {
        // SAFETY: arithmetic only.
        match u32::try_from(length) {
            Ok(n) if i64::from(n) + i64::from(unsafe { libc::CMSG_LEN(0) }) <= MAX_CONTROL => {
                Ok(unsafe { libc::CMSG_LEN(n) })
            }
            _ => Err(exc::overflow_error("CMSG_LEN() argument out of range")),
        }
    }
    /// CMSG_SPACE(length) -> buffer size
    ///
    /// Return the buffer size needed for recvmsg() to receive an ancillary
    /// data item with associated data of the given length, along with any
    /// trailing padding.
    #[pyfunction(name = "CMSG_SPACE", sig = "(length, /)")]
    fn cmsg_space(length: isize) -> PyResult<u32> {
        // SAFETY: arithmetic only.
        match u32::try_from(length) {
            Ok(n) if i64::from(n) + i64::from(unsafe { libc::CMSG_SPACE(1) }) <= MAX_CONTROL => {
                Ok(unsafe { libc::CMSG_SPACE(n) })
            }
            _ => Err(exc::overflow_error("CMSG_SPACE() argument out of range")),
        }
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        crate::support::add_numbers(module, constants::NUMBERS)?;
        module.add("error", exc::OSError().to_obj())?;
        module.add("timeout", exc::TimeoutError().to_obj())?;
        for (name, slot) in [("gaierror", &GAIERROR), ("herror", &HERROR)] {
            let class = crate::support::exception_class("socket", name, exc::OSError())?;
            slot.set(Some(class.clone()));
            module.add(name, class)?;
        }
        add_class::<PySocket>(module)?;
        module.add("SocketType", PySocket::type_object().to_obj())?;
        module.add("has_ipv6", true)
    }
}

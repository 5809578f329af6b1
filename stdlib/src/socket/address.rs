//! Socket addresses: Python's tuples and C's structures.

use std::ffi::{CStr, CString};

use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::protocol::number;
use rpy_vm::runtime::gil;
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

use crate::support::int;

unsafe extern "C" {
    pub(super) fn inet_ntop(
        family: libc::c_int,
        address: *const libc::c_void,
        text: *mut libc::c_char,
        size: libc::socklen_t,
    ) -> *const libc::c_char;
    pub(super) fn inet_pton(family: libc::c_int, text: *const libc::c_char, address: *mut libc::c_void) -> libc::c_int;
}

/// `socket.gaierror` for a result of `getaddrinfo`.
pub fn gai_error(result: i32) -> PyErr {
    if result == libc::EAI_SYSTEM {
        return exc::os_error_last(None);
    }
    // SAFETY: a static text.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(result)) }.to_string_lossy().into_owned();
    crate::support::error_with(
        &super::GAIERROR,
        exc::OSError(),
        vec![int(result.into()), PyStr::from_string(text).into_obj()],
    )
}

/// An address with its length.
#[derive(Clone, Copy)]
pub struct Address {
    pub storage: libc::sockaddr_storage,
    pub len: libc::socklen_t,
}

impl Address {
    /// Room for any address.
    pub fn room() -> Address {
        // SAFETY: plain data.
        Address { storage: unsafe { core::mem::zeroed() }, len: size_of::<libc::sockaddr_storage>() as _ }
    }

    /// From a structure of a family.
    pub fn of<T: Copy>(value: T) -> Address {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        let mut address = Address::room();
        // SAFETY: the storage is large enough and aligned for every address.
        unsafe { (&raw mut address.storage).cast::<T>().write(value) };
        address.len = size_of::<T>() as _;
        address
    }

    /// # Safety
    /// `pointer` points to `len` readable bytes.
    pub unsafe fn copy(pointer: *const libc::sockaddr, len: libc::socklen_t) -> Address {
        let mut address = Address::room();
        let n = (len as usize).min(size_of::<libc::sockaddr_storage>());
        // SAFETY: the caller's promise; the storage has room.
        unsafe { core::ptr::copy_nonoverlapping(pointer.cast::<u8>(), (&raw mut address.storage).cast::<u8>(), n) };
        address.len = n as _;
        address
    }

    pub fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    pub fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.storage).cast()
    }

    fn read<T: Copy>(&self) -> T {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        // SAFETY: within the storage; the families' structures are plain data.
        unsafe { (&raw const self.storage).cast::<T>().read() }
    }

    /// The address as Python code sees it.
    pub fn to_python(&self, protocol: i32) -> PyResult<ObjRef> {
        if (self.len as usize) < size_of::<libc::sa_family_t>() {
            return Ok(rpy_vm::none());
        }
        Ok(match i32::from(self.storage.ss_family) {
            libc::AF_INET => {
                let a: libc::sockaddr_in = self.read();
                let host = std::net::Ipv4Addr::from(u32::from_be(a.sin_addr.s_addr)).to_string();
                PyTuple::from_array([PyStr::from_string(host).into_obj(), int(u16::from_be(a.sin_port).into())])
                    .into_obj()
            }
            libc::AF_INET6 => {
                let a: libc::sockaddr_in6 = self.read();
                PyTuple::from_array([
                    PyStr::from_string(ipv6_text(&a)).into_obj(),
                    int(u16::from_be(a.sin6_port).into()),
                    int(u32::from_be(a.sin6_flowinfo).into()),
                    int(a.sin6_scope_id.into()),
                ])
                .into_obj()
            }
            libc::AF_UNIX => {
                let a: libc::sockaddr_un = self.read();
                let offset = core::mem::offset_of!(libc::sockaddr_un, sun_path);
                let n = (self.len as usize).saturating_sub(offset).min(a.sun_path.len());
                let bytes: Vec<u8> = a.sun_path[..n].iter().map(|c| *c as u8).collect();
                if n > 0 && bytes[0] == 0 {
                    // An abstract name: all bytes count.
                    PyBytes::from_vec(bytes).into_obj()
                } else {
                    let end = bytes.iter().position(|b| *b == 0).unwrap_or(n);
                    rpy_vm::runtime::codecs::fs_decode(&bytes[..end]).into_obj()
                }
            }
            libc::AF_NETLINK => {
                let a: libc::sockaddr_nl = self.read();
                PyTuple::from_array([int(a.nl_pid.into()), int(a.nl_groups.into())]).into_obj()
            }
            libc::AF_VSOCK => {
                let a: libc::sockaddr_vm = self.read();
                PyTuple::from_array([int(a.svm_cid.into()), int(a.svm_port.into())]).into_obj()
            }
            libc::AF_PACKET => {
                let a: libc::sockaddr_ll = self.read();
                let name = interface_name(a.sll_ifindex);
                let hardware = &a.sll_addr[..usize::from(a.sll_halen).min(a.sll_addr.len())];
                PyTuple::from_array([
                    name.into_obj(),
                    int(u16::from_be(a.sll_protocol).into()),
                    int(a.sll_pkttype.into()),
                    int(a.sll_hatype.into()),
                    PyBytes::new(hardware).into_obj(),
                ])
                .into_obj()
            }
            libc::AF_ALG => {
                let a: libc::sockaddr_alg = self.read();
                PyTuple::from_array([
                    c_text(&a.salg_type).into_obj(),
                    c_text(&a.salg_name).into_obj(),
                    int(a.salg_feat.into()),
                    int(a.salg_mask.into()),
                ])
                .into_obj()
            }
            libc::AF_CAN => {
                let a: libc::sockaddr_can = self.read();
                let interface = interface_name(a.can_ifindex).into_obj();
                // SAFETY: which member of the union is in use follows from the protocol.
                unsafe {
                    match protocol {
                        libc::CAN_ISOTP => PyTuple::from_array([
                            interface,
                            int(a.can_addr.tp.rx_id.into()),
                            int(a.can_addr.tp.tx_id.into()),
                        ])
                        .into_obj(),
                        libc::CAN_J1939 => PyTuple::from_array([
                            interface,
                            PyInt::from_u64(a.can_addr.j1939.name).into_obj(),
                            int(a.can_addr.j1939.pgn.into()),
                            int(a.can_addr.j1939.addr.into()),
                        ])
                        .into_obj(),
                        _ => PyTuple::from_array([interface]).into_obj(),
                    }
                }
            }
            family => {
                let bytes = self.read::<libc::sockaddr>().sa_data.map(|c| c as u8);
                PyTuple::from_array([int(family.into()), PyBytes::new(&bytes).into_obj()]).into_obj()
            }
        })
    }
}

/// Text that ends with a NUL byte or with its room.
fn c_text(bytes: &[u8]) -> rpy_vm::Ref<PyStr> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    PyStr::from_string(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

/// The name of a network interface; empty if it has none.
fn interface_name(index: i32) -> rpy_vm::Ref<PyStr> {
    let mut name = [0 as libc::c_char; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the size the call wants.
    if unsafe { libc::if_indextoname(index as _, name.as_mut_ptr()) }.is_null() {
        return PyStr::empty();
    }
    // SAFETY: filled in by the call.
    rpy_vm::runtime::codecs::fs_decode(unsafe { CStr::from_ptr(name.as_ptr()) }.to_bytes())
}

/// An argument that names a network interface: its index, 0 for the empty name.
fn interface_index(object: &PyObject) -> PyResult<i32> {
    let name = rpy_vm::runtime::paths::path_c_string(object)?;
    if name.is_empty() {
        return Ok(0);
    }
    if name.as_bytes().len() >= libc::IF_NAMESIZE {
        return Err(exc::os_error("AF_CAN interface name too long"));
    }
    // SAFETY: a NUL-terminated name.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(exc::os_error_last(None)),
        index => Ok(index as i32),
    }
}

/// Text as bytes that fit into `room` with a NUL byte behind them.
fn copy_text(room: &mut [u8], object: &PyObject, what: &str) -> PyResult<()> {
    let Some(text) = object.downcast_ref::<PyStr>() else {
        return Err(exc::type_error(format!("AF_ALG address {what} must be str, not {}", object.ty().name())));
    };
    let text = text.as_utf8()?.as_bytes();
    if text.len() >= room.len() {
        return Err(exc::value_error(format!("AF_ALG {what} too long.")));
    }
    room[..text.len()].copy_from_slice(text);
    Ok(())
}

/// An address of a CAN socket.
fn parse_can(protocol: i32, items: &[&PyObject]) -> PyResult<Address> {
    // SAFETY: plain data.
    let mut a: libc::sockaddr_can = unsafe { core::mem::zeroed() };
    a.can_family = libc::AF_CAN as _;
    match (protocol, items) {
        (libc::CAN_ISOTP, &[interface, rx, tx]) => {
            a.can_ifindex = interface_index(interface)?;
            a.can_addr.tp.rx_id = rpy_vm::convert::unsigned_arg(rx, "unsigned long")?;
            a.can_addr.tp.tx_id = rpy_vm::convert::unsigned_arg(tx, "unsigned long")?;
        }
        (libc::CAN_ISOTP, _) => {
            return Err(exc::type_error("AF_CAN address must be a tuple (interface, rx_id, tx_id)"));
        }
        (libc::CAN_J1939, &[interface, name, pgn, addr]) => {
            a.can_ifindex = interface_index(interface)?;
            a.can_addr.j1939.name = rpy_vm::convert::unsigned_arg(name, "unsigned long long")?;
            a.can_addr.j1939.pgn = rpy_vm::convert::unsigned_arg(pgn, "unsigned int")?;
            a.can_addr.j1939.addr = rpy_vm::convert::unsigned_arg(addr, "unsigned char")?;
        }
        (libc::CAN_J1939, _) => {
            return Err(exc::type_error("AF_CAN address must be a tuple (interface, name, pgn, addr)"));
        }
        (_, &[interface]) => a.can_ifindex = interface_index(interface)?,
        _ => return Err(exc::type_error("AF_CAN address must be a tuple (interface, )")),
    }
    Ok(Address::of(a))
}

fn ipv6_text(a: &libc::sockaddr_in6) -> String {
    let mut buffer = [0 as libc::c_char; 64];
    // SAFETY: the buffer is large enough for any address.
    unsafe {
        inet_ntop(libc::AF_INET6, (&raw const a.sin6_addr).cast(), buffer.as_mut_ptr(), buffer.len() as _);
        CStr::from_ptr(buffer.as_ptr()).to_string_lossy().into_owned()
    }
}

/// A host name: text (international names are encoded), bytes or bytearray.
pub fn host_arg(object: &PyObject) -> PyResult<CString> {
    let bytes = if let Some(text) = object.downcast_ref::<PyStr>() {
        match text.as_ascii() {
            Some(ascii) => ascii.as_bytes().to_vec(),
            None => {
                let encoded = rpy_vm::runtime::codecs::encode_str(text, Some("idna"), None)?;
                ArgBytes::from_object(&encoded)?.as_bytes().to_vec()
            }
        }
    } else if object.downcast_ref::<PyBytes>().is_some() || object.downcast_ref::<PyByteArray>().is_some() {
        ArgBytes::from_object(object)?.as_bytes().to_vec()
    } else {
        return Err(exc::type_error(format!("str, bytes or bytearray expected, not {}", object.ty().name())));
    };
    CString::new(bytes).map_err(|_| exc::type_error("host name must not contain null character"))
}

/// Looks a host up, numeric addresses at once. The port is 0.
pub fn resolve(name: &CStr, family: i32) -> PyResult<Address> {
    let bytes = name.to_bytes();
    let v4 = |a: u32| {
        // SAFETY: plain data.
        let mut address: libc::sockaddr_in = unsafe { core::mem::zeroed() };
        address.sin_family = libc::AF_INET as _;
        address.sin_addr.s_addr = a.to_be();
        Address::of(address)
    };
    if bytes == b"255.255.255.255" || bytes == b"<broadcast>" {
        if family != libc::AF_INET && family != libc::AF_UNSPEC {
            return Err(exc::os_error("address family mismatched"));
        }
        return Ok(v4(u32::MAX));
    }
    if bytes.is_empty() && family == libc::AF_INET {
        return Ok(v4(0));
    }
    if family != libc::AF_INET6
        && let Some(a) = name.to_str().ok().and_then(|n| n.parse::<std::net::Ipv4Addr>().ok())
    {
        return Ok(v4(a.into()));
    }
    if family != libc::AF_INET
        && let Some(a) = name.to_str().ok().and_then(|n| n.parse::<std::net::Ipv6Addr>().ok())
    {
        // SAFETY: plain data.
        let mut address: libc::sockaddr_in6 = unsafe { core::mem::zeroed() };
        address.sin6_family = libc::AF_INET6 as _;
        address.sin6_addr.s6_addr = a.octets();
        return Ok(Address::of(address));
    }
    // SAFETY: plain data.
    let mut hints: libc::addrinfo = unsafe { core::mem::zeroed() };
    hints.ai_family = family;
    hints.ai_socktype = libc::SOCK_DGRAM;
    let (host, service) = if bytes.is_empty() {
        hints.ai_flags = libc::AI_PASSIVE;
        (core::ptr::null(), c"0".as_ptr())
    } else {
        (name.as_ptr(), core::ptr::null())
    };
    let found = info(host, service, &hints)?;
    match found.iter().next() {
        // SAFETY: the list's addresses are valid while it lives.
        Some(entry) => Ok(unsafe { Address::copy(entry.ai_addr, entry.ai_addrlen) }),
        None => Err(gai_error(libc::EAI_NONAME)),
    }
}

/// The list `getaddrinfo` gives.
pub struct InfoList(*mut libc::addrinfo);

impl InfoList {
    pub fn iter(&self) -> impl Iterator<Item = &libc::addrinfo> {
        // SAFETY: a linked list that lives as long as we do.
        core::iter::successors(unsafe { self.0.as_ref() }, |entry| unsafe { entry.ai_next.as_ref() })
    }
}

impl Drop for InfoList {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by `getaddrinfo`.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

/// `getaddrinfo`, without the GIL.
pub fn info(host: *const libc::c_char, service: *const libc::c_char, hints: &libc::addrinfo) -> PyResult<InfoList> {
    let mut list = core::ptr::null_mut();
    // SAFETY: strings and hints live during the call.
    let result = gil::allow_threads(|| unsafe { libc::getaddrinfo(host, service, hints, &mut list) });
    if result != 0 { Err(gai_error(result)) } else { Ok(InfoList(list)) }
}

fn c_int(object: &PyObject) -> PyResult<i64> {
    number::index(object)?
        .as_i64()
        .filter(|n| i32::try_from(*n).is_ok() || u32::try_from(*n).is_ok())
        .ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))
}

fn port_arg(object: &PyObject, caller: &str) -> PyResult<u16> {
    let port = number::index(object)?;
    port.as_i64()
        .and_then(|p| u16::try_from(p).ok())
        .ok_or_else(|| exc::overflow_error(format!("{caller}(): port must be 0-65535.")))
}

/// An address argument of a socket of a family and protocol, for the function `caller`.
pub fn parse(family: i32, protocol: i32, object: &PyObject, caller: &str) -> PyResult<Address> {
    let tuple = |what: &str| {
        object.downcast_ref::<PyTuple>().ok_or_else(|| {
            exc::type_error(format!("{caller}(): {what} address must be tuple, not {}", object.ty().name()))
        })
    };
    match family {
        libc::AF_INET => {
            let tuple = tuple("AF_INET")?;
            let &[host, port] = tuple.items() else {
                return Err(exc::type_error("AF_INET address must be a pair (host, port)"));
            };
            let host = host_arg(host)?;
            let port = port_arg(port, caller)?;
            let address = resolve(&host, libc::AF_INET)?;
            let mut a: libc::sockaddr_in = address.read();
            a.sin_family = libc::AF_INET as _;
            a.sin_port = port.to_be();
            Ok(Address::of(a))
        }
        libc::AF_INET6 => {
            let tuple = tuple("AF_INET6")?;
            let items = tuple.items();
            if !(2..=4).contains(&items.len()) {
                return Err(exc::type_error("AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])"));
            }
            let host = host_arg(items[0])?;
            let port = port_arg(items[1], caller)?;
            let flow = items.get(2).map_or(Ok(0), |o| c_int(o))?;
            let scope = items.get(3).map_or(Ok(0), |o| c_int(o))?;
            if !(0..=0xfffff).contains(&flow) {
                return Err(exc::overflow_error(format!("{caller}(): flowinfo must be 0-1048575.")));
            }
            let address = resolve(&host, libc::AF_INET6)?;
            let mut a: libc::sockaddr_in6 = address.read();
            a.sin6_family = libc::AF_INET6 as _;
            a.sin6_port = port.to_be();
            a.sin6_flowinfo = (flow as u32).to_be();
            if scope != 0 || items.len() == 4 {
                a.sin6_scope_id = scope as u32;
            }
            Ok(Address::of(a))
        }
        libc::AF_UNIX => {
            let path = match object.downcast_ref::<PyStr>() {
                Some(text) => rpy_vm::runtime::codecs::fs_encode(text)?,
                None => ArgBytes::from_object(object)?.as_bytes().to_vec(),
            };
            // SAFETY: plain data.
            let mut a: libc::sockaddr_un = unsafe { core::mem::zeroed() };
            a.sun_family = libc::AF_UNIX as _;
            let is_abstract = path.first().is_none_or(|b| *b == 0);
            if path.len() > a.sun_path.len() - usize::from(!is_abstract) {
                return Err(exc::os_error("AF_UNIX path too long"));
            }
            for (to, from) in a.sun_path.iter_mut().zip(&path) {
                *to = *from as libc::c_char;
            }
            let mut address = Address::of(a);
            let offset = core::mem::offset_of!(libc::sockaddr_un, sun_path);
            address.len = (offset + path.len() + usize::from(!is_abstract)) as _;
            Ok(address)
        }
        libc::AF_NETLINK => {
            let tuple = tuple("AF_NETLINK")?;
            let &[pid, groups] = tuple.items() else {
                return Err(exc::type_error("AF_NETLINK address must be a pair (pid, groups)"));
            };
            // SAFETY: plain data.
            let mut a: libc::sockaddr_nl = unsafe { core::mem::zeroed() };
            a.nl_family = libc::AF_NETLINK as _;
            a.nl_pid = c_int(pid)? as u32;
            a.nl_groups = c_int(groups)? as u32;
            Ok(Address::of(a))
        }
        libc::AF_VSOCK => {
            let tuple = tuple("AF_VSOCK")?;
            let &[cid, port] = tuple.items() else {
                return Err(exc::type_error("AF_VSOCK address must be a pair (cid, port)"));
            };
            // SAFETY: plain data.
            let mut a: libc::sockaddr_vm = unsafe { core::mem::zeroed() };
            a.svm_family = libc::AF_VSOCK as _;
            a.svm_cid = c_int(cid)? as u32;
            a.svm_port = c_int(port)? as u32;
            Ok(Address::of(a))
        }
        libc::AF_CAN => parse_can(protocol, tuple("AF_CAN")?.items()),
        libc::AF_ALG => {
            let items = tuple("AF_ALG")?.items();
            if !(2..=4).contains(&items.len()) {
                return Err(exc::type_error("AF_ALG address must be a tuple (type, name[, feat[, mask]])"));
            }
            // SAFETY: plain data.
            let mut a: libc::sockaddr_alg = unsafe { core::mem::zeroed() };
            a.salg_family = libc::AF_ALG as _;
            copy_text(&mut a.salg_type, items[0], "type")?;
            copy_text(&mut a.salg_name, items[1], "name")?;
            a.salg_feat = items.get(2).map_or(Ok(0), |o| rpy_vm::convert::unsigned_arg(o, "unsigned short"))?;
            a.salg_mask = items.get(3).map_or(Ok(0), |o| rpy_vm::convert::unsigned_arg(o, "unsigned short"))?;
            Ok(Address::of(a))
        }
        libc::AF_PACKET => {
            let tuple = tuple("AF_PACKET")?;
            let items = tuple.items();
            if !(2..=5).contains(&items.len()) {
                return Err(exc::type_error("AF_PACKET address must be a tuple of two to five elements"));
            }
            let name = host_arg(items[0])?;
            // SAFETY: a NUL-terminated name.
            let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
            if index == 0 {
                return Err(exc::os_error_last(None));
            }
            let protocol = number::index(items[1])?
                .as_i64()
                .and_then(|p| u16::try_from(p).ok())
                .ok_or_else(|| exc::overflow_error(format!("{caller}(): proto must be 0-65535.")))?;
            // SAFETY: plain data.
            let mut a: libc::sockaddr_ll = unsafe { core::mem::zeroed() };
            a.sll_family = libc::AF_PACKET as _;
            a.sll_protocol = protocol.to_be();
            a.sll_ifindex = index as i32;
            a.sll_pkttype = items.get(2).map_or(Ok(0), |o| c_int(o))? as u8;
            a.sll_hatype = items.get(3).map_or(Ok(0), |o| c_int(o))? as u16;
            if let Some(hardware) = items.get(4) {
                let bytes = ArgBytes::from_object(hardware)?;
                if bytes.len() > 8 {
                    return Err(exc::value_error("Hardware address must be 8 bytes or less"));
                }
                a.sll_halen = bytes.len() as u8;
                a.sll_addr[..bytes.len()].copy_from_slice(&bytes);
            }
            Ok(Address::of(a))
        }
        _ => Err(exc::os_error(format!("{caller}(): bad family"))),
    }
}

/// Numeric text of an address's host.
pub fn numeric_host(address: &Address) -> PyResult<ObjRef> {
    match address.to_python(0)?.downcast_ref::<PyTuple>().and_then(|t| t.get(0)) {
        Some(host) => Ok(host.new_ref()),
        None => Err(exc::os_error("unknown address family")),
    }
}

/// Is the object an exact or derived int?
pub fn is_int(object: &PyObject) -> bool {
    object.downcast_ref::<PyInt>().is_some()
}

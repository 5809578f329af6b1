//! Messages with ancillary data: `sendmsg`, `recvmsg` and their relatives.

use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
use rpy_vm::protocol::{number, sequence};
use rpy_vm::runtime::audit;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::list::PyList;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc};

use super::address::Address;
use super::object::PySocket;
use crate::support::int;

/// A control message: level, type and data.
type Control = (i32, i32, Vec<u8>);

/// Receives into `pieces`: the number of bytes, the control messages, the flags, and where it came from. `room` is the space
/// for control messages.
///
/// # Errors
/// What the system says; `ValueError` for a room that makes no sense.
pub fn receive(
    socket: &PySocket,
    pieces: &mut [libc::iovec],
    room: isize,
    flags: i32,
    name: &str,
) -> PyResult<(usize, ObjRef, i32, ObjRef)> {
    let Some(room) = usize::try_from(room).ok().filter(|n| *n <= i32::MAX as usize) else {
        return Err(exc::value_error(format!("invalid ancillary data buffer length in {name}()")));
    };
    let mut control = vec![0u64; room.div_ceil(8)];
    let mut from = Address::room();
    // SAFETY: plain data.
    let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
    let fd = socket.fd.get();
    let n = socket.call(false, || {
        message.msg_name = from.as_mut_ptr().cast();
        message.msg_namelen = size_of::<libc::sockaddr_storage>() as _;
        message.msg_iov = pieces.as_mut_ptr();
        message.msg_iovlen = pieces.len() as _;
        message.msg_control = if room > 0 { control.as_mut_ptr().cast() } else { core::ptr::null_mut() };
        message.msg_controllen = room as _;
        // SAFETY: everything the message points to lives during the call.
        unsafe { libc::recvmsg(fd, &mut message, flags) }
    })?;
    from.len = message.msg_namelen;
    let mut items = Vec::new();
    // SAFETY: the control messages that the kernel wrote, within the buffer.
    unsafe {
        let mut at = if message.msg_controllen > 0 { libc::CMSG_FIRSTHDR(&message) } else { core::ptr::null_mut() };
        while let Some(header) = at.as_ref() {
            let data = libc::CMSG_DATA(at);
            let end = (message.msg_control as *const u8).add(message.msg_controllen as usize);
            let available = end.offset_from(data).max(0) as usize;
            let len = (header.cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize).min(available);
            let bytes = core::slice::from_raw_parts(data, len);
            items.push(
                PyTuple::from_array([
                    int(header.cmsg_level.into()),
                    int(header.cmsg_type.into()),
                    PyBytes::new(bytes).into_obj(),
                ])
                .into_obj(),
            );
            at = libc::CMSG_NXTHDR(&message, at);
        }
    }
    let address = from.to_python(socket.proto.get())?;
    Ok((n as usize, PyList::new(items).into_obj(), message.msg_flags, address))
}

fn c_int(object: &PyObject) -> PyResult<i32> {
    number::index(object)?.as_i32().ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))
}

/// The `ancdata` argument.
fn parse_control(ancdata: &PyObject) -> PyResult<Vec<Control>> {
    let mut all = Vec::new();
    for item in sequence::fast_or(ancdata, "sendmsg() argument 2 must be an iterable")? {
        let parts = sequence::fast_or(
            &item,
            &format!("[sendmsg() ancillary data items]() argument must be 3-item sequence, not {}", item.ty().name()),
        )?;
        let [level, kind, data] = &parts[..] else {
            return Err(exc::type_error(format!(
                "[sendmsg() ancillary data items]() argument must be sequence of length 3, not {}",
                parts.len()
            )));
        };
        let data = ArgBytes::from_object(data)?.as_bytes().to_vec();
        if data.len() > i32::MAX as usize / 2 {
            return Err(exc::os_error("ancillary data item too large"));
        }
        all.push((c_int(level)?, c_int(kind)?, data));
    }
    Ok(all)
}

/// Sends the buffers with control messages.
fn transmit(
    socket: &PySocket,
    buffers: &[Buffer],
    control: &[Control],
    flags: i32,
    to: Option<&Address>,
) -> PyResult<isize> {
    let mut pieces: Vec<libc::iovec> = buffers
        .iter()
        .map(|b| libc::iovec { iov_base: b.bytes().as_ptr().cast_mut().cast(), iov_len: b.len() })
        .collect();
    // SAFETY: sizes only.
    let room: usize = control.iter().map(|c| unsafe { libc::CMSG_SPACE(c.2.len() as u32) } as usize).sum();
    if room > i32::MAX as usize {
        return Err(exc::os_error("too much ancillary data"));
    }
    let mut memory = vec![0u64; room.div_ceil(8)];
    // SAFETY: plain data.
    let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
    message.msg_iov = pieces.as_mut_ptr();
    message.msg_iovlen = pieces.len() as _;
    if room > 0 {
        message.msg_control = memory.as_mut_ptr().cast();
        message.msg_controllen = room as _;
        // SAFETY: the buffer has room for all the messages, by the sum above.
        unsafe {
            let mut at = libc::CMSG_FIRSTHDR(&message);
            for (level, kind, data) in control {
                if at.is_null() {
                    return Err(exc::runtime_error("unexpected NULL result from CMSG_NXTHDR()"));
                }
                (*at).cmsg_level = *level;
                (*at).cmsg_type = *kind;
                (*at).cmsg_len = libc::CMSG_LEN(data.len() as u32) as _;
                core::ptr::copy_nonoverlapping(data.as_ptr(), libc::CMSG_DATA(at), data.len());
                at = libc::CMSG_NXTHDR(&message, at);
            }
        }
    }
    if let Some(to) = to {
        message.msg_name = to.as_ptr().cast_mut().cast();
        message.msg_namelen = to.len;
    }
    let fd = socket.fd.get();
    // SAFETY: everything the message points to lives during the call.
    socket.call(true, || unsafe { libc::sendmsg(fd, &message, flags) })
}

fn hold(buffers: &PyObject, message: &str) -> PyResult<Vec<Buffer>> {
    sequence::fast_or(buffers, message)?.iter().map(|b| Buffer::simple(b)).collect()
}

/// `sendmsg`.
///
/// # Errors
/// What the system says, and `TypeError` for arguments that make no message.
pub fn send(
    socket: &PySocket,
    buffers: &PyObject,
    ancdata: Option<&PyObject>,
    flags: i32,
    address: Option<&PyObject>,
) -> PyResult<isize> {
    let held = hold(buffers, "sendmsg() argument 1 must be an iterable")?;
    let control = ancdata.map_or(Ok(Vec::new()), parse_control)?;
    let to = address.map(|a| socket.address(a, "sendmsg")).transpose()?;
    audit::audit("socket.sendmsg", &[socket.as_object(), address.unwrap_or(rpy_vm::none_ref())])?;
    transmit(socket, &held, &control, flags, to.as_ref())
}

/// `sendmsg_afalg`: to the kernel's cryptography.
///
/// # Errors
/// What the system says; `ValueError` for numbers that make no sense.
pub fn send_crypto(
    socket: &PySocket,
    buffers: Option<&PyObject>,
    op: i32,
    iv: Option<&PyObject>,
    assoclen: i32,
    flags: i32,
) -> PyResult<isize> {
    if socket.family.get() != libc::AF_ALG {
        return Err(exc::os_error("algset is only supported for AF_ALG"));
    }
    if op < 0 {
        return Err(exc::value_error("invalid or missing argument 'op'"));
    }
    if assoclen < -1 {
        return Err(exc::value_error("assoclen must be positive"));
    }
    let mut control = vec![(libc::SOL_ALG, libc::ALG_SET_OP, op.to_ne_bytes().to_vec())];
    if let Some(iv) = iv {
        let iv = ArgBytes::from_object(iv)?;
        let mut data = (iv.len() as u32).to_ne_bytes().to_vec();
        data.extend_from_slice(&iv);
        control.push((libc::SOL_ALG, libc::ALG_SET_IV, data));
    }
    if assoclen >= 0 {
        control.push((libc::SOL_ALG, libc::ALG_SET_AEAD_ASSOCLEN, assoclen.to_ne_bytes().to_vec()));
    }
    let held = buffers.map_or(Ok(Vec::new()), |b| hold(b, "sendmsg_afalg() argument 1 must be an iterable"))?;
    transmit(socket, &held, &control, flags, None)
}

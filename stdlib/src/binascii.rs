//! `binascii`: conversions between binary data and ASCII.

use rpy_vm::convert::{ArgCtx, FromArg};
use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
use rpy_vm::types::str::PyStr;
use rpy_vm::{OptRef, PyErr, PyObject, PyResult, exc};

/// `binascii.Error`.
static ERROR: OptRef = OptRef::NULL;

fn error(message: impl Into<String>) -> PyErr {
    crate::support::error_of(&ERROR, exc::ValueError(), message)
}

/// ASCII text or a buffer.
pub enum Ascii<'a> {
    Text(&'a str),
    Bytes(ArgBytes<'a>),
}

impl Ascii<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Ascii::Text(text) => text.as_bytes(),
            Ascii::Bytes(bytes) => bytes.as_bytes(),
        }
    }
}

impl<'a> FromArg<'a> for Ascii<'a> {
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        if let Some(text) = object.downcast_ref::<PyStr>() {
            return text
                .as_ascii()
                .map(Ascii::Text)
                .ok_or_else(|| exc::value_error("string argument should contain only ASCII characters"));
        }
        if !Buffer::check(object) {
            return Err(exc::type_error(format!(
                "argument should be bytes, buffer or ASCII string, not '{}'",
                object.ty().name()
            )));
        }
        ArgBytes::from_object(object).map(Ascii::Bytes)
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Values of the base-64 digits; 255 for other bytes.
const UNBASE64: [u8; 256] = {
    let mut table = [255; 256];
    let mut i = 0;
    while i < 64 {
        table[BASE64[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// Values of the hexadecimal digits; 255 for other bytes.
const UNHEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut i = 0;
    while i < 10 {
        table[b'0' as usize + i] = i as u8;
        i += 1;
    }
    let mut i = 0;
    while i < 6 {
        table[b'a' as usize + i] = 10 + i as u8;
        table[b'A' as usize + i] = 10 + i as u8;
        i += 1;
    }
    table
};

/// Tables of [`crc32`], for eight bytes at a time.
static CRC32: [[u32; 256]; 8] = {
    let mut tables = [[0u32; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 != 0 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut i = 0;
    while i < 256 {
        let mut t = 1;
        while t < 8 {
            let previous = tables[t - 1][i];
            tables[t][i] = (previous >> 8) ^ tables[0][(previous & 255) as usize];
            t += 1;
        }
        i += 1;
    }
    tables
};

/// The CRC-32 of zlib and PKZIP.
pub fn crc32(data: &[u8], start: u32) -> u32 {
    let mut crc = !start;
    let mut chunks = data.chunks_exact(8);
    for c in &mut chunks {
        let low = crc ^ u32::from_le_bytes([c[0], c[1], c[2], c[3]]);
        crc = CRC32[7][(low & 255) as usize]
            ^ CRC32[6][(low >> 8 & 255) as usize]
            ^ CRC32[5][(low >> 16 & 255) as usize]
            ^ CRC32[4][(low >> 24) as usize]
            ^ CRC32[3][c[4] as usize]
            ^ CRC32[2][c[5] as usize]
            ^ CRC32[1][c[6] as usize]
            ^ CRC32[0][c[7] as usize];
    }
    for &byte in chunks.remainder() {
        crc = (crc >> 8) ^ CRC32[0][((crc ^ u32::from(byte)) & 255) as usize];
    }
    !crc
}

/// The CRC-CCITT of BinHex.
pub fn crc_hqx(data: &[u8], start: u16) -> u16 {
    let mut crc = start;
    for &byte in data {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
        }
    }
    crc
}

/// Bytes of base-64 text.
///
/// # Errors
/// `binascii.Error`; in strict mode for anything but well-padded digits.
pub fn decode_base64(data: &[u8], strict: bool) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3 + 3);
    if strict && data.first() == Some(&b'=') {
        return Err(error("Leading padding not allowed"));
    }
    let (mut quad, mut left, mut pads) = (0u32, 0u8, 0);
    let mut i = 0;
    while i < data.len() {
        // Whole quads of digits at once.
        if quad == 0 && pads == 0 {
            while let Some(&[a, b, c, d]) = data.get(i..i + 4) {
                let v = [UNBASE64[a as usize], UNBASE64[b as usize], UNBASE64[c as usize], UNBASE64[d as usize]];
                if (v[0] | v[1] | v[2] | v[3]) & 0x80 != 0 {
                    break;
                }
                out.extend_from_slice(&[v[0] << 2 | v[1] >> 4, v[1] << 4 | v[2] >> 2, v[2] << 6 | v[3]]);
                i += 4;
            }
            if i >= data.len() {
                break;
            }
        }
        let c = data[i];
        i += 1;
        if c == b'=' {
            pads += 1;
            if strict && (quad == 0 || quad >= 2 && quad + pads > 4) {
                return Err(error(if i == 1 { "Leading padding not allowed" } else { "Excess padding not allowed" }));
            }
            continue;
        }
        let v = UNBASE64[c as usize];
        if v >= 64 {
            if strict {
                return Err(error("Only base64 data is allowed"));
            }
            continue;
        }
        if strict && pads > 0 {
            let complete = quad + pads >= 4;
            return Err(error(if complete {
                "Excess data after padding"
            } else {
                "Discontinuous padding not allowed"
            }));
        }
        pads = 0;
        match quad {
            0 => {
                quad = 1;
                left = v;
            }
            1 => {
                quad = 2;
                out.push(left << 2 | v >> 4);
                left = v & 15;
            }
            2 => {
                quad = 3;
                out.push(left << 4 | v >> 2);
                left = v & 3;
            }
            _ => {
                quad = 0;
                out.push(left << 6 | v);
                left = 0;
            }
        }
    }
    match quad {
        0 => Ok(out),
        1 => Err(error(format!(
            "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
            out.len() / 3 * 4 + 1
        ))),
        _ if quad + pads >= 4 => Ok(out),
        _ => Err(error("Incorrect padding")),
    }
}

/// Base-64 text.
pub fn encode_base64(data: &[u8], newline: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4 + 1);
    let mut chunks = data.chunks_exact(3);
    let digit = |n: u32| BASE64[(n & 63) as usize];
    for c in &mut chunks {
        let n = u32::from(c[0]) << 16 | u32::from(c[1]) << 8 | u32::from(c[2]);
        out.extend_from_slice(&[digit(n >> 18), digit(n >> 12), digit(n >> 6), digit(n)]);
    }
    match *chunks.remainder() {
        [a] => {
            let n = u32::from(a) << 16;
            out.extend_from_slice(&[digit(n >> 18), digit(n >> 12), b'=', b'=']);
        }
        [a, b] => {
            let n = u32::from(a) << 16 | u32::from(b) << 8;
            out.extend_from_slice(&[digit(n >> 18), digit(n >> 12), digit(n >> 6), b'=']);
        }
        _ => {}
    }
    if newline {
        out.push(b'\n');
    }
    out
}

fn encode_qp(data: &[u8], quote_tabs: bool, is_text: bool, header: bool) -> Vec<u8> {
    const MAX_LINE: usize = 76;
    let crlf = memchr::memchr(b'\n', data).is_some_and(|i| i > 0 && data[i - 1] == b'\r');
    let hex = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(data.len() + 16);
    let mut line = 0;
    let mut i = 0;
    let soft_break = |out: &mut Vec<u8>| {
        out.push(b'=');
        if crlf {
            out.push(b'\r');
        }
        out.push(b'\n');
    };
    while i < data.len() {
        let c = data[i];
        let at_end = i + 1 == data.len();
        let dot_line = c == b'.' && line == 0 && (at_end || matches!(data[i + 1], b'\n' | b'\r' | 0));
        let quote = c > 126
            || c == b'='
            || header && c == b'_'
            || dot_line
            || !is_text && (c == b'\r' || c == b'\n')
            || (c == b'\t' || c == b' ') && at_end
            || c < 33 && c != b'\r' && c != b'\n' && c != b'\t' && c != b' '
            || c < 33 && c != b'\r' && c != b'\n' && quote_tabs && (c == b'\t' || c == b' ');
        if quote {
            if line + 3 >= MAX_LINE {
                soft_break(&mut out);
                line = 0;
            }
            out.extend_from_slice(&[b'=', hex[usize::from(c >> 4)], hex[usize::from(c & 15)]]);
            line += 3;
            i += 1;
            continue;
        }
        if is_text && (c == b'\n' || c == b'\r' && data.get(i + 1) == Some(&b'\n')) {
            line = 0;
            // White space in front of a line's end is protected.
            if let Some(&last) = out.last()
                && (last == b' ' || last == b'\t')
            {
                out.pop();
                out.extend_from_slice(&[b'=', hex[usize::from(last >> 4)], hex[usize::from(last & 15)]]);
            }
            if crlf {
                out.push(b'\r');
            }
            out.push(b'\n');
            i += if c == b'\r' { 2 } else { 1 };
            continue;
        }
        if !at_end && data[i + 1] != b'\n' && line + 1 >= MAX_LINE {
            soft_break(&mut out);
            line = 0;
        }
        line += 1;
        out.push(if header && c == b' ' { b'_' } else { c });
        i += 1;
    }
    out
}

fn decode_qp(data: &[u8], header: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut i = 0;
    while i < data.len() {
        if data[i] == b'=' {
            i += 1;
            let Some(&c) = data.get(i) else { break };
            if c == b'\n' || c == b'\r' {
                if c != b'\n' {
                    while i < data.len() && data[i] != b'\n' {
                        i += 1;
                    }
                }
                if i < data.len() {
                    i += 1;
                }
            } else if c == b'=' {
                // Broken case from broken Python.
                out.push(b'=');
                i += 1;
            } else if i + 1 < data.len() && UNHEX[c as usize] < 16 && UNHEX[data[i + 1] as usize] < 16 {
                out.push(UNHEX[c as usize] << 4 | UNHEX[data[i + 1] as usize]);
                i += 2;
            } else {
                out.push(b'=');
            }
        } else {
            out.push(if header && data[i] == b'_' { b' ' } else { data[i] });
            i += 1;
        }
    }
    out
}

/// Conversion between binary data and ASCII
#[rpy_vm::pymodule(name = "binascii")]
pub mod binascii_ {
    use rpy_vm::protocol::buffer::ArgBytes;
    use rpy_vm::protocol::{number, object as protocol};
    use rpy_vm::types::bytes::PyBytes;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, PyObject, PyResult, exc};

    use super::{Ascii, ERROR, UNHEX, error};

    /// Decode a line of uuencoded data.
    #[pyfunction(sig = "(data, /)")]
    fn a2b_uu(data: Ascii<'_>) -> PyResult<Vec<u8>> {
        let data = data.bytes();
        let Some(&first) = data.first() else { return Err(error("Missing length")) };
        let length = (first.wrapping_sub(b' ') & 0o77) as usize;
        let mut out = Vec::with_capacity(length);
        let mut rest = data.get(1..).unwrap_or(&[]).iter().copied();
        let (mut left, mut bits) = (0u32, 0);
        while out.len() < length {
            // Some encoders drop spaces at the end of a line: they count as zeros.
            let c = match rest.next() {
                None | Some(b'\n' | b'\r') => 0,
                Some(c) => {
                    if !(b' '..=b' ' + 64).contains(&c) {
                        return Err(error("Illegal char"));
                    }
                    (c - b' ') & 0o77
                }
            };
            left = left << 6 | u32::from(c);
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                out.push((left >> bits) as u8);
                left &= (1 << bits) - 1;
            }
        }
        for c in rest {
            // 'a' to '`' may follow as padding.
            if !matches!(c, b' ' | b'`' | b'\n' | b'\r') {
                return Err(error("Trailing garbage"));
            }
        }
        Ok(out)
    }

    /// Uuencode line of data.
    #[pyfunction(sig = "(data, /, *, backtick=False)")]
    fn b2a_uu(data: ArgBytes<'_>, backtick: bool) -> PyResult<Vec<u8>> {
        if data.len() > 45 {
            return Err(error("At most 45 bytes at once"));
        }
        let digit = |v: u8| if backtick && v == 0 { b'`' } else { b' ' + v };
        let mut out = vec![digit(data.len() as u8)];
        for chunk in data.chunks(3) {
            let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
            let n = at(0) << 16 | at(1) << 8 | at(2);
            out.extend([18, 12, 6, 0].map(|shift| digit((n >> shift & 63) as u8)));
        }
        out.push(b'\n');
        Ok(out)
    }

    /// Decode a line of base64 data.
    ///
    ///   strict_mode
    ///     When set to True, bytes that are not in the base64 standard are not allowed.
    ///     The same applies to excess data after padding (= / ==).
    #[pyfunction(sig = "(data, /, *, strict_mode=False)")]
    fn a2b_base64(data: Ascii<'_>, strict_mode: bool) -> PyResult<Vec<u8>> {
        super::decode_base64(data.bytes(), strict_mode)
    }

    /// Base64-code line of data.
    #[pyfunction(sig = "(data, /, *, newline=True)")]
    fn b2a_base64(data: ArgBytes<'_>, newline: bool) -> Vec<u8> {
        super::encode_base64(&data, newline)
    }

    fn separator(sep: &PyObject) -> PyResult<u8> {
        if protocol::size(sep)? != 1 {
            return Err(exc::value_error("sep must be length 1."));
        }
        if let Some(text) = sep.downcast_ref::<PyStr>() {
            return u8::try_from(text.char_at(0)).map_err(|_| exc::value_error("sep must be ASCII."));
        }
        match sep.downcast_ref::<PyBytes>() {
            Some(bytes) => Ok(bytes.as_bytes()[0]),
            None => Err(exc::type_error("sep must be str or bytes.")),
        }
    }

    fn encode_hex(data: &[u8], sep: Option<&PyObject>, group: i32) -> PyResult<Vec<u8>> {
        let text = crate::hashes::hex(data).into_bytes();
        let Some(sep) = sep else { return Ok(text) };
        let sep = separator(sep)?;
        let size = group.unsigned_abs() as usize;
        if size == 0 || size >= data.len() {
            return Ok(text);
        }
        let mut out = Vec::with_capacity(text.len() + data.len() / size);
        // Positive groups are counted from the end.
        let first = if group > 0 { data.len() % size } else { 0 };
        for (i, pair) in text.chunks_exact(2).enumerate() {
            if i > 0 && (i + size - first) % size == 0 {
                out.push(sep);
            }
            out.extend_from_slice(pair);
        }
        Ok(out)
    }

    /// Hexadecimal representation of binary data.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// The return value is a bytes object.  This function is also
    /// available as "hexlify()".
    #[pyfunction(sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn b2a_hex(data: ArgBytes<'_>, sep: Option<&PyObject>, bytes_per_sep: i32) -> PyResult<Vec<u8>> {
        encode_hex(&data, sep, bytes_per_sep)
    }
    /// Hexadecimal representation of binary data.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// The return value is a bytes object.  This function is also
    /// available as "b2a_hex()".
    #[pyfunction(sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn hexlify(data: ArgBytes<'_>, sep: Option<&PyObject>, bytes_per_sep: i32) -> PyResult<Vec<u8>> {
        encode_hex(&data, sep, bytes_per_sep)
    }

    fn decode_hex(data: &[u8]) -> PyResult<Vec<u8>> {
        if data.len() % 2 != 0 {
            return Err(error("Odd-length string"));
        }
        let mut out = Vec::with_capacity(data.len() / 2);
        for pair in data.chunks_exact(2) {
            let (a, b) = (UNHEX[pair[0] as usize], UNHEX[pair[1] as usize]);
            if (a | b) & 0x80 != 0 {
                return Err(error("Non-hexadecimal digit found"));
            }
            out.push(a << 4 | b);
        }
        Ok(out)
    }

    /// Binary data of hexadecimal representation.
    ///
    /// hexstr must contain an even number of hex digits (upper or lower case).
    /// This function is also available as "unhexlify()".
    #[pyfunction(sig = "(hexstr, /)")]
    fn a2b_hex(hexstr: Ascii<'_>) -> PyResult<Vec<u8>> {
        decode_hex(hexstr.bytes())
    }
    /// Binary data of hexadecimal representation.
    ///
    /// hexstr must contain an even number of hex digits (upper or lower case).
    #[pyfunction(sig = "(hexstr, /)")]
    fn unhexlify(hexstr: Ascii<'_>) -> PyResult<Vec<u8>> {
        decode_hex(hexstr.bytes())
    }

    /// Decode a string of qp-encoded data.
    #[pyfunction(sig = "(data, header=False)")]
    fn a2b_qp(data: Ascii<'_>, header: bool) -> Vec<u8> {
        super::decode_qp(data.bytes(), header)
    }
    /// Encode a string using quoted-printable encoding.
    ///
    /// On encoding, when istext is set, newlines are not encoded, and white
    /// space at end of lines is.  When istext is not set, \r and \n (CR/LF)
    /// are both encoded.  When quotetabs is set, space and tabs are encoded.
    #[pyfunction(sig = "(data, quotetabs=False, istext=True, header=False)")]
    fn b2a_qp(data: ArgBytes<'_>, quotetabs: bool, istext: bool, header: bool) -> Vec<u8> {
        super::encode_qp(&data, quotetabs, istext, header)
    }

    /// Compute CRC-CCITT incrementally.
    #[pyfunction(sig = "(data, crc, /)")]
    fn crc_hqx(data: ArgBytes<'_>, crc: &PyObject) -> PyResult<u16> {
        Ok(super::crc_hqx(&data, number::index(crc)?.wrapping_u64() as u16))
    }
    /// Compute CRC-32 incrementally.
    #[pyfunction(sig = "(data, crc=0, /)")]
    fn crc32(data: ArgBytes<'_>, crc: Option<&PyObject>) -> PyResult<u32> {
        let start = crc.map_or(Ok(0), |c| number::index(c).map(|n| n.wrapping_u64() as u32))?;
        Ok(super::crc32(&data, start))
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let class: ObjRef = crate::support::exception_class("binascii", "Error", exc::ValueError())?;
        ERROR.set(Some(class.clone()));
        module.add("Error", class)?;
        module.add("Incomplete", crate::support::exception_class("binascii", "Incomplete", exc::Exception())?)
    }
}

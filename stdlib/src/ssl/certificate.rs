//! `_ssl.Certificate`, and certificates as dicts.

use core::ffi::{c_int, c_void};
use std::ffi::CString;

use rpy_vm::object::alloc::new_exact;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, exc, pyclass, pymethods};

use super::constants::*;
use super::errors;
use crate::openssl::{self, ffi};

const NID_SUBJECT_ALT_NAME: c_int = 85;
const NID_INFO_ACCESS: c_int = 177;
const NID_AD_OCSP: c_int = 178;
const NID_AD_CA_ISSUERS: c_int = 179;
const NID_CRL_DISTRIBUTION_POINTS: c_int = 103;
/// The format of RFC 2253, with everything but ASCII escaped.
const NAME_FORMAT: u64 = 0x0111_0317;

/// The kinds of general names.
mod general {
    use core::ffi::c_int;

    pub const OTHER: c_int = 0;
    pub const EMAIL: c_int = 1;
    pub const DNS: c_int = 2;
    pub const X400: c_int = 3;
    pub const DIRECTORY: c_int = 4;
    pub const EDI_PARTY: c_int = 5;
    pub const URI: c_int = 6;
    pub const IP_ADDRESS: c_int = 7;
    pub const REGISTERED_ID: c_int = 8;
}

/// A stream in memory, owned.
pub struct MemoryStream(pub *mut ffi::BIO);

impl MemoryStream {
    /// An empty one.
    pub fn new() -> PyResult<MemoryStream> {
        // SAFETY: no preconditions.
        let bio = unsafe { ffi::BIO_new(ffi::BIO_s_mem()) };
        if bio.is_null() { Err(errors::plain("failed to allocate BIO")) } else { Ok(MemoryStream(bio)) }
    }

    /// Takes out what was written.
    pub fn take(&self) -> Vec<u8> {
        // SAFETY: a live stream; the read fills what it says it does.
        unsafe {
            let mut out = vec![0u8; ffi::BIO_ctrl_pending(self.0)];
            let n = ffi::BIO_read(self.0, out.as_mut_ptr().cast(), out.len() as c_int);
            out.truncate(n.max(0) as usize);
            out
        }
    }

    /// What was written, as text.
    pub fn take_text(&self) -> PyResult<ObjRef> {
        utf8(&self.take())
    }
}

impl Drop for MemoryStream {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ffi::BIO_free(self.0) };
    }
}

fn utf8(bytes: &[u8]) -> PyResult<ObjRef> {
    Ok(rpy_vm::runtime::codecs::decode_bytes(bytes, Some("utf-8"), None)?.into_obj())
}

fn tuple<const N: usize>(items: [ObjRef; N]) -> ObjRef {
    PyTuple::from_array(items).into_obj()
}

fn name(text: &str) -> ObjRef {
    PyStr::new(text).into_obj()
}

/// The name of an object, or its dotted number.
pub fn object_text(object: *const ffi::ASN1_OBJECT, dotted: bool) -> PyResult<ObjRef> {
    let mut buffer = vec![0u8; 256];
    loop {
        // SAFETY: pointer and length of the buffer, a live object.
        let len = unsafe { ffi::OBJ_obj2txt(buffer.as_mut_ptr().cast(), buffer.len() as c_int, object, dotted.into()) };
        let Ok(len) = usize::try_from(len) else { return Err(errors::last()) };
        if len == 0 && dotted {
            return Ok(rpy_vm::none());
        }
        if len < buffer.len() {
            return utf8(&buffer[..len]);
        }
        buffer.resize(len + 1, 0);
    }
}

/// The bytes of a string in a certificate.
///
/// # Safety
/// `string` lives as long as the result is used.
unsafe fn string_bytes<'a>(string: *const ffi::ASN1_STRING) -> &'a [u8] {
    // SAFETY: the caller's promise; the string has so many bytes.
    unsafe {
        let len = ffi::ASN1_STRING_length(string).max(0) as usize;
        if len == 0 { &[] } else { core::slice::from_raw_parts(ffi::ASN1_STRING_get0_data(string), len) }
    }
}

fn attribute(entry: *const ffi::X509_NAME_ENTRY) -> PyResult<ObjRef> {
    let mut out: *mut u8 = core::ptr::null_mut();
    // SAFETY: a live entry; on success `out` holds so many bytes, which are ours.
    let (key, value) = unsafe {
        let len = ffi::ASN1_STRING_to_UTF8(&mut out, ffi::X509_NAME_ENTRY_get_data(entry));
        let Ok(len) = usize::try_from(len) else { return Err(errors::last()) };
        let value = if len == 0 { utf8(&[]) } else { utf8(core::slice::from_raw_parts(out, len)) };
        openssl::free(out.cast());
        (object_text(ffi::X509_NAME_ENTRY_get_object(entry), false)?, value?)
    };
    Ok(tuple([key, value]))
}

/// A distinguished name: a tuple of tuples of pairs.
fn distinguished(name: *const ffi::X509_NAME) -> PyResult<ObjRef> {
    let mut parts: Vec<ObjRef> = Vec::new();
    let mut part: Vec<ObjRef> = Vec::new();
    let mut level = -1;
    // SAFETY: a live name; indices below its count.
    for i in 0..unsafe { ffi::X509_NAME_entry_count(name) } {
        let (entry, set) = unsafe {
            let entry = ffi::X509_NAME_get_entry(name, i);
            (entry, ffi::X509_NAME_ENTRY_set(entry))
        };
        if level >= 0 && set != level {
            parts.push(PyTuple::new(core::mem::take(&mut part)).into_obj());
        }
        level = set;
        part.push(attribute(entry)?);
    }
    if !part.is_empty() {
        parts.push(PyTuple::new(part).into_obj());
    }
    Ok(PyTuple::new(parts).into_obj())
}

/// A stack of things that are freed one by one.
struct Stack {
    stack: *mut ffi::STACK,
    free: unsafe extern "C" fn(*mut c_void),
}

impl Stack {
    /// An extension of a certificate, if it has it.
    fn extension(certificate: *const ffi::X509, nid: c_int, free: unsafe extern "C" fn(*mut c_void)) -> Option<Stack> {
        // SAFETY: a live certificate.
        let stack = unsafe { ffi::X509_get_ext_d2i(certificate, nid, core::ptr::null_mut(), core::ptr::null_mut()) };
        (!stack.is_null()).then_some(Stack { stack: stack.cast(), free })
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: ours, with the function for its members.
        unsafe { ffi::OPENSSL_sk_pop_free(self.stack, self.free) }
    }
}

/// The members of a stack.
///
/// # Safety
/// The stack is null or lives, with members of that type.
unsafe fn members<T>(stack: *const ffi::STACK) -> impl Iterator<Item = *mut T> {
    // SAFETY: the caller's promise; -1 for null.
    (0..unsafe { ffi::OPENSSL_sk_num(stack) }).map(move |i| unsafe { ffi::OPENSSL_sk_value(stack, i).cast() })
}

fn general_name(general: *mut ffi::GENERAL_NAME) -> PyResult<ObjRef> {
    // SAFETY: a live name, whose value is of the type its kind says.
    unsafe {
        let value = (*general).value;
        let text = |kind: &str| Ok(tuple([name(kind), utf8(string_bytes(value.cast()))?]));
        match (*general).kind {
            general::DIRECTORY => Ok(tuple([name("DirName"), distinguished(value.cast())?])),
            general::EMAIL => text("email"),
            general::DNS => text("DNS"),
            general::URI => text("URI"),
            general::REGISTERED_ID => Ok(tuple([name("Registered ID"), object_text(value.cast(), false)?])),
            general::IP_ADDRESS => {
                let shown = match string_bytes(value.cast()) {
                    [a, b, c, d] => format!("{a}.{b}.{c}.{d}"),
                    bytes if bytes.len() == 16 => bytes
                        .chunks(2)
                        .map(|pair| format!("{:X}", u16::from(pair[0]) << 8 | u16::from(pair[1])))
                        .collect::<Vec<_>>()
                        .join(":"),
                    _ => String::from("<invalid>"),
                };
                Ok(tuple([name("IP Address"), name(&shown)]))
            }
            kind => {
                if !matches!(kind, general::OTHER | general::X400 | general::EDI_PARTY) {
                    rpy_vm::runtime::warnings::warn(
                        exc::RuntimeWarning(),
                        format!("Unknown general name type {kind}"),
                        1,
                    )?;
                }
                let stream = MemoryStream::new()?;
                ffi::GENERAL_NAME_print(stream.0, general);
                let shown = stream.take();
                match shown.iter().position(|&b| b == b':') {
                    Some(at) => Ok(tuple([utf8(&shown[..at])?, utf8(&shown[at + 1..])?])),
                    None => {
                        let shown = String::from_utf8_lossy(&shown);
                        Err(exc::value_error(format!("Invalid value {:.200}", shown)))
                    }
                }
            }
        }
    }
}

fn alternative_names(certificate: *const ffi::X509) -> PyResult<Option<ObjRef>> {
    let Some(names) = Stack::extension(certificate, NID_SUBJECT_ALT_NAME, ffi::GENERAL_NAME_free) else {
        return Ok(None);
    };
    // SAFETY: the extension is a stack of general names.
    let names = unsafe { members::<ffi::GENERAL_NAME>(names.stack) }.map(general_name).collect::<PyResult<Vec<_>>>()?;
    Ok(Some(PyTuple::new(names).into_obj()))
}

/// The URI of a general name, if it is one.
///
/// # Safety
/// A live name.
unsafe fn uri(general: *const ffi::GENERAL_NAME) -> Option<PyResult<ObjRef>> {
    // SAFETY: the caller's promise; a URI's value is a string.
    unsafe { ((*general).kind == general::URI).then(|| utf8(string_bytes((*general).value.cast()))) }
}

fn non_empty(items: Vec<ObjRef>) -> Option<ObjRef> {
    (!items.is_empty()).then(|| PyTuple::new(items).into_obj())
}

fn access_uris(certificate: *const ffi::X509, nid: c_int) -> PyResult<Option<ObjRef>> {
    let Some(infos) = Stack::extension(certificate, NID_INFO_ACCESS, ffi::ACCESS_DESCRIPTION_free) else {
        return Ok(None);
    };
    let mut uris = Vec::new();
    // SAFETY: the extension is a stack of access descriptions.
    unsafe {
        for info in members::<ffi::ACCESS_DESCRIPTION>(infos.stack) {
            if ffi::OBJ_obj2nid((*info).method) == nid
                && let Some(uri) = uri((*info).location)
            {
                uris.push(uri?);
            }
        }
    }
    Ok(non_empty(uris))
}

fn revocation_uris(certificate: *const ffi::X509) -> PyResult<Option<ObjRef>> {
    let Some(points) = Stack::extension(certificate, NID_CRL_DISTRIBUTION_POINTS, ffi::DIST_POINT_free) else {
        return Ok(None);
    };
    let mut uris = Vec::new();
    // SAFETY: the extension is a stack of distribution points; full names (kind 0) are stacks of general names.
    unsafe {
        for point in members::<ffi::DIST_POINT>(points.stack) {
            let Some(place) = (*point).distpoint.as_ref().filter(|p| p.kind == 0) else { continue };
            for general in members::<ffi::GENERAL_NAME>(place.name) {
                if let Some(uri) = uri(general) {
                    uris.push(uri?);
                }
            }
        }
    }
    Ok(non_empty(uris))
}

/// A certificate as `getpeercert` describes it.
pub fn decode(certificate: *mut ffi::X509) -> PyResult<ObjRef> {
    let info = PyDict::new();
    // SAFETY: a live certificate, whose parts live as long.
    unsafe {
        info.set_name("subject", distinguished(ffi::X509_get_subject_name(certificate))?);
        info.set_name("issuer", distinguished(ffi::X509_get_issuer_name(certificate))?);
        info.set_name("version", crate::support::int(ffi::X509_get_version(certificate) + 1));
        let stream = MemoryStream::new()?;
        ffi::i2a_ASN1_INTEGER(stream.0, ffi::X509_get_serialNumber(certificate));
        info.set_name("serialNumber", stream.take_text()?);
        ffi::ASN1_TIME_print(stream.0, ffi::X509_get0_notBefore(certificate));
        info.set_name("notBefore", stream.take_text()?);
        ffi::ASN1_TIME_print(stream.0, ffi::X509_get0_notAfter(certificate));
        info.set_name("notAfter", stream.take_text()?);
    }
    let optional = [
        ("subjectAltName", alternative_names(certificate)?),
        ("OCSP", access_uris(certificate, NID_AD_OCSP)?),
        ("caIssuers", access_uris(certificate, NID_AD_CA_ISSUERS)?),
        ("crlDistributionPoints", revocation_uris(certificate)?),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            info.set_name(key, value);
        }
    }
    Ok(info.into_obj())
}

/// A certificate's bytes.
pub fn to_der(certificate: *const ffi::X509) -> PyResult<ObjRef> {
    let mut out: *mut u8 = core::ptr::null_mut();
    // SAFETY: a live certificate; on success `out` holds so many bytes, which are ours.
    unsafe {
        let len = ffi::i2d_X509(certificate, &mut out);
        if len < 0 {
            return Err(errors::last());
        }
        let der = PyBytes::try_new(core::slice::from_raw_parts(out, len as usize));
        openssl::free(out.cast());
        Ok(der?.into_obj())
    }
}

/// `_test_decode_cert`.
pub fn decode_file(path: &PyObject) -> PyResult<ObjRef> {
    let path: CString = rpy_vm::runtime::paths::path_c_string(path)?;
    // SAFETY: NUL-terminated strings; the certificate read is ours.
    unsafe {
        let bio = ffi::BIO_new_file(path.as_ptr(), c"r".as_ptr());
        if bio.is_null() {
            openssl::clear_errors();
            return Err(errors::plain("Can't open file"));
        }
        let certificate = ffi::PEM_read_bio_X509(bio, core::ptr::null_mut(), None, core::ptr::null_mut());
        ffi::BIO_free(bio);
        if certificate.is_null() {
            openssl::clear_errors();
            return Err(errors::plain("Error decoding PEM-encoded file"));
        }
        let info = decode(certificate);
        ffi::X509_free(certificate);
        info
    }
}

/// A reference to a certificate, owned.
struct Owned(*mut ffi::X509);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ffi::X509_free(self.0) }
    }
}

#[pyclass(name = "Certificate", module = "_ssl", no_new)]
#[repr(C)]
pub struct PyCertificate {
    ob_base: PyObject,
    certificate: Owned,
}

/// A Python object for a certificate that OpenSSL keeps, too.
pub fn wrap(certificate: *mut ffi::X509) -> ObjRef {
    // SAFETY: a live certificate; the reference taken is dropped with the object.
    unsafe { ffi::X509_up_ref(certificate) };
    new_exact(PyCertificate { ob_base: PyObject::placeholder(), certificate: Owned(certificate) }).into_obj()
}

/// A list of certificates.
pub fn wrap_all(stack: *const ffi::STACK) -> Vec<ObjRef> {
    // SAFETY: a live stack of certificates.
    unsafe { members::<ffi::X509>(stack) }.map(wrap).collect()
}

/// The certificates among the objects of a store.
pub fn store_certificates(store: *const ffi::X509_STORE) -> Vec<*mut ffi::X509> {
    // SAFETY: a live store.
    store_objects(store)
        .filter(|o| o.0 == STORED_CERTIFICATE)
        .map(|o| unsafe { ffi::X509_OBJECT_get0_X509(o.1) })
        .collect()
}

pub const STORED_CERTIFICATE: c_int = 1;
pub const STORED_REVOCATIONS: c_int = 2;

/// The objects of a store, with their types.
pub fn store_objects(store: *const ffi::X509_STORE) -> impl Iterator<Item = (c_int, *mut ffi::X509_OBJECT)> {
    // SAFETY: a live store, and the stack of its objects.
    unsafe { members::<ffi::X509_OBJECT>(ffi::X509_STORE_get0_objects(store)) }
        .map(|object| (unsafe { ffi::X509_OBJECT_get_type(object) }, object))
}

#[pymethods]
impl PyCertificate {
    #[pymethod(sig = "($self, /, format=1)")]
    fn public_bytes(&self, format: i32) -> PyResult<ObjRef> {
        let stream = MemoryStream::new()?;
        let certificate = self.certificate.0;
        // SAFETY: a live stream and certificate.
        let done = unsafe {
            match format {
                FILETYPE_PEM => ffi::PEM_write_bio_X509(stream.0, certificate),
                ENCODING_PEM_AUX => ffi::PEM_write_bio_X509_AUX(stream.0, certificate),
                FILETYPE_ASN1 => ffi::i2d_X509_bio(stream.0, certificate),
                _ => return Err(exc::value_error("Unsupported format")),
            }
        };
        if done != 1 {
            return Err(errors::last());
        }
        if format == FILETYPE_ASN1 { Ok(PyBytes::from_vec(stream.take()).into_obj()) } else { stream.take_text() }
    }
    #[pymethod]
    fn get_info(&self) -> PyResult<ObjRef> {
        decode(self.certificate.0)
    }
    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let stream = MemoryStream::new()?;
        // SAFETY: a live stream and certificate.
        let done = unsafe {
            let name = ffi::X509_get_subject_name(self.certificate.0);
            ffi::X509_NAME_print_ex(stream.0, name, 0, NAME_FORMAT)
        };
        if done <= 0 {
            return Err(errors::last());
        }
        Ok(format!("<{} '{}'>", self.ob_base.ty().full_name(), String::from_utf8_lossy(&stream.take())))
    }
    #[slot]
    fn tp_hash(&self) -> isize {
        // SAFETY: a live certificate.
        unsafe { ffi::X509_subject_name_hash(self.certificate.0) as isize }
    }
    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> ObjRef {
        let Some(other) = other.downcast_exact::<PyCertificate>() else { return rpy_vm::not_implemented() };
        // SAFETY: two live certificates.
        let same = unsafe { ffi::X509_cmp(self.certificate.0, other.certificate.0) == 0 };
        match op {
            CompareOp::Eq => rpy_vm::py_bool(same),
            CompareOp::Ne => rpy_vm::py_bool(!same),
            _ => rpy_vm::not_implemented(),
        }
    }
}

/// A list object of certificates.
pub fn list(certificates: Vec<ObjRef>) -> ObjRef {
    PyList::new(certificates).into_obj()
}

//! The module's numbers, and OpenSSL's that the code needs.

use core::ffi::{c_int, c_long, c_ulong};

/// What the ciphers are unless somebody asks for others.
pub const DEFAULT_CIPHERS: &str =
    "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM";

pub const ERROR_SSL: c_int = 1;
pub const ERROR_WANT_READ: c_int = 2;
pub const ERROR_WANT_WRITE: c_int = 3;
pub const ERROR_WANT_X509_LOOKUP: c_int = 4;
pub const ERROR_SYSCALL: c_int = 5;
pub const ERROR_ZERO_RETURN: c_int = 6;
pub const ERROR_WANT_CONNECT: c_int = 7;
/// Numbers of Python's own from here.
pub const ERROR_EOF: c_int = 8;
pub const ERROR_NO_SOCKET: c_int = 9;
pub const ERROR_INVALID_ERROR_CODE: c_int = 10;

pub const R_CERTIFICATE_VERIFY_FAILED: c_int = 134;
pub const R_UNEXPECTED_EOF_WHILE_READING: c_int = 294;
pub const PEM_R_NO_START_LINE: c_int = 108;
pub const X509_R_CERT_ALREADY_IN_HASH_TABLE: c_int = 101;
pub const X509_V_ERR_HOSTNAME_MISMATCH: c_long = 62;
pub const X509_V_ERR_IP_ADDRESS_MISMATCH: c_long = 64;

pub const PROTOCOL_SSLV3: c_int = 1;
pub const PROTOCOL_TLS: c_int = 2;
pub const PROTOCOL_TLSV1: c_int = 3;
pub const PROTOCOL_TLSV1_1: c_int = 4;
pub const PROTOCOL_TLSV1_2: c_int = 5;
pub const PROTOCOL_TLS_CLIENT: c_int = 16;
pub const PROTOCOL_TLS_SERVER: c_int = 17;

pub const VERSION_SSL3: c_long = 0x300;
pub const VERSION_TLS1: c_long = 0x301;
pub const VERSION_TLS1_1: c_long = 0x302;
pub const VERSION_TLS1_2: c_long = 0x303;
pub const VERSION_TLS1_3: c_long = 0x304;
pub const PROTO_MINIMUM_SUPPORTED: c_long = -2;
pub const PROTO_MAXIMUM_SUPPORTED: c_long = -1;

pub const OP_ALL: u64 = 0x8000_0050;
pub const OP_NO_SSLV3: u64 = 0x0200_0000;
pub const OP_NO_TLSV1: u64 = 0x0400_0000;
pub const OP_NO_TLSV1_1: u64 = 0x1000_0000;
pub const OP_NO_TLSV1_2: u64 = 0x0800_0000;
pub const OP_NO_TLSV1_3: u64 = 0x2000_0000;
pub const OP_NO_COMPRESSION: u64 = 0x0002_0000;
pub const OP_CIPHER_SERVER_PREFERENCE: u64 = 0x0040_0000;

pub const VERIFY_NONE: c_int = 0;
pub const VERIFY_PEER: c_int = 1;
pub const VERIFY_FAIL_IF_NO_PEER_CERT: c_int = 2;
pub const VERIFY_POST_HANDSHAKE: c_int = 8;
pub const X509_V_FLAG_TRUSTED_FIRST: c_ulong = 0x8000;
pub const CHECK_FLAG_NO_PARTIAL_WILDCARDS: u32 = 4;

/// A flag of `SSL_get_shutdown`.
pub const RECEIVED_SHUTDOWN: c_int = 2;

pub const FILETYPE_PEM: c_int = 1;
pub const FILETYPE_ASN1: c_int = 2;
pub const ENCODING_PEM_AUX: c_int = 0x101;

pub const MODE_ACCEPT_MOVING_WRITE_BUFFER: c_long = 2;
pub const MODE_AUTO_RETRY: c_long = 4;
pub const MODE_RELEASE_BUFFERS: c_long = 0x10;

/// Commands of `SSL_ctrl` and `SSL_CTX_ctrl`.
pub mod ctrl {
    use core::ffi::c_int;

    pub const SET_TMP_DH: c_int = 3;
    pub const MODE: c_int = 33;
    pub const SET_READ_AHEAD: c_int = 41;
    pub const SET_SERVERNAME_CALLBACK: c_int = 53;
    pub const SET_SERVERNAME_ARGUMENT: c_int = 54;
    pub const SET_HOSTNAME: c_int = 55;
    pub const SET_GROUPS: c_int = 91;
    pub const SET_MIN_VERSION: c_int = 123;
    pub const SET_MAX_VERSION: c_int = 124;
    pub const GET_MIN_VERSION: c_int = 130;
    pub const GET_MAX_VERSION: c_int = 131;

    /// The counters of `session_stats`.
    pub const SESSION_COUNTERS: &[(&str, c_int)] = &[
        ("number", 20),
        ("connect", 21),
        ("connect_good", 22),
        ("connect_renegotiate", 23),
        ("accept", 24),
        ("accept_good", 25),
        ("accept_renegotiate", 26),
        ("hits", 27),
        ("misses", 29),
        ("timeouts", 30),
        ("cache_full", 31),
    ];
}

/// Commands and flags of `BIO_ctrl` and `BIO_set_flags`.
pub mod bio {
    use core::ffi::c_int;

    pub const SET_NON_BLOCKING: c_int = 102;
    pub const SET_MEM_EOF_RETURN: c_int = 130;
    pub const FLAG_READ: c_int = 1;
    pub const FLAGS_DIRECTION: c_int = 7;
    pub const FLAG_SHOULD_RETRY: c_int = 8;
}

/// What the module exports by name.
pub const NUMBERS: &[(&str, i64)] = &[
    ("SSL_ERROR_ZERO_RETURN", ERROR_ZERO_RETURN as i64),
    ("SSL_ERROR_WANT_READ", ERROR_WANT_READ as i64),
    ("SSL_ERROR_WANT_WRITE", ERROR_WANT_WRITE as i64),
    ("SSL_ERROR_WANT_X509_LOOKUP", ERROR_WANT_X509_LOOKUP as i64),
    ("SSL_ERROR_SYSCALL", ERROR_SYSCALL as i64),
    ("SSL_ERROR_SSL", ERROR_SSL as i64),
    ("SSL_ERROR_WANT_CONNECT", ERROR_WANT_CONNECT as i64),
    ("SSL_ERROR_EOF", ERROR_EOF as i64),
    ("SSL_ERROR_INVALID_ERROR_CODE", ERROR_INVALID_ERROR_CODE as i64),
    ("CERT_NONE", 0),
    ("CERT_OPTIONAL", 1),
    ("CERT_REQUIRED", 2),
    ("VERIFY_DEFAULT", 0),
    ("VERIFY_CRL_CHECK_LEAF", 4),
    ("VERIFY_CRL_CHECK_CHAIN", 4 | 8),
    ("VERIFY_X509_STRICT", 0x20),
    ("VERIFY_ALLOW_PROXY_CERTS", 0x40),
    ("VERIFY_X509_TRUSTED_FIRST", X509_V_FLAG_TRUSTED_FIRST as i64),
    ("VERIFY_X509_PARTIAL_CHAIN", 0x8_0000),
    ("ALERT_DESCRIPTION_CLOSE_NOTIFY", 0),
    ("ALERT_DESCRIPTION_UNEXPECTED_MESSAGE", 10),
    ("ALERT_DESCRIPTION_BAD_RECORD_MAC", 20),
    ("ALERT_DESCRIPTION_RECORD_OVERFLOW", 22),
    ("ALERT_DESCRIPTION_DECOMPRESSION_FAILURE", 30),
    ("ALERT_DESCRIPTION_HANDSHAKE_FAILURE", 40),
    ("ALERT_DESCRIPTION_BAD_CERTIFICATE", 42),
    ("ALERT_DESCRIPTION_UNSUPPORTED_CERTIFICATE", 43),
    ("ALERT_DESCRIPTION_CERTIFICATE_REVOKED", 44),
    ("ALERT_DESCRIPTION_CERTIFICATE_EXPIRED", 45),
    ("ALERT_DESCRIPTION_CERTIFICATE_UNKNOWN", 46),
    ("ALERT_DESCRIPTION_ILLEGAL_PARAMETER", 47),
    ("ALERT_DESCRIPTION_UNKNOWN_CA", 48),
    ("ALERT_DESCRIPTION_ACCESS_DENIED", 49),
    ("ALERT_DESCRIPTION_DECODE_ERROR", 50),
    ("ALERT_DESCRIPTION_DECRYPT_ERROR", 51),
    ("ALERT_DESCRIPTION_PROTOCOL_VERSION", 70),
    ("ALERT_DESCRIPTION_INSUFFICIENT_SECURITY", 71),
    ("ALERT_DESCRIPTION_INTERNAL_ERROR", 80),
    ("ALERT_DESCRIPTION_USER_CANCELLED", 90),
    ("ALERT_DESCRIPTION_NO_RENEGOTIATION", 100),
    ("ALERT_DESCRIPTION_UNSUPPORTED_EXTENSION", 110),
    ("ALERT_DESCRIPTION_CERTIFICATE_UNOBTAINABLE", 111),
    ("ALERT_DESCRIPTION_UNRECOGNIZED_NAME", 112),
    ("ALERT_DESCRIPTION_BAD_CERTIFICATE_STATUS_RESPONSE", 113),
    ("ALERT_DESCRIPTION_BAD_CERTIFICATE_HASH_VALUE", 114),
    ("ALERT_DESCRIPTION_UNKNOWN_PSK_IDENTITY", 115),
    ("PROTOCOL_SSLv23", PROTOCOL_TLS as i64),
    ("PROTOCOL_TLS", PROTOCOL_TLS as i64),
    ("PROTOCOL_TLS_CLIENT", PROTOCOL_TLS_CLIENT as i64),
    ("PROTOCOL_TLS_SERVER", PROTOCOL_TLS_SERVER as i64),
    ("PROTOCOL_TLSv1", PROTOCOL_TLSV1 as i64),
    ("PROTOCOL_TLSv1_1", PROTOCOL_TLSV1_1 as i64),
    ("PROTOCOL_TLSv1_2", PROTOCOL_TLSV1_2 as i64),
    ("OP_ALL", OP_ALL as i64),
    ("OP_NO_SSLv2", 0),
    ("OP_NO_SSLv3", OP_NO_SSLV3 as i64),
    ("OP_NO_TLSv1", OP_NO_TLSV1 as i64),
    ("OP_NO_TLSv1_1", OP_NO_TLSV1_1 as i64),
    ("OP_NO_TLSv1_2", OP_NO_TLSV1_2 as i64),
    ("OP_NO_TLSv1_3", OP_NO_TLSV1_3 as i64),
    ("OP_CIPHER_SERVER_PREFERENCE", OP_CIPHER_SERVER_PREFERENCE as i64),
    ("OP_SINGLE_DH_USE", 0),
    ("OP_NO_TICKET", 0x4000),
    ("OP_LEGACY_SERVER_CONNECT", 4),
    ("OP_SINGLE_ECDH_USE", 0),
    ("OP_NO_COMPRESSION", OP_NO_COMPRESSION as i64),
    ("OP_ENABLE_MIDDLEBOX_COMPAT", 0x10_0000),
    ("OP_NO_RENEGOTIATION", 0x4000_0000),
    ("OP_IGNORE_UNEXPECTED_EOF", 0x80),
    ("OP_ENABLE_KTLS", 8),
    ("HOSTFLAG_ALWAYS_CHECK_SUBJECT", 1),
    ("HOSTFLAG_NEVER_CHECK_SUBJECT", 0x20),
    ("HOSTFLAG_NO_WILDCARDS", 2),
    ("HOSTFLAG_NO_PARTIAL_WILDCARDS", CHECK_FLAG_NO_PARTIAL_WILDCARDS as i64),
    ("HOSTFLAG_MULTI_LABEL_WILDCARDS", 8),
    ("HOSTFLAG_SINGLE_LABEL_SUBDOMAINS", 0x10),
    ("ENCODING_PEM", FILETYPE_PEM as i64),
    ("ENCODING_DER", FILETYPE_ASN1 as i64),
    ("PROTO_MINIMUM_SUPPORTED", PROTO_MINIMUM_SUPPORTED),
    ("PROTO_MAXIMUM_SUPPORTED", PROTO_MAXIMUM_SUPPORTED),
    ("PROTO_SSLv3", VERSION_SSL3),
    ("PROTO_TLSv1", VERSION_TLS1),
    ("PROTO_TLSv1_1", VERSION_TLS1_1),
    ("PROTO_TLSv1_2", VERSION_TLS1_2),
    ("PROTO_TLSv1_3", VERSION_TLS1_3),
];

/// The libraries inside OpenSSL, by number.
pub const LIBRARIES: &[(c_int, &str)] = &[
    (2, "SYS"),
    (3, "BN"),
    (4, "RSA"),
    (5, "DH"),
    (6, "EVP"),
    (7, "BUF"),
    (8, "OBJ"),
    (9, "PEM"),
    (10, "DSA"),
    (11, "X509"),
    (13, "ASN1"),
    (14, "CONF"),
    (15, "CRYPTO"),
    (16, "EC"),
    (20, "SSL"),
    (32, "BIO"),
    (33, "PKCS7"),
    (34, "X509V3"),
    (35, "PKCS12"),
    (36, "RAND"),
    (37, "DSO"),
    (38, "ENGINE"),
    (39, "OCSP"),
    (40, "UI"),
    (41, "COMP"),
    (42, "ECDSA"),
    (43, "ECDH"),
    (44, "OSSL_STORE"),
    (45, "FIPS"),
    (46, "CMS"),
    (47, "TS"),
    (48, "HMAC"),
    (50, "CT"),
    (51, "ASYNC"),
    (52, "KDF"),
    (53, "SM2"),
    (54, "ESS"),
    (55, "PROP"),
    (56, "CRMF"),
    (57, "PROV"),
    (58, "CMP"),
    (59, "OSSL_ENCODER"),
    (60, "OSSL_DECODER"),
    (61, "HTTP"),
];

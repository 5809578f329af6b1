//! The native modules of the standard library, one file or folder each.

use rpy_vm::module_def::BuiltinModule;

pub mod _typing;
pub mod _weakref;
pub mod abc;
pub mod accounts;
pub mod array;
pub mod ast;
pub mod asyncio_;
pub mod atexit;
pub mod binascii;
pub mod bisect;
pub mod cjk;
pub mod cmath;
pub mod codecs;
pub mod collections;
pub mod compression;
pub mod contextvars;
pub mod csv;
pub mod ctypes;
pub mod datetime;
pub mod decimal;
pub mod errno;
pub mod expat;
pub mod faulthandler;
pub mod fcntl;
pub mod functools;
pub mod gc;
pub mod hashes;
pub mod hashlib;
pub mod heapq;
pub mod io;
pub mod itertools;
pub mod json;
pub mod locale;
pub mod lsprof;
pub mod marshal;
pub mod math;
pub mod mmap;
pub mod multiprocessing;
pub mod opcode_;
pub mod openssl;
pub mod operator;
pub mod pickle;
pub mod posix;
pub mod posixsubprocess;
pub mod queue;
pub mod random;
pub mod readline;
pub mod remote_debugging;
pub mod resource;
pub mod select;
pub mod shared_library;
pub mod signal;
pub mod socket;
pub mod sqlite;
pub mod sre;
pub mod ssl;
pub mod stat;
pub mod statistics;
pub mod string_;
pub mod struct_;
pub mod suggestions;
pub mod support;
pub mod symtable_;
pub mod sysconfig_;
pub mod termios;
pub mod thread;
pub mod time;
pub mod tokenize_;
pub mod tracemalloc_;
pub mod unicodedata;
pub mod uuid_;
pub mod warnings;
pub mod zlib;
pub mod zoneinfo;

/// Every module of this crate. `rpy` registers them with the importer at start-up.
pub static MODULES: &[&BuiltinModule] = &[
    &_typing::_typing::MODULE,
    &cjk::codecs_cn::MODULE,
    &cjk::codecs_hk::MODULE,
    &cjk::codecs_iso2022::MODULE,
    &cjk::codecs_jp::MODULE,
    &cjk::codecs_kr::MODULE,
    &cjk::codecs_tw::MODULE,
    &cjk::multibyte::multibytecodec::MODULE,
    &_weakref::_weakref::MODULE,
    &gc::gc::MODULE,
    &lsprof::_lsprof::MODULE,
    &remote_debugging::_remote_debugging::MODULE,
    &sysconfig_::_sysconfig::MODULE,
    &io::_io::MODULE,
    &posix::files::posix::MODULE,
    &abc::abc::MODULE,
    &asyncio_::MODULE,
    &ast::ast_::MODULE,
    &atexit::atexit::MODULE,
    &errno::errno::MODULE,
    &marshal::marshal::MODULE,
    &symtable_::symtable_::MODULE,
    &signal::signal::MODULE,
    &thread::thread::MODULE,
    &tokenize_::tokenize_::MODULE,
    &tracemalloc_::tracemalloc_::MODULE,
    &time::time::MODULE,
    &warnings::warnings::MODULE,
    &codecs::_codecs::MODULE,
    &string_::_string::MODULE,
    &unicodedata::unicodedata::MODULE,
    &array::MODULE,
    &collections::MODULE,
    &contextvars::MODULE,
    &functools::MODULE,
    &queue::MODULE,
    &struct_::MODULE,
    &bisect::bisect_::MODULE,
    &cmath::cmath::MODULE,
    &heapq::heapq_::MODULE,
    &itertools::itertools::MODULE,
    &math::math::MODULE,
    &opcode_::opcode_::MODULE,
    &operator::operator_::MODULE,
    &pickle::pickle_::MODULE,
    &expat::pyexpat_::MODULE,
    &random::random_::MODULE,
    &readline::readline_::MODULE,
    &statistics::statistics_::MODULE,
    &suggestions::suggestions_::MODULE,
    &sre::sre::MODULE,
    &stat::stat::MODULE,
    &accounts::grp::MODULE,
    &accounts::pwd::MODULE,
    &resource::resource_::MODULE,
    &termios::termios_::MODULE,
    &csv::csv_::MODULE,
    &ctypes::ctypes_::MODULE,
    &datetime::MODULE,
    &decimal::MODULE,
    &json::json_::MODULE,
    &locale::locale_::MODULE,
    &select::select_::MODULE,
    &faulthandler::faulthandler_::MODULE,
    &fcntl::fcntl_::MODULE,
    &posixsubprocess::posixsubprocess::MODULE,
    &mmap::mmap_::MODULE,
    &multiprocessing::multiprocessing_::MODULE,
    &multiprocessing::posixshmem::MODULE,
    &socket::names::socket_::MODULE,
    &zlib::zlib_::MODULE,
    &zoneinfo::zoneinfo_::MODULE,
    &compression::bz2::bz2_::MODULE,
    &compression::lzma::lzma_::MODULE,
    &compression::zstd::zstd_::MODULE,
    &uuid_::uuid_::MODULE,
    &binascii::binascii_::MODULE,
    &hashes::blake2::blake2_::MODULE,
    &hashes::sha3::sha3_::MODULE,
    &hashes::plain::sha2_::MODULE,
    &hashes::plain::sha1_::MODULE,
    &hashes::plain::md5_::MODULE,
    &hashlib::MODULE,
    &sqlite::MODULE,
    &ssl::MODULE,
];

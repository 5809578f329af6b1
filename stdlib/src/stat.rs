//! `_stat`: file types and permission bits.

use rpy_vm::pymodule;

macro_rules! mode_tests {
    ($($name:ident, $constant:ident, $doc:literal);* $(;)?) => { $(
        #[doc = $doc]
        pub fn $name(mode: u32) -> bool {
            mode & libc::S_IFMT == libc::$constant
        }
    )* };
}
mode_tests! {
    is_dir, S_IFDIR, "A directory?";
    is_chr, S_IFCHR, "A character special device file?";
    is_blk, S_IFBLK, "A block special device file?";
    is_reg, S_IFREG, "A regular file?";
    is_fifo, S_IFIFO, "A FIFO?";
    is_lnk, S_IFLNK, "A symbolic link?";
    is_sock, S_IFSOCK, "A socket?";
}

/// Names and values of the constants.
const NUMBERS: &[(&str, u32)] = &[
    ("S_IFDIR", libc::S_IFDIR),
    ("S_IFCHR", libc::S_IFCHR),
    ("S_IFBLK", libc::S_IFBLK),
    ("S_IFREG", libc::S_IFREG),
    ("S_IFIFO", libc::S_IFIFO),
    ("S_IFLNK", libc::S_IFLNK),
    ("S_IFSOCK", libc::S_IFSOCK),
    ("S_IFDOOR", 0),
    ("S_IFPORT", 0),
    ("S_IFWHT", 0),
    ("S_ISUID", 0o4000),
    ("S_ISGID", 0o2000),
    ("S_ISVTX", 0o1000),
    ("S_ENFMT", 0o2000),
    ("S_IREAD", 0o400),
    ("S_IWRITE", 0o200),
    ("S_IEXEC", 0o100),
    ("S_IRWXU", 0o700),
    ("S_IRUSR", 0o400),
    ("S_IWUSR", 0o200),
    ("S_IXUSR", 0o100),
    ("S_IRWXG", 0o070),
    ("S_IRGRP", 0o040),
    ("S_IWGRP", 0o020),
    ("S_IXGRP", 0o010),
    ("S_IRWXO", 0o007),
    ("S_IROTH", 0o004),
    ("S_IWOTH", 0o002),
    ("S_IXOTH", 0o001),
    ("UF_SETTABLE", 0x0000_ffff),
    ("UF_NODUMP", 0x0000_0001),
    ("UF_IMMUTABLE", 0x0000_0002),
    ("UF_APPEND", 0x0000_0004),
    ("UF_OPAQUE", 0x0000_0008),
    ("UF_NOUNLINK", 0x0000_0010),
    ("UF_COMPRESSED", 0x0000_0020),
    ("UF_TRACKED", 0x0000_0040),
    ("UF_DATAVAULT", 0x0000_0080),
    ("UF_HIDDEN", 0x0000_8000),
    ("SF_SETTABLE", 0x3fff_0000),
    ("SF_ARCHIVED", 0x0001_0000),
    ("SF_IMMUTABLE", 0x0002_0000),
    ("SF_APPEND", 0x0004_0000),
    ("SF_RESTRICTED", 0x0008_0000),
    ("SF_NOUNLINK", 0x0010_0000),
    ("SF_SNAPSHOT", 0x0020_0000),
    ("SF_FIRMLINK", 0x0080_0000),
    ("SF_SUPPORTED", 0x009f_0000),
    ("SF_SYNTHETIC", 0xc000_0000),
    ("SF_DATALESS", 0x4000_0000),
    ("ST_MODE", 0),
    ("ST_INO", 1),
    ("ST_DEV", 2),
    ("ST_NLINK", 3),
    ("ST_UID", 4),
    ("ST_GID", 5),
    ("ST_SIZE", 6),
    ("ST_ATIME", 7),
    ("ST_MTIME", 8),
    ("ST_CTIME", 9),
];

/// `-rwxr-xr-x` for a mode.
pub fn mode_text(mode: u32) -> String {
    let kind = [
        (libc::S_IFREG, '-'),
        (libc::S_IFDIR, 'd'),
        (libc::S_IFLNK, 'l'),
        (libc::S_IFBLK, 'b'),
        (libc::S_IFCHR, 'c'),
        (libc::S_IFIFO, 'p'),
        (libc::S_IFSOCK, 's'),
    ]
    .iter()
    .find(|k| k.0 == mode & libc::S_IFMT)
    .map_or('?', |k| k.1);
    let mut text = String::from(kind);
    for (shift, special, set, bare) in [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => set,
            (true, false) => bare,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// S_IFMT_: file type bits
/// S_IFDIR: directory
/// S_IFCHR: character device
/// S_IFBLK: block device
/// S_IFREG: regular file
/// S_IFIFO: fifo (named pipe)
/// S_IFLNK: symbolic link
/// S_IFSOCK: socket file
#[pymodule(name = "_stat")]
pub mod stat {
    use rpy_vm::protocol::number;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyObject, PyResult, exc};

    fn mode_arg(mode: &PyObject) -> PyResult<u32> {
        let value = number::index(mode)?;
        if value.is_negative() {
            return Err(exc::overflow_error("can't convert negative value to unsigned int"));
        }
        match value.as_u64() {
            None => Err(exc::overflow_error("Python int too large to convert to C unsigned long")),
            Some(v) => u32::try_from(v).map_err(|_| exc::overflow_error("mode out of range")),
        }
    }

    /// Return the portion of the file's mode that can be set by os.chmod().
    #[pyfunction(name = "S_IMODE")]
    fn s_imode(mode: &PyObject) -> PyResult<u32> {
        Ok(mode_arg(mode)? & 0o7777)
    }
    /// Return the portion of the file's mode that describes the file type.
    #[pyfunction(name = "S_IFMT")]
    fn s_ifmt(mode: &PyObject) -> PyResult<u32> {
        Ok(mode_arg(mode)? & libc::S_IFMT)
    }
    /// S_ISDIR(mode) -> bool
    ///
    /// Return True if mode is from a directory.
    #[pyfunction(name = "S_ISDIR")]
    fn s_isdir(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(super::is_dir)
    }
    /// S_ISCHR(mode) -> bool
    ///
    /// Return True if mode is from a character special device file.
    #[pyfunction(name = "S_ISCHR")]
    fn s_ischr(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(super::is_chr)
    }
    /// S_ISBLK(mode) -> bool
    ///
    /// Return True if mode is from a block special device file.
    #[pyfunction(name = "S_ISBLK")]
    fn s_isblk(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(super::is_blk)
    }
    /// S_ISREG(mode) -> bool
    ///
    /// Return True if mode is from a regular file.
    #[pyfunction(name = "S_ISREG")]
    fn s_isreg(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(super::is_reg)
    }
    /// S_ISFIFO(mode) -> bool
    ///
    /// Return True if mode is from a FIFO (named pipe).
    #[pyfunction(name = "S_ISFIFO")]
    fn s_isfifo(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(super::is_fifo)
    }
    /// S_ISLNK(mode) -> bool
    ///
    /// Return True if mode is from a symbolic link.
    #[pyfunction(name = "S_ISLNK")]
    fn s_islnk(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(super::is_lnk)
    }
    /// S_ISSOCK(mode) -> bool
    ///
    /// Return True if mode is from a socket.
    #[pyfunction(name = "S_ISSOCK")]
    fn s_issock(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(super::is_sock)
    }
    /// S_ISDOOR(mode) -> bool
    ///
    /// Return True if mode is from a door.
    #[pyfunction(name = "S_ISDOOR")]
    fn s_isdoor(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(|_| false)
    }
    /// S_ISPORT(mode) -> bool
    ///
    /// Return True if mode is from an event port.
    #[pyfunction(name = "S_ISPORT")]
    fn s_isport(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(|_| false)
    }
    /// S_ISWHT(mode) -> bool
    ///
    /// Return True if mode is from a whiteout.
    #[pyfunction(name = "S_ISWHT")]
    fn s_iswht(mode: &PyObject) -> PyResult<bool> {
        mode_arg(mode).map(|_| false)
    }
    /// Convert a file's mode to a string of the form '-rwxrwxrwx'
    #[pyfunction]
    fn filemode(mode: &PyObject) -> PyResult<String> {
        mode_arg(mode).map(super::mode_text)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        for &(name, value) in super::NUMBERS {
            module.add(name, value)?;
        }
        Ok(())
    }
}

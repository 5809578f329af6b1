//! `select`: waiting for descriptors.
//!
//! | File | What |
//! |---|---|
//! | `poll` | `poll()` objects |
//! | `epoll` | `epoll` objects |

use rpy_vm::types::int::PyInt;
use rpy_vm::{PyObject, PyResult, exc};

use crate::time::convert::{self, Rounding};

pub mod epoll;
pub mod poll;

const NUMBERS: &[(&str, i64)] = crate::libc_numbers![
    POLLIN,
    POLLPRI,
    POLLOUT,
    POLLERR,
    POLLHUP,
    POLLNVAL,
    POLLRDNORM,
    POLLRDBAND,
    POLLWRNORM,
    POLLWRBAND,
    POLLRDHUP,
    PIPE_BUF,
    EPOLLIN,
    EPOLLOUT,
    EPOLLPRI,
    EPOLLERR,
    EPOLLHUP,
    EPOLLRDHUP,
    EPOLLONESHOT,
    EPOLLEXCLUSIVE,
    EPOLLRDNORM,
    EPOLLRDBAND,
    EPOLLWRNORM,
    EPOLLWRBAND,
    EPOLLMSG,
    EPOLL_CLOEXEC,
];

/// A moment on the monotonic clock up to which to wait.
#[derive(Clone, Copy)]
pub struct Deadline(Option<i64>);

impl Deadline {
    /// In so many nanoseconds; `None`: never.
    pub fn after(nanoseconds: Option<i64>) -> PyResult<Deadline> {
        Ok(Deadline(match nanoseconds {
            Some(n) => Some(convert::clock_ns(libc::CLOCK_MONOTONIC)?.saturating_add(n)),
            None => None,
        }))
    }

    /// What is left, not below 0.
    pub fn left(self) -> PyResult<Option<i64>> {
        Ok(match self.0 {
            Some(at) => Some((at - convert::clock_ns(libc::CLOCK_MONOTONIC)?).max(0)),
            None => None,
        })
    }
}

/// A timeout of `poll` in milliseconds, rounded up; -1 for none.
pub fn poll_ms(nanoseconds: Option<i64>) -> PyResult<i32> {
    match nanoseconds {
        None => Ok(-1),
        Some(n) if n < 0 => Ok(-1),
        Some(n) => i32::try_from((i128::from(n) + 999_999) / 1_000_000)
            .map_err(|_| exc::overflow_error("timeout is too large")),
    }
}

/// The descriptor of an object (`PyObject_AsFileDescriptor`).
pub fn descriptor(object: &PyObject) -> PyResult<i32> {
    let fd = if let Some(n) = object.downcast_ref::<PyInt>() {
        n.as_i32()
    } else {
        let method = rpy_vm::protocol::object::getattr_opt(object, rpy_vm::intern!("fileno"))?
            .ok_or_else(|| exc::type_error("argument must be an int, or have a fileno() method."))?;
        let result = rpy_vm::protocol::call::call_noargs(&method)?;
        match result.downcast_ref::<PyInt>() {
            Some(n) => n.as_i32(),
            None => return Err(exc::type_error("fileno() returned a non-integer")),
        }
    };
    match fd {
        Some(fd) if fd >= 0 => Ok(fd),
        Some(fd) => Err(exc::value_error(format!("file descriptor cannot be a negative integer ({fd})"))),
        None => Err(exc::overflow_error("Python int too large to convert to C int")),
    }
}

/// This module supports asynchronous I/O on multiple file descriptors.
///
/// *** IMPORTANT NOTICE ***
/// On Windows, only sockets are supported; on Unix, all file descriptors.
#[rpy_vm::pymodule(name = "select")]
pub mod select_ {
    use rpy_vm::object::alloc::new_exact;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::protocol::sequence;
    use rpy_vm::runtime::{gil, signals};
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, exc};

    use super::{Deadline, Rounding, convert, descriptor, epoll, poll};

    struct Watched {
        items: Vec<(i32, ObjRef)>,
        set: libc::fd_set,
        max: i32,
    }

    fn collect(sequence: &PyObject) -> PyResult<Watched> {
        // SAFETY: a set of no descriptors.
        let mut watched = Watched { items: Vec::new(), set: unsafe { core::mem::zeroed() }, max: -1 };
        // A list is followed while `fileno` methods change it.
        let own;
        let list = match sequence.downcast_ref::<PyList>() {
            Some(list) => list,
            None => {
                own = PyList::new(sequence::fast_or(sequence, "arguments 1-3 must be sequences")?);
                &own
            }
        };
        let mut at = 0;
        while let Some(item) = list.get(at) {
            at += 1;
            let fd = descriptor(&item)?;
            if fd as usize >= libc::FD_SETSIZE {
                return Err(exc::value_error("filedescriptor out of range in select()"));
            }
            // SAFETY: within the set.
            unsafe { libc::FD_SET(fd, &mut watched.set) };
            watched.max = watched.max.max(fd);
            watched.items.push((fd, item));
            if watched.items.len() > libc::FD_SETSIZE {
                return Err(exc::value_error("too many file descriptors in select()"));
            }
        }
        Ok(watched)
    }

    /// Wait until one or more file descriptors are ready for some kind of I/O.
    ///
    /// The first three arguments are iterables of file descriptors to be waited for:
    /// rlist -- wait until ready for reading
    /// wlist -- wait until ready for writing
    /// xlist -- wait for an "exceptional condition"
    /// If only one kind of condition is required, pass [] for the other lists.
    ///
    /// A file descriptor is either a socket or file object, or a small integer
    /// gotten from a fileno() method call on one of those.
    ///
    /// The optional 4th argument specifies a timeout in seconds; it may be
    /// a floating-point number to specify fractions of seconds.  If it is absent
    /// or None, the call will never time out.
    ///
    /// The return value is a tuple of three lists corresponding to the first three
    /// arguments; each contains the subset of the corresponding file descriptors
    /// that are ready.
    ///
    /// *** IMPORTANT NOTICE ***
    /// On Windows, only sockets are supported; on Unix, all file
    /// descriptors can be used.
    #[pyfunction(sig = "(rlist, wlist, xlist, timeout=None, /)")]
    fn select(
        rlist: &PyObject,
        wlist: &PyObject,
        xlist: &PyObject,
        timeout: Option<&PyObject>,
    ) -> PyResult<(ObjRef, ObjRef, ObjRef)> {
        let timeout = match timeout {
            None => None,
            Some(t) => {
                let n = convert::to_nanoseconds(t, Rounding::Up).map_err(|e| {
                    if e.matches(exc::TypeError()) { exc::type_error("timeout must be a float or None") } else { e }
                })?;
                if n < 0 {
                    return Err(exc::value_error("timeout must be non-negative"));
                }
                Some(n)
            }
        };
        let lists = [collect(rlist)?, collect(wlist)?, collect(xlist)?];
        let max = lists.iter().map(|l| l.max).max().unwrap_or(-1);
        let deadline = Deadline::after(timeout)?;
        let mut left = timeout;
        let ready = loop {
            let mut sets = [lists[0].set, lists[1].set, lists[2].set];
            let [r, w, x] = &mut sets;
            let mut time =
                left.map(|n| libc::timeval { tv_sec: n / 1_000_000_000, tv_usec: (n % 1_000_000_000 + 999) / 1000 });
            if let Some(t) = &mut time
                && t.tv_usec == 1_000_000
            {
                t.tv_sec += 1;
                t.tv_usec = 0;
            }
            let time = time.as_mut().map_or(core::ptr::null_mut(), |t| t as *mut libc::timeval);
            // SAFETY: the sets and the time live during the call.
            let n = gil::allow_threads(|| unsafe { libc::select(max + 1, r, w, x, time) });
            if n >= 0 {
                break (n > 0).then_some(sets);
            }
            if exc::last_errno() != libc::EINTR {
                return Err(exc::os_error_last(None));
            }
            signals::run_pending()?;
            left = deadline.left()?;
            if left == Some(0) {
                break None;
            }
        };
        let mut results = lists.into_iter().enumerate().map(|(i, list)| {
            let set = ready.as_ref().map(|sets| &sets[i]);
            PyList::new(
                list.items
                    .into_iter()
                    // SAFETY: within the set.
                    .filter(|(fd, _)| set.is_some_and(|set| unsafe { libc::FD_ISSET(*fd, set) }))
                    .map(|(_, item)| item)
                    .collect(),
            )
            .into_obj()
        });
        let mut next = || results.next().unwrap_or_else(rpy_vm::none);
        Ok((next(), next(), next()))
    }

    /// Returns a polling object.
    ///
    /// This object supports registering and unregistering file descriptors, and then
    /// polling them for I/O events.
    #[pyfunction]
    fn poll() -> ObjRef {
        new_exact(poll::PyPoll::fresh()).into_obj()
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        crate::support::add_numbers(module, super::NUMBERS)?;
        // EPOLLET is the sign bit of the C constant.
        module.add("EPOLLET", i64::from(libc::EPOLLET as u32))?;
        module.add("error", exc::OSError().to_obj())?;
        ensure_ready(poll::PyPoll::type_object())?;
        add_class::<epoll::PyEpoll>(module)
    }
}

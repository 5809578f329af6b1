//! The threads that compute parts of big arrays.
//!
//! They touch no Python object and never wait for the interpreter. Who has work divides it into parts and takes parts, too; when
//! somebody else has the threads, it takes all of them.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Most threads, whatever the machine has.
const MOST: usize = 64;
/// Bytes of stack of a thread.
const STACK: usize = 256 << 10;

/// How many threads compute, the asking one among them; 0: as many as there are processors.
static WANTED: AtomicUsize = AtomicUsize::new(0);

/// Says how many threads are to compute.
pub fn configure(threads: usize) {
    WANTED.store(threads.min(MOST), Ordering::Relaxed);
}

type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// Work that is being done.
struct Job {
    /// Lives until [`Pool::run`] returns, which waits for all parts.
    work: *const Work<'static>,
    next: usize,
    parts: usize,
    active: usize,
}

// SAFETY: what it points to may be called by any thread.
unsafe impl Send for Job {}

/// The threads of this process.
pub struct Pool {
    process: u32,
    threads: usize,
    job: Mutex<Option<Job>>,
    work_came: Condvar,
    part_done: Condvar,
}

static POOL: AtomicPtr<Pool> = AtomicPtr::new(core::ptr::null_mut());

/// The threads; they are started when first asked for (and again in a forked child). To be called with the GIL held.
pub fn threads() -> &'static Pool {
    let process = std::process::id();
    // SAFETY: pools are never freed.
    if let Some(pool) = unsafe { POOL.load(Ordering::Acquire).as_ref() }
        && pool.process == process
    {
        return pool;
    }
    let wanted = match WANTED.load(Ordering::Relaxed) {
        0 => std::thread::available_parallelism().map_or(1, usize::from).min(MOST),
        wanted => wanted,
    };
    let pool: &'static mut Pool = Box::leak(Box::new(Pool {
        process,
        threads: 1,
        job: Mutex::new(None),
        work_came: Condvar::new(),
        part_done: Condvar::new(),
    }));
    pool.threads = 1 + start(wanted - 1, pool);
    POOL.store(pool, Ordering::Release);
    pool
}

/// Starts threads; how many there are.
fn start(count: usize, pool: *const Pool) -> usize {
    // SAFETY: signals are for the threads of Python, so these begin with all of them blocked.
    let mut before = core::mem::MaybeUninit::<libc::sigset_t>::uninit();
    unsafe {
        let mut all = core::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let address = pool as usize;
    let started = (0..count)
        .take_while(|_| {
            let builder = std::thread::Builder::new().name("array-part".to_owned()).stack_size(STACK);
            // SAFETY: pools are never freed.
            builder.spawn(move || unsafe { (*(address as *const Pool)).serve() }).is_ok()
        })
        .count();
    // SAFETY: the mask from before.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), core::ptr::null_mut()) };
    started
}

impl Pool {
    /// How many parts can be computed at a time.
    pub fn size(&self) -> usize {
        self.threads
    }

    fn lock(&self) -> MutexGuard<'_, Option<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` for each of the parts, on several threads.
    pub fn run(&self, parts: usize, work: &Work<'_>) {
        let mut job = self.lock();
        if job.is_some() || self.threads == 1 || parts == 1 {
            drop(job);
            (0..parts).for_each(work);
            return;
        }
        // SAFETY: only its lifetime is changed: all calls have returned before this function does.
        let work: *const Work<'static> = unsafe { core::mem::transmute::<&Work<'_>, &'static Work<'static>>(work) };
        *job = Some(Job { work, next: 0, parts, active: 0 });
        drop(job);
        self.work_came.notify_all();
        let mut job = self.take_parts(self.lock());
        while job.as_ref().is_some_and(|job| job.active > 0) {
            job = self.part_done.wait(job).unwrap_or_else(PoisonError::into_inner);
        }
        *job = None;
    }

    /// Takes parts until there are none.
    fn take_parts<'a>(&'a self, mut job: MutexGuard<'a, Option<Job>>) -> MutexGuard<'a, Option<Job>> {
        while let Some(current) = job.as_mut()
            && current.next < current.parts
        {
            let (part, work) = (current.next, current.work);
            current.next += 1;
            current.active += 1;
            drop(job);
            // SAFETY: who has the work waits for this part.
            unsafe { (*work)(part) };
            job = self.lock();
            if let Some(current) = job.as_mut() {
                current.active -= 1;
            }
        }
        job
    }

    /// What a thread does.
    fn serve(&self) {
        let mut job = self.lock();
        loop {
            job = self.take_parts(job);
            if job.as_ref().is_some_and(|job| job.active == 0) {
                self.part_done.notify_all();
            }
            job = self.work_came.wait(job).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

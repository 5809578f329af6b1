//! What `tracemalloc` knows: which blocks of memory are in use, how large each is, and which Python code asked for it.
//!
//! The allocator asks [`is_tracing`] after each allocation and before each release; that is all it costs while nobody traces.
//! Blocks are known by domain and address. Domain 0 is the interpreter's own memory, that of objects and that of Rust's
//! collections alike; extension modules have other domains for memory that they allocate by other means.
//!
//! Tracing must not trace itself: whatever a thread allocates while [`Quiet`] lives is left out. Releases are left out then as
//! well, so nothing that was traced is released in that time.
//!
//! Blocks that wait in free lists would keep the traces of their former lives. While tracing is on, there are no free lists
//! (`object::free_lists`).
//!
//! A thread that does not hold the GIL cannot look at its frames: what it allocates comes from an unknown place.

use core::cell::{Cell, RefCell};
use core::mem::size_of;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use hashbrown::HashTable;

use super::thread;
use crate::interp::frame::InterpreterFrame;
use crate::object::refs::{PyStruct, Ref};
use crate::types::str::PyStr;

/// The domain of the interpreter's own memory.
pub const DEFAULT_DOMAIN: u32 = 0;
/// The most frames a traceback can have.
pub const MOST_FRAMES: usize = u16::MAX as usize;
/// The index of the file name that stands for an unknown place. It is entered before anything is traced.
const UNKNOWN_FILE: u32 = 0;

static TRACING: AtomicBool = AtomicBool::new(false);

/// Are allocations traced at present?
#[inline(always)]
pub fn is_tracing() -> bool {
    TRACING.load(Ordering::Relaxed)
}

/// One line of a traceback.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Index of the file's name.
    pub file: u32,
    /// 0 where the code has no line.
    pub line: u32,
}

/// Where a block was allocated: the innermost frames first.
#[derive(PartialEq, Eq)]
pub struct Traceback {
    pub frames: Vec<Frame>,
    /// How many frames there were, kept or not.
    pub total: u16,
}

/// A block in use.
#[derive(Clone, Copy)]
pub struct Trace {
    address: usize,
    pub domain: u32,
    /// Index of the traceback.
    pub traceback: u32,
    pub size: usize,
}

struct State {
    traces: HashTable<Trace>,
    tracebacks: Vec<Traceback>,
    /// Indices into `tracebacks`, by content.
    known_tracebacks: HashTable<u32>,
    files: Vec<Ref<PyStr>>,
    /// Indices into `files`, by address of the string. (The string is kept, so that its address stays its own.)
    known_files: HashTable<u32>,
    /// Frames that a traceback keeps.
    limit: usize,
    traced: usize,
    peak: usize,
}

// SAFETY: the strings are touched under the GIL only.
unsafe impl Send for State {}

static STATE: Mutex<State> = Mutex::new(State::new());

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, the thread's own allocations and releases are not traced.
struct Quiet {
    before: bool,
}

impl Quiet {
    fn new() -> Quiet {
        Quiet { before: QUIET.replace(true) }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(self.before);
    }
}

fn mix(a: u64, b: u64) -> u64 {
    (a.rotate_left(26) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Spreads a hash over its upper and lower bits, both of which the tables use.
fn spread(hash: u64) -> u64 {
    hash ^ (hash >> 32)
}

fn hash_block(domain: u32, address: usize) -> u64 {
    spread(mix(u64::from(domain), address as u64))
}

fn hash_traceback(traceback: &Traceback) -> u64 {
    spread(
        traceback.frames.iter().fold(u64::from(traceback.total), |hash, frame| {
            mix(hash, u64::from(frame.file) << 32 | u64::from(frame.line))
        }),
    )
}

fn address_of(name: &PyStr) -> usize {
    name as *const PyStr as usize
}

impl State {
    const fn new() -> State {
        State {
            traces: HashTable::new(),
            tracebacks: Vec::new(),
            known_tracebacks: HashTable::new(),
            files: Vec::new(),
            known_files: HashTable::new(),
            limit: 1,
            traced: 0,
            peak: 0,
        }
    }

    /// Forgets all blocks; gives what there was.
    fn reset(&mut self, limit: usize) -> State {
        let old = core::mem::replace(self, State { limit, ..State::new() });
        self.file(crate::intern!("<unknown>"));
        old
    }

    /// The index of a file's name.
    fn file(&mut self, name: &PyStr) -> u32 {
        let address = address_of(name);
        let hash = spread(mix(0, address as u64));
        let files = &self.files;
        if let Some(&index) = self.known_files.find(hash, |&index| address_of(&files[index as usize]) == address) {
            return index;
        }
        let index = self.files.len() as u32;
        self.files.push(name.to_ref());
        let files = &self.files;
        self.known_files.insert_unique(hash, index, |&index| spread(mix(0, address_of(&files[index as usize]) as u64)));
        index
    }

    /// The frames of the running code.
    fn capture(&mut self) -> Traceback {
        let mut frames = Vec::new();
        let mut total = 0usize;
        let innermost = thread::try_current().map_or(core::ptr::null_mut(), |ts| ts.current_frame.get());
        let mut frame = InterpreterFrame::first_complete(innermost);
        // SAFETY: the thread holds the GIL (it has a state), and its own frames are live.
        while let Some(f) = unsafe { frame.as_ref() } {
            if frames.len() < self.limit {
                // SAFETY: a complete frame is one of Python code.
                let code = unsafe { f.code() };
                let name = code.co_filename.peek().and_then(|name| name.downcast_ref::<PyStr>());
                let file = name.map_or(UNKNOWN_FILE, |name| self.file(name));
                frames.push(Frame { file, line: f.line().unwrap_or(0).max(0) as u32 });
            }
            total += 1;
            frame = InterpreterFrame::first_complete(f.previous.get());
        }
        if frames.is_empty() {
            frames.push(Frame { file: UNKNOWN_FILE, line: 0 });
            total = 1;
        }
        Traceback { frames, total: total.min(MOST_FRAMES) as u16 }
    }

    /// The index of the traceback of the running code.
    fn traceback(&mut self) -> u32 {
        let traceback = self.capture();
        let hash = hash_traceback(&traceback);
        let known = &self.tracebacks;
        if let Some(&index) = self.known_tracebacks.find(hash, |&index| known[index as usize] == traceback) {
            return index;
        }
        let index = self.tracebacks.len() as u32;
        self.tracebacks.push(traceback);
        let known = &self.tracebacks;
        self.known_tracebacks.insert_unique(hash, index, |&index| hash_traceback(&known[index as usize]));
        index
    }

    fn add(&mut self, domain: u32, address: usize, size: usize) {
        // A block that is announced again has moved to another owner.
        self.remove(domain, address);
        let traceback = self.traceback();
        self.traces.insert_unique(hash_block(domain, address), Trace { address, domain, traceback, size }, |trace| {
            hash_block(trace.domain, trace.address)
        });
        self.traced += size;
        self.peak = self.peak.max(self.traced);
    }

    fn remove(&mut self, domain: u32, address: usize) {
        let found = self
            .traces
            .find_entry(hash_block(domain, address), |trace| trace.address == address && trace.domain == domain);
        if let Ok(entry) = found {
            self.traced -= entry.remove().0.size;
        }
    }

    fn find(&self, domain: u32, address: usize) -> Option<&Trace> {
        self.traces.find(hash_block(domain, address), |trace| trace.address == address && trace.domain == domain)
    }

    /// Bytes of the tables.
    fn memory(&self) -> usize {
        let slot = size_of::<u32>() + 1;
        let frames: usize = self.tracebacks.iter().map(|traceback| traceback.frames.capacity()).sum();
        self.traces.capacity() * (size_of::<Trace>() + 1)
            + self.tracebacks.capacity() * size_of::<Traceback>()
            + frames * size_of::<Frame>()
            + (self.known_tracebacks.capacity() + self.known_files.capacity()) * slot
            + self.files.capacity() * size_of::<Ref<PyStr>>()
    }
}

/// A block of the default domain was allocated.
#[cold]
#[inline(never)]
pub fn allocated(block: *mut u8, size: usize) {
    if !block.is_null() {
        track(DEFAULT_DOMAIN, block as usize, size);
    }
}

/// A block of the default domain is about to be released.
#[cold]
#[inline(never)]
pub fn released(block: *mut u8) {
    untrack(DEFAULT_DOMAIN, block as usize);
}

/// A block of the default domain was resized.
#[cold]
#[inline(never)]
pub fn resized(old: *mut u8, new: *mut u8, size: usize) {
    if new.is_null() || QUIET.get() {
        return;
    }
    let _quiet = Quiet::new();
    let mut state = lock();
    if is_tracing() {
        state.remove(DEFAULT_DOMAIN, old as usize);
        state.add(DEFAULT_DOMAIN, new as usize, size);
    }
}

/// Notes a block. False where nobody traces.
pub fn track(domain: u32, address: usize, size: usize) -> bool {
    if !is_tracing() {
        return false;
    }
    if !QUIET.get() {
        let _quiet = Quiet::new();
        let mut state = lock();
        if is_tracing() {
            state.add(domain, address, size);
        }
    }
    true
}

/// Forgets a block. False where nobody traces.
pub fn untrack(domain: u32, address: usize) -> bool {
    if !is_tracing() {
        return false;
    }
    if !QUIET.get() {
        let _quiet = Quiet::new();
        lock().remove(domain, address);
    }
    true
}

/// Starts tracing, with at most `limit` frames for each block. Nothing happens where it is on already. Needs the GIL.
pub fn start(limit: usize) {
    if is_tracing() {
        return;
    }
    crate::object::free_lists::set_enabled(false);
    let _quiet = Quiet::new();
    drop(lock().reset(limit.clamp(1, MOST_FRAMES)));
    TRACING.store(true, Ordering::Relaxed);
}

/// Ends tracing, and forgets all. Needs the GIL.
pub fn stop() {
    if !is_tracing() {
        return;
    }
    TRACING.store(false, Ordering::Relaxed);
    clear();
    crate::object::free_lists::set_enabled(true);
}

/// Forgets all blocks. Needs the GIL.
pub fn clear() {
    let _quiet = Quiet::new();
    let mut state = lock();
    let limit = state.limit;
    let old = state.reset(limit);
    drop(state);
    drop(old);
}

/// Bytes of the blocks that are known, and the most there were.
pub fn traced_memory() -> (usize, usize) {
    let state = lock();
    (state.traced, state.peak)
}

/// From now on the peak is that of the present.
pub fn reset_peak() {
    let mut state = lock();
    state.peak = state.traced;
}

/// Frames that a traceback keeps.
pub fn traceback_limit() -> usize {
    lock().limit
}

/// Bytes that tracing itself needs.
pub fn own_memory() -> usize {
    lock().memory()
}

/// A traceback with the names of its files.
pub struct NamedTraceback {
    pub frames: Vec<(Ref<PyStr>, u32)>,
    pub total: u16,
}

fn named(state: &State, index: u32) -> NamedTraceback {
    let traceback = &state.tracebacks[index as usize];
    let frames = traceback.frames.iter().map(|f| (state.files[f.file as usize].clone(), f.line)).collect();
    NamedTraceback { frames, total: traceback.total }
}

/// Where a block was allocated.
pub fn traceback_of(domain: u32, address: usize) -> Option<NamedTraceback> {
    let state = lock();
    // The answer is an ordinary vector, which is traced itself: made when the table is not locked any more.
    let _quiet = Quiet::new();
    state.find(domain, address).map(|trace| named(&state, trace.traceback))
}

/// Everything that is known, at one moment.
pub struct Snapshot {
    pub traces: Vec<Trace>,
    /// The traces' tracebacks by index.
    pub tracebacks: Vec<NamedTraceback>,
}

/// Calls `use_snapshot` with all that is known. What it allocates is not traced.
pub fn with_snapshot<T>(use_snapshot: impl FnOnce(Snapshot) -> T) -> T {
    let _quiet = Quiet::new();
    let snapshot = {
        let state = lock();
        Snapshot {
            traces: state.traces.iter().copied().collect(),
            tracebacks: (0..state.tracebacks.len() as u32).map(|index| named(&state, index)).collect(),
        }
    };
    use_snapshot(snapshot)
}

thread_local! {
    /// The tables, while this thread keeps them locked over a fork.
    static FORK_GUARD: RefCell<Option<(MutexGuard<'static, State>, Quiet)>> = const { RefCell::new(None) };
}

/// Locks the tables, so that the child of a fork finds them whole.
pub fn lock_for_fork() {
    let quiet = Quiet::new();
    let guard = lock();
    FORK_GUARD.with_borrow_mut(|place| *place = Some((guard, quiet)));
}

/// Ends what [`lock_for_fork`] began, in both processes.
pub fn unlock_after_fork() {
    drop(FORK_GUARD.take());
}

//! From IR to machine code.
//!
//! ```text
//!     ir::Trace ──fusion──▶ who is computed inside whom ──regalloc──▶ a place for every value ──x64──▶ bytes ──▶ CodeMemory
//! ```
//!
//! * [`fusion`] finds compares that become a guard's jump, and loads that become an operand.
//! * [`regalloc`] gives values registers and spill slots. It knows the machine only as a [`regalloc::Machine`] and through the
//!   [`regalloc::Shape`] of each instruction, so a second architecture uses it as it is.
//! * [`x64`] is the only user of an assembler.
//! * [`code_memory`] owns the executable memory, which is never writable and executable at once.
//!
//! # Compiled code
//!
//! A compiled trace is a function of three words: the frame, the thread state, and a [`SaveArea`] in its caller's frame. It returns the number of the
//! exit by which it was left; by then every register has been written to the save area, and spilled values live there anyway, so
//! that each [`Loc`] of the exit can be read.
//!
//! An exit can be [patched](Compiled::patch_exit) to continue in another compiled trace, whose `param`s are the values of the
//! exit's snapshot, taken over in the registers and slots where the parent left them.

pub mod code_memory;
pub mod fusion;
pub mod listing;
pub mod parallel_move;
pub mod regalloc;
pub mod runtime;
pub mod uses;
pub mod x64;

use core::mem::MaybeUninit;

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::runtime::thread::PyThreadState;

use crate::ir::kernel::MOST_ARGUMENTS;
use crate::ir::{SnapshotId, Trace};
use code_memory::{CodeBlock, CodeMemory};

/// How many spill slots there are. The first two hold the frame and the thread state.
pub const SPILL_SLOTS: usize = 256;
/// How many values of the last group are kept, and all words that groups need.
pub const WIDE_RESULTS: usize = 4;
/// And a word to note in which rounds are done.
pub const WIDE_DONE: usize = MOST_ARGUMENTS + 4 * WIDE_RESULTS;
const WIDE_WORDS: usize = WIDE_DONE + 1;
/// The spill slot of the frame.
pub const FRAME_SLOT: u16 = 0;
/// The spill slot of the thread state.
pub const THREAD_SLOT: u16 = 1;
/// The first slot for values.
pub const FIRST_FREE_SLOT: u16 = 2;

/// What compiled code gives in place of an exit's number when it returns from the base frame ([`crate::ir::ExitKind::Return`]). The save
/// area says nothing then; the value, owned, is the lowest word of the frame's operand stack.
pub const RETURNED: u64 = u32::MAX as u64;

/// Where compiled code keeps what does not fit into registers, and leaves the registers when it returns.
#[repr(C, align(16))]
pub struct SaveArea {
    pub gpr: [MaybeUninit<u64>; 16],
    pub xmm: [MaybeUninit<u64>; 16],
    /// During a call of what may look at frames: one more than the number of the exit that says where their variables are, else 0.
    pub call: u64,
    /// The arguments of groups of rounds; behind them, what the last group has computed.
    pub wide: [MaybeUninit<u64>; WIDE_WORDS],
    pub spill: [MaybeUninit<u64>; SPILL_SLOTS],
}

impl SaveArea {
    /// A save area with nothing in it; nothing is written to make one.
    #[inline]
    pub fn new() -> SaveArea {
        SaveArea {
            gpr: [MaybeUninit::uninit(); 16],
            xmm: [MaybeUninit::uninit(); 16],
            call: 0,
            wide: [MaybeUninit::uninit(); WIDE_WORDS],
            spill: [MaybeUninit::uninit(); SPILL_SLOTS],
        }
    }

    /// The 64 bits at a location: a word, or the representation of a double.
    ///
    /// # Safety
    /// Compiled code has returned by an exit that names this location.
    #[inline]
    pub unsafe fn read(&self, loc: Loc) -> u64 {
        // SAFETY: the exit wrote all registers, and the code the slots it names.
        unsafe {
            match loc {
                Loc::Gpr(n) => self.gpr[n as usize].assume_init(),
                Loc::Xmm(n) => self.xmm[n as usize].assume_init(),
                Loc::Spill(n) => self.spill[n as usize].assume_init(),
                Loc::Const(bits) => bits,
            }
        }
    }
}

impl Default for SaveArea {
    fn default() -> Self {
        SaveArea::new()
    }
}

/// Where a value is when a trace is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loc {
    /// A general register, by its number.
    Gpr(u8),
    /// A vector register; its low double.
    Xmm(u8),
    /// A spill slot of the save area.
    Spill(u16),
    /// Nowhere: it is this constant.
    Const(u64),
}

/// One way out of a compiled trace.
#[derive(Clone, Debug)]
pub struct ExitInfo {
    pub snapshot: SnapshotId,
    /// The instruction that leaves.
    pub inst: usize,
    /// Parallel to [`crate::ir::Snapshot::values`].
    pub locations: Vec<Loc>,
    /// Where in the block the exit's patchable jump is.
    stub: usize,
    /// Where its first bytes went when it was patched: the way to undo it.
    original: [u8; 5],
}

/// What a compilation is told besides the trace.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The number that the first exit returns; the others follow.
    pub first_exit: u32,
    /// A byte, not zero while the trace is valid; `guard_valid` tests it. It outlives the code.
    pub valid: *const u8,
    /// Where the values of `param` are: the locations of the exit to which the trace is going to be attached. The trace has at most
    /// one `param` for each value of the parent: places with equal locations hold the same value. Those whose location is a
    /// constant are constants of the trace.
    pub params: &'a [Loc],
    /// Where `enter` goes on, and where that trace wants its parameters.
    pub enter: Option<(usize, &'a [Loc])>,
    /// Keep what a listing needs.
    pub listing: bool,
    /// Each guard fails when it is reached for the first time, whatever it guards: for tests.
    pub fail_once: bool,
}

impl Options<'_> {
    /// A trace that is entered from the interpreter.
    pub fn root(first_exit: u32, valid: *const u8) -> Options<'static> {
        Options { first_exit, valid, params: &[], enter: None, listing: false, fail_once: false }
    }
}

/// Why a trace could not be compiled. It is left to the interpreter then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// More values live at once than there are spill slots, or one instruction needs more registers than there are.
    TooComplex(&'static str),
    /// The trace is not well formed.
    Malformed(&'static str),
    /// Executable memory is used up, or the system gives none.
    Memory(&'static str),
}

/// Places for the parameters of a trace that others enter: floats (true) and words.
pub fn parameter_places(floats: &[bool]) -> Vec<Loc> {
    let mut free = [regalloc::registers(x64::shapes::MACHINE.gprs), regalloc::registers(x64::shapes::MACHINE.xmms)];
    let mut slots = FIRST_FREE_SLOT..;
    let mut place = |&float: &bool| match free[float as usize].next() {
        Some(reg) if float => Loc::Xmm(reg.num()),
        Some(reg) => Loc::Gpr(reg.num()),
        None => Loc::Spill(slots.next().unwrap_or(FIRST_FREE_SLOT)),
    };
    floats.iter().map(&mut place).collect()
}

/// The type of compiled code.
pub type Entry = unsafe extern "sysv64" fn(*mut InterpreterFrame, *const PyThreadState, *mut SaveArea) -> u64;

/// A compiled trace. Its code is freed when it is dropped, which its owner must not do while it runs.
pub struct Compiled {
    block: CodeBlock,
    /// Where execution goes on from a patched exit.
    inner: usize,
    pub exits: Vec<ExitInfo>,
    /// Where the code of each instruction begins, if asked for: pairs of instruction and offset.
    pub map: Vec<(u32, u32)>,
}

impl Compiled {
    /// The function.
    pub fn entry(&self) -> Entry {
        // SAFETY: the block starts with the code of such a function.
        unsafe { core::mem::transmute::<usize, Entry>(self.block.address()) }
    }

    /// Runs the trace; the number of the exit.
    ///
    /// # Safety
    /// What the trace assumes holds: the frame and thread are those it was recorded for, the GIL is held.
    #[inline]
    pub unsafe fn run(&self, frame: *mut InterpreterFrame, thread: *const PyThreadState, save: &mut SaveArea) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { self.entry()(frame, thread, save) }
    }

    /// The code's address and size.
    pub fn code(&self) -> (usize, usize) {
        (self.block.address(), self.block.len())
    }

    /// The code's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.block.bytes()
    }

    /// Where another trace enters, with this one's parameters in their places.
    pub fn inner(&self) -> usize {
        self.block.address() + self.inner
    }

    /// Makes an exit (by its position) go on in the code at `target` ([`Compiled::inner`]) of a trace compiled with this exit's
    /// locations as parameters.
    ///
    /// # Errors
    /// When memory cannot be made writable.
    ///
    /// # Safety
    /// The trace was compiled with `params` equal to the exit's locations, and lives at least as long as this code runs or the
    /// exit is patched back. The GIL is held.
    pub unsafe fn patch_exit(&mut self, exit: usize, target: usize) -> Result<(), CompileError> {
        let info = &mut self.exits[exit];
        let from = self.block.address() + info.stub;
        let jump = x64::jump_bytes(from, target)?;
        let at = info.stub;
        // SAFETY: the bytes are the first of the exit's stub, and no other thread runs compiled code.
        unsafe { self.block.overwrite(at, &jump) }
    }

    /// Makes a patched exit leave the trace again.
    ///
    /// # Errors
    /// When memory cannot be made writable.
    pub fn unpatch_exit(&mut self, exit: usize) -> Result<(), CompileError> {
        let info = &self.exits[exit];
        // SAFETY: these bytes were there before.
        unsafe { self.block.overwrite(info.stub, &info.original) }
    }
}

/// A code generator.
pub trait Backend {
    /// Compiles a verified trace.
    ///
    /// # Errors
    /// See [`CompileError`].
    fn compile(&self, trace: &Trace, options: &Options<'_>) -> Result<Compiled, CompileError>;
}

/// The code generator for the machine this runs on, with at most `limit` bytes of code.
///
/// # Errors
/// Where the system gives no executable memory.
pub fn host(limit: usize) -> Result<x64::X64, CompileError> {
    x64::X64::new(CodeMemory::new(limit)?)
}

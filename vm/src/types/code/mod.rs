//! `code`: the compiled form of a block, with CPython 3.14's layout. The instructions, with their inline caches, lie
//! directly behind the header and are specialized in place.
//!
//! Nothing that a code object is made of refers to it in turn. But what the JIT compiles of it keeps the objects alive that the machine code
//! mentions: classes, functions, and through these the code object itself. So code objects show the collector what traces keep,
//! and are collectable as soon as there are any: [`gc::is_gc`] says so. Those that contain others are from the beginning, since the
//! inner ones may become so.

use core::cell::Cell;
use core::ffi::c_void;

use crate::err::PyResult;
use crate::exc;
use crate::interp::opcode;
use crate::interp::ops::consumers;
use crate::object::alloc::alloc_var;
use crate::object::header::{PyObject, PyVarObject};
use crate::object::refs::{ObjRef, OptRef, PyClass, PyStruct, Ref};
use crate::runtime::gc;
use crate::types::bytes::PyBytes;
use crate::types::function::PyFunction;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::pyclass;

pub mod extra;
pub mod location;
pub mod methods;

/// `co_flags` bits.
pub mod co_flags {
    pub const OPTIMIZED: i32 = 0x1;
    pub const NEWLOCALS: i32 = 0x2;
    pub const VARARGS: i32 = 0x4;
    pub const VARKEYWORDS: i32 = 0x8;
    pub const NESTED: i32 = 0x10;
    pub const GENERATOR: i32 = 0x20;
    pub const COROUTINE: i32 = 0x80;
    pub const ITERABLE_COROUTINE: i32 = 0x100;
    pub const ASYNC_GENERATOR: i32 = 0x200;
    pub const HAS_DOCSTRING: i32 = 0x4000000;
    pub const METHOD: i32 = 0x8000000;
}

/// Kinds of a slot in `co_localspluskinds`.
pub mod kind {
    pub const ARG_POS: u8 = 0x02;
    pub const ARG_KW: u8 = 0x04;
    pub const ARG_VAR: u8 = 0x08;
    pub const HIDDEN: u8 = 0x10;
    pub const LOCAL: u8 = 0x20;
    pub const CELL: u8 = 0x40;
    pub const FREE: u8 = 0x80;
}

/// A code object (208 bytes, then the code units).
#[pyclass(name = "code", symbol = "PyCode_Type", basicsize = 208, itemsize = 2, weaklist = co_weakreflist, dealloc = dealloc_code, gc)]
#[repr(C)]
pub struct PyCode {
    pub ob_base: PyVarObject,
    pub co_consts: Ref<PyTuple>,
    pub co_names: Ref<PyTuple>,
    pub co_exceptiontable: Ref<PyBytes>,
    pub co_flags: i32,
    pub co_argcount: i32,
    pub co_posonlyargcount: i32,
    pub co_kwonlyargcount: i32,
    pub co_stacksize: i32,
    pub co_firstlineno: i32,
    pub co_nlocalsplus: i32,
    /// Size of a frame in words: header, locals and stack.
    pub co_framesize: i32,
    pub co_nlocals: i32,
    pub co_ncellvars: i32,
    pub co_nfreevars: i32,
    /// Unique id of this code, 0 if none was given; function versions derive from it.
    pub co_version: Cell<u32>,
    pub co_localsplusnames: Ref<PyTuple>,
    pub co_localspluskinds: Ref<PyBytes>,
    pub co_filename: OptRef,
    pub co_name: Ref<PyStr>,
    pub co_qualname: Ref<PyStr>,
    pub co_linetable: Ref<PyBytes>,
    pub co_weakreflist: Cell<*mut PyObject>,
    /// Private: what the JIT keeps for this code.
    pub co_executors: Cell<*mut c_void>,
    /// Private: a `Box<CodeCache>` with lazily made tuples.
    pub co_cached: Cell<*mut CodeCache>,
    pub co_instrumentation_version: Cell<usize>,
    /// Private: instrumentation data (`interp::instrument`).
    pub co_monitoring: Cell<*mut c_void>,
    pub co_unique_id: isize,
    /// Index of the first `RESUME`; before it a frame is incomplete. Written by Cython.
    pub co_firsttraceable: Cell<i32>,
    pub co_extra: Cell<*mut c_void>,
}

const _: () = assert!(core::mem::size_of::<PyCode>() == 208);
const _: () = assert!(core::mem::offset_of!(PyCode, co_firsttraceable) == 192);
const _: () = assert!(core::mem::offset_of!(PyCode, co_filename) == 112);

/// What is made on demand.
#[derive(Default)]
pub struct CodeCache {
    pub co_code: OptRef,
    pub varnames: OptRef,
    pub cellvars: OptRef,
    pub freevars: OptRef,
    /// Of a generator function: the functions that go through its generators.
    pub consumers: [OptRef<PyFunction>; consumers::KINDS],
}

/// What a code object is made of.
pub struct CodeParts {
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub stacksize: i32,
    pub flags: i32,
    /// Instructions with zeroed caches, as in `co_code`.
    pub code: Vec<u8>,
    pub consts: Ref<PyTuple>,
    pub names: Ref<PyTuple>,
    pub localsplusnames: Ref<PyTuple>,
    pub localspluskinds: Ref<PyBytes>,
    pub filename: ObjRef,
    pub name: Ref<PyStr>,
    pub qualname: Ref<PyStr>,
    pub firstlineno: i32,
    pub linetable: Ref<PyBytes>,
    pub exceptiontable: Ref<PyBytes>,
}

/// Initial counter of adaptive instructions: (value << 4) | backoff, as CPython's.
pub const ADAPTIVE_WARMUP: u16 = (1 << 4) | 1;

impl PyCode {
    /// A new code object.
    ///
    /// # Errors
    /// `ValueError` when the parts do not fit each other; `MemoryError`.
    pub fn new(parts: CodeParts) -> PyResult<Ref<PyCode>> {
        let CodeParts { code, .. } = &parts;
        if code.len() % 2 != 0 {
            return Err(exc::value_error("code: co_code is malformed"));
        }
        let kinds = parts.localspluskinds.as_bytes();
        if kinds.len() != parts.localsplusnames.len() {
            return Err(exc::value_error("code: localsplusnames and localspluskinds differ in length"));
        }
        if parts.argcount < parts.posonlyargcount
            || parts.posonlyargcount < 0
            || parts.kwonlyargcount < 0
            || parts.stacksize < 0
        {
            return Err(exc::value_error("code: bad argument counts"));
        }
        let (mut nlocals, mut ncells, mut nfree) = (0, 0, 0);
        for &k in kinds {
            if k & kind::LOCAL != 0 {
                nlocals += 1;
            }
            if k & kind::CELL != 0 {
                ncells += 1;
            }
            if k & kind::FREE != 0 {
                nfree += 1;
            }
        }
        let nargs = parts.argcount
            + parts.kwonlyargcount
            + (parts.flags & co_flags::VARARGS != 0) as i32
            + (parts.flags & co_flags::VARKEYWORDS != 0) as i32;
        if nargs > nlocals {
            return Err(exc::value_error("code: varnames is too small"));
        }
        let nlocalsplus = kinds.len() as i32;
        let units = code.len() / 2;
        // Extensions have code objects without code, for tracebacks. Executing one raises, by a unit that is not counted.
        let object = alloc_var(&PyCode_Type, units.max(1))?;
        let this = object as *mut PyCode;
        // SAFETY: fresh zeroed memory with room for the header and the units; every field is written exactly once.
        unsafe {
            let target = (object as *mut u8).add(208);
            if units == 0 {
                target.write(opcode::RAISE_VARARGS);
                (*this).ob_base.ob_size.set(0);
            }
            core::ptr::copy_nonoverlapping(code.as_ptr(), target, code.len());
            quicken(target as *mut u16, units);
            let first = first_resume(target as *const u16, units);
            // The stack gets one slot more, so that a full stack is never the end of the chunk.
            let framesize = crate::interp::frame::FRAME_HEADER_SLOTS as i32 + nlocalsplus + parts.stacksize + 1;
            (&raw mut (*this).co_consts).write(parts.consts);
            (&raw mut (*this).co_names).write(parts.names);
            (&raw mut (*this).co_exceptiontable).write(parts.exceptiontable);
            (&raw mut (*this).co_flags).write(parts.flags);
            (&raw mut (*this).co_argcount).write(parts.argcount);
            (&raw mut (*this).co_posonlyargcount).write(parts.posonlyargcount);
            (&raw mut (*this).co_kwonlyargcount).write(parts.kwonlyargcount);
            (&raw mut (*this).co_stacksize).write(parts.stacksize);
            (&raw mut (*this).co_firstlineno).write(parts.firstlineno);
            (&raw mut (*this).co_nlocalsplus).write(nlocalsplus);
            (&raw mut (*this).co_framesize).write(framesize);
            (&raw mut (*this).co_nlocals).write(nlocals);
            (&raw mut (*this).co_ncellvars).write(ncells);
            (&raw mut (*this).co_nfreevars).write(nfree);
            (&raw mut (*this).co_version).write(Cell::new(next_version()));
            (&raw mut (*this).co_localsplusnames).write(parts.localsplusnames);
            (&raw mut (*this).co_localspluskinds).write(parts.localspluskinds);
            (&raw mut (*this).co_filename).write(OptRef::some(parts.filename));
            (&raw mut (*this).co_name).write(parts.name);
            (&raw mut (*this).co_qualname).write(parts.qualname);
            (&raw mut (*this).co_linetable).write(parts.linetable);
            (*this).co_firsttraceable.set(first);
            intern_names(&*this);
            if (*this).co_consts.items().iter().any(|item| PyCode::check_exact(item)) {
                gc::track(&*object);
            }
            Ok(Ref::from_owned_ptr(this))
        }
    }

    /// The first code unit.
    #[inline(always)]
    pub fn code_ptr(&self) -> *mut u16 {
        // SAFETY: the units follow the header.
        unsafe { (self as *const PyCode as *mut u8).add(208) as *mut u16 }
    }

    /// Number of code units.
    #[inline(always)]
    pub fn code_units(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }

    /// `co_code`: the instructions as compiled, with zeroed caches.
    pub fn original_code(&self) -> Vec<u8> {
        let units = self.code_units();
        let mut out = Vec::with_capacity(units * 2);
        let mut i = 0;
        while i < units {
            let (op, arg) = self.original_unit(i);
            out.extend_from_slice(&[op, arg]);
            let caches = opcode::CACHES[op as usize] as usize;
            out.extend(core::iter::repeat_n(0, caches * 2));
            i += 1 + caches;
        }
        out.truncate(units * 2);
        out
    }

    /// The base instruction and argument at unit `index`, looking through specialization and instrumentation.
    pub fn original_unit(&self, index: usize) -> (u8, u8) {
        // SAFETY: the index lies within the units.
        let unit = unsafe { *self.code_ptr().add(index) }.to_le_bytes();
        let op = crate::interp::instrument::original_opcode(self, index, unit[0]);
        (opcode::BASE[op as usize], unit[1])
    }

    /// The name of local variable `index`.
    pub fn local_name(&self, index: usize) -> Ref<PyStr> {
        match self.co_localsplusnames.get(index).and_then(|n| n.downcast_ref::<PyStr>()) {
            Some(name) => name.to_ref(),
            None => PyStr::new("?"),
        }
    }

    /// The constant at `index`.
    ///
    /// # Safety
    /// The index comes from this code's own instructions.
    #[inline(always)]
    pub unsafe fn constant(&self, index: usize) -> &PyObject {
        // SAFETY: the caller's promise.
        unsafe { self.co_consts.items().get_unchecked(index) }
    }

    /// The name at `index`.
    ///
    /// # Safety
    /// The index comes from this code's own instructions.
    #[inline(always)]
    pub unsafe fn name_at(&self, index: usize) -> &PyStr {
        // SAFETY: the caller's promise; names are strings.
        unsafe { self.co_names.items().get_unchecked(index).cast_unchecked_ref() }
    }

    #[inline(always)]
    pub fn has_flag(&self, flag: i32) -> bool {
        self.co_flags & flag != 0
    }

    /// The line of the instruction at unit `lasti` (the function's first line for -1), or `None` if it has none.
    pub fn line_of(&self, lasti: isize) -> Option<i32> {
        if lasti < 0 {
            return Some(self.co_firstlineno);
        }
        location::find(self, lasti as usize).and_then(|l| l.line)
    }
}

/// Unique code ids; 0 is "none", and stays for good after the counter is used up.
fn next_version() -> u32 {
    use core::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let version = NEXT.load(Ordering::Relaxed);
    if version != 0 {
        NEXT.store(version.wrapping_add(1), Ordering::Relaxed);
    }
    version
}

/// Fills the counters of adaptive instructions.
///
/// # Safety
/// `code` points to `units` writable code units.
unsafe fn quicken(code: *mut u16, units: usize) {
    let mut i = 0;
    while i < units {
        // SAFETY: inside the array.
        let op = unsafe { *code.add(i) } as u8;
        let caches = opcode::CACHES[op as usize] as usize;
        if caches > 0 && i + 1 < units {
            let counter = match op {
                // The first execution sets the countdown.
                opcode::JUMP_BACKWARD => 0,
                opcode::POP_JUMP_IF_FALSE
                | opcode::POP_JUMP_IF_TRUE
                | opcode::POP_JUMP_IF_NONE
                | opcode::POP_JUMP_IF_NOT_NONE => 0,
                _ => ADAPTIVE_WARMUP,
            };
            // SAFETY: inside the array.
            unsafe { *code.add(i + 1) = counter };
        }
        i += 1 + caches;
    }
}

/// # Safety
/// As for [`quicken`].
unsafe fn first_resume(code: *const u16, units: usize) -> i32 {
    let mut i = 0;
    while i < units {
        // SAFETY: inside the array.
        let op = unsafe { *code.add(i) } as u8;
        if opcode::BASE[op as usize] == opcode::RESUME {
            return i as i32;
        }
        i += 1 + opcode::CACHES[op as usize] as usize;
    }
    0
}

/// Interns names, local names and identifier-like string constants, as lookups compare pointers first.
fn intern_names(code: &PyCode) {
    for tuple in [&code.co_names, &code.co_localsplusnames] {
        intern_items(tuple, |_| true);
    }
    intern_constants(&code.co_consts);
}

/// Is it a string that may serve as a name, so that it is interned as a constant?
pub fn is_name_like(text: &PyStr) -> bool {
    text.as_ascii().is_some_and(|t| t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

/// Interns the name-like strings among constants, and in tuples among them.
fn intern_constants(tuple: &PyTuple) {
    intern_items(tuple, is_name_like);
    for item in tuple.items() {
        if let Some(inner) = item.downcast_exact::<PyTuple>() {
            intern_constants(inner);
        }
    }
}

/// Replaces strings in a tuple that nobody else has seen yet by their interned equals.
fn intern_items(tuple: &PyTuple, wanted: impl Fn(&PyStr) -> bool) {
    for (i, item) in tuple.items().iter().enumerate() {
        let Some(text) = item.downcast_exact::<PyStr>() else { continue };
        if text.is_interned() || !wanted(text) {
            continue;
        }
        let interned = PyStr::intern(text.to_ref());
        // SAFETY: the slot owns its string; an equal one takes its place.
        unsafe {
            let slot = tuple.items_ptr().add(i);
            let old = *slot;
            *slot = interned.into_raw() as *mut PyObject;
            PyObject::decref(old);
        }
    }
}

/// `tp_dealloc` of code objects.
unsafe extern "C-unwind" fn dealloc_code(object: *mut PyObject) {
    // SAFETY: a dead code object; private boxes are freed once.
    unsafe {
        let code = &*(object as *const PyCode);
        gc::untrack(&*object);
        if !code.co_weakreflist.get().is_null() {
            crate::types::weakref::clear_weakrefs(&*object);
        }
        crate::jit_hooks::code_destroyed(code);
        let cache = code.co_cached.replace(core::ptr::null_mut());
        if !cache.is_null() {
            drop(Box::from_raw(cache));
        }
        crate::interp::instrument::free_data(code);
        code.free_extras();
        core::ptr::drop_in_place(object as *mut PyCode);
        crate::object::dealloc::free_instance(object);
    }
}

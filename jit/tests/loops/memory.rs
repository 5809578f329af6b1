//! The memory that the traces of random loops work on, and its objects.

use rpy_jit::ir::CallInfo;
use rpy_jit::opt::KnownTypes;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::bool_;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::range::{PyRange, PyRangeIterator};
use rpy_vm::types::tuple::PyTuple;

use crate::common::CALLS;

/// Words of the arena: pointers into it, numbers of class Other, items, objects.
pub const POINTERS: usize = 0;
pub const OTHERS: usize = 8;
pub const ITEMS: usize = 40;
pub const OBJECTS: usize = 72;
/// References to a few objects that are counted: see [`Things`].
pub const THINGS: usize = 88;
pub const WORDS: usize = 96;
/// Locals that hold such objects.
pub const HOLDERS: usize = 3;
/// Of each kind of memory there are two blocks of this many words.
pub const BLOCK: usize = 16;

/// The memory that all traces of a test work on, always at the same address.
pub struct Arena {
    pub words: Box<[u64; WORDS]>,
    pub frame: Vec<u64>,
    pub things: Things,
}

pub fn address_of<T: PyClass>() -> usize {
    T::type_object() as *const _ as usize
}

pub fn types() -> KnownTypes {
    KnownTypes {
        int: address_of::<PyInt>(),
        float: address_of::<PyFloat>(),
        bool: bool_::as_object(true).ty() as *const _ as usize,
        tuple: address_of::<PyTuple>(),
        range: address_of::<PyRange>(),
        range_iterator: address_of::<PyRangeIterator>(),
        scalar: |_| 0,
        is_stable: |_| true,
    }
}

pub fn box_int(value: i64) -> u64 {
    PyInt::from_i64(value).into_obj().into_raw() as u64
}

pub fn box_float(value: f64) -> u64 {
    PyFloat::new(value).into_obj().into_raw() as u64
}

/// What an object's address stands for: addresses of boxes differ from run to run.
pub fn number_at(word: u64) -> String {
    // SAFETY: words of slots and of the arena's last part are live objects of tests, which are never freed.
    let object = unsafe { &*((word & !1) as *const PyObject) };
    match (object.downcast_exact::<PyInt>(), object.downcast_exact::<PyFloat>()) {
        (Some(int), _) => format!("{:?}", int.medium_value()),
        (_, Some(float)) => show_float(float.value()),
        _ => format!("{}", bool_::is_true(object)),
    }
}

pub fn show_float(value: f64) -> String {
    // Which not-a-number it is does not matter.
    if value.is_nan() { "nan".into() } else { format!("{value:?}") }
}

/// Objects whose references are counted: two floats and two ints.
pub struct Things(pub [u64; 4]);

impl Things {
    pub fn new() -> Things {
        Things([box_float(0.5), box_float(1.5), box_int(1 << 40), box_int(1 << 41)])
    }

    pub fn name(&self, word: u64) -> String {
        format!("thing {:?}", self.0.iter().position(|&thing| thing == word & !1))
    }

    pub fn object(word: u64) -> &'static PyObject {
        // SAFETY: things live as long as the test: a trace never takes the last reference to one.
        unsafe { &*((word & !1) as *const PyObject) }
    }

    /// The counts, relative to 1.
    pub fn counts(&self) -> [isize; 4] {
        self.0.map(|thing| Things::object(thing).refcount() as isize - 1)
    }

    /// Back to these counts.
    pub fn restore(&self, counts: &[isize; 4]) {
        for (&thing, (&wanted, found)) in self.0.iter().zip(counts.iter().zip(self.counts())) {
            for _ in found..wanted {
                Things::object(thing).incref();
            }
            for _ in wanted..found {
                // SAFETY: not the last reference.
                unsafe { PyObject::decref(thing as *mut PyObject) };
            }
        }
    }
}

pub static ARENA: std::sync::atomic::AtomicPtr<u64> = std::sync::atomic::AtomicPtr::new(core::ptr::null_mut());

/// Changes something in memory of every kind.
pub extern "C" fn any() {
    let words = ARENA.load(std::sync::atomic::Ordering::Relaxed);
    for at in [OTHERS + 1, OTHERS + BLOCK + 2, ITEMS + 3, ITEMS + BLOCK] {
        // SAFETY: within the arena.
        unsafe { *words.add(at) = (*words.add(at)).wrapping_add(1) };
    }
    // SAFETY: as above; pointers exchanged with each other stay good.
    unsafe { core::ptr::swap(words, words.add(1)) };
}

/// Changes items.
pub extern "C" fn items() {
    let words = ARENA.load(std::sync::atomic::Ordering::Relaxed);
    for at in [ITEMS, ITEMS + 5, ITEMS + BLOCK + 1] {
        // SAFETY: within the arena.
        unsafe { *words.add(at) = (*words.add(at)).wrapping_mul(3) };
    }
}

pub extern "C" fn pure(value: i64) -> i64 {
    value.rotate_left(7) ^ 0x55
}

pub fn callee(name: &str) -> CallInfo {
    let info = CALLS.iter().find(|call| call.name == name).expect("a callee of that name");
    let address = match name {
        "any" => any as extern "C" fn() as usize,
        "items" => items as extern "C" fn() as usize,
        _ => pure as extern "C" fn(i64) -> i64 as usize,
    };
    CallInfo { address, ..*info }
}

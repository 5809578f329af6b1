//! Bookkeeping of the cycle collector: the list of tracked objects, and how objects show what they refer to.
//!
//! Every collectable object has a two-word head in front of it: `next` (0 = not tracked) and `prev` (whose low bits are
//! flags). Tracked objects form circular lists, one per generation, through their heads. `collector` does the collecting.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::marker::PhantomData;

use crate::object::alloc::GC_HEAD_SIZE;
use crate::object::header::PyObject;
use crate::object::refs::{OptRef, PyStruct, Ref};
use crate::object::slots::{inquiry, visitproc};
use crate::object::typeobj::{PyTypeObject, flags};
use crate::types::type_::type_is_gc;

pub mod collector;
pub mod pace;

/// The collector's head in front of an object (`PyGC_Head`).
#[repr(C)]
pub struct GcHead {
    /// Address of the next head in the list; 0 when the object is not tracked.
    pub next: Cell<usize>,
    /// Address of the previous head, with flags in the low bits (see [`PREV_FINALIZED`], [`PREV_COLLECTING`]).
    pub prev: Cell<usize>,
}

/// The object's finalizer has run (`_PyGC_PREV_MASK_FINALIZED`).
pub const PREV_FINALIZED: usize = 1;
/// The object is in the generation being collected.
pub const PREV_COLLECTING: usize = 2;
/// Bits of `prev` that are flags.
pub const PREV_FLAGS: usize = 3;

/// A generation: a list anchor, and its counter and threshold.
#[repr(C)]
pub struct Generation {
    pub head: GcHead,
    pub threshold: Cell<i32>,
    pub count: Cell<i32>,
}

/// The collector's state: one per process, touched under the GIL.
pub struct GcState {
    pub generations: [Generation; 3],
    /// By how many objects the youngest generation may grow until it is looked through (see [`pace`]).
    pub young_limit: Cell<i32>,
    /// Objects moved out of sight by `gc.freeze()`.
    pub permanent: Generation,
    pub enabled: Cell<bool>,
    pub collecting: Cell<bool>,
}

/// The threshold of the youngest generation, unless a program says otherwise.
const YOUNG: i32 = 2000;

impl Generation {
    const fn new(threshold: i32) -> Generation {
        Generation {
            head: GcHead { next: Cell::new(0), prev: Cell::new(0) },
            threshold: Cell::new(threshold),
            count: Cell::new(0),
        }
    }
}

// SAFETY: touched under the GIL only.
unsafe impl Sync for GcState {}

/// The process's collector state. List anchors link to themselves lazily (0 = empty).
pub static STATE: GcState = GcState {
    generations: [Generation::new(YOUNG), Generation::new(10), Generation::new(0)],
    young_limit: Cell::new(YOUNG),
    permanent: Generation::new(0),
    enabled: Cell::new(true),
    collecting: Cell::new(false),
};

impl GcHead {
    /// Makes an anchor an empty list, if it has never been used.
    #[inline]
    pub fn ensure_init(&self) {
        if self.next.get() == 0 {
            let me = self as *const GcHead as usize;
            self.next.set(me);
            self.prev.set(me);
        }
    }
}

/// The head of a collectable object.
///
/// # Safety
/// The object's type has HAVE_GC.
#[inline(always)]
pub unsafe fn head_of(object: &PyObject) -> &GcHead {
    // SAFETY: the head lies directly in front of the object.
    unsafe { &*((object as *const PyObject as *const u8).sub(GC_HEAD_SIZE) as *const GcHead) }
}

/// The object behind a head.
#[inline(always)]
pub fn object_of(head: &GcHead) -> *mut PyObject {
    // The object follows its head.
    ((head as *const GcHead as usize) + GC_HEAD_SIZE) as *mut PyObject
}

/// Is the object collectable: by its type, and by `tp_is_gc` where the type has that?
#[inline(always)]
pub fn is_gc(object: &PyObject) -> bool {
    let ty = object.ty();
    ty.has_flag(flags::HAVE_GC)
        && match ty.tp_is_gc.get() {
            // Every instance shows its class.
            // SAFETY: only types have this function.
            Some(tp_is_gc) if is_function_of_types(tp_is_gc) => unsafe {
                (*object.as_ptr().cast::<PyTypeObject>()).has_flag(flags::HEAPTYPE)
            },
            // SAFETY: calling the slot as C would.
            Some(tp_is_gc) => unsafe { tp_is_gc(object.as_ptr()) != 0 },
            None => true,
        }
}

#[inline(always)]
fn is_function_of_types(tp_is_gc: inquiry) -> bool {
    tp_is_gc as usize == type_is_gc as *const () as usize
}

/// Puts a collectable object on the youngest generation's list. Does nothing if it is tracked already.
///
/// # Safety
/// The object's type has HAVE_GC (and the object itself a head), and its fields are valid to visit.
#[inline]
pub unsafe fn track(object: &PyObject) {
    // SAFETY: the caller's promise.
    let head = unsafe { head_of(object) };
    if head.next.get() != 0 {
        return;
    }
    let anchor = &STATE.generations[0].head;
    anchor.ensure_init();
    let me = head as *const GcHead as usize;
    let last = anchor.prev.get() & !PREV_FLAGS;
    // SAFETY: list neighbours are live heads or the anchor.
    unsafe { (*(last as *const GcHead)).next.set(me) };
    head.prev.set((head.prev.get() & PREV_FLAGS) | last);
    head.next.set(anchor as *const GcHead as usize);
    anchor.prev.set(me);
}

/// Takes an object off its list. Does nothing if it is not tracked.
///
/// # Safety
/// As for [`track`].
#[inline]
pub unsafe fn untrack(object: &PyObject) {
    // SAFETY: the caller's promise.
    let head = unsafe { head_of(object) };
    let next = head.next.get();
    if next == 0 {
        return;
    }
    let prev = head.prev.get() & !PREV_FLAGS;
    // SAFETY: list neighbours are live heads or an anchor.
    unsafe {
        (*(prev as *const GcHead)).next.set(next);
        let n = &*(next as *const GcHead);
        n.prev.set((n.prev.get() & PREV_FLAGS) | prev);
    }
    head.next.set(0);
    head.prev.set(head.prev.get() & PREV_FINALIZED);
}

/// Is the object on one of the collector's lists?
pub fn is_tracked(object: &PyObject) -> bool {
    // SAFETY: the head exists if the object is collectable.
    is_gc(object) && unsafe { head_of(object) }.next.get() != 0
}

/// Counts an allocation of a collectable object, and asks for a collection at the next safe point when the youngest
/// generation is over its threshold.
#[inline(always)]
pub fn count_allocation(ty: &PyTypeObject) {
    if ty.has_flag(flags::HAVE_GC) {
        let generation = &STATE.generations[0];
        let count = generation.count.get() + 1;
        generation.count.set(count);
        if count > STATE.young_limit.get() {
            request_collection();
        }
    }
}

/// Counts a collectable object's end.
#[inline(always)]
pub fn count_free() {
    let count = &STATE.generations[0].count;
    if count.get() > 0 {
        count.set(count.get() - 1);
    }
}

#[cold]
fn request_collection() {
    if STATE.enabled.get() && !STATE.collecting.get() && STATE.generations[0].threshold.get() != 0 {
        crate::runtime::thread::set_eval_breaker(crate::runtime::thread::breaker::GC_SCHEDULED);
    }
}

/// Collects what a visit shows. A non-zero answer of the visitor ends the walk.
pub struct Visit<'a> {
    visit: visitproc,
    arg: *mut c_void,
    result: c_int,
    lifetime: PhantomData<&'a ()>,
}

impl Visit<'_> {
    /// # Safety
    /// `visit` may be called with `arg` while this value lives.
    pub unsafe fn new(visit: visitproc, arg: *mut c_void) -> Self {
        Visit { visit, arg, result: 0, lifetime: PhantomData }
    }

    /// Shows one reference the object owns.
    #[inline]
    pub fn visit(&mut self, object: &PyObject) {
        if self.result == 0 {
            // SAFETY: promised at construction.
            self.result = unsafe { (self.visit)(object.as_ptr(), self.arg) };
        }
    }

    #[inline]
    pub fn visit_opt(&mut self, object: Option<&PyObject>) {
        if let Some(object) = object {
            self.visit(object);
        }
    }

    /// Shows a possibly null pointer that the object owns.
    ///
    /// # Safety
    /// Null or a live object.
    #[inline]
    pub unsafe fn visit_raw(&mut self, object: *const PyObject) {
        // SAFETY: the caller's promise.
        self.visit_opt(unsafe { object.as_ref() });
    }

    /// Delegates to another traverse function, such as a base type's.
    ///
    /// # Safety
    /// `object` fits the function.
    pub unsafe fn delegate(&mut self, traverse: crate::object::slots::traverseproc, object: *mut PyObject) {
        if self.result == 0 {
            // SAFETY: the caller's promise.
            self.result = unsafe { traverse(object, self.visit, self.arg) };
        }
    }

    /// What `tp_traverse` returns.
    pub fn result(&self) -> c_int {
        self.result
    }
}

/// How a field shows the references it owns, and lets go of them.
pub trait Traverse {
    fn traverse(&self, visit: &mut Visit<'_>);
    /// Drops owned references where the field can do without; the rest goes with the object.
    fn clear(&self) {}
}

impl<T: PyStruct> Traverse for OptRef<T> {
    fn traverse(&self, visit: &mut Visit<'_>) {
        visit.visit_opt(self.peek().map(PyStruct::as_object));
    }
    fn clear(&self) {
        self.take();
    }
}

impl<T: PyStruct> Traverse for Ref<T> {
    fn traverse(&self, visit: &mut Visit<'_>) {
        visit.visit(self.as_object());
    }
}

impl<T: Traverse> Traverse for Option<T> {
    fn traverse(&self, visit: &mut Visit<'_>) {
        if let Some(value) = self {
            value.traverse(visit);
        }
    }
    fn clear(&self) {
        if let Some(value) = self {
            value.clear();
        }
    }
}

impl<T: Traverse> Traverse for Vec<T> {
    fn traverse(&self, visit: &mut Visit<'_>) {
        for value in self {
            value.traverse(visit);
        }
    }
}

impl<A: Traverse, B: Traverse> Traverse for (A, B) {
    fn traverse(&self, visit: &mut Visit<'_>) {
        self.0.traverse(visit);
        self.1.traverse(visit);
    }
}

impl<T: Traverse> Traverse for core::cell::RefCell<T> {
    fn traverse(&self, visit: &mut Visit<'_>) {
        // A visit never meets a mutable borrow: no Python code runs while one is held.
        if let Ok(value) = self.try_borrow() {
            value.traverse(visit);
        }
    }
}

impl<T: Copy + NoRefs> Traverse for Cell<T> {
    fn traverse(&self, _visit: &mut Visit<'_>) {}
}

/// Plain data that owns no references.
pub trait NoRefs {}
macro_rules! no_refs {
    ($($ty:ty),*) => { $(
        impl NoRefs for $ty {}
        impl Traverse for $ty { fn traverse(&self, _visit: &mut Visit<'_>) {} }
    )* };
}
no_refs!(bool, u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64, char);
impl<T> NoRefs for *mut T {}
impl<T> NoRefs for *const T {}
impl<T: NoRefs> NoRefs for Option<T> {}

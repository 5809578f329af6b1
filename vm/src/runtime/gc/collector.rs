//! The cycle collector: generations, trial deletion, finalizers, weak references.
//!
//! A collection of generation *n* looks at the objects of generations 0 to *n* ("young" below) and finds those that only
//! keep each other alive:
//!
//! 1. [`update_refs`] copies every count into the `prev` word of the object's head (flags stay in the low bits);
//! 2. [`subtract_refs`] subtracts one for each reference that comes from a young object: what is left counts references
//!    from outside;
//! 3. [`move_unreachable`] walks the list once. An object with outside references is reachable, and so is all it refers to;
//!    an object without goes to the *unreachable* list, and comes back if a reachable object further on refers to it.
//!    Members of the unreachable list carry a mark in the low bit of `next`, so that step 3 can tell where an object is.
//!
//! Then the unreachable objects are disposed of: weak references with callbacks are cleared and the callbacks called,
//! finalizers run, what they resurrected moves to the older generation together with all it reaches, the remaining weak
//! references are cleared, and `tp_clear` breaks the cycles, after which counting does the rest. Objects with the legacy
//! `tp_del`, and what they reach, end in `gc.garbage` instead.
//!
//! While steps 1 to 3 run, lists are singly linked (by `next`); outside of them they are doubly linked.
//!
//! Python code runs only at the points marked so: there, any list may lose and gain members, so each loop starts again
//! from a list's head and keeps no cursor.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use std::time::Instant;

use super::{GcHead, PREV_COLLECTING, PREV_FINALIZED, PREV_FLAGS, STATE, head_of, is_gc, object_of, pace};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::header::STATIC_OBJECT_FLAGS;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, flags};
use crate::protocol::call;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use crate::types::type_::instance;
use crate::types::weakref;

/// The number of generations.
pub const GENERATIONS: usize = 3;

/// Collections of the middle generation that lie between two full ones, unless `gc.set_threshold` says how many. (It is shown as 0, as
/// CPython has it, which goes through its oldest generation in small steps.)
const FULL_COLLECTION: i32 = 10;

/// `gc.set_debug` flags.
pub mod debug {
    pub const STATS: u32 = 1 << 0;
    pub const COLLECTABLE: u32 = 1 << 1;
    pub const UNCOLLECTABLE: u32 = 1 << 2;
    pub const SAVEALL: u32 = 1 << 5;
    pub const LEAK: u32 = COLLECTABLE | UNCOLLECTABLE | SAVEALL;
}

/// In `next`: the object is on the unreachable list (only while that list is being built).
const NEXT_UNREACHABLE: usize = 1;
/// The count is kept above the flags.
const REFS_SHIFT: u32 = 2;

/// What `gc.get_stats()` tells of a generation.
#[derive(Clone, Copy, Default)]
pub struct Stats {
    pub collections: usize,
    pub collected: usize,
    pub uncollectable: usize,
}

/// The collector's own state, beside the lists.
struct Collector {
    debug: Cell<u32>,
    stats: [Cell<Stats>; GENERATIONS],
    /// `gc.garbage`.
    garbage: OptRef<PyList>,
    /// `gc.callbacks`.
    callbacks: OptRef<PyList>,
    /// Objects that survived the last full collection.
    long_lived_total: Cell<usize>,
    /// Objects that have joined the oldest generation since.
    long_lived_pending: Cell<usize>,
}

// SAFETY: touched under the GIL only.
unsafe impl Sync for Collector {}

static COLLECTOR: Collector = Collector {
    debug: Cell::new(0),
    stats: [const { Cell::new(Stats { collections: 0, collected: 0, uncollectable: 0 }) }; GENERATIONS],
    garbage: OptRef::NULL,
    callbacks: OptRef::NULL,
    long_lived_total: Cell::new(0),
    long_lived_pending: Cell::new(0),
};

// ---------------------------------------------------------------------------------------------------------------------
// Lists. A list is an anchor head; an empty one links to itself.

type Head = *const GcHead;

/// A head by its address.
///
/// # Safety
/// The address is a live head's or anchor's.
#[inline(always)]
unsafe fn at<'a>(head: usize) -> &'a GcHead {
    // SAFETY: the caller's promise.
    unsafe { &*(head as Head) }
}

#[inline(always)]
fn addr(head: &GcHead) -> usize {
    head as Head as usize
}

fn list_init(list: &GcHead) {
    list.next.set(addr(list));
    list.prev.set(addr(list));
}

fn new_anchor() -> GcHead {
    GcHead { next: Cell::new(0), prev: Cell::new(0) }
}

#[inline(always)]
fn is_empty(list: &GcHead) -> bool {
    list.next.get() == addr(list)
}

#[inline(always)]
fn prev_addr(head: &GcHead) -> usize {
    head.prev.get() & !PREV_FLAGS
}

/// Changes the link and keeps the flags.
#[inline(always)]
fn set_prev(head: &GcHead, prev: usize) {
    head.prev.set((head.prev.get() & PREV_FLAGS) | prev);
}

/// Appends a head that is on no list.
#[inline(always)]
unsafe fn append(head: &GcHead, list: &GcHead) {
    let last = prev_addr(list);
    set_prev(head, last);
    // SAFETY: `last` is a member of the list or its anchor.
    unsafe { at(last).next.set(addr(head)) };
    head.next.set(addr(list));
    list.prev.set(addr(head));
}

/// Moves a head from its list to the end of another one.
unsafe fn move_to(head: &GcHead, list: &GcHead) {
    let (prev, next) = (prev_addr(head), head.next.get());
    // SAFETY: list neighbours are live heads or anchors.
    unsafe {
        at(prev).next.set(next);
        set_prev(at(next), prev);
        append(head, list);
    }
}

/// Moves all members of `from` to the end of `to`.
unsafe fn merge(from: &GcHead, to: &GcHead) {
    if !is_empty(from) {
        let (first, last, tail) = (from.next.get(), prev_addr(from), prev_addr(to));
        // SAFETY: members and anchors are live.
        unsafe {
            at(tail).next.set(first);
            set_prev(at(first), tail);
            at(last).next.set(addr(to));
        }
        to.prev.set(last);
    }
    list_init(from);
}

/// Calls `f` for each member. `f` must not change the list.
fn for_each(list: &GcHead, mut f: impl FnMut(&GcHead)) {
    let mut head = list.next.get();
    while head != addr(list) {
        // SAFETY: members are live.
        let current = unsafe { at(head) };
        head = current.next.get();
        f(current);
    }
}

fn list_len(list: &GcHead) -> usize {
    let mut count = 0;
    for_each(list, |_| count += 1);
    count
}

/// A generation's list.
fn generation(index: usize) -> &'static GcHead {
    let head = &STATE.generations[index].head;
    head.ensure_init();
    head
}

/// The list of frozen objects.
fn permanent() -> &'static GcHead {
    STATE.permanent.head.ensure_init();
    &STATE.permanent.head
}

// ---------------------------------------------------------------------------------------------------------------------
// Finding the unreachable.

#[inline(always)]
fn refs(head: &GcHead) -> usize {
    head.prev.get() >> REFS_SHIFT
}

#[inline(always)]
fn set_refs(head: &GcHead, refs: usize) {
    head.prev.set((head.prev.get() & PREV_FLAGS) | (refs << REFS_SHIFT));
}

#[inline(always)]
fn is_collecting(head: &GcHead) -> bool {
    head.prev.get() & PREV_COLLECTING != 0
}

#[inline(always)]
fn clear_collecting(head: &GcHead) {
    head.prev.set(head.prev.get() & !PREV_COLLECTING);
}

/// The object behind a head.
#[inline(always)]
fn object(head: &GcHead) -> &PyObject {
    // SAFETY: an object follows its head, and members of lists are live.
    unsafe { &*object_of(head) }
}

/// Shows an object's references to a visitor.
#[inline(always)]
unsafe fn traverse(object: &PyObject, visit: crate::object::slots::visitproc, arg: *mut c_void) -> c_int {
    match object.ty().tp_traverse.get() {
        // Most objects are instances: they are walked here, with the visitor in place.
        // SAFETY: the visitor is shown live objects.
        Some(traverse) if instance::is_subtype_traverse(traverse) => unsafe {
            instance::traverse_instance(object.as_ptr(), visit, arg)
        },
        // SAFETY: calling the slot as C would.
        Some(traverse) => unsafe { traverse(object.as_ptr(), visit, arg) },
        None => 0,
    }
}

/// The head of a referenced object, if it takes part in this collection.
#[inline(always)]
unsafe fn collecting_head<'a>(object: *mut PyObject) -> Option<&'a GcHead> {
    // SAFETY: visitors are shown live objects.
    let object = unsafe { &*object };
    // Objects in static memory may have no head in front of them.
    if object.ob_flags.get() == STATIC_OBJECT_FLAGS || !is_gc(object) {
        return None;
    }
    // SAFETY: collectable objects have heads.
    let head = unsafe { head_of(object) };
    is_collecting(head).then_some(head)
}

/// Step 1.
fn update_refs(list: &GcHead) {
    for_each(list, |head| {
        let count = object(head).refcount() as usize;
        head.prev.set((head.prev.get() & PREV_FINALIZED) | PREV_COLLECTING | (count << REFS_SHIFT));
    });
}

#[inline(always)]
unsafe extern "C-unwind" fn visit_decref(object: *mut PyObject, _arg: *mut c_void) -> c_int {
    // SAFETY: visitors are shown live objects.
    if let Some(head) = unsafe { collecting_head(object) } {
        let count = refs(head);
        // A count that does not cover all references is a bug somewhere; the object then counts as unreachable only if
        // nothing else speaks for it.
        if count > 0 {
            set_refs(head, count - 1);
        }
    }
    0
}

/// Step 2.
fn subtract_refs(list: &GcHead) {
    for_each(list, |head| {
        // SAFETY: visit_decref takes no argument and runs no code.
        unsafe { traverse(object(head), visit_decref, core::ptr::null_mut()) };
    });
}

#[inline(always)]
unsafe extern "C-unwind" fn visit_reachable(object: *mut PyObject, arg: *mut c_void) -> c_int {
    // SAFETY: visitors are shown live objects; the argument is the list of reachable objects.
    if let Some(head) = unsafe { collecting_head(object) } {
        // SAFETY: passed on.
        unsafe { reach(head, arg) };
    }
    0
}

/// A reachable object refers to one that takes part in this collection.
///
/// # Safety
/// The head of such an object, and the list of reachable ones.
unsafe fn reach(head: &GcHead, arg: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe {
        let next = head.next.get();
        if next & NEXT_UNREACHABLE != 0 {
            // It had been judged too early: back to the end of the list, to be walked.
            let prev = prev_addr(head);
            at(prev).next.set(next);
            set_prev(at(next & !NEXT_UNREACHABLE), prev);
            append(head, at(arg as usize));
            set_refs(head, 1);
        } else if refs(head) == 0 {
            // Further on in the list: not to be moved when the walk gets there.
            set_refs(head, 1);
        }
    }
}

/// What step 3 has met among the reachable.
#[derive(Clone, Copy, Default)]
struct Reachable {
    count: usize,
    /// There are tuples, which might be looked at no more.
    tuples: bool,
}

/// Step 3. Afterwards `young` is doubly linked again, without the collecting flag; `unreachable` is doubly linked, with the
/// collecting flag, and with marks in `next`.
fn move_unreachable(young: &GcHead, unreachable: &GcHead) -> Reachable {
    let mut found = Reachable::default();
    let mut prev = addr(young);
    let mut current = young.next.get();
    // SAFETY: members and anchors are live; nothing but visitors runs.
    unsafe {
        while current != addr(young) {
            let head = at(current);
            if refs(head) > 0 {
                let object = object(head);
                found.count += 1;
                found.tuples |= PyTuple::check_exact(object);
                traverse(object, visit_reachable, addr(young) as *mut c_void);
                head.prev.set((head.prev.get() & PREV_FINALIZED) | prev);
                prev = current;
            } else {
                at(prev).next.set(head.next.get());
                let last = prev_addr(unreachable);
                // The anchor's own `next` gets the mark too; it is removed at the end.
                at(last).next.set(current | NEXT_UNREACHABLE);
                set_prev(head, last);
                // Clears the count, which `set_prev` has overwritten with the link.
                head.next.set(addr(unreachable) | NEXT_UNREACHABLE);
                unreachable.prev.set(current);
            }
            current = at(prev).next.get();
        }
    }
    young.prev.set(prev);
    unreachable.next.set(unreachable.next.get() & !NEXT_UNREACHABLE);
    found
}

/// Steps 1 to 3.
fn deduce_unreachable(young: &GcHead, unreachable: &GcHead) -> Reachable {
    update_refs(young);
    subtract_refs(young);
    list_init(unreachable);
    move_unreachable(young, unreachable)
}

/// Removes the marks from `next`.
fn clear_marks(unreachable: &GcHead) {
    let mut head = unreachable.next.get();
    while head != addr(unreachable) {
        // SAFETY: members are live.
        let current = unsafe { at(head) };
        current.next.set(current.next.get() & !NEXT_UNREACHABLE);
        head = current.next.get();
    }
}

/// Tuples that hold nothing collectable never will: they need not be looked at again.
fn untrack_tuples(young: &GcHead) {
    for_each(young, |head| {
        // `for_each` has read its successor already.
        if let Some(tuple) = object(head).downcast_exact::<PyTuple>() {
            tuple.maybe_untrack();
        }
    });
}

// ---------------------------------------------------------------------------------------------------------------------
// Legacy finalizers.

/// Moves the objects with `tp_del` to their own list, removing the marks on the way.
fn move_legacy_finalizers(unreachable: &GcHead, finalizers: &GcHead) {
    clear_marks(unreachable);
    for_each(unreachable, |head| {
        if object(head).ty().tp_del.get().is_some() {
            clear_collecting(head);
            // SAFETY: a member of the list; `for_each` has read its successor already.
            unsafe { move_to(head, finalizers) };
        }
    });
}

unsafe extern "C-unwind" fn visit_move(object: *mut PyObject, arg: *mut c_void) -> c_int {
    // SAFETY: visitors are shown live objects; the argument is the list to move to.
    unsafe {
        if let Some(head) = collecting_head(object) {
            move_to(head, at(arg as usize));
            clear_collecting(head);
        }
    }
    0
}

/// What objects with `tp_del` reach cannot be torn down either.
fn move_legacy_finalizer_reachable(finalizers: &GcHead) {
    // The list grows while it is walked.
    let mut head = finalizers.next.get();
    while head != addr(finalizers) {
        // SAFETY: members are live; visit_move runs no code.
        unsafe {
            traverse(object(at(head)), visit_move, addr(finalizers) as *mut c_void);
            head = at(head).next.get();
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Disposing of the unreachable.

/// Clears the weak references, and calls the callbacks of those that are themselves alive. Runs Python code.
///
/// Classes are left alone where there is no callback: a class that is still used by finalizers must be found by its bases,
/// which know it by weak references, when they change.
fn handle_weakrefs(unreachable: &GcHead) -> usize {
    let mut waiting: Vec<(ObjRef, ObjRef)> = Vec::new();
    let mut dropped: Vec<ObjRef> = Vec::new();
    for_each(unreachable, |head| {
        let object = object(head);
        if let Some(weak) = weakref::as_weakref(object)
            && !weak.wr_callback.is_null()
        {
            // A reference that is trash itself: its callback must not see the objects as they are torn down.
            dropped.extend(weak.wr_callback.take());
            weakref::unhook(weak, false);
        }
        let Some(list) = weakref::weaklist_of(object) else { return };
        let mut next = list.get();
        // SAFETY: members of the object's list are live; nothing runs in this loop.
        while let Some(weak) = unsafe { next.as_ref() } {
            next = weak.wr_next.get();
            let Some(callback) = weak.wr_callback.take() else {
                if !object.ty().has_flag(flags::TYPE_SUBCLASS) {
                    weakref::unhook(weak, false);
                }
                continue;
            };
            weakref::unhook(weak, false);
            // Nor if it is being destroyed already, and only waits for its turn.
            // SAFETY: weak references are collectable.
            if weak.as_object().refcount() == 0 || is_collecting(unsafe { head_of(weak.as_object()) }) {
                dropped.push(callback);
            } else {
                waiting.push((weak.to_obj(), callback));
            }
        }
    });
    let count = waiting.len();
    for (weak, callback) in waiting {
        weakref::run_callback(&weak, &callback);
    }
    drop(dropped);
    count
}

/// Clears all weak references to objects that are about to be torn down: finalizers may have made new ones.
fn clear_weakrefs(unreachable: &GcHead) {
    let mut dropped: Vec<ObjRef> = Vec::new();
    for_each(unreachable, |head| {
        let object = object(head);
        if let Some(weak) = weakref::as_weakref(object) {
            dropped.extend(weak.wr_callback.take());
            weakref::unhook(weak, false);
        }
        if let Some(list) = weakref::weaklist_of(object) {
            // SAFETY: members are live; each turn takes the head off.
            while let Some(weak) = unsafe { list.get().as_ref() } {
                dropped.extend(weak.wr_callback.take());
                weakref::unhook(weak, false);
            }
        }
    });
    // Dropping a callback may run code: the list is left alone by then.
    drop(dropped);
}

/// Calls the finalizers that have not run yet. Runs Python code.
fn finalize_garbage(unreachable: &GcHead) {
    let seen = new_anchor();
    list_init(&seen);
    // SAFETY: the head of the list is a live member; finalizers may remove any other.
    unsafe {
        while !is_empty(unreachable) {
            let head = at(unreachable.next.get());
            move_to(head, &seen);
            let object = object(head);
            if head.prev.get() & PREV_FINALIZED == 0
                && let Some(finalize) = object.ty().tp_finalize.get()
            {
                head.prev.set(head.prev.get() | PREV_FINALIZED);
                let keep = object.new_ref();
                finalize(keep.as_raw());
            }
        }
        merge(&seen, unreachable);
    }
}

/// Moves what finalizers have made reachable again to the older generation; the rest goes to `still_unreachable`.
fn handle_resurrected(unreachable: &GcHead, still_unreachable: &GcHead, old: &GcHead) {
    for_each(unreachable, clear_collecting);
    deduce_unreachable(unreachable, still_unreachable);
    clear_marks(still_unreachable);
    // SAFETY: both are lists.
    unsafe { merge(unreachable, old) };
}

/// Breaks the cycles. Runs Python code.
fn delete_garbage(unreachable: &GcHead, old: &GcHead) {
    let saveall = COLLECTOR.debug.get() & debug::SAVEALL != 0;
    // SAFETY: the head of the list is a live member; clearing may remove any.
    unsafe {
        while !is_empty(unreachable) {
            let first = unreachable.next.get();
            let object = object(at(first));
            if saveall {
                if let Err(e) = garbage().append(object.new_ref()) {
                    e.write_unraisable(None);
                }
            } else if let Some(clear) = object.ty().tp_clear.get() {
                let keep = object.new_ref();
                clear(keep.as_raw());
                if let Some(e) = PyErr::fetch() {
                    e.write_unraisable(Some(&keep));
                }
            }
            if unreachable.next.get() == first {
                // It lives on, and may die later.
                let head = at(first);
                clear_collecting(head);
                move_to(head, old);
            }
        }
    }
}

/// Reports the uncollectable objects; those with `tp_del` go to `gc.garbage`.
fn handle_legacy_finalizers(finalizers: &GcHead, old: &GcHead) {
    let saveall = COLLECTOR.debug.get() & debug::SAVEALL != 0;
    let mut found = Vec::new();
    for_each(finalizers, |head| {
        let object = object(head);
        if saveall || object.ty().tp_del.get().is_some() {
            found.push(object.new_ref());
        }
    });
    let garbage = garbage();
    for object in found {
        if let Err(e) = garbage.append(object) {
            e.write_unraisable(None);
        }
    }
    // SAFETY: both are lists.
    unsafe { merge(finalizers, old) };
}

/// `gc: collectable <list 0x…>` on standard error.
fn debug_cycle(kind: &str, list: &GcHead) {
    for_each(list, |head| {
        let object = object(head);
        write_stderr(&format!("gc: {kind} <{} {:p}>\n", object.ty().full_name(), object.as_ptr()));
    });
}

fn write_stderr(text: &str) {
    crate::runtime::sys_state::write_stderr(text);
}

// ---------------------------------------------------------------------------------------------------------------------
// Collections.

/// What a collection did.
#[derive(Clone, Copy, Default)]
pub struct Outcome {
    /// Objects torn down.
    pub collected: usize,
    /// Objects that are unreachable but cannot be torn down.
    pub uncollectable: usize,
}

/// Collects generations 0 to `index`. The caller has set `STATE.collecting`. Runs Python code.
fn collect_main(index: usize) -> Outcome {
    let debug = COLLECTOR.debug.get();
    let start = (debug & debug::STATS != 0).then(Instant::now);
    if start.is_some() {
        let sizes: Vec<String> = (0..GENERATIONS).map(|i| list_len(generation(i)).to_string()).collect();
        write_stderr(&format!(
            "gc: collecting generation {index}...\ngc: objects in each generation: {}\n\
             gc: objects in permanent generation: {}\n",
            sizes.join(" "),
            list_len(permanent())
        ));
    }
    if let Some(older) = STATE.generations.get(index + 1) {
        older.count.set(older.count.get() + 1);
    }
    for generation in &STATE.generations[..=index] {
        generation.count.set(0);
    }
    let young = generation(index);
    let full = index == GENERATIONS - 1;
    let old = if full { young } else { generation(index + 1) };
    let unreachable = new_anchor();
    // SAFETY: all of these are lists; anchors on this stack are emptied before it returns.
    unsafe {
        for younger in 0..index {
            merge(generation(younger), young);
        }
        let reachable = deduce_unreachable(young, &unreachable);
        if reachable.tuples {
            untrack_tuples(young);
        }
        if full {
            COLLECTOR.long_lived_pending.set(0);
            COLLECTOR.long_lived_total.set(reachable.count);
        } else {
            if index == GENERATIONS - 2 {
                COLLECTOR.long_lived_pending.set(COLLECTOR.long_lived_pending.get() + reachable.count);
            }
            merge(young, old);
        }
    }
    let finalizers = new_anchor();
    list_init(&finalizers);
    move_legacy_finalizers(&unreachable, &finalizers);
    move_legacy_finalizer_reachable(&finalizers);
    if debug & debug::COLLECTABLE != 0 {
        debug_cycle("collectable", &unreachable);
    }
    let mut outcome = Outcome { collected: handle_weakrefs(&unreachable), uncollectable: 0 };
    finalize_garbage(&unreachable);
    let doomed = new_anchor();
    handle_resurrected(&unreachable, &doomed, old);
    clear_weakrefs(&doomed);
    outcome.collected += list_len(&doomed);
    delete_garbage(&doomed, old);
    outcome.uncollectable = list_len(&finalizers);
    if debug & debug::UNCOLLECTABLE != 0 {
        debug_cycle("uncollectable", &finalizers);
    }
    handle_legacy_finalizers(&finalizers, old);
    if full {
        crate::object::free_lists::clear();
    }
    if let Some(start) = start {
        write_stderr(&format!(
            "gc: done, {} unreachable, {} uncollectable, {:.4}s elapsed\n",
            outcome.collected + outcome.uncollectable,
            outcome.uncollectable,
            start.elapsed().as_secs_f64()
        ));
    }
    let stats = &COLLECTOR.stats[index];
    let mut now = stats.get();
    now.collections += 1;
    now.collected += outcome.collected;
    now.uncollectable += outcome.uncollectable;
    stats.set(now);
    outcome
}

/// Tells `gc.callbacks`. Runs Python code.
fn invoke_callbacks(phase: &'static str, index: usize, outcome: Outcome) {
    let Some(callbacks) = COLLECTOR.callbacks.get() else { return };
    if callbacks.len() == 0 {
        return;
    }
    let info = PyDict::new();
    info.set_name("generation", PyInt::from_usize(index).into_obj());
    info.set_name("collected", PyInt::from_usize(outcome.collected).into_obj());
    info.set_name("uncollectable", PyInt::from_usize(outcome.uncollectable).into_obj());
    let phase = PyStr::intern_static(phase);
    for callback in callbacks.items_snapshot() {
        if let Err(e) = call::call(&callback, &[phase.as_object(), info.as_object()]) {
            e.write_unraisable(Some(&callback));
        }
    }
}

/// The collection of generations 0 to `index` that a program asks for, unless one is under way. Exceptions pending at the C border
/// survive.
pub fn collect(index: usize) -> Outcome {
    pace::reset();
    run(index)
}

fn run(index: usize) -> Outcome {
    let index = index.min(GENERATIONS - 1);
    if STATE.collecting.replace(true) {
        return Outcome::default();
    }
    let pending = PyErr::fetch();
    invoke_callbacks("start", index, Outcome::default());
    let outcome = collect_main(index);
    invoke_callbacks("stop", index, outcome);
    if let Some(pending) = pending {
        pending.restore();
    }
    STATE.collecting.set(false);
    outcome
}

/// The collection that the allocation counts ask for, if they still do. Called at safe points.
pub fn collect_if_due() {
    if !STATE.enabled.get() || STATE.collecting.get() || STATE.generations[0].threshold.get() == 0 {
        return;
    }
    for (index, generation) in STATE.generations.iter().enumerate().rev() {
        let threshold = match generation.threshold.get() {
            _ if index == 0 => STATE.young_limit.get(),
            0 if index == GENERATIONS - 1 => FULL_COLLECTION,
            threshold => threshold,
        };
        if generation.count.get() <= threshold {
            continue;
        }
        // A full collection is due only when enough has joined the oldest generation, so that the work stays linear in the
        // number of objects ever made.
        if index == GENERATIONS - 1 && COLLECTOR.long_lived_pending.get() < COLLECTOR.long_lived_total.get() / 4 {
            continue;
        }
        let outcome = if index == 0 && pace::is_patient() { collect_patiently() } else { run(index) };
        pace::note(outcome.collected + outcome.uncollectable != 0);
        return;
    }
}

/// A collection that has been waited for: what survives it is old. The counts go on as if the usual ones had been made.
fn collect_patiently() -> Outcome {
    let [_, middle, oldest] = &STATE.generations;
    let (passed, full) = (middle.count.get().saturating_add(pace::PATIENCE), oldest.count.get());
    let outcome = run(1);
    if passed <= middle.threshold.get() {
        middle.count.set(passed);
        oldest.count.set(full);
    }
    outcome
}

/// A full collection without callbacks, for the end of the program.
pub fn collect_at_exit() -> Outcome {
    if STATE.collecting.replace(true) {
        return Outcome::default();
    }
    let outcome = collect_main(GENERATIONS - 1);
    STATE.collecting.set(false);
    outcome
}

/// Warns of what is left in `gc.garbage` at the end of the program.
pub fn report_garbage_at_exit() {
    let debug = COLLECTOR.debug.get();
    let Some(garbage) = COLLECTOR.garbage.get() else { return };
    if debug & debug::SAVEALL != 0 || garbage.len() == 0 {
        return;
    }
    let hint =
        if debug & debug::UNCOLLECTABLE != 0 { "" } else { "; use gc.set_debug(gc.DEBUG_UNCOLLECTABLE) to list them" };
    let message = format!("gc: {} uncollectable objects at shutdown{hint}", garbage.len());
    if let Err(e) = crate::runtime::warnings::warn(exc::ResourceWarning(), &*message, 0) {
        e.write_unraisable(None);
    }
    if debug & debug::UNCOLLECTABLE != 0
        && let Ok(text) = crate::protocol::object::repr(garbage.as_object())
    {
        write_stderr(&format!("      {}\n", text.to_string_lossy()));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// What the `gc` module shows.

/// `gc.garbage`.
pub fn garbage() -> crate::Ref<PyList> {
    COLLECTOR.garbage.get().unwrap_or_else(|| {
        let list = PyList::new(Vec::new());
        COLLECTOR.garbage.set(Some(list.clone()));
        list
    })
}

/// `gc.callbacks`.
pub fn callbacks() -> crate::Ref<PyList> {
    COLLECTOR.callbacks.get().unwrap_or_else(|| {
        let list = PyList::new(Vec::new());
        COLLECTOR.callbacks.set(Some(list.clone()));
        list
    })
}

/// `gc.get_debug()`.
pub fn debug_flags() -> u32 {
    COLLECTOR.debug.get()
}

/// `gc.set_debug(flags)`.
pub fn set_debug_flags(flags: u32) {
    COLLECTOR.debug.set(flags);
}

/// `gc.get_stats()`.
pub fn stats(index: usize) -> Stats {
    COLLECTOR.stats.get(index).map(Cell::get).unwrap_or_default()
}

/// `gc.freeze()`: all tracked objects go out of the collector's sight.
pub fn freeze() {
    for index in 0..GENERATIONS {
        // SAFETY: both are lists.
        unsafe { merge(generation(index), permanent()) };
        STATE.generations[index].count.set(0);
    }
}

/// `gc.unfreeze()`: frozen objects join the oldest generation.
pub fn unfreeze() {
    // SAFETY: both are lists.
    unsafe { merge(permanent(), generation(GENERATIONS - 1)) };
}

/// `gc.get_freeze_count()`.
pub fn freeze_count() -> usize {
    list_len(permanent())
}

/// Has the object's finalizer run (`gc.is_finalized`)?
pub fn is_finalized(object: &PyObject) -> bool {
    // SAFETY: collectable objects have heads.
    object.ob_flags.get() != STATIC_OBJECT_FLAGS
        && is_gc(object)
        && unsafe { head_of(object) }.prev.get() & PREV_FINALIZED != 0
}

/// Notes that a collectable object's finalizer has run.
pub fn set_finalized(object: &PyObject) {
    if object.ob_flags.get() != STATIC_OBJECT_FLAGS && is_gc(object) {
        // SAFETY: collectable objects have heads.
        let head = unsafe { head_of(object) };
        head.prev.set(head.prev.get() | PREV_FINALIZED);
    }
}

/// The tracked objects of one generation, or of all.
pub fn objects(index: Option<usize>) -> Vec<ObjRef> {
    let mut found = Vec::new();
    for i in 0..GENERATIONS {
        if index.is_none_or(|index| index == i) {
            for_each(generation(i), |head| found.push(object(head).new_ref()));
        }
    }
    found
}

/// What an object directly refers to.
pub fn referents(object: &PyObject) -> Vec<ObjRef> {
    unsafe extern "C-unwind" fn visit(object: *mut PyObject, arg: *mut c_void) -> c_int {
        // SAFETY: visitors are shown live objects; the argument is the vector below.
        unsafe { (*(arg as *mut Vec<ObjRef>)).push((*object).new_ref()) };
        0
    }
    let mut found: Vec<ObjRef> = Vec::new();
    if object.ob_flags.get() != STATIC_OBJECT_FLAGS && is_gc(object) {
        // SAFETY: the visitor's argument is the vector.
        unsafe { traverse(object, visit, (&raw mut found) as *mut c_void) };
    }
    found
}

/// The tracked objects that directly refer to one of `targets`, `targets` itself left out.
pub fn referrers(targets: &PyTuple) -> Vec<ObjRef> {
    unsafe extern "C-unwind" fn visit(object: *mut PyObject, arg: *mut c_void) -> c_int {
        // SAFETY: the argument is the tuple below.
        let targets = unsafe { &*(arg as *const PyTuple) };
        c_int::from(targets.items().iter().any(|target| core::ptr::eq(*target, object)))
    }
    let mut found = Vec::new();
    for index in 0..GENERATIONS {
        for_each(generation(index), |head| {
            let candidate = object(head);
            if candidate.is(targets.as_object()) {
                return;
            }
            // SAFETY: the visitor's argument is the tuple, and it runs no code.
            if unsafe { traverse(candidate, visit, (targets as *const PyTuple) as *mut c_void) } != 0 {
                found.push(candidate.new_ref());
            }
        });
    }
    found
}

/// Checks a generation number from Python.
///
/// # Errors
/// `ValueError` for anything but 0, 1 and 2.
pub fn check_generation(index: i64) -> PyResult<usize> {
    usize::try_from(index).ok().filter(|&i| i < GENERATIONS).ok_or_else(|| exc::value_error("invalid generation"))
}

//! `list.sort`: keys, reversal, safety against changes during the sort, and fast paths by key type.
//!
//! While keys are computed and compared, the list itself is empty; its array belongs to this module. If the list is not as it was
//! left when the sort is done, somebody changed it: the sorted items are put back and `ValueError` is raised.
//!
//! Before sorting, one pass looks whether all keys have the same exact type. Ints that fit a machine word, floats without NaN and strings
//! compare without running any code, cannot fail and have a total order: they are sorted by the standard library's stable sort over pairs of raw
//! key and item. Tuples compare their first items that way and go on only on a tie. Any other single type calls its comparison slot directly.

use core::cmp::Ordering;
use core::ptr;

use super::{PyList, timsort};
use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::mem_free;
use crate::object::slots::{CompareOp, richcmpfunc};
use crate::object::{ObjRef, PyClass, PyObject};
use crate::protocol::{call, object as protocol};
use crate::types::bool_;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::str::compare::str_cmp;
use crate::types::str::{PyStr, StrData};
use crate::types::tuple::PyTuple;

/// Pointer to an object that stays alive during the sort: the detached array or the key vector owns it.
type Raw = *mut PyObject;

/// The array of a list under sort; puts it back when dropped, whatever happened.
struct Detached<'a> {
    list: &'a PyList,
    items: *mut Raw,
    len: usize,
    allocated: isize,
}

impl<'a> Detached<'a> {
    fn new(list: &'a PyList) -> Self {
        let detached = Detached { list, items: list.ob_item.get(), len: list.len(), allocated: list.allocated.get() };
        list.ob_item.set(ptr::null_mut());
        list.ob_base.ob_size.set(0);
        // Tells an untouched list from one that was emptied again.
        list.allocated.set(-1);
        detached
    }

    fn items(&mut self) -> &mut [Raw] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: the array is ours until it is put back.
        unsafe { core::slice::from_raw_parts_mut(self.items, self.len) }
    }

    /// Puts the array back. `false` if the list was changed meanwhile; those changes are lost.
    fn restore(self) -> bool {
        let list = self.list;
        let intruders = list.ob_item.get();
        let intruder_count = list.len();
        let unchanged = intruders.is_null() && list.allocated.get() == -1;
        list.ob_item.set(self.items);
        list.ob_base.ob_size.set(self.len as isize);
        list.allocated.set(self.allocated);
        if !intruders.is_null() {
            // SAFETY: the array that grew during the sort is no longer the list's; its items are owned.
            unsafe {
                for i in (0..intruder_count).rev() {
                    PyObject::decref(*intruders.add(i));
                }
                mem_free(intruders as *mut u8);
            }
        }
        unchanged
    }
}

/// Sorts a list in place.
pub fn sort(list: &PyList, key: Option<&PyObject>, reverse: bool) -> PyResult<()> {
    let mut detached = Detached::new(list);
    let result = sort_detached(detached.items(), key, reverse);
    let unchanged = detached.restore();
    result?;
    if unchanged { Ok(()) } else { Err(exc::value_error("list modified during sort")) }
}

fn sort_detached(items: &mut [Raw], key: Option<&PyObject>, reverse: bool) -> PyResult<()> {
    let Some(key) = key else {
        if items.len() < 2 {
            return Ok(());
        }
        let mut pairs: Vec<(Raw, Raw)> = Vec::new();
        return match classify(items) {
            Keys::Objects(kind) => sort_objects(items, reverse, kind),
            raw => {
                reserve(&mut pairs, items.len())?;
                pairs.extend(items.iter().map(|&item| (item, item)));
                sort_raw(&pairs, items, raw, reverse)
            }
        };
    };
    let mut keys: Vec<ObjRef> = Vec::new();
    reserve(&mut keys, items.len())?;
    for &item in items.iter() {
        // SAFETY: the detached array keeps its items alive.
        keys.push(call::call_one(key, unsafe { &*item })?);
    }
    if items.len() < 2 {
        return Ok(());
    }
    let mut pairs: Vec<(Raw, Raw)> = Vec::new();
    reserve(&mut pairs, items.len())?;
    pairs.extend(keys.iter().zip(items.iter()).map(|(key, &item)| (key.as_raw(), item)));
    let raw_keys: Vec<Raw> = keys.iter().map(|key| key.as_raw()).collect();
    match classify(&raw_keys) {
        Keys::Objects(kind) => {
            drop(raw_keys);
            let result = sort_pairs(&mut pairs, reverse, kind);
            for (slot, pair) in items.iter_mut().zip(&pairs) {
                *slot = pair.1;
            }
            result
        }
        raw => sort_raw(&pairs, items, raw, reverse),
    }
    // The keys are dropped here, while the list is still detached: their destructors cannot disturb it.
}

fn reserve<T>(vec: &mut Vec<T>, len: usize) -> PyResult<()> {
    vec.try_reserve_exact(len).map_err(|_| exc::memory_error())
}

/// What all keys have in common.
#[derive(Clone, Copy)]
enum Keys {
    /// Exact ints that fit 64 bits.
    Ints,
    /// Exact floats, no NaN among them.
    Floats,
    /// Exact strings of one byte a character.
    Latin1,
    /// Exact strings of any kind.
    Strings,
    /// Compared as objects.
    Objects(ObjectKind),
}

/// How objects are compared.
#[derive(Clone, Copy)]
enum ObjectKind {
    /// By the general protocol.
    Any,
    /// All of one type with this slot.
    Slot(richcmpfunc),
    /// Exact, non-empty tuples whose first items are simple.
    Tuples(Simple),
}

/// Types whose comparison runs no code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Simple {
    Int,
    Float,
    Str,
    /// Not simple after all.
    No,
}

impl Simple {
    fn of(object: &PyObject) -> Simple {
        if PyInt::check_exact(object) {
            Simple::Int
        } else if PyStr::check_exact(object) {
            Simple::Str
        } else if PyFloat::check_exact(object) {
            Simple::Float
        } else {
            Simple::No
        }
    }
}

fn classify(keys: &[Raw]) -> Keys {
    // SAFETY: the caller owns the keys.
    let object = |i: usize| unsafe { &*keys[i] };
    let first = object(0);
    let ty = first.ty();
    if !(1..keys.len()).all(|i| object(i).is_exact_type(ty)) {
        return Keys::Objects(ObjectKind::Any);
    }
    match Simple::of(first) {
        Simple::Int => {
            // SAFETY: all keys are exact ints.
            if (0..keys.len()).all(|i| unsafe { object(i).cast_unchecked_ref::<PyInt>() }.as_i64().is_some()) {
                return Keys::Ints;
            }
        }
        Simple::Float => {
            // SAFETY: all keys are exact floats.
            if !(0..keys.len()).any(|i| unsafe { object(i).cast_unchecked_ref::<PyFloat>() }.value().is_nan()) {
                return Keys::Floats;
            }
        }
        Simple::Str => {
            // SAFETY: all keys are exact strings.
            let latin1 = (0..keys.len())
                .all(|i| matches!(unsafe { object(i).cast_unchecked_ref::<PyStr>() }.data(), StrData::Latin1(_)));
            return if latin1 { Keys::Latin1 } else { Keys::Strings };
        }
        Simple::No => {}
    }
    if PyTuple::check_exact(first) {
        // SAFETY: all keys are exact tuples.
        let tuple = |i: usize| unsafe { object(i).cast_unchecked_ref::<PyTuple>() };
        if let Some(head) = tuple(0).get(0) {
            let simple = Simple::of(head);
            let same = (1..keys.len()).all(|i| tuple(i).get(0).is_some_and(|item| item.is_exact_type(head.ty())));
            if same {
                return Keys::Objects(ObjectKind::Tuples(simple));
            }
        }
    }
    match ty.tp_richcompare.get() {
        Some(slot) => Keys::Objects(ObjectKind::Slot(slot)),
        None => Keys::Objects(ObjectKind::Any),
    }
}

/// Sorts by raw keys: no code runs, nothing fails but memory. `pairs` are keys and items in their present order.
fn sort_raw(pairs: &[(Raw, Raw)], items: &mut [Raw], keys: Keys, reverse: bool) -> PyResult<()> {
    fn by<K: Copy>(
        pairs: &[(Raw, Raw)],
        items: &mut [Raw],
        reverse: bool,
        key: impl Fn(&PyObject) -> K,
        order: impl Fn(&K, &K) -> Ordering,
    ) -> PyResult<()> {
        let mut sorted: Vec<(K, Raw)> = Vec::new();
        reserve(&mut sorted, pairs.len())?;
        // SAFETY: the caller owns the keys.
        sorted.extend(pairs.iter().map(|&(k, item)| (key(unsafe { &*k }), item)));
        if reverse {
            sorted.sort_by(|a, b| order(&b.0, &a.0));
        } else {
            sorted.sort_by(|a, b| order(&a.0, &b.0));
        }
        for (slot, pair) in items.iter_mut().zip(sorted) {
            *slot = pair.1;
        }
        Ok(())
    }
    // SAFETY of the casts: `classify` saw that every key has the type.
    match keys {
        Keys::Ints => by(
            pairs,
            items,
            reverse,
            |key| unsafe { key.cast_unchecked_ref::<PyInt>() }.as_i64().unwrap_or(0),
            i64::cmp,
        ),
        Keys::Floats => by(
            pairs,
            items,
            reverse,
            |key| unsafe { key.cast_unchecked_ref::<PyFloat>() }.value(),
            |a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal),
        ),
        Keys::Latin1 => by(
            pairs,
            items,
            reverse,
            |key| {
                let text: &[u8] = match unsafe { key.cast_unchecked_ref::<PyStr>() }.data() {
                    StrData::Latin1(text) => text,
                    _ => &[],
                };
                // The first eight bytes as a number decide most comparisons.
                let mut head = [0u8; 8];
                let n = text.len().min(8);
                head[..n].copy_from_slice(&text[..n]);
                (u64::from_be_bytes(head), text.as_ptr(), text.len())
            },
            |a, b| {
                a.0.cmp(&b.0).then_with(|| {
                    // SAFETY: the strings stay alive and unchanged during the sort.
                    let text = |k: &(u64, *const u8, usize)| unsafe { core::slice::from_raw_parts(k.1, k.2) };
                    text(a).cmp(text(b))
                })
            },
        ),
        Keys::Strings => by(
            pairs,
            items,
            reverse,
            |key| ptr::from_ref(unsafe { key.cast_unchecked_ref::<PyStr>() }),
            |&a, &b| unsafe { str_cmp(&*a, &*b) },
        ),
        Keys::Objects(_) => Err(exc::system_error("objects have no raw sort keys")),
    }
}

fn sort_objects(items: &mut [Raw], reverse: bool, kind: ObjectKind) -> PyResult<()> {
    if reverse {
        items.reverse();
    }
    // SAFETY of the dereferences: whoever called owns the objects for the duration.
    let result = match kind {
        ObjectKind::Any => timsort::sort(items, |a: Raw, b: Raw| unsafe { less_any(&*a, &*b) }),
        ObjectKind::Slot(slot) => timsort::sort(items, |a: Raw, b: Raw| unsafe { less_slot(&*a, &*b, slot) }),
        ObjectKind::Tuples(first) => timsort::sort(items, |a: Raw, b: Raw| unsafe { less_tuple(&*a, &*b, first) }),
    };
    if reverse {
        items.reverse();
    }
    result
}

fn sort_pairs(pairs: &mut [(Raw, Raw)], reverse: bool, kind: ObjectKind) -> PyResult<()> {
    if reverse {
        pairs.reverse();
    }
    type Pair = (Raw, Raw);
    // SAFETY of the dereferences: whoever called owns the objects for the duration.
    let result = match kind {
        ObjectKind::Any => timsort::sort(pairs, |a: Pair, b: Pair| unsafe { less_any(&*a.0, &*b.0) }),
        ObjectKind::Slot(slot) => timsort::sort(pairs, |a: Pair, b: Pair| unsafe { less_slot(&*a.0, &*b.0, slot) }),
        ObjectKind::Tuples(first) => {
            timsort::sort(pairs, |a: Pair, b: Pair| unsafe { less_tuple(&*a.0, &*b.0, first) })
        }
    };
    if reverse {
        pairs.reverse();
    }
    result
}

fn less_any(a: &PyObject, b: &PyObject) -> PyResult<bool> {
    let answer = protocol::rich_compare(a, b, CompareOp::Lt)?;
    truth(&answer)
}

#[inline]
fn truth(answer: &PyObject) -> PyResult<bool> {
    if answer.is(bool_::as_object(true)) {
        Ok(true)
    } else if answer.is(bool_::as_object(false)) {
        Ok(false)
    } else {
        protocol::is_true(answer)
    }
}

/// Both had the type with this slot when the sort began; comparisons may have changed that since (`__class__` assignment).
fn less_slot(a: &PyObject, b: &PyObject, slot: richcmpfunc) -> PyResult<bool> {
    if a.ty().tp_richcompare.get().map(|f| f as usize) != Some(slot as usize) || !b.is_exact_type(a.ty()) {
        return less_any(a, b);
    }
    // SAFETY: calling the slot of the objects' type.
    let answer = unsafe { ObjRef::from_c_result(slot(a.as_ptr(), b.as_ptr(), CompareOp::Lt as i32)) }?;
    if crate::is_not_implemented(&answer) {
        return less_any(a, b);
    }
    truth(&answer)
}

/// Orders two objects of one simple type; `None` if they are neither equal nor ordered (NaN).
fn compare_simple(a: &PyObject, b: &PyObject, kind: Simple) -> Option<Ordering> {
    if a.is(b) {
        return Some(Ordering::Equal);
    }
    // SAFETY: `kind` is the exact type of both.
    unsafe {
        match kind {
            Simple::Int => {
                let (a, b) = (a.cast_unchecked_ref::<PyInt>(), b.cast_unchecked_ref::<PyInt>());
                match (a.as_i64(), b.as_i64()) {
                    (Some(a), Some(b)) => Some(a.cmp(&b)),
                    _ => Some(a.to_bigint().cmp(&b.to_bigint())),
                }
            }
            Simple::Float => {
                a.cast_unchecked_ref::<PyFloat>().value().partial_cmp(&b.cast_unchecked_ref::<PyFloat>().value())
            }
            Simple::Str => Some(str_cmp(a.cast_unchecked_ref(), b.cast_unchecked_ref())),
            Simple::No => None,
        }
    }
}

/// Tuples: exact, not empty, their first items all of one type.
fn less_tuple(a: &PyObject, b: &PyObject, first: Simple) -> PyResult<bool> {
    // SAFETY: `classify` saw exact tuples.
    let (a, b) = unsafe { (a.cast_unchecked_ref::<PyTuple>(), b.cast_unchecked_ref::<PyTuple>()) };
    let (items_a, items_b) = (a.items(), b.items());
    let mut start = 0;
    if first != Simple::No {
        match compare_simple(items_a[0], items_b[0], first) {
            Some(Ordering::Less) => return Ok(true),
            Some(Ordering::Equal) => start = 1,
            _ => return Ok(false),
        }
    }
    for (x, y) in items_a.iter().zip(items_b).skip(start) {
        if !protocol::eq(x, y)? {
            return less_any(x, y);
        }
    }
    Ok(items_a.len() < items_b.len())
}

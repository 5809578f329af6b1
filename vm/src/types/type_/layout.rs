//! Which types fit together: the base that decides an instance's C layout, the metaclass of a class to be, and whether an
//! object or a class may change to another type.

use crate::err::PyResult;
use crate::exc;
use crate::object::{PyStruct, PyTypeObject, Ref, flags};
use crate::protocol;
use crate::types::object::PyBaseObject_Type;
use crate::types::tuple::PyTuple;
use crate::types::type_::{instance, ready};

/// Do the instances differ in what the C struct holds?
fn layout_differs(a: &PyTypeObject, b: &PyTypeObject) -> bool {
    a.tp_basicsize.get() != b.tp_basicsize.get() || a.tp_itemsize.get() != b.tp_itemsize.get()
}

/// The nearest type at or above `ty` that added something to the C layout.
pub fn solid_base(ty: &PyTypeObject) -> &PyTypeObject {
    let base = match ty.base() {
        Some(base) => solid_base(base),
        None => &PyBaseObject_Type,
    };
    if layout_differs(ty, base) { ty } else { base }
}

/// The base among `bases` (non-empty) whose layout the new type extends.
///
/// # Errors
/// `TypeError` if one is no acceptable base, or if layouts conflict.
pub fn best_base(bases: &PyTuple) -> PyResult<Ref<PyTypeObject>> {
    let mut best: Option<(&PyTypeObject, &PyTypeObject)> = None;
    for item in bases.items() {
        let Some(base) = item.downcast_ref::<PyTypeObject>() else {
            return Err(exc::type_error("bases must be types"));
        };
        ready::ensure_ready(base)?;
        if !base.has_flag(flags::BASETYPE) {
            return Err(exc::type_error(format!("type '{}' is not an acceptable base type", base.full_name())));
        }
        let candidate = solid_base(base);
        best = match best {
            None => Some((candidate, base)),
            Some((winner, chosen)) if winner.is_subtype(candidate) => Some((winner, chosen)),
            Some((winner, _)) if candidate.is_subtype(winner) => Some((candidate, base)),
            Some(_) => return Err(exc::type_error("multiple bases have instance lay-out conflict")),
        };
    }
    match best {
        Some((_, base)) => Ok(base.to_ref()),
        None => Ok(PyBaseObject_Type.to_ref()),
    }
}

/// `_PyType_CalculateMetaclass`: the most derived of `metatype` and the bases' metatypes.
///
/// # Errors
/// `TypeError` when there is none.
pub fn calculate_metaclass(metatype: &PyTypeObject, bases: &PyTuple) -> PyResult<Ref<PyTypeObject>> {
    let mut winner = metatype;
    for base in bases.items() {
        let candidate = base.ty();
        if winner.is_subtype(candidate) {
            continue;
        }
        if candidate.is_subtype(winner) {
            winner = candidate;
            continue;
        }
        return Err(exc::type_error(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases",
        ));
    }
    Ok(winner.to_ref())
}

/// Has `child` exactly its base's layout, so that its instances could as well be the base's?
fn compatible_with_base(child: &PyTypeObject) -> bool {
    let Some(base) = child.base() else { return false };
    let gc = |t: &PyTypeObject| t.has_flag(flags::HAVE_GC);
    !layout_differs(child, base)
        && child.tp_dictoffset.get() == base.tp_dictoffset.get()
        && child.tp_weaklistoffset.get() == base.tp_weaklistoffset.get()
        && gc(child) == gc(base)
        && (instance::is_subtype_clear(child.tp_clear.get())
            || child.tp_clear.get().map(|f| f as usize) == base.tp_clear.get().map(|f| f as usize))
}

/// Do two classes add the same `__slots__` to the same base?
fn same_slots_added(a: &PyTypeObject, b: &PyTypeObject) -> PyResult<bool> {
    let same_base = match (a.base(), b.base()) {
        (Some(x), Some(y)) => core::ptr::eq(x, y),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !same_base {
        return Ok(false);
    }
    let (Some(base), Some(ha), Some(hb)) = (a.base(), a.as_heap(), b.as_heap()) else {
        return Ok(false);
    };
    let mut size = base.tp_basicsize.get();
    if let (Some(sa), Some(sb)) = (ha.ht_slots.get(), hb.ht_slots.get()) {
        if !protocol::object::eq(&sa, &sb)? {
            return Ok(false);
        }
        if let Some(slots) = sa.downcast_ref::<PyTuple>() {
            size += 8 * slots.len() as isize;
        }
    }
    Ok(size == a.tp_basicsize.get() && size == b.tp_basicsize.get())
}

/// May an instance of `old` become one of `new` (or a class with base `old` get base `new`)? `attr` names the attribute
/// that is being assigned.
///
/// # Errors
/// `TypeError` that says what differs.
pub fn check_compatible(old: &PyTypeObject, new: &PyTypeObject, attr: &str) -> PyResult<()> {
    // The collector's heads make a difference for the deallocator.
    let free = |t: &PyTypeObject| (t.tp_free.get().map(|f| f as usize), t.has_flag(flags::HAVE_GC));
    if free(new) != free(old) {
        return Err(exc::type_error(format!(
            "{attr} assignment: '{}' deallocator differs from '{}'",
            new.full_name(),
            old.full_name()
        )));
    }
    let up = |mut ty| {
        while compatible_with_base(ty) {
            match ty.base() {
                Some(base) => ty = base,
                None => break,
            }
        }
        ty
    };
    let (new_base, old_base) = (up(new), up(old));
    let fits = core::ptr::eq(new_base, old_base) || same_slots_added(new_base, old_base)?;
    let preheader = |t: &PyTypeObject| t.tp_flags.get() & flags::PREHEADER;
    if fits && preheader(old) == preheader(new) {
        return Ok(());
    }
    Err(exc::type_error(format!(
        "{attr} assignment: '{}' object layout differs from '{}'",
        new.full_name(),
        old.full_name()
    )))
}

//! The zones that were asked for by key. Those in use are known weakly; the last few are kept alive.

use core::cell::RefCell;

use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::{ObjRef, OptRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, intern};

use super::PyZoneInfo;

/// How many zones are kept alive.
const KEPT: usize = 8;

/// Keys and zones, the last used first. Only the class itself has such a list, not classes derived from it.
struct Kept(RefCell<Vec<(ObjRef, ObjRef)>>);
// SAFETY: only touched under the GIL.
unsafe impl Sync for Kept {}

static STRONG: Kept = Kept(RefCell::new(Vec::new()));
static WEAK: OptRef = OptRef::NULL;

/// An empty `weakref.WeakValueDictionary`.
pub fn new_weak() -> PyResult<ObjRef> {
    call::call_noargs(&*super::library("weakref", intern!("WeakValueDictionary"))?)
}

fn is_base(cls: &PyTypeObject) -> bool {
    core::ptr::eq(cls, PyZoneInfo::type_object())
}

/// The mapping of a class.
///
/// # Errors
/// `AttributeError` where a derived class has lost it.
pub fn weak(cls: &PyTypeObject) -> PyResult<ObjRef> {
    if !is_base(cls) {
        return protocol::getattr(cls.as_object(), intern!("_weak_cache"));
    }
    if let Some(cache) = WEAK.get() {
        return Ok(cache);
    }
    let cache = new_weak()?;
    WEAK.set(Some(cache.clone()));
    Ok(cache)
}

/// The place of a key among those that are kept. Comparing may run any code.
fn position(key: &PyObject) -> PyResult<Option<usize>> {
    let mut i = 0;
    loop {
        let Some(candidate) = STRONG.0.borrow().get(i).map(|(key, _)| key.clone()) else { return Ok(None) };
        if protocol::eq(key, &candidate)? {
            let unchanged = STRONG.0.borrow().get(i).is_some_and(|(key, _)| key.is(&candidate));
            return Ok(unchanged.then_some(i));
        }
        i += 1;
    }
}

/// The zone of a key, if it is kept; it is the last used then.
pub fn kept(cls: &PyTypeObject, key: &PyObject) -> PyResult<Option<ObjRef>> {
    if !is_base(cls) {
        return Ok(None);
    }
    let Some(at) = position(key)? else { return Ok(None) };
    let mut list = STRONG.0.borrow_mut();
    list[..=at].rotate_right(1);
    Ok(Some(list[0].1.clone()))
}

/// Keeps a zone.
pub fn keep(cls: &PyTypeObject, key: &PyObject, zone: &PyObject) {
    if !is_base(cls) {
        return;
    }
    // What is dropped may run code: not while the list is borrowed.
    let dropped = {
        let mut list = STRONG.0.borrow_mut();
        list.insert(0, (key.new_ref(), zone.new_ref()));
        if list.len() > KEPT { list.pop() } else { None }
    };
    drop(dropped);
}

/// Does not keep the zone of a key any more.
pub fn eject(cls: &PyTypeObject, key: &PyObject) -> PyResult<()> {
    if is_base(cls)
        && let Some(at) = position(key)?
    {
        let dropped = STRONG.0.borrow_mut().remove(at);
        drop(dropped);
    }
    Ok(())
}

/// Keeps nothing any more.
pub fn clear(cls: &PyTypeObject) {
    if is_base(cls) {
        let dropped = STRONG.0.take();
        drop(dropped);
    }
}

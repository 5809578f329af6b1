//! Instance attributes: shapes (hidden classes) with value slots inside the object.
//!
//! A heap type with MANAGED_DICT owns a tree of shapes. A shape says which attribute name lives in which value slot;
//! adding an attribute moves the instance to a child shape. The slots lie in the object itself, directly behind the C
//! fields (`tp_basicsize`), so that an inline cache or compiled code reads an attribute with one compare and one load:
//!
//! ```text
//!  obj - 24   the attrs word:  0              dictionary mode, no dict made yet
//!                              shape | 1      shape mode; slots 0..shape.len are owned references, never NULL
//!                              PyDict *       dictionary mode; an owned reference
//!  obj + base + 8 * i          slot i, where base = tp_basicsize rounded up to 8
//! ```
//!
//! Invariants:
//! * Only an object allocated with slot room (`alloc::generic_alloc` of a type with INLINE_VALUES) ever has a shape.
//!   Types with items, types made by extensions, and objects from foreign allocators are always in dictionary mode.
//! * A shape belongs to one type, and a shape's `capacity` is the slot room of every instance that has it. A type that
//!   sees instances run out of room makes later instances larger, with a new root shape.
//! * Asking for `__dict__`, deleting any but the newest attribute, or outgrowing the room moves the values into a real
//!   dict: dictionary mode, which is never left again (but by deleting or replacing `__dict__`, which stays in it too).
//! * Shapes live as long as their type. Addresses may be used again, ids are not: a cache keeps the id. A type's shapes get
//!   new ids when the type loses its version tag, so that one compare guards both.

use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicU32, Ordering};

use super::header::PyObject;
use super::refs::{ObjRef, PyStruct, Ref};
use super::typeobj::{PyTypeObject, flags};
use crate::err::PyResult;
use crate::types::dict::PyDict;
use crate::types::str::PyStr;

/// Distance of the attrs word in front of the object.
pub const ATTRS_WORD_OFFSET: isize = -24;
/// Distance of the weak reference list's head in front of the object (`MANAGED_WEAKREF_OFFSET`).
pub const WEAKLIST_OFFSET: isize = -32;
/// Set in the attrs word when it holds a shape.
pub const SHAPE_TAG: usize = 1;

/// Most slots an instance may have in place.
const MAX_CAPACITY: u32 = 64;
/// Slots for the instances of a class about which nothing is known.
const DEFAULT_CAPACITY: u32 = 4;
/// Shapes a type may have before new attributes send instances to dictionary mode.
const MAX_SHAPES: u32 = 512;

/// Which attribute is in which slot.
#[repr(C)]
pub struct Shape {
    /// Slots in use.
    len: u32,
    /// Slots that instances with this shape have room for.
    capacity: u32,
    /// Byte offset of slot 0 from the object.
    base: u32,
    /// A number never used twice; replaced when the type changes, so that one compare guards shape and type.
    id: Cell<u32>,
    ty: *const PyTypeObject,
    parent: *const Shape,
    /// Interned names in slot order; kept alive by `name` of this shape and its ancestors.
    names: Box<[*const PyStr]>,
    /// The newest name; `None` for a root.
    name: Option<Ref<PyStr>>,
    children: RefCell<Vec<Box<Shape>>>,
}

/// The shapes of one type (behind `ht_cached_keys`).
pub struct TypeShapes {
    /// Slot room of instances made from now on.
    capacity: Cell<u32>,
    /// Shapes made so far.
    count: Cell<u32>,
    /// Root for instances made from now on; null until the first instance.
    root: Cell<*const Shape>,
    roots: RefCell<Vec<Box<Shape>>>,
}

static NEXT_ID: AtomicU32 = AtomicU32::new(1);

impl Shape {
    /// Slots in use.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A number that no other shape of this process has (until it wraps).
    #[inline(always)]
    pub fn id(&self) -> u32 {
        self.id.get()
    }

    /// The type whose instances have this shape (borrowed; it owns the shape).
    #[inline(always)]
    pub fn ty(&self) -> *const PyTypeObject {
        self.ty
    }

    /// The attrs word of instances with this shape: what inline caches compare.
    #[inline(always)]
    pub fn word(&self) -> usize {
        self as *const Shape as usize | SHAPE_TAG
    }

    /// The slot of an attribute. Fast for interned names.
    #[inline]
    pub fn lookup(&self, name: &PyStr) -> Option<usize> {
        let wanted: *const PyStr = name;
        if let Some(i) = self.names.iter().position(|&n| core::ptr::eq(n, wanted)) {
            return Some(i);
        }
        if is_interned(name) { None } else { self.lookup_by_value(name) }
    }

    /// Is this (interned) name that of slot `index`?
    #[inline(always)]
    pub fn has_at(&self, index: usize, name: &PyStr) -> bool {
        self.names.get(index).is_some_and(|&found| core::ptr::eq(found, name))
    }

    #[cold]
    fn lookup_by_value(&self, name: &PyStr) -> Option<usize> {
        // SAFETY: the tree keeps its names alive.
        self.names.iter().position(|&n| PyStr::str_eq(unsafe { &*n }, name))
    }

    /// Where the room for slots ends in instances with this shape: their size.
    #[inline(always)]
    pub fn end(&self) -> usize {
        self.slot_offset(self.capacity as usize)
    }

    /// Byte offset of slot `index` from the object.
    #[inline(always)]
    pub fn slot_offset(&self, index: usize) -> usize {
        self.base as usize + 8 * index
    }

    /// The attribute names, in the order they were added.
    pub fn names(&self) -> impl Iterator<Item = &PyStr> {
        // SAFETY: the tree keeps its names alive.
        self.names.iter().map(|&n| unsafe { &*n })
    }

    /// The shape before the newest attribute was added.
    pub fn parent(&self) -> Option<&Shape> {
        // SAFETY: ancestors live as long as the tree.
        unsafe { self.parent.as_ref() }
    }

    /// The shape after adding `name` (interned, and not in this shape). `None` when there is no room for another
    /// attribute or the type has too many shapes; then the instance belongs in dictionary mode.
    pub fn next(&self, name: &PyStr) -> Option<&Shape> {
        let wanted: *const PyStr = name;
        let children = self.children.borrow();
        for child in children.iter() {
            if core::ptr::eq(child.names[self.len as usize], wanted) {
                let child: *const Shape = &**child;
                // SAFETY: boxed shapes do not move and live as long as the tree, as does `self`.
                return Some(unsafe { &*child });
            }
        }
        drop(children);
        self.add_child(name)
    }

    #[cold]
    #[inline(never)]
    fn add_child(&self, name: &PyStr) -> Option<&Shape> {
        // SAFETY: a shape's type is alive, since it owns the shape.
        let shapes = shapes_of(unsafe { &*self.ty })?;
        if self.len >= self.capacity {
            shapes.outgrown(self.capacity);
            return None;
        }
        if shapes.count.get() >= MAX_SHAPES {
            return None;
        }
        shapes.count.set(shapes.count.get() + 1);
        let mut names = Vec::with_capacity(self.names.len() + 1);
        names.extend_from_slice(&self.names);
        names.push(name as *const PyStr);
        let child = Box::new(Shape {
            len: self.len + 1,
            capacity: self.capacity,
            base: self.base,
            id: Cell::new(next_id()),
            ty: self.ty,
            parent: self,
            names: names.into_boxed_slice(),
            name: Some(name.to_ref()),
            children: RefCell::new(Vec::new()),
        });
        let pointer: *const Shape = &*child;
        self.children.borrow_mut().push(child);
        // SAFETY: boxed shapes do not move and live as long as the tree, as does `self`.
        Some(unsafe { &*pointer })
    }
}

impl Shape {
    fn renumber(&self) {
        self.id.set(next_id());
        for child in self.children.borrow().iter() {
            child.renumber();
        }
    }

    fn tree_has(&self, name: &PyStr) -> bool {
        self.children.borrow().iter().any(|c| core::ptr::eq(c.names[self.len as usize], name) || c.tree_has(name))
    }
}

/// Gives all shapes of a type new numbers: what inline caches assumed of the type's own attributes holds no more.
pub fn renumber(ty: &PyTypeObject) {
    if let Some(shapes) = shapes_of(ty) {
        for root in shapes.roots.borrow().iter() {
            root.renumber();
        }
    }
}

impl TypeShapes {
    /// How many shapes the type has so far; changes when an instance takes a new form.
    #[inline(always)]
    pub fn count(&self) -> u32 {
        self.count.get()
    }

    /// Does any instance, as far as shapes know, have an attribute of this (interned) name?
    pub fn any_has(&self, name: &PyStr) -> bool {
        self.roots.borrow().iter().any(|r| r.tree_has(name))
    }

    /// Notes that an instance with room for `capacity` attributes needed more.
    fn outgrown(&self, capacity: u32) {
        if capacity == self.capacity.get() && capacity < MAX_CAPACITY {
            self.capacity.set((capacity * 2).clamp(8, MAX_CAPACITY));
            self.root.set(core::ptr::null());
        }
    }

    /// The root for instances of `ty` with room for `capacity` slots.
    fn root_for(&self, ty: &PyTypeObject, capacity: u32) -> *const Shape {
        let base = slots_base(ty) as u32;
        let mut roots = self.roots.borrow_mut();
        if let Some(root) = roots.iter().find(|r| r.capacity == capacity && r.base == base) {
            return &**root;
        }
        let root = Box::new(Shape {
            len: 0,
            capacity,
            base,
            id: Cell::new(next_id()),
            ty,
            parent: core::ptr::null(),
            names: Box::new([]),
            name: None,
            children: RefCell::new(Vec::new()),
        });
        let pointer: *const Shape = &*root;
        roots.push(root);
        pointer
    }
}

fn next_id() -> u32 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// Is the string interned (by the state bits of its layout)?
#[inline(always)]
fn is_interned(name: &PyStr) -> bool {
    // SAFETY: the state byte of every string is at offset 32.
    unsafe { *(name as *const PyStr as *const u8).add(32) & 3 != 0 }
}

/// Where slot 0 of the instances of `ty` is, from the object.
#[inline(always)]
fn slots_base(ty: &PyTypeObject) -> usize {
    (ty.tp_basicsize.get() as usize + 7) & !7
}

/// The shapes of a type, if its instances can have them.
#[inline(always)]
pub fn shapes_of(ty: &PyTypeObject) -> Option<&TypeShapes> {
    if !ty.has_flag(flags::INLINE_VALUES) {
        return None;
    }
    // SAFETY: INLINE_VALUES is only set by `make_shapes`, which makes the tree; it lives as long as the type.
    ty.as_heap().and_then(|heap| unsafe { (heap.ht_cached_keys.get() as *const TypeShapes).as_ref() })
}

/// Gives a heap type with MANAGED_DICT its (empty) tree and sets INLINE_VALUES. `known` is the number of attribute names
/// that the class body was seen to assign; the base's instances are counted on top.
pub fn make_shapes(ty: &PyTypeObject, known: Option<usize>) {
    let Some(heap) = ty.as_heap() else { return };
    if ty.tp_itemsize.get() != 0 || !ty.has_flag(flags::MANAGED_DICT) || !heap.ht_cached_keys.get().is_null() {
        return;
    }
    let inherited = ty.base().and_then(shapes_of).map_or(0, |s| s.capacity.get());
    let capacity = match known {
        // Where there are many, there may be others, which code outside of the class sets.
        Some(n) if n > 0 => inherited + (n + n / 8).min(MAX_CAPACITY as usize) as u32,
        Some(_) | None => inherited.max(DEFAULT_CAPACITY),
    };
    let shapes = Box::new(TypeShapes {
        // Memory comes in units of two words: an odd slot would cost as much as two.
        capacity: Cell::new(capacity.next_multiple_of(2).min(MAX_CAPACITY)),
        count: Cell::new(0),
        root: Cell::new(core::ptr::null()),
        roots: RefCell::new(Vec::new()),
    });
    heap.ht_cached_keys.set(Box::into_raw(shapes) as *mut core::ffi::c_void);
    ty.tp_flags.set(ty.tp_flags.get() | flags::INLINE_VALUES);
}

/// Frees a dying type's tree.
///
/// # Safety
/// No instance of the type is left.
pub unsafe fn free_shapes(ty: &PyTypeObject) {
    if let Some(heap) = ty.as_heap()
        && ty.has_flag(flags::INLINE_VALUES)
    {
        ty.tp_flags.set(ty.tp_flags.get() & !flags::INLINE_VALUES);
        let shapes = heap.ht_cached_keys.replace(core::ptr::null_mut()) as *mut TypeShapes;
        if !shapes.is_null() {
            // SAFETY: made by `make_shapes`, and no instance refers to a shape any more.
            drop(unsafe { Box::from_raw(shapes) });
        }
    }
}

/// Room for slots that an instance of `ty` allocated now gets, in bytes.
#[inline]
pub fn inline_bytes(ty: &PyTypeObject) -> usize {
    match shapes_of(ty) {
        Some(shapes) => 8 * shapes.capacity.get() as usize,
        None => 0,
    }
}

/// Gives a fresh instance, allocated with [`inline_bytes`] of slot room, its root shape.
///
/// # Safety
/// `object` was just allocated (zeroed) for `ty` by this crate's allocator.
#[inline]
pub unsafe fn init_instance(object: *mut PyObject, ty: &PyTypeObject) {
    if let Some(shapes) = shapes_of(ty) {
        let mut root = shapes.root.get();
        if root.is_null() {
            root = shapes.root_for(ty, shapes.capacity.get());
            shapes.root.set(root);
        }
        // SAFETY: INLINE_VALUES implies MANAGED_DICT, so the word exists.
        unsafe { attrs_word(&*object) }.set(root as usize | SHAPE_TAG);
    }
}

/// The attrs word of an instance.
///
/// # Safety
/// The object's type has MANAGED_DICT.
#[inline(always)]
pub unsafe fn attrs_word(object: &PyObject) -> &Cell<usize> {
    // SAFETY: the word lies in front of the collector's head.
    unsafe { &*((object as *const PyObject as *const u8).offset(ATTRS_WORD_OFFSET) as *const Cell<usize>) }
}

/// The instance's shape; null in dictionary mode.
///
/// # Safety
/// The object's type has MANAGED_DICT.
#[inline(always)]
pub unsafe fn shape_of(object: &PyObject) -> *const Shape {
    // SAFETY: the caller's promise.
    let word = unsafe { attrs_word(object) }.get();
    if word & SHAPE_TAG != 0 { (word & !SHAPE_TAG) as *const Shape } else { core::ptr::null() }
}

/// The root shape that new instances of `ty` have now, if they have one (for specializing constructors).
pub fn root_shape(ty: &PyTypeObject) -> *const Shape {
    match shapes_of(ty) {
        Some(shapes) => {
            if shapes.root.get().is_null() {
                shapes.root.set(shapes.root_for(ty, shapes.capacity.get()));
            }
            shapes.root.get()
        }
        None => core::ptr::null(),
    }
}

/// The cell at a byte offset from the object, as inline caches keep it.
///
/// # Safety
/// `offset` is [`Shape::slot_offset`] of a slot that the instance's shape has (or is about to have).
#[inline(always)]
pub unsafe fn slot_at(object: &PyObject, offset: usize) -> &Cell<*mut PyObject> {
    // SAFETY: the caller's promise.
    unsafe { &*((object as *const PyObject as *const u8).add(offset) as *const Cell<*mut PyObject>) }
}

/// A new reference to the value in a slot.
///
/// # Safety
/// The instance is in shape mode and its shape has slot `index`.
#[inline(always)]
pub unsafe fn read_slot(object: &PyObject, index: usize) -> ObjRef {
    // SAFETY: the caller's promise; slots in use are never null.
    unsafe { (*slot_at(object, slots_base(object.ty()) + 8 * index).get()).new_ref() }
}

/// Replaces the value in a slot; the old one is dropped after the store.
///
/// # Safety
/// The instance is in shape mode and its shape has slot `index`.
#[inline(always)]
pub unsafe fn write_slot(object: &PyObject, index: usize, value: ObjRef) {
    // SAFETY: the caller's promise; slots in use own their value.
    unsafe {
        let old = slot_at(object, slots_base(object.ty()) + 8 * index).replace(value.into_raw());
        drop(ObjRef::from_owned_ptr(old));
    }
}

/// Adds an attribute: stores `value` in the next slot and moves the instance to `next`, a child of its present shape.
///
/// # Safety
/// The instance has the shape `next.parent()`.
#[inline(always)]
pub unsafe fn add_slot(object: &PyObject, next: &Shape, value: ObjRef) {
    // SAFETY: `next.len <= capacity`, and the slot is not in use yet.
    unsafe {
        slot_at(object, next.slot_offset(next.len() - 1)).set(value.into_raw());
        attrs_word(object).set(next.word());
    }
}

/// The instance's dict if it is in dictionary mode and has one.
///
/// # Safety
/// The object's type has MANAGED_DICT.
#[inline(always)]
pub unsafe fn dict_of(object: &PyObject) -> Option<&PyDict> {
    // SAFETY: without the tag the word is null or an owned dict.
    unsafe {
        let word = attrs_word(object).get();
        if word & SHAPE_TAG != 0 { None } else { (word as *const PyDict).as_ref() }
    }
}

/// Reads an instance attribute, in either mode.
///
/// # Safety
/// The object's type has MANAGED_DICT.
#[inline]
pub unsafe fn get_attr(object: &PyObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    // SAFETY: the caller's promise; the shape's slots are in use.
    unsafe {
        let word = attrs_word(object).get();
        if word & SHAPE_TAG != 0 {
            let shape = &*((word & !SHAPE_TAG) as *const Shape);
            return Ok(shape.lookup(name).map(|i| (*slot_at(object, shape.slot_offset(i)).get()).new_ref()));
        }
        match (word as *const PyDict).as_ref() {
            // The dict must not go while a key comparison runs Python code.
            Some(dict) => dict.to_ref().get_item(name.as_object()),
            None => Ok(None),
        }
    }
}

/// Sets (or with `None` deletes) an instance attribute, in either mode. False: there was nothing to delete.
///
/// # Safety
/// The object's type has MANAGED_DICT.
pub unsafe fn set_attr(object: &PyObject, name: &PyStr, value: Option<&PyObject>) -> PyResult<bool> {
    // SAFETY: the caller's promise; slot accesses stay inside the shape's range.
    unsafe {
        let shape = shape_of(object);
        if let Some(shape) = shape.as_ref() {
            match (shape.lookup(name), value) {
                (Some(i), Some(value)) => {
                    let old = slot_at(object, shape.slot_offset(i)).replace(value.new_ref().into_raw());
                    drop(ObjRef::from_owned_ptr(old));
                    return Ok(true);
                }
                (Some(i), None) => {
                    if i + 1 == shape.len()
                        && let Some(parent) = shape.parent()
                    {
                        attrs_word(object).set(parent.word());
                        let old = slot_at(object, shape.slot_offset(i)).replace(core::ptr::null_mut());
                        drop(ObjRef::from_owned_ptr(old));
                        return Ok(true);
                    }
                }
                (None, None) => return Ok(false),
                (None, Some(value)) => {
                    if name.as_object().is_exact_type(<PyStr as super::refs::PyClass>::type_object()) {
                        let interned;
                        let name = if is_interned(name) {
                            name
                        } else {
                            interned = PyStr::intern(name.to_ref());
                            &*interned
                        };
                        if let Some(next) = shape.next(name) {
                            add_slot(object, next, value.new_ref());
                            return Ok(true);
                        }
                    }
                }
            }
        }
        match value {
            Some(value) => materialize(object)?.set_item(name.as_object(), value).map(|()| true),
            None => {
                if shape.is_null() && dict_of(object).is_none() {
                    return Ok(false);
                }
                materialize(object)?.del_item(name.as_object())
            }
        }
    }
}

/// The instance's `__dict__`, made if need be: the values move into a real dict and the instance goes to dictionary mode.
///
/// # Safety
/// The object's type has MANAGED_DICT.
pub unsafe fn materialize(object: &PyObject) -> PyResult<Ref<PyDict>> {
    // SAFETY: the caller's promise; the slots give up their references after the dict has taken its own.
    unsafe {
        if let Some(dict) = dict_of(object) {
            return Ok(dict.to_ref());
        }
        let dict = match copy_attrs(object)? {
            Some(dict) => dict,
            None => PyDict::new(),
        };
        let values = take_slots(object);
        attrs_word(object).set(dict.clone().into_raw() as usize);
        drop(values);
        Ok(dict)
    }
}

/// A new dict with the instance's attributes, which leaves the instance in the mode it is in. `None` when it has none.
///
/// # Safety
/// The object's type has MANAGED_DICT.
pub unsafe fn copy_attrs(object: &PyObject) -> PyResult<Option<Ref<PyDict>>> {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(shape) = shape_of(object).as_ref() {
            if shape.is_empty() {
                return Ok(None);
            }
            let dict = PyDict::with_capacity(shape.len())?;
            for (i, name) in shape.names().enumerate() {
                dict.set_str(name, &*slot_at(object, shape.slot_offset(i)).get())?;
            }
            return Ok(Some(dict));
        }
        match dict_of(object) {
            Some(dict) if dict.len() != 0 => dict.copy().map(Some),
            Some(_) | None => Ok(None),
        }
    }
}

/// Makes `dict` (or nothing) the instance's `__dict__`; what it had is dropped.
///
/// # Safety
/// The object's type has MANAGED_DICT.
pub unsafe fn set_dict(object: &PyObject, dict: Option<Ref<PyDict>>) {
    // SAFETY: the caller's promise; the old content is taken out before anything runs.
    unsafe {
        let old_dict = dict_of(object).map(|d| d as *const PyDict as *mut PyDict);
        let old_values = take_slots(object);
        attrs_word(object).set(dict.map_or(0, |d| d.into_raw() as usize));
        if let Some(old) = old_dict {
            drop(Ref::from_owned_ptr(old));
        }
        drop(old_values);
    }
}

/// Takes all values out of the slots, leaving dictionary mode without a dict (the word must have held a shape).
unsafe fn take_slots(object: &PyObject) -> Vec<ObjRef> {
    // SAFETY: called with MANAGED_DICT objects; slots in use own their values.
    unsafe {
        let Some(shape) = shape_of(object).as_ref() else { return Vec::new() };
        attrs_word(object).set(0);
        (0..shape.len())
            .map(|i| ObjRef::from_owned_ptr(slot_at(object, shape.slot_offset(i)).replace(core::ptr::null_mut())))
            .collect()
    }
}

/// Drops all instance attributes (`PyObject_ClearManagedDict`): from the collector and at the object's end.
///
/// # Safety
/// The object's type has MANAGED_DICT.
pub unsafe fn clear_attrs(object: &PyObject) {
    // SAFETY: the caller's promise. The word is reset first, so that code run by the drops sees no attributes.
    unsafe {
        let word = attrs_word(object).replace(0);
        if word & SHAPE_TAG != 0 {
            let shape = &*((word & !SHAPE_TAG) as *const Shape);
            let (len, base) = (shape.len(), shape.base as usize);
            for i in 0..len {
                let value = slot_at(object, base + 8 * i).replace(core::ptr::null_mut());
                crate::interp::reclaim::decref(value);
            }
        } else if word != 0 {
            PyObject::decref(word as *const PyObject);
        }
    }
}

/// Shows all references held by the instance's attributes (`PyObject_VisitManagedDict`).
///
/// # Safety
/// The object's type has MANAGED_DICT; `visit` may be called with `arg`.
#[inline(always)]
pub unsafe fn visit_attrs(
    object: &PyObject,
    visit: super::slots::visitproc,
    arg: *mut core::ffi::c_void,
) -> core::ffi::c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let word = attrs_word(object).get();
        if word & SHAPE_TAG != 0 {
            let shape = &*((word & !SHAPE_TAG) as *const Shape);
            for i in 0..shape.len() {
                let result = visit(slot_at(object, shape.slot_offset(i)).get(), arg);
                if result != 0 {
                    return result;
                }
            }
            0
        } else if word != 0 {
            visit(word as *mut PyObject, arg)
        } else {
            0
        }
    }
}

/// After `object.__class__` changed to `new` (of compatible layout): finds the equal shape in the new type's tree, or
/// falls back to dictionary mode. To be called while the object still has its old type.
///
/// # Safety
/// The object's type has MANAGED_DICT, and `new` is a compatible type.
pub unsafe fn move_to_type(object: &PyObject, new: &PyTypeObject) -> PyResult<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(shape) = shape_of(object).as_ref() else { return Ok(()) };
        let moved = shapes_of(new).filter(|_| slots_base(new) == shape.base as usize).and_then(|shapes| {
            let mut target = &*shapes.root_for(new, shape.capacity);
            for name in shape.names() {
                target = target.next(name)?;
            }
            Some(target)
        });
        match moved {
            Some(target) => attrs_word(object).set(target.word()),
            None => drop(materialize(object)?),
        }
        Ok(())
    }
}

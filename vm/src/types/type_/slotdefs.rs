//! The one table that ties dunder methods to type slots, in both directions, and what is derived from it:
//! the wrappers put into the dict of a type with C slots ([`add_wrappers`]), and the slots of a class whose dict has
//! dunder methods ([`fixup_slots`], [`update_slot`]).
//!
//! Rows of the same slot stand together; where two slots share a name (`__len__`: mapping and sequence), the row that is
//! to win stands first.

use core::cell::Cell;
use core::ffi::{CStr, c_int, c_void};
use core::mem::{offset_of, size_of};

use super::lookup::lookup_uncached;
use super::slot_functions::*;
use super::slot_wrappers::*;
use super::{instance, subclasses};
use crate::err::PyResult;
use crate::object::{PyClass, PyHeapTypeObject, PyNumberMethods, PyObject, PyStruct, PyTypeObject, flags};
use crate::types::builtin_function::PyCFunction;
use crate::types::descr::wrapper::FLAG_KEYWORDS;
use crate::types::descr::{PyWrapperDescr, WrapperBase, new_wrapper};
use crate::types::str::PyStr;

/// A row.
const fn row(
    name: &'static CStr,
    offset: usize,
    function: *const c_void,
    wrapper: *const c_void,
    doc: &'static CStr,
    flags: c_int,
) -> WrapperBase {
    WrapperBase {
        name: name.as_ptr(),
        offset: offset as c_int,
        function,
        wrapper,
        doc: doc.as_ptr(),
        flags,
        name_strobj: Cell::new(core::ptr::null_mut()),
    }
}

const NONE: *const c_void = core::ptr::null();

/// C string literal from pieces.
macro_rules! cstr {
    ($($piece:expr),*) => {
        match CStr::from_bytes_with_nul(concat!($($piece,)* "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("a literal without inner NULs"),
        }
    };
}

/// The offset of a slot: fields of the type itself, or of the suites inside a heap type.
macro_rules! at {
    (tp $slot:ident) => {
        offset_of!(PyTypeObject, $slot)
    };
    ($suite:ident . $slot:ident) => {
        offset_of!(PyHeapTypeObject, $suite.$slot)
    };
}

macro_rules! table {
    ($( $name:literal, [$($place:tt)*], $function:expr, $wrapper:expr, $signature:literal, $doc:literal $(, $flags:expr)? ; )*) => {
        [ $( row(
            cstr!($name),
            at!($($place)*),
            $function as *const c_void,
            $wrapper as *const c_void,
            cstr!($name, $signature, "\n--\n\n", $doc),
            0 $(| $flags)?,
        ), )* ]
    };
}

/// The table.
pub static SLOT_DEFS: [WrapperBase; SLOT_COUNT] = table! {
    "__getattribute__", [tp tp_getattr], NONE, NONE, "($self, name, /)", "";
    "__getattr__", [tp tp_getattr], NONE, NONE, "($self, name, /)", "";
    "__setattr__", [tp tp_setattr], NONE, NONE, "($self, name, value, /)", "";
    "__delattr__", [tp tp_setattr], NONE, NONE, "($self, name, /)", "";
    "__repr__", [tp tp_repr], slot_tp_repr, wrap_unary, "($self, /)", "Return repr(self).";
    "__hash__", [tp tp_hash], slot_tp_hash, wrap_hash, "($self, /)", "Return hash(self).";
    "__call__", [tp tp_call], slot_tp_call, wrap_call, "($self, /, *args, **kwargs)", "Call self as a function.", FLAG_KEYWORDS;
    "__str__", [tp tp_str], slot_tp_str, wrap_unary, "($self, /)", "Return str(self).";
    "__getattribute__", [tp tp_getattro], slot_tp_getattr_hook, wrap_binary, "($self, name, /)", "Return getattr(self, name).";
    "__getattr__", [tp tp_getattro], slot_tp_getattr_hook, NONE, "($self, name, /)", "Implement getattr(self, name).";
    "__setattr__", [tp tp_setattro], slot_tp_setattro, wrap_setattr, "($self, name, value, /)", "Implement setattr(self, name, value).";
    "__delattr__", [tp tp_setattro], slot_tp_setattro, wrap_delattr, "($self, name, /)", "Implement delattr(self, name).";
    "__lt__", [tp tp_richcompare], slot_tp_richcompare, wrap_lt, "($self, value, /)", "Return self<value.";
    "__le__", [tp tp_richcompare], slot_tp_richcompare, wrap_le, "($self, value, /)", "Return self<=value.";
    "__eq__", [tp tp_richcompare], slot_tp_richcompare, wrap_eq, "($self, value, /)", "Return self==value.";
    "__ne__", [tp tp_richcompare], slot_tp_richcompare, wrap_ne, "($self, value, /)", "Return self!=value.";
    "__gt__", [tp tp_richcompare], slot_tp_richcompare, wrap_gt, "($self, value, /)", "Return self>value.";
    "__ge__", [tp tp_richcompare], slot_tp_richcompare, wrap_ge, "($self, value, /)", "Return self>=value.";
    "__iter__", [tp tp_iter], slot_tp_iter, wrap_unary, "($self, /)", "Implement iter(self).";
    "__next__", [tp tp_iternext], slot_tp_iternext, wrap_next, "($self, /)", "Implement next(self).";
    "__get__", [tp tp_descr_get], slot_tp_descr_get, wrap_descr_get, "($self, instance, owner=None, /)", "Return an attribute of instance, which is of type owner.";
    "__set__", [tp tp_descr_set], slot_tp_descr_set, wrap_descr_set, "($self, instance, value, /)", "Set an attribute of instance to value.";
    "__delete__", [tp tp_descr_set], slot_tp_descr_set, wrap_descr_delete, "($self, instance, /)", "Delete an attribute of instance.";
    "__init__", [tp tp_init], slot_tp_init, wrap_init, "($self, /, *args, **kwargs)", "Initialize self.  See help(type(self)) for accurate signature.", FLAG_KEYWORDS;
    "__new__", [tp tp_new], slot_tp_new, NONE, "(type, /, *args, **kwargs)", "Create and return new object.  See help(type) for accurate signature.";
    "__del__", [tp tp_finalize], slot_tp_finalize, wrap_del, "($self, /)", "Called when the instance is about to be destroyed.";
    "__buffer__", [as_buffer.bf_getbuffer], super::slot_buffer::slot_bf_getbuffer, super::slot_buffer::wrap_buffer, "($self, flags, /)", "Return a buffer object that exposes the underlying memory of the object.";
    "__release_buffer__", [as_buffer.bf_releasebuffer], super::slot_buffer::slot_bf_releasebuffer, super::slot_buffer::wrap_releasebuffer, "($self, buffer, /)", "Release the buffer object that exposes the underlying memory of the object.";
    "__await__", [as_async.am_await], slot_am_await, wrap_unary, "($self, /)", "Return an iterator to be used in await expression.";
    "__aiter__", [as_async.am_aiter], slot_am_aiter, wrap_unary, "($self, /)", "Return an awaitable, that resolves in asynchronous iterator.";
    "__anext__", [as_async.am_anext], slot_am_anext, wrap_unary, "($self, /)", "Return a value or raise StopAsyncIteration.";
    "__add__", [as_number.nb_add], slot_nb_add, wrap_binary, "($self, value, /)", "Return self+value.";
    "__radd__", [as_number.nb_add], slot_nb_add, wrap_binary_r, "($self, value, /)", "Return value+self.";
    "__sub__", [as_number.nb_subtract], slot_nb_subtract, wrap_binary, "($self, value, /)", "Return self-value.";
    "__rsub__", [as_number.nb_subtract], slot_nb_subtract, wrap_binary_r, "($self, value, /)", "Return value-self.";
    "__mul__", [as_number.nb_multiply], slot_nb_multiply, wrap_binary, "($self, value, /)", "Return self*value.";
    "__rmul__", [as_number.nb_multiply], slot_nb_multiply, wrap_binary_r, "($self, value, /)", "Return value*self.";
    "__mod__", [as_number.nb_remainder], slot_nb_remainder, wrap_binary, "($self, value, /)", "Return self%value.";
    "__rmod__", [as_number.nb_remainder], slot_nb_remainder, wrap_binary_r, "($self, value, /)", "Return value%self.";
    "__divmod__", [as_number.nb_divmod], slot_nb_divmod, wrap_binary, "($self, value, /)", "Return divmod(self, value).";
    "__rdivmod__", [as_number.nb_divmod], slot_nb_divmod, wrap_binary_r, "($self, value, /)", "Return divmod(value, self).";
    "__pow__", [as_number.nb_power], slot_nb_power, wrap_ternary, "($self, value, mod=None, /)", "Return pow(self, value, mod).";
    "__rpow__", [as_number.nb_power], slot_nb_power, wrap_ternary_r, "($self, value, mod=None, /)", "Return pow(value, self, mod).";
    "__neg__", [as_number.nb_negative], slot_nb_negative, wrap_unary, "($self, /)", "-self";
    "__pos__", [as_number.nb_positive], slot_nb_positive, wrap_unary, "($self, /)", "+self";
    "__abs__", [as_number.nb_absolute], slot_nb_absolute, wrap_unary, "($self, /)", "abs(self)";
    "__bool__", [as_number.nb_bool], slot_nb_bool, wrap_inquiry, "($self, /)", "True if self else False";
    "__invert__", [as_number.nb_invert], slot_nb_invert, wrap_unary, "($self, /)", "~self";
    "__lshift__", [as_number.nb_lshift], slot_nb_lshift, wrap_binary, "($self, value, /)", "Return self<<value.";
    "__rlshift__", [as_number.nb_lshift], slot_nb_lshift, wrap_binary_r, "($self, value, /)", "Return value<<self.";
    "__rshift__", [as_number.nb_rshift], slot_nb_rshift, wrap_binary, "($self, value, /)", "Return self>>value.";
    "__rrshift__", [as_number.nb_rshift], slot_nb_rshift, wrap_binary_r, "($self, value, /)", "Return value>>self.";
    "__and__", [as_number.nb_and], slot_nb_and, wrap_binary, "($self, value, /)", "Return self&value.";
    "__rand__", [as_number.nb_and], slot_nb_and, wrap_binary_r, "($self, value, /)", "Return value&self.";
    "__xor__", [as_number.nb_xor], slot_nb_xor, wrap_binary, "($self, value, /)", "Return self^value.";
    "__rxor__", [as_number.nb_xor], slot_nb_xor, wrap_binary_r, "($self, value, /)", "Return value^self.";
    "__or__", [as_number.nb_or], slot_nb_or, wrap_binary, "($self, value, /)", "Return self|value.";
    "__ror__", [as_number.nb_or], slot_nb_or, wrap_binary_r, "($self, value, /)", "Return value|self.";
    "__int__", [as_number.nb_int], slot_nb_int, wrap_unary, "($self, /)", "int(self)";
    "__float__", [as_number.nb_float], slot_nb_float, wrap_unary, "($self, /)", "float(self)";
    "__iadd__", [as_number.nb_inplace_add], slot_nb_inplace_add, wrap_binary, "($self, value, /)", "Return self+=value.";
    "__isub__", [as_number.nb_inplace_subtract], slot_nb_inplace_subtract, wrap_binary, "($self, value, /)", "Return self-=value.";
    "__imul__", [as_number.nb_inplace_multiply], slot_nb_inplace_multiply, wrap_binary, "($self, value, /)", "Return self*=value.";
    "__imod__", [as_number.nb_inplace_remainder], slot_nb_inplace_remainder, wrap_binary, "($self, value, /)", "Return self%=value.";
    "__ipow__", [as_number.nb_inplace_power], slot_nb_inplace_power, wrap_ternary, "($self, value, /)", "Return self**=value.";
    "__ilshift__", [as_number.nb_inplace_lshift], slot_nb_inplace_lshift, wrap_binary, "($self, value, /)", "Return self<<=value.";
    "__irshift__", [as_number.nb_inplace_rshift], slot_nb_inplace_rshift, wrap_binary, "($self, value, /)", "Return self>>=value.";
    "__iand__", [as_number.nb_inplace_and], slot_nb_inplace_and, wrap_binary, "($self, value, /)", "Return self&=value.";
    "__ixor__", [as_number.nb_inplace_xor], slot_nb_inplace_xor, wrap_binary, "($self, value, /)", "Return self^=value.";
    "__ior__", [as_number.nb_inplace_or], slot_nb_inplace_or, wrap_binary, "($self, value, /)", "Return self|=value.";
    "__floordiv__", [as_number.nb_floor_divide], slot_nb_floor_divide, wrap_binary, "($self, value, /)", "Return self//value.";
    "__rfloordiv__", [as_number.nb_floor_divide], slot_nb_floor_divide, wrap_binary_r, "($self, value, /)", "Return value//self.";
    "__truediv__", [as_number.nb_true_divide], slot_nb_true_divide, wrap_binary, "($self, value, /)", "Return self/value.";
    "__rtruediv__", [as_number.nb_true_divide], slot_nb_true_divide, wrap_binary_r, "($self, value, /)", "Return value/self.";
    "__ifloordiv__", [as_number.nb_inplace_floor_divide], slot_nb_inplace_floor_divide, wrap_binary, "($self, value, /)", "Return self//=value.";
    "__itruediv__", [as_number.nb_inplace_true_divide], slot_nb_inplace_true_divide, wrap_binary, "($self, value, /)", "Return self/=value.";
    "__index__", [as_number.nb_index], slot_nb_index, wrap_unary, "($self, /)", "Return self converted to an integer, if self is suitable for use as an index into a list.";
    "__matmul__", [as_number.nb_matrix_multiply], slot_nb_matrix_multiply, wrap_binary, "($self, value, /)", "Return self@value.";
    "__rmatmul__", [as_number.nb_matrix_multiply], slot_nb_matrix_multiply, wrap_binary_r, "($self, value, /)", "Return value@self.";
    "__imatmul__", [as_number.nb_inplace_matrix_multiply], slot_nb_inplace_matrix_multiply, wrap_binary, "($self, value, /)", "Return self@=value.";
    "__len__", [as_mapping.mp_length], slot_mp_length, wrap_len, "($self, /)", "Return len(self).";
    "__getitem__", [as_mapping.mp_subscript], slot_mp_subscript, wrap_binary, "($self, key, /)", "Return self[key].";
    "__setitem__", [as_mapping.mp_ass_subscript], slot_mp_ass_subscript, wrap_setitem, "($self, key, value, /)", "Set self[key] to value.";
    "__delitem__", [as_mapping.mp_ass_subscript], slot_mp_ass_subscript, wrap_delitem, "($self, key, /)", "Delete self[key].";
    "__len__", [as_sequence.sq_length], slot_sq_length, wrap_len, "($self, /)", "Return len(self).";
    // Classes that define __add__ or __mul__ fill the number slots only.
    "__add__", [as_sequence.sq_concat], NONE, wrap_binary, "($self, value, /)", "Return self+value.";
    "__mul__", [as_sequence.sq_repeat], NONE, wrap_index_arg, "($self, value, /)", "Return self*value.";
    "__rmul__", [as_sequence.sq_repeat], NONE, wrap_index_arg, "($self, value, /)", "Return value*self.";
    "__getitem__", [as_sequence.sq_item], slot_sq_item, wrap_sq_item, "($self, key, /)", "Return self[key].";
    "__setitem__", [as_sequence.sq_ass_item], slot_sq_ass_item, wrap_sq_setitem, "($self, key, value, /)", "Set self[key] to value.";
    "__delitem__", [as_sequence.sq_ass_item], slot_sq_ass_item, wrap_sq_delitem, "($self, key, /)", "Delete self[key].";
    "__contains__", [as_sequence.sq_contains], slot_sq_contains, wrap_contains, "($self, key, /)", "Return bool(key in self).";
    "__iadd__", [as_sequence.sq_inplace_concat], NONE, wrap_binary, "($self, value, /)", "Implement self+=value.";
    "__imul__", [as_sequence.sq_inplace_repeat], NONE, wrap_index_arg, "($self, value, /)", "Implement self*=value.";
};

const SLOT_COUNT: usize = 94;

/// The interned name of a row.
fn name_of(def: &WrapperBase) -> &'static PyStr {
    let cached = def.name_strobj.get();
    if !cached.is_null() {
        // SAFETY: set below; static names are immortal.
        return unsafe { &*(cached as *const PyStr) };
    }
    let name = PyStr::intern_static(def.name());
    def.name_strobj.set(name.as_object().as_ptr());
    name
}

/// The slot's cell in a type, by the offset it has in a heap type. `None` if the type lacks the suite.
pub fn slot_cell(ty: &PyTypeObject, offset: usize) -> Option<&Cell<*const c_void>> {
    let suite = |pointer: *const u8, start: usize| {
        // SAFETY: the offset lies inside the suite, whose fields are pointer-sized cells.
        (!pointer.is_null()).then(|| unsafe { &*(pointer.add(offset - start) as *const Cell<*const c_void>) })
    };
    if offset < size_of::<PyTypeObject>() {
        suite(ty as *const PyTypeObject as *const u8, 0)
    } else if offset >= offset_of!(PyHeapTypeObject, as_buffer) {
        suite(ty.tp_as_buffer.get() as *const u8, offset_of!(PyHeapTypeObject, as_buffer))
    } else if offset >= offset_of!(PyHeapTypeObject, as_sequence) {
        suite(ty.tp_as_sequence.get() as *const u8, offset_of!(PyHeapTypeObject, as_sequence))
    } else if offset >= offset_of!(PyHeapTypeObject, as_mapping) {
        suite(ty.tp_as_mapping.get() as *const u8, offset_of!(PyHeapTypeObject, as_mapping))
    } else if offset >= offset_of!(PyHeapTypeObject, as_number) {
        suite(ty.tp_as_number.get() as *const u8, offset_of!(PyHeapTypeObject, as_number))
    } else {
        suite(ty.tp_as_async.get() as *const u8, offset_of!(PyHeapTypeObject, as_async))
    }
}

/// Puts slot wrappers into the dict of a type whose C slots are filled, where the dict has no entry of that name.
pub(crate) fn add_wrappers(ty: &PyTypeObject) -> PyResult<()> {
    add_wrappers_if(ty, |_| true)
}

/// As [`add_wrappers`], for the rows that `wanted` picks by name.
pub(crate) fn add_wrappers_if(ty: &PyTypeObject, wanted: impl Fn(&str) -> bool) -> PyResult<()> {
    let Some(dict) = ty.tp_dict.get() else { return Ok(()) };
    for def in &SLOT_DEFS {
        if def.wrapper.is_null() || !wanted(def.name()) {
            continue;
        }
        let Some(cell) = slot_cell(ty, def.offset as usize) else { continue };
        let slot = cell.get();
        if slot.is_null() {
            continue;
        }
        let name = name_of(def);
        if dict.get_str(name).is_some() {
            continue;
        }
        if core::ptr::eq(slot, instance::hash_not_implemented as *const c_void) {
            // "Not hashable" is said with None, as Python classes say it.
            dict.set_str(name, crate::none_ref())?;
        } else {
            dict.set_str(name, &new_wrapper(ty, def, slot as *mut c_void))?;
        }
    }
    Ok(())
}

/// If exactly one slot of the type is filled among those that share `name`, that one; used to tell whether a wrapper
/// found under a shared name may speak for a slot.
fn only_filled_slot<'a>(ty: &'a PyTypeObject, name: &PyStr) -> Option<&'a Cell<*const c_void>> {
    let mut only = None;
    for def in &SLOT_DEFS {
        if !core::ptr::eq(name_of(def), name) {
            continue;
        }
        let Some(cell) = slot_cell(ty, def.offset as usize) else { continue };
        if cell.get().is_null() {
            continue;
        }
        if only.is_some() {
            return None;
        }
        only = Some(cell);
    }
    only
}

/// May the C function behind one row stand in the slot of another row of the same name? `__len__` of a sequence does for a mapping,
/// but `sq_concat` is no `nb_add`: number slots see their operands in either order. Comparing the wrappers alone does not tell,
/// since functions with equal code may share an address.
fn same_kind_of_slot(a: &WrapperBase, b: &WrapperBase) -> bool {
    let numbers = offset_of!(PyHeapTypeObject, as_number);
    let numbers = numbers..numbers + size_of::<PyNumberMethods>();
    let is_number = |row: &WrapperBase| numbers.contains(&(row.offset as usize));
    a.offset == b.offset || (!is_number(a) && !is_number(b))
}

/// Decides what belongs into one slot, from what the MRO says about the names in `rows` (all of the same slot).
///
/// If all entries found are wrappers of one and the same C function, the slot gets that function itself; otherwise the
/// function which calls the Python method.
fn update_one_slot(ty: &PyTypeObject, rows: &[WrapperBase]) {
    let Some(cell) = slot_cell(ty, rows[0].offset as usize) else { return };
    let mut specific: *const c_void = core::ptr::null();
    let mut generic: *const c_void = core::ptr::null();
    let mut use_generic = false;
    for def in rows {
        let name = name_of(def);
        let Some(found) = lookup_uncached(ty, name) else {
            if def.offset as usize == offset_of!(PyTypeObject, tp_iternext) {
                specific = instance::next_not_implemented as *const c_void;
            }
            continue;
        };
        if let Some(wrapper) = found.downcast_exact::<PyWrapperDescr>()
            && core::ptr::eq(wrapper.base().name_strobj.get(), def.name_strobj.get())
        {
            let only = only_filled_slot(ty, name);
            if only.is_none_or(|c| core::ptr::eq(c, cell)) {
                generic = def.function;
            }
            let wrapped = wrapper.d_wrapped.get() as *const c_void;
            if (specific.is_null() || specific == wrapped)
                && wrapper.base().wrapper == def.wrapper
                && same_kind_of_slot(wrapper.base(), def)
                && ty.is_subtype(&wrapper.d_type)
            {
                specific = wrapped;
            } else {
                use_generic = true;
            }
        } else if def.offset as usize == offset_of!(PyTypeObject, tp_new) && is_tp_new_wrapper(found) {
            // The C function itself, inherited already.
            specific = cell.get();
        } else if def.offset as usize == offset_of!(PyTypeObject, tp_hash) && crate::is_none(found) {
            specific = instance::hash_not_implemented as *const c_void;
        } else {
            use_generic = true;
            generic = def.function;
            if def.offset as usize == offset_of!(PyTypeObject, tp_call) {
                // A Python __call__ is not what the instance's vectorcall pointer does.
                ty.tp_flags.set(ty.tp_flags.get() & !flags::HAVE_VECTORCALL);
            }
        }
    }
    cell.set(if !specific.is_null() && !use_generic { specific } else { generic });
}

/// Is it the `__new__` that stands in the dicts of C types?
pub(crate) fn is_tp_new_wrapper(object: &PyObject) -> bool {
    object
        .downcast_exact::<PyCFunction>()
        .is_some_and(|f| core::ptr::eq(super::ready::method_pointer(f), super::ready::tp_new_wrapper as *const c_void))
}

/// The rows, grouped by slot.
fn slots() -> impl Iterator<Item = &'static [WrapperBase]> {
    SLOT_DEFS.chunk_by(|a, b| a.offset == b.offset)
}

/// Sets all slots of a class from its dict and MRO.
pub(crate) fn fixup_slots(ty: &PyTypeObject) {
    for rows in slots() {
        update_one_slot(ty, rows);
    }
}

/// The addresses of what makes instances of a type descriptors, and data descriptors; 0 for none.
pub(crate) fn descriptor_slots(ty: &PyTypeObject) -> [usize; 2] {
    [ty.tp_descr_get.get().map_or(0, |f| f as usize), ty.tp_descr_set.get().map_or(0, |f| f as usize)]
}

/// Sets slots of a type that may have instances.
fn change_slots(ty: &PyTypeObject, set: impl FnOnce()) {
    let before = descriptor_slots(ty);
    set();
    if descriptor_slots(ty) != before {
        // Whether an attribute of a class is a descriptor is part of what inline caches and traces rely on as long as the class does not
        // change, and any class may have an instance of this one.
        super::type_modified(PyObject::type_object());
    }
}

/// Sets all slots of a class and of everything derived from it, after its bases changed.
pub(crate) fn update_all_slots(ty: &PyTypeObject) {
    change_slots(ty, || fixup_slots(ty));
    for subclass in subclasses::list(ty) {
        update_all_slots(&subclass);
    }
}

/// Sets the slots that depend on `name`, after a type's dict changed there, in the type and what inherits from it.
pub(crate) fn update_slot(ty: &PyTypeObject, name: &PyStr) {
    let affected: Vec<&'static [WrapperBase]> =
        slots().filter(|rows| rows.iter().any(|def| PyStr::str_eq(name_of(def), name))).collect();
    if !affected.is_empty() {
        update_recursively(ty, name, &affected);
    }
}

fn update_recursively(ty: &PyTypeObject, name: &PyStr, affected: &[&'static [WrapperBase]]) {
    change_slots(ty, || {
        for rows in affected {
            update_one_slot(ty, rows);
        }
    });
    for subclass in subclasses::list(ty) {
        // A subclass with its own entry does not inherit the change.
        if subclass.tp_dict.peek().is_some_and(|d| d.get_str(name).is_some()) {
            continue;
        }
        update_recursively(&subclass, name, affected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_slot_stand_together() {
        let mut seen = Vec::new();
        for rows in slots() {
            assert!(!seen.contains(&rows[0].offset), "{}", rows[0].name());
            seen.push(rows[0].offset);
        }
    }
}

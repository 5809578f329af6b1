//! Names: locals of class bodies, globals, builtins, cells, imports.

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::interp::machine::Machine;
use crate::interp::stackref::StackRef;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyClass, PyStruct};
use crate::protocol::{mapping, object as protocol};
use crate::types::cell::PyCell;
use crate::types::code::{PyCode, kind};
use crate::types::dict::PyDict;
use crate::types::str::PyStr;

#[cold]
#[inline(never)]
pub fn unbound_local(code: &PyCode, index: usize) -> PyErr {
    let name = code.local_name(index);
    exc::unbound_local_error(
        format!("cannot access local variable '{}' where it is not associated with a value", name.to_string_lossy()),
        name.as_object(),
    )
}

#[cold]
#[inline(never)]
pub fn unbound_deref(code: &PyCode, index: usize) -> PyErr {
    let name = code.local_name(index);
    let free = code.co_localspluskinds.as_bytes().get(index).is_some_and(|k| k & kind::FREE != 0);
    if free {
        exc::name_error(
            format!(
                "cannot access free variable '{}' where it is not associated with a value in enclosing scope",
                name.to_string_lossy()
            ),
            name.as_object(),
        )
    } else {
        unbound_local(code, index)
    }
}

#[cold]
#[inline(never)]
fn undefined_name(name: &PyStr) -> PyErr {
    exc::name_error(format!("name '{}' is not defined", name.to_string_lossy()), name.as_object())
}

/// The name operand.
#[inline(always)]
fn name_of(frame: &InterpreterFrame, index: usize) -> &PyStr {
    // SAFETY: a Python frame; the index comes from its code.
    unsafe { frame.code().name_at(index) }
}

/// Looks `name` up in a mapping that may not be a dict.
fn lookup_in(namespace: &PyObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    match namespace.downcast_exact::<PyDict>() {
        Some(dict) => Ok(dict.get_str(name)),
        None => mapping::get_opt(namespace, name.as_object()),
    }
}

/// Globals, then builtins.
fn global_or_builtin(frame: &InterpreterFrame, name: &PyStr) -> PyResult<ObjRef> {
    if let Some(value) = lookup_in(frame.globals(), name)? {
        return Ok(value);
    }
    match lookup_in(frame.builtins(), name)? {
        Some(value) => Ok(value),
        None => Err(undefined_name(name)),
    }
}

#[inline(always)]
pub fn load_global(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    let frame = m.frame();
    let value = global_or_builtin(frame, name_of(frame, arg >> 1))?;
    m.push_owned(value);
    if arg & 1 != 0 {
        m.push(StackRef::NULL);
    }
    m.skip(4);
    Ok(())
}

/// Cache: counter, index, module keys version, builtin keys version.
#[inline(always)]
pub fn load_global_module(m: &mut Machine<'_>, arg: usize) -> bool {
    let globals = m.frame().globals_dict();
    if globals.known_keys_version() != m.cache(2) as u32 {
        return false;
    }
    let Some(value) = globals.value_at(m.cache(1) as usize) else { return false };
    m.push(StackRef::new(value));
    if arg & 1 != 0 {
        m.push(StackRef::NULL);
    }
    m.skip(4);
    true
}

#[inline(always)]
pub fn load_global_builtin(m: &mut Machine<'_>, arg: usize) -> bool {
    let globals = m.frame().globals_dict();
    // SAFETY: specialized only when the builtins are an exact dict.
    let builtins: &PyDict = unsafe { m.frame().builtins().cast_unchecked_ref() };
    if globals.known_keys_version() != m.cache(2) as u32 || builtins.known_keys_version() != m.cache(3) as u32 {
        return false;
    }
    let Some(value) = builtins.value_at(m.cache(1) as usize) else { return false };
    m.push(StackRef::new(value));
    if arg & 1 != 0 {
        m.push(StackRef::NULL);
    }
    m.skip(4);
    true
}

fn locals_of(frame: &InterpreterFrame) -> PyResult<ObjRef> {
    frame.f_locals.get().ok_or_else(|| exc::system_error("no locals when a name was used"))
}

#[inline(never)]
pub fn load_name(frame: &InterpreterFrame, index: usize) -> PyResult<ObjRef> {
    let name = name_of(frame, index);
    let locals = frame
        .f_locals
        .get()
        .ok_or_else(|| exc::system_error(format!("no locals when loading '{}'", name.to_string_lossy())))?;
    match lookup_in(&locals, name)? {
        Some(value) => Ok(value),
        None => global_or_builtin(frame, name),
    }
}

#[inline(never)]
pub fn store_name(frame: &InterpreterFrame, index: usize, value: ObjRef) -> PyResult<()> {
    let name = name_of(frame, index);
    let locals = frame
        .f_locals
        .get()
        .ok_or_else(|| exc::system_error(format!("no locals found when storing '{}'", name.to_string_lossy())))?;
    match locals.downcast_exact::<PyDict>() {
        Some(dict) => dict.set_str(name, &value),
        None => protocol::set_item(&locals, name.as_object(), &value),
    }
}

#[inline(never)]
pub fn delete_name(frame: &InterpreterFrame, index: usize) -> PyResult<()> {
    let name = name_of(frame, index);
    let locals = locals_of(frame)?;
    match protocol::del_item(&locals, name.as_object()) {
        Err(e) if e.matches(exc::KeyError()) => Err(undefined_name(name)),
        other => other,
    }
}

#[inline(never)]
pub fn store_global(frame: &InterpreterFrame, index: usize, value: ObjRef) -> PyResult<()> {
    let name = name_of(frame, index);
    match frame.globals().downcast_exact::<PyDict>() {
        Some(dict) => dict.set_str(name, &value),
        None => frame.globals_dict().set_item(name.as_object(), &value),
    }
}

#[inline(never)]
pub fn delete_global(frame: &InterpreterFrame, index: usize) -> PyResult<()> {
    let name = name_of(frame, index);
    if frame.globals_dict().del_item(name.as_object())? { Ok(()) } else { Err(undefined_name(name)) }
}

#[inline(never)]
pub fn load_from_dict_or_globals(frame: &InterpreterFrame, namespace: &PyObject, index: usize) -> PyResult<ObjRef> {
    let name = name_of(frame, index);
    match lookup_in(namespace, name)? {
        Some(value) => Ok(value),
        None => global_or_builtin(frame, name),
    }
}

#[inline(never)]
pub fn load_from_dict_or_deref(frame: &InterpreterFrame, namespace: &PyObject, index: usize) -> PyResult<ObjRef> {
    // SAFETY: a Python frame.
    let code = unsafe { frame.code() };
    let name = code.local_name(index);
    if let Some(value) = lookup_in(namespace, &name)? {
        return Ok(value);
    }
    // SAFETY: the index is a cell of this frame.
    match cell_at(unsafe { *frame.local(index) }).get() {
        Some(value) => Ok(value),
        None => Err(unbound_deref(code, index)),
    }
}

#[inline(never)]
pub fn load_locals(frame: &InterpreterFrame) -> PyResult<ObjRef> {
    frame.f_locals.get().ok_or_else(|| exc::system_error("no locals"))
}

#[inline(never)]
pub fn load_build_class(frame: &InterpreterFrame) -> PyResult<ObjRef> {
    match lookup_in(frame.builtins(), crate::intern!("__build_class__"))? {
        Some(value) => Ok(value),
        None => Err(exc::name_error("__build_class__ not found", crate::intern!("__build_class__").as_object())),
    }
}

#[inline(never)]
pub fn setup_annotations(frame: &InterpreterFrame) -> PyResult<()> {
    let locals =
        frame.f_locals.get().ok_or_else(|| exc::system_error("no locals found when setting up annotations"))?;
    let name = crate::intern!("__annotations__");
    if lookup_in(&locals, name)?.is_none() {
        let dict = PyDict::new();
        protocol::set_item(&locals, name.as_object(), dict.as_object())?;
    }
    Ok(())
}

/// `all` and `any` as they were at start-up: code compares what these names mean with them.
static ORIGINALS: [OptRef; 2] = [OptRef::NULL, OptRef::NULL];

/// Keeps the built-in functions that are common constants.
///
/// # Errors
/// `SystemError` if one is missing.
pub fn keep_common_constants() -> PyResult<()> {
    let builtins = crate::runtime::sys_state::builtins_dict()?;
    for (slot, name) in ORIGINALS.iter().zip(["all", "any"]) {
        slot.set(builtins.get_name(name));
    }
    Ok(())
}

/// `LOAD_COMMON_CONSTANT`.
#[inline(never)]
pub fn common_constant(index: usize) -> PyResult<ObjRef> {
    let original = |i: usize| -> PyResult<ObjRef> {
        ORIGINALS[i].get().ok_or_else(|| exc::system_error("a built-in function is missing"))
    };
    Ok(match index {
        0 => exc::AssertionError().to_obj(),
        1 => exc::NotImplementedError().to_obj(),
        2 => crate::types::tuple::PyTuple::type_object().to_obj(),
        3 => original(0)?,
        4 => original(1)?,
        5 => crate::types::list::PyList::type_object().to_obj(),
        6 => crate::types::set::PySet::type_object().to_obj(),
        _ => return Err(exc::system_error(format!("unknown common constant {index}"))),
    })
}

/// The cell in a local slot.
#[inline(always)]
pub fn cell_at<'a>(slot: StackRef) -> &'a PyCell {
    // SAFETY: the compiler addresses only cells this way, after MAKE_CELL or COPY_FREE_VARS.
    unsafe { slot.get().cast_unchecked_ref() }
}

/// A new cell around what the slot held (nothing, or an argument).
#[inline(always)]
pub fn make_cell(initial: StackRef) -> ObjRef {
    let value = if initial.is_null() {
        None
    } else {
        // SAFETY: the slot's word is moved into the cell.
        Some(unsafe { initial.into_owned() })
    };
    PyCell::new(value).into_obj()
}

/// Copies the closure's cells into the frame's last slots.
#[inline(always)]
pub fn copy_free_vars(frame: &InterpreterFrame, count: usize) {
    // SAFETY: a Python frame whose function has a closure of `count` cells.
    unsafe {
        let code = frame.code();
        let offset = code.co_nlocalsplus as usize - count;
        if let Some(closure) = frame.func().func_closure.peek() {
            for (i, cell) in closure.items().iter().take(count).enumerate() {
                *frame.local(offset + i) = StackRef::new(cell);
            }
        }
    }
}

#[inline(never)]
pub fn import_name(frame: &InterpreterFrame, index: usize, fromlist: &PyObject, level: &PyObject) -> PyResult<ObjRef> {
    let name = name_of(frame, index);
    let import = lookup_in(frame.builtins(), crate::intern!("__import__"))?
        .ok_or_else(|| exc::import_error("__import__ not found"))?;
    let locals = frame.f_locals.get().unwrap_or_else(crate::none);
    let ours = import
        .downcast_exact::<crate::types::builtin_function::PyCFunction>()
        .is_some_and(|f| f.name() == "__import__");
    if ours {
        let level = crate::protocol::number::as_isize(level, None)?;
        let fromlist = Some(fromlist).filter(|f| !crate::is_none(f));
        return crate::import::import_name(name, Some(frame.globals()), Some(&locals), fromlist, level as i32);
    }
    crate::protocol::call::call(&import, &[name.as_object(), frame.globals(), &locals, fromlist, level])
}

#[inline(never)]
pub fn import_from(frame: &InterpreterFrame, module: &PyObject, index: usize) -> PyResult<ObjRef> {
    crate::import::import_from(module, name_of(frame, index))
}

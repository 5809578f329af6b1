//! Globals, builtins, cells.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::cell::PyCell;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::module::PyModule;

use super::ends::Release;
use super::state::{Hold, Sym};
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Inst, Op, Ty, Value, Width};
use crate::runtime::table;

/// The offsets of the globals, the builtins and the namespace of module code in a frame's header.
const FRAME_GLOBALS: usize = 24;
const FRAME_BUILTINS: usize = 32;
const FRAME_NAMES: usize = 40;

impl Recorder {
    pub(super) unsafe fn load_global(&mut self, at: Registers<'_>, _op: u8, arg: usize) -> Done {
        // SAFETY: a live Python frame and its own name.
        let (frame, name) = unsafe { (&*at.frame, (*at.frame).code().name_at(arg >> 1)) };
        let Some(globals) = frame.globals().downcast_exact::<PyDict>() else {
            return Err(Abort("globals that are not a dict"));
        };
        self.guard_namespace(globals, FRAME_GLOBALS)?;
        let sym = if let Some(index) = globals.lookup_index(name) {
            self.dict_value(globals, index)?
        } else {
            let Some(builtins) = frame.builtins().downcast_exact::<PyDict>() else {
                return Err(Abort("builtins that are not a dict"));
            };
            let Some(index) = builtins.lookup_index(name) else { return Err(Abort("an undefined name")) };
            self.guard_keys(globals)?;
            self.constant_object(builtins.as_object());
            // Code may run with the same globals and other builtins: `__builtins__` was assigned in between.
            self.guard_namespace(builtins, FRAME_BUILTINS)?;
            self.dict_value(builtins, index)?
        };
        self.push(sym);
        if arg & 1 != 0 {
            self.push(Sym::Null);
        }
        Ok(())
    }

    /// Guards that the base frame's globals, its builtins, or its namespace are this dict. (A function's are known from the function.)
    fn guard_namespace(&mut self, dict: &PyDict, offset: usize) -> Done {
        if let Some(home) = self.top().home {
            let expected = self.constant_object(dict.as_object());
            let access = Access::word(Class::FrameHeader, offset);
            let actual = self.emit(Inst::load(Ty::Obj, home.address, access))?;
            self.guard(Op::GuardIs, &[actual, expected])?;
        }
        Ok(())
    }

    /// The namespace of module code, which is its globals.
    unsafe fn module_names<'a>(&mut self, at: Registers<'a>) -> Result<&'a PyDict, Abort> {
        // SAFETY: a live Python frame.
        let frame = unsafe { &*at.frame };
        match frame.globals().downcast_exact::<PyDict>() {
            Some(globals) if frame.f_locals.as_raw() == globals.as_object().as_ptr() && self.in_base() => {
                self.guard_namespace(globals, FRAME_NAMES)?;
                Ok(globals)
            }
            _ => Err(Abort("a namespace that is not the globals")),
        }
    }

    /// A name of module code: as a global.
    pub(super) unsafe fn load_name(&mut self, at: Registers<'_>, op: u8, arg: usize) -> Done {
        // SAFETY: passed on.
        unsafe {
            self.module_names(at)?;
            self.load_global(at, op, arg << 1)
        }
    }

    pub(super) unsafe fn store_name(&mut self, at: Registers<'_>, arg: usize) -> Done {
        // SAFETY: passed on.
        unsafe {
            self.module_names(at)?;
            self.store_global(at, arg)
        }
    }

    /// Stores into an existing entry of the globals.
    pub(super) unsafe fn store_global(&mut self, at: Registers<'_>, arg: usize) -> Done {
        // SAFETY: a live Python frame and its own name.
        let (frame, name) = unsafe { (&*at.frame, (*at.frame).code().name_at(arg)) };
        let Some(globals) = frame.globals().downcast_exact::<PyDict>() else {
            return Err(Abort("globals that are not a dict"));
        };
        self.guard_namespace(globals, FRAME_GLOBALS)?;
        let Some(index) = globals.lookup_index(name) else { return Err(Abort("a new global")) };
        let Some(real) = globals.value_at(index) else { return Err(Abort("a deleted name")) };
        let object = self.constant_object(globals.as_object());
        let access = Access { class: Class::Dict, offset: layout::DICT_WATCHERS as i32, width: Width::U8 };
        let watchers = self.emit(Inst::load(Ty::Int, object, access))?;
        let none = self.trace().int(0);
        self.guard(Op::GuardIs, &[watchers, none])?;
        let keys = self.guard_keys(globals)?;
        let entries = self.emit(Inst::load(Ty::Ptr, keys, Access::word(Class::Dict, layout::KEYS_ENTRIES)))?;
        let access = Access::word(Class::Other, layout::ENTRY_SIZE * index + layout::ENTRY_VALUE);
        let old = self.emit(Inst::load(Ty::Obj, entries, access))?;
        let end = self.expect_drop(old, real, real.refcount() > 1)?;
        let sym = self.pop()?;
        self.disturb()?;
        let owned = self.owned_object(sym)?;
        self.emit(Inst::store(entries, owned, access))?;
        self.release(end)
    }

    /// Guards that a dict has the keys it has now, at their places. The address of its table.
    pub(super) fn guard_keys(&mut self, dict: &PyDict) -> Result<Value, Abort> {
        let version = dict.keys_version();
        if version == 0 {
            return Err(Abort("a dict without a version"));
        }
        let object = self.constant_object(dict.as_object());
        let keys = self.emit(Inst::load(Ty::Ptr, object, Access::word(Class::Dict, layout::DICT_KEYS)))?;
        let access = Access { class: Class::Dict, offset: layout::KEYS_VERSION as i32, width: Width::U32 };
        let actual = self.emit(Inst::load(Ty::Int, keys, access))?;
        let expected = self.trace().int(version as i64);
        self.guard(Op::GuardIs, &[actual, expected])?;
        Ok(keys)
    }

    /// The value of a dict's entry. Functions, classes and modules become constants, guarded.
    pub(super) fn dict_value(&mut self, dict: &PyDict, index: usize) -> Result<Sym, Abort> {
        let Some(real) = dict.value_at(index) else { return Err(Abort("a deleted name")) };
        let keys = self.guard_keys(dict)?;
        let entries = self.emit(Inst::load(Ty::Ptr, keys, Access::word(Class::Dict, layout::KEYS_ENTRIES)))?;
        let access = Access::word(Class::Dict, layout::ENTRY_SIZE * index + layout::ENTRY_VALUE);
        // A class of its own: entries must not be taken for the fields of tables.
        let access = Access { class: Class::Other, ..access };
        let value = self.emit(Inst::load(Ty::Obj, entries, access))?;
        self.likely_constant(value, real, Hold::Fragile)
    }

    /// A value that hardly ever changes, if it is of such a kind, becomes a constant behind a guard.
    pub(super) fn likely_constant(&mut self, value: Value, real: &PyObject, hold: Hold) -> Result<Sym, Abort> {
        let constant = PyFunction::check_exact(real)
            || PyCFunction::check_exact(real)
            || PyModule::check_exact(real)
            || real.downcast_ref::<PyTypeObject>().is_some();
        if !constant {
            return Ok(Sym::Obj { value, hold });
        }
        let expected = self.constant_object(real);
        self.guard(Op::GuardIs, &[value, expected])?;
        Ok(Sym::Obj { value: expected, hold: Hold::Constant })
    }

    pub(super) unsafe fn load_deref(&mut self, at: Registers<'_>, index: usize) -> Done {
        // SAFETY: a cell in a local of the real frame.
        let real = unsafe { (*(*at.frame).local(index)).opt() }.ok_or(Abort("an empty slot"))?;
        // SAFETY: the compiler addresses only cells this way.
        let content = unsafe { real.cast_unchecked_ref::<PyCell>() }.get();
        if content.is_none() {
            return Err(Abort("an unbound variable"));
        }
        let Sym::Obj { value: cell, .. } = self.slot(index)? else { return Err(Abort("a cell that is none")) };
        let value = self.emit(Inst::load(Ty::Obj, cell, Access::word(Class::Cell, layout::CELL_CONTENT)))?;
        self.guard(Op::GuardNonNull, &[value])?;
        self.push_obj(value, Hold::Fragile);
        Ok(())
    }

    /// `STORE_DEREF`.
    pub(super) unsafe fn store_deref(&mut self, at: Registers<'_>, index: usize) -> Done {
        // SAFETY: a cell in a local of the real frame.
        let real = unsafe { (*(*at.frame).local(index)).opt() }.ok_or(Abort("an empty slot"))?;
        // SAFETY: the compiler addresses only cells this way.
        let content = unsafe { real.cast_unchecked_ref::<PyCell>() }.get();
        let Sym::Obj { value: cell, .. } = self.slot(index)? else { return Err(Abort("a cell that is none")) };
        let access = Access::word(Class::Cell, layout::CELL_CONTENT);
        let old = self.emit(Inst::load(Ty::Obj, cell, access))?;
        let end = match &content {
            Some(real) => {
                self.guard(Op::GuardNonNull, &[old])?;
                // `get` took a reference of its own.
                self.expect_drop(old, real, real.refcount() > 2)?
            }
            None => {
                let null = self.nothing;
                self.guard(Op::GuardIs, &[old, null])?;
                Release::Nothing
            }
        };
        drop(content);
        let sym = self.pop()?;
        self.disturb()?;
        let owned = self.owned_object(sym)?;
        self.emit(Inst::store(cell, owned, access))?;
        self.release(end)
    }

    /// `MAKE_CELL`, at the beginning of a function that is followed.
    pub(super) fn make_cell(&mut self, index: usize) -> Done {
        if self.top().home.is_some() {
            return Err(Abort("a function's beginning"));
        }
        let frame = self.frames.len() - 1;
        self.unlend(frame, index)?;
        let content = match self.frames[frame].slots[index] {
            Sym::Null => self.nothing,
            sym => self.owned_object(sym)?,
        };
        let value = self.call_runtime(table::NEW_CELL, &[content])?;
        self.frames[frame].slots[index] = Sym::Obj { value, hold: Hold::Owned };
        self.snapshot = None;
        Ok(())
    }

    pub(super) unsafe fn copy_free_vars(&mut self, at: Registers<'_>, count: usize) -> Done {
        let Some((function, _, _)) = self.top().inlined else { return Err(Abort("a function's beginning")) };
        let locals = self.top().locals;
        if !function.is_const() {
            // Each closure has cells of its own, which it keeps as long as its frame keeps it.
            let access = Access::word(Class::Other, layout::FUNC_CLOSURE);
            let closure = self.emit(Inst::load(Ty::Obj, function, access))?;
            for i in 0..count {
                let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS + 8 * i);
                let value = self.emit(Inst::load(Ty::Obj, closure, access))?;
                self.top().slots[locals - count + i] = Sym::Obj { value, hold: Hold::Fragile };
            }
            self.snapshot = None;
            return Ok(());
        }
        // SAFETY: a live Python frame, whose function has a closure of so many cells.
        let function = unsafe { (*at.frame).func() };
        let Some(closure) = function.func_closure.get() else { return Err(Abort("no closure")) };
        for (i, cell) in closure.items().iter().take(count).enumerate() {
            let value = self.constant_object(cell);
            self.top().slots[locals - count + i] = Sym::Obj { value, hold: Hold::Constant };
        }
        self.snapshot = None;
        Ok(())
    }

    /// `MAKE_FUNCTION`: the code object is a constant.
    pub(super) unsafe fn make_function(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: a live Python frame.
        let globals = unsafe { (*at.frame).globals() };
        let Some(dict) = globals.downcast_exact::<PyDict>() else { return Err(Abort("globals that are not a dict")) };
        let Sym::Obj { value: code, hold: Hold::Constant } = self.peek(1)? else { return Err(Abort("code")) };
        self.guard_namespace(dict, FRAME_GLOBALS)?;
        let globals = self.constant_object(globals);
        let function = self.call_runtime(table::NEW_FUNCTION, &[code, globals])?;
        self.pop()?;
        self.push_obj(function, Hold::Owned);
        Ok(())
    }

    /// `SET_FUNCTION_ATTRIBUTE` of a function that was just made: the function is on top.
    pub(super) fn set_function_attribute(&mut self, which: usize) -> Done {
        let offset = match which {
            1 => core::mem::offset_of!(PyFunction, func_defaults),
            2 => core::mem::offset_of!(PyFunction, func_kwdefaults),
            4 => core::mem::offset_of!(PyFunction, func_annotations),
            8 => core::mem::offset_of!(PyFunction, func_closure),
            16 => core::mem::offset_of!(PyFunction, func_annotate),
            _ => return Err(Abort("an attribute of a function")),
        };
        let function = self.pop()?;
        let attribute = self.pop()?;
        let Sym::Obj { value, .. } = function else { return Err(Abort("a function")) };
        let owned = self.owned_object(attribute)?;
        // It was empty.
        self.emit(Inst::store(value, owned, Access::word(Class::Other, offset)))?;
        self.push(function);
        Ok(())
    }

    /// Guards that a type's attributes, and those of its bases, are what they are now.
    pub(super) fn guard_version(&mut self, ty: &PyTypeObject) -> Done {
        let version = rpy_vm::types::type_::lookup::version_tag(ty);
        if version == 0 {
            return Err(Abort("a type without a version"));
        }
        let object = self.type_constant(ty);
        let access = Access { class: Class::Type, offset: layout::TYPE_VERSION as i32, width: Width::U32 };
        let actual = self.emit(Inst::load(Ty::Int, object, access))?;
        let expected = self.trace().int(version as i64);
        self.guard(Op::GuardIs, &[actual, expected])?;
        Ok(())
    }
}

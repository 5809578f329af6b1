//! Calls of functions, methods and classes that are known to run no Python code (`reviewed`).

use rpy_vm::builtins::arithmetic::native_extreme;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::CompareOp;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::descr::method::PyMethodDescr;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::object::PyBaseObject_Type;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;

use super::iterate::step_of;
use super::reviewed::{self, Does, Gives, Reviewed};
use super::{STREAMS, is_one_of, is_static, static_base};
use crate::ir::{Access, Class, Inst, Op, Ty, Value};
use crate::recorder::builtins::module_of;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::plain::is_handy_key;
use crate::runtime::table;

/// Is a call of a built-in class told an encoding, or what to do with errors? Either may be written in Python.
fn names_codec(class: &str, argc: usize) -> bool {
    argc > 1 && matches!(class, "str" | "bytes" | "bytearray")
}

impl Recorder {
    /// A call of a built-in class.
    pub(in crate::recorder) unsafe fn call_native_class(
        &mut self,
        at: Registers<'_>,
        class: &PyTypeObject,
        argc: usize,
    ) -> Done {
        let name = class.full_name();
        let Some(row) = reviewed::class(class) else {
            self.detail = Some(name.to_owned());
            return Err(Abort("a call of a class"));
        };
        if names_codec(name, argc) {
            return Err(Abort("a class with many arguments"));
        }
        if name == "reversed" && argc == 1 {
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, 1)? };
            if !is_one_of(real, &["list", "range", "dict", "dict_keys", "dict_values", "dict_items"]) {
                return Err(self.abort_on("reversed of", real));
            }
        }
        // SAFETY: passed on.
        unsafe { self.call_reviewed(at, class.as_object(), row, argc) }
    }

    /// A call of a function of a built-in module.
    pub(in crate::recorder) unsafe fn call_native_function(
        &mut self,
        at: Registers<'_>,
        function: &PyObject,
        (module, name): (&str, &str),
        argc: usize,
    ) -> Done {
        if module == "builtins" && name == "next" && argc <= 2 {
            // SAFETY: passed on.
            return unsafe { self.call_next(at, function, argc) };
        }
        if module == "builtins" && name == "id" && argc == 1 {
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, 1)? };
            let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("the identity of a number")) };
            if is_one_of(real, &["int", "float", "bool"]) {
                return Err(Abort("the identity of a number"));
            }
            let address = self.call_runtime(table::ADDRESS, &[value])?;
            // SAFETY: passed on.
            return unsafe { self.finish_call(at, function, 1, Sym::Int(address)) };
        }
        if module == "builtins" && name == "iter" && argc == 1 {
            // SAFETY: passed on.
            return unsafe { self.call_iter(at, function) };
        }
        // SAFETY: passed on.
        if module == "builtins"
            && matches!(name, "min" | "max")
            && argc == 1
            && unsafe { self.call_extreme(at, function, name == "max")? }
        {
            return Ok(());
        }
        let Some(row) = reviewed::function(module, name) else {
            self.detail = Some(format!("{module}.{name}"));
            return Err(Abort("a built-in function"));
        };
        // SAFETY: passed on.
        unsafe { self.call_reviewed(at, function, row, argc) }
    }

    /// A call of a method of a built-in type; `this` is the receiver, below the arguments. It may be of a class derived from the type: the
    /// method does with it what it does with the type's own instances.
    pub(in crate::recorder) unsafe fn call_native_method(
        &mut self,
        at: Registers<'_>,
        method: &PyObject,
        (of, name): (&PyTypeObject, &str),
        this: &PyObject,
        argc: usize,
    ) -> Done {
        let ty = this.ty();
        if name == "append" && argc == 1 && ty.is_subtype(PyList::type_object()) {
            // Also of a class derived from `list`: its instances begin as lists do.
            let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
            self.guard_is(value, method)?;
            let receiver = self.materialize(argc + 1)?;
            self.guard_type(receiver, ty)?;
            // SAFETY: passed on.
            return unsafe { self.call_append(at, receiver) };
        }
        if !is_static(ty) && name == "copy" {
            // Some of them call the class.
            return Err(self.abort_on("a copy of", this));
        }
        let of = if is_static(ty) { ty } else { of };
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, method)?;
        let receiver = self.materialize(argc + 1)?;
        self.guard_type(receiver, ty)?;
        // SAFETY: passed on.
        unsafe {
            if self.call_special(at, this, (of, name), argc, receiver)? {
                return Ok(());
            }
            if let Some(row) = reviewed::method(of, name) {
                self.expect_takes(receiver, this, row.receiver)?;
                let callable = self.constant_object(method);
                return self.call_row(at, callable, row, argc, Some(receiver), None);
            }
        }
        self.detail = Some(format!("{}.{name}", ty.full_name()));
        Err(Abort("a method"))
    }

    /// A call of a built-in method that is bound to its receiver: found anew each time, or held in a variable.
    pub(in crate::recorder) unsafe fn call_bound_native(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        argc: usize,
    ) -> Done {
        let Some(function) = callable.downcast_exact::<PyCFunction>() else { return Err(Abort("a callable")) };
        let Some(this) = function.m_self.as_deref() else { return Err(Abort("a function of nothing")) };
        let name = function.name();
        if !is_static(this.ty()) && name == "copy" {
            // Some of them call the class.
            return Err(self.abort_on("a copy of", this));
        }
        let row = if let Some(class) = this.downcast_ref::<PyTypeObject>() {
            // A class method or static method.
            let by_codec = name == "__new__" && names_codec(class.full_name(), argc.saturating_sub(1));
            reviewed::class_method(class, name).filter(|_| !by_codec)
        } else {
            reviewed::method(static_base(this.ty()), name)
        };
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        let receiver = if value.is_const() {
            self.constant_object(this)
        } else {
            self.guard_type(value, PyCFunction::type_object())?;
            let access = Access::word(Class::Fixed, core::mem::offset_of!(PyCFunction, m_ml));
            let definition = self.emit(Inst::load(Ty::Ptr, value, access))?;
            let expected = self.trace().ptr(function.m_ml.get() as usize);
            self.guard(Op::GuardIs, &[definition, expected])?;
            let access = Access::word(Class::Fixed, core::mem::offset_of!(PyCFunction, m_self));
            let receiver = self.emit(Inst::load(Ty::Obj, value, access))?;
            self.guard(Op::GuardNonNull, &[receiver])?;
            // SAFETY: passed on.
            if argc == 1 && unsafe { self.call_reduce_ex(at, function, this, receiver)? } {
                return Ok(());
            }
            self.guard_type(receiver, this.ty())?;
            if this.downcast_ref::<PyTypeObject>().is_some() {
                self.guard_is(receiver, this)?;
            }
            receiver
        };
        // SAFETY: passed on.
        if this.is(PyBaseObject_Type.as_object())
            && name == "__new__"
            && argc == 1
            && unsafe { self.call_object_new(at)? }
        {
            return Ok(());
        }
        // SAFETY: passed on.
        unsafe {
            if is_static(this.ty()) && self.call_special(at, this, (this.ty(), name), argc, receiver)? {
                return Ok(());
            }
            if let Some(row) = row {
                self.expect_takes(receiver, this, row.receiver)?;
                return self.call_row(at, value, row, argc, None, None);
            }
        }
        self.detail = Some(format!("{}.{name}", this.ty().full_name()));
        Err(Abort("a bound method"))
    }

    /// A call of a method that has a function of the runtime of its own; false if it has none. The callable and the type of the
    /// receiver have been guarded.
    unsafe fn call_special(
        &mut self,
        at: Registers<'_>,
        this: &PyObject,
        (of, name): (&PyTypeObject, &str),
        argc: usize,
        receiver: Value,
    ) -> Result<bool, Abort> {
        // SAFETY: passed on; the real arguments.
        unsafe {
            match (of.full_name(), name, argc) {
                ("list", "append", 1) => self.call_append(at, receiver)?,
                ("list", "pop", 0) if this.downcast_ref::<PyList>().is_some_and(|list| !list.is_empty()) => {
                    self.call_list_pop(at, receiver)?;
                }
                ("list", "pop", 1) if PyInt::check_exact(self.real(at, 1)?) => {
                    self.call_list_pop_at(at, this, receiver)?
                }
                ("list", "insert", 2) if PyInt::check_exact(self.real(at, 2)?) => {
                    self.call_list_insert(at, receiver)?;
                }
                ("dict" | "collections.defaultdict" | "collections.OrderedDict", "get", 1 | 2) => {
                    self.call_dict_get(at, receiver, argc)?;
                }
                ("dict" | "collections.defaultdict", "setdefault", 2) => self.call_dict_setdefault(at, receiver)?,
                ("dict" | "collections.defaultdict", "pop", 1 | 2) => self.call_dict_pop(at, this, receiver, argc)?,
                ("dict", "update", 1) if PyDict::check_exact(self.real(at, 1)?) => {
                    self.call_dict_update(at, this, receiver)?;
                }
                ("_thread.lock" | "_thread.RLock", "__enter__" | "acquire", 0) if is_static(this.ty()) => {
                    self.call_lock_enter(at, receiver)?;
                }
                ("set" | "frozenset", _, 1) if self.call_set_method(at, this, name, receiver)? => {}
                ("set", "add", 1) if is_handy_key(self.real(at, 1)?) => self.call_set_add(at, receiver)?,
                ("set", "discard", 1) if is_handy_key(self.real(at, 1)?) => self.call_set_discard(at, receiver)?,
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// A call of a built-in function, method or class whose last arguments have names, which lie on top as a constant tuple.
    pub(in crate::recorder) unsafe fn call_named_native(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        this: Option<&PyObject>,
        argc: usize,
        named: usize,
    ) -> Done {
        let words = argc + 3;
        let row = if let Some(class) = callable.downcast_ref::<PyTypeObject>().filter(|_| this.is_none()) {
            reviewed::class(class).filter(|_| !names_codec(class.full_name(), argc))
        } else if let (Some(method), Some(this)) = (callable.downcast_exact::<PyMethodDescr>(), this) {
            reviewed::method(&method.d_type, &method.d_name.to_string_lossy())
                .filter(|_| core::ptr::eq(this.ty(), &*method.d_type))
        } else if let (Some(function), None) = (callable.downcast_exact::<PyCFunction>(), this) {
            let (module, name) = (module_of(function), function.name());
            // SAFETY: the real names and arguments.
            if &*module == "builtins" && name == "print" && unsafe { self.is_into_memory(at, named)? } {
                Some(&reviewed::PRINT)
            } else {
                reviewed::function(&module, name)
            }
        } else {
            None
        };
        let Some(row) = row else { return Err(self.abort_on("a call with keywords of", callable)) };
        let Sym::Obj { value, .. } = self.peek(words)? else { return Err(Abort("a callable")) };
        self.guard_is(value, callable)?;
        let callable = self.constant_object(callable);
        // Numbers become objects before the names leave the stack: the guards that follow are before the call.
        for n in 2..words - 1 {
            self.materialize(n)?;
        }
        let receiver = match this {
            Some(this) => {
                let receiver = self.materialize(words - 1)?;
                self.guard_type(receiver, this.ty())?;
                self.expect_takes(receiver, this, row.receiver)?;
                Some(receiver)
            }
            None => None,
        };
        self.snapshot();
        let Sym::Obj { value: names, hold: Hold::Constant } = self.pop()? else {
            return Err(Abort("names that are not constant"));
        };
        // SAFETY: the same stack without the names, which own nothing.
        let at = Registers { sp: unsafe { at.sp.sub(1) }, ..at };
        // SAFETY: passed on.
        unsafe { self.call_row(at, callable, row, argc, receiver, Some((names, named))) }
    }

    /// Does a call whose last arguments have names say that its `file` is a stream in memory?
    unsafe fn is_into_memory(&self, at: Registers<'_>, named: usize) -> Result<bool, Abort> {
        // SAFETY: the real operand.
        let Some(names) = (unsafe { self.real(at, 1)? }).downcast_exact::<PyTuple>() else { return Ok(false) };
        let is_file = |name: &&PyObject| name.downcast_ref::<PyStr>().is_some_and(|name| name.eq_str("file"));
        match names.items().iter().position(is_file) {
            // SAFETY: the arguments lie below the names.
            Some(index) => Ok(is_one_of(unsafe { self.real(at, 1 + named - index)? }, STREAMS)),
            None => Ok(false),
        }
    }

    /// Calls a constant callable with its arguments, as its row says.
    unsafe fn call_reviewed(&mut self, at: Registers<'_>, callable: &PyObject, row: &Reviewed, argc: usize) -> Done {
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, callable)?;
        let callable = self.constant_object(callable);
        // SAFETY: passed on.
        unsafe { self.call_row(at, callable, row, argc, None, None) }
    }

    /// Calls a guarded callable, as its row says. `receiver`: what is passed before the arguments; `names`: the tuple of the names of
    /// the last ones, and how many.
    unsafe fn call_row(
        &mut self,
        at: Registers<'_>,
        callable: Value,
        row: &Reviewed,
        argc: usize,
        receiver: Option<Value>,
        names: Option<(Value, usize)>,
    ) -> Done {
        if argc > 0 && row.args.is_empty() {
            return Err(Abort("arguments where none were reviewed"));
        }
        let mut args = vec![callable];
        args.extend(names.map(|names| names.0));
        args.extend(receiver);
        let named = names.map_or(0, |names| names.1);
        let mut moves = false;
        for n in (1..=argc).rev() {
            // SAFETY: the real operands.
            let (value, iterator) =
                unsafe { self.expect_argument(at, n, if n <= named { row.named } else { row.takes(argc - n) })? };
            moves |= iterator;
            args.push(value);
        }
        let callee = match args.len() {
            3 if named > 0 => table::CALL_NAMED1,
            4 if named > 0 => table::CALL_NAMED2,
            5 if named > 0 => table::CALL_NAMED3,
            6 if named > 0 => table::CALL_NAMED4,
            1 => table::CALL0,
            2 => table::CALL1,
            3 => table::CALL2,
            4 => table::CALL3,
            5 => table::CALL4,
            6 => table::CALL5,
            _ => return Err(Abort("many arguments")),
        };
        // An iterator lets go of what it iterates over in the end, and may be the last to have it.
        let does = if moves { Does::Destroys } else { row.does };
        let callee = match does {
            Does::Looks => callee.looking(),
            Does::Adds | Does::Takes | Does::Drops => callee,
            Does::Destroys => callee.destroying(),
        };
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, argc + 2, does)? };
        let value = self.call_runtime(callee, &args)?;
        self.guard_raised(Op::GuardNonNull, value)?;
        let result = match row.gives {
            Gives::Object => Sym::Obj { value, hold: Hold::Owned },
            Gives::Bool => self.bool_result(value)?,
            Gives::Nothing => self.none_sym(),
        };
        self.conclude(argc + 2, ends, Some(result))
    }

    /// `None`.
    pub(in crate::recorder) fn none_sym(&mut self) -> Sym {
        Sym::Obj { value: self.constant_object(rpy_vm::none_ref()), hold: Hold::Constant }
    }

    /// `iter(x)` of a built-in container.
    unsafe fn call_iter(&mut self, at: Registers<'_>, function: &PyObject) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Sym::Obj { value, .. } = self.peek(3)? else { return Err(Abort("a callable")) };
        self.guard_is(value, function)?;
        let value = self.materialize(1)?;
        if !self.guard_native_iterable(value, real)? {
            return Err(Abort("an iterator of an iterator"));
        }
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, 3)? };
        let iterator = self.attempt(table::ITER, &[value])?;
        self.conclude(3, ends, Some(Sym::Obj { value: iterator, hold: Hold::Owned }))
    }

    /// `next(iterator)`, with or without a default.
    unsafe fn call_next(&mut self, at: Registers<'_>, function: &PyObject, argc: usize) -> Done {
        // SAFETY: the real iterator.
        let real = unsafe { self.real(at, argc)? };
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, function)?;
        let iterator = self.materialize(argc)?;
        if !self.guard_native_end(iterator, real)? {
            let (does, step) = step_of(real);
            // SAFETY: the real operands.
            let ends = unsafe { self.prepare(at, argc + 2, does)? };
            let value = self.attempt(step, &[iterator])?;
            return self.conclude(argc + 2, ends, Some(Sym::Obj { value, hold: Hold::Owned }));
        }
        if argc == 1 {
            return Err(Abort("the end of an iterator"));
        }
        self.native_end(iterator)?;
        // SAFETY: the real operands.
        let mut ends = unsafe { self.late_ends(at, argc + 2)? };
        let default = self.peek_raw(1)?;
        let default = match default {
            Sym::Obj { value, hold: Hold::Owned } => {
                // It stays.
                ends.keep(value);
                default
            }
            // Before its lender goes.
            other => self.own(other)?,
        };
        self.conclude(argc + 2, ends, Some(default))
    }

    /// `min(items)`, `max(items)` of a container whose items are compared natively. False: they are not.
    unsafe fn call_extreme(&mut self, at: Registers<'_>, function: &PyObject, max: bool) -> Result<bool, Abort> {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        if native_extreme(real, if max { CompareOp::Gt } else { CompareOp::Lt }).is_none() {
            return Ok(false);
        }
        let Sym::Obj { value, .. } = self.peek(3)? else { return Err(Abort("a callable")) };
        self.guard_is(value, function)?;
        let items = self.materialize(1)?;
        self.guard_type(items, real.ty())?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, 3)? };
        let value = self.attempt(if max { table::MAX } else { table::MIN }, &[items])?;
        self.conclude(3, ends, Some(Sym::Obj { value, hold: Hold::Owned }))?;
        Ok(true)
    }

    /// `list.append(x)`, whose item's ownership goes to the list.
    unsafe fn call_append(&mut self, at: Registers<'_>, list: Value) -> Done {
        // The item leaves by other ways than the other operands.
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends_of(at, 2..=3)? };
        let item = self.peek_raw(1)?;
        self.append(list, item)?;
        let none = self.none_sym();
        self.conclude(3, ends, Some(none))
    }

    /// `list.pop()` of a list that is not empty.
    unsafe fn call_list_pop(&mut self, at: Registers<'_>, list: Value) -> Done {
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 2, Does::Takes)? };
        let value = self.attempt(table::LIST_POP, &[list])?;
        self.conclude(2, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// `list.pop(index)`.
    unsafe fn call_list_pop_at(&mut self, at: Registers<'_>, this: &PyObject, list: Value) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let len = this.downcast_ref::<PyList>().map_or(0, |list| list.len() as i64);
        if !real.downcast_exact::<PyInt>().and_then(PyInt::medium_value).is_some_and(|i| (-len..len).contains(&i)) {
            return Err(Abort("an index out of range"));
        }
        let index = self.peek(1)?;
        let Some(index) = self.int(index, real)? else { return Err(Abort("an index that is no number")) };
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 3, Does::Takes)? };
        let value = self.attempt(table::LIST_POP_AT, &[list, index])?;
        self.conclude(3, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// `list.insert(index, x)`, whose item's ownership goes to the list.
    unsafe fn call_list_insert(&mut self, at: Registers<'_>, list: Value) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 2)? };
        let index = self.peek(2)?;
        let Some(index) = self.int(index, real)? else { return Err(Abort("an index that is no number")) };
        // The item leaves by other ways than the other operands.
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends_of(at, 2..=4)? };
        let item = self.peek_raw(1)?;
        let owned = self.owned_object(item)?;
        self.call_runtime(table::LIST_INSERT, &[list, index, owned])?;
        let none = self.none_sym();
        self.conclude(4, ends, Some(none))
    }

    /// `lock.__enter__()`, `lock.acquire()` of a lock that is free. The interpreter waits for others.
    unsafe fn call_lock_enter(&mut self, at: Registers<'_>, lock: Value) -> Done {
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, 2)? };
        let value = self.attempt(table::LOCK_ENTER, &[lock])?;
        self.conclude(2, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// `set.add(key)`.
    unsafe fn call_set_add(&mut self, at: Registers<'_>, set: Value) -> Done {
        let key = self.materialize(1)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 3, Does::Adds)? };
        let done = self.call_runtime(table::SET_ADD, &[set, key])?;
        self.guard(Op::GuardTrue, &[done])?;
        let none = self.none_sym();
        self.conclude(3, ends, Some(none))
    }

    /// `set.discard(key)`.
    unsafe fn call_set_discard(&mut self, at: Registers<'_>, set: Value) -> Done {
        let key = self.materialize(1)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 3, Does::Drops)? };
        self.ask(table::SET_DISCARD, &[set, key])?;
        let none = self.none_sym();
        self.conclude(3, ends, Some(none))
    }
}

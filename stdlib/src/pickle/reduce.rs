//! Writing what a reduction function says: `(callable, args[, state[, list items[, dict items[, state setter]]]])`.

use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::dict::{PyDict, qualified_type_name};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, intern};

use super::opcode::Op;
use super::save::{Saver, serializing};
use super::{library, pickling_error};

fn must_be(item: &str, what: &str, got: &PyObject) -> PyErr {
    pickling_error(format!("{item} must be {what}, not {}", qualified_type_name(got)))
}

fn of_reduce(ordinal: &str) -> String {
    format!("{ordinal} item of the tuple returned by __reduce__")
}

fn shown(object: &PyObject) -> PyResult<String> {
    Ok(protocol::repr(object)?.to_string_lossy().into_owned())
}

impl Saver<'_> {
    /// Writes a reduction of an object, and remembers the object.
    pub fn save_reduce(&mut self, reduction: &PyTuple, object: &PyObject) -> PyResult<()> {
        let items = reduction.items();
        if !(2..=6).contains(&items.len()) {
            return Err(pickling_error("tuple returned by __reduce__ must contain 2 through 6 elements"));
        }
        let (callable, args) = (items[0], items[1]);
        let optional = |i: usize| items.get(i).copied().filter(|item| !rpy_vm::is_none(item));
        let (state, list_items, dict_items, state_setter) = (optional(2), optional(3), optional(4), optional(5));
        if !protocol::callable(callable) {
            return Err(must_be(&of_reduce("first"), "callable", callable));
        }
        let Some(args) = args.downcast_ref::<PyTuple>() else {
            return Err(must_be(&of_reduce("second"), "a tuple", args));
        };
        for (ordinal, items) in [("fourth", list_items), ("fifth", dict_items)] {
            if let Some(items) = items.filter(|items| !protocol::is_iterator(items)) {
                return Err(must_be(&of_reduce(ordinal), "an iterator", items));
            }
        }
        if let Some(setter) = state_setter.filter(|setter| !protocol::callable(setter)) {
            return Err(must_be(&of_reduce("sixth"), "callable", setter));
        }

        let name = match self.protocol >= 2 {
            true => protocol::getattr_opt(callable, intern!("__name__"))?,
            false => None,
        };
        let named = |text: &str| name.as_ref().and_then(|n| n.downcast_ref::<PyStr>()).is_some_and(|n| n.eq_str(text));
        if named("__newobj_ex__") {
            self.save_newobj_ex(args, object)?;
        } else if named("__newobj__") {
            self.save_newobj(args, object)?;
        } else {
            self.save(callable).map_err(|e| serializing(e, object, "reconstructor"))?;
            self.save(args.as_object()).map_err(|e| serializing(e, object, "reconstructor arguments"))?;
            self.out.op(Op::Reduce);
        }

        if self.in_memo(object) {
            // The object was reached again through its arguments and is complete: take that one.
            self.out.op(Op::Pop);
            return self.memo_get(object).map(drop);
        }
        self.memo_put(object)?;
        if let Some(items) = list_items {
            self.batch_items(items, object)?;
        }
        if let Some(items) = dict_items {
            self.batch_pairs(items, object)?;
        }
        match (state, state_setter) {
            (None, _) => Ok(()),
            (Some(state), None) => {
                self.save(state).map_err(|e| serializing(e, object, "state"))?;
                self.out.op(Op::Build);
                Ok(())
            }
            (Some(state), Some(setter)) => {
                // `setter(object, state)`, whose result is dropped.
                self.save(setter).map_err(|e| serializing(e, object, "state setter"))?;
                self.save(object)?;
                self.save(state).map_err(|e| serializing(e, object, "state"))?;
                self.out.op(Op::Tuple2);
                self.out.op(Op::Reduce);
                self.out.op(Op::Pop);
                Ok(())
            }
        }
    }

    /// `copyreg.__newobj__(cls, *args)`.
    fn save_newobj(&mut self, args: &PyTuple, object: &PyObject) -> PyResult<()> {
        let Some((cls, _)) = args.items().split_first() else {
            return Err(pickling_error("__newobj__ expected at least 1 argument, got 0"));
        };
        if cls.downcast_ref::<PyTypeObject>().is_none() {
            return Err(must_be("first argument to __newobj__()", "a class", cls));
        }
        let own = match protocol::getattr_opt(object, intern!("__class__"))? {
            Some(class) => class,
            None => object.ty().to_obj(),
        };
        if !own.is(cls) {
            let (own, cls) = (shown(&own)?, shown(cls)?);
            return Err(pickling_error(format!("first argument to __newobj__() must be {own}, not {cls}")));
        }
        self.save(cls).map_err(|e| serializing(e, object, "class"))?;
        let rest = args.slice(1, args.len());
        self.save(rest.as_object()).map_err(|e| serializing(e, object, "__new__ arguments"))?;
        self.out.op(Op::NewObj);
        Ok(())
    }

    /// `copyreg.__newobj_ex__(cls, args, kwargs)`.
    fn save_newobj_ex(&mut self, args: &PyTuple, object: &PyObject) -> PyResult<()> {
        let [cls, args, kwargs] = args.items() else {
            return Err(pickling_error(format!("__newobj_ex__ expected 3 arguments, got {}", args.len())));
        };
        if cls.downcast_ref::<PyTypeObject>().is_none() {
            return Err(must_be("first argument to __newobj_ex__()", "a class", cls));
        }
        let Some(args) = args.downcast_ref::<PyTuple>() else {
            return Err(must_be("second argument to __newobj_ex__()", "a tuple", args));
        };
        let Some(kwargs) = kwargs.downcast_ref::<PyDict>() else {
            return Err(must_be("third argument to __newobj_ex__()", "a dict", kwargs));
        };
        if self.protocol >= 4 {
            self.save(cls).map_err(|e| serializing(e, object, "class"))?;
            self.save(args.as_object())
                .and_then(|()| self.save(kwargs.as_object()))
                .map_err(|e| serializing(e, object, "__new__ arguments"))?;
            self.out.op(Op::NewObjEx);
            return Ok(());
        }
        let mut partial_args: Vec<ObjRef> = vec![protocol::getattr(cls, intern!("__new__"))?, cls.new_ref()];
        partial_args.extend(args.items().iter().map(|item| item.new_ref()));
        let partial = library::PARTIAL.get().unwrap_or_else(rpy_vm::none);
        let callable = call::call_tuple(&partial, &PyTuple::new(partial_args), Some(kwargs))?;
        self.save(&callable)
            .and_then(|()| self.save(PyTuple::empty_ref().as_object()))
            .map_err(|e| serializing(e, object, "reconstructor"))?;
        self.out.op(Op::Reduce);
        Ok(())
    }
}

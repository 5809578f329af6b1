//! Operands as typed values, and typed values as objects.

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::bool_;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::range::{PyRange, PyRangeIterator};
use rpy_vm::types::tuple::PyTuple;

use super::state::{Hold, Sym};
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Effect, Inst, Op, Ty, Value};
use crate::opt::KnownTypes;

/// A number operand.
#[derive(Clone, Copy)]
pub enum Number {
    Int(Value),
    Float(Value),
}

/// Do instances of the type stay that, whatever is assigned to their `__class__`? Those of built-in types do, but for modules.
fn keep_their_class(ty: &PyTypeObject) -> bool {
    !ty.has_flag(rpy_vm::object::flags::HEAPTYPE) && !core::ptr::eq(ty, PyModule::type_object())
}

/// What the optimizer is told about types.
pub fn known_types() -> KnownTypes {
    fn is_stable(ty: usize) -> bool {
        // SAFETY: the recorder passes addresses of live types, which the trace keeps.
        unsafe { keep_their_class(&*(ty as *const PyTypeObject)) }
    }
    let address = |ty: &PyTypeObject| ty as *const PyTypeObject as usize;
    KnownTypes {
        int: address(PyInt::type_object()),
        float: address(PyFloat::type_object()),
        bool: address(bool_type()),
        tuple: address(PyTuple::type_object()),
        range: address(PyRange::type_object()),
        range_iterator: address(PyRangeIterator::type_object()),
        scalar: crate::numpy::scalar_type,
        is_stable,
    }
}

/// Does destroying an object of this exact type run no code and free no other object?
pub fn is_inert(ty: &PyTypeObject) -> bool {
    rpy_vm::object::leaves::is_leaf(ty) || crate::numpy::is_scalar_type(ty)
}

/// Is the object an exact int, float or bool?
pub fn is_number(object: &PyObject) -> bool {
    let of = |other: &PyTypeObject| core::ptr::eq(object.ty(), other);
    of(PyInt::type_object()) || of(PyFloat::type_object()) || of(bool_type())
}

impl Recorder {
    /// Is the constant an immortal object?
    pub fn is_immortal(&self, value: Value) -> bool {
        match self.builder.trace.as_const(value) {
            // SAFETY: constants of type Obj are live objects that the trace keeps.
            Some(c) if c.ty == Ty::Obj && c.bits != 0 => unsafe { &*(c.bits as *const PyObject) }.is_immortal(),
            _ => false,
        }
    }

    /// A type's address as a constant. The trace keeps heap types alive.
    pub fn type_constant(&mut self, ty: &PyTypeObject) -> Value {
        self.constant_object(ty.as_object());
        self.trace().ptr(ty as *const PyTypeObject as usize)
    }

    /// Guards that an object's type is exactly `ty`, which that of a constant may not be next time either.
    pub fn guard_type(&mut self, value: Value, ty: &PyTypeObject) -> Done {
        if value.is_const() && keep_their_class(ty) {
            return Ok(());
        }
        let constant = self.type_constant(ty);
        self.guard(Op::GuardType, &[value, constant])?;
        Ok(())
    }

    /// The operand as a number; `None` if it is none of the exact number types.
    pub fn number(&mut self, sym: Sym, real: &PyObject) -> Result<Option<Number>, Abort> {
        Ok(match sym {
            Sym::Int(value) => Some(Number::Int(value)),
            Sym::Bool(value) => Some(Number::Int(self.op(Op::BoolToInt, &[value])?)),
            Sym::Float(value) => Some(Number::Float(value)),
            Sym::Scalar(..) | Sym::Lazy(_) => None,
            Sym::Obj { value, .. } => {
                if let Some(int) = real.downcast_exact::<PyInt>() {
                    let Some(number) = int.medium_value() else { return Err(Abort("a big int")) };
                    if value.is_const() {
                        return Ok(Some(Number::Int(self.trace().int(number))));
                    }
                    self.guard_type(value, PyInt::type_object())?;
                    Some(Number::Int(self.guard(Op::UnboxInt, &[value])?))
                } else if let Some(float) = real.downcast_exact::<PyFloat>() {
                    if value.is_const() {
                        return Ok(Some(Number::Float(self.trace().float(float.value()))));
                    }
                    self.guard_type(value, PyFloat::type_object())?;
                    Some(Number::Float(self.op(Op::UnboxFloat, &[value])?))
                } else if bool_::is_bool(real) {
                    let truth = self.as_bool(sym, real)?;
                    Some(Number::Int(self.op(Op::BoolToInt, &[truth])?))
                } else {
                    None
                }
            }
            Sym::Null | Sym::Memory => return Err(Abort("an empty slot")),
        })
    }

    /// The operand as an integer.
    pub fn int(&mut self, sym: Sym, real: &PyObject) -> Result<Option<Value>, Abort> {
        Ok(match self.number(sym, real)? {
            Some(Number::Int(value)) => Some(value),
            _ => None,
        })
    }

    /// A number as a double.
    pub fn float_of(&mut self, number: Number) -> Result<Value, Abort> {
        match number {
            Number::Float(value) => Ok(value),
            Number::Int(value) => {
                self.insist_on_word(value)?;
                self.op(Op::IntToFloat, &[value])
            }
        }
    }

    /// Keeps the check that an int is a machine word, also if nobody uses what is computed of it (`x % 1` is 0, whatever `x` is): for
    /// what raises an exception, or is something else, of a bigger int.
    pub fn insist_on_word(&mut self, value: Value) -> Done {
        let is_checked = value.inst().is_some_and(|i| self.builder.trace.insts[i].op.effect() == Effect::Checked);
        if is_checked {
            self.op(Op::Use, &[value])?;
        }
        Ok(())
    }

    /// An operand that is a bool.
    pub fn as_bool(&mut self, sym: Sym, real: &PyObject) -> Result<Value, Abort> {
        match sym {
            Sym::Bool(value) => Ok(value),
            Sym::Obj { value, .. } if bool_::is_bool(real) => {
                if value.is_const() {
                    let truth = real.is(bool_::as_object(true));
                    return Ok(self.trace().bool(truth));
                }
                self.guard_type(value, bool_type())?;
                let truth = self.trace().obj(bool_::as_object(true).as_ptr() as usize);
                self.op(Op::Is, &[value, truth])
            }
            _ => Err(Abort("not a bool")),
        }
    }

    /// The value as an object, borrowed: boxes are owned by the caller, who finds them in the returned symbol.
    pub fn object(&mut self, sym: Sym) -> Result<(Value, Sym), Abort> {
        Ok(match sym {
            Sym::Obj { value, .. } => (value, sym),
            Sym::Int(number) => self.boxed(Op::BoxInt, number)?,
            Sym::Float(number) => self.boxed(Op::BoxFloat, number)?,
            Sym::Scalar(scalar, number) => {
                let kind = self.trace().int(scalar as i64);
                let value = self.op(Op::BoxScalar, &[number, kind])?;
                (value, Sym::Obj { value, hold: Hold::Owned })
            }
            Sym::Bool(truth) => {
                let value = self.op(Op::BoxBool, &[truth])?;
                (value, Sym::Obj { value, hold: Hold::Constant })
            }
            Sym::Null | Sym::Memory | Sym::Lazy(_) => return Err(Abort("an empty slot")),
        })
    }

    fn boxed(&mut self, op: Op, number: Value) -> Result<(Value, Sym), Abort> {
        let value = self.op(op, &[number])?;
        Ok((value, Sym::Obj { value, hold: Hold::Owned }))
    }

    /// The value as an object of which the caller gets a reference. (Immortal ones come as they are.)
    pub fn owned_object(&mut self, sym: Sym) -> Result<Value, Abort> {
        let (value, sym) = self.object(sym)?;
        if let Sym::Obj { hold: Hold::Constant, .. } = sym
            && !value.is_const()
        {
            // True or False, whose counts do not matter.
            return Ok(value);
        }
        self.own(sym)?;
        Ok(value)
    }

    /// The number of items of an object of variable size (a string's length, a dict's number of keys). `class` is where the
    /// object's type keeps it.
    pub fn length(&mut self, object: Value, class: Class) -> Result<Value, Abort> {
        self.emit(Inst::load(Ty::Int, object, Access::word(class, rpy_vm::layout::OB_SIZE)))
    }

    /// Where a slot of the innermost frame is in memory.
    fn home_slot(&mut self, slot: usize) -> Result<(Value, Access), Abort> {
        let base = self.base;
        let Some(home) = self.top().home else { return Err(Abort("a slot without memory")) };
        let access = slot_access(slot);
        if home.address == base {
            return Ok((home.address, access));
        }
        Ok((home.address, Access { class: Class::Suspended, ..access }))
    }

    /// The raw word of a slot of the innermost frame, which has memory.
    pub fn load_word(&mut self, slot: usize) -> Result<Value, Abort> {
        let (address, access) = self.home_slot(slot)?;
        self.emit(Inst::load(Ty::Obj, address, access))
    }

    /// Writes a word into a slot of the innermost frame, which has memory.
    pub fn store_word(&mut self, slot: usize, value: Value) -> Done {
        let (address, access) = self.home_slot(slot)?;
        self.emit(Inst::store(address, value, access))?;
        Ok(())
    }
}

/// A slot of the base frame.
pub fn slot_access(slot: usize) -> Access {
    Access::word(Class::Slot, rpy_vm::layout::FRAME_LOCALS + 8 * slot)
}

/// The type `bool`.
pub fn bool_type() -> &'static PyTypeObject {
    bool_::as_object(true).ty()
}

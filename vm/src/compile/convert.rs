//! The compiler's code objects and constants as Python objects.

use std::collections::HashMap;

use rustpython_compiler::core::bytecode::{CodeObject, ConstantData};

use crate::err::PyResult;
use crate::object::refs::{ObjRef, Ref};
use crate::types::bytes::PyBytes;
use crate::types::code::{CodeParts, PyCode, is_name_like, kind};
use crate::types::complex::PyComplex;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::set::PyFrozenSet;
use crate::types::slice::PySlice;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// The constants of one compilation. Equal ones are one object, whichever code they belong to; and so are equal tables.
#[derive(Default)]
struct Pool<'a> {
    constants: HashMap<&'a ConstantData, ObjRef>,
    tables: HashMap<&'a [u8], Ref<PyBytes>>,
    /// Tuples of constants, by the addresses of their items.
    tuples: HashMap<Vec<usize>, Ref<PyTuple>>,
}

impl<'a> Pool<'a> {
    fn tuple(&mut self, items: Vec<ObjRef>) -> Ref<PyTuple> {
        let key = items.iter().map(|item| item.as_raw() as usize).collect();
        self.tuples.entry(key).or_insert_with(|| PyTuple::new(items)).clone()
    }

    fn table(&mut self, bytes: &'a [u8]) -> Ref<PyBytes> {
        self.tables.entry(bytes).or_insert_with(|| PyBytes::new(bytes)).clone()
    }
}

fn name(text: &str) -> ObjRef {
    PyStr::intern(PyStr::new(text)).into_obj()
}

fn names(texts: &[String]) -> Ref<PyTuple> {
    PyTuple::new(texts.iter().map(|t| name(t)).collect())
}

/// Names of all local slots: the local variables, then cells that are no locals, then free variables.
fn localsplus_names(code: &CodeObject<ConstantData>) -> Ref<PyTuple> {
    let mut all = Vec::with_capacity(code.localspluskinds.len());
    let pure_cells = code.cellvars.iter().filter(|c| !code.varnames.contains(c));
    all.extend(code.varnames.iter().map(|n| name(n)));
    all.extend(pure_cells.map(|n| name(n)));
    all.extend(code.freevars.iter().map(|n| name(n)));
    PyTuple::new(all)
}

/// A code object of ours from the compiler's.
///
/// # Errors
/// `MemoryError`; `ValueError` if the compiler contradicts itself.
pub fn code_from_compiler(code: &CodeObject<ConstantData>) -> PyResult<Ref<PyCode>> {
    code_object(code, &mut Pool::default())
}

fn code_object<'a>(code: &'a CodeObject<ConstantData>, pool: &mut Pool<'a>) -> PyResult<Ref<PyCode>> {
    let consts = constants(code.constants.iter(), pool)?;
    debug_assert!(code.localspluskinds.iter().filter(|k| **k & kind::FREE != 0).count() == code.freevars.len());
    PyCode::new(CodeParts {
        argcount: code.arg_count as i32,
        posonlyargcount: code.posonlyarg_count as i32,
        kwonlyargcount: code.kwonlyarg_count as i32,
        stacksize: code.max_stackdepth as i32,
        flags: code.flags.bits() as i32,
        code: code.instructions.original_bytes(),
        consts: pool.tuple(consts),
        names: names(&code.names),
        localsplusnames: localsplus_names(code),
        localspluskinds: pool.table(&code.localspluskinds),
        filename: name(&code.source_path),
        name: PyStr::intern(PyStr::new(&code.obj_name)),
        qualname: PyStr::intern(PyStr::new(&code.qualname)),
        firstlineno: code.first_line_number.map_or(0, |n| n.get() as i32),
        linetable: pool.table(&code.linetable),
        exceptiontable: pool.table(&code.exceptiontable),
    })
}

fn constants<'a>(all: impl Iterator<Item = &'a ConstantData>, pool: &mut Pool<'a>) -> PyResult<Vec<ObjRef>> {
    all.map(|one| constant(one, pool)).collect()
}

/// A constant as an object.
fn constant<'a>(constant: &'a ConstantData, pool: &mut Pool<'a>) -> PyResult<ObjRef> {
    if let Some(known) = pool.constants.get(constant) {
        return Ok(known.clone());
    }
    let made = new_constant(constant, pool)?;
    pool.constants.insert(constant, made.clone());
    Ok(made)
}

fn new_constant<'a>(constant: &'a ConstantData, pool: &mut Pool<'a>) -> PyResult<ObjRef> {
    Ok(match constant {
        ConstantData::Tuple { elements } => PyTuple::new(constants(elements.iter(), pool)?).into_obj(),
        ConstantData::Integer { value } => {
            // The compiler's big integers are another crate's: small ones go by value, big ones by digits.
            match i64::try_from(value) {
                Ok(small) => PyInt::from_i64(small).into_obj(),
                Err(_) => {
                    let (sign, digits) = value.to_bytes_le();
                    let magnitude = num_bigint::BigInt::from_bytes_le(num_bigint::Sign::Plus, &digits);
                    let negative = format!("{sign:?}") == "Minus";
                    PyInt::from_bigint(&if negative { -magnitude } else { magnitude }).into_obj()
                }
            }
        }
        ConstantData::Float { value } => PyFloat::new(*value).into_obj(),
        ConstantData::Complex { value } => PyComplex::new(value.re, value.im).into_obj(),
        ConstantData::Boolean { value } => crate::py_bool(*value),
        ConstantData::Str { value } => {
            let text = PyStr::from_wtf8(value);
            if is_name_like(&text) { PyStr::intern(text).into_obj() } else { text.into_obj() }
        }
        ConstantData::Bytes { value } => PyBytes::new(value).into_obj(),
        ConstantData::Code { code } => code_object(code, pool)?.into_obj(),
        ConstantData::Slice { elements } => {
            let [start, stop, step] = &**elements;
            let mut part = |one| self::constant(one, pool).map(Some);
            PySlice::new(part(start)?, part(stop)?, part(step)?).into_obj()
        }
        ConstantData::Frozenset { elements } => {
            let items = constants(elements.iter(), pool)?;
            PyFrozenSet::from_items(&items)?.into_obj()
        }
        ConstantData::None => crate::none(),
        ConstantData::Ellipsis => crate::ellipsis(),
    })
}

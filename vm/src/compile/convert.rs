//! The compiler's code objects and constants as Python objects.

use rustpython_compiler::core::bytecode::{CodeObject, ConstantData};

use crate::err::PyResult;
use crate::object::refs::{ObjRef, Ref};
use crate::types::bytes::PyBytes;
use crate::types::code::{CodeParts, PyCode, kind};
use crate::types::complex::PyComplex;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::set::PyFrozenSet;
use crate::types::slice::PySlice;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

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
    let consts = code.constants.iter().map(constant).collect::<PyResult<Vec<_>>>()?;
    debug_assert!(code.localspluskinds.iter().filter(|k| **k & kind::FREE != 0).count() == code.freevars.len());
    PyCode::new(CodeParts {
        argcount: code.arg_count as i32,
        posonlyargcount: code.posonlyarg_count as i32,
        kwonlyargcount: code.kwonlyarg_count as i32,
        stacksize: code.max_stackdepth as i32,
        flags: code.flags.bits() as i32,
        code: code.instructions.original_bytes(),
        consts: PyTuple::new(consts),
        names: names(&code.names),
        localsplusnames: localsplus_names(code),
        localspluskinds: PyBytes::new(&code.localspluskinds),
        filename: name(&code.source_path),
        name: PyStr::intern(PyStr::new(&code.obj_name)),
        qualname: PyStr::intern(PyStr::new(&code.qualname)),
        firstlineno: code.first_line_number.map_or(0, |n| n.get() as i32),
        linetable: PyBytes::new(&code.linetable),
        exceptiontable: PyBytes::new(&code.exceptiontable),
    })
}

/// A constant as an object.
fn constant(constant: &ConstantData) -> PyResult<ObjRef> {
    Ok(match constant {
        ConstantData::Tuple { elements } => {
            PyTuple::new(elements.iter().map(self::constant).collect::<PyResult<Vec<_>>>()?).into_obj()
        }
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
        ConstantData::Str { value } => PyStr::from_wtf8(value).into_obj(),
        ConstantData::Bytes { value } => PyBytes::new(value).into_obj(),
        ConstantData::Code { code } => code_from_compiler(code)?.into_obj(),
        ConstantData::Slice { elements } => {
            let [start, stop, step] = &**elements;
            PySlice::new(Some(self::constant(start)?), Some(self::constant(stop)?), Some(self::constant(step)?))
                .into_obj()
        }
        ConstantData::Frozenset { elements } => {
            let items = elements.iter().map(self::constant).collect::<PyResult<Vec<_>>>()?;
            PyFrozenSet::from_items(&items)?.into_obj()
        }
        ConstantData::None => crate::none(),
        ConstantData::Ellipsis => crate::ellipsis(),
    })
}

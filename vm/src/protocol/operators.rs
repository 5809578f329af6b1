//! Operators of Python classes, one special method at a time: for those who call the method themselves and only want to know
//! which one it is, and what happens if it declines.
//!
//! None of it is about sequences, which have their say in `+` and `*` (see `number`): callers leave operands with
//! `sq_concat` and `sq_repeat` to the general way.

use crate::PyResult;
use crate::object::{CompareOp, PyObject};
use crate::protocol::number;
use crate::types::str::PyStr;
use crate::types::type_::slot_functions::{Method, compare_name};

/// The methods of an operator.
#[derive(Clone, Copy)]
pub struct Operator {
    /// Of the left operand.
    pub method: &'static PyStr,
    /// Of the right one.
    pub reflected: &'static PyStr,
    /// Of the left one for the in-place form.
    pub in_place: &'static PyStr,
    /// In messages.
    symbol: &'static str,
    in_place_symbol: &'static str,
}

macro_rules! operators {
    ($($number:literal $method:literal $reflected:literal $in_place:literal $symbol:literal $in_place_symbol:literal;)*) => {
        /// The methods of the operator with this number of `BINARY_OP`'s argument; those of in-place forms are the same.
        pub fn operator(number: usize) -> Option<Operator> {
            Some(match if number >= INPLACE { number - INPLACE } else { number } {
                $($number => Operator {
                    method: crate::intern!($method),
                    reflected: crate::intern!($reflected),
                    in_place: crate::intern!($in_place),
                    symbol: $symbol,
                    in_place_symbol: $in_place_symbol,
                },)*
                _ => return None,
            })
        }
    };
}

/// Distance of the in-place forms in `BINARY_OP`'s numbers.
pub const INPLACE: usize = 13;

operators! {
    0 "__add__" "__radd__" "__iadd__" "+" "+=";
    1 "__and__" "__rand__" "__iand__" "&" "&=";
    2 "__floordiv__" "__rfloordiv__" "__ifloordiv__" "//" "//=";
    3 "__lshift__" "__rlshift__" "__ilshift__" "<<" "<<=";
    4 "__matmul__" "__rmatmul__" "__imatmul__" "@" "@=";
    5 "__mul__" "__rmul__" "__imul__" "*" "*=";
    6 "__mod__" "__rmod__" "__imod__" "%" "%=";
    7 "__or__" "__ror__" "__ior__" "|" "|=";
    8 "__pow__" "__rpow__" "__ipow__" "** or pow()" "**=";
    9 "__rshift__" "__rrshift__" "__irshift__" ">>" ">>=";
    10 "__sub__" "__rsub__" "__isub__" "-" "-=";
    11 "__truediv__" "__rtruediv__" "__itruediv__" "/" "/=";
    12 "__xor__" "__rxor__" "__ixor__" "^" "^=";
}

/// Which of an operator's methods was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    InPlace,
    Left,
    Right,
}

/// `a op b`, by number, where the method of this stage, and all that come before it, have declined.
///
/// # Errors
/// `TypeError` if nobody wants to do it; what the remaining methods raise.
pub fn rest_of_binary(number: usize, stage: Stage, a: &PyObject, b: &PyObject) -> PyResult {
    let Some(operator) = operator(number) else {
        return Err(crate::exc::system_error(format!("unknown binary operator {number}")));
    };
    let result = match stage {
        Stage::InPlace => number::binary_without_sequences(number - INPLACE, a, b)?,
        Stage::Left if !core::ptr::eq(a.ty(), b.ty()) => match Method::find(b, operator.reflected)? {
            Some(method) => method.call(b, &[a])?,
            None => crate::not_implemented(),
        },
        Stage::Left | Stage::Right => crate::not_implemented(),
    };
    if crate::is_not_implemented(&result) {
        let symbol = if number >= INPLACE { operator.in_place_symbol } else { operator.symbol };
        return Err(number::unsupported(symbol, a, b));
    }
    Ok(result)
}

/// The method of a comparison.
pub fn comparison_method(op: CompareOp) -> &'static PyStr {
    compare_name(op)
}

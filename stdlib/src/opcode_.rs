//! `_opcode`: what `dis` and `opcode` know of the instruction set.

use rpy_vm::interp::opcode::*;
use rpy_vm::interp::stack_effect;
use rpy_vm::pymodule;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

/// Instructions that exist only inside the compiler, with CPython's numbers.
mod pseudo {
    pub const ANNOTATIONS_PLACEHOLDER: i32 = 256;
    pub const JUMP: i32 = 257;
    pub const JUMP_IF_FALSE: i32 = 258;
    pub const JUMP_IF_TRUE: i32 = 259;
    pub const JUMP_NO_INTERRUPT: i32 = 260;
    pub const LOAD_CLOSURE: i32 = 261;
    pub const POP_BLOCK: i32 = 262;
    pub const SETUP_CLEANUP: i32 = 263;
    pub const SETUP_FINALLY: i32 = 264;
    pub const SETUP_WITH: i32 = 265;
    pub const STORE_FAST_MAYBE_NULL: i32 = 266;
}

/// Base instructions from here on have an argument.
const HAVE_ARGUMENT: u8 = BINARY_OP;

/// A real instruction.
fn real(opcode: i32) -> Option<u8> {
    u8::try_from(opcode).ok().filter(|&op| !NAMES[op as usize].is_empty())
}

/// Its base form.
fn base(opcode: i32) -> Option<u8> {
    real(opcode).map(|op| BASE[op as usize])
}

fn is_pseudo(opcode: i32) -> bool {
    (pseudo::ANNOTATIONS_PLACEHOLDER..=pseudo::STORE_FAST_MAYBE_NULL).contains(&opcode)
}

fn takes_argument(opcode: i32) -> bool {
    match base(opcode) {
        Some(INSTRUMENTED_INSTRUCTION | INSTRUMENTED_LINE) => false,
        Some(op) => op >= HAVE_ARGUMENT,
        None => is_pseudo(opcode) && !matches!(opcode, pseudo::ANNOTATIONS_PLACEHOLDER | pseudo::POP_BLOCK),
    }
}

/// The change of the stack's depth; `jump` asks for one of the two ways on.
fn effect(opcode: i32, arg: i32, jump: Option<bool>) -> Option<isize> {
    if let Some(op) = real(opcode) {
        if BASE[op as usize] != op {
            return None;
        }
        return stack_effect::effect(op, usize::try_from(arg).ok()?);
    }
    let handler = |pushed: isize| if jump == Some(false) { 0 } else { pushed };
    Some(match opcode {
        pseudo::ANNOTATIONS_PLACEHOLDER
        | pseudo::JUMP
        | pseudo::JUMP_IF_FALSE
        | pseudo::JUMP_IF_TRUE
        | pseudo::JUMP_NO_INTERRUPT
        | pseudo::POP_BLOCK => 0,
        pseudo::LOAD_CLOSURE => 1,
        pseudo::SETUP_CLEANUP => handler(2),
        pseudo::SETUP_FINALLY | pseudo::SETUP_WITH => handler(1),
        pseudo::STORE_FAST_MAYBE_NULL => -1,
        _ => return None,
    })
}

/// Names and symbols of the binary operators, by the argument of `BINARY_OP`.
const BINARY_OPERATORS: [(&str, &str); 27] = [
    ("NB_ADD", "+"),
    ("NB_AND", "&"),
    ("NB_FLOOR_DIVIDE", "//"),
    ("NB_LSHIFT", "<<"),
    ("NB_MATRIX_MULTIPLY", "@"),
    ("NB_MULTIPLY", "*"),
    ("NB_REMAINDER", "%"),
    ("NB_OR", "|"),
    ("NB_POWER", "**"),
    ("NB_RSHIFT", ">>"),
    ("NB_SUBTRACT", "-"),
    ("NB_TRUE_DIVIDE", "/"),
    ("NB_XOR", "^"),
    ("NB_INPLACE_ADD", "+="),
    ("NB_INPLACE_AND", "&="),
    ("NB_INPLACE_FLOOR_DIVIDE", "//="),
    ("NB_INPLACE_LSHIFT", "<<="),
    ("NB_INPLACE_MATRIX_MULTIPLY", "@="),
    ("NB_INPLACE_MULTIPLY", "*="),
    ("NB_INPLACE_REMAINDER", "%="),
    ("NB_INPLACE_OR", "|="),
    ("NB_INPLACE_POWER", "**="),
    ("NB_INPLACE_RSHIFT", ">>="),
    ("NB_INPLACE_SUBTRACT", "-="),
    ("NB_INPLACE_TRUE_DIVIDE", "/="),
    ("NB_INPLACE_XOR", "^="),
    ("NB_SUBSCR", "[]"),
];

const INTRINSICS_1: [&str; 12] = [
    "INTRINSIC_1_INVALID",
    "INTRINSIC_PRINT",
    "INTRINSIC_IMPORT_STAR",
    "INTRINSIC_STOPITERATION_ERROR",
    "INTRINSIC_ASYNC_GEN_WRAP",
    "INTRINSIC_UNARY_POSITIVE",
    "INTRINSIC_LIST_TO_TUPLE",
    "INTRINSIC_TYPEVAR",
    "INTRINSIC_PARAMSPEC",
    "INTRINSIC_TYPEVARTUPLE",
    "INTRINSIC_SUBSCRIPT_GENERIC",
    "INTRINSIC_TYPEALIAS",
];

const INTRINSICS_2: [&str; 6] = [
    "INTRINSIC_2_INVALID",
    "INTRINSIC_PREP_RERAISE_STAR",
    "INTRINSIC_TYPEVAR_WITH_BOUND",
    "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS",
    "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
    "INTRINSIC_SET_TYPEPARAM_DEFAULT",
];

fn text(text: &str) -> ObjRef {
    PyStr::new(text).into_obj()
}

fn text_list(items: &[&str]) -> ObjRef {
    PyList::new(items.iter().map(|item| text(item)).collect()).into_obj()
}

/// Opcode support module.
#[pymodule(name = "_opcode")]
pub mod opcode_ {
    use super::*;

    /// Do instructions rewrite themselves?
    #[pyattr]
    const ENABLE_SPECIALIZATION: bool = true;
    #[pyattr]
    const ENABLE_SPECIALIZATION_FT: bool = true;

    /// Compute the stack effect of the opcode.
    #[pyfunction(sig = "(opcode, oparg=None, /, *, jump=None)")]
    fn stack_effect(opcode: i32, oparg: Option<i32>, jump: Option<&PyObject>) -> PyResult<ObjRef> {
        let jump = match jump {
            None => None,
            Some(j) if rpy_vm::types::bool_::is_true(j) => Some(true),
            Some(j) if rpy_vm::types::bool_::is_false(j) => Some(false),
            Some(_) => return Err(exc::value_error("stack_effect: jump must be False, True or None")),
        };
        match effect(opcode, oparg.unwrap_or(0), jump) {
            Some(effect) => Ok(PyInt::from_isize(effect).into_obj()),
            None => Err(exc::value_error("invalid opcode or oparg")),
        }
    }

    /// Return True if opcode is valid, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn is_valid(opcode: i32) -> bool {
        real(opcode).is_some() || is_pseudo(opcode)
    }

    /// Return True if the opcode uses its oparg, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_arg(opcode: i32) -> bool {
        takes_argument(opcode)
    }

    /// Return True if the opcode accesses a constant, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_const(opcode: i32) -> bool {
        base(opcode) == Some(LOAD_CONST)
    }

    /// Return True if the opcode accesses an attribute by name, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_name(opcode: i32) -> bool {
        matches!(
            base(opcode),
            Some(
                DELETE_ATTR
                    | DELETE_GLOBAL
                    | DELETE_NAME
                    | IMPORT_FROM
                    | IMPORT_NAME
                    | LOAD_ATTR
                    | LOAD_FROM_DICT_OR_GLOBALS
                    | LOAD_GLOBAL
                    | LOAD_NAME
                    | LOAD_SUPER_ATTR
                    | STORE_ATTR
                    | STORE_GLOBAL
                    | STORE_NAME
            )
        )
    }

    /// Return True if the opcode has a jump target, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_jump(opcode: i32) -> bool {
        matches!(opcode, pseudo::JUMP..=pseudo::JUMP_NO_INTERRUPT)
            || matches!(
                base(opcode),
                Some(
                    END_ASYNC_FOR
                        | FOR_ITER
                        | JUMP_BACKWARD
                        | JUMP_BACKWARD_NO_INTERRUPT
                        | JUMP_FORWARD
                        | POP_JUMP_IF_FALSE
                        | POP_JUMP_IF_NONE
                        | POP_JUMP_IF_NOT_NONE
                        | POP_JUMP_IF_TRUE
                        | SEND
                )
            )
    }

    /// Return True if the opcode accesses a free variable, False otherwise.
    ///
    /// Note that 'free' in this context refers to names in the current scope
    /// that are referenced by inner scopes or names in outer scopes that are
    /// referenced from this scope. It does not include references to global
    /// or builtin scopes.
    #[pyfunction(sig = "(opcode)")]
    fn has_free(opcode: i32) -> bool {
        matches!(base(opcode), Some(DELETE_DEREF | LOAD_DEREF | LOAD_FROM_DICT_OR_DEREF | MAKE_CELL | STORE_DEREF))
    }

    /// Return True if the opcode accesses a local variable, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_local(opcode: i32) -> bool {
        matches!(opcode, pseudo::LOAD_CLOSURE | pseudo::STORE_FAST_MAYBE_NULL)
            || real(opcode) == Some(BINARY_OP_INPLACE_ADD_UNICODE)
            || matches!(
                base(opcode),
                Some(
                    DELETE_FAST
                        | LOAD_FAST
                        | LOAD_FAST_AND_CLEAR
                        | LOAD_FAST_BORROW
                        | LOAD_FAST_BORROW_LOAD_FAST_BORROW
                        | LOAD_FAST_CHECK
                        | LOAD_FAST_LOAD_FAST
                        | STORE_FAST
                        | STORE_FAST_LOAD_FAST
                        | STORE_FAST_STORE_FAST
                )
            )
    }

    /// Return True if the opcode sets an exception handler, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_exc(opcode: i32) -> bool {
        matches!(opcode, pseudo::SETUP_CLEANUP..=pseudo::SETUP_WITH)
    }

    /// Return the specialization stats
    #[pyfunction]
    fn get_specialization_stats() -> ObjRef {
        rpy_vm::none()
    }

    /// Return array of symbols of binary ops.
    ///
    /// Indexed by the BINARY_OP oparg value.
    #[pyfunction]
    fn get_nb_ops() -> ObjRef {
        let pairs =
            BINARY_OPERATORS.iter().map(|(name, symbol)| PyTuple::new(vec![text(name), text(symbol)]).into_obj());
        PyList::new(pairs.collect()).into_obj()
    }

    /// Return a list of names of the unary intrinsics.
    #[pyfunction]
    fn get_intrinsic1_descs() -> ObjRef {
        text_list(&INTRINSICS_1)
    }

    /// Return a list of names of the binary intrinsics.
    #[pyfunction]
    fn get_intrinsic2_descs() -> ObjRef {
        text_list(&INTRINSICS_2)
    }

    /// Return a list of special method names.
    #[pyfunction]
    fn get_special_method_names() -> ObjRef {
        text_list(&["__enter__", "__exit__", "__aenter__", "__aexit__"])
    }

    /// Return the executor object at offset in code if exists, None otherwise.
    #[pyfunction(sig = "(code, offset)")]
    fn get_executor(code: &PyObject, _offset: i32) -> PyResult<ObjRef> {
        if code.downcast_ref::<rpy_vm::types::code::PyCode>().is_none() {
            return Err(exc::type_error(format!("expected a code object, not '{}'", code.ty().full_name())));
        }
        Ok(rpy_vm::none())
    }
}

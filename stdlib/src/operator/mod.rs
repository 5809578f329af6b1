//! `_operator`: the operators as functions, and callables that fetch.

pub mod getters;

/// Operator interface.
///
/// This module exports a set of functions implemented in C corresponding
/// to the intrinsic operators of Python.  For example, operator.add(x, y)
/// is equivalent to the expression x+y.  The function names are those
/// used for special methods; variants without leading and trailing
/// '__' are also provided for convenience.
#[rpy_derive::pymodule(name = "_operator")]
pub mod operator_ {
    use super::getters;
    use rpy_vm::args::KwArgs;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::object::slots::CompareOp;
    use rpy_vm::protocol::buffer::Buffer;
    use rpy_vm::protocol::{call as calls, number, object as po, sequence};
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyObject, PyResult, Ref, exc};

    // ---- truth and identity ----

    /// Return True if a is true, False otherwise.
    #[pyfunction]
    fn truth(a: &PyObject) -> PyResult<bool> {
        po::is_true(a)
    }

    /// Same as not a.
    #[pyfunction]
    fn not_(a: &PyObject) -> PyResult<bool> {
        Ok(!po::is_true(a)?)
    }

    /// Same as a is b.
    #[pyfunction]
    fn is_(a: &PyObject, b: &PyObject) -> bool {
        po::is_same(a, b)
    }

    /// Same as a is not b.
    #[pyfunction]
    fn is_not(a: &PyObject, b: &PyObject) -> bool {
        !po::is_same(a, b)
    }

    /// Same as a is None.
    #[pyfunction]
    fn is_none(a: &PyObject) -> bool {
        rpy_vm::is_none(a)
    }

    /// Same as a is not None.
    #[pyfunction]
    fn is_not_none(a: &PyObject) -> bool {
        !rpy_vm::is_none(a)
    }

    // ---- comparisons ----

    /// Same as a < b.
    #[pyfunction]
    fn lt(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        po::rich_compare(a, b, CompareOp::Lt)
    }

    /// Same as a <= b.
    #[pyfunction]
    fn le(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        po::rich_compare(a, b, CompareOp::Le)
    }

    /// Same as a == b.
    #[pyfunction]
    fn eq(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        po::rich_compare(a, b, CompareOp::Eq)
    }

    /// Same as a != b.
    #[pyfunction]
    fn ne(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        po::rich_compare(a, b, CompareOp::Ne)
    }

    /// Same as a > b.
    #[pyfunction]
    fn gt(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        po::rich_compare(a, b, CompareOp::Gt)
    }

    /// Same as a >= b.
    #[pyfunction]
    fn ge(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        po::rich_compare(a, b, CompareOp::Ge)
    }

    // ---- arithmetic ----

    /// Same as a + b.
    #[pyfunction]
    fn add(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::add(a, b)
    }

    /// Same as a += b.
    #[pyfunction]
    fn iadd(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_add(a, b)
    }

    /// Same as a - b.
    #[pyfunction]
    fn sub(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::subtract(a, b)
    }

    /// Same as a -= b.
    #[pyfunction]
    fn isub(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_subtract(a, b)
    }

    /// Same as a * b.
    #[pyfunction]
    fn mul(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::multiply(a, b)
    }

    /// Same as a *= b.
    #[pyfunction]
    fn imul(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_multiply(a, b)
    }

    /// Same as a @ b.
    #[pyfunction]
    fn matmul(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::matrix_multiply(a, b)
    }

    /// Same as a @= b.
    #[pyfunction]
    fn imatmul(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_matrix_multiply(a, b)
    }

    /// Same as a // b.
    #[pyfunction]
    fn floordiv(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::floor_divide(a, b)
    }

    /// Same as a //= b.
    #[pyfunction]
    fn ifloordiv(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_floor_divide(a, b)
    }

    /// Same as a / b.
    #[pyfunction]
    fn truediv(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::true_divide(a, b)
    }

    /// Same as a /= b.
    #[pyfunction]
    fn itruediv(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_true_divide(a, b)
    }

    /// Same as a % b.
    #[pyfunction(name = "mod")]
    fn modulo(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::remainder(a, b)
    }

    /// Same as a %= b.
    #[pyfunction]
    fn imod(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_remainder(a, b)
    }

    /// Same as a << b.
    #[pyfunction]
    fn lshift(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::lshift(a, b)
    }

    /// Same as a <<= b.
    #[pyfunction]
    fn ilshift(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_lshift(a, b)
    }

    /// Same as a >> b.
    #[pyfunction]
    fn rshift(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::rshift(a, b)
    }

    /// Same as a >>= b.
    #[pyfunction]
    fn irshift(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_rshift(a, b)
    }

    /// Same as a & b.
    #[pyfunction]
    fn and_(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::and(a, b)
    }

    /// Same as a &= b.
    #[pyfunction]
    fn iand(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_and(a, b)
    }

    /// Same as a | b.
    #[pyfunction]
    fn or_(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::or(a, b)
    }

    /// Same as a |= b.
    #[pyfunction]
    fn ior(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_or(a, b)
    }

    /// Same as a ^ b.
    #[pyfunction]
    fn xor(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::xor(a, b)
    }

    /// Same as a ^= b.
    #[pyfunction]
    fn ixor(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_xor(a, b)
    }

    /// Same as a ** b.
    #[pyfunction]
    fn pow(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::power(a, b, rpy_vm::none_ref())
    }

    /// Same as a **= b.
    #[pyfunction]
    fn ipow(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        number::inplace_power(a, b, rpy_vm::none_ref())
    }

    /// Same as -a.
    #[pyfunction]
    fn neg(a: &PyObject) -> PyResult<ObjRef> {
        number::negative(a)
    }

    /// Same as +a.
    #[pyfunction]
    fn pos(a: &PyObject) -> PyResult<ObjRef> {
        number::positive(a)
    }

    /// Same as ~a.
    #[pyfunction]
    fn inv(a: &PyObject) -> PyResult<ObjRef> {
        number::invert(a)
    }

    /// Same as ~a.
    #[pyfunction]
    fn invert(a: &PyObject) -> PyResult<ObjRef> {
        number::invert(a)
    }

    /// Same as abs(a).
    #[pyfunction]
    fn abs(a: &PyObject) -> PyResult<ObjRef> {
        number::absolute(a)
    }

    /// Same as a.__index__()
    #[pyfunction]
    fn index(a: &PyObject) -> PyResult<Ref<PyInt>> {
        number::index_exact(a)
    }

    // ---- containers ----

    /// Same as a + b, for a and b sequences.
    #[pyfunction]
    fn concat(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        sequence::concat(a, b)
    }

    /// Same as a += b, for a and b sequences.
    #[pyfunction]
    fn iconcat(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        sequence::inplace_concat(a, b)
    }

    /// Same as b in a (note reversed operands).
    #[pyfunction]
    fn contains(a: &PyObject, b: &PyObject) -> PyResult<bool> {
        sequence::contains(a, b)
    }

    /// Return the first index of b in a.
    #[pyfunction(name = "indexOf")]
    fn index_of(a: &PyObject, b: &PyObject) -> PyResult<usize> {
        sequence::index_of(a, b)
    }

    /// Return the number of items in a which are, or which equal, b.
    #[pyfunction(name = "countOf")]
    fn count_of(a: &PyObject, b: &PyObject) -> PyResult<usize> {
        sequence::count(a, b)
    }

    /// Same as a[b].
    #[pyfunction]
    fn getitem(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        po::get_item(a, b)
    }

    /// Same as a[b] = c.
    #[pyfunction]
    fn setitem(a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult<()> {
        po::set_item(a, b, c)
    }

    /// Same as del a[b].
    #[pyfunction]
    fn delitem(a: &PyObject, b: &PyObject) -> PyResult<()> {
        po::del_item(a, b)
    }

    /// Return an estimate of the number of items in obj.
    ///
    /// This is useful for presizing containers when building from an iterable.
    ///
    /// If the object supports len(), the result will be exact.
    /// Otherwise, it may over- or under-estimate by an arbitrary amount.
    /// The result will be an integer >= 0.
    #[pyfunction(sig = "(obj, default=0, /)")]
    fn length_hint(obj: &PyObject, default: isize) -> PyResult<isize> {
        Ok(po::length_hint(obj, default as usize)? as isize)
    }

    // ---- calls and comparisons of secrets ----

    /// Same as obj(*args, **kwargs).
    #[pyfunction(sig = "(obj, /, *args, **kwargs)")]
    fn call(obj: &PyObject, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<ObjRef> {
        match kwargs.to_dict()? {
            None => calls::call(obj, args),
            Some(kwargs) => calls::call_tuple(obj, &*PyTuple::from_slice(args), Some(&kwargs)),
        }
    }

    /// Compares in a time that depends on the length of `b` only.
    fn same_bytes(a: &[u8], b: &[u8]) -> bool {
        let (left, mut difference) = if a.len() == b.len() { (a, 0) } else { (b, 1) };
        for (x, y) in left.iter().zip(b) {
            difference |= core::hint::black_box(x ^ y);
        }
        core::hint::black_box(difference) == 0
    }

    /// Return 'a == b'.
    ///
    /// This function uses an approach designed to prevent
    /// timing analysis, making it appropriate for cryptography.
    ///
    /// a and b must both be of the same type: either str (ASCII only),
    /// or any bytes-like object.
    ///
    /// Note: If a and b are of different lengths, or if an error occurs,
    /// a timing attack could theoretically reveal information about the
    /// types and lengths of a and b--but not their values.
    #[pyfunction(name = "_compare_digest")]
    pub fn compare_digest(a: &PyObject, b: &PyObject) -> PyResult<bool> {
        if let (Some(x), Some(y)) = (a.downcast_ref::<PyStr>(), b.downcast_ref::<PyStr>()) {
            return match (x.as_ascii(), y.as_ascii()) {
                (Some(x), Some(y)) => Ok(same_bytes(x.as_bytes(), y.as_bytes())),
                _ => Err(exc::type_error("comparing strings with non-ASCII characters is not supported")),
            };
        }
        let is_buffer = |o: &PyObject| o.ty().as_buffer().is_some_and(|b| b.bf_getbuffer.get().is_some());
        if !is_buffer(a) || !is_buffer(b) {
            return Err(exc::type_error(format!(
                "unsupported operand types(s) or combination of types: '{}' and '{}'",
                a.ty().name(),
                b.ty().name()
            )));
        }
        let view_a = Buffer::get(a, 0)?;
        let view_b = Buffer::get(b, 0)?;
        if view_a.view().ndim > 1 || view_b.view().ndim > 1 {
            return Err(exc::buffer_error("Buffer must be single dimension"));
        }
        Ok(same_bytes(view_a.bytes(), view_b.bytes()))
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<getters::PyAttrGetter>(module)?;
        add_class::<getters::PyItemGetter>(module)?;
        add_class::<getters::PyMethodCaller>(module)
    }
}

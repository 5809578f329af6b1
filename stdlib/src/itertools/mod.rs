//! `itertools`.

pub mod combinatoric;
pub mod common;
pub mod groupby;
pub mod infinite;
pub mod join;
pub mod select;
pub mod tee;

/// Functional tools for creating and using iterators.
///
/// Infinite iterators:
/// count(start=0, step=1) --> start, start+step, start+2*step, ...
/// cycle(p) --> p0, p1, ... plast, p0, p1, ...
/// repeat(elem [,n]) --> elem, elem, elem, ... endlessly or up to n times
///
/// Iterators terminating on the shortest input sequence:
/// accumulate(p[, func]) --> p0, p0+p1, p0+p1+p2
/// batched(p, n) --> [p0, p1, ..., p_n-1], [p_n, p_n+1, ..., p_2n-1], ...
/// chain(p, q, ...) --> p0, p1, ... plast, q0, q1, ...
/// chain.from_iterable([p, q, ...]) --> p0, p1, ... plast, q0, q1, ...
/// compress(data, selectors) --> (d[0] if s[0]), (d[1] if s[1]), ...
/// dropwhile(predicate, seq) --> seq[n], seq[n+1], starting when predicate fails
/// groupby(iterable[, keyfunc]) --> sub-iterators grouped by value of keyfunc(v)
/// filterfalse(predicate, seq) --> elements of seq where predicate(elem) is False
/// islice(seq, [start,] stop [, step]) --> elements from
///        seq[start:stop:step]
/// pairwise(s) --> (s[0],s[1]), (s[1],s[2]), (s[2], s[3]), ...
/// starmap(fun, seq) --> fun(*seq[0]), fun(*seq[1]), ...
/// tee(it, n=2) --> (it1, it2 , ... itn) splits one iterator into n
/// takewhile(predicate, seq) --> seq[0], seq[1], until predicate fails
/// zip_longest(p, q, ...) --> (p[0], q[0]), (p[1], q[1]), ...
///
/// Combinatoric generators:
/// product(p, q, ... [repeat=1]) --> cartesian product
/// permutations(p[, r])
/// combinations(p, r)
/// combinations_with_replacement(p, r)
#[rpy_derive::pymodule(name = "itertools")]
pub mod itertools {
    use super::{combinatoric, groupby, infinite, join, select, tee as tee_types};
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{PyObject, PyResult, Ref};

    /// Returns a tuple of n independent iterators.
    #[pyfunction(sig = "(iterable, n=2, /)")]
    fn tee(iterable: &PyObject, n: isize) -> PyResult<Ref<PyTuple>> {
        tee_types::tee(iterable, n)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<join::PyAccumulate>(module)?;
        add_class::<join::PyBatched>(module)?;
        add_class::<combinatoric::PyCombinations>(module)?;
        add_class::<combinatoric::PyCombinationsWithReplacement>(module)?;
        add_class::<infinite::PyCycle>(module)?;
        add_class::<select::PyDropWhile>(module)?;
        add_class::<select::PyTakeWhile>(module)?;
        add_class::<select::PyISlice>(module)?;
        add_class::<join::PyStarMap>(module)?;
        add_class::<join::PyChain>(module)?;
        add_class::<select::PyCompress>(module)?;
        add_class::<select::PyFilterFalse>(module)?;
        add_class::<infinite::PyCount>(module)?;
        add_class::<join::PyZipLongest>(module)?;
        add_class::<join::PyPairwise>(module)?;
        add_class::<combinatoric::PyPermutations>(module)?;
        add_class::<combinatoric::PyProduct>(module)?;
        add_class::<infinite::PyRepeat>(module)?;
        add_class::<groupby::PyGroupBy>(module)?;
        add_class::<groupby::PyGrouper>(module)?;
        add_class::<tee_types::PyTee>(module)?;
        add_class::<tee_types::PyTeeData>(module)
    }
}

//! `_heapq`: binary heaps in lists, smallest or largest item first.
//!
//! Comparing items may run Python code that changes the list: items are compared through references of our own, and the
//! length is checked after every comparison.

/// Heap queue algorithm (a.k.a. priority queue).
///
/// Heaps are arrays for which a[k] <= a[2*k+1] and a[k] <= a[2*k+2] for
/// all k, counting elements from 0.  For the sake of comparison,
/// non-existing elements are considered to be infinite.  The interesting
/// property of a heap is that a[0] is always its smallest element.
///
/// Usage:
///
/// heap = []            # creates an empty heap
/// heappush(heap, item) # pushes a new item on the heap
/// item = heappop(heap) # pops the smallest item from the heap
/// item = heap[0]       # smallest item on the heap without popping it
/// heapify(x)           # transforms list into a heap, in-place, in linear time
/// item = heapreplace(heap, item) # pops and returns smallest item, and adds
///                                # new item; the heap size is unchanged
///
/// Our API differs from textbook heap algorithms as follows:
///
/// - We use 0-based indexing.  This makes the relationship between the
///   index for a node and the indexes for its children slightly less
///   obvious, but is more suitable since Python uses 0-based indexing.
///
/// - Our heappop() method returns the smallest item, not the largest.
///
/// These two make it possible to view the heap as a regular Python list
/// without surprises: heap[0] is the smallest item, and heap.sort()
/// maintains the heap invariant!
#[rpy_derive::pymodule(name = "_heapq")]
pub mod heapq_ {
    use rpy_vm::object::slots::CompareOp;
    use rpy_vm::protocol::object as po;
    use rpy_vm::types::list::PyList;
    use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

    #[cold]
    fn out_of_range() -> PyErr {
        exc::index_error("index out of range")
    }

    /// `a` comes before `b` in a heap with the smallest (`MAX`: largest) item first.
    #[inline]
    fn before<const MAX: bool>(a: &PyObject, b: &PyObject) -> PyResult<bool> {
        let (a, b) = if MAX { (b, a) } else { (a, b) };
        po::rich_compare_bool(a, b, CompareOp::Lt)
    }

    /// Compares two items of the list by index.
    #[inline]
    fn index_before<const MAX: bool>(heap: &PyList, a: usize, b: usize, len: usize) -> PyResult<bool> {
        let (Some(x), Some(y)) = (heap.get(a), heap.get(b)) else {
            return Err(out_of_range());
        };
        let result = before::<MAX>(&x, &y)?;
        if heap.len() != len {
            return Err(exc::runtime_error("list changed size during iteration"));
        }
        Ok(result)
    }

    /// Lets the item at `at` rise to its place, not above `start`.
    fn rise<const MAX: bool>(heap: &PyList, start: usize, mut at: usize) -> PyResult<()> {
        let len = heap.len();
        if at >= len {
            return Err(out_of_range());
        }
        while at > start {
            let parent = (at - 1) / 2;
            if !index_before::<MAX>(heap, at, parent, len)? {
                break;
            }
            heap.swap(at, parent);
            at = parent;
        }
        Ok(())
    }

    /// Lets the item at `at` sink to a leaf, always past the better child, then rise to its place: that takes fewer
    /// comparisons than stopping on the way.
    fn sink<const MAX: bool>(heap: &PyList, start: usize) -> PyResult<()> {
        let len = heap.len();
        if start >= len {
            return Err(out_of_range());
        }
        let mut at = start;
        let first_leaf = len / 2;
        while at < first_leaf {
            let mut child = 2 * at + 1;
            if child + 1 < len && !index_before::<MAX>(heap, child, child + 1, len)? {
                child += 1;
            }
            heap.swap(at, child);
            at = child;
        }
        rise::<MAX>(heap, start, at)
    }

    fn push<const MAX: bool>(heap: &PyList, item: &PyObject) -> PyResult<()> {
        heap.append(item.new_ref())?;
        rise::<MAX>(heap, 0, heap.len() - 1)
    }

    fn pop<const MAX: bool>(heap: &PyList) -> PyResult<ObjRef> {
        let last = heap.pop_last().ok_or_else(out_of_range)?;
        let Some(first) = heap.get(0) else {
            return Ok(last);
        };
        heap.set(0, last);
        sink::<MAX>(heap, 0)?;
        Ok(first)
    }

    fn replace<const MAX: bool>(heap: &PyList, item: &PyObject) -> PyResult<ObjRef> {
        let first = heap.get(0).ok_or_else(out_of_range)?;
        heap.set(0, item.new_ref());
        sink::<MAX>(heap, 0)?;
        Ok(first)
    }

    fn push_pop<const MAX: bool>(heap: &PyList, item: &PyObject) -> PyResult<ObjRef> {
        let Some(first) = heap.get(0) else {
            return Ok(item.new_ref());
        };
        if !before::<MAX>(&first, item)? {
            return Ok(item.new_ref());
        }
        // The comparison may have changed the list.
        let first = heap.get(0).ok_or_else(out_of_range)?;
        heap.set(0, item.new_ref());
        sink::<MAX>(heap, 0)?;
        Ok(first)
    }

    fn heapify_list<const MAX: bool>(heap: &PyList) -> PyResult<()> {
        for at in (0..heap.len() / 2).rev() {
            sink::<MAX>(heap, at)?;
        }
        Ok(())
    }

    /// Push item onto heap, maintaining the heap invariant.
    #[pyfunction]
    fn heappush(heap: &PyList, item: &PyObject) -> PyResult<()> {
        push::<false>(heap, item)
    }

    /// Pop the smallest item off the heap, maintaining the heap invariant.
    #[pyfunction]
    fn heappop(heap: &PyList) -> PyResult<ObjRef> {
        pop::<false>(heap)
    }

    /// Pop and return the current smallest value, and add the new item.
    ///
    /// This is more efficient than heappop() followed by heappush(), and can be
    /// more appropriate when using a fixed-size heap.  Note that the value
    /// returned may be larger than item!  That constrains reasonable uses of
    /// this routine unless written as part of a conditional replacement:
    ///
    ///     if item > heap[0]:
    ///         item = heapreplace(heap, item)
    #[pyfunction]
    fn heapreplace(heap: &PyList, item: &PyObject) -> PyResult<ObjRef> {
        replace::<false>(heap, item)
    }

    /// Push item on the heap, then pop and return the smallest item from the heap.
    ///
    /// The combined action runs more efficiently than heappush() followed by
    /// a separate call to heappop().
    #[pyfunction]
    fn heappushpop(heap: &PyList, item: &PyObject) -> PyResult<ObjRef> {
        push_pop::<false>(heap, item)
    }

    /// Transform list into a heap, in-place, in O(len(heap)) time.
    #[pyfunction]
    fn heapify(heap: &PyList) -> PyResult<()> {
        heapify_list::<false>(heap)
    }

    /// Push item onto max heap, maintaining the heap invariant.
    #[pyfunction]
    fn heappush_max(heap: &PyList, item: &PyObject) -> PyResult<()> {
        push::<true>(heap, item)
    }

    /// Maxheap variant of heappop.
    #[pyfunction]
    fn heappop_max(heap: &PyList) -> PyResult<ObjRef> {
        pop::<true>(heap)
    }

    /// Maxheap variant of heapreplace.
    #[pyfunction]
    fn heapreplace_max(heap: &PyList, item: &PyObject) -> PyResult<ObjRef> {
        replace::<true>(heap, item)
    }

    /// Maxheap variant of heappushpop.
    ///
    /// The combined action runs more efficiently than heappush_max() followed by
    /// a separate call to heappop_max().
    #[pyfunction]
    fn heappushpop_max(heap: &PyList, item: &PyObject) -> PyResult<ObjRef> {
        push_pop::<true>(heap, item)
    }

    /// Maxheap variant of heapify.
    #[pyfunction]
    fn heapify_max(heap: &PyList) -> PyResult<()> {
        heapify_list::<true>(heap)
    }

    #[pyattr(name = "__about__")]
    fn about() -> &'static str {
        "Heap queues: see the documentation of the heapq module."
    }
}

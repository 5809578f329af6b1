//! The three classes over one raw stream.

use rpy_vm::object::dealloc::dealloc_rust;
use rpy_vm::object::{PyTypeObject, Ref};
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc, intern, pyclass, pymethods};

use super::super::DEFAULT_BUFFER_SIZE;
use super::super::base::{self, PyBufferedIOBase};
use super::PyBuffered;

/// The methods that all three classes have, and those of readers and writers.
macro_rules! buffered_class {
    (
        $(#[$doc:meta])* $ty:ident, $name:literal, read = $read:literal, write = $write:literal, check = [$($check:path),*],
        { $($extra:tt)* }
    ) => {
        $(#[$doc])*
        #[pyclass(layout = PyBuffered, base = PyBufferedIOBase, name = $name, module = "_io", flags(BASETYPE, HAVE_GC),
                  dealloc = dealloc_rust::<PyBuffered>)]
        pub struct $ty;

        impl $ty {
            /// The type object.
            pub fn type_object() -> &'static PyTypeObject {
                // SAFETY: the static's address is constant.
                unsafe { &*<$ty as rpy_vm::object::class_impl::StaticType>::TYPE }
            }
        }

        #[pymethods]
        impl $ty {
            #[pynew(sig = "(*args, **kwargs)", unsigned)]
            fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
                let made: Ref<PyBuffered> = rpy_vm::object::alloc::new_in(cls, PyBuffered::fresh())?;
                Ok(made.into_obj())
            }

            #[pyinit(sig = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)")]
            fn py_init(this: &PyBuffered, raw: &PyObject, buffer_size: Option<isize>) -> PyResult<()> {
                this.ready.set(false);
                $( $check(raw)?; )*
                this.init(raw, buffer_size.unwrap_or(DEFAULT_BUFFER_SIZE as isize), $read, $write)
            }

            #[slot]
            fn tp_traverse(this: &PyBuffered, v: &mut rpy_vm::gc::Visit<'_>) {
                v.visit_opt(this.ob_base.dict.peek());
                v.visit_opt(this.raw.peek());
            }
            #[slot]
            fn tp_clear(this: &PyBuffered) {
                this.ob_base.dict.take();
                this.raw.take();
            }
            #[slot]
            fn tp_repr(this: &PyBuffered) -> PyResult<ObjRef> {
                this.repr()
            }

            #[pymethod]
            fn flush(this: &PyBuffered) -> PyResult<()> {
                this.flush()
            }
            #[pymethod]
            fn close(this: &PyBuffered) -> PyResult<ObjRef> {
                this.close()
            }
            /// Disconnect this buffer from its underlying raw stream and return it.
            #[pymethod]
            fn detach(this: &PyBuffered) -> PyResult<ObjRef> {
                this.detach()
            }
            #[pymethod(name = "__sizeof__")]
            fn size_of(this: &PyBuffered) -> usize {
                this.size_of()
            }
            #[pymethod]
            fn seekable(this: &PyBuffered) -> PyResult<ObjRef> {
                call::call_method(&*this.raw()?, intern!("seekable"), &[])
            }
            #[pymethod]
            fn fileno(this: &PyBuffered) -> PyResult<ObjRef> {
                call::call_method(&*this.raw()?, intern!("fileno"), &[])
            }
            #[pymethod]
            fn isatty(this: &PyBuffered) -> PyResult<ObjRef> {
                call::call_method(&*this.raw()?, intern!("isatty"), &[])
            }
            #[pymethod]
            fn tell(this: &PyBuffered) -> PyResult<i64> {
                this.tell()
            }
            #[pymethod(sig = "($self, target, whence=0, /)")]
            fn seek(this: &PyBuffered, target: &PyObject, whence: Option<i32>) -> PyResult<i64> {
                this.seek(target, whence.unwrap_or(0))
            }
            #[pymethod(name = "_dealloc_warn", sig = "($self, source, /)")]
            fn dealloc_warn(this: &PyBuffered, source: &PyObject) -> PyResult<()> {
                if let Ok(raw) = this.raw() {
                    let _ = call::call_method(&raw, intern!("_dealloc_warn"), &[source]);
                }
                Ok(())
            }
            #[pymethod(name = "__getstate__")]
            fn getstate(this: &PyBuffered) -> PyResult<ObjRef> {
                Err(exc::type_error(format!("cannot pickle '{}' instances", this.as_object().ty().full_name())))
            }
            #[pygetset]
            fn raw(this: &PyBuffered) -> Option<ObjRef> {
                this.raw.get()
            }
            #[pygetset]
            fn closed(this: &PyBuffered) -> PyResult<bool> {
                this.is_closed()
            }
            #[pygetset]
            fn name(this: &PyBuffered) -> PyResult<ObjRef> {
                protocol::getattr(&*this.raw()?, intern!("name"))
            }
            #[pygetset]
            fn mode(this: &PyBuffered) -> PyResult<ObjRef> {
                protocol::getattr(&*this.raw()?, intern!("mode"))
            }
            #[pygetset(name = "_finalizing")]
            fn finalizing(this: &PyBuffered) -> bool {
                this.finalizing.get()
            }
            #[pygetset(setter, name = "_finalizing")]
            fn set_finalizing(this: &PyBuffered, value: Option<&PyObject>) -> PyResult<()> {
                this.finalizing.set(match value {
                    Some(v) => protocol::is_true(v)?,
                    None => false,
                });
                Ok(())
            }

            $($extra)*
        }
    };
}

buffered_class! {
    /// Create a new buffered reader using the given readable raw IO object.
    PyBufferedReader, "BufferedReader", read = true, write = false, check = [base::check_readable], {
        #[pymethod]
        fn readable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("readable"), &[])
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn read(this: &PyBuffered, size: Option<&PyObject>) -> PyResult<ObjRef> {
            this.read(size)
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn read1(this: &PyBuffered, size: Option<isize>) -> PyResult<ObjRef> {
            this.read1(size)
        }
        #[pymethod(sig = "($self, size=0, /)")]
        fn peek(this: &PyBuffered, _size: Option<&PyObject>) -> PyResult<ObjRef> {
            this.peek()
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn readinto(this: &PyBuffered, buffer: &PyObject) -> PyResult<Option<usize>> {
            this.readinto(buffer, false)
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn readinto1(this: &PyBuffered, buffer: &PyObject) -> PyResult<Option<usize>> {
            this.readinto(buffer, true)
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn readline(this: &PyBuffered, size: Option<&PyObject>) -> PyResult<ObjRef> {
            Ok(PyBytes::from_vec(this.readline_bytes(base::size_arg(size)?)?).into_obj())
        }
        #[pymethod(sig = "($self, pos=None, /)")]
        fn truncate(this: &PyBuffered, pos: Option<&PyObject>) -> PyResult<ObjRef> {
            this.truncate(pos)
        }
        #[slot]
        fn tp_iternext(this: &PyBuffered) -> PyResult<Option<ObjRef>> {
            this.next_line()
        }
    }
}

buffered_class! {
    /// A buffer for a writeable sequential RawIO object.
    PyBufferedWriter, "BufferedWriter", read = false, write = true, check = [base::check_writable], {
        #[pymethod]
        fn writable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("writable"), &[])
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn write(this: &PyBuffered, buffer: ArgBytes<'_>) -> PyResult<usize> {
            this.write(buffer.as_bytes())
        }
        #[pymethod(sig = "($self, pos=None, /)")]
        fn truncate(this: &PyBuffered, pos: Option<&PyObject>) -> PyResult<ObjRef> {
            this.truncate(pos)
        }
    }
}

buffered_class! {
    /// A buffered interface to random access streams.
    PyBufferedRandom, "BufferedRandom", read = true, write = true,
    check = [base::check_seekable, base::check_readable, base::check_writable], {
        #[pymethod]
        fn readable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("readable"), &[])
        }
        #[pymethod]
        fn writable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("writable"), &[])
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn read(this: &PyBuffered, size: Option<&PyObject>) -> PyResult<ObjRef> {
            this.read(size)
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn read1(this: &PyBuffered, size: Option<isize>) -> PyResult<ObjRef> {
            this.read1(size)
        }
        #[pymethod(sig = "($self, size=0, /)")]
        fn peek(this: &PyBuffered, _size: Option<&PyObject>) -> PyResult<ObjRef> {
            this.peek()
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn readinto(this: &PyBuffered, buffer: &PyObject) -> PyResult<Option<usize>> {
            this.readinto(buffer, false)
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn readinto1(this: &PyBuffered, buffer: &PyObject) -> PyResult<Option<usize>> {
            this.readinto(buffer, true)
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn readline(this: &PyBuffered, size: Option<&PyObject>) -> PyResult<ObjRef> {
            Ok(PyBytes::from_vec(this.readline_bytes(base::size_arg(size)?)?).into_obj())
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn write(this: &PyBuffered, buffer: ArgBytes<'_>) -> PyResult<usize> {
            this.write(buffer.as_bytes())
        }
        #[pymethod(sig = "($self, pos=None, /)")]
        fn truncate(this: &PyBuffered, pos: Option<&PyObject>) -> PyResult<ObjRef> {
            this.truncate(pos)
        }
        #[slot]
        fn tp_iternext(this: &PyBuffered) -> PyResult<Option<ObjRef>> {
            this.next_line()
        }
    }
}

//! The functions of `builtins`.

use rpy_derive::pymodule;

use crate::args::KwArgs;
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::{call, number, object as po};
use crate::runtime::sys_state;
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

use super::{arithmetic, code, io};

fn bad_attribute_name(name: &PyObject) -> crate::PyErr {
    exc::type_error(format!("attribute name must be string, not '{}'", name.ty().name()))
}

fn count(function: &str, args: &[&PyObject], min: usize, max: usize) -> PyResult<()> {
    crate::args::check_positional(function, args.len(), min, max)
}

/// Built-in functions, types, exceptions, and other objects.
///
/// This module provides direct access to all 'built-in'
/// identifiers of Python; for example, builtins.len is
/// the full name for the built-in function len().
///
/// This module is not normally accessed explicitly by most
/// applications, but can be useful in modules that provide
/// objects with the same name as a built-in value, but in
/// which the built-in of that name is also needed.
#[pymodule(name = "builtins")]
pub mod builtins {
    use super::*;

    /// __build_class__(func, name, /, *bases, [metaclass], **kwds) -> class
    ///
    /// Internal helper function used by the class statement.
    #[pyfunction(name = "__build_class__", sig = "($module, /, *args, **kwds)")]
    fn build_class(args: &[&PyObject], kwds: KwArgs<'_>) -> PyResult<ObjRef> {
        code::build_class(args, &kwds)
    }

    /// Import a module.
    ///
    /// Because this function is meant for use by the Python
    /// interpreter and not for general use, it is better to use
    /// importlib.import_module() to programmatically import a module.
    ///
    /// The globals argument is only used to determine the context;
    /// they are not modified.  The locals argument is unused.  The fromlist
    /// should be a list of names to emulate ``from name import ...``, or an
    /// empty list to emulate ``import name``.
    /// When importing a module from a package, note that __import__('A.B', ...)
    /// returns package A when fromlist is empty, but its submodule B when
    /// fromlist is not empty.  The level argument is used to determine whether to
    /// perform absolute or relative imports: 0 is absolute, while a positive number
    /// is the number of parent directories to search relative to the current module.
    #[pyfunction(name = "__import__", sig = "($module, /, name, globals=None, locals=None, fromlist=(), level=0)")]
    fn import(
        name: &PyObject,
        globals: Option<&PyObject>,
        locals: Option<&PyObject>,
        fromlist: Option<&PyObject>,
        level: i32,
    ) -> PyResult<ObjRef> {
        crate::import::import_name(crate::import::statement::module_name(name)?, globals, locals, fromlist, level)
    }

    /// Return the absolute value of the argument.
    #[pyfunction]
    fn abs(x: &PyObject) -> PyResult<ObjRef> {
        number::absolute(x)
    }

    /// Return True if bool(x) is True for all values x in the iterable.
    ///
    /// If the iterable is empty, return True.
    #[pyfunction]
    fn all(iterable: &PyObject) -> PyResult<bool> {
        let it = po::get_iter(iterable)?;
        while let Some(item) = po::iter_next(&it)? {
            if !po::is_true(&item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Return True if bool(x) is True for any x in the iterable.
    ///
    /// If the iterable is empty, return False.
    #[pyfunction]
    fn any(iterable: &PyObject) -> PyResult<bool> {
        let it = po::get_iter(iterable)?;
        while let Some(item) = po::iter_next(&it)? {
            if po::is_true(&item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Return an ASCII-only representation of an object.
    ///
    /// As repr(), return a string containing a printable representation of an
    /// object, but escape the non-ASCII characters in the string returned by
    /// repr() using \\x, \\u or \\U escapes. This generates a string similar
    /// to that returned by repr() in Python 2.
    #[pyfunction]
    fn ascii(obj: &PyObject) -> PyResult<Ref<PyStr>> {
        po::ascii(obj)
    }

    /// Return the binary representation of an integer.
    ///
    ///    >>> bin(2796202)
    ///    '0b1010101010101010101010'
    #[pyfunction]
    fn bin(number: &PyObject) -> PyResult<Ref<PyStr>> {
        number::to_base(number, 2)
    }

    /// Return an AsyncIterator for an AsyncIterable object.
    #[pyfunction]
    fn aiter(async_iterable: &PyObject) -> PyResult<ObjRef> {
        super::aiter(async_iterable)
    }

    /// Return the next item from the async iterator.
    ///
    /// If default is given and the async iterator is exhausted,
    /// it is returned instead of raising StopAsyncIteration.
    #[pyfunction(sig = "($module, aiterator, default=<unrepresentable>, /)")]
    fn anext(aiterator: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        super::anext(aiterator, default)
    }

    /// Call sys.breakpointhook(*args, **kws).
    ///
    /// sys.breakpointhook() must accept whatever arguments are passed.
    ///
    /// By default, this drops you into the pdb debugger.
    #[pyfunction(sig = "($module, /, *args, **kws)")]
    fn breakpoint(args: &[&PyObject], kws: KwArgs<'_>) -> PyResult<ObjRef> {
        let Some(hook) = sys_state::get("breakpointhook") else {
            return Err(exc::runtime_error("lost sys.breakpointhook"));
        };
        crate::runtime::audit::audit("builtins.breakpoint", &[&hook])?;
        call::call_tuple(&hook, &PyTuple::from_slice(args), kws.to_dict()?.as_deref())
    }

    /// Return whether the object is callable (i.e., some kind of function).
    ///
    /// Note that classes are callable, as are instances of classes with a
    /// __call__() method.
    #[pyfunction]
    fn callable(obj: &PyObject) -> bool {
        po::callable(obj)
    }

    /// Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff.
    #[pyfunction]
    fn chr(i: &PyObject) -> PyResult<Ref<PyStr>> {
        let value = number::index(i)?;
        match value.as_i64() {
            Some(c @ 0..=0x10ffff) => Ok(PyStr::from_char(c as u32)),
            _ => Err(exc::value_error("chr() arg not in range(0x110000)")),
        }
    }

    /// Compile source into a code object that can be executed by exec() or eval().
    ///
    /// The source code may represent a Python module, statement or expression.
    /// The filename will be used for run-time error messages.
    /// The mode must be 'exec' to compile a module, 'single' to compile a
    /// single (interactive) statement, or 'eval' to compile an expression.
    /// The flags argument, if present, controls which future statements influence
    /// the compilation of the code.
    /// The dont_inherit argument, if true, stops the compilation inheriting
    /// the effects of any future statements in effect in the code calling
    /// compile; if absent or false these statements do influence the compilation,
    /// in addition to any features explicitly specified.
    #[pyfunction(
        sig = "($module, /, source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)"
    )]
    fn compile(
        source: &PyObject,
        filename: &PyObject,
        mode: &str,
        flags: i32,
        dont_inherit: bool,
        optimize: i32,
        _feature_version: i32,
    ) -> PyResult<ObjRef> {
        code::compile(source, filename, mode, flags, dont_inherit, optimize, _feature_version)
    }

    /// Deletes the named attribute from the given object.
    ///
    /// delattr(x, 'y') is equivalent to ``del x.y``
    #[pyfunction]
    fn delattr(obj: &PyObject, name: &PyObject) -> PyResult<()> {
        match name.downcast_ref::<PyStr>() {
            Some(name) => po::setattr(obj, name, None),
            None => Err(bad_attribute_name(name)),
        }
    }

    /// dir([object]) -> list of strings
    ///
    /// If called without an argument, return the names in the current scope.
    /// Else, return an alphabetized list of names comprising (some of) the attributes
    /// of the given object, and of attributes reachable from it.
    /// If the object supplies a method named __dir__, it will be used; otherwise
    /// the default dir() logic is used and returns:
    ///   for a module object: the module's attributes.
    ///   for a class object:  its attributes, and recursively the attributes
    ///     of its bases.
    ///   for any other object: its attributes, its class's attributes, and
    ///     recursively the attributes of its class's base classes.
    #[pyfunction(sig = "($module, /, *args)")]
    fn dir(args: &[&PyObject]) -> PyResult<ObjRef> {
        count("dir", args, 0, 1)?;
        match args.first() {
            Some(object) => Ok(po::dir(Some(object))?.into_obj()),
            None => {
                let locals = code::caller_locals()?;
                let names = crate::protocol::mapping::keys(&locals)?;
                names.sort(None, false)?;
                Ok(names.into_obj())
            }
        }
    }

    /// Return the tuple (x//y, x%y).  Invariant: div*y + mod == x.
    #[pyfunction]
    fn divmod(x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        number::divmod(x, y)
    }

    /// Evaluate the given source in the context of globals and locals.
    ///
    /// The source may be a string representing a Python expression
    /// or a code object as returned by compile().
    /// The globals must be a dictionary and locals can be any mapping,
    /// defaulting to the current globals and locals.
    /// If only globals is given, locals defaults to it.
    #[pyfunction(sig = "($module, source, /, globals=None, locals=None)")]
    fn eval(source: &PyObject, globals: Option<&PyObject>, locals: Option<&PyObject>) -> PyResult<ObjRef> {
        code::eval(source, globals, locals)
    }

    /// Execute the given source in the context of globals and locals.
    ///
    /// The source may be a string representing one or more Python statements
    /// or a code object as returned by compile().
    /// The globals must be a dictionary and locals can be any mapping,
    /// defaulting to the current globals and locals.
    /// If only globals is given, locals defaults to it.
    /// The closure must be a tuple of cellvars, and can only be used
    /// when source is a code object requiring exactly that many cellvars.
    #[pyfunction(sig = "($module, source, /, globals=None, locals=None, *, closure=None)")]
    fn exec(
        source: &PyObject,
        globals: Option<&PyObject>,
        locals: Option<&PyObject>,
        closure: Option<&PyObject>,
    ) -> PyResult<()> {
        code::exec(source, globals, locals, closure)
    }

    /// Return type(value).__format__(value, format_spec)
    ///
    /// Many built-in types implement format_spec according to the
    /// Format Specification Mini-language. See help('FORMATTING')
    /// for details.
    ///
    /// If type(value) does not supply a method named __format__
    /// and format_spec is empty, then str(value) is returned.
    #[pyfunction(sig = "($module, value, format_spec='', /)")]
    fn format(value: &PyObject, format_spec: Option<&PyStr>) -> PyResult<Ref<PyStr>> {
        po::format(value, format_spec.unwrap_or(crate::intern!("")))
    }

    /// getattr(object, name[, default]) -> value
    ///
    /// Get a named attribute from an object; getattr(x, 'y') is equivalent to x.y.
    /// When a default argument is given, it is returned when the attribute doesn't
    /// exist; without it, an exception is raised in that case.
    #[pyfunction(sig = "($module, /, *args)")]
    fn getattr(args: &[&PyObject]) -> PyResult<ObjRef> {
        count("getattr", args, 2, 3)?;
        let (object, name) = (args[0], args[1]);
        let Some(name) = name.downcast_ref::<PyStr>() else { return Err(bad_attribute_name(name)) };
        match args.get(2) {
            None => po::getattr(object, name),
            Some(default) => Ok(po::getattr_opt(object, name)?.unwrap_or_else(|| default.new_ref())),
        }
    }

    /// Return the dictionary containing the current scope's global variables.
    ///
    /// NOTE: Updates to this dictionary *will* affect name lookups in the current
    /// global scope and vice-versa.
    #[pyfunction]
    fn globals() -> PyResult<ObjRef> {
        Ok(crate::sysmodule::frames::current_globals().unwrap_or_else(crate::none))
    }

    /// Return whether the object has an attribute with the given name.
    ///
    /// This is done by calling getattr(obj, name) and catching AttributeError.
    #[pyfunction]
    fn hasattr(obj: &PyObject, name: &PyObject) -> PyResult<bool> {
        match name.downcast_ref::<PyStr>() {
            Some(name) => Ok(po::getattr_opt(obj, name)?.is_some()),
            None => Err(bad_attribute_name(name)),
        }
    }

    /// Return the hash value for the given object.
    ///
    /// Two objects that compare equal must also have the same hash value, but the
    /// reverse is not necessarily true.
    #[pyfunction]
    fn hash(obj: &PyObject) -> PyResult<isize> {
        po::hash(obj)
    }

    /// Return the hexadecimal representation of an integer.
    ///
    ///    >>> hex(12648430)
    ///    '0xc0ffee'
    #[pyfunction]
    fn hex(number: &PyObject) -> PyResult<Ref<PyStr>> {
        number::to_base(number, 16)
    }

    /// Return the identity of an object.
    ///
    /// This is guaranteed to be unique among simultaneously existing objects.
    /// (CPython uses the object's memory address.)
    #[pyfunction]
    fn id(obj: &PyObject) -> PyResult<usize> {
        let address = obj as *const PyObject as usize;
        if crate::runtime::audit::active() {
            crate::runtime::audit::audit("builtins.id", &[PyInt::from_usize(address).as_object()])?;
        }
        Ok(address)
    }

    /// Read a string from standard input.  The trailing newline is stripped.
    ///
    /// The prompt string, if given, is printed to standard output without a
    /// trailing newline before reading input.
    ///
    /// If the user hits EOF (*nix: Ctrl-D, Windows: Ctrl-Z+Return), raise EOFError.
    /// On *nix systems, readline is used if available.
    #[pyfunction(sig = "($module, prompt='', /)")]
    fn input(prompt: Option<&PyObject>) -> PyResult<ObjRef> {
        io::input(prompt)
    }

    /// Return whether an object is an instance of a class or of a subclass thereof.
    ///
    /// A tuple, as in ``isinstance(x, (A, B, ...))``, may be given as the target to
    /// check against. This is equivalent to ``isinstance(x, A) or isinstance(x, B)
    /// or ...`` etc.
    #[pyfunction]
    fn isinstance(obj: &PyObject, class_or_tuple: &PyObject) -> PyResult<bool> {
        po::is_instance(obj, class_or_tuple)
    }

    /// Return whether 'cls' is derived from another class or is the same class.
    ///
    /// A tuple, as in ``issubclass(x, (A, B, ...))``, may be given as the target to
    /// check against. This is equivalent to ``issubclass(x, A) or issubclass(x, B)
    /// or ...``.
    #[pyfunction(sig = "($module, cls, class_or_tuple, /)")]
    fn issubclass(class: &PyObject, class_or_tuple: &PyObject) -> PyResult<bool> {
        po::is_subclass(class, class_or_tuple)
    }

    /// iter(iterable) -> iterator
    /// iter(callable, sentinel) -> iterator
    ///
    /// Get an iterator from an object.  In the first form, the argument must
    /// supply its own iterator, or be a sequence.
    /// In the second form, the callable is called until it returns the sentinel.
    #[pyfunction(sig = "($module, /, *args)")]
    fn iter(args: &[&PyObject]) -> PyResult<ObjRef> {
        count("iter", args, 1, 2)?;
        match args.get(1) {
            None => po::get_iter(args[0]),
            Some(sentinel) => {
                if !po::callable(args[0]) {
                    return Err(exc::type_error("iter(v, w): v must be callable"));
                }
                Ok(crate::types::iter::new_callable_iterator(args[0], sentinel))
            }
        }
    }

    /// Return the number of items in a container.
    #[pyfunction]
    fn len(obj: &PyObject) -> PyResult<usize> {
        po::size(obj)
    }

    /// Return a dictionary containing the current scope's local variables.
    ///
    /// NOTE: Whether or not updates to this dictionary will affect name lookups in
    /// the local scope and vice-versa is *implementation dependent* and not
    /// covered by any backwards compatibility guarantees.
    #[pyfunction]
    fn locals() -> PyResult<ObjRef> {
        code::caller_locals()
    }

    /// max(iterable, *[, default=obj, key=func]) -> value
    /// max(arg1, arg2, *args, *[, key=func]) -> value
    ///
    /// With a single iterable argument, return its biggest item. The
    /// default keyword-only argument specifies an object to return if
    /// the provided iterable is empty.
    /// With two or more positional arguments, return the largest argument.
    #[pyfunction(sig = "($module, /, *args, **kwargs)")]
    fn max(args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<ObjRef> {
        arithmetic::min_max("max", args, &kwargs, crate::object::CompareOp::Gt)
    }

    /// min(iterable, *[, default=obj, key=func]) -> value
    /// min(arg1, arg2, *args, *[, key=func]) -> value
    ///
    /// With a single iterable argument, return its smallest item. The
    /// default keyword-only argument specifies an object to return if
    /// the provided iterable is empty.
    /// With two or more positional arguments, return the smallest argument.
    #[pyfunction(sig = "($module, /, *args, **kwargs)")]
    fn min(args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<ObjRef> {
        arithmetic::min_max("min", args, &kwargs, crate::object::CompareOp::Lt)
    }

    /// next(iterator[, default])
    ///
    /// Return the next item from the iterator. If default is given and the iterator
    /// is exhausted, it is returned instead of raising StopIteration.
    #[pyfunction(sig = "($module, /, *args)")]
    fn next(args: &[&PyObject]) -> PyResult<ObjRef> {
        count("next", args, 1, 2)?;
        let it = args[0];
        if !crate::protocol::object::is_iterator(it) {
            return Err(exc::type_error(format!("'{}' object is not an iterator", it.ty().name())));
        }
        match (po::iter_next_raw(it), args.get(1)) {
            (Ok(Some(item)), _) => Ok(item),
            (Ok(None), Some(default)) => Ok(default.new_ref()),
            (Ok(None), None) => Err(exc::stop_iteration(None)),
            (Err(e), Some(default)) if e.matches(exc::StopIteration()) => Ok(default.new_ref()),
            (Err(e), _) => Err(e),
        }
    }

    /// Return the octal representation of an integer.
    ///
    ///    >>> oct(342391)
    ///    '0o1234567'
    #[pyfunction]
    fn oct(number: &PyObject) -> PyResult<Ref<PyStr>> {
        number::to_base(number, 8)
    }

    /// Return the ordinal value of a character.
    ///
    /// If the argument is a one-byte string, return the value of that byte.
    #[pyfunction(sig = "($module, character, /)")]
    fn ord(c: &PyObject) -> PyResult<u32> {
        let (size, value) = if let Some(s) = c.downcast_ref::<PyStr>() {
            (s.len(), if s.len() == 1 { s.char_at(0) } else { 0 })
        } else if let Some(b) = c.downcast_ref::<PyBytes>() {
            let b = b.as_bytes();
            (b.len(), b.first().copied().map_or(0, u32::from))
        } else if let Some(b) = c.downcast_ref::<PyByteArray>() {
            let b = b.as_bytes();
            (b.len(), b.first().copied().map_or(0, u32::from))
        } else {
            return Err(exc::type_error(format!("ord() expected string of length 1, but {} found", c.ty().name())));
        };
        if size != 1 {
            return Err(exc::type_error(format!("ord() expected a character, but string of length {size} found")));
        }
        Ok(value)
    }

    /// Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments.
    ///
    /// Some types, such as ints, are able to use a more efficient algorithm when
    /// invoked using the three argument form.
    #[pyfunction(sig = "($module, /, base, exp, mod=None)")]
    fn pow(base: &PyObject, exp: &PyObject, modulus: Option<&PyObject>) -> PyResult<ObjRef> {
        number::power(base, exp, modulus.unwrap_or(crate::none_ref()))
    }

    /// Prints the values to a stream, or to sys.stdout by default.
    ///
    ///   sep
    ///     string inserted between values, default a space.
    ///   end
    ///     string appended after the last value, default a newline.
    ///   file
    ///     a file-like object (stream); defaults to the current sys.stdout.
    ///   flush
    ///     whether to forcibly flush the stream.
    #[pyfunction(sig = "($module, /, *args, sep=' ', end='\\n', file=None, flush=False)")]
    fn print(
        args: &[&PyObject],
        sep: Option<&PyObject>,
        end: Option<&PyObject>,
        file: Option<&PyObject>,
        flush: bool,
    ) -> PyResult<()> {
        io::print(args, sep, end, file, flush)
    }

    /// Return the canonical string representation of the object.
    ///
    /// For many object types, including most builtins, eval() will return an
    /// equal object.
    #[pyfunction]
    fn repr(obj: &PyObject) -> PyResult<Ref<PyStr>> {
        po::repr(obj)
    }

    /// Round a number to a given precision in decimal digits.
    ///
    /// The return value is an integer if ndigits is omitted or None.  Otherwise
    /// the return value has the same type as the number.  ndigits may be negative.
    #[pyfunction(sig = "($module, /, number, ndigits=None)")]
    fn round(number: &PyObject, ndigits: Option<&PyObject>) -> PyResult<ObjRef> {
        arithmetic::round(number, ndigits)
    }

    /// Sets the named attribute on the given object to the specified value.
    ///
    /// setattr(x, 'y', v) is equivalent to ``x.y = v``
    #[pyfunction]
    fn setattr(obj: &PyObject, name: &PyObject, value: &PyObject) -> PyResult<()> {
        match name.downcast_ref::<PyStr>() {
            Some(name) => po::setattr(obj, name, Some(value)),
            None => Err(bad_attribute_name(name)),
        }
    }

    /// Return a new list containing all items from the iterable in ascending order.
    ///
    /// A custom key function can be supplied to customize the sort order, and the
    /// reverse flag can be set to request the result in descending order.
    #[pyfunction(sig = "($module, iterable, /, *, key=None, reverse=False)")]
    fn sorted(iterable: &PyObject, key: Option<&PyObject>, reverse: bool) -> PyResult<ObjRef> {
        let list = PyList::from_iterable(iterable)?;
        list.sort(key, reverse)?;
        Ok(list.into_obj())
    }

    /// Return the sum of a 'start' value (default: 0) plus an iterable of numbers
    ///
    /// When the iterable is empty, return the start value.
    /// This function is intended specifically for use with numeric values and may
    /// reject non-numeric types.
    #[pyfunction(sig = "($module, iterable, /, start=0)")]
    fn sum(iterable: &PyObject, start: Option<&PyObject>) -> PyResult<ObjRef> {
        arithmetic::sum(iterable, start)
    }

    /// vars([object]) -> dictionary
    ///
    /// Without arguments, equivalent to locals().
    /// With an argument, equivalent to object.__dict__.
    #[pyfunction(sig = "($module, /, *args)")]
    fn vars(args: &[&PyObject]) -> PyResult<ObjRef> {
        count("vars", args, 0, 1)?;
        match args.first() {
            None => code::caller_locals(),
            Some(object) => match po::getattr_opt(object, crate::intern!("__dict__"))? {
                Some(dict) => Ok(dict),
                None => Err(exc::type_error("vars() argument must have __dict__ attribute")),
            },
        }
    }
}

/// `aiter(x)`.
fn aiter(iterable: &PyObject) -> PyResult<ObjRef> {
    let slot = iterable.ty().as_async().and_then(|suite| suite.am_aiter.get());
    let Some(am_aiter) = slot else {
        return Err(exc::type_error(format!("'{}' object is not an async iterable", iterable.ty().name())));
    };
    // SAFETY: calling a slot as the C API prescribes.
    let it = unsafe { ObjRef::from_c_result(am_aiter(iterable.as_ptr()))? };
    if it.ty().as_async().and_then(|suite| suite.am_anext.get()).is_none() {
        return Err(exc::type_error(format!("aiter() returned not an async iterator of type '{}'", it.ty().name())));
    }
    Ok(it)
}

/// `anext(x[, default])`.
fn anext(iterator: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
    let slot = iterator.ty().as_async().and_then(|suite| suite.am_anext.get());
    let Some(am_anext) = slot else {
        return Err(exc::type_error(format!("'{}' object is not an async iterator", iterator.ty().name())));
    };
    // SAFETY: calling a slot as the C API prescribes.
    let awaitable = unsafe { ObjRef::from_c_result(am_anext(iterator.as_ptr()))? };
    match default {
        None => Ok(awaitable),
        Some(default) => Ok(crate::types::iter::new_anext_awaitable(&awaitable, default)),
    }
}

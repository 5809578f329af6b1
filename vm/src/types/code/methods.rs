//! Constructor, attributes and methods of code objects.

use rpy_derive::pymethods;

use super::{CodeCache, CodeParts, PyCode, co_flags, kind, location};
use crate::args::KwArgs;
use crate::err::PyResult;
use crate::exc;
use crate::interp::opcode;
use crate::interp::ops::consumers::Consumer;
use crate::object::{CompareOp, ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::object as po;
use crate::runtime::gc::{self, Visit};
use crate::types::bytes::PyBytes;
use crate::types::complex::PyComplex;
use crate::types::float::PyFloat;
use crate::types::function::PyFunction;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// Names and kinds of all slots, from the three tuples that Python code sees.
fn slots(
    varnames: &PyTuple,
    cellvars: &PyTuple,
    freevars: &PyTuple,
    flags: i32,
    posonly: i32,
    positional: i32,
    kwonly: i32,
) -> PyResult<(Ref<PyTuple>, Ref<PyBytes>)> {
    let mut names: Vec<ObjRef> = Vec::new();
    let mut kinds: Vec<u8> = Vec::new();
    let (posonly, positional, kwonly) = (posonly.max(0) as usize, positional.max(0) as usize, kwonly.max(0) as usize);
    let star = positional + kwonly;
    let star_star = star + (flags & co_flags::VARARGS != 0) as usize;
    for (i, name) in varnames.items().iter().enumerate() {
        let argument = if i < posonly {
            kind::ARG_POS
        } else if i < positional {
            kind::ARG_POS | kind::ARG_KW
        } else if i < star {
            kind::ARG_KW
        } else if i == star && flags & co_flags::VARARGS != 0 {
            kind::ARG_VAR | kind::ARG_POS
        } else if i == star_star && flags & co_flags::VARKEYWORDS != 0 {
            kind::ARG_VAR | kind::ARG_KW
        } else {
            0
        };
        names.push(name.new_ref());
        kinds.push(kind::LOCAL | argument);
    }
    for name in cellvars.items() {
        let mut known = None;
        for (i, local) in varnames.items().iter().enumerate() {
            if po::eq(local, name)? {
                known = Some(i);
                break;
            }
        }
        match known {
            Some(i) => kinds[i] |= kind::CELL,
            None => {
                names.push(name.new_ref());
                kinds.push(kind::CELL);
            }
        }
    }
    for name in freevars.items() {
        names.push(name.new_ref());
        kinds.push(kind::FREE);
    }
    Ok((PyTuple::new(names), PyBytes::new(&kinds)))
}

/// Refuses tuples with anything but strings.
fn check_names(tuple: &PyTuple) -> PyResult<Ref<PyTuple>> {
    for name in tuple.items() {
        if name.downcast_ref::<PyStr>().is_none() {
            return Err(exc::type_error(format!(
                "name tuples must contain only strings, not '{}'",
                name.ty().full_name()
            )));
        }
    }
    Ok(tuple.to_ref())
}

/// The fields of a code object as Python code names them.
pub struct Fields {
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub nlocals: i32,
    pub stacksize: i32,
    pub flags: i32,
    pub code: Vec<u8>,
    pub consts: Ref<PyTuple>,
    pub names: Ref<PyTuple>,
    pub varnames: Ref<PyTuple>,
    pub filename: ObjRef,
    pub name: Ref<PyStr>,
    pub qualname: Ref<PyStr>,
    pub firstlineno: i32,
    pub linetable: Ref<PyBytes>,
    pub exceptiontable: Ref<PyBytes>,
    pub freevars: Ref<PyTuple>,
    pub cellvars: Ref<PyTuple>,
}

impl Fields {
    /// The code object.
    ///
    /// # Errors
    /// `ValueError` and `TypeError` where the parts do not fit each other.
    pub fn build(self) -> PyResult<Ref<PyCode>> {
        let negative = [
            (self.argcount, "argcount"),
            (self.posonlyargcount, "posonlyargcount"),
            (self.kwonlyargcount, "kwonlyargcount"),
            (self.nlocals, "nlocals"),
        ];
        for (value, what) in negative {
            if value < 0 {
                return Err(exc::value_error(format!("code: {what} must not be negative")));
            }
        }
        if self.nlocals as usize != self.varnames.len() {
            return Err(exc::value_error("code: co_nlocals != len(co_varnames)"));
        }
        let (varnames, cellvars) = (check_names(&self.varnames)?, check_names(&self.cellvars)?);
        let freevars = check_names(&self.freevars)?;
        let (localsplusnames, localspluskinds) = slots(
            &varnames,
            &cellvars,
            &freevars,
            self.flags,
            self.posonlyargcount,
            self.argcount,
            self.kwonlyargcount,
        )?;
        PyCode::new(CodeParts {
            argcount: self.argcount,
            posonlyargcount: self.posonlyargcount,
            kwonlyargcount: self.kwonlyargcount,
            stacksize: self.stacksize,
            flags: self.flags,
            code: self.code,
            consts: self.consts,
            names: check_names(&self.names)?,
            localsplusnames,
            localspluskinds,
            filename: self.filename,
            name: self.name,
            qualname: self.qualname,
            firstlineno: self.firstlineno,
            linetable: self.linetable,
            exceptiontable: self.exceptiontable,
        })
    }
}

/// Are two constants the same, as the compiler understands it: of one type, and equal down to the sign of zero?
fn same_constant(a: &PyObject, b: &PyObject) -> PyResult<bool> {
    if a.is(b) {
        return Ok(true);
    }
    if !core::ptr::eq(a.ty(), b.ty()) {
        return Ok(false);
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyTuple>(), b.downcast_exact::<PyTuple>()) {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (x, y) in a.items().iter().zip(b.items()) {
            if !same_constant(x, y)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyFloat>(), b.downcast_exact::<PyFloat>()) {
        let (a, b) = (a.value(), b.value());
        return Ok(a == b && a.is_sign_negative() == b.is_sign_negative());
    }
    if a.downcast_exact::<PyComplex>().is_some() {
        return Ok(po::eq(a, b)? && PyStr::str_eq(&*po::repr(a)?, &*po::repr(b)?));
    }
    po::eq(a, b)
}

impl PyCode {
    /// A code object of the interpreter itself, without names and constants.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn internal(name: &str, code: Vec<u8>, stacksize: i32) -> PyResult<Ref<PyCode>> {
        PyCode::internal_function(name, &[], code, stacksize)
    }

    /// As [`PyCode::internal`], with parameters.
    ///
    /// # Errors
    /// As there.
    pub fn internal_function(name: &str, parameters: &[&str], code: Vec<u8>, stacksize: i32) -> PyResult<Ref<PyCode>> {
        let name = PyStr::new(name);
        let units = code.len() / 2;
        // Entries without a location, up to eight units each.
        let mut linetable = Vec::new();
        let mut left = units;
        while left > 0 {
            let n = left.min(8);
            linetable.push(0x80 | 15 << 3 | (n - 1) as u8);
            left -= n;
        }
        PyCode::new(CodeParts {
            argcount: parameters.len() as i32,
            posonlyargcount: parameters.len() as i32,
            kwonlyargcount: 0,
            stacksize,
            flags: co_flags::OPTIMIZED | co_flags::NEWLOCALS,
            code,
            consts: PyTuple::empty(),
            names: PyTuple::empty(),
            localsplusnames: PyTuple::new(parameters.iter().map(|name| PyStr::new(name).into_obj()).collect()),
            localspluskinds: PyBytes::from_vec(vec![kind::LOCAL | kind::ARG_POS; parameters.len()]),
            filename: PyStr::new("<rpy>").into_obj(),
            name: name.clone(),
            qualname: name,
            firstlineno: 1,
            linetable: PyBytes::from_vec(linetable),
            exceptiontable: PyBytes::new(&[]),
        })
    }

    fn cache(&self) -> &CodeCache {
        let mut cache = self.co_cached.get();
        if cache.is_null() {
            cache = Box::into_raw(Box::default());
            self.co_cached.set(cache);
        }
        // SAFETY: made above, and freed only with the code object.
        unsafe { &*cache }
    }

    /// Where the function of this kind is that goes through the code's generators.
    pub(crate) fn consumer(&self, kind: Consumer) -> &OptRef<PyFunction> {
        &self.cache().consumers[kind as usize]
    }

    fn cached(&self, field: fn(&CodeCache) -> &OptRef, make: impl FnOnce() -> ObjRef) -> ObjRef {
        let slot = field(self.cache());
        if let Some(value) = slot.get() {
            return value;
        }
        let value = make();
        slot.set(Some(value.clone()));
        value
    }

    /// Names of the slots whose kind has one of the bits.
    fn names_of_kind(&self, bits: u8) -> ObjRef {
        let kinds = self.co_localspluskinds.as_bytes();
        let names = self.co_localsplusnames.items().iter().zip(kinds).filter(|(_, k)| **k & bits != 0);
        PyTuple::new(names.map(|(name, _)| name.new_ref()).collect()).into_obj()
    }

    /// `co_code`.
    pub fn code_bytes(&self) -> ObjRef {
        self.cached(|c| &c.co_code, || PyBytes::from_vec(self.original_code()).into_obj())
    }

    /// `co_varnames`.
    pub fn varnames(&self) -> ObjRef {
        self.cached(|c| &c.varnames, || self.names_of_kind(kind::LOCAL))
    }

    /// `co_cellvars`.
    pub fn cellvars(&self) -> ObjRef {
        self.cached(|c| &c.cellvars, || self.names_of_kind(kind::CELL))
    }

    /// `co_freevars`.
    pub fn freevars(&self) -> ObjRef {
        self.cached(|c| &c.freevars, || self.names_of_kind(kind::FREE))
    }

    /// `co_filename`.
    pub fn filename(&self) -> ObjRef {
        self.co_filename.get().unwrap_or_else(crate::none)
    }

    /// The fields, to be changed by `replace`.
    fn fields(&self) -> Fields {
        let tuple = |o: ObjRef| o.downcast::<PyTuple>().unwrap_or_else(|_| PyTuple::empty());
        Fields {
            argcount: self.co_argcount,
            posonlyargcount: self.co_posonlyargcount,
            kwonlyargcount: self.co_kwonlyargcount,
            nlocals: self.co_nlocals,
            stacksize: self.co_stacksize,
            flags: self.co_flags,
            code: self.original_code(),
            consts: self.co_consts.clone(),
            names: self.co_names.clone(),
            varnames: tuple(self.varnames()),
            filename: self.filename(),
            name: self.co_name.clone(),
            qualname: self.co_qualname.clone(),
            firstlineno: self.co_firstlineno,
            linetable: self.co_linetable.clone(),
            exceptiontable: self.co_exceptiontable.clone(),
            freevars: tuple(self.freevars()),
            cellvars: tuple(self.cellvars()),
        }
    }

    fn replace_fields(&self, changes: &KwArgs<'_>, function: &'static str) -> PyResult<ObjRef> {
        use crate::convert::{ArgCtx, FromArg};
        let mut f = self.fields();
        let mut varnames_given = false;
        let mut nlocals_given = false;
        for (name, value) in changes.iter() {
            let ctx = ArgCtx { func: function, arg: "argument" };
            let name_text = name.to_string_lossy();
            // The message names the argument, as CPython's parser does.
            let wrong = |expected: &str| {
                exc::type_error(format!(
                    "{function}() argument '{name_text}' must be {expected}, not {}",
                    if crate::is_none(value) { "None" } else { value.ty().name() }
                ))
            };
            let count = || {
                let n = i32::from_arg(value, &ctx)?;
                if n < 0 { Err(exc::value_error(format!("{name_text} must be a positive integer"))) } else { Ok(n) }
            };
            let tuple = || value.downcast_ref::<PyTuple>().map(PyStruct::to_ref).ok_or_else(|| wrong("tuple"));
            let bytes = || value.downcast_ref::<PyBytes>().map(PyStruct::to_ref).ok_or_else(|| wrong("bytes"));
            let text = || value.downcast_ref::<PyStr>().map(PyStruct::to_ref).ok_or_else(|| wrong("str"));
            match &*name_text {
                "co_argcount" => f.argcount = count()?,
                "co_posonlyargcount" => f.posonlyargcount = count()?,
                "co_kwonlyargcount" => f.kwonlyargcount = count()?,
                "co_nlocals" => {
                    f.nlocals = count()?;
                    nlocals_given = true;
                }
                "co_stacksize" => f.stacksize = count()?,
                "co_flags" => f.flags = count()?,
                "co_firstlineno" => f.firstlineno = count()?,
                "co_code" => f.code = bytes()?.as_bytes().to_vec(),
                "co_consts" => f.consts = tuple()?,
                "co_names" => f.names = tuple()?,
                "co_varnames" => {
                    f.varnames = tuple()?;
                    varnames_given = true;
                }
                "co_freevars" => f.freevars = tuple()?,
                "co_cellvars" => f.cellvars = tuple()?,
                "co_filename" => f.filename = text()?.into_obj(),
                "co_name" => f.name = text()?,
                "co_qualname" => f.qualname = text()?,
                "co_linetable" => f.linetable = bytes()?,
                "co_exceptiontable" => f.exceptiontable = bytes()?,
                _ => {
                    return Err(exc::type_error(format!(
                        "{function}() got an unexpected keyword argument '{name_text}'"
                    )));
                }
            }
        }
        // Hidden variables of inlined comprehensions survive a replacement that does not touch the names.
        let keep_slots = !varnames_given && !nlocals_given;
        let kinds = self.co_localspluskinds.clone();
        let code = f.build()?;
        if keep_slots && kinds.as_bytes().len() == code.co_localspluskinds.as_bytes().len() {
            // SAFETY: a new code object that nobody else has seen; the field is replaced as a whole.
            unsafe {
                let slot = &raw const code.co_localspluskinds as *mut Ref<PyBytes>;
                if same_places(kinds.as_bytes(), code.co_localspluskinds.as_bytes()) {
                    drop(slot.replace(kinds));
                }
            }
        }
        Ok(code.into_obj())
    }

    /// `co_lines()` as (start, end, line) with byte offsets.
    pub fn line_ranges(&self) -> Vec<(usize, usize, Option<i32>)> {
        let mut out: Vec<(usize, usize, Option<i32>)> = Vec::new();
        for entry in location::entries(self) {
            let (start, end) = (entry.start * 2, entry.end * 2);
            match out.last_mut() {
                Some(last) if last.2 == entry.location.line => last.1 = end,
                _ => out.push((start, end, entry.location.line)),
            }
        }
        out
    }
}

/// Do two lists of kinds agree on what is local, a cell or free?
fn same_places(a: &[u8], b: &[u8]) -> bool {
    const PLACE: u8 = kind::LOCAL | kind::CELL | kind::FREE;
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x & PLACE == y & PLACE)
}

fn optional_int(value: Option<i32>) -> ObjRef {
    value.map_or_else(crate::none, |v| PyInt::from_i64(i64::from(v)).into_obj())
}

fn iterate(items: Vec<ObjRef>) -> PyResult<ObjRef> {
    po::get_iter(PyList::new(items).as_object())
}

fn int_triple(a: usize, b: usize, c: usize) -> ObjRef {
    PyTuple::new([a, b, c].map(|n| PyInt::from_usize(n).into_obj()).into()).into_obj()
}

#[pymethods]
impl PyCode {
    /// Create a code object.  Not for mere mortals.
    #[pynew(
        sig = "(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, codestring, constants, names, varnames, filename, name, qualname, firstlineno, linetable, exceptiontable, freevars=(), cellvars=(), /)"
    )]
    #[expect(clippy::too_many_arguments, reason = "the constructor's own signature")]
    fn py_new(
        _cls: &PyTypeObject,
        argcount: i32,
        posonlyargcount: i32,
        kwonlyargcount: i32,
        nlocals: i32,
        stacksize: i32,
        flags: i32,
        codestring: &PyBytes,
        constants: &PyTuple,
        names: &PyTuple,
        varnames: &PyTuple,
        filename: &PyStr,
        name: &PyStr,
        qualname: &PyStr,
        firstlineno: i32,
        linetable: &PyBytes,
        exceptiontable: &PyBytes,
        freevars: Option<&PyTuple>,
        cellvars: Option<&PyTuple>,
    ) -> PyResult<ObjRef> {
        if crate::runtime::audit::active() {
            let ints = [argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags]
                .map(|n| PyInt::from_i64(i64::from(n)).into_obj());
            crate::runtime::audit::audit(
                "code.__new__",
                &[
                    codestring.as_object(),
                    filename.as_object(),
                    name.as_object(),
                    &ints[0],
                    &ints[1],
                    &ints[2],
                    &ints[3],
                    &ints[4],
                    &ints[5],
                ],
            )?;
        }
        let fields = Fields {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            nlocals,
            stacksize,
            flags,
            code: codestring.as_bytes().to_vec(),
            consts: constants.to_ref(),
            names: names.to_ref(),
            varnames: varnames.to_ref(),
            filename: filename.to_obj(),
            name: name.to_ref(),
            qualname: qualname.to_ref(),
            firstlineno,
            linetable: linetable.to_ref(),
            exceptiontable: exceptiontable.to_ref(),
            freevars: freevars.map_or_else(PyTuple::empty, PyStruct::to_ref),
            cellvars: cellvars.map_or_else(PyTuple::empty, PyStruct::to_ref),
        };
        Ok(fields.build()?.into_obj())
    }

    /// Return a copy of the code object with new values for the specified fields.
    #[pymethod(sig = "($self, /, **changes)")]
    fn replace(&self, changes: KwArgs<'_>) -> PyResult<ObjRef> {
        self.replace_fields(&changes, "replace")
    }

    /// The same as replace().
    #[pymethod(sig = "($self, /, **changes)")]
    fn __replace__(&self, changes: KwArgs<'_>) -> PyResult<ObjRef> {
        self.replace_fields(&changes, "__replace__")
    }

    #[pygetset]
    fn co_argcount(&self) -> i32 {
        self.co_argcount
    }
    #[pygetset]
    fn co_posonlyargcount(&self) -> i32 {
        self.co_posonlyargcount
    }
    #[pygetset]
    fn co_kwonlyargcount(&self) -> i32 {
        self.co_kwonlyargcount
    }
    #[pygetset]
    fn co_nlocals(&self) -> i32 {
        self.co_nlocals
    }
    #[pygetset]
    fn co_stacksize(&self) -> i32 {
        self.co_stacksize
    }
    #[pygetset]
    fn co_flags(&self) -> i32 {
        self.co_flags
    }
    #[pygetset]
    fn co_names(&self) -> ObjRef {
        self.co_names.to_obj()
    }
    #[pygetset]
    fn co_consts(&self) -> ObjRef {
        self.co_consts.to_obj()
    }
    #[pygetset]
    fn co_filename(&self) -> ObjRef {
        self.filename()
    }
    #[pygetset]
    fn co_name(&self) -> ObjRef {
        self.co_name.to_obj()
    }
    #[pygetset]
    fn co_qualname(&self) -> ObjRef {
        self.co_qualname.to_obj()
    }
    #[pygetset]
    fn co_firstlineno(&self) -> i32 {
        self.co_firstlineno
    }
    #[pygetset]
    fn co_linetable(&self) -> ObjRef {
        self.co_linetable.to_obj()
    }
    #[pygetset]
    fn co_exceptiontable(&self) -> ObjRef {
        self.co_exceptiontable.to_obj()
    }
    #[pygetset]
    fn co_varnames(&self) -> ObjRef {
        self.varnames()
    }
    #[pygetset]
    fn co_cellvars(&self) -> ObjRef {
        self.cellvars()
    }
    #[pygetset]
    fn co_freevars(&self) -> ObjRef {
        self.freevars()
    }
    #[pygetset]
    fn co_code(&self) -> ObjRef {
        self.code_bytes()
    }

    /// The instructions as they are now, specialized and instrumented.
    #[pygetset]
    fn _co_code_adaptive(&self) -> ObjRef {
        // SAFETY: the code units of this object.
        let bytes = unsafe { core::slice::from_raw_parts(self.code_ptr() as *const u8, self.code_units() * 2) };
        let mut bytes = bytes.to_vec();
        // The form of the first RESUME that counts is nobody's business.
        if let Some(op) = bytes.get_mut(self.co_firsttraceable.get() as usize * 2)
            && *op == opcode::RESUME_JIT
        {
            *op = opcode::RESUME_CHECK;
        }
        PyBytes::new(&bytes).into_obj()
    }

    #[pygetset]
    fn co_lnotab(&self) -> PyResult<ObjRef> {
        crate::runtime::warnings::warn(exc::DeprecationWarning(), "co_lnotab is deprecated, use co_lines instead.", 1)?;
        let mut out = Vec::new();
        let (mut at, mut line) = (0usize, self.co_firstlineno);
        for (start, _, entry_line) in self.line_ranges() {
            let Some(entry_line) = entry_line else { continue };
            if entry_line == line {
                continue;
            }
            let mut bytes = start - at;
            let mut lines = entry_line - line;
            while bytes > 255 {
                out.extend([255, 0]);
                bytes -= 255;
            }
            while lines > 127 {
                out.extend([bytes as u8, 127]);
                bytes = 0;
                lines -= 127;
            }
            while lines < -128 {
                out.extend([bytes as u8, -128i8 as u8]);
                bytes = 0;
                lines += 128;
            }
            out.extend([bytes as u8, lines as i8 as u8]);
            at = start;
            line = entry_line;
        }
        Ok(PyBytes::from_vec(out).into_obj())
    }

    #[pymethod]
    fn co_lines(&self) -> PyResult<ObjRef> {
        let triple = |(start, end, line): (usize, usize, Option<i32>)| {
            let (start, end) = (PyInt::from_usize(start).into_obj(), PyInt::from_usize(end).into_obj());
            PyTuple::new(vec![start, end, optional_int(line)]).into_obj()
        };
        iterate(self.line_ranges().into_iter().map(triple).collect())
    }

    #[pymethod]
    fn co_positions(&self) -> PyResult<ObjRef> {
        let mut out = Vec::with_capacity(self.code_units());
        for entry in location::entries(self) {
            let l = entry.location;
            let tuple = PyTuple::new(vec![
                optional_int(l.line),
                optional_int(l.end_line),
                optional_int(l.column),
                optional_int(l.end_column),
            ]);
            for _ in entry.start..entry.end {
                out.push(tuple.to_obj());
            }
        }
        iterate(out)
    }

    /// Return an iterator of branches: (instruction, destination when not taken, destination when taken).
    #[pymethod]
    fn co_branches(&self) -> PyResult<ObjRef> {
        let mut out = Vec::new();
        let mut at = 0;
        let mut high = 0usize;
        while at < self.code_units() {
            let (op, arg) = self.original_unit(at);
            let arg = high << 8 | arg as usize;
            let mut next = at + 1 + opcode::CACHES[op as usize] as usize;
            high = 0;
            match op {
                opcode::EXTENDED_ARG => high = arg,
                // Behind END_FOR and POP_ITER.
                opcode::FOR_ITER => out.push(int_triple(at * 2, next * 2, (next + arg + 2) * 2)),
                opcode::POP_JUMP_IF_FALSE
                | opcode::POP_JUMP_IF_TRUE
                | opcode::POP_JUMP_IF_NONE
                | opcode::POP_JUMP_IF_NOT_NONE => {
                    // A NOT_TAKEN follows.
                    out.push(int_triple(at * 2, (next + 1) * 2, (next + arg) * 2));
                    next += 1;
                }
                opcode::END_ASYNC_FOR if arg <= next => {
                    let source = next - arg;
                    out.push(int_triple(source * 2, (source + 2) * 2, next * 2));
                }
                _ => {}
            }
            at = next;
        }
        iterate(out)
    }

    /// (internal-only) Return the local variable name for the given oparg.
    ///
    /// WARNING: this method is for internal use only and may change or go away.
    #[pymethod(sig = "($self, /, oparg)")]
    fn _varname_from_oparg(&self, oparg: i32) -> PyResult<ObjRef> {
        match usize::try_from(oparg).ok().and_then(|i| self.co_localsplusnames.get(i)) {
            Some(name) => Ok(name.new_ref()),
            None => Err(exc::index_error("tuple index out of range")),
        }
    }

    #[pymethod]
    fn __sizeof__(&self) -> usize {
        core::mem::size_of::<PyCode>() + self.code_units() * 2
    }

    #[slot]
    fn tp_is_gc(&self) -> bool {
        // SAFETY: the type has HAVE_GC, so the head is there.
        unsafe { gc::head_of(self.as_object()) }.next.get() != 0
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        crate::jit_hooks::visit_kept(self, v);
        // SAFETY: null, or the code object's own.
        if let Some(cache) = unsafe { self.co_cached.get().as_ref() } {
            cache.consumers.iter().filter_map(OptRef::peek).for_each(|function| v.visit(function.as_object()));
        }
        let consts = self.co_consts.as_object();
        v.visit(consts);
        // A tuple that the collector does not follow, and nobody else has, is looked through.
        if !gc::is_tracked(consts) && consts.refcount() == 1 {
            self.co_consts.items().iter().filter(|item| PyCode::check_exact(item)).for_each(|item| v.visit(item));
        }
    }

    #[slot]
    fn tp_clear(&self) {
        crate::jit_hooks::forget_traces(self);
        // SAFETY: as above.
        if let Some(cache) = unsafe { self.co_cached.get().as_ref() } {
            cache.consumers.iter().for_each(|function| drop(function.take()));
        }
    }

    #[slot]
    fn tp_repr(&self) -> String {
        let line = if self.co_firstlineno != 0 { self.co_firstlineno } else { -1 };
        let filename = self.filename();
        let filename = filename.downcast_ref::<PyStr>().map_or("???".into(), |f| f.to_string_lossy());
        let at = self as *const PyCode as usize;
        match self.co_filename.peek().and_then(|f| f.downcast_ref::<PyStr>()) {
            Some(_) => {
                format!("<code object {} at {at:#x}, file \"{filename}\", line {line}>", self.co_name.to_string_lossy())
            }
            None => format!("<code object {} at {at:#x}, file ???, line {line}>", self.co_name.to_string_lossy()),
        }
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        let (Some(other), CompareOp::Eq | CompareOp::Ne) = (other.downcast_ref::<PyCode>(), op) else {
            return Ok(crate::not_implemented());
        };
        let equal = self.equals(other)?;
        Ok(crate::py_bool(equal == (op == CompareOp::Eq)))
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        let mut hash = crate::types::str::hash::hash_buffer(&self.original_code());
        let parts = [
            self.co_name.as_object(),
            self.co_consts.as_object(),
            self.co_names.as_object(),
            self.co_localsplusnames.as_object(),
            self.co_linetable.as_object(),
            self.co_exceptiontable.as_object(),
        ];
        for part in parts {
            hash = hash.wrapping_mul(1_000_003) ^ po::hash(part)?;
        }
        for number in
            [self.co_argcount, self.co_posonlyargcount, self.co_kwonlyargcount, self.co_flags, self.co_firstlineno]
        {
            hash = hash.wrapping_mul(1_000_003) ^ number as isize;
        }
        Ok(hash)
    }

    fn equals(&self, other: &PyCode) -> PyResult<bool> {
        if core::ptr::eq(self, other) {
            return Ok(true);
        }
        let numbers = |c: &PyCode| {
            (c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount, c.co_flags, c.co_firstlineno, c.code_units())
        };
        Ok(numbers(self) == numbers(other)
            && PyStr::str_eq(&self.co_name, &other.co_name)
            && self.original_code() == other.original_code()
            && self.co_linetable.as_bytes() == other.co_linetable.as_bytes()
            && self.co_exceptiontable.as_bytes() == other.co_exceptiontable.as_bytes()
            && same_places(self.co_localspluskinds.as_bytes(), other.co_localspluskinds.as_bytes())
            && same_constant(self.co_consts.as_object(), other.co_consts.as_object())?
            && po::eq(self.co_names.as_object(), other.co_names.as_object())?
            && po::eq(self.co_localsplusnames.as_object(), other.co_localsplusnames.as_object())?)
    }
}

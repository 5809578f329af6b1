//! `frameobject.h`, `code.h`, `traceback.h`, `genobject.h` and the parts of `ceval.h` that are about frames.

use core::ffi::{CStr, c_char, c_int, c_void};

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::protocol::object as po;
use rpy_vm::runtime::codecs;
use rpy_vm::runtime::thread::{self, PyThreadState};
use rpy_vm::sysmodule::frames;
use rpy_vm::types::builtin_function::{PyCFunction, arg_slice};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::code::{PyCode, co_flags, extra, location};
use rpy_vm::types::code::methods::Fields;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::frame::{self, PyFrame};
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::generator::as_generator_or_coroutine;
use rpy_vm::types::method::PyMethod;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::traceback::{self, PyTraceback};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, bad_call, c_str, expect};
use crate::pythonrun::CompilerFlags;

exports! {
    /// A code object without instructions to speak of, for tracebacks.
    fn PyCode_NewEmpty(filename: *const c_char, name: *const c_char, line: c_int) -> Out = Ref<PyCode> {
        let filename = codecs::fs_decode(CStr::from_ptr(filename).to_bytes());
        empty_code(&filename, &*c_str(name)?, line)
    }
    /// A code object from all its parts.
    fn PyUnstable_Code_NewWithPosOnlyArgs(
        argcount: c_int, posonlyargcount: c_int, kwonlyargcount: c_int, nlocals: c_int, stacksize: c_int, flags: c_int,
        code: Obj<'_>, consts: Obj<'_>, names: Obj<'_>, varnames: Obj<'_>, freevars: Obj<'_>, cellvars: Obj<'_>,
        filename: Obj<'_>, name: Obj<'_>, qualname: Obj<'_>, firstlineno: c_int, linetable: Obj<'_>, exceptiontable: Obj<'_>,
    ) -> *mut PyCode = Ref<PyCode> {
        let tuple = |object: Obj<'_>| expect::<PyTuple>(object).map(PyStruct::to_ref);
        let bytes = |object: Obj<'_>| expect::<PyBytes>(object).map(PyStruct::to_ref);
        let text = |object: Obj<'_>| expect::<PyStr>(object).map(PyStruct::to_ref);
        Fields {
            argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags,
            code: bytes(code)?.as_bytes().to_vec(),
            consts: tuple(consts)?,
            names: tuple(names)?,
            varnames: tuple(varnames)?,
            filename: filename.new_ref(),
            name: text(name)?,
            qualname: text(qualname)?,
            firstlineno,
            linetable: bytes(linetable)?,
            exceptiontable: bytes(exceptiontable)?,
            freevars: tuple(freevars)?,
            cellvars: tuple(cellvars)?,
        }.build()
    }
    /// As `PyUnstable_Code_NewWithPosOnlyArgs`, without arguments that are positional only.
    fn PyUnstable_Code_New(
        argcount: c_int, kwonlyargcount: c_int, nlocals: c_int, stacksize: c_int, flags: c_int,
        code: Obj<'_>, consts: Obj<'_>, names: Obj<'_>, varnames: Obj<'_>, freevars: Obj<'_>, cellvars: Obj<'_>,
        filename: Obj<'_>, name: Obj<'_>, qualname: Obj<'_>, firstlineno: c_int, linetable: Obj<'_>, exceptiontable: Obj<'_>,
    ) -> *mut PyCode {
        PyUnstable_Code_NewWithPosOnlyArgs(
            argcount, 0, kwonlyargcount, nlocals, stacksize, flags, code, consts, names, varnames, freevars, cellvars,
            filename, name, qualname, firstlineno, linetable, exceptiontable,
        )
    }
    /// `co_code`.
    fn PyCode_GetCode(code: Obj<'_>) -> Out = ObjRef {
        Ok(expect::<PyCode>(code)?.code_bytes())
    }
    /// `co_varnames`.
    fn PyCode_GetVarnames(code: Obj<'_>) -> Out = ObjRef {
        Ok(expect::<PyCode>(code)?.varnames())
    }
    /// `co_cellvars`.
    fn PyCode_GetCellvars(code: Obj<'_>) -> Out = ObjRef {
        Ok(expect::<PyCode>(code)?.cellvars())
    }
    /// `co_freevars`.
    fn PyCode_GetFreevars(code: Obj<'_>) -> Out = ObjRef {
        Ok(expect::<PyCode>(code)?.freevars())
    }
    /// The line of a bytecode offset; -1 if there is none.
    fn PyCode_Addr2Line(code: &PyCode, offset: c_int) -> c_int {
        if offset < 0 { code.co_firstlineno } else { code.line_of(offset as isize / 2).unwrap_or(-1) }
    }
    /// Where the instruction at a byte offset comes from: lines, and columns in bytes of UTF-8 from 0; -1 for what is not known. 1.
    fn PyCode_Addr2Location(
        code: &PyCode, offset: c_int, start_line: &mut c_int, start_column: &mut c_int, end_line: &mut c_int, end_column: &mut c_int,
    ) -> c_int {
        (*start_line, *start_column, *end_line, *end_column) = match usize::try_from(offset) {
            Err(_) => (code.co_firstlineno, 0, code.co_firstlineno, 0),
            Ok(offset) => {
                let found = location::find(code, offset / 2).unwrap_or_default();
                let known = |part: Option<i32>| part.unwrap_or(-1);
                (known(found.line), known(found.column), known(found.end_line), known(found.end_column))
            }
        };
        1
    }
    /// An index under which data can be hung on code objects; -1 if there are too many users.
    fn PyUnstable_Eval_RequestCodeExtraIndex(free: Option<extra::Free>) -> isize {
        extra::register(free).map_or(-1, |index| index as isize)
    }
    /// The data that hangs on a code object; NULL if there is none.
    fn PyUnstable_Code_GetExtra(code: Obj<'_>, index: isize, data: *mut *mut c_void) -> c_int = () {
        let code = code.downcast_ref::<PyCode>().ok_or_else(bad_call)?;
        *data = usize::try_from(index).map_or(core::ptr::null_mut(), |index| code.extra(index));
        Ok(())
    }
    /// Hangs data on a code object.
    fn PyUnstable_Code_SetExtra(code: Obj<'_>, index: isize, data: *mut c_void) -> c_int = () {
        let code = code.downcast_ref::<PyCode>();
        let (Some(code), Ok(index)) = (code, usize::try_from(index)) else { return Err(bad_call()) };
        if code.set_extra(index, data) { Ok(()) } else { Err(bad_call()) }
    }

    /// A frame that belongs to no call, for tracebacks.
    fn PyFrame_New(_state: &PyThreadState, code: &PyCode, globals: Obj<'_>, locals: OptObj<'_>) -> Out = Ref<PyFrame> {
        Ok(PyFrame::new_detached(code, globals, locals.map(PyObject::new_ref)))
    }
    /// The caller's frame; NULL if there is none.
    fn PyFrame_GetBack(frame: &PyFrame) -> Out = Option<Ref<PyFrame>> {
        Ok(frame.back())
    }
    /// The code.
    fn PyFrame_GetCode(frame: &PyFrame) -> Out {
        frame.code().to_obj().into_raw()
    }
    /// The globals.
    fn PyFrame_GetGlobals(frame: &PyFrame) -> Out {
        frame.frame().globals().new_ref().into_raw()
    }
    /// The builtins.
    fn PyFrame_GetBuiltins(frame: &PyFrame) -> Out {
        frame.frame().builtins().new_ref().into_raw()
    }
    /// The locals.
    fn PyFrame_GetLocals(frame: &PyFrame) -> Out = ObjRef {
        po::getattr(frame.as_object(), rpy_vm::intern!("f_locals"))
    }
    /// The present line.
    fn PyFrame_GetLineNumber(frame: &PyFrame) -> c_int {
        frame.line().unwrap_or(-1)
    }
    /// The present offset in the bytecode; -1 before the start.
    fn PyFrame_GetLasti(frame: &PyFrame) -> c_int {
        (frame.frame().lasti() as c_int * 2).max(-1)
    }
    /// A local variable.
    fn PyFrame_GetVar(frame: &PyFrame, name: Obj<'_>) -> Out = ObjRef {
        variable(frame, name)
    }
    /// A local variable.
    fn PyFrame_GetVarString(frame: &PyFrame, name: *const c_char) -> Out = ObjRef {
        variable(frame, c_str(name)?.as_object())
    }
    /// The generator of a frame; NULL if it is not one's.
    fn PyFrame_GetGenerator(frame: &PyFrame) -> Out = Option<ObjRef> {
        let generator = po::getattr_opt(frame.as_object(), rpy_vm::intern!("f_generator"))?;
        Ok(generator.filter(|generator| !rpy_vm::is_none(generator)))
    }
    /// Nothing to do: `f_locals` shows and changes the variables themselves.
    fn PyFrame_FastToLocals(_frame: OptObj<'_>) {}
    /// As `PyFrame_FastToLocals`.
    fn PyFrame_FastToLocalsWithError(_frame: OptObj<'_>) -> c_int {
        0
    }
    /// As `PyFrame_FastToLocals`.
    fn PyFrame_LocalsToFast(_frame: OptObj<'_>, _clear: c_int) {}
    /// The code of a frame as frame evaluation functions see it.
    fn PyUnstable_InterpreterFrame_GetCode(frame: &InterpreterFrame) -> Out {
        frame.code().to_obj().into_raw()
    }
    /// The present offset in the bytecode; -1 before the start.
    fn PyUnstable_InterpreterFrame_GetLasti(frame: &InterpreterFrame) -> c_int {
        (frame.lasti() as c_int * 2).max(-1)
    }
    /// The present line; -1 if there is none.
    fn PyUnstable_InterpreterFrame_GetLine(frame: &InterpreterFrame) -> c_int {
        frame.line().unwrap_or(-1)
    }
    /// The running frame, borrowed; NULL if no Python code runs.
    fn PyEval_GetFrame() -> Borrowed {
        // The frame itself keeps its object.
        running().map_or(core::ptr::null_mut(), |frame| PyFrame::of(frame).as_raw() as Borrowed)
    }
    /// The locals of the running code, borrowed.
    fn PyEval_GetLocals() -> Borrowed = Borrowed {
        let frame = running().ok_or_else(|| exc::system_error("frame does not exist"))?;
        let locals = frame::locals_of(frame)?;
        let object = PyFrame::of(frame);
        // Somebody has to own what is lent.
        object.f_locals_cache.set(Some(locals.clone()));
        Ok(locals.as_raw())
    }
    /// The locals of the running code.
    fn PyEval_GetFrameLocals() -> Out = ObjRef {
        frame::locals_of(running().ok_or_else(|| exc::system_error("frame does not exist"))?)
    }
    /// The globals of the running code.
    fn PyEval_GetFrameGlobals() -> Out = Option<ObjRef> {
        Ok(running().map(|frame| frame.globals().new_ref()))
    }
    /// The builtins of the running code.
    fn PyEval_GetFrameBuiltins() -> Out = Option<ObjRef> {
        Ok(running().map(|frame| frame.builtins().new_ref()))
    }
    /// Puts a frame in front of the pending exception's traceback.
    fn PyTraceBack_Here(frame: &PyFrame) -> c_int {
        if let Some(error) = PyErr::fetch() {
            traceback::add_frame_object(error.value(), frame);
            error.restore();
        }
        0
    }
    /// Shows a traceback, with its heading, on a file object; nothing for NULL.
    fn PyTraceBack_Print(tb: OptObj<'_>, file: Obj<'_>) -> c_int = () {
        let Some(tb) = tb else { return Ok(()) };
        expect::<PyTraceback>(tb)?;
        let heading = PyStr::new("Traceback (most recent call last):\n");
        rpy_vm::protocol::call::call_method(file, rpy_vm::intern!("write"), &[heading.as_object()])?;
        let module = rpy_vm::import::statement::import_module("traceback")?;
        let print = po::getattr(&module, &PyStr::new("print_tb"))?;
        rpy_vm::protocol::call::call(&print, &[tb, rpy_vm::none_ref(), file]).map(drop)
    }
    /// The code of a generator.
    fn PyGen_GetCode(generator: Obj<'_>) -> Out = ObjRef {
        Ok(as_generator_or_coroutine(generator).ok_or_else(bad_call)?.code().to_obj())
    }
    /// Runs a code object.
    fn PyEval_EvalCode(code: Obj<'_>, globals: Obj<'_>, locals: OptObj<'_>) -> Out = ObjRef {
        if globals.downcast_ref::<PyDict>().is_none() {
            return Err(exc::system_error("globals must be a dict"));
        }
        rpy_vm::builtins::code::add_builtins(globals)?;
        rpy_vm::interp::dispatch::eval_code(expect(code)?, globals, Some(locals.unwrap_or(globals).new_ref()))
    }
    /// Calls code as the body of a function: with arguments, pairs of keywords and values, defaults and a closure. Locals are only for
    /// code that has no function's variables.
    fn PyEval_EvalCodeEx(
        code: Obj<'_>, globals: Obj<'_>, locals: OptObj<'_>, args: *const *mut PyObject, argcount: c_int, kws: *const *mut PyObject,
        kwcount: c_int, defaults: *const *mut PyObject, defcount: c_int, kwdefaults: OptObj<'_>, closure: OptObj<'_>,
    ) -> Out = ObjRef {
        let code: &PyCode = expect(code)?;
        if globals.downcast_ref::<PyDict>().is_none() {
            return Err(exc::system_error("globals must be a dict"));
        }
        let count = |n: c_int| usize::try_from(n).unwrap_or(0);
        if !code.has_flag(co_flags::NEWLOCALS) && closure.is_none() {
            rpy_vm::builtins::code::add_builtins(globals)?;
            return rpy_vm::interp::dispatch::eval_code(code, globals, Some(locals.unwrap_or(globals).new_ref()));
        }
        let function = PyFunction::new(code, globals, None);
        function.func_defaults.set((defcount > 0).then(|| PyTuple::from_slice(arg_slice(defaults, count(defcount)))));
        function.func_kwdefaults.set(kwdefaults.map(expect::<PyDict>).transpose()?.map(PyStruct::to_ref));
        function.func_closure.set(closure.map(expect::<PyTuple>).transpose()?.map(PyStruct::to_ref));
        // No other function of this code has these parts.
        function.changed();
        let keywords = PyDict::new();
        for pair in arg_slice(kws, 2 * count(kwcount)).chunks_exact(2) {
            keywords.set_item(pair[0], pair[1])?;
        }
        let positional = PyTuple::from_slice(arg_slice(args, count(argcount)));
        rpy_vm::protocol::call::call_tuple(function.as_object(), &positional, (kwcount > 0).then_some(&*keywords))
    }
    /// Adds the compiler flags in force in the running code; are there any?
    fn PyEval_MergeCompilerFlags(flags: &mut CompilerFlags) -> c_int {
        if let Some(frame) = running() {
            // The bits of `from __future__ import`.
            flags.flags |= frame.code().co_flags & 0x1fe_0000;
        }
        c_int::from(flags.flags != 0)
    }
    /// The name of a function or method, for messages; of anything else the name of its type. The object keeps it alive.
    fn PyEval_GetFuncName(function: Obj<'_>) -> *const c_char = *const c_char {
        if let Some(method) = function.downcast_ref::<PyMethod>() {
            return Ok(PyEval_GetFuncName(&method.im_func));
        }
        if let Some(function) = function.downcast_ref::<PyFunction>() {
            let name = function.func_name.peek().ok_or_else(bad_call)?;
            return Ok(name.as_utf8()?.as_ptr() as *const c_char);
        }
        Ok(match function.downcast_ref::<PyCFunction>() {
            Some(function) => function.def().ml_name,
            None => function.ty().tp_name.get(),
        })
    }
    /// What stands behind the result of `PyEval_GetFuncName` in messages.
    fn PyEval_GetFuncDesc(function: Obj<'_>) -> *const c_char {
        let is_function = PyMethod::check(function) || PyFunction::check(function) || PyCFunction::check(function);
        if is_function { c"()".as_ptr() } else { c" object".as_ptr() }
    }
}

/// The running Python frame.
pub fn running() -> Option<&'static InterpreterFrame> {
    thread::try_current()?;
    frames::nth(0)
}

/// The object of the frame a thread runs.
pub fn frame_of(state: &PyThreadState) -> Option<Ref<PyFrame>> {
    frames::nth_of(state, 0).map(PyFrame::of)
}

/// Does the operand stack of the running frame own the object, which an operator is working on at this moment? Only then is it certain
/// that the one reference to it is the operator's to use up.
pub fn is_owned_by_stack(object: &PyObject) -> bool {
    let Some(state) = thread::try_current() else { return false };
    // SAFETY: null, or the thread's live frame.
    let Some(frame) = (unsafe { state.current_frame.get().as_ref() }).filter(|frame| frame.is_python()) else {
        return false;
    };
    let top = state.operator_stack.get();
    // SAFETY: a Python frame. The mark is the top of the operand stack of the frame whose operator runs; of this frame only if it lies
    // inside its stack.
    unsafe {
        let base = frame.stack_base();
        let limit = base.add(frame.code().co_stacksize.max(0) as usize);
        if top.is_null() || top < base || top > limit {
            return false;
        }
        let mut at = top;
        while at > base {
            at = at.sub(1);
            if core::ptr::eq((*at).as_ptr(), object) {
                return !(*at).is_borrowed();
            }
        }
    }
    false
}

/// A code object that raises when run, with one line: what tracebacks of C code show.
fn empty_code(filename: &PyStr, name: &PyStr, line: c_int) -> PyResult<Ref<PyCode>> {
    // One entry for both code units: a line without columns, which is the first one.
    const NO_COLUMNS: u8 = 13;
    let linetable = [0x80 | NO_COLUMNS << 3 | (2 - 1), 0];
    Fields {
        argcount: 0,
        posonlyargcount: 0,
        kwonlyargcount: 0,
        nlocals: 0,
        stacksize: 1,
        flags: co_flags::OPTIMIZED | co_flags::NEWLOCALS,
        code: vec![128, 0, 0, 0],
        consts: PyTuple::empty(),
        names: PyTuple::empty(),
        varnames: PyTuple::empty(),
        filename: filename.to_obj(),
        name: name.to_ref(),
        qualname: name.to_ref(),
        firstlineno: line,
        linetable: PyBytes::new(&linetable),
        exceptiontable: PyBytes::new(&[]),
        freevars: PyTuple::empty(),
        cellvars: PyTuple::empty(),
    }
    .build()
}

fn variable(frame: &PyFrame, name: &PyObject) -> PyResult<ObjRef> {
    if !PyStr::check(name) {
        return Err(exc::type_error(format!("name must be str, not {}", name.ty().full_name())));
    }
    let locals = po::getattr(frame.as_object(), rpy_vm::intern!("f_locals"))?;
    match rpy_vm::protocol::mapping::get_opt(&locals, name)? {
        Some(value) => Ok(value),
        None => {
            let shown = po::repr(name)?;
            Err(exc::name_error(format!("variable {} does not exist", shown.to_string_lossy()), name))
        }
    }
}

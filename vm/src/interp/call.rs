//! Entering Python functions: binding arguments to parameters, and the function type's vectorcall.

use super::dispatch::eval_frame;
use super::frame::{self, InterpreterFrame};
use super::stackref::StackRef;
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct, Ref};
use crate::protocol::object as protocol;
use crate::runtime::thread::{self, PyThreadState};
use crate::types::code::{PyCode, co_flags};
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// Arguments on their way into a frame: words that are consumed, and names of the last ones.
///
/// # Safety of use
/// `args` points to `nargs + kwnames.len()` words; binding consumes all of them, also when it fails.
#[derive(Clone, Copy)]
pub struct CallArgs<'a> {
    pub args: *mut StackRef,
    /// Positional arguments.
    pub nargs: usize,
    /// Names of the keyword arguments, whose values follow the positional ones.
    pub kwnames: Option<&'a PyTuple>,
}

impl CallArgs<'_> {
    fn total(&self) -> usize {
        self.nargs + self.kwnames.map_or(0, PyTuple::len)
    }

    /// # Safety
    /// No word has been consumed from `from` on.
    unsafe fn close_from(&self, from: usize) {
        for i in from..self.total() {
            // SAFETY: the caller's promise.
            unsafe { (*self.args.add(i)).close() };
        }
    }
}

/// Pushes a frame for `func` with its arguments bound.
///
/// # Errors
/// `TypeError` as CPython words it; `MemoryError`. The arguments are consumed in any case.
///
/// # Safety
/// `call` as [`CallArgs`] says.
#[inline(always)]
pub unsafe fn make_frame(
    ts: &PyThreadState,
    func: Ref<PyFunction>,
    call: CallArgs<'_>,
    previous: *mut InterpreterFrame,
) -> PyResult<*mut InterpreterFrame> {
    let code: *const PyCode = func.code();
    // SAFETY: the function keeps its code alive until the frame has its own reference; words are moved once.
    unsafe {
        let code = &*code;
        let simple = code.co_flags & (co_flags::VARARGS | co_flags::VARKEYWORDS) == 0 && code.co_kwonlyargcount == 0;
        if simple && call.kwnames.is_none() && call.nargs == code.co_argcount as usize {
            let namespace = namespace_for(code, &func);
            let frame = frame::push_frame(ts, func, namespace, code, call.nargs, previous);
            if frame.is_null() {
                call.close_from(0);
                return Err(exc::memory_error());
            }
            for i in 0..call.nargs {
                *(*frame).local(i) = *call.args.add(i);
            }
            return Ok(frame);
        }
        bind(ts, func, call, previous)
    }
}

/// Functions whose code has no fast locals get a fresh namespace (class bodies called as functions), or their globals
/// (module code made a function).
#[inline(always)]
fn namespace_for(code: &PyCode, func: &PyFunction) -> Option<ObjRef> {
    if code.co_flags & co_flags::OPTIMIZED != 0 {
        None
    } else if code.co_flags & co_flags::NEWLOCALS != 0 {
        Some(PyDict::new().into_obj())
    } else {
        func.func_globals.get()
    }
}

/// The general case of [`make_frame`].
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn bind(
    ts: &PyThreadState,
    func: Ref<PyFunction>,
    call: CallArgs<'_>,
    previous: *mut InterpreterFrame,
) -> PyResult<*mut InterpreterFrame> {
    let code = func.code().to_ref();
    // SAFETY: the frame's locals start unbound, so that clearing it on failure is right at any point.
    unsafe {
        let frame = frame::push_frame(ts, func.clone(), namespace_for(&code, &func), &code, 0, previous);
        if frame.is_null() {
            call.close_from(0);
            return Err(exc::memory_error());
        }
        match bind_into(&*frame, &func, &code, call) {
            Ok(()) => Ok(frame),
            Err(e) => {
                frame::leave_to_object_or_clear(frame);
                frame::pop_slots(ts, frame as *mut StackRef);
                Err(e)
            }
        }
    }
}

/// # Safety
/// As for [`make_frame`]; the frame's locals are unbound.
unsafe fn bind_into(frame: &InterpreterFrame, func: &PyFunction, code: &PyCode, call: CallArgs<'_>) -> PyResult<()> {
    let argcount = code.co_argcount as usize;
    let kwonly = code.co_kwonlyargcount as usize;
    let total = argcount + kwonly;
    let has_varargs = code.has_flag(co_flags::VARARGS);
    let has_varkw = code.has_flag(co_flags::VARKEYWORDS);
    // SAFETY: indices lie within the parameters; each word is moved or closed once.
    unsafe {
        let positional = call.nargs.min(argcount);
        for i in 0..positional {
            *frame.local(i) = *call.args.add(i);
        }
        if has_varargs {
            let extra: Vec<ObjRef> = (positional..call.nargs).map(|i| (*call.args.add(i)).into_owned()).collect();
            *frame.local(total) = StackRef::owned_from(PyTuple::new(extra));
        } else {
            for i in positional..call.nargs {
                (*call.args.add(i)).close();
            }
        }
        let mut kwdict: Option<Ref<PyDict>> = None;
        if has_varkw {
            let dict = PyDict::new();
            *frame.local(total + has_varargs as usize) = StackRef::owned_from(dict.clone());
            kwdict = Some(dict);
        }
        if let Some(kwnames) = call.kwnames {
            for (k, name) in kwnames.items().iter().enumerate() {
                let word = *call.args.add(call.nargs + k);
                if let Err(e) = bind_keyword(frame, func, code, name, word, kwdict.as_deref(), kwnames) {
                    call.close_from(call.nargs + k + 1);
                    return Err(e);
                }
            }
        }
        if call.nargs > argcount && !has_varargs {
            return Err(too_many_positional(func, code, frame, call.nargs));
        }
        // Defaults of positional parameters.
        if call.nargs < argcount {
            let defaults = func.func_defaults.get();
            let ndefaults = defaults.as_ref().map_or(0, |d| d.len());
            let first_default = argcount - ndefaults.min(argcount);
            let mut missing = Vec::new();
            for i in call.nargs..argcount {
                if !(*frame.local(i)).is_null() {
                    continue;
                }
                match &defaults {
                    Some(d) if i >= first_default => {
                        let item = d.items()[i - first_default + ndefaults.saturating_sub(argcount)];
                        *frame.local(i) = StackRef::new(item);
                    }
                    _ => missing.push(code.local_name(i)),
                }
            }
            if !missing.is_empty() {
                return Err(missing_arguments(func, "positional", &missing));
            }
        }
        if kwonly > 0 {
            let defaults = func.func_kwdefaults.get();
            let mut missing = Vec::new();
            for i in argcount..total {
                if !(*frame.local(i)).is_null() {
                    continue;
                }
                let name = code.local_name(i);
                let default = match &defaults {
                    Some(d) => d.get_item(name.as_object())?,
                    None => None,
                };
                match default {
                    Some(value) => *frame.local(i) = StackRef::owned(value),
                    None => missing.push(name),
                }
            }
            if !missing.is_empty() {
                return Err(missing_arguments(func, "keyword-only", &missing));
            }
        }
    }
    Ok(())
}

/// # Safety
/// `word` is consumed.
unsafe fn bind_keyword(
    frame: &InterpreterFrame,
    func: &PyFunction,
    code: &PyCode,
    name: &PyObject,
    word: StackRef,
    kwdict: Option<&PyDict>,
    kwnames: &PyTuple,
) -> PyResult<()> {
    let argcount = code.co_argcount as usize;
    let posonly = code.co_posonlyargcount as usize;
    let total = argcount + code.co_kwonlyargcount as usize;
    // SAFETY: the word becomes owned here, and is moved or dropped.
    let value = unsafe { word.into_owned() };
    let Some(name) = name.downcast_ref::<PyStr>() else {
        return Err(exc::type_error("keywords must be strings"));
    };
    let names = code.co_localsplusnames.items();
    let found = (posonly..total).find(|&i| names[i].is(name.as_object())).or_else(|| {
        (posonly..total).find(|&i| names[i].downcast_ref::<PyStr>().is_some_and(|n| PyStr::str_eq(n, name)))
    });
    match found {
        Some(i) => {
            // SAFETY: a parameter's slot.
            unsafe {
                if !(*frame.local(i)).is_null() {
                    return Err(exc::type_error(format!(
                        "{}() got multiple values for argument '{}'",
                        func_name(func),
                        name.to_string_lossy()
                    )));
                }
                *frame.local(i) = StackRef::owned(value);
            }
            Ok(())
        }
        None => match kwdict {
            Some(dict) => dict.set_item(name.as_object(), &value),
            None => Err(unexpected_keyword(func, code, name, kwnames)),
        },
    }
}

fn func_name(func: &PyFunction) -> String {
    func.func_qualname.get().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cold]
fn unexpected_keyword(func: &PyFunction, code: &PyCode, name: &PyStr, kwnames: &PyTuple) -> PyErr {
    let posonly = code.co_posonlyargcount as usize;
    let mut wrongly_named = Vec::new();
    for i in 0..posonly {
        let parameter = code.local_name(i);
        let passed =
            kwnames.items().iter().any(|n| n.downcast_ref::<PyStr>().is_some_and(|n| PyStr::str_eq(n, &parameter)));
        if passed {
            wrongly_named.push(parameter.to_string_lossy().into_owned());
        }
    }
    if !wrongly_named.is_empty() {
        return exc::type_error(format!(
            "{}() got some positional-only arguments passed as keyword arguments: '{}'",
            func_name(func),
            wrongly_named.join(", ")
        ));
    }
    let total = (code.co_argcount + code.co_kwonlyargcount) as usize;
    let candidates: Vec<String> = (posonly..total).map(|i| code.local_name(i).to_string_lossy().into_owned()).collect();
    let text = name.to_string_lossy();
    let suggestion = crate::runtime::suggestions::closest(&text, candidates.iter().map(String::as_str));
    match suggestion {
        Some(s) => exc::type_error(format!(
            "{}() got an unexpected keyword argument '{text}'. Did you mean '{s}'?",
            func_name(func)
        )),
        None => exc::type_error(format!("{}() got an unexpected keyword argument '{text}'", func_name(func))),
    }
}

/// # Safety
/// A frame under construction.
#[cold]
unsafe fn too_many_positional(func: &PyFunction, code: &PyCode, frame: &InterpreterFrame, given: usize) -> PyErr {
    let argcount = code.co_argcount as usize;
    let ndefaults = func.func_defaults.peek().map_or(0, |d| d.len());
    let kwonly = code.co_kwonlyargcount as usize;
    // SAFETY: parameter slots of the frame.
    let kwonly_given = (argcount..argcount + kwonly).filter(|&i| unsafe { !(*frame.local(i)).is_null() }).count();
    let (takes, plural) = if ndefaults > 0 {
        (format!("from {} to {argcount}", argcount - ndefaults), true)
    } else {
        (format!("{argcount}"), argcount != 1)
    };
    let extra = if kwonly_given > 0 {
        format!(
            " positional argument{} (and {kwonly_given} keyword-only argument{})",
            if given != 1 { "s" } else { "" },
            if kwonly_given != 1 { "s" } else { "" }
        )
    } else {
        String::new()
    };
    exc::type_error(format!(
        "{}() takes {takes} positional argument{} but {given}{extra} {} given",
        func_name(func),
        if plural { "s" } else { "" },
        if given == 1 && kwonly_given == 0 { "was" } else { "were" }
    ))
}

#[cold]
fn missing_arguments(func: &PyFunction, kind: &str, names: &[Ref<PyStr>]) -> PyErr {
    let quoted: Vec<String> = names
        .iter()
        .map(|n| protocol::repr(n.as_object()).map(|r| r.to_string_lossy().into_owned()).unwrap_or_default())
        .collect();
    let list = match quoted.as_slice() {
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
        [] => String::new(),
    };
    exc::type_error(format!(
        "{}() missing {} required {kind} argument{}: {list}",
        func_name(func),
        names.len(),
        if names.len() == 1 { "" } else { "s" }
    ))
}

/// How messages name a callable: `f()` for functions, `module.f()` for others with a qualified name.
pub fn function_text(callable: &PyObject) -> String {
    if let Some(func) = callable.downcast_ref::<PyFunction>() {
        let module = func.func_module.get();
        let module = module.as_ref().and_then(|m| m.downcast_ref::<PyStr>()).map(|m| m.to_string_lossy().into_owned());
        return match module {
            Some(m) if m != "builtins" => format!("{m}.{}()", func_name(func)),
            _ => format!("{}()", func_name(func)),
        };
    }
    let qualname = protocol::getattr_opt(callable, crate::intern!("__qualname__")).ok().flatten();
    let Some(qualname) = qualname.as_ref().and_then(|q| q.downcast_ref::<PyStr>()) else {
        return protocol::str(callable).map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    };
    let module = protocol::getattr_opt(callable, crate::intern!("__module__")).ok().flatten();
    match module.as_ref().and_then(|m| m.downcast_ref::<PyStr>()).map(|m| m.to_string_lossy().into_owned()) {
        Some(m) if m != "builtins" => format!("{m}.{}()", qualname.to_string_lossy()),
        _ => format!("{}()", qualname.to_string_lossy()),
    }
}

/// The vectorcall of Python functions: for calls that come from Rust or C.
///
/// # Safety
/// The C API's vectorcall contract.
pub unsafe extern "C-unwind" fn function_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    match unsafe { call_function(callable, args, nargsf & !(1 << 63), kwnames) } {
        Ok(value) => value.into_raw(),
        Err(e) => e.restore_null(),
    }
}

/// # Safety
/// As for [`function_vectorcall`].
unsafe fn call_function(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> PyResult<ObjRef> {
    let ts = thread::current();
    // SAFETY: the caller's promise; the words borrow from the caller, who keeps the arguments alive during the call.
    unsafe {
        let func: &PyFunction = (*callable).cast_unchecked_ref();
        let kwnames: Option<&PyTuple> = kwnames.as_ref().map(|k| k.cast_unchecked_ref());
        let total = nargs + kwnames.map_or(0, PyTuple::len);
        let mut small = [StackRef::NULL; 8];
        let mut large;
        let words: &mut [StackRef] = if total <= small.len() {
            &mut small[..total]
        } else {
            large = vec![StackRef::NULL; total];
            &mut large
        };
        for (i, word) in words.iter_mut().enumerate() {
            *word = StackRef::borrowed(&**args.add(i));
        }
        let call = CallArgs { args: words.as_mut_ptr(), nargs, kwnames };
        let frame = make_frame(ts, func.to_ref(), call, core::ptr::null_mut())?;
        eval_frame(ts, frame, None)
    }
}

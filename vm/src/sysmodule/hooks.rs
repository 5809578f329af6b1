//! The default hooks: showing results, exceptions and unraisable errors, entering a debugger, and the plain REPL's function.

use crate::args::KwArgs;
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct};
use crate::protocol::{call, object as po};
use crate::runtime::sys_state;
use crate::types::exceptions::PyBaseException;
use crate::types::str::PyStr;

/// Writes text to a file object through its `write` method.
pub fn write_to(file: &PyObject, text: &PyObject) -> PyResult<()> {
    call::call_method(file, crate::intern!("write"), &[text]).map(drop)
}

/// `sys.displayhook`.
pub fn displayhook(object: &PyObject) -> PyResult<()> {
    let Some(builtins) = sys_state::modules()?.get_name("builtins") else {
        return Err(exc::runtime_error("lost builtins module"));
    };
    // None is not shown, and does not become `_`.
    if crate::is_none(object) {
        return Ok(());
    }
    let underscore = crate::intern!("_");
    po::setattr(&builtins, underscore, Some(crate::none_ref()))?;
    let Some(out) = sys_state::get_not_none("stdout") else {
        return Err(exc::runtime_error("lost sys.stdout"));
    };
    let text = po::repr(object)?;
    match write_to(&out, text.as_object()) {
        Ok(()) => {}
        Err(e) if e.matches(exc::UnicodeEncodeError()) => write_unencodable(&out, &text)?,
        Err(e) => return Err(e),
    }
    write_to(&out, PyStr::new("\n").as_object())?;
    po::setattr(&builtins, underscore, Some(object))
}

/// Text with characters that the file's encoding lacks: shown with backslash escapes.
fn write_unencodable(out: &PyObject, text: &PyStr) -> PyResult<()> {
    let encoding = po::getattr(out, crate::intern!("encoding"))?;
    let errors = PyStr::new("backslashreplace");
    let encoded = call::call_method(text.as_object(), crate::intern!("encode"), &[&encoding, errors.as_object()])?;
    match po::getattr_opt(out, crate::intern!("buffer"))? {
        Some(buffer) => {
            write_to(&buffer, &encoded)?;
            Ok(())
        }
        None => {
            let strict = PyStr::new("strict");
            let decoded = call::call_method(&encoded, crate::intern!("decode"), &[&encoding, strict.as_object()])?;
            write_to(out, &decoded)
        }
    }
}

/// `sys.excepthook`.
pub fn excepthook(_exctype: &PyObject, value: &PyObject, traceback: &PyObject) -> PyResult<()> {
    crate::runtime::traceback_print::display(value, Some(traceback));
    Ok(())
}

/// `sys.unraisablehook`.
pub fn unraisablehook(unraisable: &PyObject) -> PyResult<()> {
    if !unraisable.is_exact_type(super::structs::UNRAISABLE_ARGS.get()?) {
        return Err(exc::type_error("sys.unraisablehook argument type must be UnraisableHookArgs"));
    }
    let field = |i: usize| -> Option<ObjRef> {
        // SAFETY: the type was checked; it has five fields.
        unsafe { crate::types::structseq::get_field(unraisable, i) }.filter(|value| !crate::is_none(value))
    };
    let Some(file) = sys_state::get_not_none("stderr") else { return Ok(()) };
    let write = |text: &str| write_to(&file, PyStr::new(text).as_object());
    match (field(3), field(4)) {
        (Some(message), object) => {
            write_to(&file, po::str(&message)?.as_object())?;
            if let Some(object) = object {
                write(": ")?;
                match po::repr(&object) {
                    Ok(text) => write_to(&file, text.as_object())?,
                    Err(_) => write("<object repr() failed>")?,
                }
            }
            write(":\n")?;
        }
        (None, Some(object)) => {
            write("Exception ignored in: ")?;
            match po::repr(&object) {
                Ok(text) => write_to(&file, text.as_object())?,
                Err(_) => write("<object repr() failed>")?,
            }
            write("\n")?;
        }
        (None, None) => {}
    }
    match field(1) {
        Some(value) => {
            if let (Some(e), Some(tb)) = (value.downcast_ref::<PyBaseException>(), field(2))
                && e.traceback.is_null()
            {
                e.set_traceback(Some(tb));
            }
            crate::runtime::traceback_print::print_to(&file, &value)?;
        }
        None => {
            // Only the class is known.
            if let Some(ty) = field(0) {
                let name = po::getattr(&ty, crate::intern!("__name__"))?;
                write_to(&file, po::str(&name)?.as_object())?;
                write("\n")?;
            }
        }
    }
    call::call_method(&file, crate::intern!("flush"), &[]).map(drop)
}

/// `sys.breakpointhook`: what `PYTHONBREAKPOINT` names, by default `pdb.set_trace`.
pub fn breakpointhook(args: &[&PyObject], kws: &KwArgs<'_>) -> PyResult<ObjRef> {
    let variable = if super::config::get().ignore_environment { None } else { std::env::var("PYTHONBREAKPOINT").ok() };
    let name = match variable.as_deref() {
        None | Some("") => "pdb.set_trace",
        Some("0") => return Ok(crate::none()),
        Some(name) => name,
    };
    let (module, attribute) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let warn = || {
        let message = format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{name}\"");
        crate::runtime::warnings::warn(exc::RuntimeWarning(), message, 0).map(|()| crate::none())
    };
    if module.is_empty() {
        return warn();
    }
    let module = match crate::import::import_module(module) {
        Ok(module) => module,
        Err(e) if e.matches(exc::ImportError()) || e.matches(exc::ValueError()) => return warn(),
        Err(e) => return Err(e),
    };
    let Some(hook) = po::getattr_opt(&module, &PyStr::interned(attribute))? else { return warn() };
    let kwargs = kws.to_dict()?;
    call::call_tuple(&hook, &crate::types::tuple::PyTuple::from_slice(args), kwargs.as_deref())
}

/// What runs the plain REPL; the command line installs it.
struct BaseRepl(core::cell::Cell<Option<fn() -> PyResult<()>>>);
// SAFETY: set before Python code runs.
unsafe impl Sync for BaseRepl {}
static BASE_REPL: BaseRepl = BaseRepl(core::cell::Cell::new(None));

/// Installs the plain REPL for `sys._baserepl`.
pub fn install_base_repl(repl: fn() -> PyResult<()>) {
    BASE_REPL.0.set(Some(repl));
}

/// `sys._baserepl`.
pub fn base_repl() -> PyResult<()> {
    match BASE_REPL.0.get() {
        Some(repl) => repl(),
        None => Err(exc::runtime_error("there is no interactive loop")),
    }
}

//! Calls, function creation, and leaving frames.

use core::cell::Cell;

use super::consumers::{self, Consumer};
use crate::err::PyResult;
use crate::exc;
use crate::interp::awaited;
use crate::interp::call::{self, CallArgs};
use crate::interp::frame::{self, InterpreterFrame};
use crate::interp::instructions::Fast;
use crate::interp::machine::Machine;
use crate::interp::opcode::*;
use crate::interp::pending;
use crate::interp::specialize::call::{plain_init, takes_exactly};
use crate::interp::stackref::StackRef;
use crate::object::defs::{PyMethodDef, meth};
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use crate::object::typeobj::PyTypeObject;
use crate::protocol::{call as call_protocol, object as protocol, sequence};
use crate::runtime::thread::breaker;
use crate::types::builtin_function::PyCFunction;
use crate::types::code::{PyCode, co_flags};
use crate::types::descr::method::PyMethodDescr;
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::generator::PyGenerator;
use crate::types::list::PyList;
use crate::types::method::PyMethod;
use crate::types::tuple::PyTuple;

/// Units of inline cache behind `CALL`.
const CALL_CACHE: usize = 3;

/// Is it a Python function that the loop can enter by itself?
#[inline(always)]
fn enterable(callable: &PyObject) -> Option<&PyFunction> {
    let func = callable.downcast_exact::<PyFunction>()?;
    let own = func.vectorcall.get().map(|f| f as usize) == Some(call::function_vectorcall as *const () as usize);
    if own { Some(func) } else { None }
}

/// Starts `frame` on top of the present one. `offset` is where the present one goes on, from its call instruction.
#[inline(always)]
fn enter(m: &mut Machine<'_>, frame: *mut InterpreterFrame, offset: usize) -> PyResult<()> {
    if m.ts.py_recursion_remaining.get() <= 0 {
        return Err(refuse(m.ts, frame));
    }
    go_on_in(m, frame, offset);
    Ok(())
}

#[cold]
#[inline(never)]
fn refuse(ts: &crate::runtime::thread::PyThreadState, frame: *mut InterpreterFrame) -> crate::PyErr {
    // SAFETY: the frame was pushed last and never ran.
    unsafe { frame::clear_frame(ts, frame) };
    crate::interp::dispatch::recursion_error(ts)
}

/// Enters `func` with `nargs` words that match its parameters exactly; `drop` words leave the stack in all (the
/// arguments among them, which move into the frame), the rest below the arguments is closed.
#[inline(always)]
pub fn enter_exact(
    m: &mut Machine<'_>,
    func: Ref<PyFunction>,
    args: *mut StackRef,
    nargs: usize,
    drop: usize,
    offset: usize,
) -> PyResult<()> {
    let code: *const PyCode = func.code();
    // SAFETY: the words are moved into the frame once; the function keeps the code alive until the frame does.
    unsafe {
        let frame = frame::push_frame(m.ts, func, None, &*code, nargs, m.frame);
        if frame.is_null() {
            return Err(exc::memory_error());
        }
        for i in 0..nargs {
            *(*frame).local(i) = *args.add(i);
        }
        m.shrink(drop);
        enter(m, frame, offset)
    }
}

/// `CALL`: callable, self or NULL, `argc` arguments.
#[inline(always)]
pub fn call(m: &mut Machine<'_>, argc: usize) -> PyResult<()> {
    if argc == 1
        && PyGenerator::check_exact(m.peek_obj(1))
        && let Some(done) = call_over_generator(m)
    {
        return done;
    }
    let callable = m.peek_obj(argc + 2);
    let mut has_self = !m.peek(argc + 1).is_null();
    let mut callable = callable;
    if !has_self {
        if let Some(method) = callable.downcast_exact::<PyMethod>() {
            // Unpack a bound method into the two slots below the arguments.
            let old = m.peek(argc + 2);
            // SAFETY: methods hold both; each word takes its own reference before the method goes.
            let (func, this) = (&*method.im_func, &*method.im_self);
            m.set_peek(argc + 1, StackRef::new(this));
            m.set_peek(argc + 2, StackRef::new(func));
            // SAFETY: replaced on the stack.
            unsafe { old.close() };
            callable = m.peek_obj(argc + 2);
            has_self = true;
        }
    }
    if let Some(func) = enterable(callable) {
        let nargs = argc + has_self as usize;
        let args = CallArgs { args: m.top_n(nargs), nargs, kwnames: None };
        let func = func.to_ref();
        // SAFETY: the words are on the stack; binding consumes them.
        let frame = unsafe { call::make_frame(m.ts, func, args, m.frame) };
        m.shrink(nargs);
        return finish_python_call(m, frame, if has_self { 1 } else { 2 }, 1 + CALL_CACHE);
    }
    let nargs = argc + has_self as usize;
    let value = vectorcall_words(callable, m.top_n(nargs), nargs, has_self, None)?;
    m.drop_n(argc);
    let this = m.pop();
    let function = m.pop();
    m.push_owned(value);
    // SAFETY: popped.
    unsafe {
        this.close();
        function.close();
    }
    m.skip(CALL_CACHE);
    after_native(m)
}

/// A call with a generator as its only argument, of what has a [`Consumer`].
#[inline(always)]
pub fn call_over_generator(m: &mut Machine<'_>) -> Option<PyResult<()>> {
    let generator = m.peek_obj(1).downcast_exact::<PyGenerator>()?;
    // SAFETY: a word on the stack.
    let consumer = Consumer::of(m.peek_obj(3), unsafe { m.peek(2).opt() })?;
    if crate::interp::instrument::watched() {
        return None;
    }
    let function = match consumers::function(consumer, generator) {
        Ok(function) => function.to_ref(),
        Err(e) => return Some(Err(e)),
    };
    // Callable, self or NULL, generator: what the function does not want goes.
    let items = m.pop();
    let count = consumer.parameters().len();
    match count {
        1 => m.drop_n(2),
        2 => m.drop_n(1),
        _ => {}
    }
    m.push(items);
    Some(enter_exact(m, function, m.top_n(count), count, count, 1 + CALL_CACHE))
}

/// What waits is seen to after a call that stayed outside of Python: a signal that interrupted it is handled here, not in
/// whatever comes next.
#[inline(always)]
fn after_native(m: &Machine<'_>) -> PyResult<()> {
    // Tools keep their bit set while they are active; they look at function entries.
    if m.ts.eval_breaker.load(core::sync::atomic::Ordering::Relaxed) & !breaker::INSTRUMENTATION_CHANGED == 0 {
        return Ok(());
    }
    m.save_sp();
    pending::handle(m.ts)
}

/// After the arguments moved: drops the `below` words that remain of the call (callable, NULL) and enters the frame.
#[inline(always)]
fn finish_python_call(
    m: &mut Machine<'_>,
    frame: PyResult<*mut InterpreterFrame>,
    below: usize,
    offset: usize,
) -> PyResult<()> {
    let frame = frame?;
    // The frame owns the function: closing the callable's word cannot be the end of it.
    m.drop_n(below);
    enter(m, frame, offset)
}

/// Calls through the vectorcall protocol with words from the stack, which stay the caller's to close.
#[inline(never)]
fn vectorcall_words(
    callable: &PyObject,
    args: *mut StackRef,
    nargs: usize,
    has_slot_below: bool,
    kwnames: Option<&PyTuple>,
) -> PyResult<ObjRef> {
    let total = nargs + kwnames.map_or(0, PyTuple::len);
    let mut small = [core::ptr::null_mut::<PyObject>(); 10];
    let mut large;
    // One slot in front, so that bound methods can put `self` there without copying.
    let pointers: &mut [*mut PyObject] = if total < small.len() {
        &mut small[..total + 1]
    } else {
        large = vec![core::ptr::null_mut(); total + 1];
        &mut large
    };
    let _ = has_slot_below;
    for i in 0..total {
        // SAFETY: the words are live on the stack during the call.
        pointers[i + 1] = unsafe { (*args.add(i)).as_ptr() };
    }
    // SAFETY: the vectorcall contract: live arguments, one spare slot in front.
    unsafe {
        call_protocol::vectorcall(
            callable,
            pointers.as_ptr().add(1),
            nargs | 1 << 63,
            kwnames.map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr()),
        )
    }
}

/// Specialized calls of Python functions whose version and argument count were seen. Cache: counter, version (2 units).
#[inline(always)]
pub fn call_py_exact<const OP: u8>(m: &mut Machine<'_>, argc: usize) -> Fast {
    let version = m.cache32(1);
    let callable = m.peek(argc + 2);
    if OP == CALL_BOUND_METHOD_EXACT_ARGS {
        if !m.peek(argc + 1).is_null() {
            return Fast::Miss;
        }
        let Some(method) = m.peek_obj(argc + 2).downcast_exact::<PyMethod>() else { return Fast::Miss };
        // SAFETY: methods hold both.
        let (func, this) = (&*method.im_func, &*method.im_self);
        let Some(func) = func.downcast_exact::<PyFunction>() else { return Fast::Miss };
        let code = func.code();
        if func.version() != version || code.co_argcount as usize != argc + 1 {
            return Fast::Miss;
        }
        if !has_room(m, code) {
            return Fast::Rare;
        }
        m.set_peek(argc + 1, StackRef::new(this));
        // SAFETY: there is room; the words move once.
        let frame = unsafe { start_exact(m, func.to_ref(), code, argc + 1) };
        m.shrink(argc + 2);
        // SAFETY: the word was moved out; function and self have their own references.
        unsafe { callable.close() };
        go_on_in(m, frame, 1 + CALL_CACHE);
        return Fast::Done;
    }
    let Some(func) = m.peek_obj(argc + 2).downcast_exact::<PyFunction>() else { return Fast::Miss };
    let nargs = argc + !m.peek(argc + 1).is_null() as usize;
    let code: *const PyCode = func.code();
    // SAFETY: the function keeps the code alive, and the frame both.
    let code = unsafe { &*code };
    if func.version() != version || code.co_argcount as usize != nargs {
        return Fast::Miss;
    }
    if !has_room(m, code) {
        return Fast::Rare;
    }
    // SAFETY: the callable's word becomes the frame's reference to the function, an exact one; the words move once.
    let frame = unsafe { start_exact(m, callable.into_owned().cast_unchecked(), code, nargs) };
    m.shrink(argc + 2);
    go_on_in(m, frame, 1 + CALL_CACHE);
    Fast::Done
}

/// Can a frame of `code` be pushed without more memory and without reaching the recursion limit?
#[inline(always)]
fn has_room(m: &Machine<'_>, code: &PyCode) -> bool {
    m.ts.py_recursion_remaining.get() > 0 && frame::has_slots(m.ts, code.co_framesize as usize)
}

/// A frame for a call whose `nargs` arguments, on top of the stack, match the parameters exactly. They move into it.
///
/// # Safety
/// [`has_room`]; the words are not used again.
#[inline(always)]
unsafe fn start_exact(m: &Machine<'_>, func: Ref<PyFunction>, code: &PyCode, nargs: usize) -> *mut InterpreterFrame {
    let args = m.top_n(nargs);
    // SAFETY: the caller's promise.
    unsafe {
        let frame = frame::push_frame_in_room(m.ts, func, code, nargs, m.frame);
        for i in 0..nargs {
            *(*frame).local(i) = *args.add(i);
            frame::few_rounds();
        }
        frame
    }
}

/// Goes on in a frame that was started; the present one goes on `offset` units after its instruction.
#[inline(always)]
fn go_on_in(m: &mut Machine<'_>, frame: *mut InterpreterFrame, offset: usize) {
    m.ts.py_recursion_remaining.set(m.ts.py_recursion_remaining.get() - 1);
    m.frame().return_offset.set(offset as u16);
    m.save_sp();
    m.enter(frame);
}

/// `C(...)` for a plain class with a Python `__init__`: allocates, then enters `__init__` in this loop.
/// Cache: counter, type version (2 units).
#[inline(always)]
pub fn alloc_and_enter_init(m: &mut Machine<'_>, argc: usize) -> Option<PyResult<()>> {
    if !m.peek(argc + 1).is_null() {
        return None;
    }
    let ty = m.peek_obj(argc + 2).downcast_ref::<PyTypeObject>()?;
    let version = m.cache32(1);
    if version == 0 || ty.tp_version_tag.get() != version {
        return None;
    }
    let init = ty.as_heap()?.spec_cache_init.get();
    if init.is_null() {
        return None;
    }
    // SAFETY: cached while the type's version stands; the type's dict keeps it alive.
    let init: &PyFunction = unsafe { (*init).cast_unchecked_ref() };
    // Its code may have been replaced.
    if !takes_exactly(init, argc + 1) {
        return None;
    }
    let init = init.to_ref();
    let tp_alloc = ty.tp_alloc.get()?;
    // SAFETY: allocation of a ready type, as object.__new__ does it.
    let object = match unsafe { ObjRef::from_c_result(tp_alloc(ty as *const _ as *mut _, 0)) } {
        Ok(object) => object,
        Err(e) => return Some(Err(e)),
    };
    // Stack now: type, NULL, args. It becomes: new object, [frame: self, args].
    let type_word = m.peek(argc + 2);
    let this = StackRef::new(&object);
    m.set_peek(argc + 2, StackRef::owned(object));
    m.set_peek(argc + 1, this);
    // SAFETY: replaced on the stack; the instance keeps its type alive.
    unsafe { type_word.close() };
    let args = m.top_n(argc + 1);
    // A small frame in between checks that __init__ returned None and hands out the object.
    let shim = match push_init_shim(m, &init) {
        Ok(shim) => shim,
        Err(e) => return Some(Err(e)),
    };
    let code: *const PyCode = init.code();
    // SAFETY: the words move into the frame once.
    unsafe {
        let frame = frame::push_frame(m.ts, init, None, &*code, argc + 1, shim);
        if frame.is_null() {
            frame::clear_frame(m.ts, shim);
            return Some(Err(exc::memory_error()));
        }
        for i in 0..argc + 1 {
            *(*frame).local(i) = *args.add(i);
        }
        m.shrink(argc + 1);
        // The new object moves from the caller's stack to the shim's.
        let object = m.pop();
        let shim_frame = &*shim;
        *shim_frame.stackpointer.get() = object;
        shim_frame.stackpointer.set(shim_frame.stackpointer.get().add(1));
        let remaining = m.ts.py_recursion_remaining.get();
        if remaining <= 1 {
            frame::clear_frame(m.ts, frame);
            frame::clear_frame(m.ts, shim);
            return Some(Err(crate::interp::dispatch::recursion_error(m.ts)));
        }
        m.ts.py_recursion_remaining.set(remaining - 2);
        m.frame().return_offset.set((1 + CALL_CACHE) as u16);
        m.save_sp();
        m.enter(frame);
    }
    Some(Ok(()))
}

/// `C(*args, **kwargs)` for a class with a [`plain_init`]: makes the instance, then enters `__init__` in this loop.
#[inline(never)]
fn enter_init_from_tuple(
    m: &mut Machine<'_>,
    class: &PyTypeObject,
    init: Ref<PyFunction>,
    args: &PyTuple,
    kwargs: Option<&PyObject>,
) -> PyResult<()> {
    let Some(tp_alloc) = class.tp_alloc.get() else { return Err(exc::system_error("a class without instances")) };
    // SAFETY: allocation of a ready type, as object.__new__ does it.
    let object = unsafe { ObjRef::from_c_result(tp_alloc(class as *const _ as *mut _, 0))? };
    let shim = push_init_shim(m, &init)?;
    // SAFETY: frames that have just been pushed, in order, and never ran.
    unsafe {
        let frame = match frame_from_tuple(m.ts, init, Some(&object), args, kwargs, shim) {
            Ok(frame) => frame,
            Err(e) => {
                frame::clear_frame(m.ts, shim);
                return Err(e);
            }
        };
        *(*shim).stackpointer.get() = StackRef::owned(object);
        (*shim).stackpointer.set((*shim).stackpointer.get().add(1));
        let remaining = m.ts.py_recursion_remaining.get();
        if remaining <= 1 {
            frame::clear_frame(m.ts, frame);
            frame::clear_frame(m.ts, shim);
            return Err(crate::interp::dispatch::recursion_error(m.ts));
        }
        m.ts.py_recursion_remaining.set(remaining - 1);
        m.drop_n(4);
        go_on_in(m, frame, 1);
    }
    Ok(())
}

/// The code of the frame between a constructor call and `__init__`: check the result, return the object.
pub fn init_shim_code() -> PyResult<Ref<PyCode>> {
    static SHIM: crate::object::OptRef<PyCode> = crate::object::OptRef::NULL;
    if let Some(code) = SHIM.get() {
        return Ok(code);
    }
    let code = PyCode::internal("__init__ check", vec![EXIT_INIT_CHECK, 0, RETURN_VALUE, 0, RESUME, 0], 2)?;
    SHIM.set(Some(code.clone()));
    Ok(code)
}

#[inline(never)]
fn push_init_shim(m: &Machine<'_>, init: &PyFunction) -> PyResult<*mut InterpreterFrame> {
    let code = init_shim_code()?;
    // SAFETY: a frame of the shim's code; it has no locals.
    let shim = unsafe { frame::push_frame(m.ts, init.to_ref(), None, &code, 0, m.frame) };
    if shim.is_null() { Err(exc::memory_error()) } else { Ok(shim) }
}

/// `__init__` came back: its result must be None.
#[inline(always)]
pub fn exit_init_check(m: &mut Machine<'_>) -> PyResult<()> {
    let result = m.peek_obj(1);
    if !crate::is_none(result) {
        return Err(bad_init_result(result));
    }
    m.drop_top();
    Ok(())
}

#[cold]
#[inline(never)]
fn bad_init_result(result: &PyObject) -> crate::PyErr {
    exc::type_error(format!("__init__() should return None, not '{}'", result.ty().name()))
}

/// A built-in function that calls recognise by its definition record; filled in when a call of it is first specialized.
pub struct KnownFunction(Cell<*const PyMethodDef>);

// SAFETY: touched under the GIL only.
unsafe impl Sync for KnownFunction {}

pub static LEN: KnownFunction = KnownFunction::UNKNOWN;
pub static ISINSTANCE: KnownFunction = KnownFunction::UNKNOWN;
pub static LIST_APPEND: KnownFunction = KnownFunction::UNKNOWN;

impl KnownFunction {
    /// None has been met yet.
    pub const UNKNOWN: KnownFunction = KnownFunction(Cell::new(core::ptr::null()));

    /// Is this its definition?
    #[inline(always)]
    pub fn has(&self, def: &PyMethodDef) -> bool {
        core::ptr::eq(def, self.0.get())
    }

    /// Is `callable` a call of this very function?
    #[inline(always)]
    fn is(&self, callable: &PyObject) -> bool {
        callable.downcast_exact::<PyCFunction>().is_some_and(|f| core::ptr::eq(f.def(), self.0.get()))
    }

    /// Remembers the definition.
    pub fn learn(&self, def: &PyMethodDef) {
        self.0.set(def);
    }
}

/// `type(x)`, `str(x)`, `tuple(x)`, `len(x)`, `isinstance(x, C)`, `list.append(x)`, recognised by identity.
#[inline(always)]
pub fn call_known(m: &mut Machine<'_>, op: u8, argc: usize) -> Option<PyResult<()>> {
    let callable = m.peek_obj(argc + 2);
    match op {
        CALL_TYPE_1 if argc == 1 && callable.is(PyTypeObject::type_object().as_object()) && m.peek(2).is_null() => {
            let ty = m.peek_obj(1).ty().to_obj();
            finish_known(m, argc, ty);
            Some(Ok(()))
        }
        CALL_STR_1
            if argc == 1 && callable.is(crate::types::str::PyStr::type_object().as_object()) && m.peek(2).is_null() =>
        {
            match protocol::str(m.peek_obj(1)) {
                Ok(text) => {
                    finish_known(m, argc, text.into_obj());
                    Some(Ok(()))
                }
                Err(e) => Some(Err(e)),
            }
        }
        CALL_TUPLE_1 if argc == 1 && callable.is(PyTuple::type_object().as_object()) && m.peek(2).is_null() => {
            match sequence::to_tuple(m.peek_obj(1)) {
                Ok(tuple) => {
                    finish_known(m, argc, tuple.into_obj());
                    Some(Ok(()))
                }
                Err(e) => Some(Err(e)),
            }
        }
        CALL_LEN if argc == 1 && m.peek(2).is_null() && LEN.is(callable) => match protocol::size(m.peek_obj(1)) {
            Ok(n) => {
                finish_known(m, argc, crate::types::int::PyInt::from_usize(n).into_obj());
                Some(Ok(()))
            }
            Err(e) => Some(Err(e)),
        },
        CALL_ISINSTANCE if argc == 2 && m.peek(3).is_null() && ISINSTANCE.is(callable) => {
            match protocol::is_instance(m.peek_obj(2), m.peek_obj(1)) {
                Ok(yes) => {
                    finish_known(m, argc, crate::py_bool(yes));
                    Some(Ok(()))
                }
                Err(e) => Some(Err(e)),
            }
        }
        CALL_LIST_APPEND if argc == 1 => {
            let list = m.peek(2);
            // SAFETY: a word on the stack.
            let list = unsafe { list.opt() }?.downcast_exact::<PyList>()?;
            let descr = callable.downcast_exact::<PyMethodDescr>()?;
            if !core::ptr::eq(descr.d_method.get(), LIST_APPEND.0.get()) {
                return None;
            }
            let value = m.pop_owned();
            let result = list.append(value);
            let list = m.pop();
            let function = m.pop();
            // SAFETY: popped.
            unsafe {
                list.close();
                function.close();
            }
            if let Err(e) = result {
                return Some(Err(e));
            }
            m.push(StackRef::borrowed(crate::none_ref()));
            m.skip(CALL_CACHE);
            Some(Ok(()))
        }
        _ => None,
    }
}

/// Replaces callable, NULL and arguments by the result.
#[inline(always)]
fn finish_known(m: &mut Machine<'_>, argc: usize, value: ObjRef) {
    m.drop_n(argc + 2);
    m.push_owned(value);
    m.skip(CALL_CACHE);
}

type FastCall = unsafe extern "C-unwind" fn(*mut PyObject, *const *mut PyObject, isize) -> *mut PyObject;
type FastKw = unsafe extern "C-unwind" fn(*mut PyObject, *const *mut PyObject, isize, *mut PyObject) -> *mut PyObject;
type One = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

/// Built-in functions and methods whose C function is called directly by its convention.
#[inline(always)]
pub fn call_builtin(m: &mut Machine<'_>, op: u8, argc: usize) -> Option<PyResult<()>> {
    let callable = m.peek_obj(argc + 2);
    let result = match op {
        CALL_BUILTIN_CLASS => {
            if !m.peek(argc + 1).is_null() {
                return None;
            }
            let ty = callable.downcast_ref::<PyTypeObject>()?;
            let vectorcall = ty.tp_vectorcall.get()?;
            call_with_pointers(m, argc, |args, n| {
                // SAFETY: the vectorcall contract.
                unsafe { vectorcall(callable.as_ptr(), args, n | 1 << 63, core::ptr::null_mut()) }
            })
        }
        CALL_METHOD_DESCRIPTOR_NOARGS
        | CALL_METHOD_DESCRIPTOR_O
        | CALL_METHOD_DESCRIPTOR_FAST
        | CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS => {
            let descr = callable.downcast_exact::<PyMethodDescr>()?;
            let this = m.peek(argc + 1);
            // SAFETY: a word on the stack.
            let this = unsafe { this.opt() }?;
            // SAFETY: descriptors keep type and definition alive.
            let (ty, def) = unsafe { (&*descr.d_type, &*descr.d_method.get()) };
            if !core::ptr::eq(this.ty(), ty) && !this.ty().is_subtype(ty) {
                return None;
            }
            let flags = def.ml_flags & !(meth::COEXIST);
            match op {
                CALL_METHOD_DESCRIPTOR_NOARGS => {
                    if argc != 0 || flags != meth::NOARGS {
                        return None;
                    }
                    // SAFETY: the convention says so.
                    unsafe {
                        let f: One = core::mem::transmute(def.ml_meth);
                        f(this.as_ptr(), core::ptr::null_mut())
                    }
                }
                CALL_METHOD_DESCRIPTOR_O => {
                    if argc != 1 || flags != meth::O {
                        return None;
                    }
                    // SAFETY: the convention says so.
                    unsafe {
                        let f: One = core::mem::transmute(def.ml_meth);
                        f(this.as_ptr(), m.peek(1).as_ptr())
                    }
                }
                CALL_METHOD_DESCRIPTOR_FAST => {
                    if flags != meth::FASTCALL {
                        return None;
                    }
                    call_with_pointers(m, argc, |args, n| {
                        // SAFETY: the convention says so.
                        unsafe {
                            let f: FastCall = core::mem::transmute(def.ml_meth);
                            f(this.as_ptr(), args, n as isize)
                        }
                    })
                }
                _ => {
                    if flags != meth::FASTCALL | meth::KEYWORDS {
                        return None;
                    }
                    call_with_pointers(m, argc, |args, n| {
                        // SAFETY: the convention says so.
                        unsafe {
                            let f: FastKw = core::mem::transmute(def.ml_meth);
                            f(this.as_ptr(), args, n as isize, core::ptr::null_mut())
                        }
                    })
                }
            }
        }
        _ => {
            if !m.peek(argc + 1).is_null() {
                return None;
            }
            let function = callable.downcast_exact::<PyCFunction>()?;
            let def = function.def();
            let this = function.receiver_ptr();
            let flags = def.ml_flags & !(meth::STATIC | meth::COEXIST);
            match op {
                CALL_BUILTIN_O => {
                    if argc != 1 || flags != meth::O {
                        return None;
                    }
                    // SAFETY: the convention says so.
                    unsafe {
                        let f: One = core::mem::transmute(def.ml_meth);
                        f(this, m.peek(1).as_ptr())
                    }
                }
                CALL_BUILTIN_FAST => {
                    if flags != meth::FASTCALL {
                        return None;
                    }
                    call_with_pointers(m, argc, |args, n| {
                        // SAFETY: the convention says so.
                        unsafe {
                            let f: FastCall = core::mem::transmute(def.ml_meth);
                            f(this, args, n as isize)
                        }
                    })
                }
                _ => {
                    if flags != meth::FASTCALL | meth::KEYWORDS {
                        return None;
                    }
                    call_with_pointers(m, argc, |args, n| {
                        // SAFETY: the convention says so.
                        unsafe {
                            let f: FastKw = core::mem::transmute(def.ml_meth);
                            f(this, args, n as isize, core::ptr::null_mut())
                        }
                    })
                }
            }
        }
    };
    // SAFETY: C functions return an owned reference, or null with an exception set.
    Some(match unsafe { call_protocol::check_result(callable, result) } {
        Ok(value) => {
            m.drop_n(argc + 2);
            m.push_owned(value);
            m.skip(CALL_CACHE);
            after_native(m)
        }
        Err(e) => Err(e),
    })
}

/// Lays the argument words out as plain pointers (words may carry a tag), with a spare slot in front.
#[inline(always)]
fn call_with_pointers(
    m: &Machine<'_>,
    argc: usize,
    f: impl FnOnce(*const *mut PyObject, usize) -> *mut PyObject,
) -> *mut PyObject {
    const SMALL: usize = 6;
    if argc < SMALL {
        let mut pointers = [core::ptr::null_mut::<PyObject>(); SMALL];
        for i in 0..argc {
            pointers[i + 1] = m.peek(argc - i).as_ptr();
        }
        f(&raw const pointers[1], argc)
    } else {
        let mut pointers = vec![core::ptr::null_mut::<PyObject>(); argc + 1];
        for i in 0..argc {
            pointers[i + 1] = m.peek(argc - i).as_ptr();
        }
        f(&raw const pointers[1], argc)
    }
}

/// `CALL_KW`: as `CALL`, with a tuple of names for the last arguments on top.
#[inline(always)]
pub fn call_kw(m: &mut Machine<'_>, argc: usize) -> PyResult<()> {
    let names = m.pop_owned();
    // SAFETY: the compiler pushed a tuple.
    let names: Ref<PyTuple> = unsafe { names.cast_unchecked() };
    let has_self = !m.peek(argc + 1).is_null();
    let (callable, has_self) = match m.peek_obj(argc + 2).downcast_exact::<PyMethod>() {
        Some(method) if !has_self => {
            let old = m.peek(argc + 2);
            // SAFETY: methods hold both.
            let (func, this) = (&*method.im_func, &*method.im_self);
            m.set_peek(argc + 1, StackRef::new(this));
            m.set_peek(argc + 2, StackRef::new(func));
            // SAFETY: replaced on the stack.
            unsafe { old.close() };
            (m.peek_obj(argc + 2), true)
        }
        _ => (m.peek_obj(argc + 2), has_self),
    };
    let total = argc + has_self as usize;
    let nargs = total - names.len();
    if let Some(func) = enterable(callable) {
        let args = CallArgs { args: m.top_n(total), nargs, kwnames: Some(&names) };
        // SAFETY: the words are on the stack; binding consumes them.
        let frame = unsafe { call::make_frame(m.ts, func.to_ref(), args, m.frame) };
        m.shrink(total);
        return finish_python_call(m, frame, if has_self { 1 } else { 2 }, 1 + CALL_CACHE);
    }
    let value = vectorcall_words(callable, m.top_n(total), nargs, has_self, Some(&names))?;
    m.drop_n(argc + 2);
    m.push_owned(value);
    m.skip(CALL_CACHE);
    after_native(m)
}

/// `f(*args, **kwargs)`: function, NULL, args, kwargs or NULL.
#[inline(always)]
pub fn call_function_ex(m: &mut Machine<'_>) -> PyResult<()> {
    let kwargs = m.peek(1);
    // SAFETY: a word on the stack.
    let kwargs = unsafe { kwargs.opt() };
    let callable = m.peek_obj(4);
    let args = star_args(callable, m.peek_obj(2))?;
    let (function, this) = match callable.downcast_exact::<PyMethod>() {
        // SAFETY: methods hold both.
        Some(method) => (&*method.im_func, Some(&*method.im_self)),
        None => (callable, None),
    };
    if let Some(func) = enterable(function) {
        let frame = frame_from_tuple(m.ts, func.to_ref(), this, &args, kwargs, m.frame);
        let frame = frame?;
        m.drop_n(4);
        return enter(m, frame, 1);
    }
    if let Some(class) = callable.downcast_ref::<PyTypeObject>()
        && let Some(init) = plain_init(class)
        && enterable(init.as_object()).is_some()
    {
        return enter_init_from_tuple(m, class, init.to_ref(), &args, kwargs);
    }
    let value = call_with_tuple(callable, &args, kwargs)?;
    m.drop_n(4);
    m.push_owned(value);
    after_native(m)
}

#[inline(never)]
fn call_with_tuple(callable: &PyObject, args: &PyTuple, kwargs: Option<&PyObject>) -> PyResult<ObjRef> {
    call_protocol::call_tuple(callable, args, kwargs.and_then(|k| k.downcast_ref::<PyDict>()))
}

/// The positional arguments as a tuple.
#[inline(never)]
fn star_args(callable: &PyObject, args: &PyObject) -> PyResult<Ref<PyTuple>> {
    if let Some(tuple) = args.downcast_exact::<PyTuple>() {
        return Ok(tuple.to_ref());
    }
    sequence::to_tuple(args).map_err(|e| {
        let ty = args.ty();
        let indexable = ty.as_sequence().is_some_and(|s| s.sq_item.get().is_some());
        if e.matches(exc::TypeError()) && ty.tp_iter.get().is_none() && !indexable {
            exc::type_error(format!(
                "{} argument after * must be an iterable, not {}",
                call::function_text(callable),
                ty.name()
            ))
        } else {
            e
        }
    })
}

/// A frame for `func(*args, **kwargs)`, where `func` may be the function of a method that is bound to `this`.
#[inline(never)]
fn frame_from_tuple(
    ts: &crate::runtime::thread::PyThreadState,
    func: Ref<PyFunction>,
    this: Option<&PyObject>,
    args: &PyTuple,
    kwargs: Option<&PyObject>,
    previous: *mut InterpreterFrame,
) -> PyResult<*mut InterpreterFrame> {
    let mut words: Vec<StackRef> = this.into_iter().chain(args.items().iter().copied()).map(StackRef::new).collect();
    let nargs = words.len();
    let mut names = Vec::new();
    if let Some(dict) = kwargs.and_then(|k| k.downcast_ref::<PyDict>()) {
        let mut position = 0;
        while let Some((key, value)) = dict.iter_index(&mut position) {
            names.push(key);
            words.push(StackRef::owned(value));
        }
    }
    let names = if names.is_empty() { None } else { Some(PyTuple::new(names)) };
    let call_args = CallArgs { args: words.as_mut_ptr(), nargs, kwnames: names.as_deref() };
    // SAFETY: the words are consumed by binding.
    unsafe { call::make_frame(ts, func, call_args, previous) }
}

/// `MAKE_FUNCTION`.
#[inline(never)]
pub fn make_function(frame: &InterpreterFrame, code: &PyObject) -> ObjRef {
    // SAFETY: the compiler pushes a code object.
    let code: &PyCode = unsafe { code.cast_unchecked_ref() };
    PyFunction::new(code, frame.globals(), None).into_obj()
}

/// `SET_FUNCTION_ATTRIBUTE`: defaults 1, keyword defaults 2, annotations 4, closure 8, annotate 16.
#[inline(never)]
pub fn set_function_attribute(function: StackRef, value: ObjRef, which: usize) {
    // SAFETY: the compiler made the function just before, and values of these types.
    unsafe {
        let function: &PyFunction = function.get().cast_unchecked_ref();
        match which {
            1 => function.func_defaults.set(Some(value.cast_unchecked())),
            2 => function.func_kwdefaults.set(Some(value.cast_unchecked())),
            4 => function.func_annotations.set(Some(value)),
            8 => function.func_closure.set(Some(value.cast_unchecked())),
            _ => function.func_annotate.set(Some(value)),
        }
    }
}

/// Returns the value on top from an ordinary frame that nobody else looks at.
#[inline(always)]
pub fn return_value(m: &mut Machine<'_>) -> Fast {
    let frame = m.frame();
    if frame.owner.get() > frame::owner::THREAD
        || !frame.frame_obj.is_null()
        || !frame.f_locals.is_null()
        || !frame::pops_within_chunk(m.ts, m.frame as *mut StackRef)
    {
        return Fast::Rare;
    }
    // SAFETY: it is awaited, and ends.
    if frame.owner.get() == frame::owner::AWAITED && unsafe { !awaited::unlink_plainly(m.ts, m.frame) } {
        return Fast::Rare;
    }
    // SAFETY: the frame is the topmost one, and its stack holds the value alone; whatever leaves the frame owns its
    // reference.
    unsafe {
        let value = m.pop().make_owned();
        let end = m.sp;
        let previous = frame.previous.get();
        m.ts.current_frame.set(previous);
        let mut slot = frame.local(0);
        while slot < end {
            (*slot).close();
            slot = slot.add(1);
            frame::few_rounds();
        }
        frame.f_funcobj.get().close();
        frame.f_executable.get().close();
        m.ts.datastack_top.set(m.frame as *mut *mut PyObject);
        // eval_frame does the accounting for the first frame of a run.
        let counted = (*previous).owner.get() != frame::owner::INTERPRETER;
        m.ts.py_recursion_remaining.set(m.ts.py_recursion_remaining.get() + counted as i32);
        m.frame = previous;
        m.ip = (*previous).instr_ptr.get().add((*previous).return_offset.get() as usize);
        m.sp = (*previous).stackpointer.get();
        m.push(value);
    }
    Fast::Done
}

/// Ends the running frame and goes back to the one below.
#[inline(always)]
pub fn leave_frame(m: &mut Machine<'_>) {
    let frame = m.frame;
    // SAFETY: the frame is the topmost one; its stack is empty but for moved-out words.
    unsafe {
        m.save_sp();
        let previous = (*frame).previous.get();
        m.ts.current_frame.set(previous);
        m.ts.py_recursion_remaining.set(m.ts.py_recursion_remaining.get() + 1);
        frame::clear_frame(m.ts, frame);
        if (*previous).owner.get() == frame::owner::INTERPRETER {
            // eval_frame does the accounting for the first frame of a run.
            m.ts.py_recursion_remaining.set(m.ts.py_recursion_remaining.get() - 1);
        }
        m.frame = previous;
        m.ip = (*previous).instr_ptr.get().add((*previous).return_offset.get() as usize);
        m.sp = (*previous).stackpointer.get();
    }
}

/// Flags that keep a function from being entered with a plain copy of its arguments.
pub const NOT_SIMPLE: i32 = co_flags::VARARGS | co_flags::VARKEYWORDS;

//! Generators, coroutines and asynchronous iteration.
//!
//! Resuming a generator from Python code enters its frame in the same loop: `SEND` and `FOR_ITER` say in `return_offset`
//! where the caller goes on when the generator *returns*; when it yields, the caller goes on right behind the instruction.

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::awaited;
use crate::interp::call;
use crate::interp::delegation;
use crate::interp::dispatch::YIELD_RETURN_OFFSET;
use crate::interp::frame::{self, InterpreterFrame, owner};
use crate::interp::instructions::Fast;
use crate::interp::instrument;
use crate::interp::machine::Machine;
use crate::interp::opcode::END_ASYNC_FOR;
use crate::interp::stackref::StackRef;
use crate::interp::unwind::find_handler;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct, Ref};
use crate::object::slots::SendResult;
use crate::protocol::{call as calling, object as protocol};
use crate::runtime::thread::PyThreadState;
use crate::types::asyncgen;
use crate::types::code::co_flags;
use crate::types::coroutine::{as_coroutine, awaitable_iterator, origin};
use crate::types::function::PyFunction;
use crate::types::generator::{self, PyGenerator, as_generator_or_coroutine, state, stop_iteration_value};
use crate::types::type_::lookup::lookup;

/// Units of `SEND` and `FOR_ITER`: instruction and cache.
const SEND_UNITS: usize = 2;

/// Makes the generator (or coroutine, ...) of the running frame.
#[inline(never)]
fn make(ts: &PyThreadState, frame: *mut InterpreterFrame, resume_at: *mut u16) -> *mut PyGenerator {
    // SAFETY: the frame runs its RETURN_GENERATOR, with an empty stack.
    unsafe {
        let depth = ts.coroutine_origin_tracking_depth.get();
        let origin = if depth > 0 && (*frame).code().has_flag(co_flags::COROUTINE) {
            Some(origin(depth as usize, (*frame).previous.get()))
        } else {
            None
        };
        let generator = generator::from_frame(frame, resume_at);
        if !generator.is_null() {
            (*generator).gi_origin_or_finalizer.set(origin);
        }
        generator
    }
}

/// `RETURN_GENERATOR`: the frame moves into a new generator, which is the result of the call. Or it goes on at once, if the caller is going
/// to wait for it (see [`awaited`]).
#[inline(always)]
pub fn return_generator(m: &mut Machine<'_>) -> PyResult<()> {
    let frame = m.frame;
    // SAFETY: the frame was called by a live one, which has saved its pointers.
    unsafe {
        if let Some(send) = awaited::waiting_send(m.ts, frame) {
            awaited::begin(m.ts, frame, send);
            m.push(StackRef::borrowed(crate::none_ref()));
            return Ok(());
        }
    }
    m.save_sp();
    let generator = make(m.ts, frame, m.ip);
    if generator.is_null() {
        return Err(exc::memory_error());
    }
    // SAFETY: the old frame is the topmost one of the data stack, and everything it owned has moved.
    unsafe {
        let previous = (*frame).previous.get();
        frame::pop_slots(m.ts, frame as *mut StackRef);
        forget_depth(m.ts, previous);
        m.resume_in(previous, (*previous).return_offset.get() as usize);
        m.push_ref(Ref::from_owned_ptr(generator));
    }
    Ok(())
}

/// Makes the generator of a frame in the middle of a trace, as [`return_generator`] does it. The frame is gone then.
///
/// # Errors
/// `MemoryError`; the frame is as before.
///
/// # Safety
/// The thread's current frame, the topmost of its data stack, with an empty operand stack; it was called from a Python frame.
pub unsafe fn into_generator(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    resume_at: *mut u16,
) -> PyResult<Ref<PyGenerator>> {
    // SAFETY: the caller's promise; everything the old frame owned has moved.
    unsafe {
        (*frame).stackpointer.set((*frame).stack_base());
        let generator = make(ts, frame, resume_at);
        if generator.is_null() {
            return Err(exc::memory_error());
        }
        let previous = (*frame).previous.get();
        frame::pop_slots(ts, frame as *mut StackRef);
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
        ts.current_frame.set(previous);
        Ok(Ref::from_owned_ptr(generator))
    }
}

/// A frame above `previous` has ended or is suspended. The first frame of a run is accounted for by `eval_frame`.
///
/// # Safety
/// `previous` is live.
#[inline(always)]
unsafe fn forget_depth(ts: &PyThreadState, previous: *mut InterpreterFrame) {
    // SAFETY: the caller's promise.
    if unsafe { (*previous).owner.get() } != owner::INTERPRETER {
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
    }
}

/// The running frame, which is about to yield, moves into a coroutine or generator, if there is none yet.
///
/// # Errors
/// `MemoryError`.
#[inline(always)]
pub fn exist(m: &mut Machine<'_>) -> PyResult<()> {
    if m.frame().owner.get() == owner::AWAITED {
        m.save_ip();
        m.save_sp();
        // SAFETY: the running frame, its pointers saved; it is another one then.
        unsafe {
            awaited::exist(m.ts, m.frame)?;
            m.frame = m.ts.current_frame.get();
            m.sp = m.frame().stackpointer.get();
        }
    }
    Ok(())
}

/// `YIELD_VALUE`: suspends the frame and hands the value to whoever resumed it. `arg` 1: it comes from a `yield from` or
/// `await`.
#[inline(always)]
pub fn yield_value(m: &mut Machine<'_>, arg: usize) {
    // SAFETY: only frames of generators yield. Whatever leaves a frame is owned.
    unsafe {
        let value = m.pop().make_owned();
        let frame = m.frame;
        let generator = generator::of_frame(frame);
        (*frame).instr_ptr.set(m.ip);
        m.save_sp();
        let caller = (*frame).previous.get();
        if matches!((*caller).owner.get(), owner::GENERATOR | owner::AWAITED) {
            let offset = yield_to_generator(m.ts, generator, arg, value);
            m.resume_in(m.ts.current_frame.get(), offset);
            // It is there already.
            m.sp = m.sp.add(1);
            return;
        }
        suspend(m.ts, generator, arg);
        forget_depth(m.ts, caller);
        m.resume_in(caller, YIELD_RETURN_OFFSET);
        m.push(value);
    }
}

/// Suspends a generator by itself.
#[inline(always)]
fn suspend(ts: &PyThreadState, generator: &PyGenerator, arg: usize) {
    generator.gi_frame_state.set(state::SUSPENDED + arg as i8);
    ts.exc_info.set(generator.gi_exc_state.previous_item.replace(core::ptr::null_mut()));
    generator.gi_iframe.previous.set(core::ptr::null_mut());
}

/// Suspends a generator, or the chain that it ends, which has been resumed by the frame of another one. The frame to go on in is the
/// thread's current one then, with the value on top of its operand stack, which has not grown yet. How far behind its current instruction
/// it goes on.
///
/// # Safety
/// As for [`yield_value`].
#[inline(never)]
unsafe fn yield_to_generator(ts: &PyThreadState, generator: &PyGenerator, arg: usize, value: StackRef) -> usize {
    let (mut value, mut offset) = (value, YIELD_RETURN_OFFSET);
    // SAFETY: the caller's promise.
    unsafe {
        let mut caller = generator.gi_iframe.previous.get();
        let outside = if arg == 0 && generator.is_async_generator() {
            // A value of its own, for which the caller waits with an `asend()`, is the result of that.
            asyncgen::left(generator, caller);
            value = StackRef::owned(asyncgen::unwrapped(value.into_owned()));
            offset = (*caller).return_offset.get() as usize;
            core::ptr::null_mut()
        } else {
            delegation::suspend(ts, generator)
        };
        if outside.is_null() {
            suspend(ts, generator, arg);
        } else {
            caller = outside;
        }
        delegation::goes_on(caller);
        forget_depth(ts, caller);
        ts.current_frame.set(caller);
        *(*caller).stackpointer.get() = value;
    }
    offset
}

/// Goes on in a suspended generator, on top of the present frame; that one goes on `offset` units after its current
/// instruction when the generator returns.
///
/// # Safety
/// The generator is resumable, the recursion limit is not reached, and the word is consumed.
#[inline(always)]
unsafe fn enter(m: &mut Machine<'_>, generator: &PyGenerator, value: StackRef, offset: usize) {
    // SAFETY: the caller's promise; the generator is on the present frame's stack, which keeps it alive.
    unsafe {
        generator.start(m.ts, value);
        m.ts.py_recursion_remaining.set(m.ts.py_recursion_remaining.get() - 1);
        m.frame().return_offset.set(offset as u16);
        m.save_sp();
        let frame = generator.iframe();
        (*frame).previous.set(m.frame);
        m.enter(frame);
    }
}

/// As [`enter`], for a suspended chain. False: it has been taken apart.
///
/// # Safety
/// As there; the generator is the outermost one of a chain. The word is consumed if this succeeds.
#[inline(always)]
unsafe fn enter_chain(m: &mut Machine<'_>, generator: &PyGenerator, value: StackRef, offset: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(innermost) = delegation::resume(m.ts, generator, value) else { return false };
        m.ts.py_recursion_remaining.set(m.ts.py_recursion_remaining.get() - 1);
        m.frame().return_offset.set(offset as u16);
        m.save_sp();
        generator.gi_iframe.previous.set(m.frame);
        m.enter(innermost.iframe());
    }
    true
}

/// Whether `SEND` can enter the generator with a value.
#[inline(always)]
fn takes(m: &Machine<'_>, generator: &PyGenerator, value: &PyObject) -> bool {
    generator.is_resumable()
        && m.ts.py_recursion_remaining.get() > 0
        && (generator.gi_frame_state.get() != state::CREATED || crate::is_none(value))
}

/// Is the object below the top one that [`send_generator`] knows?
#[inline(always)]
pub fn sends_to_generator(m: &Machine<'_>) -> bool {
    as_generator_or_coroutine(m.peek_obj(2)).is_some()
}

/// `SEND` to a generator or coroutine that is suspended, and by itself.
#[inline(always)]
pub fn send_generator(m: &mut Machine<'_>, arg: usize) -> Fast {
    match as_generator_or_coroutine(m.peek_obj(2)) {
        None => Fast::Miss,
        Some(generator) if takes(m, generator, m.peek_obj(1)) => {
            // SAFETY: resumable, as just tested; the word moves.
            unsafe {
                let value = m.pop().make_owned();
                enter(m, generator, value, SEND_UNITS + arg);
            }
            Fast::Done
        }
        Some(_) => Fast::Rare,
    }
}

/// Enters what the object below the top is, or stands for: a generator or coroutine, a chain, or the asynchronous generator of an
/// `asend()`. False: not now, or it is none of these.
#[inline(always)]
fn send_inside(m: &mut Machine<'_>, arg: usize) -> bool {
    let (receiver, sent) = (m.peek_obj(2), m.peek_obj(1));
    let known = as_generator_or_coroutine(receiver).map(|generator| (generator, None));
    let Some((generator, first)) = known.or_else(|| asyncgen::sends_to(receiver, sent)) else { return false };
    let chained = generator.gi_frame_state.get() == state::CHAINED;
    if !chained && !takes(m, generator, first.as_deref().unwrap_or(sent)) {
        return false;
    }
    let value = first.map_or_else(|| StackRef::new(sent), StackRef::owned);
    let sent = m.pop();
    // SAFETY: resumable, as just tested; the words move, or come back.
    unsafe {
        if !chained {
            enter(m, generator, value, SEND_UNITS + arg);
        } else if !enter_chain(m, generator, value, SEND_UNITS + arg) {
            value.close();
            m.push(sent);
            return false;
        }
        sent.close();
    }
    asyncgen::begin(receiver);
    true
}

/// `SEND`: gives the value on top to the iterator below it. The next value takes the top's place; when the iterator ends,
/// its result does, and execution goes on at the jump's target.
#[inline(always)]
pub fn send(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    let receiver = m.peek_obj(2);
    if send_inside(m, arg) {
        return Ok(());
    }
    let result = send_any(m.ts, m.frame, receiver, m.peek_obj(1))?;
    let sent = m.pop();
    match result {
        SendResult::Next(value) => {
            m.push_owned(value);
            m.skip(1);
        }
        SendResult::Return(value) => {
            m.push_owned(value);
            m.skip(1 + arg);
        }
    }
    // SAFETY: popped.
    unsafe { sent.close() };
    Ok(())
}

/// One step of any iterator, for `frame`.
#[inline(never)]
fn send_any(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    receiver: &PyObject,
    value: &PyObject,
) -> PyResult<SendResult> {
    if crate::is_none(value)
        && protocol::is_iterator(receiver)
        && let Some(tp_iternext) = receiver.ty().tp_iternext.get()
    {
        // SAFETY: calling the slot as C would: NULL without an exception means exhausted.
        let item = unsafe { tp_iternext(receiver.as_ptr()) };
        if !item.is_null() {
            // SAFETY: a new reference.
            return Ok(SendResult::Next(unsafe { Ref::from_owned_ptr(item) }));
        }
        return match PyErr::fetch() {
            Some(e) => iteration_raised(ts, frame, e),
            None => Ok(SendResult::Return(crate::none())),
        };
    }
    match calling::call_method(receiver, crate::intern!("send"), &[value]) {
        Ok(value) => Ok(SendResult::Next(value)),
        Err(e) => iteration_raised(ts, frame, e),
    }
}

/// A step of an iterator raised: `StopIteration` carries its result. Tools see the exception in any case.
fn iteration_raised(ts: &PyThreadState, frame: *mut InterpreterFrame, e: PyErr) -> PyResult<SendResult> {
    if !e.matches(exc::StopIteration()) {
        return Err(e);
    }
    stop_iteration_value(crate::interp::instrument::raised(ts, frame, e)).map(SendResult::Return)
}

/// `FOR_ITER` over a generator: enters it. False: not now, or not a generator.
#[inline(always)]
pub fn for_iter_gen(m: &mut Machine<'_>, arg: usize) -> bool {
    let Some(generator) = m.peek_obj(1).downcast_exact::<PyGenerator>() else {
        return false;
    };
    if !generator.is_resumable() || m.ts.py_recursion_remaining.get() <= 0 {
        // SAFETY: the generator is on the frame's stack.
        return generator.gi_frame_state.get() == state::CHAINED
            && unsafe { enter_chain(m, generator, StackRef::borrowed(crate::none_ref()), SEND_UNITS + arg) };
    }
    // SAFETY: resumable, as just tested.
    unsafe { enter(m, generator, StackRef::borrowed(crate::none_ref()), SEND_UNITS + arg) };
    true
}

/// Replaces the top of the stack.
#[inline(always)]
fn replace_top(m: &mut Machine<'_>, value: ObjRef) {
    let old = m.pop();
    m.push_owned(value);
    // SAFETY: popped.
    unsafe { old.close() };
}

/// The generator function that an object's class has for `iter()`, if it has one that takes nothing but the object.
#[inline(never)]
pub fn iterating_generator(object: &PyObject) -> Option<&PyFunction> {
    const KINDS: i32 = co_flags::VARARGS | co_flags::VARKEYWORDS | co_flags::GENERATOR | co_flags::ITERABLE_COROUTINE;
    let ty = object.ty();
    ty.as_heap()?;
    let function = lookup(ty, crate::intern!("__iter__"))?.downcast_exact::<PyFunction>()?;
    let code = function.code();
    let own = function.vectorcall.get().map(|f| f as usize) == Some(call::function_vectorcall as *const () as usize);
    let plain = code.co_flags & KINDS == co_flags::GENERATOR && code.co_argcount == 1 && code.co_kwonlyargcount == 0;
    (own && plain).then_some(function)
}

/// Enters the generator function that is the `__iter__` of what `yield from` is to delegate to, if it has one. The generator comes back to
/// the same instruction, or is waited for at once (see [`awaited`]).
#[inline(always)]
fn enter_iteration(m: &mut Machine<'_>) -> PyResult<bool> {
    let Some(function) = iterating_generator(m.peek_obj(1)) else { return Ok(false) };
    if m.ts.py_recursion_remaining.get() <= 0 {
        return Ok(false);
    }
    // SAFETY: the frame is complete when it is entered.
    unsafe {
        let frame = frame::push_frame(m.ts, function.to_ref(), None, function.code(), 1, m.frame);
        if frame.is_null() {
            return Err(exc::memory_error());
        }
        *(*frame).local(0) = m.pop().make_owned();
        m.ts.py_recursion_remaining.set(m.ts.py_recursion_remaining.get() - 1);
        m.frame().return_offset.set(0);
        m.save_sp();
        m.enter(frame);
    }
    Ok(true)
}

#[inline(always)]
pub fn get_yield_from_iter(m: &mut Machine<'_>) -> PyResult<()> {
    let iterable = m.peek_obj(1);
    if iterable.downcast_exact::<PyGenerator>().is_some() || enter_iteration(m)? {
        return Ok(());
    }
    if as_coroutine(iterable).is_some() {
        if m.code().has_flag(co_flags::COROUTINE | co_flags::ITERABLE_COROUTINE) {
            return Ok(());
        }
        return Err(exc::type_error("cannot 'yield from' a coroutine object in a non-coroutine generator"));
    }
    let iterator = protocol::get_iter(iterable)?;
    replace_top(m, iterator);
    Ok(())
}

/// `GET_AWAITABLE`. `place` 1: the result of `__aenter__`; 2: of `__aexit__`.
#[inline(always)]
pub fn get_awaitable(m: &mut Machine<'_>, place: usize) -> PyResult<()> {
    let iterator = awaitable(m.peek_obj(1), place)?;
    replace_top(m, iterator);
    Ok(())
}

#[inline(never)]
fn awaitable(object: &PyObject, place: usize) -> PyResult<ObjRef> {
    let iterator = match awaitable_iterator(object) {
        Ok(iterator) => iterator,
        Err(e) => {
            let awaitable = object.ty().as_async().is_some_and(|a| a.am_await.get().is_some());
            let method = match place {
                1 => "__aenter__",
                2 => "__aexit__",
                _ => return Err(e),
            };
            return Err(if awaitable {
                e
            } else {
                exc::type_error(format!(
                    "'async with' received an object from {method} that does not implement __await__: {}",
                    object.ty().full_name()
                ))
            });
        }
    };
    if as_coroutine(&iterator).is_some_and(|c| c.yield_from().is_some()) {
        return Err(exc::runtime_error("coroutine is being awaited already"));
    }
    Ok(iterator)
}

#[inline(always)]
pub fn get_aiter(m: &mut Machine<'_>) -> PyResult<()> {
    let iterator = aiter(m.peek_obj(1))?;
    replace_top(m, iterator);
    Ok(())
}

#[inline(never)]
fn aiter(object: &PyObject) -> PyResult<ObjRef> {
    let Some(am_aiter) = object.ty().as_async().and_then(|a| a.am_aiter.get()) else {
        return Err(exc::type_error(format!(
            "'async for' requires an object with __aiter__ method, got {}",
            object.ty().full_name()
        )));
    };
    // SAFETY: calling the slot as C would.
    let iterator = unsafe { ObjRef::from_c_result(am_aiter(object.as_ptr()))? };
    if iterator.ty().as_async().and_then(|a| a.am_anext.get()).is_none() {
        return Err(exc::type_error(format!(
            "'async for' received an object from __aiter__ that does not implement __anext__: {}",
            iterator.ty().full_name()
        )));
    }
    Ok(iterator)
}

/// What `async for` awaits next.
#[inline(never)]
pub fn get_anext(iterator: &PyObject) -> PyResult<ObjRef> {
    let Some(am_anext) = iterator.ty().as_async().and_then(|a| a.am_anext.get()) else {
        return Err(exc::type_error(format!(
            "'async for' requires an iterator with __anext__ method, got {}",
            iterator.ty().full_name()
        )));
    };
    // SAFETY: calling the slot as C would.
    let next = unsafe { ObjRef::from_c_result(am_anext(iterator.as_ptr()))? };
    if iterator.is_exact_type(&crate::types::asyncgen::PyAsyncGen_Type) {
        return Ok(next);
    }
    awaitable_iterator(&next).map_err(|cause| {
        let error = exc::type_error(format!(
            "'async for' received an invalid object from __anext__: {}",
            next.ty().full_name()
        ));
        let cause = cause.into_object();
        error.value().set_cause(Some(cause.clone()));
        error.value().set_context(Some(cause));
        error
    })
}

/// Does the frame, which returns, belong to an asynchronous generator that another frame waits for?
#[inline(always)]
pub fn ends_async_iteration(m: &Machine<'_>) -> bool {
    // SAFETY: live frames.
    unsafe {
        m.frame().owner.get() == owner::GENERATOR
            && generator::of_frame(m.frame).is_async_generator()
            && (*m.frame().previous.get()).is_python()
    }
}

/// The asynchronous generator for which the frame waits has returned: goes on behind the `async for`. Null, and nothing was done, if that is
/// not what waits for it.
///
/// # Safety
/// A live frame whose instruction and stack pointers are saved.
#[inline(never)]
pub unsafe fn end_async_iteration(frame: &InterpreterFrame) -> *mut u16 {
    // SAFETY: the caller's promise; each word is closed once.
    unsafe {
        let code = frame.code();
        let handler = match find_handler(code.co_exceptiontable.as_bytes(), frame.lasti()) {
            Some(handler) if !handler.push_lasti && !instrument::watched() => handler,
            _ => return core::ptr::null_mut(),
        };
        let target = code.code_ptr().add(handler.target);
        if *target as u8 != END_ASYNC_FOR {
            return core::ptr::null_mut();
        }
        // Of what the handler keeps, the iterator is the last.
        let keep = frame.stack_base().add(handler.depth - 1);
        while frame.stackpointer.get() > keep {
            let top = frame.stackpointer.get().sub(1);
            frame.stackpointer.set(top);
            (*top).close();
        }
        target.add(1)
    }
}

/// The handler of `async for`: `StopAsyncIteration` ends the loop; anything else goes on, and is returned.
#[inline(always)]
pub fn end_async_for(m: &mut Machine<'_>) -> Option<PyErr> {
    if m.peek_obj(1).ty().is_subtype(exc::StopAsyncIteration()) {
        m.drop_n(2);
        None
    } else {
        Some(PyErr::from_instance(m.pop_owned()))
    }
}

/// The handler around a `yield from`'s suspension: a `StopIteration` is the end of the iterator, and its value the result.
/// Anything else goes on, and is returned.
#[inline(always)]
pub fn cleanup_throw(m: &mut Machine<'_>) -> Option<PyErr> {
    let error = PyErr::from_instance(m.pop_owned());
    match stop_iteration_value(error) {
        Ok(value) => {
            m.drop_n(2);
            m.push(StackRef::borrowed(crate::none_ref()));
            m.push_owned(value);
            None
        }
        Err(e) => Some(e),
    }
}

//! What waits at safe points (function entry, backward jumps): other threads, signals, collections, asynchronous exceptions.

use core::sync::atomic::Ordering;

use crate::err::{PyErr, PyResult};
use crate::runtime::thread::{PyThreadState, breaker};
use crate::runtime::{gc, gil};

/// What a `RESUME` with its argument does when something waits. In an `await` or `yield from` only instrumentation is seen to.
///
/// # Errors
/// As for [`handle`].
#[cold]
#[inline(never)]
pub fn handle_resume(ts: &PyThreadState, arg: usize) -> PyResult<()> {
    if arg & 3 < 2 {
        return handle(ts);
    }
    if ts.eval_breaker.load(Ordering::Relaxed) & breaker::INSTRUMENTATION_CHANGED != 0 {
        super::instrument::update(ts);
    }
    Ok(())
}

/// Works off the thread's `eval_breaker`.
///
/// # Errors
/// What signal handlers and pending calls raise, and asynchronous exceptions.
#[cold]
#[inline(never)]
pub fn handle(ts: &PyThreadState) -> PyResult<()> {
    let bits = ts.eval_breaker.load(Ordering::Relaxed);
    if bits & breaker::SIGNALS_PENDING != 0 {
        ts.eval_breaker.fetch_and(!breaker::SIGNALS_PENDING, Ordering::Relaxed);
        crate::runtime::signals::run_pending()?;
    }
    if bits & breaker::CALLS_TO_DO != 0 {
        ts.eval_breaker.fetch_and(!breaker::CALLS_TO_DO, Ordering::Relaxed);
        crate::runtime::signals::run_pending_calls()?;
    }
    if bits & breaker::GC_SCHEDULED != 0 {
        ts.eval_breaker.fetch_and(!breaker::GC_SCHEDULED, Ordering::Relaxed);
        gc::collector::collect_if_due();
    }
    if bits & breaker::INSTRUMENTATION_CHANGED != 0 {
        ts.eval_breaker.fetch_and(!breaker::INSTRUMENTATION_CHANGED, Ordering::Relaxed);
        super::instrument::update(ts);
    }
    if bits & breaker::GIL_DROP_REQUEST != 0 {
        gil::yield_to_others();
    }
    if bits & breaker::OUT_OF_MEMORY != 0 {
        ts.eval_breaker.fetch_and(!breaker::OUT_OF_MEMORY, Ordering::Relaxed);
        return Err(crate::exc::memory_error());
    }
    if bits & breaker::ASYNC_EXCEPTION != 0 {
        ts.eval_breaker.fetch_and(!breaker::ASYNC_EXCEPTION, Ordering::Relaxed);
        if let Some(ty) = ts.async_exc.take() {
            let value = crate::protocol::call::call_noargs(&ty)?;
            return Err(PyErr::from_instance(value));
        }
    }
    Ok(())
}

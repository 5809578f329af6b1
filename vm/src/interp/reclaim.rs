//! Destruction of objects whose last reference an instruction drops, without disturbing the handler's registers.
//!
//! Nearly every instruction may drop a last reference, and hardly ever does. An ordinary call on that path would make the
//! compiler save and restore the machine's registers around the *whole* handler, since they lie in registers that calls
//! may overwrite. [`reclaim`] calls a routine with a convention of its own: it keeps every register but two scratch ones
//! and the vector registers, so that the handler's common path pays nothing. The routine puts exact floats and small ints
//! on their free lists by itself, and hands everything else to `object::dealloc`.

use core::arch::{asm, naked_asm};
use core::mem::offset_of;

use crate::object::header::PyObject;
use crate::types::float::{self, PyFloat, PyFloat_Type};
use crate::types::int::freelist::FreeList;
use crate::types::int::{self, PyInt, PyLong_Type};

/// Destroys an object whose count has just become zero.
///
/// # Safety
/// As for `object::dealloc::dealloc`.
#[inline(always)]
pub unsafe fn reclaim(object: *mut PyObject) {
    // SAFETY: the routine keeps all registers but those named, skips the red zone, and aligns the stack by itself.
    unsafe {
        asm!(
            "lea rsp, [rsp - 128]",
            "call {routine}",
            "lea rsp, [rsp + 128]",
            routine = sym routine,
            in("rdi") object,
            out("r10") _, out("r11") _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _, out("xmm6") _,
            out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _, out("xmm12") _,
            out("xmm13") _, out("xmm14") _, out("xmm15") _,
            options(nostack),
        );
    }
}

/// As `PyObject::decref`, for handlers.
///
/// # Safety
/// As for `PyObject::decref`.
#[inline(always)]
pub unsafe fn decref(object: *mut PyObject) {
    #[cfg(feature = "poison")]
    // SAFETY: the caller owns a reference.
    crate::object::poison::check(unsafe { &*object });
    // SAFETY: the caller owns a reference, so the object is alive.
    unsafe {
        let count = (*object).ob_refcnt.get();
        if (count as i32) < 0 {
            return;
        }
        (*object).ob_refcnt.set(count - 1);
        if count == 1 {
            reclaim(object);
        }
    }
}

/// The object is in `rdi`. Overwrites `r10`, `r11`, flags and vector registers only.
#[unsafe(naked)]
unsafe extern "C" fn routine() {
    naked_asm!(
        "mov r10, [rdi + {ob_type}]",
        "lea r11, [rip + {float_type}]",
        "cmp r10, r11",
        "jne 3f",
        "lea r11, [rip + {float_free}]",
        // Onto the free list in r11.
        "2:",
        "mov r10, [r11 + {len}]",
        "cmp r10, [r11 + {limit}]",
        "jae 4f",
        "inc r10",
        "mov [r11 + {len}], r10",
        "mov r10, [r11 + {head}]",
        "mov [rdi + {link}], r10",
        "mov [r11 + {head}], rdi",
        "ret",
        "3:",
        "lea r11, [rip + {int_type}]",
        "cmp r10, r11",
        "jne 4f",
        "mov r10, [rdi + {lv_tag}]",
        "test r10b, {tag_static}",
        "jnz 4f",
        "cmp r10, {medium_limit}",
        "lea r11, [rip + {int_free}]",
        "jb 2b",
        // Anything else.
        "4:",
        "push rbp",
        "mov rbp, rsp",
        "push rax",
        "push rcx",
        "push rdx",
        "push rsi",
        "push rdi",
        "push r8",
        "push r9",
        "and rsp, -16",
        "call {dealloc}",
        "mov r9, [rbp - 56]",
        "mov r8, [rbp - 48]",
        "mov rdi, [rbp - 40]",
        "mov rsi, [rbp - 32]",
        "mov rdx, [rbp - 24]",
        "mov rcx, [rbp - 16]",
        "mov rax, [rbp - 8]",
        "mov rsp, rbp",
        "pop rbp",
        "ret",
        ob_type = const offset_of!(PyObject, ob_type),
        float_type = sym PyFloat_Type,
        float_free = sym float::FREE,
        int_type = sym PyLong_Type,
        int_free = sym int::FREE,
        len = const offset_of!(FreeList, len),
        limit = const offset_of!(FreeList, limit),
        head = const offset_of!(FreeList, head),
        link = const size_of::<PyObject>(),
        lv_tag = const offset_of!(PyInt, lv_tag),
        tag_static = const int::TAG_STATIC,
        medium_limit = const int::MEDIUM_LIMIT,
        dealloc = sym dealloc,
    )
}

/// `object::dealloc`, behind which no panic gets: the frames above cannot be unwound.
unsafe extern "C" fn dealloc(object: *mut PyObject) {
    // SAFETY: a dead object, whose type is intact; the end of a float runs no code.
    unsafe {
        if core::ptr::eq((*object).ob_type.get(), &raw const PyFloat_Type) {
            return PyFloat::dealloc(object);
        }
    }
    // SAFETY: passed on.
    let outcome =
        std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| unsafe { crate::object::dealloc::dealloc(object) }));
    if outcome.is_err() {
        // What was left of the object is leaked.
        eprintln!("SystemError: internal error in the destruction of an object");
    }
}

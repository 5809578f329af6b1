/* Questions to frames under execution. */
#ifndef Py_INTERNAL_INTERP_FRAME_H
#define Py_INTERNAL_INTERP_FRAME_H

#include "pycore_interpframe_structs.h"

/* The object of a reference, borrowed. */
static inline PyObject *PyStackRef_AsPyObjectBorrow(_PyStackRef ref)
{
    return (PyObject *)(ref.bits & ~(uintptr_t)1);
}

static inline PyCodeObject *_PyFrame_GetCode(_PyInterpreterFrame *frame)
{
    return (PyCodeObject *)PyStackRef_AsPyObjectBorrow(frame->f_executable);
}

/* Has its code not reached the first instruction that tracing sees, or is it the interpreter's own? */
static inline int _PyFrame_IsIncomplete(_PyInterpreterFrame *frame)
{
    PyCodeObject *code;
    if (frame->owner >= FRAME_OWNED_BY_INTERPRETER) {
        return 1;
    }
    code = _PyFrame_GetCode(frame);
    return frame->owner != FRAME_OWNED_BY_GENERATOR && frame->instr_ptr < _PyCode_CODE(code) + code->_co_firsttraceable;
}

#endif

/* The layout of frames under execution, which greenlet's modules save and restore. rpy's frames have the same one. */
#ifndef Py_INTERNAL_INTERP_FRAME_STRUCTS_H
#define Py_INTERNAL_INTERP_FRAME_STRUCTS_H

#include "Python.h"

/* A reference in a frame: bit 0 says that the frame does not own it; with nothing else it is no reference. */
typedef union _PyStackRef {
    uintptr_t bits;
} _PyStackRef;

enum _frameowner {
    FRAME_OWNED_BY_THREAD = 0,
    FRAME_OWNED_BY_GENERATOR = 1,
    FRAME_OWNED_BY_FRAME_OBJECT = 2,
    FRAME_OWNED_BY_INTERPRETER = 3,
    FRAME_OWNED_BY_CSTACK = 4
};

struct _PyInterpreterFrame {
    _PyStackRef f_executable;
    _PyInterpreterFrame *previous;
    _PyStackRef f_funcobj;
    PyObject *f_globals;
    PyObject *f_builtins;
    PyObject *f_locals;
    PyFrameObject *frame_obj;
    _Py_CODEUNIT *instr_ptr;
    _PyStackRef *stackpointer;
    uint16_t return_offset;
    char owner;
    uint8_t visited;
    _PyStackRef localsplus[1];
};

#endif

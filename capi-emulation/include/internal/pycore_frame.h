/* The layout of frame objects, which Cython's modules read and write.
 *
 * CPython's headers of these names are for its own core. What extension modules are known to use of them is here.
 */
#ifndef Py_INTERNAL_FRAME_H
#define Py_INTERNAL_FRAME_H

#include "pycore_interpframe_structs.h"

struct _frame {
    PyObject_HEAD
    PyFrameObject *f_back;
    _PyInterpreterFrame *f_frame;
    PyObject *f_trace;
    int f_lineno; /* 0: that of the instruction */
    char f_trace_lines;
    char f_trace_opcodes;
    PyObject *f_extra_locals;
    PyObject *f_locals_cache;
    PyObject *f_overwritten_fast_locals;
    PyObject *_f_frame_data[1];
};

#endif

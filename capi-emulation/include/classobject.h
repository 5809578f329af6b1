/* Bound methods, and functions in C that bind. */
#ifndef Py_CLASSOBJECT_H
#define Py_CLASSOBJECT_H

#ifndef Py_LIMITED_API
typedef struct {
    PyObject_HEAD
    PyObject *im_func;
    PyObject *im_self;
    PyObject *im_weakreflist;
    vectorcallfunc vectorcall;
} PyMethodObject;

typedef struct {
    PyObject_HEAD
    PyObject *func;
} PyInstanceMethodObject;

#define PyMethod_Check(op) Py_IS_TYPE((op), &PyMethod_Type)
#define _PyMethod_CAST(op) ((PyMethodObject *)(op))
#define PyMethod_GET_FUNCTION(op) _Py_RVALUE(_PyMethod_CAST(op)->im_func)
#define PyMethod_GET_SELF(op) _Py_RVALUE(_PyMethod_CAST(op)->im_self)

#define PyInstanceMethod_Check(op) Py_IS_TYPE((op), &PyInstanceMethod_Type)
#define _PyInstanceMethod_CAST(op) ((PyInstanceMethodObject *)(op))
#define PyInstanceMethod_GET_FUNCTION(op) _Py_RVALUE(_PyInstanceMethod_CAST(op)->func)
#endif

#endif

/* Bytes. */
#ifndef Py_BYTESOBJECT_H
#define Py_BYTESOBJECT_H

#define PyBytes_Check(op) _Py_object_has_feature(op, Py_TPFLAGS_BYTES_SUBCLASS)
#define PyBytes_CheckExact(op) Py_IS_TYPE((op), &PyBytes_Type)

#ifndef Py_LIMITED_API
typedef struct {
    PyObject_VAR_HEAD
    Py_hash_t ob_shash; /* -1: not known yet */
    char ob_sval[1];    /* ends with a NUL that is not counted */
} PyBytesObject;

#define _PyBytes_CAST(op) ((PyBytesObject *)(op))

static inline char *PyBytes_AS_STRING(PyObject *op)
{
    return _PyBytes_CAST(op)->ob_sval;
}
#define PyBytes_AS_STRING(op) PyBytes_AS_STRING(_PyObject_CAST(op))

static inline Py_ssize_t PyBytes_GET_SIZE(PyObject *op)
{
    return Py_SIZE(op);
}
#define PyBytes_GET_SIZE(op) PyBytes_GET_SIZE(_PyObject_CAST(op))
#endif

#endif

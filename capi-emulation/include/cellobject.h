/* Cells: variables that closures share. */
#ifndef Py_CELLOBJECT_H
#define Py_CELLOBJECT_H

#ifndef Py_LIMITED_API
typedef struct {
    PyObject_HEAD
    PyObject *ob_ref; /* NULL: empty */
} PyCellObject;

#define PyCell_Check(op) Py_IS_TYPE((op), &PyCell_Type)

/* Borrowed. */
static inline PyObject *PyCell_GET(PyObject *op)
{
    return ((PyCellObject *)op)->ob_ref;
}
#define PyCell_GET(op) PyCell_GET(_PyObject_CAST(op))

/* Takes the reference over, and does not give the old one back. */
static inline void PyCell_SET(PyObject *op, PyObject *value)
{
    ((PyCellObject *)op)->ob_ref = value;
}
#define PyCell_SET(op, value) PyCell_SET(_PyObject_CAST(op), _PyObject_CAST(value))
#endif

#endif

/* Slices, and the ellipsis. */
#ifndef Py_SLICEOBJECT_H
#define Py_SLICEOBJECT_H

#define Py_Ellipsis (&_Py_EllipsisObject)

#define PySlice_Check(op) Py_IS_TYPE((op), &PySlice_Type)

/* What PySlice_GetIndicesEx is by now: the bounds of the slice, fitted to the length. */
#define PySlice_GetIndicesEx(slice, length, start, stop, step, slicelen) \
    (PySlice_Unpack((slice), (start), (stop), (step)) < 0 \
        ? (*(slicelen) = 0, -1) \
        : (*(slicelen) = PySlice_AdjustIndices((length), (start), (stop), *(step)), 0))

#ifndef Py_LIMITED_API
typedef struct {
    PyObject_HEAD
    PyObject *start;
    PyObject *stop;
    PyObject *step;
} PySliceObject;
#endif

#endif

/* Frame objects; their layout is in internal/pycore_frame.h. */
#ifndef Py_PYFRAME_H
#define Py_PYFRAME_H

#ifndef Py_LIMITED_API
#define PyFrame_Check(op) Py_IS_TYPE((op), &PyFrame_Type)
#define PyFrameLocalsProxy_Check(op) Py_IS_TYPE((op), &PyFrameLocalsProxy_Type)
#endif

#endif

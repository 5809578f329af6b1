/* All headers that programs include; compiled as C and C++ of several standards. */
#include <Python.h>
#include <structmember.h>
#ifndef Py_LIMITED_API
#include <datetime.h>
#include <frameobject.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_interpframe.h>
#include <marshal.h>
#endif
#include <osdefs.h>

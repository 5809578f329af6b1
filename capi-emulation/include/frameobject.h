/* Frame objects: everything is in pyframe.h, and the layout in internal/pycore_frame.h. */
#ifndef Py_FRAMEOBJECT_H
#define Py_FRAMEOBJECT_H

#include "Python.h"

#endif

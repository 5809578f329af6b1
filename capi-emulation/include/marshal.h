/* The format of compiled files. */
#ifndef Py_MARSHAL_H
#define Py_MARSHAL_H

#include "Python.h"

#ifndef Py_LIMITED_API
#define Py_MARSHAL_VERSION 5
#endif

#endif

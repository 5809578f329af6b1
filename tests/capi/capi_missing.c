/* A module that needs what does not exist. */
#include "api.h"
PyObject *PyNothing_OfThisName(void);
PyObject *PyInit_capi_missing(void) { return PyNothing_OfThisName(); }

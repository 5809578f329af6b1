/* What modules are made with. */
#ifndef Py_MODSUPPORT_H
#define Py_MODSUPPORT_H

#define PYTHON_API_VERSION 1013
#define PYTHON_API_STRING "1013"
/* The version of the stable ABI. */
#define PYTHON_ABI_VERSION 3
#define PYTHON_ABI_STRING "3"
#ifdef Py_LIMITED_API
#define _Py_MODULE_API_VERSION PYTHON_ABI_VERSION
#else
#define _Py_MODULE_API_VERSION PYTHON_API_VERSION
#endif

#define PyModule_Create(module) PyModule_Create2((module), _Py_MODULE_API_VERSION)
#define PyModule_FromDefAndSpec(module, spec) PyModule_FromDefAndSpec2((module), (spec), _Py_MODULE_API_VERSION)

#define PyModule_AddIntMacro(module, name) PyModule_AddIntConstant((module), #name, name)
#define PyModule_AddStringMacro(module, name) PyModule_AddStringConstant((module), #name, name)

/* Tells a converter of "O&" that its result is let go of where another argument fails. */
#define Py_CLEANUP_SUPPORTED 0x20000

#endif

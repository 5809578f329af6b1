/* Functions in Python, static methods and class methods. */
#ifndef Py_FUNCOBJECT_H
#define Py_FUNCOBJECT_H

#ifndef Py_LIMITED_API
typedef struct {
    PyObject_HEAD
    PyObject *func_globals;
    PyObject *func_builtins;
    PyObject *func_name;
    PyObject *func_qualname;
    PyObject *func_code;
    PyObject *func_defaults;
    PyObject *func_kwdefaults;
    PyObject *func_closure;
    PyObject *func_doc;
    PyObject *func_dict;
    PyObject *func_weakreflist;
    PyObject *func_module;
    PyObject *func_annotations;
    PyObject *func_annotate;
    PyObject *func_typeparams;
    vectorcallfunc vectorcall;
    uint32_t func_version;
} PyFunctionObject;

#define PyFunction_Check(op) Py_IS_TYPE((op), &PyFunction_Type)

#define _PyFunction_CAST(func) ((PyFunctionObject *)(func))
#define PyFunction_GET_CODE(func) _Py_RVALUE(_PyFunction_CAST(func)->func_code)
#define PyFunction_GET_GLOBALS(func) _Py_RVALUE(_PyFunction_CAST(func)->func_globals)
#define PyFunction_GET_BUILTINS(func) _Py_RVALUE(_PyFunction_CAST(func)->func_builtins)
#define PyFunction_GET_MODULE(func) _Py_RVALUE(_PyFunction_CAST(func)->func_module)
#define PyFunction_GET_DEFAULTS(func) _Py_RVALUE(_PyFunction_CAST(func)->func_defaults)
#define PyFunction_GET_KW_DEFAULTS(func) _Py_RVALUE(_PyFunction_CAST(func)->func_kwdefaults)
#define PyFunction_GET_CLOSURE(func) _Py_RVALUE(_PyFunction_CAST(func)->func_closure)
#define PyFunction_GET_ANNOTATIONS(func) _Py_RVALUE(_PyFunction_CAST(func)->func_annotations)
#endif

#endif

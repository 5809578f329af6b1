/* What C code does wrong with exceptions, and what may run while one is pending. */
#include "api.h"
#include <errno.h>

/* Functions that break the promise of their result, by calling convention. */
static PyObject *left_behind(PyObject *self, PyObject *arg) {
    PyErr_SetString(PyExc_ValueError, "left behind");
    return newref(arg);
}
static PyObject *left_fast(PyObject *self, PyObject *const *args, Py_ssize_t nargs) { return left_behind(self, args[0]); }
static PyObject *nothing(PyObject *self, PyObject *arg) { return NULL; }

/* Raises over an exception that is pending; the class may be Python's, and so may what is formatted. */
static PyObject *raised_over(PyObject *self, PyObject *args) {
    PyObject *class, *value;
    int formats;
    if (!PyArg_ParseTuple(args, "OOi", &class, &value, &formats)) return NULL;
    PyErr_SetString(PyExc_ValueError, "first");
    if (formats) return PyErr_Format(class, "%R", value);
    PyErr_SetObject(class, value);
    return NULL;
}

/* Drops the item of a list while an exception is pending. */
static PyObject *dropped(PyObject *self, PyObject *list) {
    PyErr_SetString(PyExc_ValueError, "kept");
    PyList_SetItem(list, 0, newref(&_Py_NoneStruct));
    return NULL;
}

/* Raises for an audit event while an exception is pending. */
static PyObject *audited(PyObject *self, PyObject *event) {
    PyErr_SetString(PyExc_ValueError, "kept");
    PySys_Audit("capi_errors.event", "O", event);
    return NULL;
}

static PyObject *no_number(PyObject *self, PyObject *class) {
    errno = 0;
    return PyErr_SetFromErrnoWithFilenameObjects(class, PyUnicode_FromString("one"), PyUnicode_FromString("two"));
}
static PyObject *import_failed(PyObject *self, PyObject *class) {
    return PyErr_SetImportErrorSubclass(class, PyUnicode_FromString("text"), NULL, NULL);
}
static PyObject *printed(PyObject *self, PyObject *set_last) {
    PyErr_SetString(PyExc_ValueError, "printed");
    PyErr_PrintEx((int)PyLong_AsLong(set_last));
    Py_RETURN_NONE;
}
static PyObject *interrupt(PyObject *self, PyObject *number) {
    return PyLong_FromLong(PyErr_SetInterruptEx((int)PyLong_AsLong(number)));
}

/* Waits for a mutex that is taken: what came of it, and whether an exception is set. */
static PyObject *waited(PyObject *self, PyObject *milliseconds) {
    unsigned char mutex = 1;
    int result = _PyMutex_LockTimed(&mutex, PyLong_AsLong(milliseconds) * 1000000, 3);
    return result == 2 ? NULL : PyLong_FromLong(result);
}

/* A lock that another thread gives back before it ends in the middle of a function. */
static void *lock;
static void ending(void *unused) {
    PyThread_release_lock(lock);
    PyThread_exit_thread();
}
static PyObject *thread_exits(PyObject *self, PyObject *unused) {
    lock = PyThread_allocate_lock();
    int taken = PyThread_acquire_lock(lock, 0), again = PyThread_acquire_lock(lock, 0);
    int timed = PyThread_acquire_lock_timed(lock, 1000, 1);
    PyThread_start_new_thread(ending, NULL);
    int later = PyThread_acquire_lock(lock, 1);
    PyThread_free_lock(lock);
    return Py_BuildValue("(iiii)", taken, again, timed, later);
}

static PyObject *frozen(PyObject *self, PyObject *type) {
    if (PyType_Freeze((PyTypeObject *)type) < 0) return NULL;
    Py_RETURN_NONE;
}

/* A type whose special member may be written. */
static PyMemberDef odd_members[] = {{"__dictoffset__", Py_T_PYSSIZET, 16, 0, NULL}, {NULL}};
static PyType_Slot odd_slots[] = {{72, odd_members}, {0}};
static PyType_Spec odd_spec = {"capi_errors.Odd", 24, 0, 0, odd_slots};
static PyObject *odd_type(PyObject *self, PyObject *unused) { return PyType_FromModuleAndSpec(self, &odd_spec, NULL); }

/* Runs text whose encoding it names itself. */
static PyObject *latin(PyObject *self, PyObject *globals) {
    return PyRun_StringFlags("# coding: latin-1\n'\xe9'", 258, globals, globals, NULL);
}

/* Resizes no tuple at all. */
static PyObject *resized(PyObject *self, PyObject *unused) {
    PyObject *tuple = NULL;
    _PyTuple_Resize(&tuple, 3);
    return NULL;
}

static PyObject *function_name(PyObject *self, PyObject *function) {
    return PyUnicode_FromFormat("%s%s", PyEval_GetFuncName(function), PyEval_GetFuncDesc(function));
}

/* A type whose instances are called by vectorcall. */
typedef struct {
    PyObject base;
    void *vectorcall;
} Caller;
static PyObject *caller_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    return PyLong_FromLong((long)(nargsf & ~ARGUMENTS_OFFSET));
}
static int caller_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    ((Caller *)self)->vectorcall = caller_vectorcall;
    return 0;
}
static PyMemberDef caller_members[] = {{"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Caller, vectorcall), Py_READONLY, NULL}, {NULL}};
static PyType_Slot caller_slots[] = {{72, caller_members}, {60, caller_init}, {50, PyVectorcall_Call}, {0}};
static PyType_Spec caller_spec = {"capi_errors.Caller", sizeof(Caller), 0, TPFLAGS_BASETYPE | TPFLAGS_HAVE_VECTORCALL, caller_slots};
static PyObject *caller_type(PyObject *self, PyObject *unused) { return PyType_FromModuleAndSpec(self, &caller_spec, NULL); }

static PyMethodDef methods[] = {
    {"caller_type", caller_type, METH_NOARGS, NULL},
    {"left_one", left_behind, METH_O, NULL},
    {"left_tuple", left_behind, METH_VARARGS, NULL},
    {"left_fast", (void *)left_fast, METH_FASTCALL, NULL},
    {"nothing_one", nothing, METH_O, NULL},
    {"nothing_tuple", nothing, METH_VARARGS, NULL},
    {"raised_over", raised_over, METH_VARARGS, NULL},
    {"dropped", dropped, METH_O, NULL},
    {"audited", audited, METH_O, NULL},
    {"no_number", no_number, METH_O, NULL},
    {"import_failed", import_failed, METH_O, NULL},
    {"printed", printed, METH_O, NULL},
    {"interrupt", interrupt, METH_O, NULL},
    {"waited", waited, METH_O, NULL},
    {"thread_exits", thread_exits, METH_NOARGS, NULL},
    {"frozen", frozen, METH_O, NULL},
    {"odd_type", odd_type, METH_NOARGS, NULL},
    {"latin", latin, METH_O, NULL},
    {"resized", resized, METH_NOARGS, NULL},
    {"function_name", function_name, METH_O, NULL},
    {NULL}};

static PyModuleDef def = {DEF_HEAD, "capi_errors", NULL, -1, methods};

PyObject *PyInit_capi_errors(void) { return PyModule_Create2(&def, 1013); }

/* A module made in one phase: calling conventions, argument parsing, building values, formatting, errors. */
#include "api.h"
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static PyObject *varargs(PyObject *self, PyObject *args) {
    int i;
    const char *s;
    Py_ssize_t n;
    double d;
    PyObject *o = NULL;
    if (!PyArg_ParseTuple(args, "is#d|O:varargs", &i, &s, &n, &d, &o)) return NULL;
    return Py_BuildValue("(is#dO)", i, s, n, d, o ? o : &_Py_NoneStruct);
}

static PyObject *keywords(PyObject *self, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"", "b", "flag", NULL};
    long a;
    PyObject *b = NULL;
    int flag = 7;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "l|O!$p:keywords", names, &a, &PyList_Type, &b, &flag)) return NULL;
    return Py_BuildValue("{s:l,s:O,s:i}", "a", a, "b", b ? b : &_Py_NoneStruct, "flag", flag);
}

static PyObject *noargs(PyObject *self, PyObject *unused) { return PyLong_FromLong(unused == NULL ? 42 : -1); }

static PyObject *one(PyObject *self, PyObject *arg) { return PyUnicode_FromFormat("<%R|%S|%A>", arg, arg, arg); }

static PyObject *fast(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    PyObject *result = PyTuple_New(nargs);
    for (Py_ssize_t i = 0; i < nargs; i++) PyTuple_SetItem(result, i, newref(args[nargs - 1 - i]));
    return result;
}

static PyObject *fastkw(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    return Py_BuildValue("(nO)", nargs, kwnames ? kwnames : &_Py_NoneStruct);
}

static PyObject *nested(PyObject *self, PyObject *args) {
    int a, b, c;
    if (!PyArg_ParseTuple(args, "i(ii):nested", &a, &b, &c)) return NULL;
    return Py_BuildValue("[i(ii){s:[dd]}]", a, b, c, "k", 0.5, 1.5);
}

static PyObject *buffer_sum(PyObject *self, PyObject *args) {
    Py_buffer view;
    long sum = 0;
    if (!PyArg_ParseTuple(args, "y*:buffer_sum", &view)) return NULL;
    for (Py_ssize_t i = 0; i < view.len; i++) sum += ((unsigned char *)view.buf)[i];
    PyBuffer_Release(&view);
    return PyLong_FromLong(sum);
}

/* More arguments than fit into registers, of both classes. */
static PyObject *format(PyObject *self, PyObject *unused) {
    char small[8];
    PyOS_snprintf(small, sizeof small, "%d-%s-%f", 12, "abcdefgh", 1.0);
    return PyUnicode_FromFormat("%d %5d|%-5d|%05d %u %ld %zd %x %#X %c %.3s %s %% %i %lld %p %U", -1, 42, 42, 42, 7u, -8L, (Py_ssize_t)9,
                                255, 255, 'z', "truncated", small, 10, 11LL, (void *)0x1234, PyUnicode_FromFormat("end"));
}

static PyObject *doubles(PyObject *self, PyObject *unused) {
    return Py_BuildValue("(ddddddddddi)", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11);
}

static PyObject *fail(PyObject *self, PyObject *arg) { return PyErr_Format(PyExc_ValueError, "bad %s: %R (%d)", "thing", arg, 3); }

static PyObject *call(PyObject *self, PyObject *callable) {
    PyObject *a = PyObject_CallFunction(callable, "is", 1, "two");
    if (!a) return NULL;
    PyObject *b = PyObject_CallFunctionObjArgs(callable, a, a, NULL);
    PyObject *upper = PyObject_CallMethod(Py_BuildValue("s", "abc"), "replace", "ss", "b", "--");
    PyObject *result = PyTuple_Pack(3, a, b, upper);
    xdecref(a), xdecref(b), xdecref(upper);
    return result;
}

static PyObject *swallow(PyObject *self, PyObject *callable) {
    PyObject *result = PyObject_CallFunctionObjArgs(callable, NULL);
    if (result) return result;
    if (!PyErr_ExceptionMatches(PyExc_ValueError)) return NULL;
    PyErr_Clear();
    return Py_BuildValue("s", "swallowed");
}

static PyObject *unpack(PyObject *self, PyObject *args) {
    PyObject *a, *b = NULL;
    if (!PyArg_UnpackTuple(args, "unpack", 1, 2, &a, &b)) return NULL;
    return PyTuple_Pack(2, a, b ? b : &_Py_NoneStruct);
}

static PyObject *callback;
static void *thread_main(void *unused) {
    int state = PyGILState_Ensure();
    int inner = PyGILState_Ensure();
    PyObject *result = PyObject_CallFunction(callback, "i", 5);
    xdecref(result);
    PyGILState_Release(inner);
    PyGILState_Release(state);
    return NULL;
}

/* Calls back from a thread that Python did not start. */
static PyObject *from_thread(PyObject *self, PyObject *callable) {
    pthread_t thread;
    callback = callable;
    void *state = PyEval_SaveThread();
    pthread_create(&thread, NULL, thread_main, NULL);
    pthread_join(thread, NULL);
    PyEval_RestoreThread(state);
    Py_RETURN_NONE;
}

/* KeyError of any object; with a cause where one is pending. */
static PyObject *key_error(PyObject *self, PyObject *key) {
    _PyErr_SetKeyError(key);
    return NULL;
}

static PyObject *from_cause(PyObject *self, PyObject *callable) {
    PyObject *result = PyObject_CallFunction(callable, NULL);
    if (result) return result;
    return _PyErr_FormatFromCause(PyExc_ValueError, "wrapped by %s %d", "C", 5);
}

/* What a generator returned, or None. */
static PyObject *returned(PyObject *self, PyObject *callable) {
    PyObject *value, *result = PyObject_CallFunction(callable, NULL);
    if (result) return result;
    if (_PyGen_FetchStopIterationValue(&value) < 0) return NULL;
    return value;
}

/* Forks by itself; gives the child's exit status. */
static PyObject *forks(PyObject *self, PyObject *callable) {
    PyOS_BeforeFork();
    int pid = fork(), status = -1;
    if (pid == 0) {
        PyOS_AfterFork_Child();
        _exit(PyObject_CallFunction(callable, NULL) ? 7 : 1);
    }
    PyOS_AfterFork_Parent();
    waitpid(pid, &status, 0);
    return PyLong_FromLong(WEXITSTATUS(status));
}

/* Pieces of older interfaces. */
static PyObject *pieces(PyObject *self, PyObject *buffer) {
    const void *memory;
    Py_ssize_t len;
    int argc;
    wchar_t **argv;
    if (PyObject_AsReadBuffer(buffer, &memory, &len) < 0) return NULL;
    Py_GetArgcArgv(&argc, &argv);
    return Py_BuildValue("y#sii", memory, len, _PyType_Name(buffer->ob_type), argc > 1, argv[argc] == NULL);
}

/* What mypyc's code uses: names in static variables, and a mutex with a time limit. */
static PyObject *by_static_names(PyObject *self, PyObject *object) {
    static Identifier name = {"na\xc3\xafve", -1, 0}, broken = {"\xff", -1, 0};
    PyObject *value = _PyObject_GetAttrId(object, &name);
    if (!value) return NULL;
    if (_PyUnicode_FromId(&broken)) return NULL;
    PyErr_Clear();
    static Identifier method = {"__class__", -1, 0};
    PyObject *made = _PyObject_CallMethodId(value, &method, "i", 7);
    unsigned char mutex = 0;
    int taken = _PyMutex_LockTimed(&mutex, 0, 1), again = _PyMutex_LockTimed(&mutex, 0, 1), later = _PyMutex_LockTimed(&mutex, 1000000, 3);
    PyMutex_Unlock(&mutex);
    PyObject *text = _PyUnicode_FromId(&name);
    return Py_BuildValue("NNOiiiii", value, made, text, text == _PyUnicode_FromId(&name), taken, again, later, mutex);
}

static int number = 1234;
static PyObject *capsule(PyObject *self, PyObject *unused) { return PyCapsule_New(&number, "capi_single.number", NULL); }

static PyMethodDef methods[] = {
    {"varargs", varargs, METH_VARARGS, "varargs(i, s, d, o=None)\n--\n\nParses."},
    {"keywords", keywords, METH_VARARGS | METH_KEYWORDS, NULL},
    {"noargs", noargs, METH_NOARGS, NULL},
    {"one", one, METH_O, NULL},
    {"fast", fast, METH_FASTCALL, NULL},
    {"fastkw", fastkw, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"nested", nested, METH_VARARGS, NULL},
    {"buffer_sum", buffer_sum, METH_VARARGS, NULL},
    {"format", format, METH_NOARGS, NULL},
    {"doubles", doubles, METH_NOARGS, NULL},
    {"fail", fail, METH_O, NULL},
    {"call", call, METH_O, NULL},
    {"swallow", swallow, METH_O, NULL},
    {"unpack", unpack, METH_VARARGS, NULL},
    {"from_thread", from_thread, METH_O, NULL},
    {"capsule", capsule, METH_NOARGS, NULL},
    {"key_error", key_error, METH_O, NULL},
    {"from_cause", from_cause, METH_O, NULL},
    {"returned", returned, METH_O, NULL},
    {"forks", forks, METH_O, NULL},
    {"pieces", pieces, METH_O, NULL},
    {"by_static_names", by_static_names, METH_O, NULL},
    {NULL}};

static PyModuleDef def = {DEF_HEAD, "capi_single", "One phase.", -1, methods};

PyObject *PyInit_capi_single(void) {
    PyObject *module = PyModule_Create2(&def, 1013);
    if (!module) return NULL;
    PyObject *number = capsule(NULL, NULL);
    PyModule_AddObjectRef(module, "number", number);
    decref(number);
    PyModule_AddIntConstant(module, "answer", 42);
    return module;
}

/* Rules of the C API that are easy to get wrong: whose reference it is, what NULL and negative lengths mean, where things are. */
#include "api.h"
#include <pthread.h>

/* A type whose special fields are in its own data, behind the base's struct. */
typedef struct {
    PyObject *dict, *weakrefs;
    void *vectorcall;
} Own;
static PyObject *own_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    return PyLong_FromLong((long)(nargsf & ~ARGUMENTS_OFFSET));
}
static int own_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    ((Own *)PyObject_GetTypeData(self, self->ob_type))->vectorcall = own_vectorcall;
    return 0;
}
static void own_dealloc(PyObject *self) {
    PyTypeObject *type = self->ob_type;
    Own *own = PyObject_GetTypeData(self, type);
    if (own->weakrefs) PyObject_ClearWeakRefs(self);
    xdecref(own->dict);
    type->tp_free(self);
    decref((PyObject *)type);
}
static PyMemberDef own_members[] = {
    {"__dictoffset__", Py_T_PYSSIZET, offsetof(Own, dict), Py_READONLY | Py_RELATIVE_OFFSET, NULL},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(Own, weakrefs), Py_READONLY | Py_RELATIVE_OFFSET, NULL},
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Own, vectorcall), Py_READONLY | Py_RELATIVE_OFFSET, NULL},
    {NULL}};
static PyType_Slot own_slots[] = {{72, own_members}, {60, own_init}, {50, PyVectorcall_Call}, {52, own_dealloc}, {0}};
static PyType_Spec own_spec = {"capi_rules.Own", -(int)sizeof(Own), 0, TPFLAGS_BASETYPE | TPFLAGS_HAVE_VECTORCALL, own_slots};
static PyObject *own_type(PyObject *self, PyObject *unused) { return PyType_FromModuleAndSpec(self, &own_spec, NULL); }

/* A type that is smaller than its base. */
static PyType_Slot no_slots[] = {{0}};
static PyType_Spec small_spec = {"capi_rules.Small", sizeof(PyObject), 0, TPFLAGS_BASETYPE, no_slots};
static PyObject *small_type(PyObject *self, PyObject *base) { return PyType_FromModuleAndSpec(self, &small_spec, base); }

/* A foreign thread whose state, at its end, holds something that enters Python again. */
static int destroyed;
static void destroy(PyObject *capsule) {
    int state = PyGILState_Ensure();
    destroyed++;
    PyGILState_Release(state);
}
static void *thread_main(void *unused) {
    int state = PyGILState_Ensure();
    PyObject *capsule = PyCapsule_New(&destroyed, "destroyed", destroy);
    PyDict_SetItemString(PyThreadState_GetDict(), "capsule", capsule);
    decref(capsule);
    PyGILState_Release(state);
    return NULL;
}
static PyObject *thread_ends(PyObject *self, PyObject *unused) {
    pthread_t thread;
    void *state = PyEval_SaveThread();
    pthread_create(&thread, NULL, thread_main, NULL);
    pthread_join(thread, NULL);
    PyEval_RestoreThread(state);
    return PyLong_FromLong(destroyed);
}

/* Raises an instance anew, without its traceback. */
static PyObject *restore(PyObject *self, PyObject *error) {
    PyErr_Restore(newref((PyObject *)error->ob_type), newref(error), NULL);
    return NULL;
}

/* Raises with an entry for a line of C in the traceback. */
static PyObject *line_of_c(PyObject *self, PyObject *unused) {
    PyObject *globals = PyDict_New(), *code = PyCode_NewEmpty("file.c", "function", 77);
    PyObject *frame = PyFrame_New(PyThreadState_Get(), code, globals, NULL);
    PyErr_SetString(PyExc_ValueError, "from C");
    PyTraceBack_Here(frame);
    decref(frame), decref(code), decref(globals);
    return NULL;
}

/* Fills an array of 2 by 3 bytes in Fortran order. */
static PyObject *fill(PyObject *self, PyObject *args) {
    char memory[6] = "......";
    Py_ssize_t length, shape[2] = {2, 3}, strides[2] = {1, 2};
    const char *data;
    int order;
    if (!PyArg_ParseTuple(args, "y#C", &data, &length, &order)) return NULL;
    Py_buffer view = {memory, NULL, 6, 1, 0, 2, "B", shape, strides, NULL, NULL};
    if (PyBuffer_FromContiguous(&view, data, length, (char)order) < 0) return NULL;
    return Py_BuildValue("y#", memory, (Py_ssize_t)6);
}

static PyObject *encoded(PyObject *self, PyObject *args) {
    char *text = NULL;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(args, "et#", "latin-1", &text, &length)) return NULL;
    PyObject *result = Py_BuildValue("y#", text, length);
    PyMem_Free(text);
    return result;
}

/* A negative length stands for the one that the NUL tells. */
static PyObject *built(PyObject *self, PyObject *unused) {
    return Py_BuildValue("(s#y#B)", "text", (Py_ssize_t)-1, "bytes", (Py_ssize_t)-1, 300);
}

/* A single tuple becomes the arguments. */
static PyObject *spread(PyObject *self, PyObject *args) {
    PyObject *callable, *tuple;
    if (!PyArg_UnpackTuple(args, "spread", 2, 2, &callable, &tuple)) return NULL;
    return PyObject_CallFunction(callable, "O", tuple);
}

static PyObject *int_from(PyObject *self, PyObject *args) {
    const char *text;
    char *end = NULL;
    int base;
    if (!PyArg_ParseTuple(args, "yi", &text, &base)) return NULL;
    PyObject *value = PyLong_FromString(text, &end, base);
    if (value) return Py_BuildValue("(Ns)", value, end);
    if (!PyErr_ExceptionMatches(PyExc_ValueError)) return NULL;
    PyErr_Clear();
    return Py_BuildValue("(ss)", "ValueError", end);
}

/* How many bytes an integer takes, as it is asked for by default, and in one byte. */
static PyObject *native(PyObject *self, PyObject *value) {
    unsigned char byte = 0;
    Py_ssize_t needed = PyLong_AsNativeBytes(value, &byte, 1, -1);
    if (needed < 0) return NULL;
    return Py_BuildValue("(ii)", needed <= 1, byte);
}

static PyObject *positions(PyObject *self, PyObject *error) {
    Py_ssize_t start, end;
    if (PyUnicodeDecodeError_GetStart(error, &start) < 0 || PyUnicodeDecodeError_GetEnd(error, &end) < 0) return NULL;
    return Py_BuildValue("(nn)", start, end);
}

static PyObject *line(PyObject *self, PyObject *args) {
    PyObject *file;
    int n;
    return PyArg_ParseTuple(args, "Oi", &file, &n) ? PyFile_GetLine(file, n) : NULL;
}

static PyObject *decoded(PyObject *self, PyObject *path) {
    PyObject *text = NULL;
    return PyUnicode_FSDecoder(path, &text) ? text : NULL;
}

/* Characters that there are, and one that there is not. */
static PyObject *wide(PyObject *self, PyObject *largest) {
    wchar_t text[2] = {'a', PyLong_AsLong(largest)};
    return PyUnicode_FromWideChar(text, 2);
}
static PyObject *written(PyObject *self, PyObject *largest) {
    uint32_t text[2] = {'a', PyLong_AsLong(largest)};
    void *writer = PyUnicodeWriter_Create(0);
    if (PyUnicodeWriter_WriteUCS4(writer, text, 2) == 0) return PyUnicodeWriter_Finish(writer);
    PyUnicodeWriter_Discard(writer);
    return NULL;
}

static PyObject *exec_module(PyObject *self, PyObject *code) { return PyImport_ExecCodeModule("capi_rules_made", code); }

static PyObject *collect(PyObject *self, PyObject *unused) { return PyLong_FromLong(PyGC_Collect() > 0); }

/* As mypyc makes classes: a type that gets an attribute before it is ready. */
static PyObject *early_attribute(PyObject *self, PyObject *value) {
    PyTypeObject *type = (PyTypeObject *)PyType_GenericAlloc(&PyType_Type, 0);
    if (!type) return NULL;
    type->tp_name = "capi_rules.Early";
    type->tp_basicsize = sizeof(PyObject);
    type->tp_flags = 1 << 9; /* a heap type */
    if (PyObject_SetAttrString((PyObject *)type, "early", value) < 0) return NULL;
    *(PyObject **)((char *)type + 856) = PyUnicode_FromString("Early"); /* ht_name, ht_qualname */
    *(PyObject **)((char *)type + 872) = PyUnicode_FromString("Early");
    if (PyType_Ready(type) < 0) return NULL;
    return (PyObject *)type;
}

static PyMethodDef methods[] = {
    {"early_attribute", early_attribute, METH_O, NULL},
    {"own_type", own_type, METH_NOARGS, NULL},
    {"small_type", small_type, METH_O, NULL},
    {"thread_ends", thread_ends, METH_NOARGS, NULL},
    {"restore", restore, METH_O, NULL},
    {"line_of_c", line_of_c, METH_NOARGS, NULL},
    {"fill", fill, METH_VARARGS, NULL},
    {"encoded", encoded, METH_VARARGS, NULL},
    {"built", built, METH_NOARGS, NULL},
    {"spread", spread, METH_VARARGS, NULL},
    {"int_from", int_from, METH_VARARGS, NULL},
    {"native", native, METH_O, NULL},
    {"positions", positions, METH_O, NULL},
    {"line", line, METH_VARARGS, NULL},
    {"decoded", decoded, METH_O, NULL},
    {"wide", wide, METH_O, NULL},
    {"written", written, METH_O, NULL},
    {"exec_module", exec_module, METH_O, NULL},
    {"collect", collect, METH_NOARGS, NULL},
    {NULL}};

static PyModuleDef def = {DEF_HEAD, "capi_rules", NULL, -1, methods};

PyObject *PyInit_capi_rules(void) { return PyModule_Create2(&def, 1013); }

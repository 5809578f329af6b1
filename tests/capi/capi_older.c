/* Functions that newer code has other ways for, but that compiled extensions still call. */
#include "api.h"

/* Names from the time when lengths could be ints. */
static PyObject *parsed_object(PyObject *self, PyObject *object) {
    const char *text;
    Py_ssize_t len;
    return _PyArg_Parse_SizeT(object, "s#", &text, &len) ? PyLong_FromLong(len) : NULL;
}
static char *const names[] = {"text", "number", NULL};
static PyObject *parsed_keywords(PyObject *self, PyObject *args, PyObject *kwargs) {
    const char *text;
    Py_ssize_t len;
    int number = 7;
    if (!_PyArg_ParseTupleAndKeywords_SizeT(args, kwargs, "s#|i:parsed", names, &text, &len, &number)) return NULL;
    return Py_BuildValue("s#ni", text, len, len, number);
}
static int va_parse(PyObject *args, PyObject *kwargs, const char *format, ...) {
    va_list va;
    va_start(va, format);
    int done = kwargs ? _PyArg_VaParseTupleAndKeywords_SizeT(args, kwargs, format, names, va) : _PyArg_VaParse_SizeT(args, format, va);
    va_end(va);
    return done;
}
static PyObject *va_build(const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *made = _Py_VaBuildValue_SizeT(format, va);
    va_end(va);
    return made;
}
static PyObject *va_parsed(PyObject *self, PyObject *args, PyObject *kwargs) {
    const char *text;
    Py_ssize_t len;
    int number = 7;
    if (!va_parse(args, kwargs, "s#|i:parsed", &text, &len, &number)) return NULL;
    return va_build("s#nid", text, len, len, number, 0.5);
}

static PyObject *location(PyObject *self, PyObject *args) {
    PyObject *code;
    int offset, at[4];
    if (!PyArg_ParseTuple(args, "Oi", &code, &offset)) return NULL;
    int found = PyCode_Addr2Location(code, offset, &at[0], &at[1], &at[2], &at[3]);
    return Py_BuildValue("iiiii", found, at[0], at[1], at[2], at[3]);
}

static PyObject *slice_indices(PyObject *self, PyObject *args) {
    PyObject *slice;
    Py_ssize_t length, start = 0, stop = 0, step = 0;
    if (!PyArg_ParseTuple(args, "On", &slice, &length)) return NULL;
    int result = PySlice_GetIndices(slice, length, &start, &stop, &step);
    if (PyErr_Occurred()) return NULL;
    return result < 0 ? PyLong_FromLong(result) : Py_BuildValue("nnn", start, stop, step);
}

/* Decoders: what was decoded, how many bytes were read, and the order of bytes. */
static PyObject *decoded(PyObject *self, PyObject *args) {
    const char *data, *encoding;
    Py_ssize_t len, read = -1;
    int order = 0, final = 0;
    if (!PyArg_ParseTuple(args, "sy#|ip", &encoding, &data, &len, &order, &final)) return NULL;
    Py_ssize_t *consumed = final ? NULL : &read;
    PyObject *text;
    if (!strcmp(encoding, "utf-7")) text = final ? PyUnicode_DecodeUTF7(data, len, NULL) : PyUnicode_DecodeUTF7Stateful(data, len, NULL, consumed);
    else if (!strcmp(encoding, "utf-8")) text = PyUnicode_DecodeUTF8Stateful(data, len, NULL, consumed);
    else if (!strcmp(encoding, "utf-16")) text = PyUnicode_DecodeUTF16Stateful(data, len, NULL, &order, consumed);
    else if (!strcmp(encoding, "utf-32")) text = PyUnicode_DecodeUTF32Stateful(data, len, NULL, &order, consumed);
    else text = PyUnicode_DecodeRawUnicodeEscape(data, len, "replace");
    return text ? Py_BuildValue("Nni", text, read, order) : NULL;
}
static PyObject *charmap_decoded(PyObject *self, PyObject *args) {
    const char *data;
    Py_ssize_t len;
    PyObject *mapping = NULL;
    if (!PyArg_ParseTuple(args, "y#|O", &data, &len, &mapping)) return NULL;
    return PyUnicode_DecodeCharmap(data, len, mapping, "strict");
}
static PyObject *charmap_encoded(PyObject *self, PyObject *args) {
    PyObject *text, *mapping = NULL;
    if (!PyArg_ParseTuple(args, "O|O", &text, &mapping)) return NULL;
    return PyUnicode_AsCharmapString(text, mapping);
}
static PyObject *encoding_map(PyObject *self, PyObject *table) { return PyUnicode_BuildEncodingMap(table); }
static PyObject *transformed(PyObject *self, PyObject *args) {
    static PyObject *(*const functions[])(PyObject *, const char *, const char *) = {
        PyUnicode_AsDecodedObject, PyUnicode_AsDecodedUnicode, PyUnicode_AsEncodedObject, PyUnicode_AsEncodedUnicode};
    int which;
    PyObject *text;
    const char *encoding;
    if (!PyArg_ParseTuple(args, "iOz", &which, &text, &encoding)) return NULL;
    return functions[which](text, encoding, NULL);
}
static PyObject *old_size(PyObject *self, PyObject *text) {
    Py_ssize_t size = PyUnicode_GetSize(text);
    return size < 0 ? NULL : PyLong_FromLong(size);
}

/* Source files. */
static PyObject *run_file(PyObject *self, PyObject *args) {
    const char *path;
    int start;
    PyObject *globals, *result;
    if (!PyArg_ParseTuple(args, "siO", &path, &start, &globals)) return NULL;
    FILE *file = fopen(path, "rb");
    if (start == 258) {
        result = PyRun_File(file, "a name", start, globals, globals);
        fclose(file);
        return result;
    }
    return PyRun_FileEx(file, path, start, globals, globals, 1);
}
static PyObject *run_main(PyObject *self, PyObject *args) {
    const char *path, *name;
    if (!PyArg_ParseTuple(args, "sz", &path, &name)) return NULL;
    FILE *file = fopen(path, "rb");
    return PyLong_FromLong(name ? PyRun_SimpleFileExFlags(file, name, 1, NULL) : PyRun_AnyFileEx(file, NULL, 1));
}
static PyObject *run_text(PyObject *self, PyObject *args) {
    const char *text;
    return PyArg_ParseTuple(args, "s", &text) ? PyLong_FromLong(PyRun_SimpleString(text)) : NULL;
}

/* Profiles all threads: a list gets what calls what. */
static int note_call(PyObject *list, PyObject *frame, int what, PyObject *arg) {
    if (what != 0) return 0;
    PyObject *code = PyObject_GetAttrString(frame, "f_code");
    PyObject *name = PyObject_GetAttrString(code, "co_name");
    int result = PyList_Append(list, name);
    decref(name);
    decref(code);
    return result;
}
static PyObject *watch_all(PyObject *self, PyObject *args) {
    PyObject *trace, *profile;
    if (!PyArg_ParseTuple(args, "OO", &trace, &profile)) return NULL;
    if (trace == &_Py_NoneStruct) PyEval_SetTraceAllThreads(NULL, NULL);
    else PyEval_SetTraceAllThreads(note_call, trace);
    if (profile == &_Py_NoneStruct) PyEval_SetProfileAllThreads(NULL, NULL);
    else PyEval_SetProfileAllThreads(note_call, profile);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"parsed_object", parsed_object, METH_O, NULL},
    {"parsed_keywords", parsed_keywords, METH_VARARGS | METH_KEYWORDS, NULL},
    {"va_parsed", va_parsed, METH_VARARGS | METH_KEYWORDS, NULL},
    {"location", location, METH_VARARGS, NULL},
    {"slice_indices", slice_indices, METH_VARARGS, NULL},
    {"decoded", decoded, METH_VARARGS, NULL},
    {"charmap_decoded", charmap_decoded, METH_VARARGS, NULL},
    {"charmap_encoded", charmap_encoded, METH_VARARGS, NULL},
    {"encoding_map", encoding_map, METH_O, NULL},
    {"transformed", transformed, METH_VARARGS, NULL},
    {"old_size", old_size, METH_O, NULL},
    {"run_file", run_file, METH_VARARGS, NULL},
    {"run_main", run_main, METH_VARARGS, NULL},
    {"run_text", run_text, METH_VARARGS, NULL},
    {"watch_all", watch_all, METH_VARARGS, NULL},
    {NULL}};
static PyModuleDef def = {DEF_HEAD, "capi_older", NULL, -1, methods};
PyObject *PyInit_capi_older(void) { return PyModule_Create2(&def, 1013); }

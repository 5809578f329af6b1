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

/* Older ways to call. */
static PyObject *called(PyObject *self, PyObject *args) {
    int which;
    PyObject *callable, *a = NULL, *b = NULL;
    if (!PyArg_ParseTuple(args, "iO|OO", &which, &callable, &a, &b)) return NULL;
    switch (which) {
    case 0: return PyCFunction_Call(callable, a, b);
    case 1: return PyEval_CallObjectWithKeywords(callable, a, b);
    case 2: return PyEval_CallFunction(callable, "(iO)", 5, callable);
    case 3: return PyEval_CallFunction(callable, "i", 5);
    default: return PyEval_CallMethod(callable, "replace", "(ss)", "a", "b");
    }
}
static PyObject *evaluated(PyObject *self, PyObject *args) {
    PyObject *code, *globals, *kwdefaults, *closure, *given[4], *defaults[1];
    if (!PyArg_ParseTuple(args, "OOOO", &code, &globals, &kwdefaults, &closure)) return NULL;
    given[0] = PyLong_FromLong(1);
    given[1] = PyUnicode_FromString("d");
    given[2] = PyLong_FromLong(4);
    defaults[0] = PyLong_FromLong(2);
    PyObject *result = PyEval_EvalCodeEx(code, globals, NULL, given, 1, given + 1, 1, defaults, 1, kwdefaults, closure);
    for (int i = 0; i < 3; i++) decref(given[i]);
    decref(defaults[0]);
    return result;
}
static PyObject *set_closure(PyObject *self, PyObject *args) {
    PyObject *function, *closure;
    if (!PyArg_ParseTuple(args, "OO", &function, &closure) || PyFunction_SetClosure(function, closure) < 0) return NULL;
    Py_RETURN_NONE;
}

/* Modules, codecs. */
static PyObject *exec_module(PyObject *self, PyObject *args) {
    const char *name, *file, *cached;
    PyObject *code;
    if (!PyArg_ParseTuple(args, "sOzz", &name, &code, &file, &cached)) return NULL;
    return PyImport_ExecCodeModuleWithPathnames(name, code, file, cached);
}
static PyObject *importer(PyObject *self, PyObject *path) { return PyImport_GetImporter(path); }
static PyObject *frozen(PyObject *self, PyObject *args) {
    const char *name;
    if (!PyArg_ParseTuple(args, "s", &name)) return NULL;
    int result = PyImport_ImportFrozenModule(name);
    return result < 0 ? NULL : PyLong_FromLong(result);
}
static PyObject *codec_part(PyObject *self, PyObject *args) {
    const char *encoding, *errors;
    PyObject *stream;
    int which;
    if (!PyArg_ParseTuple(args, "iszO", &which, &encoding, &errors, &stream)) return NULL;
    switch (which) {
    case 0: return PyCodec_IncrementalEncoder(encoding, errors);
    case 1: return PyCodec_IncrementalDecoder(encoding, errors);
    case 2: return PyCodec_StreamReader(encoding, stream, errors);
    default: return PyCodec_StreamWriter(encoding, stream, errors);
    }
}

/* Memory of objects. */
static PyObject *copied(PyObject *self, PyObject *args) {
    PyObject *target, *source;
    if (!PyArg_ParseTuple(args, "OO", &target, &source) || PyObject_CopyData(target, source) < 0) return NULL;
    return newref(target);
}
static PyObject *memory(PyObject *self, PyObject *object) {
    const char *text;
    void *place;
    Py_ssize_t len;
    if (!PyObject_CheckReadBuffer(object)) return PyLong_FromLong(-1);
    if (PyObject_AsCharBuffer(object, &text, &len) < 0) return NULL;
    PyObject *read = Py_BuildValue("y#", text, len);
    if (PyObject_AsWriteBuffer(object, &place, &len) < 0) {
        decref(read);
        return NULL;
    }
    memset(place, '-', len);
    return read;
}
static PyObject *pickle_buffer(PyObject *self, PyObject *object) {
    PyObject *made = PyPickleBuffer_FromObject(object);
    if (!made) return NULL;
    const Py_buffer *view = PyPickleBuffer_GetBuffer(made);
    PyObject *result = Py_BuildValue("ny#", view->len, view->buf, view->len);
    if (PyPickleBuffer_Release(made) < 0 || PyPickleBuffer_GetBuffer(made)) return NULL;
    decref(made);
    PyErr_Clear();
    return result;
}
static PyObject *released_view(PyObject *self, PyObject *object) { return PyPickleBuffer_GetBuffer(object) ? newref(object) : NULL; }
static PyObject *weakly(PyObject *self, PyObject *object) {
    int supported = PyType_SUPPORTS_WEAKREFS(object->ob_type);
    return Py_BuildValue("ii", supported, supported && *PyObject_GET_WEAKREFS_LISTPTR(object) != NULL);
}

/* Audit hooks stay for ever: this one minds its own events only. */
static int audited;
static int audit_hook(const char *event, PyObject *args, void *data) {
    if (!strcmp(event, "capi_older.count")) ++*(int *)data;
    if (strcmp(event, "capi_older.refuse")) return 0;
    PyErr_Format(PyExc_ValueError, "refused %R", args);
    return -1;
}
static PyObject *add_audit_hook(PyObject *self, PyObject *unused) {
    if (PySys_AddAuditHook(audit_hook, &audited) < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *audit_count(PyObject *self, PyObject *unused) { return PyLong_FromLong(audited); }

/* Where a syntax error is. */
static PyObject *syntax_error(PyObject *self, PyObject *args) {
    PyObject *filename;
    int line, column, end_line, end_column;
    if (!PyArg_ParseTuple(args, "Oiiii", &filename, &line, &column, &end_line, &end_column)) return NULL;
    PyErr_SetString(PyExc_SyntaxError, "made up");
    if (end_line) PyErr_RangedSyntaxLocationObject(filename, line, column, end_line, end_column);
    else PyErr_SyntaxLocationObject(filename, line, column);
    return NULL;
}
static PyObject *program_text(PyObject *self, PyObject *args) {
    const char *filename;
    int line;
    if (!PyArg_ParseTuple(args, "si", &filename, &line)) return NULL;
    PyObject *text = PyErr_ProgramText(filename, line);
    if (text || PyErr_Occurred()) return text;
    Py_RETURN_NONE;
}
static PyObject *universal_lines(PyObject *self, PyObject *args) {
    const char *path;
    int size;
    char buffer[16];
    if (!PyArg_ParseTuple(args, "si", &path, &size)) return NULL;
    FILE *file = fopen(path, "rb");
    PyObject *lines = PyList_New(0);
    while (Py_UniversalNewlineFgets(buffer, size, file, NULL)) {
        PyObject *line = PyUnicode_FromString(buffer);
        PyList_Append(lines, line);
        decref(line);
    }
    fclose(file);
    return lines;
}
static PyObject *asked(PyObject *self, PyObject *args) {
    const char *path;
    if (!PyArg_ParseTuple(args, "s", &path)) return NULL;
    FILE *file = fopen(path, "rb");
    PyObject *lines = PyList_New(0);
    for (;;) {
        char *line = PyOS_Readline(file, stdout, "");
        if (!line) return NULL;
        PyObject *text = PyUnicode_FromString(line);
        PyList_Append(lines, text);
        decref(text);
        int end = !*line;
        PyMem_Free(line);
        if (end) break;
    }
    fclose(file);
    return lines;
}

/* The interpreter's options and paths. */
static PyObject *options(PyObject *self, PyObject *unused) {
    PySys_ResetWarnOptions();
    int before = PySys_HasWarnOptions();
    PySys_AddWarnOption(L"ignore::UserWarning");
    PySys_AddXOption(L"capi_flag");
    PySys_AddXOption(L"capi_name=a=b");
    return Py_BuildValue("ii", before, PySys_HasWarnOptions());
}
static PyObject *paths(PyObject *self, PyObject *unused) {
    return Py_BuildValue("uuu", Py_GetPrefix(), Py_GetExecPrefix(), Py_GetProgramFullPath());
}
static PyObject *statuses(PyObject *self, PyObject *unused) {
    WideStringList list = {0, NULL};
    PyStatus added[] = {
        PyWideStringList_Append(&list, L"b"), PyWideStringList_Insert(&list, 0, L"a"), PyWideStringList_Insert(&list, 9, L"c"),
        PyWideStringList_Insert(&list, -1, L"d"), PyStatus_Exit(3), PyStatus_NoMemory()};
    PyObject *result = PyList_New(0);
    for (int i = 0; i < 6; i++) {
        PyObject *item = Py_BuildValue("iiizi", PyStatus_IsError(added[i]), PyStatus_IsExit(added[i]), PyStatus_Exception(added[i]), added[i].err_msg, added[i].exitcode);
        PyList_Append(result, item);
        decref(item);
    }
    for (Py_ssize_t i = 0; i < list.length; i++) {
        PyObject *item = PyUnicode_FromWideChar(list.items[i], -1);
        PyList_Append(result, item);
        decref(item);
    }
    return result;
}

/* Watchers note what they hear of in a list. */
static PyObject *heard;
static int note(const char *event, PyObject *key, PyObject *value) {
    PyObject *item = Py_BuildValue("sOO", event, key ? key : &_Py_NoneStruct, value ? value : &_Py_NoneStruct);
    int result = PyList_Append(heard, item);
    decref(item);
    return result;
}
static int dict_watcher(int event, PyObject *dict, PyObject *key, PyObject *value) {
    static const char *const events[] = {"added", "modified", "deleted", "cloned", "cleared", "deallocated"};
    if (event == 0 && value == &_Py_NoneStruct) {
        PyErr_SetString(PyExc_ValueError, "no None");
        return -1;
    }
    return note(events[event], key, value);
}
static int type_watcher(PyTypeObject *type) { return note("type", (PyObject *)type, NULL); }
static PyObject *watch(PyObject *self, PyObject *args) {
    PyObject *object;
    int which, id = -1;
    if (!PyArg_ParseTuple(args, "iO|i", &which, &object, &id)) return NULL;
    if (!heard) heard = PyList_New(0);
    int result = 0;
    switch (which) {
    case 0: result = id = PyDict_AddWatcher(dict_watcher); break;
    case 1: result = PyDict_Watch(id, object); break;
    case 2: result = PyDict_Unwatch(id, object); break;
    case 3: result = PyDict_ClearWatcher(id); break;
    case 4: result = id = PyType_AddWatcher(type_watcher); break;
    case 5: result = PyType_Watch(id, object); break;
    case 6: result = PyType_Unwatch(id, object); break;
    default: result = PyType_ClearWatcher(id);
    }
    return result < 0 ? NULL : PyLong_FromLong(id);
}
static PyObject *heard_so_far(PyObject *self, PyObject *unused) {
    PyObject *all = heard;
    heard = PyList_New(0);
    return all;
}

/* Objects of the collector: is one among them, and does the walk end when it was found? */
struct search {
    PyObject *object;
    int found, later;
};
static int search_visit(PyObject *object, void *argument) {
    struct search *search = argument;
    if (search->found) search->later++;
    if (object == search->object) search->found++;
    return !search->found;
}
static PyObject *collectable(PyObject *self, PyObject *object) {
    struct search search = {object, 0, 0};
    PyUnstable_GC_VisitObjects(search_visit, &search);
    return Py_BuildValue("ii", search.found, search.later);
}

static PyMethodDef methods[] = {
    {"collectable", collectable, METH_O, NULL},
    {"watch", watch, METH_VARARGS, NULL},
    {"heard", heard_so_far, METH_NOARGS, NULL},
    {"called", called, METH_VARARGS, NULL},
    {"evaluated", evaluated, METH_VARARGS, NULL},
    {"set_closure", set_closure, METH_VARARGS, NULL},
    {"exec_module", exec_module, METH_VARARGS, NULL},
    {"importer", importer, METH_O, NULL},
    {"frozen", frozen, METH_VARARGS, NULL},
    {"codec_part", codec_part, METH_VARARGS, NULL},
    {"copied", copied, METH_VARARGS, NULL},
    {"memory", memory, METH_O, NULL},
    {"pickle_buffer", pickle_buffer, METH_O, NULL},
    {"released_view", released_view, METH_O, NULL},
    {"weakly", weakly, METH_O, NULL},
    {"add_audit_hook", add_audit_hook, METH_NOARGS, NULL},
    {"audit_count", audit_count, METH_NOARGS, NULL},
    {"syntax_error", syntax_error, METH_VARARGS, NULL},
    {"program_text", program_text, METH_VARARGS, NULL},
    {"universal_lines", universal_lines, METH_VARARGS, NULL},
    {"asked", asked, METH_VARARGS, NULL},
    {"options", options, METH_NOARGS, NULL},
    {"paths", paths, METH_NOARGS, NULL},
    {"statuses", statuses, METH_NOARGS, NULL},
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

/* An extension module that is written against the headers of capi-emulation/include, as one for CPython would be: types in both ways of
 * making them, methods of all calling conventions, members, getters and setters, buffers, state, and what headers inline. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <datetime.h>
#include <frameobject.h>

typedef struct {
    PyObject *error;
    PyTypeObject *counter;
} State;

static struct PyModuleDef module_def;

static State *state_of(PyObject *module)
{
    return (State *)PyModule_GetState(module);
}

/* A static type: a vector of doubles, with a buffer. */

typedef struct {
    PyObject_HEAD
    Py_ssize_t len;
    double *items;
    Py_ssize_t exports;
    PyObject *label;
} Vector;

static PyObject *vector_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"items", "label", NULL};
    PyObject *items, *label = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O", names, &items, &label)) {
        return NULL;
    }
    PyObject *fast = PySequence_Fast(items, "items must be a sequence");
    if (fast == NULL) {
        return NULL;
    }
    Vector *self = (Vector *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->len = PySequence_Fast_GET_SIZE(fast);
        self->items = PyMem_New(double, self->len + 1);
        self->label = Py_NewRef(label);
        for (Py_ssize_t i = 0; self->items != NULL && i < self->len; i++) {
            self->items[i] = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(fast, i));
        }
        if (self->items == NULL || PyErr_Occurred()) {
            Py_CLEAR(self);
        }
    }
    Py_DECREF(fast);
    return (PyObject *)self;
}

static int vector_traverse(Vector *self, visitproc visit, void *arg)
{
    Py_VISIT(self->label);
    return 0;
}

static int vector_clear(Vector *self)
{
    Py_CLEAR(self->label);
    return 0;
}

static void vector_dealloc(Vector *self)
{
    PyObject_GC_UnTrack(self);
    vector_clear(self);
    PyMem_Free(self->items);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static Py_ssize_t vector_len(Vector *self)
{
    return self->len;
}

static PyObject *vector_item(Vector *self, Py_ssize_t index)
{
    if (index < 0 || index >= self->len) {
        PyErr_Format(PyExc_IndexError, "%zd of %zd", index, self->len);
        return NULL;
    }
    return PyFloat_FromDouble(self->items[index]);
}

static int vector_contains(Vector *self, PyObject *value)
{
    if (!PyFloat_CheckExact(value)) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < self->len; i++) {
        if (self->items[i] == PyFloat_AS_DOUBLE(value)) {
            return 1;
        }
    }
    return 0;
}

static PyObject *vector_add(PyObject *a, PyObject *b);

static PyObject *vector_compare(Vector *a, PyObject *b, int op)
{
    if (!Py_IS_TYPE(b, Py_TYPE(a))) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    Py_RETURN_RICHCOMPARE(a->len, ((Vector *)b)->len, op);
}

static int vector_getbuffer(Vector *self, Py_buffer *view, int flags)
{
    if (PyBuffer_FillInfo(view, (PyObject *)self, self->items, self->len * (Py_ssize_t)sizeof(double), 0, flags) < 0) {
        return -1;
    }
    view->itemsize = sizeof(double);
    view->format = (flags & PyBUF_FORMAT) ? "d" : NULL;
    if ((flags & PyBUF_ND) == PyBUF_ND) {
        view->shape = &self->len;
    }
    if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES) {
        view->strides = &view->itemsize;
    }
    self->exports++;
    return 0;
}

static void vector_releasebuffer(Vector *self, Py_buffer *Py_UNUSED(view))
{
    self->exports--;
}

static PyObject *vector_get_sum(Vector *self, void *Py_UNUSED(closure))
{
    double sum = 0;
    for (Py_ssize_t i = 0; i < self->len; i++) {
        sum += self->items[i];
    }
    return PyFloat_FromDouble(sum);
}

static PyObject *vector_scale(Vector *self, PyTypeObject *Py_UNUSED(defining), PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    double factor = 1;
    for (Py_ssize_t i = 0; i < nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0); i++) {
        factor *= PyFloat_AsDouble(args[i]);
    }
    if (PyErr_Occurred()) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < self->len; i++) {
        self->items[i] *= factor;
    }
    return Py_NewRef(self);
}

static PyObject *vector_zeros(PyTypeObject *type, PyObject *count)
{
    Py_ssize_t n = PyLong_AsSsize_t(count);
    if (n == -1 && PyErr_Occurred()) {
        return NULL;
    }
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        PyList_SET_ITEM(list, i, PyFloat_FromDouble(0));
    }
    PyObject *vector = list ? PyObject_CallOneArg((PyObject *)type, list) : NULL;
    Py_XDECREF(list);
    return vector;
}

static PyMethodDef vector_methods[] = {
    {"scale", _PyCFunction_CAST(vector_scale), METH_METHOD | METH_FASTCALL | METH_KEYWORDS, PyDoc_STR("Multiplies all items.")},
    {"zeros", _PyCFunction_CAST(vector_zeros), METH_CLASS | METH_O, PyDoc_STR("Of that many zeros.")},
    {NULL, NULL, 0, NULL},
};
static PyMemberDef vector_members[] = {
    {"label", T_OBJECT_EX, offsetof(Vector, label), 0, NULL},
    {"exports", Py_T_PYSSIZET, offsetof(Vector, exports), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyGetSetDef vector_getset[] = {
    {"sum", (getter)vector_get_sum, NULL, PyDoc_STR("The sum of the items."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyNumberMethods vector_number = {.nb_add = vector_add};
static PySequenceMethods vector_sequence = {
    .sq_length = (lenfunc)vector_len, .sq_item = (ssizeargfunc)vector_item, .sq_contains = (objobjproc)vector_contains};
static PyBufferProcs vector_buffer = {(getbufferproc)vector_getbuffer, (releasebufferproc)vector_releasebuffer};

static PyTypeObject Vector_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "headers_module.Vector",
    .tp_basicsize = sizeof(Vector),
    .tp_dealloc = (destructor)vector_dealloc,
    .tp_as_number = &vector_number,
    .tp_as_sequence = &vector_sequence,
    .tp_as_buffer = &vector_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("Doubles."),
    .tp_traverse = (traverseproc)vector_traverse,
    .tp_clear = (inquiry)vector_clear,
    .tp_richcompare = (richcmpfunc)vector_compare,
    .tp_methods = vector_methods,
    .tp_members = vector_members,
    .tp_getset = vector_getset,
    .tp_new = vector_new,
};

static PyObject *vector_add(PyObject *a, PyObject *b)
{
    if (!PyObject_TypeCheck(a, &Vector_Type) || !PyObject_TypeCheck(b, &Vector_Type)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    PyObject *left = PySequence_List(a), *right = left ? PySequence_List(b) : NULL, *sum = NULL;
    if (right != NULL) {
        PyObject *joined = PySequence_Concat(left, right);
        sum = joined ? PyObject_CallOneArg((PyObject *)&Vector_Type, joined) : NULL;
        Py_XDECREF(joined);
    }
    Py_XDECREF(left);
    Py_XDECREF(right);
    return sum;
}

/* A heap type with a vectorcall slot in its instances. */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    long calls;
} Counter;

static PyObject *counter_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Counter *counter = (Counter *)self;
    PyObject *seen = PyTuple_New(PyVectorcall_NARGS(nargsf));
    for (Py_ssize_t i = 0; seen != NULL && i < PyVectorcall_NARGS(nargsf); i++) {
        PyTuple_SET_ITEM(seen, i, Py_NewRef(args[i]));
    }
    counter->calls++;
    return Py_BuildValue("(lNO)", counter->calls, seen, kwnames ? kwnames : Py_None);
}

static PyObject *counter_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    Counter *self = (Counter *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->vectorcall = counter_vectorcall;
    }
    return (PyObject *)self;
}

static void counter_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef counter_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Counter, vectorcall), Py_READONLY, NULL},
    {"calls", Py_T_LONG, offsetof(Counter, calls), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyType_Slot counter_slots[] = {
    {Py_tp_doc, (void *)"Counts calls."}, {Py_tp_new, (void *)counter_new}, {Py_tp_dealloc, (void *)counter_dealloc},
    {Py_tp_call, (void *)PyVectorcall_Call}, {Py_tp_members, counter_members}, {0, NULL},
};
static PyType_Spec counter_spec = {
    "headers_module.Counter", sizeof(Counter), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, counter_slots};

/* Functions. */

/* What the inlined accessors say of an object, beside what Python knows. */
static PyObject *inspect(PyObject *Py_UNUSED(module), PyObject *object)
{
    if (PyUnicode_Check(object)) {
        Py_UCS4 last = 0;
        Py_ssize_t len = PyUnicode_GET_LENGTH(object);
        if (len > 0) {
            last = PyUnicode_READ_CHAR(object, len - 1);
        }
        return Py_BuildValue("siniI", "str", (int)PyUnicode_KIND(object), len, (int)PyUnicode_IS_ASCII(object), last);
    }
    if (PyBool_Check(object)) {
        return Py_BuildValue("sii", "bool", Py_IsTrue(object), Py_IsFalse(object));
    }
    if (PyLong_Check(object)) {
        PyLongObject *number = (PyLongObject *)object;
        if (!PyUnstable_Long_IsCompact(number)) {
            return Py_BuildValue("snI", "int", (Py_ssize_t)(number->long_value.lv_tag >> _PyLong_NON_SIZE_BITS),
                                 number->long_value.ob_digit[0]);
        }
        return Py_BuildValue("sn", "small int", PyUnstable_Long_CompactValue(number));
    }
    if (PyBytes_Check(object)) {
        return Py_BuildValue("sny", "bytes", PyBytes_GET_SIZE(object), PyBytes_AS_STRING(object));
    }
    if (PyByteArray_Check(object)) {
        return Py_BuildValue("sny", "bytearray", PyByteArray_GET_SIZE(object), PyByteArray_AS_STRING(object));
    }
    if (PyTuple_Check(object) || PyList_Check(object)) {
        Py_ssize_t len = PySequence_Fast_GET_SIZE(object);
        return Py_BuildValue("snO", PyTuple_Check(object) ? "tuple" : "list", len,
                             len ? PySequence_Fast_ITEMS(object)[len - 1] : Py_None);
    }
    if (PyDict_Check(object)) {
        return Py_BuildValue("sn", "dict", PyDict_GET_SIZE(object));
    }
    if (PyAnySet_Check(object)) {
        return Py_BuildValue("sn", "set", PySet_GET_SIZE(object));
    }
    if (PyComplex_Check(object)) {
        return Py_BuildValue("sD", "complex", &((PyComplexObject *)object)->cval);
    }
    if (PySlice_Check(object)) {
        Py_ssize_t start, stop, step, len;
        if (PySlice_GetIndicesEx(object, 10, &start, &stop, &step, &len) < 0) {
            return NULL;
        }
        return Py_BuildValue("snnnn", "slice", start, stop, step, len);
    }
    if (PyMemoryView_Check(object)) {
        return Py_BuildValue("sns", "memoryview", PyMemoryView_GET_BUFFER(object)->len, PyMemoryView_GET_BUFFER(object)->format);
    }
    if (PyCFunction_Check(object)) {
        return Py_BuildValue("ssi", "function", ((PyCFunctionObject *)object)->m_ml->ml_name, PyCFunction_GET_FLAGS(object));
    }
    if (PyMethod_Check(object)) {
        return Py_BuildValue("sOO", "method", PyMethod_GET_FUNCTION(object), PyMethod_GET_SELF(object));
    }
    if (PyType_Check(object)) {
        PyTypeObject *type = (PyTypeObject *)object;
        return Py_BuildValue("ssni", "type", type->tp_name, type->tp_basicsize, PyType_HasFeature(type, Py_TPFLAGS_BASETYPE));
    }
    if (PyExceptionInstance_Check(object)) {
        return Py_BuildValue("sO", "exception", ((PyBaseExceptionObject *)object)->args);
    }
    if (PyDate_Check(object)) {
        return Py_BuildValue("siiii", "date", PyDateTime_GET_YEAR(object), PyDateTime_GET_MONTH(object), PyDateTime_GET_DAY(object),
                             PyDateTime_Check(object) ? PyDateTime_DATE_GET_MICROSECOND(object) : -1);
    }
    if (PyDelta_Check(object)) {
        return Py_BuildValue("siii", "delta", PyDateTime_DELTA_GET_DAYS(object), PyDateTime_DELTA_GET_SECONDS(object),
                             PyDateTime_DELTA_GET_MICROSECONDS(object));
    }
    Py_RETURN_NONE;
}

/* Counts of references: what inlined increments and decrements do to a mortal object, and that they leave an immortal one alone. */
static PyObject *counts(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    PyObject *mortal = PyList_New(0);
    if (mortal == NULL) {
        return NULL;
    }
    Py_ssize_t before = Py_REFCNT(mortal);
    Py_INCREF(mortal);
    Py_ssize_t between = Py_REFCNT(mortal);
    Py_DECREF(mortal);
    Py_ssize_t after = Py_REFCNT(mortal);
    Py_SETREF(mortal, PyTuple_New(1));
    Py_CLEAR(mortal);
    Py_ssize_t none = Py_REFCNT(Py_None);
    for (int i = 0; i < 1000; i++) {
        Py_INCREF(Py_None);
    }
    return Py_BuildValue("nnniii", before, between, after, mortal == NULL, none == Py_REFCNT(Py_None), _Py_IsImmortal(Py_None));
}

static PyObject *fail(PyObject *module, PyObject *args)
{
    const char *text;
    if (!PyArg_ParseTuple(args, "s:fail", &text)) {
        return NULL;
    }
    PyErr_SetString(state_of(module)->error, text);
    return NULL;
}

static PyObject *wait(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    PyMutex mutex = {0};
    PyObject *callable = nargs ? args[0] : NULL;
    Py_BEGIN_ALLOW_THREADS
    PyMutex_Lock(&mutex);
    PyMutex_Unlock(&mutex);
    Py_END_ALLOW_THREADS
    return callable ? PyObject_CallNoArgs(callable) : PyLong_FromLong(PyMutex_IsLocked(&mutex));
}

static PyObject *caller(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    PyFrameObject *frame = PyEval_GetFrame();
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *result = Py_BuildValue("Oi", code->co_name, PyFrame_GetLineNumber(frame) > 0);
    Py_DECREF(code);
    return result;
}

/* How many characters of a text are in each class of ASCII characters. */
static PyObject *classes(PyObject *Py_UNUSED(module), PyObject *text)
{
    int upper = 0, lower = 0, alpha = 0, digit = 0, xdigit = 0, alnum = 0, space = 0, to_upper = 0;
    const char *bytes = PyUnicode_AsUTF8(text);
    if (bytes == NULL) {
        return NULL;
    }
    for (; *bytes != 0; bytes++) {
        upper += Py_ISUPPER(*bytes) != 0;
        lower += Py_ISLOWER(*bytes) != 0;
        alpha += Py_ISALPHA(*bytes) != 0;
        digit += Py_ISDIGIT(*bytes) != 0;
        xdigit += Py_ISXDIGIT(*bytes) != 0;
        alnum += Py_ISALNUM(*bytes) != 0;
        space += Py_ISSPACE(*bytes) != 0;
        to_upper += Py_TOUPPER(*bytes);
    }
    return Py_BuildValue("iiiiiiii", upper, lower, alpha, digit, xdigit, alnum, space, to_upper);
}

static PyMethodDef functions[] = {
    {"classes", classes, METH_O, NULL},
    {"inspect", inspect, METH_O, PyDoc_STR("What C sees of an object.")},
    {"counts", counts, METH_NOARGS, NULL},
    {"fail", fail, METH_VARARGS, NULL},
    {"wait", _PyCFunction_CAST(wait), METH_FASTCALL, NULL},
    {"caller", caller, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int exec(PyObject *module)
{
    State *state = state_of(module);
    PyDateTime_IMPORT;
    if (PyDateTimeAPI == NULL || PyType_Ready(&Vector_Type) < 0) {
        return -1;
    }
    state->error = PyErr_NewException("headers_module.Error", PyExc_ValueError, NULL);
    state->counter = (PyTypeObject *)PyType_FromModuleAndSpec(module, &counter_spec, NULL);
    if (PyModule_AddObjectRef(module, "Error", state->error) < 0 || PyModule_AddType(module, state->counter) < 0
        || PyModule_AddObjectRef(module, "Vector", (PyObject *)&Vector_Type) < 0
        || PyModule_AddIntMacro(module, PY_VERSION_HEX) < 0 || PyModule_AddStringMacro(module, PY_VERSION) < 0) {
        return -1;
    }
    return 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(state_of(module)->error);
    Py_VISIT(state_of(module)->counter);
    return 0;
}

static int clear(PyObject *module)
{
    Py_CLEAR(state_of(module)->error);
    Py_CLEAR(state_of(module)->counter);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)exec},
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
    {Py_mod_gil, Py_MOD_GIL_USED},
    {0, NULL},
};
static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "headers_module",
    .m_size = sizeof(State),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
};

PyMODINIT_FUNC PyInit_headers_module(void)
{
    return PyModuleDef_Init(&module_def);
}

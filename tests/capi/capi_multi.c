/* A module made in two phases: static types, types from specs, subclasses, the collector, buffers, module state. */
#include "api.h"

/* A static type with a double, a collectable object, weak references and most slots. */
typedef struct {
    PyObject ob_base;
    double value;
    int count;
    PyObject *link;
    PyObject *weakrefs;
} Box;

static PyTypeObject Box_Type;
static int alive;

static PyObject *Box_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    Box *self = (Box *)type->tp_alloc(type, 0);
    if (self) alive++;
    return (PyObject *)self;
}
static int Box_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"value", "link", NULL};
    Box *box = (Box *)self;
    PyObject *link = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "d|O:Box", names, &box->value, &link)) return -1;
    xdecref(box->link);
    box->link = link ? newref(link) : NULL;
    return 0;
}
static int Box_traverse(PyObject *self, visitproc visit, void *arg) {
    PyObject *link = ((Box *)self)->link;
    return link ? visit(link, arg) : 0;
}
static int Box_clear(PyObject *self) {
    PyObject *link = ((Box *)self)->link;
    ((Box *)self)->link = NULL;
    xdecref(link);
    return 0;
}
void PyObject_ClearWeakRefs(PyObject *);
static void Box_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    if (((Box *)self)->weakrefs) PyObject_ClearWeakRefs(self);
    Box_clear(self);
    alive--;
    self->ob_type->tp_free(self);
}
static PyObject *Box_repr(PyObject *self) {
    PyObject *value = PyFloat_FromDouble(((Box *)self)->value);
    PyObject *text = PyUnicode_FromFormat("%T(%R)", self, value);
    decref(value);
    return text;
}
int PyType_IsSubtype(PyTypeObject *, PyTypeObject *);
static int is_box(PyObject *o) { return PyType_IsSubtype(o->ob_type, &Box_Type); }
static PyObject *Box_add(PyObject *a, PyObject *b) {
    double x = is_box(a) ? ((Box *)a)->value : PyFloat_AsDouble(a);
    double y = is_box(b) ? ((Box *)b)->value : PyFloat_AsDouble(b);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return newref(&_Py_NotImplementedStruct);
    }
    return PyObject_CallFunction((PyObject *)&Box_Type, "d", x + y);
}
static int Box_bool(PyObject *self) { return ((Box *)self)->value != 0; }
static Py_ssize_t Box_length(PyObject *self) { return 3; }
static PyObject *Box_item(PyObject *self, Py_ssize_t i) {
    if (i < 0 || i >= 3) {
        PyErr_SetString(PyExc_IndexError, "no such item");
        return NULL;
    }
    return PyLong_FromLong(i * 10);
}
static PyObject *Box_richcompare(PyObject *a, PyObject *b, int op) {
    if (!is_box(b) || (op != 2 && op != 3)) return newref(&_Py_NotImplementedStruct);
    long equal = ((Box *)a)->value == ((Box *)b)->value;
    PyObject *PyBool_FromLong(long);
    return PyBool_FromLong(op == 2 ? equal : !equal);
}
static Py_ssize_t Box_hash(PyObject *self) { return (Py_ssize_t)((Box *)self)->value + 100; }
static PyObject *Box_call(PyObject *self, PyObject *args, PyObject *kwargs) { return Py_BuildValue("(OO)", args, kwargs ? kwargs : &_Py_NoneStruct); }
static int Box_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    ((Box *)self)->count++;
    return PyBuffer_FillInfo(view, self, &((Box *)self)->value, sizeof(double), 0, flags);
}
static void Box_releasebuffer(PyObject *self, Py_buffer *view) { ((Box *)self)->count--; }
static PyObject *Box_get_half(PyObject *self, void *closure) { return PyFloat_FromDouble(((Box *)self)->value / (intptr_t)closure); }
static int Box_set_half(PyObject *self, PyObject *value, void *closure) {
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "cannot delete");
        return -1;
    }
    ((Box *)self)->value = PyFloat_AsDouble(value) * (intptr_t)closure;
    return PyErr_Occurred() ? -1 : 0;
}
static PyObject *Box_method(PyObject *self, PyObject *arg) { return PyTuple_Pack(2, self, arg); }
static PyObject *Box_make(PyObject *cls, PyObject *unused) { return PyObject_CallFunction(cls, "i", 9); }
static PyObject *Box_alive(PyObject *self, PyObject *unused) { return PyLong_FromLong(alive); }

static PyNumberMethods box_number = {.slots = {[0] = Box_add, [9] = Box_bool}};
static PySequenceMethods box_sequence = {.slots = {[0] = Box_length, [3] = Box_item}};
static PyBufferProcs box_buffer = {Box_getbuffer, Box_releasebuffer};
static PyMethodDef box_methods[] = {
    {"method", Box_method, METH_O, "method($self, arg, /)\n--\n\nThe receiver and the argument."},
    {"make", Box_make, METH_NOARGS | METH_CLASS, NULL},
    {"alive", Box_alive, METH_NOARGS | METH_STATIC, NULL},
    {NULL}};
static PyMemberDef box_members[] = {
    {"value", Py_T_DOUBLE, offsetof(Box, value), 0, "The number."},
    {"count", Py_T_INT, offsetof(Box, count), Py_READONLY, NULL},
    {"link", Py_T_OBJECT_EX, offsetof(Box, link), 0, NULL},
    {NULL}};
static PyGetSetDef box_getset[] = {{"half", Box_get_half, Box_set_half, "Half of it.", (void *)2}, {NULL}};

static PyTypeObject Box_Type = {
    .ob_base = {STATIC_HEAD, 0},
    .tp_name = "capi_multi.Box",
    .tp_basicsize = sizeof(Box),
    .tp_dealloc = Box_dealloc,
    .tp_repr = Box_repr,
    .tp_as_number = &box_number,
    .tp_as_sequence = &box_sequence,
    .tp_hash = Box_hash,
    .tp_call = Box_call,
    .tp_as_buffer = &box_buffer,
    .tp_flags = TPFLAGS_BASETYPE | TPFLAGS_HAVE_GC,
    .tp_doc = "Box(value, link=None)\n--\n\nA box.",
    .tp_traverse = Box_traverse,
    .tp_clear = Box_clear,
    .tp_richcompare = Box_richcompare,
    .tp_weaklistoffset = offsetof(Box, weakrefs),
    .tp_methods = box_methods,
    .tp_members = box_members,
    .tp_getset = box_getset,
    .tp_init = Box_init,
    .tp_new = Box_new,
};

/* A heap type from a spec, which finds the state of its module. */
typedef struct {
    PyTypeObject *counter;
    long total;
} State;
typedef struct {
    PyObject ob_base;
    long n;
} Counter;

static PyObject *Counter_add(PyObject *self, PyTypeObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    State *state = PyType_GetModuleState(cls);
    if (!state) return NULL;
    for (Py_ssize_t i = 0; i < nargs; i++) {
        long n = PyLong_AsLong(args[i]);
        if (n == -1 && PyErr_Occurred()) return NULL;
        ((Counter *)self)->n += n;
        state->total += n;
    }
    return Py_BuildValue("(llO)", ((Counter *)self)->n, state->total, cls);
}
static PyObject *Counter_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Counter *self = (Counter *)((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
    if (self) self->n = (long)(nargsf & ~ARGUMENTS_OFFSET) * 100;
    return (PyObject *)self;
}
static PyMethodDef counter_methods[] = {{"add", Counter_add, METH_METHOD | METH_FASTCALL | METH_KEYWORDS, NULL}, {NULL}};
static PyMemberDef counter_members[] = {{"n", 2 /* long */, offsetof(Counter, n), 0, NULL}, {NULL}};
static PyType_Slot counter_slots[] = {
    {64, counter_methods}, {72, counter_members}, {65, PyType_GenericNew}, {82, Counter_vectorcall}, {56, "A counter."}, {0}};
static PyType_Spec counter_spec = {"capi_multi.Counter", sizeof(Counter), 0, TPFLAGS_BASETYPE, counter_slots};

/* A type that extends int. */
typedef struct {
    PyObject ob_base;
} Empty;
static PyObject *tagged_repr(PyObject *self) { return PyUnicode_FromFormat("<tagged>"); }
static PyTypeObject Tagged_Type = {
    .ob_base = {STATIC_HEAD, 0}, .tp_name = "capi_multi.Tagged", .tp_repr = tagged_repr, .tp_flags = TPFLAGS_BASETYPE};

static int exec(PyObject *module) {
    State *state = PyModule_GetState(module);
    state->counter = (PyTypeObject *)PyType_FromModuleAndSpec(module, &counter_spec, NULL);
    if (!state->counter || PyModule_AddType(module, state->counter) < 0) return -1;
    if (PyModule_AddType(module, &Box_Type) < 0) return -1;
    Tagged_Type.tp_base = &PyLong_Type;
    if (PyModule_AddType(module, &Tagged_Type) < 0) return -1;
    int *number = PyCapsule_Import("capi_single.number", 0);
    if (!number) return -1;
    return PyModule_AddIntConstant(module, "imported", *number);
}
static int traverse(PyObject *module, visitproc visit, void *arg) {
    State *state = PyModule_GetState(module);
    return state && state->counter ? visit((PyObject *)state->counter, arg) : 0;
}
static PyModuleDef_Slot slots[] = {{2, exec}, {3, (void *)2}, {4, (void *)1}, {0}};
static PyModuleDef def = {DEF_HEAD, "capi_multi", "Two phases.", sizeof(State), NULL, slots, traverse};

PyObject *PyInit_capi_multi(void) { return PyModuleDef_Init(&def); }

/* Allocation of objects, and the cycle collector. */
#ifndef Py_OBJIMPL_H
#define Py_OBJIMPL_H

#define PyObject_MALLOC PyObject_Malloc
#define PyObject_REALLOC PyObject_Realloc
#define PyObject_FREE PyObject_Free
#define PyObject_Del PyObject_Free
#define PyObject_DEL PyObject_Free

#define PyObject_INIT(op, type) PyObject_Init(_PyObject_CAST(op), (type))
#define PyObject_INIT_VAR(op, type, size) PyObject_InitVar(_PyVarObject_CAST(op), (type), (size))

#define PyObject_New(type, typeobj) ((type *)_PyObject_New(typeobj))
#define PyObject_NEW(type, typeobj) PyObject_New(type, (typeobj))
#define PyObject_NewVar(type, typeobj, n) ((type *)_PyObject_NewVar((typeobj), (n)))
#define PyObject_NEW_VAR(type, typeobj, n) PyObject_NewVar(type, (typeobj), (n))

#define PyType_IS_GC(type) PyType_HasFeature((type), Py_TPFLAGS_HAVE_GC)
#define PyObject_GC_New(type, typeobj) ((type *)_PyObject_GC_New(typeobj))
#define PyObject_GC_NewVar(type, typeobj, n) ((type *)_PyObject_GC_NewVar((typeobj), (n)))

/* In a tp_traverse whose parameters are named `visit` and `arg`. */
#define Py_VISIT(op) \
    do { \
        if (op) { \
            int _visit_result = visit(_PyObject_CAST(op), arg); \
            if (_visit_result) { \
                return _visit_result; \
            } \
        } \
    } while (0)

#ifndef Py_LIMITED_API
static inline size_t _PyObject_SIZE(PyTypeObject *type)
{
    return (size_t)type->tp_basicsize;
}

static inline size_t _PyObject_VAR_SIZE(PyTypeObject *type, Py_ssize_t items)
{
    return _Py_SIZE_ROUND_UP((size_t)type->tp_basicsize + (size_t)items * (size_t)type->tp_itemsize, SIZEOF_VOID_P);
}

#define PyType_SUPPORTS_WEAKREFS(type) ((type)->tp_weaklistoffset != 0)

struct PyObjectArenaAllocator {
    void *ctx;
    void *(*alloc)(void *ctx, size_t size);
    void (*free)(void *ctx, void *block, size_t size);
};
#endif

#endif

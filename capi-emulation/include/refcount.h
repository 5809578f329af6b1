/* Reference counts.
 *
 * A count is a 32-bit number; an object whose count is in the upper half is immortal, and its count is left alone. Increments stop at
 * three quarters of the range and decrements at a half, so that code without such tests moves an immortal count without ending it.
 */
#ifndef _Py_REFCOUNT_H
#define _Py_REFCOUNT_H

#if defined(Py_LIMITED_API) && Py_LIMITED_API + 0 >= 0x030e0000
Py_ssize_t Py_REFCNT(PyObject *ob);
#else
static inline Py_ssize_t Py_REFCNT(PyObject *ob)
{
    return (Py_ssize_t)ob->ob_refcnt;
}
#define Py_REFCNT(ob) Py_REFCNT(_PyObject_CAST(ob))
#endif

static inline Py_ALWAYS_INLINE int _Py_IsImmortal(PyObject *op)
{
    return (int32_t)op->ob_refcnt < 0;
}
#define _Py_IsImmortal(op) _Py_IsImmortal(_PyObject_CAST(op))

static inline int _Py_IsStaticImmortal(PyObject *op)
{
    return (op->ob_flags & _Py_STATICALLY_ALLOCATED_FLAG) != 0;
}
#define _Py_IsStaticImmortal(op) _Py_IsStaticImmortal(_PyObject_CAST(op))

static inline void Py_SET_REFCNT(PyObject *ob, Py_ssize_t count)
{
    if (!_Py_IsImmortal(ob)) {
        ob->ob_refcnt = (uint32_t)count;
    }
}
#define Py_SET_REFCNT(ob, count) Py_SET_REFCNT(_PyObject_CAST(ob), (count))

/* Modules of the stable ABI call functions from 3.12 on, and count by themselves before. */
static inline Py_ALWAYS_INLINE void Py_INCREF(PyObject *op)
{
#if defined(Py_LIMITED_API) && Py_LIMITED_API + 0 >= 0x030c0000
    _Py_IncRef(op);
#else
    uint32_t count = op->ob_refcnt;
    if (count < _Py_IMMORTAL_INITIAL_REFCNT) {
        op->ob_refcnt = count + 1;
    }
#endif
}
#define Py_INCREF(op) Py_INCREF(_PyObject_CAST(op))

static inline Py_ALWAYS_INLINE void Py_DECREF(PyObject *op)
{
#if defined(Py_LIMITED_API) && Py_LIMITED_API + 0 >= 0x030c0000
    _Py_DecRef(op);
#else
    if (_Py_IsImmortal(op)) {
        return;
    }
    if (--op->ob_refcnt == 0) {
        _Py_Dealloc(op);
    }
#endif
}
#define Py_DECREF(op) Py_DECREF(_PyObject_CAST(op))

static inline void Py_XINCREF(PyObject *op)
{
    if (op != _Py_NULL) {
        Py_INCREF(op);
    }
}
#define Py_XINCREF(op) Py_XINCREF(_PyObject_CAST(op))

static inline void Py_XDECREF(PyObject *op)
{
    if (op != _Py_NULL) {
        Py_DECREF(op);
    }
}
#define Py_XDECREF(op) Py_XDECREF(_PyObject_CAST(op))

static inline PyObject *_Py_NewRef(PyObject *op)
{
    Py_INCREF(op);
    return op;
}
#define Py_NewRef(op) _Py_NewRef(_PyObject_CAST(op))

static inline PyObject *_Py_XNewRef(PyObject *op)
{
    Py_XINCREF(op);
    return op;
}
#define Py_XNewRef(op) _Py_XNewRef(_PyObject_CAST(op))

/* The variable has its new value before the old object goes, whose end may run any code. The variable is evaluated once. */
#define Py_CLEAR(op) \
    do { \
        __typeof__(op) *_clear_place = &(op); \
        __typeof__(op) _clear_old = *_clear_place; \
        if (_clear_old != _Py_NULL) { \
            *_clear_place = _Py_NULL; \
            Py_DECREF(_clear_old); \
        } \
    } while (0)

#define Py_SETREF(target, value) \
    do { \
        __typeof__(target) *_set_place = &(target); \
        __typeof__(target) _set_old = *_set_place; \
        *_set_place = (value); \
        Py_DECREF(_set_old); \
    } while (0)

#define Py_XSETREF(target, value) \
    do { \
        __typeof__(target) *_set_place = &(target); \
        __typeof__(target) _set_old = *_set_place; \
        *_set_place = (value); \
        Py_XDECREF(_set_old); \
    } while (0)

#endif

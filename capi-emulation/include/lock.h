/* A mutex of one byte: bit 0 says that it is locked, bit 1 that somebody waits. */
#ifndef Py_LOCK_H
#define Py_LOCK_H

#ifndef Py_LIMITED_API
struct PyMutex {
    uint8_t _bits;
};

#define _Py_UNLOCKED 0
#define _Py_LOCKED 1

static inline void _PyMutex_Lock(PyMutex *mutex)
{
    uint8_t expected = _Py_UNLOCKED;
    if (!__atomic_compare_exchange_n(&mutex->_bits, &expected, _Py_LOCKED, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        PyMutex_Lock(mutex);
    }
}
#define PyMutex_Lock _PyMutex_Lock

static inline void _PyMutex_Unlock(PyMutex *mutex)
{
    uint8_t expected = _Py_LOCKED;
    if (!__atomic_compare_exchange_n(&mutex->_bits, &expected, _Py_UNLOCKED, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        PyMutex_Unlock(mutex);
    }
}
#define PyMutex_Unlock _PyMutex_Unlock

static inline int _PyMutex_IsLocked(PyMutex *mutex)
{
    return (__atomic_load_n(&mutex->_bits, __ATOMIC_SEQ_CST) & _Py_LOCKED) != 0;
}
#define PyMutex_IsLocked _PyMutex_IsLocked
#endif

#endif

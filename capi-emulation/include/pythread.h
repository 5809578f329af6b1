/* Locks, and variables that each thread has its own of. */
#ifndef Py_PYTHREAD_H
#define Py_PYTHREAD_H

#define PYTHREAD_INVALID_THREAD_ID ((unsigned long)-1)
#define PY_HAVE_THREAD_NATIVE_ID

#define WAIT_LOCK 1
#define NOWAIT_LOCK 0

/* Microseconds. */
#define PY_TIMEOUT_T long long
#define PY_TIMEOUT_MAX LLONG_MAX

#ifndef Py_LIMITED_API
#define NATIVE_TSS_KEY_T pthread_key_t

struct _Py_tss_t {
    int _is_initialized;
    NATIVE_TSS_KEY_T _key;
};
#define Py_tss_NEEDS_INIT {0, 0}
#endif

#endif

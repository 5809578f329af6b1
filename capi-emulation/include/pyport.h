/* Number types, limits, compiler attributes, casts. */
#ifndef Py_PYPORT_H
#define Py_PYPORT_H

#if !defined(__x86_64__) || !defined(__LP64__)
#error "rpy's headers describe the ABI of 64-bit x86 with 64-bit pointers"
#endif
#if defined(Py_GIL_DISABLED)
#error "rpy has a GIL: extension modules for free-threaded builds cannot be made for it"
#endif

/* Py_LIMITED_API without a version is the first stable ABI. */
#if defined(Py_LIMITED_API) && Py_LIMITED_API + 0 < 0x03020000
#undef Py_LIMITED_API
#define Py_LIMITED_API 0x03020000
#endif

/* Casts without the compiler's warnings about them in C++. */
#ifdef __cplusplus
#define _Py_STATIC_CAST(type, expression) static_cast<type>(expression)
#define _Py_NULL nullptr
#if __cplusplus < 201103L
#undef _Py_NULL
#define _Py_NULL NULL
#endif
#else
#define _Py_STATIC_CAST(type, expression) ((type)(expression))
#define _Py_NULL NULL
#endif
#define _Py_CAST(type, expression) ((type)(expression))

#define HAVE_LONG_LONG 1
#define PY_LONG_LONG long long
#define PY_LLONG_MIN LLONG_MIN
#define PY_LLONG_MAX LLONG_MAX
#define PY_ULLONG_MAX ULLONG_MAX
#define PY_UINT32_T uint32_t
#define PY_UINT64_T uint64_t
#define PY_INT32_T int32_t
#define PY_INT64_T int64_t
#define PYLONG_BITS_IN_DIGIT 30

typedef uintptr_t Py_uintptr_t;
typedef intptr_t Py_intptr_t;
typedef ssize_t Py_ssize_t;
typedef Py_ssize_t Py_hash_t;
typedef size_t Py_uhash_t;
typedef Py_ssize_t Py_ssize_clean_t;

#define PY_SSIZE_T_MAX SSIZE_MAX
#define PY_SSIZE_T_MIN (-PY_SSIZE_T_MAX - 1)
#define PY_SIZE_MAX SIZE_MAX
#define SIZEOF_PY_HASH_T SIZEOF_SIZE_T
#define SIZEOF_PY_UHASH_T SIZEOF_SIZE_T
/* The length modifier of printf for Py_ssize_t. */
#define PY_FORMAT_SIZE_T "z"

typedef uint32_t Py_UCS4;
typedef uint16_t Py_UCS2;
typedef uint8_t Py_UCS1;
typedef int64_t PyTime_t;

#define Py_LOCAL(type) static type
#define Py_LOCAL_INLINE(type) static inline type
#define Py_MEMCPY memcpy

#define PY_BIG_ENDIAN 0
#define PY_LITTLE_ENDIAN 1

#define Py_LL(x) x##LL
#define Py_ULL(x) Py_LL(x##U)
#define Py_VA_COPY va_copy

#define Py_ARITHMETIC_RIGHT_SHIFT(type, number, bits) ((number) >> (bits))
#define Py_FORCE_EXPANSION(x) x
/* A cast to a narrower type, checked in builds with assertions. */
#ifdef Py_DEBUG
#define Py_SAFE_DOWNCAST(value, wide, narrow) (assert((wide)(narrow)(value) == (value)), (narrow)(value))
#else
#define Py_SAFE_DOWNCAST(value, wide, narrow) ((narrow)(value))
#endif

#define Py_DEPRECATED(version) __attribute__((__deprecated__))
#define Py_GCC_ATTRIBUTE(attribute) __attribute__(attribute)
#define Py_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define _Py_ALIGNED_DEF(bytes, type) __attribute__((aligned(bytes))) type
#define _Py_NO_RETURN __attribute__((__noreturn__))
#define _Py_HOT_FUNCTION __attribute__((hot))
#define Py_NO_INLINE __attribute__((noinline))
#ifdef Py_DEBUG
#define Py_ALWAYS_INLINE
#else
#define Py_ALWAYS_INLINE __attribute__((always_inline))
#endif
#define _Py_COMP_DIAG_PUSH _Pragma("GCC diagnostic push")
#define _Py_COMP_DIAG_IGNORE_DEPR_DECLS _Pragma("GCC diagnostic ignored \"-Wdeprecated-declarations\"")
#define _Py_COMP_DIAG_POP _Pragma("GCC diagnostic pop")

#define _Py_thread_local __thread
#define HAVE_THREAD_LOCAL 1
#define Py_CAN_START_THREADS 1
#ifndef WITH_THREAD
#define WITH_THREAD
#endif
/* `const` where C++ needs it for literals and C programs do not write it. */
#ifdef __cplusplus
#define PY_CXX_CONST const
#else
#define PY_CXX_CONST
#endif

#ifndef LONG_BIT
#define LONG_BIT (8 * SIZEOF_LONG)
#endif

#endif

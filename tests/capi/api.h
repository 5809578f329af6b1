/* What the test extensions use of the C API of CPython 3.14, declared by hand: names, layouts and constants of the cp314 ABI. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

typedef ptrdiff_t Py_ssize_t;
typedef struct _typeobject PyTypeObject;
typedef struct _object {
    uint32_t ob_refcnt;
    uint16_t ob_overflow, ob_flags;
    PyTypeObject *ob_type;
} PyObject;
typedef struct {
    PyObject ob_base;
    Py_ssize_t ob_size;
} PyVarObject;
#define STATIC_HEAD {0xC0000000u, 0, 5, NULL}

typedef PyObject *(*binaryfunc)(PyObject *, PyObject *);
typedef PyObject *(*unaryfunc)(PyObject *);
typedef int (*visitproc)(PyObject *, void *);

typedef struct {
    const char *ml_name;
    void *ml_meth;
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;
typedef struct {
    const char *name;
    int type;
    Py_ssize_t offset;
    int flags;
    const char *doc;
} PyMemberDef;
typedef struct {
    const char *name;
    PyObject *(*get)(PyObject *, void *);
    int (*set)(PyObject *, PyObject *, void *);
    const char *doc;
    void *closure;
} PyGetSetDef;
typedef struct {
    void *buf;
    PyObject *obj;
    Py_ssize_t len, itemsize;
    int readonly, ndim;
    char *format;
    Py_ssize_t *shape, *strides, *suboffsets;
    void *internal;
} Py_buffer;

typedef struct {
    void *slots[36]; /* nb_add 0, nb_subtract 1, nb_multiply 2, nb_bool 9, nb_int 16, nb_inplace_add 19 */
} PyNumberMethods;
typedef struct {
    void *slots[10]; /* sq_length 0, sq_item 3 */
} PySequenceMethods;
typedef struct {
    void *mp_length, *mp_subscript, *mp_ass_subscript;
} PyMappingMethods;
typedef struct {
    void *bf_getbuffer, *bf_releasebuffer;
} PyBufferProcs;

struct _typeobject {
    PyVarObject ob_base;
    const char *tp_name;
    Py_ssize_t tp_basicsize, tp_itemsize;
    void *tp_dealloc;
    Py_ssize_t tp_vectorcall_offset;
    void *tp_getattr, *tp_setattr, *tp_as_async, *tp_repr;
    PyNumberMethods *tp_as_number;
    PySequenceMethods *tp_as_sequence;
    PyMappingMethods *tp_as_mapping;
    void *tp_hash, *tp_call, *tp_str, *tp_getattro, *tp_setattro;
    PyBufferProcs *tp_as_buffer;
    unsigned long tp_flags;
    const char *tp_doc;
    void *tp_traverse, *tp_clear, *tp_richcompare;
    Py_ssize_t tp_weaklistoffset;
    void *tp_iter, *tp_iternext;
    PyMethodDef *tp_methods;
    PyMemberDef *tp_members;
    PyGetSetDef *tp_getset;
    PyTypeObject *tp_base;
    PyObject *tp_dict;
    void *tp_descr_get, *tp_descr_set;
    Py_ssize_t tp_dictoffset;
    int (*tp_init)(PyObject *, PyObject *, PyObject *);
    PyObject *(*tp_alloc)(PyTypeObject *, Py_ssize_t);
    PyObject *(*tp_new)(PyTypeObject *, PyObject *, PyObject *);
    void (*tp_free)(void *);
    void *tp_is_gc;
    PyObject *tp_bases, *tp_mro, *tp_cache;
    void *tp_subclasses;
    PyObject *tp_weaklist;
    void *tp_del;
    unsigned tp_version_tag;
    void *tp_finalize, *tp_vectorcall;
    unsigned char tp_watched;
    uint16_t tp_versions_used;
};

typedef struct {
    PyObject ob_base;
    void *m_init;
    Py_ssize_t m_index;
    PyObject *m_copy;
} PyModuleDef_Base;
typedef struct {
    int slot;
    void *value;
} PyModuleDef_Slot, PyType_Slot;
typedef struct {
    PyModuleDef_Base m_base;
    const char *m_name, *m_doc;
    Py_ssize_t m_size;
    PyMethodDef *m_methods;
    PyModuleDef_Slot *m_slots;
    void *m_traverse, *m_clear, *m_free;
} PyModuleDef;
typedef struct {
    const char *name;
    int basicsize, itemsize;
    unsigned flags;
    PyType_Slot *slots;
} PyType_Spec;
#define DEF_HEAD {STATIC_HEAD, NULL, 0, NULL}

enum { METH_VARARGS = 1, METH_KEYWORDS = 2, METH_NOARGS = 4, METH_O = 8, METH_CLASS = 16, METH_STATIC = 32, METH_FASTCALL = 128, METH_METHOD = 512 };
enum { Py_T_INT = 1, Py_T_DOUBLE = 4, Py_T_OBJECT_EX = 16, Py_T_PYSSIZET = 19, Py_READONLY = 1, Py_RELATIVE_OFFSET = 8 };
#define TPFLAGS_BASETYPE (1UL << 10)
#define TPFLAGS_HAVE_VECTORCALL (1UL << 11)
#define TPFLAGS_HAVE_GC (1UL << 14)
#define ARGUMENTS_OFFSET ((size_t)1 << 63)

extern PyObject _Py_NoneStruct, _Py_NotImplementedStruct;
extern PyObject *PyExc_SyntaxError, *PyExc_ValueError, *PyExc_TypeError, *PyExc_IndexError;
extern PyTypeObject PyLong_Type, PyType_Type, PyBaseObject_Type, PyList_Type;

void _Py_Dealloc(PyObject *);
static inline PyObject *newref(PyObject *o) {
    if (o->ob_refcnt <= 0xBFFFFFFFu) o->ob_refcnt++;
    return o;
}
static inline void decref(PyObject *o) {
    if ((int32_t)o->ob_refcnt < 0) return;
    if (--o->ob_refcnt == 0) _Py_Dealloc(o);
}
static inline void xdecref(PyObject *o) {
    if (o) decref(o);
}
#define Py_RETURN_NONE return newref(&_Py_NoneStruct)

int PyArg_ParseTuple(PyObject *, const char *, ...);
int PyArg_ParseTupleAndKeywords(PyObject *, PyObject *, const char *, char *const *, ...);
int PyArg_UnpackTuple(PyObject *, const char *, Py_ssize_t, Py_ssize_t, ...);
PyObject *Py_BuildValue(const char *, ...);
PyObject *PyUnicode_FromFormat(const char *, ...);
PyObject *PyErr_Format(PyObject *, const char *, ...);
void PyErr_SetString(PyObject *, const char *);
PyObject *_PyErr_FormatFromCause(PyObject *, const char *, ...);
void _PyErr_SetKeyError(PyObject *);
int _PyGen_FetchStopIterationValue(PyObject **);
void PyOS_BeforeFork(void);
void PyOS_AfterFork_Parent(void);
void PyOS_AfterFork_Child(void);
int PyObject_AsReadBuffer(PyObject *, const void **, Py_ssize_t *);
const char *_PyType_Name(PyTypeObject *);
void Py_GetArgcArgv(int *, wchar_t ***);
PyObject *PyErr_Occurred(void);
void PyErr_Clear(void);
typedef struct {
    const char *string;
    Py_ssize_t index;
    unsigned char mutex;
} Identifier;
PyObject *_PyUnicode_FromId(Identifier *);
PyObject *_PyObject_GetAttrId(PyObject *, Identifier *);
PyObject *_PyObject_CallMethodId(PyObject *, Identifier *, const char *format, ...);
int _PyMutex_LockTimed(unsigned char *, int64_t nanoseconds, int flags);
void PyMutex_Unlock(unsigned char *);
void PyErr_Restore(PyObject *, PyObject *, PyObject *);
int PyErr_ExceptionMatches(PyObject *);
int PyUnicodeDecodeError_GetStart(PyObject *, Py_ssize_t *);
int PyUnicodeDecodeError_GetEnd(PyObject *, Py_ssize_t *);
PyObject *PyObject_CallFunction(PyObject *, const char *, ...);
PyObject *PyObject_CallMethod(PyObject *, const char *, const char *, ...);
PyObject *PyObject_CallFunctionObjArgs(PyObject *, ...);
PyObject *PyObject_GetAttrString(PyObject *, const char *);
PyObject *PyObject_Repr(PyObject *);
void *PyObject_GetTypeData(PyObject *, PyTypeObject *);
void PyObject_ClearWeakRefs(PyObject *);
PyObject *PyVectorcall_Call(PyObject *, PyObject *, PyObject *);
int PyObject_GetBuffer(PyObject *, Py_buffer *, int);
void PyBuffer_Release(Py_buffer *);
int PyBuffer_FromContiguous(const Py_buffer *, const void *, Py_ssize_t, char);
int PyBuffer_FillInfo(Py_buffer *, PyObject *, void *, Py_ssize_t, int, int);
PyObject *PyLong_FromLong(long);
long PyLong_AsLong(PyObject *);
PyObject *PyLong_FromString(const char *, char **, int);
Py_ssize_t PyLong_AsNativeBytes(PyObject *, void *, Py_ssize_t, int);
PyObject *PyFloat_FromDouble(double);
double PyFloat_AsDouble(PyObject *);
PyObject *PyTuple_New(Py_ssize_t);
PyObject *PyTuple_Pack(Py_ssize_t, ...);
int PyTuple_SetItem(PyObject *, Py_ssize_t, PyObject *);
PyObject *PyList_New(Py_ssize_t);
int PyList_Append(PyObject *, PyObject *);
PyObject *PyDict_New(void);
int PyDict_SetItemString(PyObject *, const char *, PyObject *);
PyObject *PyImport_ImportModule(const char *);
PyObject *PyImport_ExecCodeModule(const char *, PyObject *);
PyObject *PyFile_GetLine(PyObject *, int);
int PyUnicode_FSDecoder(PyObject *, void *);
PyObject *PyUnicode_FromWideChar(const wchar_t *, Py_ssize_t);
void *PyUnicodeWriter_Create(Py_ssize_t);
int PyUnicodeWriter_WriteUCS4(void *, const uint32_t *, Py_ssize_t);
PyObject *PyUnicodeWriter_Finish(void *);
void PyUnicodeWriter_Discard(void *);
PyObject *PyModule_Create2(PyModuleDef *, int);
PyObject *PyModuleDef_Init(PyModuleDef *);
void *PyModule_GetState(PyObject *);
int PyModule_AddObjectRef(PyObject *, const char *, PyObject *);
int PyModule_AddType(PyObject *, PyTypeObject *);
int PyModule_AddIntConstant(PyObject *, const char *, long);
int PyObject_SetAttrString(PyObject *, const char *, PyObject *);
PyObject *PyUnicode_FromString(const char *);
PyObject *PyType_GenericAlloc(PyTypeObject *, Py_ssize_t);
int PyType_Ready(PyTypeObject *);
PyObject *PyType_FromModuleAndSpec(PyObject *, PyType_Spec *, PyObject *);
void *PyType_GetModuleState(PyTypeObject *);
PyObject *PyType_GenericNew(PyTypeObject *, PyObject *, PyObject *);
void PyObject_GC_UnTrack(void *);
Py_ssize_t PyGC_Collect(void);
void PyMem_Free(void *);
PyObject *PyCapsule_New(void *, const char *, void (*)(PyObject *));
void *PyCapsule_GetPointer(PyObject *, const char *);
void *PyCapsule_Import(const char *, int);
void *PyEval_SaveThread(void);
void PyEval_RestoreThread(void *);
void *PyThreadState_Get(void);
PyObject *PyThreadState_GetDict(void);
PyObject *PyCode_NewEmpty(const char *, const char *, int);
PyObject *PyFrame_New(void *, PyObject *, PyObject *, PyObject *);
int PyTraceBack_Here(PyObject *);
int PyGILState_Ensure(void);
void PyGILState_Release(int);
int PyOS_snprintf(char *, size_t, const char *, ...);
int _PyArg_Parse_SizeT(PyObject *, const char *, ...);
int _PyArg_ParseTupleAndKeywords_SizeT(PyObject *, PyObject *, const char *, char *const *, ...);
int _PyArg_VaParse_SizeT(PyObject *, const char *, va_list);
int _PyArg_VaParseTupleAndKeywords_SizeT(PyObject *, PyObject *, const char *, char *const *, va_list);
PyObject *_Py_VaBuildValue_SizeT(const char *, va_list);
int PyCode_Addr2Location(PyObject *, int, int *, int *, int *, int *);
int PySlice_GetIndices(PyObject *, Py_ssize_t, Py_ssize_t *, Py_ssize_t *, Py_ssize_t *);
PyObject *PyUnicode_DecodeUTF7(const char *, Py_ssize_t, const char *);
PyObject *PyUnicode_DecodeUTF7Stateful(const char *, Py_ssize_t, const char *, Py_ssize_t *);
PyObject *PyUnicode_DecodeUTF8Stateful(const char *, Py_ssize_t, const char *, Py_ssize_t *);
PyObject *PyUnicode_DecodeUTF16Stateful(const char *, Py_ssize_t, const char *, int *, Py_ssize_t *);
PyObject *PyUnicode_DecodeUTF32Stateful(const char *, Py_ssize_t, const char *, int *, Py_ssize_t *);
PyObject *PyUnicode_DecodeRawUnicodeEscape(const char *, Py_ssize_t, const char *);
PyObject *PyUnicode_DecodeCharmap(const char *, Py_ssize_t, PyObject *, const char *);
PyObject *PyUnicode_AsCharmapString(PyObject *, PyObject *);
PyObject *PyUnicode_BuildEncodingMap(PyObject *);
PyObject *PyUnicode_AsDecodedObject(PyObject *, const char *, const char *);
PyObject *PyUnicode_AsDecodedUnicode(PyObject *, const char *, const char *);
PyObject *PyUnicode_AsEncodedObject(PyObject *, const char *, const char *);
PyObject *PyUnicode_AsEncodedUnicode(PyObject *, const char *, const char *);
Py_ssize_t PyUnicode_GetSize(PyObject *);
PyObject *PyRun_File(FILE *, const char *, int, PyObject *, PyObject *);
PyObject *PyRun_FileEx(FILE *, const char *, int, PyObject *, PyObject *, int);
int PyRun_SimpleFileExFlags(FILE *, const char *, int, void *);
int PyRun_AnyFileEx(FILE *, const char *, int);
int PyRun_SimpleString(const char *);
typedef int (*Py_tracefunc)(PyObject *, PyObject *, int, PyObject *);
void PyEval_SetTraceAllThreads(Py_tracefunc, PyObject *);
void PyEval_SetProfileAllThreads(Py_tracefunc, PyObject *);
PyObject *PyCFunction_Call(PyObject *, PyObject *, PyObject *);
PyObject *PyEval_CallObjectWithKeywords(PyObject *, PyObject *, PyObject *);
PyObject *PyEval_CallFunction(PyObject *, const char *, ...);
PyObject *PyEval_CallMethod(PyObject *, const char *, const char *, ...);
PyObject *PyEval_EvalCodeEx(PyObject *, PyObject *, PyObject *, PyObject *const *, int, PyObject *const *, int, PyObject *const *, int, PyObject *, PyObject *);
int PyFunction_SetClosure(PyObject *, PyObject *);
PyObject *PyImport_ExecCodeModuleWithPathnames(const char *, PyObject *, const char *, const char *);
PyObject *PyImport_GetImporter(PyObject *);
int PyImport_ImportFrozenModule(const char *);
PyObject *PyCodec_IncrementalEncoder(const char *, const char *);
PyObject *PyCodec_IncrementalDecoder(const char *, const char *);
PyObject *PyCodec_StreamReader(const char *, PyObject *, const char *);
PyObject *PyCodec_StreamWriter(const char *, PyObject *, const char *);
int PyObject_CopyData(PyObject *, PyObject *);
int PyObject_CheckReadBuffer(PyObject *);
int PyObject_AsCharBuffer(PyObject *, const char **, Py_ssize_t *);
int PyObject_AsWriteBuffer(PyObject *, void **, Py_ssize_t *);
PyObject *PyPickleBuffer_FromObject(PyObject *);
const Py_buffer *PyPickleBuffer_GetBuffer(PyObject *);
int PyPickleBuffer_Release(PyObject *);
int PyType_SUPPORTS_WEAKREFS(PyTypeObject *);
PyObject **PyObject_GET_WEAKREFS_LISTPTR(PyObject *);
int PySys_AddAuditHook(int (*)(const char *, PyObject *, void *), void *);
void PyErr_RangedSyntaxLocationObject(PyObject *, int, int, int, int);
void PyErr_SyntaxLocationObject(PyObject *, int, int);
PyObject *PyErr_ProgramText(const char *, int);
char *Py_UniversalNewlineFgets(char *, int, FILE *, PyObject *);
char *PyOS_Readline(FILE *, FILE *, const char *);
void PySys_ResetWarnOptions(void);
int PySys_HasWarnOptions(void);
void PySys_AddWarnOption(const wchar_t *);
void PySys_AddXOption(const wchar_t *);
wchar_t *Py_GetPrefix(void);
wchar_t *Py_GetExecPrefix(void);
wchar_t *Py_GetProgramFullPath(void);
typedef struct {
    int type;
    const char *func, *err_msg;
    int exitcode;
} PyStatus;
typedef struct {
    Py_ssize_t length;
    wchar_t **items;
} WideStringList;
PyStatus PyStatus_Exit(int);
PyStatus PyStatus_NoMemory(void);
int PyStatus_IsError(PyStatus);
int PyStatus_IsExit(PyStatus);
int PyStatus_Exception(PyStatus);
PyStatus PyWideStringList_Append(WideStringList *, const wchar_t *);
PyStatus PyWideStringList_Insert(WideStringList *, Py_ssize_t, const wchar_t *);
int PyDict_AddWatcher(int (*)(int, PyObject *, PyObject *, PyObject *));
int PyDict_ClearWatcher(int);
int PyDict_Watch(int, PyObject *);
int PyDict_Unwatch(int, PyObject *);
int PyType_AddWatcher(int (*)(PyTypeObject *));
int PyType_ClearWatcher(int);
int PyType_Watch(int, PyObject *);
int PyType_Unwatch(int, PyObject *);
void PyUnstable_GC_VisitObjects(int (*)(PyObject *, void *), void *);
void PyErr_SetObject(PyObject *, PyObject *);
void PyErr_PrintEx(int);
int PyErr_SetInterruptEx(int);
PyObject *PyErr_SetFromErrnoWithFilenameObjects(PyObject *, PyObject *, PyObject *);
PyObject *PyErr_SetImportErrorSubclass(PyObject *, PyObject *, PyObject *, PyObject *);
int PySys_Audit(const char *, const char *, ...);
int PyList_SetItem(PyObject *, Py_ssize_t, PyObject *);
int _PyTuple_Resize(PyObject **, Py_ssize_t);
int PyType_Freeze(PyTypeObject *);
PyObject *PyRun_StringFlags(const char *, int, PyObject *, PyObject *, void *);
const char *PyEval_GetFuncName(PyObject *);
const char *PyEval_GetFuncDesc(PyObject *);
void *PyThread_allocate_lock(void);
void PyThread_free_lock(void *);
int PyThread_acquire_lock(void *, int);
int PyThread_acquire_lock_timed(void *, long long microseconds, int);
void PyThread_release_lock(void *);
unsigned long PyThread_start_new_thread(void (*)(void *), void *);
void PyThread_exit_thread(void);

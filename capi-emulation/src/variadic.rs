//! The functions with variable arguments: trampolines to their counterparts that take a `va_list`.

variadics! {
    /// See [`getargs`](crate::getargs).
    PyArg_Parse(2) => crate::getargs::va_PyArg_Parse;
    /// See [`getargs`](crate::getargs).
    PyArg_ParseTuple(2) => crate::getargs::va_PyArg_ParseTuple;
    /// See [`getargs`](crate::getargs).
    PyArg_ParseTupleAndKeywords(4) => crate::getargs::va_PyArg_ParseTupleAndKeywords;
    /// See [`getargs`](crate::getargs).
    PyArg_UnpackTuple(4) => crate::getargs::va_PyArg_UnpackTuple;
    /// See [`format`](crate::format).
    PyBytes_FromFormat(1) => crate::format::PyBytes_FromFormatV;
    /// See [`pyerrors`](crate::pyerrors).
    PyErr_Format(2) => crate::pyerrors::va_PyErr_Format;
    /// See [`pyerrors`](crate::pyerrors).
    _PyErr_FormatFromCause(2) => crate::pyerrors::va__PyErr_FormatFromCause;
    /// See [`pyerrors`](crate::pyerrors).
    PyErr_FormatUnraisable(1) => crate::pyerrors::va_PyErr_FormatUnraisable;
    /// See [`pyerrors`](crate::pyerrors).
    PyErr_ResourceWarning(3) => crate::pyerrors::va_PyErr_ResourceWarning;
    /// See [`pyerrors`](crate::pyerrors).
    PyErr_WarnFormat(3) => crate::pyerrors::va_PyErr_WarnFormat;
    /// As `PyObject_CallFunction`, by its old name.
    PyEval_CallFunction(2) => crate::call::va_PyObject_CallFunction;
    /// As `PyObject_CallMethod`, by its old name.
    PyEval_CallMethod(3) => crate::call::va_PyObject_CallMethod;
    /// See [`format`](crate::format).
    PyOS_snprintf(3) => crate::format::PyOS_vsnprintf;
    /// See [`call`](crate::call).
    PyObject_CallFunction(2) => crate::call::va_PyObject_CallFunction;
    /// See [`call`](crate::call).
    PyObject_CallFunctionObjArgs(1) => crate::call::va_PyObject_CallFunctionObjArgs;
    /// See [`call`](crate::call).
    PyObject_CallMethod(3) => crate::call::va_PyObject_CallMethod;
    /// See [`call`](crate::call).
    _PyObject_CallMethodId(3) => crate::call::va__PyObject_CallMethodId;
    /// See [`call`](crate::call).
    PyObject_CallMethodObjArgs(2) => crate::call::va_PyObject_CallMethodObjArgs;
    /// What `PyArg_ParseTuple` was called where lengths are `Py_ssize_t`, as they always are by now.
    _PyArg_ParseTuple_SizeT(2) => crate::getargs::va_PyArg_ParseTuple;
    /// As for `_PyArg_ParseTuple_SizeT`.
    _PyArg_ParseTupleAndKeywords_SizeT(4) => crate::getargs::va_PyArg_ParseTupleAndKeywords;
    /// As for `_PyArg_ParseTuple_SizeT`.
    _PyArg_Parse_SizeT(2) => crate::getargs::va_PyArg_Parse;
    /// As for `_PyArg_ParseTuple_SizeT`.
    _PyObject_CallFunction_SizeT(2) => crate::call::va_PyObject_CallFunction;
    /// As for `_PyArg_ParseTuple_SizeT`.
    _PyObject_CallMethod_SizeT(3) => crate::call::va_PyObject_CallMethod;
    /// As for `_PyArg_ParseTuple_SizeT`.
    _Py_BuildValue_SizeT(1) => crate::modsupport::va_Py_BuildValue;
    /// See [`import`](crate::import).
    PySys_Audit(2) => crate::import::va_PySys_Audit;
    /// See [`format`](crate::format).
    PySys_FormatStderr(1) => crate::format::va_PySys_FormatStderr;
    /// See [`format`](crate::format).
    PySys_FormatStdout(1) => crate::format::va_PySys_FormatStdout;
    /// See [`format`](crate::format).
    PySys_WriteStderr(1) => crate::format::va_PySys_WriteStderr;
    /// See [`format`](crate::format).
    PySys_WriteStdout(1) => crate::format::va_PySys_WriteStdout;
    /// See [`containers`](crate::containers).
    PyTuple_Pack(1) => crate::containers::va_PyTuple_Pack;
    /// See [`unicode_writer`](crate::unicode_writer).
    PyUnicodeWriter_Format(2) => crate::unicode_writer::va_PyUnicodeWriter_Format;
    /// See [`format`](crate::format).
    PyUnicode_FromFormat(1) => crate::format::PyUnicode_FromFormatV;
    /// See [`modsupport`](crate::modsupport).
    Py_BuildValue(1) => crate::modsupport::va_Py_BuildValue;
}

/* Running text and files: short forms. */
#ifndef Py_PYTHONRUN_H
#define Py_PYTHONRUN_H

#ifndef Py_LIMITED_API
#define Py_CompileString(text, filename, start) Py_CompileStringExFlags((text), (filename), (start), _Py_NULL, -1)
#define Py_CompileStringFlags(text, filename, start, flags) Py_CompileStringExFlags((text), (filename), (start), (flags), -1)
#define PyRun_String(text, start, globals, locals) PyRun_StringFlags((text), (start), (globals), (locals), _Py_NULL)
#define PyRun_AnyFile(file, name) PyRun_AnyFileExFlags((file), (name), 0, _Py_NULL)
#define PyRun_AnyFileEx(file, name, closeit) PyRun_AnyFileExFlags((file), (name), (closeit), _Py_NULL)
#define PyRun_AnyFileFlags(file, name, flags) PyRun_AnyFileExFlags((file), (name), 0, (flags))
#define PyRun_SimpleString(text) PyRun_SimpleStringFlags((text), _Py_NULL)
#define PyRun_SimpleFile(file, name) PyRun_SimpleFileExFlags((file), (name), 0, _Py_NULL)
#define PyRun_SimpleFileEx(file, name, closeit) PyRun_SimpleFileExFlags((file), (name), (closeit), _Py_NULL)
#define PyRun_File(file, name, start, globals, locals) PyRun_FileExFlags((file), (name), (start), (globals), (locals), 0, _Py_NULL)
#define PyRun_FileEx(file, name, start, globals, locals, closeit) \
    PyRun_FileExFlags((file), (name), (start), (globals), (locals), (closeit), _Py_NULL)
#define PyRun_FileFlags(file, name, start, globals, locals, flags) \
    PyRun_FileExFlags((file), (name), (start), (globals), (locals), 0, (flags))
#endif

#endif

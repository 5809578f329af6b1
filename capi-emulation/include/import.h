/* Importing. */
#ifndef Py_IMPORT_H
#define Py_IMPORT_H

#define PyImport_ImportModuleEx(name, globals, locals, names) PyImport_ImportModuleLevel((name), (globals), (locals), (names), 0)

#endif

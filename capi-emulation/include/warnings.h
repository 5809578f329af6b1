/* Warnings. */
#ifndef Py_WARNINGS_H
#define Py_WARNINGS_H

#define PyErr_Warn(category, message) PyErr_WarnEx((category), (message), 1)

#endif

/* Statuses. Embedding an interpreter, and with it PyConfig, is not supported. */
#ifndef Py_PYCORECONFIG_H
#define Py_PYCORECONFIG_H

#endif

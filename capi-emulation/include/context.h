/* Contexts and their variables. */
#ifndef Py_CONTEXT_H
#define Py_CONTEXT_H

#ifndef Py_LIMITED_API
#define PyContext_CheckExact(op) Py_IS_TYPE((op), &PyContext_Type)
#define PyContextVar_CheckExact(op) Py_IS_TYPE((op), &PyContextVar_Type)
#define PyContextToken_CheckExact(op) Py_IS_TYPE((op), &PyContextToken_Type)

typedef enum { Py_CONTEXT_SWITCHED = 1 } PyContextEvent;
#endif

#endif

/* True and False. */
#ifndef Py_BOOLOBJECT_H
#define Py_BOOLOBJECT_H

#define PyBool_Check(op) Py_IS_TYPE((op), &PyBool_Type)

#define Py_False _PyObject_CAST(&_Py_FalseStruct)
#define Py_True _PyObject_CAST(&_Py_TrueStruct)
#define Py_IsTrue(x) Py_Is((x), Py_True)
#define Py_IsFalse(x) Py_Is((x), Py_False)
#define Py_RETURN_TRUE return Py_True
#define Py_RETURN_FALSE return Py_False

#endif

/* Iterators over sequences and of callables. */
#ifndef Py_ITEROBJECT_H
#define Py_ITEROBJECT_H

#define PySeqIter_Check(op) Py_IS_TYPE((op), &PySeqIter_Type)
#define PyCallIter_Check(op) Py_IS_TYPE((op), &PyCallIter_Type)

#endif

/* Capsules: pointers for other modules. */
#ifndef Py_CAPSULE_H
#define Py_CAPSULE_H

#define PyCapsule_CheckExact(op) Py_IS_TYPE((op), &PyCapsule_Type)

#endif

/* Comparison of C strings without regard to case. */
#ifndef Py_STRCMP_H
#define Py_STRCMP_H

#define PyOS_strnicmp PyOS_mystrnicmp
#define PyOS_stricmp PyOS_mystricmp

#endif

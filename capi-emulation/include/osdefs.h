/* Characters in paths. */
#ifndef Py_OSDEFS_H
#define Py_OSDEFS_H

#ifndef MAXPATHLEN
#define MAXPATHLEN 4096
#endif
#ifndef SEP
#define SEP L'/'
#endif
#ifndef DELIM
#define DELIM L':'
#endif

#endif

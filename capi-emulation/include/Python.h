/* The C API of CPython 3.14 as rpy provides it: the header that extension modules include, first of all.
 *
 * What is public under the names of CPython's headers stands in files of the same names; prototypes.h declares all functions and
 * data, and is made from the Rust sources. Structures have the layouts of the cp314 ABI on x86-64 Linux. With Py_LIMITED_API defined,
 * nothing is shown that depends on a layout, and what is a macro otherwise is a call.
 *
 * The files in between include no headers of the system and rely on the order here.
 */
#ifndef Py_PYTHON_H
#define Py_PYTHON_H

#include "patchlevel.h"
#include "pyconfig.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#ifndef Py_LIMITED_API
#include <pthread.h>
#endif

#include "exports.h"
#include "pymacro.h"
#include "pyport.h"

#ifdef __cplusplus
extern "C" {
#endif

#include "pytypedefs.h"
#include "prototypes.h"

#include "pymath.h"
#include "pymem.h"
#include "pybuffer.h"
#include "object.h"
#include "refcount.h"
#include "objimpl.h"
#include "typeslots.h"
#include "pyhash.h"
#include "lock.h"
#include "critical_section.h"
#include "methodobject.h"
#include "descrobject.h"
#include "moduleobject.h"
#include "modsupport.h"

#include "boolobject.h"
#include "longobject.h"
#include "floatobject.h"
#include "complexobject.h"
#include "unicodeobject.h"
#include "bytesobject.h"
#include "bytearrayobject.h"
#include "memoryobject.h"
#include "tupleobject.h"
#include "listobject.h"
#include "dictobject.h"
#include "setobject.h"
#include "sliceobject.h"
#include "rangeobject.h"
#include "iterobject.h"
#include "weakrefobject.h"
#include "pycapsule.h"
#include "structseq.h"

#include "funcobject.h"
#include "classobject.h"
#include "cellobject.h"
#include "code.h"
#include "genobject.h"
#include "pyframe.h"
#include "traceback.h"
#include "context.h"

#include "pyerrors.h"
#include "warnings.h"
#include "pystate.h"
#include "initconfig.h"
#include "pylifecycle.h"
#include "ceval.h"
#include "compile.h"
#include "pythonrun.h"
#include "import.h"
#include "abstract.h"
#include "monitoring.h"
#include "pythread.h"
#include "pytime.h"
#include "pystrtod.h"
#include "pyctype.h"
#include "pystrcmp.h"

#ifdef __cplusplus
}
#endif
#endif

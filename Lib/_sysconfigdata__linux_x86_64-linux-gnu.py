"""What CPython's makefile would have told `sysconfig` about the build.

Differs from CPython's, which its build generates: rpy is not built by make. The values are those which packaging
tools and extension builds read; they describe the cp314 ABI on x86-64 Linux, which rpy provides.
"""

import os
import sys

_prefix = sys.base_prefix
_libdir = os.path.join(_prefix, "lib")
_stdlib = os.path.dirname(os.__file__)
# The C headers: those of the project whose Lib/ this file is in, or those beside the installed library.
_headers = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "capi-emulation", "include")
_in_project = os.path.isfile(os.path.join(_headers, "Python.h"))
_include = _headers if _in_project else os.path.join(_prefix, "include", "python3.14")

build_time_vars = {
    "ABIFLAGS": "",
    "AR": "ar",
    "ARFLAGS": "rcs",
    "BINDIR": os.path.dirname(sys._base_executable),
    "BINLIBDEST": _stdlib,
    "BLDSHARED": "gcc -shared",
    "BUILDEXE": "",
    "CC": "gcc",
    "CCSHARED": "-fPIC",
    "CFLAGS": "-fno-strict-overflow -Wsign-compare -DNDEBUG -O3 -Wall",
    "CONFIG_ARGS": "",
    "CONFINCLUDEDIR": os.path.join(_prefix, "include"),
    "CONFINCLUDEPY": _include,
    "CXX": "g++",
    "DESTDIRS": "",
    "DESTSHARED": os.path.join(_stdlib, "lib-dynload"),
    "ENABLE_SHARED": 0,
    "EXE": "",
    "EXENAME": sys._base_executable,
    "EXT_SUFFIX": ".cpython-314-x86_64-linux-gnu.so",
    "GNULD": "yes",
    "HAVE_DECL_ISINF": 1,
    "HAVE_FORK": 1,
    "HAVE_GETRANDOM": 1,
    "HAVE_SEM_OPEN": 1,
    "HOST_GNU_TYPE": "x86_64-pc-linux-gnu",
    "INCLDIRSTOMAKE": "",
    "INCLUDEDIR": os.path.join(_prefix, "include"),
    "INCLUDEPY": _include,
    "LDCXXSHARED": "g++ -shared",
    "LDFLAGS": "",
    "LDLIBRARY": "",
    "LDSHARED": "gcc -shared",
    "LDVERSION": "3.14",
    "LIBDEST": _stdlib,
    "LIBDIR": _libdir,
    "LIBPC": os.path.join(_libdir, "pkgconfig"),
    "LIBPL": os.path.join(_stdlib, "config-3.14-x86_64-linux-gnu"),
    "LIBRARY": "",
    # Modules are not linked with a library: they find the executable's functions.
    "LIBPYTHON": "",
    "LIBS": "-ldl -lm",
    "MACHDEP": "linux",
    "MULTIARCH": "x86_64-linux-gnu",
    "OPT": "-DNDEBUG -O3 -Wall",
    "PLATLIBDIR": sys.platlibdir,
    "PY_CFLAGS": "-fno-strict-overflow -Wsign-compare -DNDEBUG -O3 -Wall",
    "PYTHON": "python",
    "PYTHONFRAMEWORK": "",
    "Py_DEBUG": 0,
    "Py_ENABLE_SHARED": 0,
    "Py_GIL_DISABLED": 0,
    "Py_TRACE_REFS": 0,
    "SCRIPTDIR": _libdir,
    "SHELL": "/bin/sh",
    "SHLIB_SUFFIX": ".so",
    "SIZEOF_DOUBLE": 8,
    "SIZEOF_FLOAT": 4,
    "SIZEOF_INT": 4,
    "SIZEOF_LONG": 8,
    "SIZEOF_LONG_LONG": 8,
    "SIZEOF_SHORT": 2,
    "SIZEOF_SIZE_T": 8,
    "SIZEOF_TIME_T": 8,
    "SIZEOF_VOID_P": 8,
    "SIZEOF_WCHAR_T": 4,
    "SOABI": "cpython-314-x86_64-linux-gnu",
    "TZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
    "VERSION": "3.14",
    "WITH_DOC_STRINGS": 1,
    "WITH_PYMALLOC": 1,
    "abs_builddir": _prefix,
    "abs_srcdir": _prefix,
    "datarootdir": os.path.join(_prefix, "share"),
    "exec_prefix": _prefix,
    "prefix": _prefix,
    "srcdir": _prefix,
}

if _in_project:
    # As CPython does in its build directory: the paths of the headers are not below the prefix, to which headers of packages still go.
    import sysconfig

    for _scheme in ("posix_prefix", "posix_venv"):
        _paths = sysconfig._INSTALL_SCHEMES[_scheme]
        _paths["headers"] = _paths["include"]
        _paths["include"] = "{INCLUDEPY}"
        _paths["platinclude"] = "{CONFINCLUDEPY}"

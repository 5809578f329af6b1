//! The C API of CPython 3.14, exported from the `rpy` executable for extension modules. Not built yet: importing an
//! extension module raises `ImportError` saying so.

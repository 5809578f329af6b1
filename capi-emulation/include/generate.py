#!/usr/bin/env python3
"""Writes prototypes.h: the C declarations of what `capi-emulation/src` exports.

    python3 capi-emulation/include/generate.py            # writes
    python3 capi-emulation/include/generate.py --check    # exits with 1 if the file is not what would be written

The functions are those of the `exports!` and `variadics!` macros, their arguments' names are the Rust ones, and their C types follow
from the Rust types (`TYPES`). What a Rust type does not tell, since the layer has no use for it (an opaque pointer's C name, `const`,
a function pointer's type), stands in prototypes.overrides as a whole declaration; the number of its arguments is checked.
Data, which Rust knows by address only, is declared there, too, and a name behind a minus sign is not declared at all.

Needs nothing but Python's standard library.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent / "src"
TARGET = HERE / "prototypes.h"
OVERRIDES = HERE / "prototypes.overrides"

# The C type of each Rust type that occurs in signatures; `&T` and `&mut T` are `*mut T`.
TYPES = {
    "()": "void", "f64": "double", "isize": "Py_ssize_t", "usize": "size_t", "i32": "int32_t", "u32": "uint32_t", "u8": "unsigned char",
    "i64": "int64_t", "u64": "uint64_t", "c_int": "int", "c_uint": "unsigned int", "c_long": "long", "c_ulong": "unsigned long",
    "c_longlong": "long long", "c_ulonglong": "unsigned long long", "c_char": "char", "c_void": "void", "wchar_t": "wchar_t",
    "FILE": "FILE", "Obj": "PyObject *", "OptObj": "PyObject *", "Stolen": "PyObject *", "Out": "PyObject *", "Borrowed": "PyObject *",
    "PyObject": "PyObject", "PyVarObject": "PyVarObject", "PyTypeObject": "PyTypeObject", "PyThreadState": "PyThreadState",
    "PyModuleDef": "PyModuleDef", "PyMethodDef": "PyMethodDef", "PyMemberDef": "PyMemberDef", "PyGetSetDef": "PyGetSetDef",
    "PyFrame": "PyFrameObject", "PyCode": "PyCodeObject", "PyBufferView": "Py_buffer", "Spec": "PyType_Spec",
    "Desc": "PyStructSequence_Desc", "VaList": "va_list", "Complex": "Py_complex", "CompilerFlags": "PyCompilerFlags",
    "Status": "PyStatus", "WideStringList": "PyWideStringList", "ThreadKey": "Py_tss_t", "MonitoringState": "PyMonitoringState",
    "Identifier": "_Py_Identifier", "InterpreterFrame": "_PyInterpreterFrame", "Exported": "PyLongExport",
    "CTraceFunction": "Py_tracefunc", "CapsuleDestructor": "PyCapsule_Destructor", "traverseproc": "traverseproc", "inquiry": "inquiry",
    "visitproc": "visitproc", "AtomicU8": "PyMutex", "Void": "void *", "Layout": "PyLongLayout", "GcVisitor": "gcvisitobjects_t",
    "CHook": "Py_AuditHookFunction", "sighandler_t": "PyOS_sighandler_t", "ArenaAllocator": "PyObjectArenaAllocator",
    "longobject::Writer": "PyLongWriter", "unicode_writer::Writer": "PyUnicodeWriter",
    # Objects of particular types: C has the general one.
    "PyInt": "PyObject", "PyStr": "PyObject", "PyList": "PyObject", "PySlice": "PyObject", "PyByteArray": "PyObject",
}
# Names of Rust arguments that are words of C or C++.
RESERVED = {
    "auto", "class", "default", "delete", "export", "namespace", "new", "operator", "private", "public", "register", "template", "this",
}


class Unknown(Exception):
    """A Rust type that `TYPES` does not have."""


def c_type(rust, family):
    """The C type of a Rust one in a file, with a blank behind it if it does not end with a star."""
    rust = re.sub(r"'\w+ ", "", rust.strip())
    if rust in ("*mut RawLock", "&RawLock"):
        return "PyThread_type_lock "
    for prefix, qualifier in (("*mut ", ""), ("*const ", "const "), ("&mut ", ""), ("&", "")):
        if rust.startswith(prefix):
            target = rust[len(prefix):].strip()
            pointed = c_type(target, family)
            if pointed == "va_list ":
                return pointed
            if qualifier and pointed.endswith("*"):
                return pointed + qualifier.strip() + " *"
            return qualifier + pointed.rstrip() + (" *" if not pointed.endswith("*") else "*")
    optional = re.fullmatch(r"Option<(.*)>", rust)
    if optional:
        return c_type(optional[1], family)
    name = re.sub(r"<.*>$", "", rust).split("::")[-1]
    found = TYPES.get(f"{family}::{name}") or TYPES.get(name)
    if found is None:
        raise Unknown(rust)
    return found if found.endswith("*") else found + " "


def split(text):
    """Splits at the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        if c in "(<[":
            depth += 1
        elif c in ")>]" and text[i - 1] != "-":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


class Function:
    """An exported function as Rust declares it."""

    def __init__(self, family, name, arguments, result):
        self.family, self.name, self.arguments, self.result = family, name, arguments, result

    def declaration(self, shown=None, fixed=None):
        """The C declaration, by another name and with `...` in place of the arguments behind the first `fixed` if asked for."""
        arguments = []
        for argument in self.arguments[:fixed]:
            name, rust = (part.strip() for part in argument.split(":", 1))
            name = name.lstrip("_")
            arguments.append(c_type(rust, self.family) + (name + "_" if name in RESERVED else name))
        if fixed is not None:
            arguments.append("...")
        return f"{c_type(self.result, self.family)}{shown or self.name}({', '.join(arguments) or 'void'});"


FUNCTION = re.compile(r"^\s+fn (\$?\w+)\(", re.M)
RESULT = re.compile(r"(?: -> ([^={]+?))?(?: = [^{]+?)?\s*\{")


def functions_in(text, family):
    """The functions that the inside of an `exports!` declares."""
    for start in FUNCTION.finditer(text):
        inside = enclosed(text, start.end() - 1, "()")
        result = RESULT.match(text, start.end() + len(inside) + 1)
        yield Function(family, start[1], split(inside), result[1] or "()")


def enclosed(text, start, pair="{}"):
    """The text between the bracket at or behind `start` and its counterpart."""
    opening = text.index(pair[0], start)
    depth = 0
    for i in range(opening, len(text)):
        depth += (text[i] == pair[0]) - (text[i] == pair[1])
        if depth == 0:
            return text[opening + 1:i]
    raise ValueError("a bracket is not closed")


def expanded(text, family):
    """The functions that macros of a file declare: those whose names are the macro's variables, once for each row of its use."""
    for macro in re.finditer(r"macro_rules! (\w+)", text):
        body = enclosed(text, macro.end())
        if "exports!" not in body or macro[1] == "exports":
            continue
        pattern, template = body.split("=> {", 1)
        use = enclosed(text, text.index(f"\n{macro[1]}! {{"))
        extra = re.match(r"\s*\[(.*?)\]", use)
        rows = use[extra.end():].split(";") if extra else use.split(";")
        variables = re.findall(r"\$(\w+):ident", pattern)
        lists = variables[:1] if extra else []
        for function in functions_in(template, family):
            variable = function.name.removeprefix("$")
            if variable == function.name:
                names = [variable]
            elif variable in lists:
                names = extra[1].split()
            else:
                place = variables.index(variable) - len(lists)
                names = [re.findall(r"\b_?Py\w+", row)[place] for row in rows if row.strip()]
            for name in names:
                yield Function(family, name, function.arguments, function.result)


def families():
    """Each source file's functions, in the order of the file."""
    for path in sorted(SOURCES.glob("*.rs")):
        if path.stem in ("exports", "variadic", "lib"):
            continue
        text = re.sub(r"//.*", "", path.read_text())
        found = list(expanded(text, path.stem))
        # At the start of a line: not those inside of macros.
        for start in re.finditer(r"^exports! ", text, re.M):
            found += functions_in(enclosed(text, start.end()), path.stem)
        if found:
            yield path.stem, found


def variadics():
    """The names of variadic functions, the number of their fixed arguments, and their counterparts' names."""
    text = (SOURCES / "variadic.rs").read_text()
    for name, fixed, target in re.findall(r"^    (\w+)\((\d)\) => crate::\w+::(\w+);", text, re.M):
        yield name, int(fixed), target


def unsigned():
    """The names of functions that no macro declares, so that Rust does not tell their signature."""
    return [name for path in sorted(SOURCES.glob("*.rs")) for name in re.findall(r'Export::function\(\s*"(\w+)"', path.read_text())]


def overrides():
    """Declarations by name, of functions and of data, and the names that are not declared."""
    functions, data, hidden = {}, {}, set()
    for line in OVERRIDES.read_text().splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("-"):
            hidden.update(line[1:].split())
        elif line.startswith("extern "):
            name = re.search(r"\(\*(\w+)\)\(|(\w+)(\[\w*\])?;", line)
            data[name[1] or name[2]] = line
        else:
            functions[re.search(r"(\w+)\(", line)[1]] = line
    return functions, data, hidden


def data_names():
    """The names of exported data."""
    text = (SOURCES / "data.rs").read_text()
    shared = re.sub(r"//.*", "", enclosed(text, text.index("\ndata! {")))
    return [name.strip() for name in shared.split(",") if name.strip()] + re.findall(r'Export::data\(\s*"(\w+)"', text)


def data_declaration(name):
    """The C declaration of data whose name tells its type."""
    if name.startswith("PyExc_"):
        return f"extern PyObject *{name};"
    if name.endswith("Type"):
        return f"extern PyTypeObject {name};"
    if name.endswith(("Flag", "Mode", "Directory")):
        return f"extern int {name};"
    return None


def count(declaration):
    """The number of a C declaration's arguments."""
    arguments = split(declaration[declaration.index("(", re.search(r"\w+\(", declaration).start()) + 1:declaration.rindex(")")])
    return 0 if arguments == ["void"] else len(arguments)


def generate():
    """The text of prototypes.h."""
    replaced, data, hidden = overrides()
    unused, problems, known = set(replaced) | set(data) | hidden, [], {}
    lines = [
        "/* The exported functions and data. Made by generate.py from capi-emulation/src and prototypes.overrides: not to be edited. */",
        "#ifndef RPY_PROTOTYPES_H", "#define RPY_PROTOTYPES_H", "", "#pragma GCC visibility push(default)", "",
    ]

    def emit(function, name=None, fixed=None):
        """Adds the declaration of a function, or of the variadic function `name` with that many fixed arguments."""
        name = name or function.name
        unused.discard(name)
        if name in hidden:
            return
        try:
            line = replaced.get(name) or function.declaration(name, fixed)
        except Unknown as unknown:
            problems.append(f"{name}: no C type for {unknown}")
            return
        wanted = len(function.arguments) if fixed is None else fixed + 1
        if count(line) != wanted:
            problems.append(f"{name}: {wanted} arguments in Rust, {count(line)} in C")
        lines.append(line)

    for family, functions in families():
        lines.append(f"/* {family.rstrip('_')} */")
        for function in functions:
            known[function.name] = function
            if not function.name.startswith("va_"):
                emit(function)
        lines.append("")
    lines.append("/* with variable arguments */")
    for name, fixed, target in variadics():
        emit(known[target], name, fixed)
    for name in unsigned():
        unused.discard(name)
        if name in replaced:
            lines.append(replaced[name])
        elif name not in hidden:
            problems.append(f"{name}: no declaration")
    lines += ["", "/* data */"]
    for name in data_names():
        unused.discard(name)
        line = data.get(name) or data_declaration(name)
        if name in hidden:
            continue
        if line:
            lines.append(line)
        else:
            problems.append(f"{name}: no C type")
    lines += ["", "#pragma GCC visibility pop", "", "#endif"]
    problems += [f"{name}: an override of what is not exported" for name in sorted(unused)]
    if problems:
        sys.exit("\n".join(problems))
    return "\n".join(lines) + "\n"


def main():
    """Writes the file, or compares it."""
    text = generate()
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != text:
            sys.exit(f"{TARGET.name} is not what {pathlib.Path(__file__).name} makes: run it")
    else:
        TARGET.write_text(text)


if __name__ == "__main__":
    main()

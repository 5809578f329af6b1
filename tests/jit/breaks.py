#!/usr/bin/env python3
"""Does a broken mechanism make a test fail? Breaks one line of the JIT at a time, and runs the tests that should notice.

    tests/jit/breaks.py [WORDS ...]       all breaks, or those whose name contains a word
    tests/jit/breaks.py --check           only says whether the lines to break are there

Each break is made in the source, compiled, tested and taken back. It is caught if a program of tests/programs prints something
else with the JIT eager, or random programs differ between the JIT's modes.
"""

import argparse
import glob
import os
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RPY = os.path.join("target", "debug", "rpy")
BUILD = "cargo build --ignore-rust-version --quiet"

# What is broken, where, the line, and what it becomes.
BREAKS = [
    (
        "exits: iterators are not told how far the loop has come",
        "jit/src/backend/x64/exits.rs",
        "self.exit_stores(i);",
        "",
    ),
    (
        "exits: an iterator is told what it will be a round later",
        "jit/src/opt/sink.rs",
        "if store.at < at { store.behind } else { store.before }",
        "store.behind",
    ),
    (
        "unrolled loops: the second round begins with the first one's values",
        "jit/src/opt/unroll.rs",
        "snapshot.map_values(|value| self.name(value));",
        "",
    ),
    (
        "groups of rounds: a total's second element is left out",
        "jit/src/backend/x64/wide.rs",
        "self.asm.vex(Pp::PF2, Map::M0F, false, opcode, sum, sum, number);",
        "if lane != 1 { self.asm.vex(Pp::PF2, Map::M0F, false, opcode, sum, sum, number); }",
    ),
    (
        "side exits: a bool is written to the frame negated",
        "jit/src/leave.rs",
        "bool_::as_object(bits & 1 != 0)",
        "bool_::as_object(bits & 1 == 0)",
    ),
    (
        "side traces: an int that is taken over is 0",
        "jit/src/recorder/mod.rs",
        "Form::Int => Sym::Int(value),",
        "Form::Int => Sym::Int(self.builder.trace.int(0 * i64::from(value.inst().is_some()))),",
    ),
    (
        "invalidation: the versions of types are not guarded",
        "jit/src/recorder/names.rs",
        "let version = rpy_vm::types::type_::lookup::version_tag(ty);\n        if version == 0 {",
        "let version = rpy_vm::types::type_::lookup::version_tag(ty);\n        if version != 0 { return Ok(()); }\n"
        "        if version == 0 {",
    ),
    (
        "allocation removal: an object that was not made is made twice",
        "jit/src/virtuals.rs",
        "return made.clone();",
        "let _ = made;",
    ),
    (
        "ownership at exits: a borrowed object is taken for an owned one",
        "jit/src/leave.rs",
        "Form::Shared => StackRef::new(&*(bits as *const PyObject)),",
        "Form::Shared => StackRef::owned(ObjRef::from_owned_ptr(bits as *mut PyObject)),",
    ),
    (
        "invalidation: constants are taken to stay of their class",
        "jit/src/recorder/values.rs",
        "if value.is_const() && keep_their_class(ty) {",
        "if value.is_const() {",
    ),
    (
        "invalidation: frames of one code and the same globals are taken to have the same builtins",
        "jit/src/recorder/names.rs",
        "self.guard_namespace(builtins, FRAME_BUILTINS)?;",
        "",
    ),
    (
        "reviewed calls: a class is taken for the built-in one of its name",
        "jit/src/recorder/natives/reviewed.rs",
        "is_static(ty).then(|| ty.full_name())",
        "Some(ty.full_name())",
    ),
    (
        "reviewed calls: the bounds of slices are not looked at",
        "jit/src/recorder/natives/reviewed.rs",
        '"slice" "indices" (Bounds, Plain)',
        '"slice" "indices" (Any, Plain)',
    ),
    (
        "big ints: nobody looks whether an int is a machine word where nobody uses the result",
        "jit/src/recorder/values.rs",
        "if is_checked {",
        "if false {",
    ),
    (
        "finalizers: a tuple that is not made lets go of its first item first",
        "jit/src/opt/virtuals.rs",
        "contents.reverse();",
        "",
    ),
    (
        "finalizers: the last reference is not given back",
        "jit/src/recorder/ends.rs",
        "self.op(Op::Decref, &[value])?;",
        "let _ = value;",
    ),
    (
        "frames that are looked at: variables are not shown",
        "jit/src/leave.rs",
        "        found = true;",
        "        found = true; if i < 99 { continue; }",
    ),
    (
        "what traces keep: the collector does not see it",
        "jit/src/hooks.rs",
        "executors.flat_map(Executor::kept).for_each(|object| visit.visit(object));",
        "let _ = (executors.flat_map(Executor::kept), visit);",
    ),
]


def run(*command, timeout=300):
    """What a command prints, its errors included."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return "it does not end"
    return done.stdout + done.stderr


def caught(rpy):
    """The first test that fails; empty if none does."""
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "programs", "*_jit_*.py"))):
        name = os.path.splitext(os.path.basename(path))[0]
        with open(os.path.join(ROOT, "tests", "programs", "expected", name + ".txt")) as f:
            if run(rpy, "-X", "jit=eager", path, timeout=60) != f.read():
                return name
    compare = [sys.executable, os.path.join("tests", "jit", "compare.py"), "--python", rpy, "--modes", "off,eager"]
    report = run(*compare, "--seeds", "0", "100").splitlines()[-1:]
    return "" if report == ["100 programs, 0 differences"] else "random programs"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only breaks whose name contains one of them")
    parser.add_argument("--check", action="store_true", help="build nothing: are the lines there?")
    parser.add_argument("--build", default=BUILD, help="the command that builds")
    parser.add_argument("--python", default=RPY, help="what it builds")
    options = parser.parse_args()
    missed = 0
    for what, file, line, broken in BREAKS:
        if options.words and not any(word in what for word in options.words):
            continue
        path = os.path.join(ROOT, file)
        with open(path) as f:
            source = f.read()
        if source.count(line) != 1:
            sys.exit(f"{file} has no such line any more, or several: {what}")
        if options.check:
            continue
        try:
            with open(path, "w") as f:
                f.write(source.replace(line, broken))
            errors = run(*shlex.split(options.build), timeout=1200)
            if "error" in errors:
                sys.exit(f"{what}: does not compile\n{errors}")
            by = caught(os.path.join(ROOT, options.python))
        finally:
            with open(path, "w") as f:
                f.write(source)
        missed += not by
        print(f"{what}: " + (f"caught by {by}" if by else "NOT CAUGHT"), flush=True)
    sys.exit(missed != 0)


if __name__ == "__main__":
    main()

"""The fast profiler: `profile`'s interface on the native `_lsprof`. The library crate has no such file."""

import _lsprof
import importlib.machinery
import io
import profile as _pyprofile
import sys

__all__ = ["run", "runctx", "Profile"]


def run(statement, filename=None, sort=-1):
    return _pyprofile._Utils(Profile).run(statement, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    return _pyprofile._Utils(Profile).runctx(statement, globals, locals, filename, sort)


run.__doc__ = _pyprofile.run.__doc__
runctx.__doc__ = _pyprofile.runctx.__doc__


def label(code):
    """The key under which `pstats` keeps a function: file, line and name."""
    if isinstance(code, str):
        return ("~", 0, code)
    return (code.co_filename, code.co_firstlineno, code.co_name)


class Profile(_lsprof.Profiler):
    """Profile(timer=None, timeunit=None, subcalls=True, builtins=True)

    Builds a profiler object using the specified timer function.
    """

    def print_stats(self, sort=-1):
        import pstats

        keys = sort if isinstance(sort, tuple) else (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*keys).print_stats()

    def dump_stats(self, file):
        import marshal

        self.create_stats()
        with open(file, "wb") as out:
            marshal.dump(self.stats, out)

    def create_stats(self):
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        """Fill `self.stats`: function -> (calls, all calls, own time, total time, callers)."""
        self.stats = {}
        callers_of = {}
        entries = self.getstats()
        for entry in entries:
            callers = callers_of.setdefault(entry.code, {})
            calls = entry.callcount
            self.stats[label(entry.code)] = (
                calls - entry.reccallcount, calls, entry.inlinetime, entry.totaltime, callers,
            )
        for entry in entries:
            caller = label(entry.code)
            for sub in entry.calls or ():
                callers = callers_of.get(sub.code)
                if callers is None:
                    continue
                calls = sub.callcount
                row = (calls, calls - sub.reccallcount, sub.inlinetime, sub.totaltime)
                if caller in callers:
                    row = tuple(a + b for a, b in zip(row, callers[caller]))
                callers[caller] = row

    def run(self, cmd):
        import __main__

        namespace = __main__.__dict__
        return self.runctx(cmd, namespace, namespace)

    def runctx(self, cmd, globals, locals):
        self.enable()
        try:
            exec(cmd, globals, locals)
        finally:
            self.disable()
        return self

    def runcall(self, func, /, *args, **kw):
        self.enable()
        try:
            return func(*args, **kw)
        finally:
            self.disable()

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *exc_info):
        self.disable()


def main():
    from optparse import OptionParser

    import pstats

    parser = OptionParser(usage="cProfile.py [-o output_file_path] [-s sort] [-m module | scriptfile] [arg] ...")
    parser.allow_interspersed_args = False
    parser.add_option("-o", "--outfile", dest="outfile", help="Save stats to <outfile>", default=None)
    parser.add_option(
        "-s", "--sort", dest="sort", default=2, choices=sorted(pstats.Stats.sort_arg_dict_default),
        help="Sort order when printing to stdout, based on pstats.Stats class",
    )
    parser.add_option("-m", dest="module", action="store_true", help="Profile a library module", default=False)
    if not sys.argv[1:]:
        parser.print_usage()
        sys.exit(2)
    options, args = parser.parse_args()
    sys.argv[:] = args
    if options.outfile is not None:
        import os

        # The program may change its directory.
        options.outfile = os.path.abspath(options.outfile)
    if not args:
        parser.print_usage()
        return parser
    if options.module:
        code = "run_module(modname, run_name='__main__')"
        namespace = {"run_module": __import__("runpy").run_module, "modname": args[0]}
    else:
        import os

        name = args[0]
        sys.path.insert(0, os.path.dirname(name))
        with io.open_code(name) as file:
            code = compile(file.read(), name, "exec")
        spec = importlib.machinery.ModuleSpec(name="__main__", loader=None, origin=name)
        import types

        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        namespace = module.__dict__
        namespace.update({"__spec__": spec, "__file__": spec.origin, "__name__": spec.name, "__package__": None, "__cached__": None})
    try:
        runctx(code, namespace, None, options.outfile, options.sort)
    except BrokenPipeError as error:
        sys.stdout = None
        sys.exit(error.errno)
    return parser


if __name__ == "__main__":
    main()

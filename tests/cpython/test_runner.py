"""The runner, tried on a `test` package made for the purpose: everything that a test file can do to it.

    python3 tests/cpython/test_runner.py
"""

import io
import json
import os
import shutil
import sys
import tempfile
import unittest
from contextlib import redirect_stdout

import known
import marks
import runner

SAMPLES = {
    "__init__.py": "",
    "support/__init__.py": "use_resources = None\n",
    "test_plain.py": '''
import unittest
class Plain(unittest.TestCase):
    def test_good(self): pass
    def test_fails(self): self.assertEqual(1, 2)
    def test_raises(self): {}["missing"]
    @unittest.skip("not now")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_surprise(self): pass
    def test_parts(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertNotEqual(i, 1)
    def test_interrupted(self): raise KeyboardInterrupt
    def test_leaves(self): raise SystemExit(3)
''',
    "test_crash.py": '''
import os, signal, time, unittest
class Crash(unittest.TestCase):
    def test_1(self): pass
    def test_2_exit(self): os._exit(7)
    def test_3(self): pass
    def test_4_signal(self): os.kill(os.getpid(), signal.SIGKILL)
    def test_5_hang(self): time.sleep(100)
    def test_6(self): pass
    def test_7_fork(self):
        if os.fork() == 0:
            raise SystemExit
        os.wait()
''',
    "test_fixtures.py": '''
import unittest
class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("no class")
    def test_a(self): pass
    def test_b(self): pass
class Elsewhere(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("not here")
    def test_a(self): pass
class Untidy(unittest.TestCase):
    @classmethod
    def tearDownClass(cls): raise OSError("left open")
    def test_a(self): pass
class Twice(unittest.TestCase):
    def test_a(self): pass
def load_tests(loader, tests, pattern):
    tests.addTest(Twice("test_a"))
    return tests
''',
    "test_unloadable.py": '''
import no_such_module
class A:
    def test_a(self): pass
    async def test_b(self): pass
''',
    "test_elsewhere.py": '''
import unittest
raise unittest.SkipTest("another system")
''',
    "test_dies_loading.py": "import os; os._exit(9)\n",
    "test_dies_late.py": '''
import atexit, os, unittest
class A(unittest.TestCase):
    def test_a(self): atexit.register(os._exit, 5)
''',
    "test_marked.py": '''
import unittest
class Marked(unittest.TestCase):
    @unittest.expectedFailure  # TODO: RUSTPYTHON; reason
    def test_a(self): pass
    @unittest.skip("TODO: RUSTPYTHON; reason")
    def test_b(self): pass
''',
}


class RunnerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        for name, text in SAMPLES.items():
            path = os.path.join(cls.folder, "test", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as stream:
                stream.write(text)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def run_files(self, *names, **options):
        """(exit status, the JSON report) of a run over the samples."""
        report = os.path.join(self.folder, "report.json")
        arguments = ["--python", sys.executable, "--tests", self.folder, "--json", report, "--timeout", "2", *names]
        for key, value in options.items():
            flag = "--" + key.replace("_", "-")
            arguments += [flag] if value is True else [flag, str(value)]
        with redirect_stdout(io.StringIO()) as printed:
            status = runner.main(arguments)
        self.printed = printed.getvalue()
        with open(report) as stream:
            return status, json.load(stream)

    def outcomes(self, name, **options):
        _, report = self.run_files(name, no_known=True, **options)
        methods = report["files"][name]["methods"]
        return {key[len(name) + 1:]: method["outcome"] for key, method in methods.items()}, report["files"][name]

    def test_outcomes(self):
        outcomes, counts = self.outcomes("test_plain")
        self.assertEqual(outcomes, {
            "Plain.test_good": "ok", "Plain.test_fails": "fail", "Plain.test_raises": "error", "Plain.test_skipped": "skip",
            "Plain.test_expected": "xfail", "Plain.test_surprise": "fail", "Plain.test_parts": "fail",
            "Plain.test_interrupted": "error", "Plain.test_leaves": "error"})
        self.assertEqual((counts["run"], counts["passed"], counts["skipped"], counts["percent"]), (8, 2, 1, 25.0))
        self.assertIn("(i=1)", counts["methods"]["test_plain.Plain.test_parts"]["tail"])

    def test_crashes_and_hangs_cost_one_method_each(self):
        outcomes, counts = self.outcomes("test_crash")
        self.assertEqual(outcomes, {
            "Crash.test_1": "ok", "Crash.test_2_exit": "crash", "Crash.test_3": "ok", "Crash.test_4_signal": "crash",
            "Crash.test_5_hang": "timeout", "Crash.test_6": "ok", "Crash.test_7_fork": "ok"})
        self.assertIn("SIGKILL", counts["methods"]["test_crash.Crash.test_4_signal"]["tail"])

    def test_fixtures(self):
        outcomes, _ = self.outcomes("test_fixtures")
        self.assertEqual(outcomes, {
            "Broken.test_a": "error", "Broken.test_b": "error", "Elsewhere.test_a": "skip", "Untidy.test_a": "ok",
            "Untidy.tearDownClass": "error", "Twice.test_a": "ok", "Twice.test_a#2": "ok"})

    def test_whole_files(self):
        _, counts = self.outcomes("test_unloadable")
        self.assertEqual((counts["module"], counts["failed"], counts["estimated"]), ("import", 2, True))
        _, counts = self.outcomes("test_elsewhere")
        self.assertEqual((counts["module"], counts["run"]), ("skip", 0))
        _, counts = self.outcomes("test_dies_loading")
        self.assertEqual(counts["module"], "crash")
        outcomes, counts = self.outcomes("test_dies_late")
        self.assertEqual((counts["module"], outcomes), ("crash", {"A.test_a": "ok"}))

    def test_marks_are_taken_out_of_a_copy(self):
        self.assertEqual(self.outcomes("test_marked")[0], {"Marked.test_a": "fail", "Marked.test_b": "skip"})
        self.assertEqual(self.outcomes("test_marked", strip_marks=True)[0], {"Marked.test_a": "ok", "Marked.test_b": "ok"})
        with open(os.path.join(self.folder, "test", "test_marked.py")) as stream:
            self.assertIn("RUSTPYTHON", stream.read())

    def test_known_failures(self):
        listed = os.path.join(self.folder, "known.txt")
        status, report = self.run_files("test_plain", "test_unloadable", known=listed)
        self.assertEqual(status, 1)
        self.assertEqual(len(report["red"]), 7)
        status, report = self.run_files("test_plain", "test_unloadable", known=listed, update=True)
        self.assertEqual((status, report["red"]), (0, []))
        with open(listed) as stream:
            lines = stream.read().splitlines()
        self.assertIn("test_plain.Plain.test_raises  KeyError: 'missing'", lines)
        self.assertIn("test_unloadable: import  ModuleNotFoundError: No module named 'no_such_module'", lines)
        with open(listed, "a") as stream:
            stream.write("test_plain.Plain.test_good  a reason\ntest_plain.Plain.test_gone  a reason\n")
        status, report = self.run_files("test_plain", known=listed)
        self.assertEqual((status, report["red"]), (1, [
            "newly passes: test_plain.Plain.test_good", "is listed, but does not exist: test_plain.Plain.test_gone"]))

    def test_flaky_methods_may_do_either(self):
        listed = os.path.join(self.folder, "flaky.txt")
        with open(listed, "w") as stream:
            for name in ("fails", "raises", "surprise", "parts", "interrupted", "leaves"):
                stream.write("test_plain.Plain.test_%s  a reason that is kept\n" % name)
            stream.write("test_plain.Plain.test_good  flaky: depends on the weather\n")
        self.assertEqual(self.run_files("test_plain", known=listed)[0], 0)
        self.assertEqual(self.run_files("test_plain", known=listed, update=True)[0], 0)
        with open(listed) as stream:
            text = stream.read()
        self.assertIn("flaky: depends", text)
        self.assertIn("that is kept", text)

    def test_a_crash_is_red_even_if_listed(self):
        listed = os.path.join(self.folder, "crashes.txt")
        status, report = self.run_files("test_crash", "test_dies_loading", known=listed, update=True)
        self.assertEqual((status, len(report["red"])), (1, 4))

    def test_match_and_at_least(self):
        status, report = self.run_files("test_plain", no_known=True, match="test_good", at_least=100)
        self.assertEqual((status, report["total"]["run"]), (0, 1))
        status, report = self.run_files("test_plain", no_known=True, at_least=90)
        self.assertEqual((status, report["total"]["run"]), (1, 8))

    def test_no_package(self):
        with redirect_stdout(io.StringIO()) as printed:
            self.assertEqual(runner.main(["--python", sys.executable, "--tests", os.path.join(self.folder, "nowhere")]), 0)
        self.assertIn("nothing was run", printed.getvalue())


class MarksTest(unittest.TestCase):
    def check(self, before, after):
        self.assertEqual(marks.strip_marks(before), after)

    def test_methods_that_carry_marks(self):
        mark = "    @unittest.expectedFailure  # TODO: RUSTPYTHON\n"
        method = "    async def test_x(self):\n        return await super().test_x()\n"
        other = "    def test_y(self):\n        return super().test_x()\n"
        self.check("class A(B):\n" + mark + method + mark + other, "class A(B):\n\n    pass\n\n\n" + other)
        self.check("class A(B):\n" + method + mark + other, "class A(B):\n" + method + "\n" + other)

    def test_decorators(self):
        self.check("    @unittest.expectedFailure  # TODO: RUSTPYTHON\n    def f(): pass", "\n    def f(): pass")
        self.check('@unittest.skip("TODO: RUSTPYTHON; a (b")\nx', "\nx")
        self.check('@unittest.skipIf(\n    a,\n    "TODO: RUSTPYTHON"\n)\n@keep\nx', "\n\n\n\n@keep\nx")
        self.check('@unittest.expectedFailureIf(a, "reason")\nx', "\nx")
        self.check("@unittest.expectedSuccess  # TODO: RUSTPYTHON\n@unittest.expectedFailure\nx",
                   "\n@unittest.expectedFailure\nx")
        self.check("# TODO: RUSTPYTHON\n@unittest.expectedFailure\nx", "# TODO: RUSTPYTHON\n\nx")

    def test_what_stays(self):
        for text in ("@unittest.expectedFailure\nx = 1", '@unittest.skip("later")\nx = "rustpython"',
                     '@patch("a", __rustpython_patch)\nx'):
            self.check(text, text)

    def test_assignments(self):
        self.check("if a:\n    t = unittest.skip(b)  # TODO: RUSTPYTHON\n", "if a:\n    pass\n")

    def test_doctests(self):
        self.check(">>> f()  # TODO: RUSTPYTHON; wrong # doctest: +EXPECTED_FAILURE\n", ">>> f()\n")
        self.check(">>> f() # TODO: RUSTPYTHON # doctest:+ELLIPSIS +EXPECTED_FAILURE\n", ">>> f()  # doctest: +ELLIPSIS\n")
        self.check("  >>> if 1:  # TODO: RUSTPYTHON\n", "  >>> if 1:\n")

    def test_lines_commented_out(self):
        self.check('    # "_Fast"  # XXX: RUSTPYTHON; not supported yet\n', '    "_Fast"\n')
        self.check("# from _testx import a # XXX: RUSTPYTHON\n", "# from _testx import a # XXX: RUSTPYTHON\n")


class ReasonTest(unittest.TestCase):
    def test_one_line(self):
        self.assertEqual(known.one_line("Traceback:\n  File x\nAssertionError: 1 != 2\n- 1\n+ 2"), "AssertionError: 1 != 2")
        self.assertEqual(known.one_line("ValueError: <object at 0x7f12ab34cd>"), "ValueError: <object at 0x...>")
        self.assertEqual(len(known.one_line("x" * 500)), known.LONGEST_REASON)


if __name__ == "__main__":
    unittest.main()

"""Programs that C code ends: what is registered runs, what is open is flushed."""
import os
import subprocess
import sys
import tempfile

START = """
import atexit, ctypes, sys
atexit.register(print, "atexit")
file = open(sys.argv[1], "w")
file.write("flushed")
print("start")
"""
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    for end in (
        "ctypes.pythonapi.Py_Exit(3)",
        "ctypes.pythonapi.PyRun_SimpleString(b'raise SystemExit(4)')",
        "ctypes.pythonapi.PyRun_SimpleString(b'import sys; sys.exit()')",
        "sys.excepthook = lambda *args: sys.exit(5)\nctypes.pythonapi.PyRun_SimpleString(b'1 / 0')",
        "def main():\n    try:\n        ctypes.pythonapi.Py_Exit(6)\n    finally:\n        print('not reached')\nmain()",
    ):
        done = subprocess.run([sys.executable, "-c", START + end, path], capture_output=True, text=True)
        with open(path) as file:
            print(done.returncode, done.stdout.split(), file.read())
        os.remove(path)

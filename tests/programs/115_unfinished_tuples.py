# C code fills a tuple while a collection comes: it stays in the collector's care.
import ctypes
import gc

new = ctypes.pythonapi.PyTuple_New
new.restype, new.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]
fill = ctypes.pythonapi.PyTuple_SetItem
fill.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.py_object]
keep = ctypes.pythonapi.Py_IncRef
keep.argtypes = [ctypes.py_object]
drop = ctypes.pythonapi.Py_DecRef
drop.argtypes = [ctypes.c_void_p]

address = new(2)
gc.collect()
content = []
for place in range(2):
    keep(content)
    fill(address, place, content)
    gc.collect()
unfinished = ctypes.cast(address, ctypes.py_object).value
content.append(unfinished)
print(len(unfinished), gc.is_tracked(unfinished))
drop(address)
del unfinished, content
print(gc.collect() > 0)

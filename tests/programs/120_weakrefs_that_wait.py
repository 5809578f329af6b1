# A weak reference waits for its end, deep in a chain, when its object is collected: it ends once.
import gc
import weakref


class Node:
    pass


class Collects:
    def __del__(self):
        gc.collect()


def called(reference):
    calls.append(reference)


calls = []
gc.disable()
for depth in range(40, 260):
    node = Node()
    node.itself = node
    chain = weakref.ref(node, called)
    del node
    for _ in range(depth):
        chain = [chain]
    top = [Collects(), chain]
    del chain
    del top
    gc.collect()
print(len(calls) <= 220)

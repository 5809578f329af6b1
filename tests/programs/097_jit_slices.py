"""Slices of lists in hot loops: all kinds of bounds and steps, stores that keep the size or change it, and what they drop."""


class Tell:
    def __init__(self,n): self.n=n
    def __del__(self): print("end", self.n)
def flips(n):
    out=[]
    for r in range(300):
        perm=[(i*7+r)%n for i in range(n)]
        perm=sorted(set(perm)); perm = perm[r%n:]+perm[:r%n]
        k=perm[0]; c=0
        while k and c<50:
            perm[:k+1]=perm[k::-1]
            c+=1
            k=perm[0]
        out.append(c)
    return sum(out), perm
print(flips(9))
def odd():
    l=list(range(20)); t=0
    for i in range(2000):
        m=l[i%7:-(i%5) or None]
        t+=len(m)
        m=l[i%30::-3]; t+=sum(m)
        m=l[-i%9:i%11:2]; t+=sum(m)
        l[i%25:i%25+2]=[i%13, i%5] if i%7 else [i%3]
        if len(l)>40: l[10:30]=[]
        if i==1500: l[2:4]=[Tell(1),Tell(2)]
        if i==1600:
            l[2:4]=[0,0]; print("replaced")
        if 1500<=i<1600:
            l[2:4]=l[3:1:-1]
            l[:2]=[0,0]; l[4:]=[1]*10
            t=0
            continue
        l = [x if isinstance(x,int) else 0 for x in l]
    return t,l
try: print(odd())
except TypeError as e: print("TypeError", e)
def err():
    n=0
    l=[1,2,3]
    for i in range(1000):
        try:
            n+=len(l[::i%500 and 1])
        except ValueError as e: n+=1000; print(e)
        try: n+=len(l["a" if i==777 else 0:])
        except TypeError as e: print(e)
    return n
print(err())


def flags(n):
    """A round that cannot follow itself: it finds a flag unset, and sets it."""
    class State:
        pending, waiting = False, True
    state, other, log = State(), State(), 0
    for i in range(n):
        if state.pending:
            state.pending = False
            log += 1
        elif state.waiting and not other.pending:
            state.pending = True
            other.pending = i % 7 == 0
        else:
            other.pending = False
            log += 1000
    return log


def identity(n):
    """Numbers compared by identity: small ints are the same object."""
    one, three, half, count = 1, 3, 0.5, 0
    for i in range(n):
        step = one
        if step is one:
            count += 1
        if (i % 5) is three:
            count += 100
        if i is None or half is None or step is half:
            count += 100000
        if (i + 100000) is one:
            count += 1000000
    return count


print(flags(3000))
print(identity(3000))

"""Makes random programs with hot loops, to compare the JIT's modes with each other and with CPython.

A program is made from a seed alone. It has a few classes, functions, globals and closures, and loops whose bodies
compute with ints, floats, strings, lists, tuples, dicts and instances; types change in mid-loop, exceptions are raised and
caught, globals, methods and functions are replaced while the loop runs. Everything it prints is deterministic, and numbers are kept
from growing without bound.

Usage: generate.py SEED [SEED ...]    prints the programs
"""

import random
import sys

NUMBERS = ["a", "b", "c", "i", "g"]
INTS = ["0", "1", "2", "3", "7", "-1", "10", "255", "256", "65537", "(1 << 30)", "((1 << 31) - 1)", "(1 << 40)", "(1 << 62)", "(-(1 << 63))"]
FLOATS = ["0.0", "1.0", "0.5", "-2.5", "1e10", "1e-3", "3.25"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.indent = 0
        self.loops = 0
        self.recursive = False

    def line(self, text):
        self.lines.append("    " * self.indent + text)

    def choose(self, *options):
        return self.random.choice(options)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    # ---- expressions ----

    def number(self, depth=2):
        r = self.random.randrange(100)
        if depth == 0 or r < 25:
            return self.choose(*NUMBERS)
        if r < 35:
            return self.choose(*INTS)
        if r < 42:
            return self.choose(*FLOATS)
        sub = lambda: self.number(depth - 1)
        if r < 62:
            return f"({sub()} {self.choose('+', '-', '*')} {sub()})"
        return self.choose(
            lambda: f"({sub()} % {self.choose('3', '7', '10', '8', '-5', '2.5')})",
            lambda: f"({sub()} // {self.choose('2', '3', '-4', '16', '1.5')})",
            lambda: f"({sub()} / {self.choose('2', '3', '4.0', '-7')})",
            lambda: f"(whole({sub()}) {self.choose('&', '|', '^')} {self.choose('255', '1023', '-1', 'i')})",
            lambda: f"(whole({sub()}) {self.choose('<<', '>>')} {self.choose('1', '3', '(i & 7)')})",
            lambda: f"abs({sub()})",
            lambda: f"-{sub()}",
            lambda: f"{self.choose('min', 'max')}({sub()}, {sub()})",
            lambda: f"items[{self.index()}]",
            lambda: f"pair[{self.choose('0', '1', 'i & 1')}]",
            lambda: f"obj.{self.choose('x', 'y')}",
            lambda: f"obj.{self.choose('get', 'mix')}({sub()})",
            lambda: f"obj.prop",
            lambda: f"f{self.random.randrange(3)}({sub()}, {sub()})",
            lambda: f"closure({sub()})",
            lambda: f"len({self.choose('items', 'text', 'table', 'pair')})",
            lambda: f"table[{self.choose(*'klm')!r}]",
            lambda: f"float({sub()})",
            lambda: f"whole({sub()})",
            lambda: f"({sub()} if {self.condition(depth - 1)} else {sub()})",
            lambda: f"Point({sub()}, {sub()}).norm()",
            lambda: f"ord(text[{self.index('text')}])",
            lambda: f"sum(items[:3])",
            lambda: f"Sub.limit",
            self.native,
            self.native,
            lambda: f"fit(({self.choose('num', 'Num(i)', sub())} {self.choose('+', '-', '*')} num).n)",
            lambda: f"fit((num {self.choose('+', '-', '*')} {sub()}).n)",
            lambda: f"fit((-num).n)",
            lambda: f"len({self.choose('num', 'sack')})",
            lambda: f"fit(num[{sub()}])",
            lambda: f"fit(num({sub()}))",
            lambda: f"sack[i % len(sack)]",
            lambda: f"kw({sub()}, {self.choose('z=', 'y=', 'w=', 'w=i, v=', '')}{sub()})",
            lambda: f"kw({sub()}, i, {sub()}, {sub()})",
            lambda: f"kw({self.choose('*pair', '*pair, i', '*pair, z=b', '**table')})",
            lambda: f"Sub.{self.choose('made', 'twice')}({sub()})",
            lambda: f"obj.{self.choose('made', 'twice')}({sub()})",
            lambda: f"(lambda q, r=i: fit(q + r))({sub()})",
            lambda: f"later({sub()})",
            lambda: f"method({sub()})",
            self.looked_up,
        )()

    def looked_up(self):
        """A number found by way of derived classes, attributes by name, classes with `__new__`, keywords that are passed on."""
        n = lambda: self.number(0)
        return self.choose(
            lambda: f"counts[{self.choose('i % 6', 'other(i)', 'text')}]",
            lambda: f"fit({self.choose('Made', 'Remade')}({n()}).n)",
            lambda: f"Made(i % 3, {n()}).k",
            lambda: f"Row({n()}, i).{self.choose('x', 'y', 'total()')}",
            lambda: f"fit(row._replace(y={n()}).y)",
            lambda: f"getattr({self.choose('obj', 'row', 'one', 'two', 'Sub')}, {self.choose('x', 'y', 'limit', 'prop')!r}, {n()})",
            lambda: f"fit(getattr(obj, 'get')({n()}))",
            lambda: f"hasattr({self.choose('obj', 'row', 'two', 'maybe', 'Sub', 'sys')}, {self.choose('x', 'limit', 'path', 'w')!r})",
            lambda: f"passed({n()}, {self.choose('z=i', 'w=i', 'y=3, v=i', '')})",
            lambda: f"passed(*{self.choose('pair', 'items[:3]')}, **{self.choose('extra', '{}', '{**extra, str(i & 1): i}')})",
            lambda: f"fit({self.choose('Row', 'Point', 'Made')}(*pair).{self.choose('x', 'n', 'y')})",
            lambda: f"len({self.choose('type(a)', 'type(obj)', 'kw', 'type(maybe)')}.__name__)",
            lambda: f"isinstance({self.choose('obj', 'concrete', 'a', 'i', 'maybe')}, {self.choose('(int, Concrete)', 'Abstract', 'Concrete', '(str, Abstract)')})",
            lambda: f"issubclass({self.choose('type(maybe)', 'type(a)', 'Concrete')}, {self.choose('(int, str)', 'Point', 'Concrete')})",
            lambda: f"sorted(items[:3], reverse={self.choose('True', 'False', 'i & 1')})[0]",
            lambda: f"sum({{other(i): {n()}, other(i + 1): 2}}.values())",
            lambda: f"len({{other(i), other(2 * i), {n()}}})",
            lambda: f"(other(i) {self.choose('in', 'not in')} {self.choose('counts', 'bag', 'tally', '[other(3), i, obj]', '(obj, row, 2)')})",
            lambda: f"(other(i) {self.choose('==', '!=')} {self.choose('row', 'obj', 'i', 'text', 'other(2)')})",
            lambda: f"len(stack)",
            lambda: f"stack[-1]",
            lambda: f"{self.choose('lot[i % len(lot)]', 'loose', 'Loose(i)')}.{self.choose('x', 'y', 'held()', 'asked()')}",
            lambda: f"hasattr({self.choose('lot[i % len(lot)]', 'loose')}, {self.choose('x', 'y', 'w')!r})",
            lambda: f"getattr(lot[i % len(lot)], {self.choose('y', 'w')!r}, {n()})",
        )()

    def native(self):
        """A number that built-in containers and functions compute."""
        n = lambda: self.number(0)
        return self.choose(
            lambda: f"{self.choose('reals', 'words', 'octets', 'frozen')}[{self.choose('i % 4', '-(i % 4) - 1', '0', 'i % 2 == 0')}]",
            lambda: f"len({self.choose('reals', 'words', 'octets', 'bag', 'queue', 'tally', 'groups', 'table.keys()', 'range(i)')})",
            lambda: f"({n()} {self.choose('in', 'not in')} {self.choose('bag', 'tally', 'items', 'pair', 'table', 'range(9)', 'table.values()')})",
            lambda: f"tally.get({n()}, {self.choose('0', 'i', '2.5')})",
            lambda: f"tally[i % {self.choose('3', '7')}]",
            lambda: f"sum({self.choose('reals', 'words[:3]', 'items[::2]', 'bag', 'tally.values()', 'pair')})",
            lambda: f"max(items[{self.choose('1:4', '-3:', '::-1', ':i % 5 + 1', 'i % 3::-1', '-1:-i % 4 - 6:-2')}])",
            lambda: f"(1 << (i % 90))",
            lambda: f"(~whole({n()}) & ((1 << 64) - 1))",
            lambda: f"(whole({n()}) ** 3 % 1000)",
            lambda: f"divmod(whole({n()}), 7)[{self.choose('0', '1')}]",
            lambda: f"round({n()})",
            lambda: f"int(str(i))",
            lambda: f"next(iter(items), 0)",
            lambda: f"len({self.choose('text[::-1]', 'repr(pair)', 'str(i) + text', 'text * 2', 'sorted(bag)', 'list(queue)', 'text.split(chr(120))', '[q for q in queue if q]', 'bag | {i}', 'bag & tally.keys()')})",
            lambda: f"({self.choose('text', 'pair', 'items', 'maybe', 'frozen', 'i')} {self.choose('==', '!=')} {self.choose('text', 'pair', 'items', 'maybe', 'frozen')})",
            lambda: f"words.index(words[i % 4])",
            lambda: f"(type(a) is {self.choose('int', 'float')})",
            lambda: f"isinstance(maybe, (str, tuple))",
        )()

    def native_statement(self):
        """Something that is done to a built-in container."""
        n = lambda: self.number(0)
        self.line(self.choose(
            lambda: f"reals[i % 4] = fit({n()})",
            lambda: f"words[{self.choose('i % 4', '-1')}] = whole({n()}) % {self.choose('100', '70000')}",
            lambda: f"octets[i % 4] = whole({n()}) & 255",
            lambda: f"bag.add({self.choose('i % 11', 'text', 'pair', 'key(i)', 'b')})",
            lambda: f"bag.discard({self.choose('i % 7', 'text[:1]', 'key(i)')})",
            lambda: "if len(bag) > 30: bag.clear()",
            lambda: f"bag {self.choose('|', '-', '&', '^')}= {{i % 5, {n()}}}",
            lambda: f"tally[{self.choose('i % 7', 'key(i)', 'pair', 'text')}] = fit({n()})",
            lambda: f"tally[i % 5] += 1",
            lambda: f"b = fit(tally.pop({self.choose('i % 3', 'pair', 'key(i)')}, 3))",
            lambda: f"tally.setdefault({self.choose('i % 9', 'text')}, i)",
            lambda: "if len(tally) > 30: tally.clear()",
            lambda: f"groups[i % {self.choose('3', '6')}].append({n()})",
            lambda: "if len(groups) > 4: del groups[min(groups)]",
            lambda: f"queue.append({self.choose('i', 'text', 'Tell(i)')})",
            lambda: f"if len(queue) > 3: maybe = queue.popleft()",
            lambda: f"items[{self.choose('1:3', '-2:', ':1', ':i % 3 + 1', 'i % 4:2')}] = {self.choose('[i, b]', 'pair', '(i,)', 'items[i % 3::-1]', '[b]')}",
            lambda: f"items += [i]",
            lambda: f"if len(items) > 8: items.pop({self.choose('', '0', '-2', 'i % 4')})",
            lambda: f"if len(items) > 12: del items[{self.choose('3', '-1', '::4', '6:')}]",
            lambda: f"items.{self.choose('reverse()', 'insert(1, i)', 'extend(pair)', 'extend(range(2))')}",
            lambda: f"for q, r in enumerate({self.choose('text', 'pair', 'words', 'sorted(map(repr, bag))', 'sorted(tally, key=str)')}): c = fit(q + len(repr(r)))",
            lambda: f"for q, r in zip(items, {self.choose('text', 'range(3)', 'queue')}): b = q",
            lambda: f"for q, r in {self.choose('tally.items()', 'list(groups.items())')}: a = fit(len(repr(q)) + len(repr(r)))",
            lambda: f"a = fit(len([q for q in {self.choose('items', 'text', 'queue', 'octets')} if q != i]))",
            lambda: f"b = len({{q: r for r, q in enumerate({self.choose('text', 'octets', 'words')})}})",
            lambda: f"table = {{**table, 'k': fit({n()})}}",
            lambda: f"text = {self.choose('text[::-1]', 'text.replace(chr(97), chr(98))', 'chr(97 + i % 26) + text[1:]', 'str(i % 1000) + text[-2:]', 'chr(120).join(text[:3]) or text')}",
            lambda: f"maybe = {self.choose('tuple(items[:2])', 'list(text)', 'frozenset(text)', 'text.encode()', '[*pair, i]')}",
            lambda: f"log.append('%s-%d' % (text, i))",
            lambda: f"counts[{self.choose('i % 7', 'other(i)', 'text')}] {self.choose('=', '+=')} fit({n()})",
            lambda: "if len(counts) > 20: counts.clear()",
            lambda: f"if other(i) in counts: del counts[other(i)]",
            lambda: f"counts.{self.choose('setdefault(other(i), i)', 'update({other(i): i})', 'pop(other(i), 0)', 'pop(i % 5, 0)')}",
            lambda: f"bag.{self.choose('add', 'discard')}({self.choose('hashed(i)', 'Dying(i % 5)')})",
            lambda: f"tally.pop({self.choose('other(i)', 'Dying(i % 5)')}, 0)",
            lambda: f"tally[{self.choose('other(i)', 'Dying(i % 5)')}] = {n()}",
            lambda: f"stack.append({n()})",
            lambda: "if len(stack) > 4: stack.pop()",
            lambda: f"deaths[i % {self.choose('2', '5')}] = {self.choose('Tell(i)', 'Tell(-i)', 'None', 'i')}",
            lambda: f"for q in {self.choose('[Tell(i), i]', '(Tell(i), obj)', '[i, b]', 'sorted(items[:2], key=str)')}: c = fit(len(ended) % 7 + len(stack))",
            lambda: f"loose = {self.choose('lot[i % len(lot)]', 'lot[0]', 'Loose(i)', 'loose')}",
            lambda: f"loose.{self.choose('x', 'y')} = fit({n()})",
            lambda: f"vars(loose)[{self.choose('Alias()', repr('y'), repr('w'))}] = fit({n()})",
            lambda: f"vars(loose).pop('y', None)",
            lambda: f"lot.append(loose if i % {self.choose('2', '3')} else Loose(i))",
            lambda: "if len(lot) > 8: del lot[:5]",
            lambda: f"adds = stack.append; adds({n()}); b = fit({n()}.real)",
            lambda: f"maybe = {self.choose('Row(i, text)', 'other(i)', 'Made(i)', 'getattr(obj, chr(120), None)')}",
        )())


    def index(self, of="items"):
        return self.choose("0", "-1", "i % 5", f"i % len({of})", "-(i % 3) - 1")

    def condition(self, depth=1):
        if depth <= 0:
            return f"{self.choose(*NUMBERS)} {self.choose('<', '>', '==')} {self.choose(*NUMBERS)}"
        n = lambda: self.number(depth - 1)
        return self.choose(
            lambda: f"{n()} {self.choose('<', '<=', '==', '!=', '>', '>=')} {n()}",
            lambda: f"i % {self.random.randrange(2, 9)} == {self.random.randrange(3)}",
            lambda: f"not {n()}",
            lambda: f"{n()} and {n()}",
            lambda: f"text[i % len(text)] {self.choose('==', '!=')} {self.choose('a', 'b', 'x')!r}",
            lambda: f"maybe is {self.choose('None', 'not None')}",
            lambda: f"(i % {self.random.randrange(2, 9)}) {self.choose('is', 'is not')} {self.choose('len(pair)', 'i // 100', 'len(items) % 5', 'maybe')}",
            lambda: f"isinstance({self.choose('obj', 'a', 'maybe')}, {self.choose('int', 'float', 'Point', 'Sub', 'str')})",
            lambda: f"i > {self.random.randrange(400)}",
            lambda: f"num {self.choose('==', '!=', '<')} {self.choose('num', 'Num(a)', 'obj', 'i', 'maybe')}"
            if self.chance(60) else "num == obj",
            lambda: f"{self.choose('', 'not ')}{self.choose('num', 'sack', 'obj', 'maybe')}",
            lambda: f"{n()} {self.choose('in', 'not in')} {self.choose('num', 'sack')}",
            lambda: f"{self.choose('obj', 'maybe', 'pair', 'text', 'num')} {self.choose('==', '!=')} {self.choose('obj', 'None', 'maybe', 'i')}",
        )()

    # ---- statements ----

    def statement(self, depth):
        r = self.random.randrange(100)
        if r < 30:
            name = self.choose("a", "b", "c")
            self.line(f"{name} = fit({self.number()})")
        elif r < 40:
            name = self.choose("a", "b", "c")
            self.line(f"{name} {self.choose('+=', '-=', '*=')} {self.number(1)}")
            self.line(f"{name} = fit({name})")
        elif r < 55 and depth > 0:
            self.line(f"if {self.condition()}:")
            self.block(depth - 1)
            if self.chance(50):
                self.line("else:")
                self.block(depth - 1)
        elif r < 60 and depth > 0 and self.loops < 4:
            self.loop(depth - 1)
        elif r < 65 and depth > 0:
            self.line("try:")
            self.indent += 1
            self.line(f"if {self.condition()}: raise {self.choose('ValueError', 'KeyError')}({self.choose('a', 'i')})")
            self.statement(0)
            self.indent -= 1
            self.line(f"except {self.choose('ValueError', 'KeyError', '(ValueError, KeyError)', 'Exception')} as error:")
            self.indent += 1
            self.line("a = fit(len(error.args))")
            self.indent -= 1
            self.line("except LookupError: b = 1")
        else:
            self.choose(
                lambda: self.line(f"items[{self.index()}] = fit({self.number()})"),
                lambda: self.line(f"items.append(fit({self.number(1)}))"),
                lambda: self.line("if len(items) > 40: del items[5:]"),
                lambda: self.line(f"obj.{self.choose('x', 'y', 'z')} = fit({self.number()})"),
                lambda: self.line(f"table[{self.choose('k', 'l', 'm', 'n')!r}] = fit({self.number(1)})"),
                lambda: self.line(f"pair = (fit({self.number(1)}), {self.choose('i', 'b')})"),
                lambda: self.line("a, b = b, a"),
                lambda: self.line("a, b = pair"),
                lambda: self.line(f"g = fit({self.number(1)})"),
                lambda: self.line(f"maybe = {self.choose('None', 'i', 'text', 'obj', 'pair')}"),
                lambda: self.line(f"obj = {self.choose('Point', 'Sub')}(a, i)"),
                lambda: self.line(f"if i == {self.random.randrange(300)}: obj = Sub(i, 1.5)"),
                lambda: self.object(),
                lambda: self.object(),
                lambda: self.line(f"if i == {self.random.randrange(300)}: Point.get = lambda self, n: n + 1000"),
                lambda: self.line(f"if i == {self.random.randrange(300)}: Sub.limit = {self.choose(*INTS)}"),
                lambda: self.line(f"if i == {self.random.randrange(300)}: f0 = lambda x, y=2: x - y"),
                lambda: self.line(f"if i == {self.random.randrange(300)}: a = {self.choose('2.5', 'True', '(1 << 70)', '-3')}"),
                lambda: self.line("text = text[1:] + text[0]"),
                lambda: self.call_rec(),
                lambda: self.call_rec(),
                lambda: self.line(f"c = fit(c + walk({self.choose('3', 'i % 6')}, {self.number(1)}))"),
                lambda: self.line(f"b = fit(tree.total({self.choose('a', '1', 'None')}))"),
                lambda: self.line(f"if i % 16 == 3: tree = Tree({self.choose('2', 'i % 4')}, {self.number(1)})"),
                lambda: self.line(f"if i % 8 == 1: log.append(dive({self.choose('5', 'i % 7')}, log, {self.choose('0', '1', 'i % 3')}))"),
                lambda: self.line(f"if i == {self.random.randrange(300)}: walk.__defaults__ = ({self.choose('7', 'None', '2.5')},)"),
                lambda: self.line(f"for q in gen({self.choose('3', 'i % 4')}): b = fit(b + q)"),
                lambda: self.line(f"c = fit(sum([q * 2 for q in items[:4]]))"),
                lambda: self.line(f"for q in kept(items, {self.choose('2', 'i & 3')}): c = fit(c + q)"),
                lambda: self.line(f"for q, r in pairs({self.choose('2', 'i % 5')}): b = fit(q - r + b)"),
                lambda: self.line(f"for q in broken({self.choose('3', 'i % 4')}, log): a = fit(a + q)"),
                lambda: self.line("log.append(seen('a', 'b', 'i'))"),
                lambda: self.line(f"log.append(nested({self.number(1)}, i))"),
                lambda: self.line("log.append(f'{a!r:>8}|{i:04d}|{b}')"),
                lambda: self.line("log.append(sorted(items, key=lambda q: -q)[:2])"),
                lambda: self.line(f"log.append(repr({self.number(1)}))"),
                lambda: self.line(f"num {self.choose('+=', '-=', '*=')} {self.choose('num', self.number(1))}"),
                lambda: self.line("num = Num(fit(num.n) % 1000)"),
                lambda: self.line(f"num[{self.choose('0', 'i % 3', 'text')}] = {self.number(1)}"),
                lambda: self.line(f"obj.prop = {self.number(1)}"),
                lambda: self.line(f"sack.append(fit({self.number(1)}))"),
                lambda: self.line("if len(sack) > 30: sack = Bag(sack[20:])"),
                lambda: self.line("for q in num: c = fit(c + q)"),
                lambda: self.line("for q in sack[:3]: c = fit(c + q)"),
                lambda: self.line(f"with Ctx(log, i): a = fit({self.number(1)})"),
                lambda: self.line(f"with Ctx(log, i):\n{'    ' * self.indent}    if {self.condition(1)}: raise KeyError(i)"),
                lambda: self.line(f"method = {self.choose('obj.get', 'obj.mix', 'num.__call__', 'closure', 'make(i)')}"),
                lambda: self.line("log.append(f'{a}|{text}|{b:.3f}|{num!r}|{i:>5}')"),
                lambda: self.line("spare = Late(i); log.append(spare.total()); del spare"),
                lambda: self.line(f"if i == {self.random.randrange(300)}: Num.__{self.choose('add', 'mul', 'sub')}__ = lambda self, other: Num(7)"),
                lambda: self.line(f"if i == {self.random.randrange(300)}: Num.__{self.choose('eq', 'lt')}__ = lambda self, other: NotImplemented"),
                lambda: self.line(f"if i == {self.random.randrange(300)}: Num.__{self.choose('bool', 'len')}__ = lambda self: {self.choose('True', '3', '-1')}"),
                lambda: self.line("if len(log) > 60: del log[:30]"),
                lambda: self.line("maybe = Tell(i) if i % 50 == 0 else maybe"),
                lambda: self.line(f"if i % {self.random.randrange(50, 150)} == 7: continue") if self.loops else None,
                *[self.native_statement] * 12,
            )()

    def object(self):
        """Objects that live as long as a round, or as the next one."""
        self.choose(
            lambda: self.line(f"one = {self.choose('Point', 'Sub', 'Slim')}(fit({self.number(1)}), i)"),
            lambda: self.line("one = Point(fit(one.y), fit(one.x + 1))"),
            lambda: self.line("one = two" if self.chance(30) else "two = one"),
            lambda: self.line("one, two = two, one"),
            lambda: self.line(f"one.{self.choose('x', 'y')} = fit({self.number(1)})"),
            lambda: self.line("a = fit(one.x - two.y)"),
            lambda: self.line(f"if i % {self.random.randrange(2, 90)} == 0: held.append(one)"),
            lambda: self.line("b = 1 if one is two else 2"),
            lambda: self.line("pair = (pair[1], fit(b))"),
            lambda: self.line(f"a, b = turn(a, {self.number(1)})"),
            lambda: self.line("c = Point(Point(b, i), pair).x.x"),
            lambda: self.line("two = Slim(one.x, 1.5)"),
            lambda: self.line(f"if i == {self.random.randrange(300)}: held.append(two)"),
            lambda: self.line("both = (one, two) if i % 3 else (two, one)"),
            lambda: self.line("a = fit(both[0].x)"),
            lambda: self.line("log.append(kind(one))"),
        )()

    def call_rec(self):
        """A call of the random function that recurses."""
        depth = "n - 1" if self.recursive else self.choose("2", "i % 4", "i & 1")
        number = self.number(1)
        test = "" if self.recursive else f"if i % {self.choose('3', '5', '8')} == 1: "
        self.line(f"{test}{self.choose('a', 'b', 'c')} = rec({depth}, {number}, {self.choose('a', 'b', '2')}, c, i, items, pair, obj, text, table, closure, maybe, log)")

    def rec(self):
        """A function that recurses, with a random body."""
        self.recursive = True
        self.line("def rec(n, a, b, c, i, items, pair, obj, text, table, closure, maybe, log, tree=tree):")
        self.indent += 1
        self.line("global g, f0")
        self.line(f"if n <= 0: return fit({self.number()})")
        self.indent -= 1
        self.block(1)
        self.indent += 1
        for _ in range(self.random.randrange(1, 3)):
            self.call_rec()
        self.indent -= 1
        self.block(1)
        self.indent += 1
        self.line(f"return fit({self.number()})")
        self.indent -= 1
        self.recursive = False

    def block(self, depth, most=3):
        self.indent += 1
        before = len(self.lines)
        for _ in range(self.random.randrange(1, most + 1)):
            self.statement(depth)
        if len(self.lines) == before:
            self.line("pass")
        self.indent -= 1

    def loop(self, depth):
        self.loops += 1
        count = 3 if self.recursive else self.random.choice([3, 7, 20]) if self.loops > 1 else self.random.choice([200, 350, 500])
        if self.recursive or self.chance(70):
            self.line(f"for i in range({count}):")
        elif self.chance(50):
            self.line(f"for i in list(range({count})):")
        else:
            self.line(f"w{self.loops} = 0")
            self.line(f"while w{self.loops} < {count}:")
            self.indent += 1
            self.line(f"i = w{self.loops}; w{self.loops} += 1")
            self.indent -= 1
        self.block(depth, 7 if self.loops == 1 else 3)
        self.loops -= 1

    def program(self):
        in_function = self.chance(80)
        self.lines.append(PRELUDE)
        for text in SETUP:
            self.line(text)
        self.rec()
        if in_function:
            self.line("def main():")
            self.indent += 1
            self.line("global g, f0")
        else:
            self.line("if True:")
            self.indent += 1
        for text in SETUP:
            self.line(text)
        for _ in range(self.random.randrange(1, 4)):
            self.loop(2)
        self.line("print(reals, words, octets, sorted(map(repr, bag)), sorted(map(repr, tally.items())), sorted(groups.items()), len(queue))")
        self.line("print(a, b, c, g, items, pair, text, sorted(table.items()))")
        self.line("print(one.x, one.y, two.x, two.y, one is two, both[0] is one, len(held), [(h.x, h.y) for h in held[-5:]])")
        self.line("print([(h.x, h.y) for h in lot], loose.x, loose.y)")
        self.line("print(sorted(vars(obj).items()), type(maybe).__name__, log[-20:], ended)")
        self.indent -= 1
        if in_function:
            self.line("for _ in range(2):")
            self.line("    try: main()")
            self.line("    except Exception as error: print(type(error).__name__, error)")
        return "\n".join(self.lines) + "\n"


PRELUDE = '''
import sys
from array import array
from abc import ABC
from collections import defaultdict, deque, namedtuple
class Key:
    """A key that Python code hashes and compares."""
    def __init__(self, n):
        self.n = n
    def __hash__(self):
        return self.n
    def __eq__(self, other):
        return isinstance(other, Key) and self.n == other.n
    def __repr__(self):
        return f"Key({self.n})"
def key(n):
    return Key(n % 4) if n % 3 == 0 else n % 4
def fit(n):
    if isinstance(n, int):
        return n if -(1 << 66) < n < 1 << 66 else n % 1000003
    return n if -1e15 < n < 1e15 else 0.5
def whole(n):
    return int(n) if n == n else 0
class Point:
    def __init__(self, x, y):
        self.x = x; self.y = y
    def get(self, n):
        return fit(self.x + n)
    def mix(self, n):
        return fit(self.y * 2 - n)
    def norm(self):
        return fit(self.x * self.x + self.y * self.y)
    @property
    def prop(self):
        return fit(self.x - self.y)
    @prop.setter
    def prop(self, n):
        self.x = fit(n + 1)
    @classmethod
    def made(cls, n):
        return cls(n, 1).get(2)
    @staticmethod
    def twice(n):
        return fit(n * 2)
class Sub(Point):
    limit = 17
    def __init__(self, x, y=4):
        super().__init__(x, y)
        self.w = y
    def mix(self, n):
        return super().mix(n) + 1
class Num:
    def __init__(self, n):
        self.n = n; self.held = {}
    def __repr__(self):
        return f'Num({self.n})'
    def __add__(self, other):
        if isinstance(other, float): return NotImplemented
        return Num(self.n + (other.n if isinstance(other, Num) else other))
    def __radd__(self, other):
        return Num(other * 2 + self.n)
    def __sub__(self, other):
        return Num(self.n - other.n) if isinstance(other, Num) else NotImplemented
    def __rsub__(self, other):
        return Num(other - self.n)
    def __mul__(self, other):
        return Num(fit(self.n * (other.n if isinstance(other, Num) else other)))
    __rmul__ = __mul__
    def __iadd__(self, other):
        if isinstance(other, Num):
            self.n = fit(self.n + other.n); return self
        return NotImplemented
    def __neg__(self):
        return Num(-self.n)
    def __eq__(self, other):
        return self.n == other.n if isinstance(other, Num) else NotImplemented
    def __lt__(self, other):
        return self.n < (other.n if isinstance(other, Num) else whole(other))
    def __bool__(self):
        return self.n > 3
    def __len__(self):
        return whole(self.n) % 17
    def __getitem__(self, k):
        return self.held.get(k, k)
    def __setitem__(self, k, value):
        if isinstance(k, str): raise KeyError(k)
        self.held[k] = fit(value)
    def __contains__(self, k):
        return self.held.get(k) or k == 1
    def __iter__(self):
        return iter([self.n, 2])
    def __call__(self, x, y=5):
        return self.n + x + y
class Bag(list):
    pass
class Late:
    def __init__(self, n):
        for name in ('p', 'q'): setattr(self, name, n)
        self.r = n; self.q = self.r + 1
        if n % 3 == 0: self.s = 1
    def total(self):
        return self.p + self.q + self.r + (self.s if hasattr(self, 's') else 0)
class Ctx:
    def __init__(self, log, n):
        self.log = log; self.n = n
    def __enter__(self):
        return self
    def __exit__(self, kind, value, traceback):
        if kind is not None: self.log.append((kind.__name__, self.n))
        return kind is KeyError
def kw(x, y=2, *rest, z=3, **more):
    return fit(x * 2 + y + len(rest) + z + len(more))
def later(n):
    def inner(k, extra=n):
        return fit(k + n + extra)
    return inner(1) + inner(n, extra=2)
class Tallies(dict):
    def __missing__(self, key):
        return 0 if key == 3 else 1
class Stack(list):
    pass
class Whole(int):
    pass
class Word(str):
    pass
class Dying(int):
    def __del__(self):
        ended.append(int(self))
class Row(namedtuple("Row", "x y")):
    def total(self):
        return fit(self.x + len(str(self.y)))
class Made:
    __slots__ = ("n", "k")
    def __new__(cls, n, k=1):
        self = super().__new__(cls)
        self.n = n; self.k = k
        return self
class Remade(Made):
    def __new__(cls, n):
        if n == 2: return Point(n, 1) if False else Made(n)
        return super(Remade, cls).__new__(cls, n, 5)
    x = y = 3
class Abstract(ABC):
    pass
class Concrete(Abstract):
    def __repr__(self):
        return "concrete"
def passed(*args, **more):
    return kw(*args, **more)
class Alias(str):
    """A key that is `y` to those who ask it."""
    def __new__(cls):
        return super().__new__(cls, "y")
    def __hash__(self):
        return hash("y")
    def __eq__(self, other):
        return other == "y"
class Loose:
    """Its instances have attributes in place or in a dict, and take others from the class."""
    x, y = 4, 2.5
    def __init__(self, n):
        if n & 1: vars(self)
        if n & 2: self.x = n
        if n & 4: self.y = n
    def held(self):
        return fit(self.x * 2 + self.y)
    def asked(self):
        if self.y == 2.5: raise ValueError("unset")
        return self.x
class Tell:
    def __init__(self, n):
        self.n = n
    def __del__(self):
        ended.append(self.n)
class Slim:
    __slots__ = ("x", "y")
    def __init__(self, x, y):
        self.x = x; self.y = y
def turn(a, b):
    return fit(b), fit(a)
def kind(n):
    return type(n).__name__
ended = []
g = 5
def f0(x, y=3):
    return fit(x + y)
def f1(x, y):
    if x > y:
        return fit(x - y)
    return fit(y - x)
def f2(x, y):
    return fit(f1(x, y) + f0(y))
def make(k):
    def closure(n):
        nonlocal k
        k = fit(k + 1)
        return fit(n + k)
    return closure
def gen(n):
    for q in range(n):
        yield q * 2
def kept(numbers, k):
    for q in numbers:
        if q > k:
            yield q
concrete = Concrete()
HASHED = [Whole(2), Row(1, (2, "x")), Word("ab"), (Row(1, 2), (3, (4,))), 2.0, Whole(7)]
OTHERS = HASHED + [concrete, int, len, 1 << 70]
def hashed(n):
    """A key that is the same thing, and in the same place of a set, each time the program runs."""
    return HASHED[int(n) % 6]
def other(n):
    return OTHERS[int(n) % 10]
def pairs(n):
    x, y = 0.5, 1
    while y <= n:
        yield x, y
        x, y = x + y, y + 1
def broken(n, log):
    held = Tell(-n)
    try:
        for q in gen(n):
            if q == 4: raise KeyError(q)
            yield q
    except KeyError as error:
        log.append(error.args)
    finally:
        log.append(n)
def seen(*names):
    frame = sys._getframe(1)
    return [frame.f_locals[name] for name in names], frame.f_code.co_name
def walk(n, x, least=1):
    if n <= 0:
        return fit(x)
    if n % 3 == 0:
        return walk(n - 1, x + 1)
    return fit(walk(n - 1, x * 2, 3) - walk(n - 2, x) + (least or 0))
class Tree:
    def __init__(self, depth, x):
        self.x = fit(x)
        self.sides = [Tree(depth - 1, x * 2 + k) for k in range(2)] if depth > 0 else []
    def total(self, k):
        t = self.x
        for side in self.sides:
            t = fit(t + side.total(k))
        return t if k is None else fit(t - k)
def dive(n, log, how):
    try:
        if n <= 0:
            if how == 0: raise ValueError(len(log))
            return seen('n', 'how') if how == 1 else sys._getframe(1).f_locals['n']
        deeper = dive(n - 1, log, how)
        return deeper
    except ValueError as error:
        count, trace = 0, error.__traceback__
        while trace is not None:
            count, trace = count + trace.tb_lineno - trace.tb_frame.f_code.co_firstlineno, trace.tb_next
        log.append(count)
        if n & 1: raise
        return n
tree = Tree(2, 1)
def nested(x, y):
    z = x * 0.5
    def inner():
        return seen('x', 'z', 'y')
    return seen('x', 'z', 'y'), sys._getframe(0).f_lineno - sys._getframe(0).f_code.co_firstlineno
'''

SETUP = [
    "a, b, c, i = 1, 2, 3.5, 0",
    "items = [1, 2, 3, 4, 5.5, 6]",
    "pair = (1, 2.5)",
    "obj = Point(1, 2)",
    "maybe = None",
    "text = 'abcxy'",
    "table = {'k': 1, 'l': 2.5, 'm': 3, 'n': 4}",
    "closure = make(10)",
    "num, sack, method = Num(4), Bag([1, 2]), closure",
    "log = []",
    "reals, words, octets = array('d', [1, 2.5, -3, 4]), array('i', [5, 6, 7, 8]), bytearray(b'abcd')",
    "frozen, bag, tally, groups, queue = (1, 2, 3.5, 4), {1}, defaultdict(int), defaultdict(list), deque([1, 2], 9)",
    "held = []",
    "one, two = Point(1, 2.5), Slim(3, 4)",
    "both = (one, two)",
    "tree = Tree(2, 1)",
    "lot, loose = [Loose(i) for i in range(4)], Loose(1)",
    "counts, stack, row, extra, deaths = Tallies({1: 2}), Stack([1, 2]), Row(3, 4), {'z': 1, 'v': 2}, {}",
]


def program(seed):
    """The program of a seed."""
    return Maker(seed).program()


if __name__ == "__main__":
    for seed in sys.argv[1:]:
        print(program(int(seed)))

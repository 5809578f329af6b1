# A whole program: an interpreter for a small Lisp, run on programs of its own.
import operator


class Symbol(str):
    __slots__ = ()

    def __repr__(self):
        return str(self)


class LispError(Exception):
    pass


def tokenize(text):
    out, i = [], 0
    while i < len(text):
        c = text[i]
        if c.isspace():
            i += 1
        elif c == ";":
            while i < len(text) and text[i] != "\n":
                i += 1
        elif c in "()'":
            out.append(c)
            i += 1
        elif c == '"':
            j = text.index('"', i + 1)
            out.append(text[i:j + 1])
            i = j + 1
        else:
            j = i
            while j < len(text) and not text[j].isspace() and text[j] not in "()'":
                j += 1
            out.append(text[i:j])
            i = j
    return out


def parse(tokens):
    if not tokens:
        raise LispError("unexpected end")
    token = tokens.pop(0)
    if token == "(":
        items = []
        while True:
            if not tokens:
                raise LispError("missing )")
            if tokens[0] == ")":
                tokens.pop(0)
                return items
            items.append(parse(tokens))
    if token == ")":
        raise LispError("unexpected )")
    if token == "'":
        return [Symbol("quote"), parse(tokens)]
    if token.startswith('"'):
        return token[1:-1]
    for kind in (int, float):
        try:
            return kind(token)
        except ValueError:
            pass
    return {"#t": True, "#f": False}.get(token, Symbol(token))


class Env(dict):
    def __init__(self, names=(), values=(), outer=None):
        super().__init__(zip(names, values))
        self.outer = outer

    def find(self, name):
        env = self
        while env is not None:
            if name in env:
                return env
            env = env.outer
        raise LispError(f"unknown name {name}")


class Lambda:
    def __init__(self, params, body, env):
        self.params, self.body, self.env = params, body, env

    def bind(self, args):
        if "." in self.params:
            at = self.params.index(".")
            return Env(self.params[:at] + [self.params[at + 1]], args[:at] + [args[at:]], self.env)
        if len(args) != len(self.params):
            raise LispError(f"wants {len(self.params)} arguments, got {len(args)}")
        return Env(self.params, args, self.env)

    def __call__(self, *args):
        return evaluate(self.body, self.bind(list(args)))


def evaluate(x, env):
    while True:
        if isinstance(x, Symbol):
            return env.find(x)[x]
        if not isinstance(x, list):
            return x
        if not x:
            return []
        match x:
            case ["quote", value]:
                return value
            case ["if", test, yes, *no]:
                x = yes if evaluate(test, env) is not False else (no[0] if no else [])
            case ["define", [name, *params], *body]:
                env[name] = Lambda(params, [Symbol("begin"), *body], env)
                return name
            case ["define", name, value]:
                env[name] = evaluate(value, env)
                return name
            case ["set!", name, value]:
                env.find(name)[name] = evaluate(value, env)
                return None
            case ["lambda", params, *body]:
                return Lambda(params, [Symbol("begin"), *body], env)
            case ["begin", *body]:
                for part in body[:-1]:
                    evaluate(part, env)
                x = body[-1] if body else []
            case ["let", bindings, *body]:
                env = Env([n for n, _ in bindings], [evaluate(v, env) for _, v in bindings], env)
                x = [Symbol("begin"), *body]
            case ["cond", *clauses]:
                for test, *body in clauses:
                    if test == "else" or evaluate(test, env) is not False:
                        x = [Symbol("begin"), *body]
                        break
                else:
                    return None
            case ["and", *parts]:
                value = True
                for part in parts:
                    value = evaluate(part, env)
                    if value is False:
                        break
                return value
            case [head, *rest]:
                f = evaluate(head, env)
                args = [evaluate(a, env) for a in rest]
                if isinstance(f, Lambda):
                    x, env = f.body, f.bind(args)
                elif callable(f):
                    return f(*args)
                else:
                    raise LispError(f"{show(f)} is no function")


def show(x):
    if x is True or x is False:
        return "#t" if x else "#f"
    if isinstance(x, list):
        return "(" + " ".join(map(show, x)) + ")"
    if isinstance(x, str) and not isinstance(x, Symbol):
        return '"' + x + '"'
    return "<function>" if callable(x) else str(x)


def fold(f):
    def folded(*args):
        result = args[0]
        for a in args[1:]:
            result = f(result, a)
        return result
    return folded


def standard(output):
    env = Env()
    for name, f in {"+": operator.add, "*": operator.mul, "/": operator.floordiv}.items():
        env[name] = fold(f)
    env.update({
        "-": lambda a, *b: -a if not b else fold(operator.sub)(a,
            *b), "%": operator.mod, "<": operator.lt, ">": operator.gt, "=": operator.eq, "<=": operator.le,
        "car": lambda l: l[0], "cdr": lambda l: l[1:], "cons": lambda a, l: [a,
            *l], "list": lambda *a: list(a), "null?": lambda l: l == [], "length": len, "append": lambda *ls: sum(ls,
            []),
        "not": lambda v: v is False, "map": lambda f, *l: [f(*a) for a in zip(*l)], "display": lambda *a: output.append(" ".join(x if type(x) is str else show(x) for x in a)), "apply": lambda f, l: f(*l), "pair?": lambda v: isinstance(v, list) and v != [],
    })
    return env


def run(text):
    output = []
    env = standard(output)
    tokens = tokenize(text)
    result = None
    while tokens:
        try:
            result = evaluate(parse(tokens), env)
        except LispError as e:
            output.append(f"error: {e}")
            break
        except (TypeError, IndexError, ZeroDivisionError) as e:
            output.append(f"error: {type(e).__name__}")
            break
    return output, show(result)


programs = {
    "factorial": "(define (fact n) (if (<= n 1) 1 (* n (fact (- n 1))))) (display (fact 30)) (fact 5)",
    "tail calls": "(define (loop n acc) (if (= n 0) acc (loop (- n 1) (+ acc n)))) (loop 20000 0)",
    "closures": "(define (counter) (let ((n 0)) (lambda () (set! n (+ n 1)) n))) (define c (counter)) (define d (counter)) (c) (c) (list (c) (d))",
    "lists": "(define (range a b) (if (< a b) (cons a (range (+ a 1) b)) '())) (define (filter f l) (cond ((null? l) '()) ((f (car l)) (cons (car l) (filter f (cdr l)))) (else (filter f (cdr l))))) (filter (lambda (x) (= 0 (% x 3))) (range 0 20))",
    "quicksort": "(define (filter f l) (if (null? l) '() (if (f (car l)) (cons (car l) (filter f (cdr l))) (filter f (cdr l))))) (define (sort l) (if (null? l) '() (let ((p (car l)) (r (cdr l))) (append (sort (filter (lambda (x) (< x p)) r)) (list p) (sort (filter (lambda (x) (not (< x p))) r)))))) (sort '(3 1 4 1 5 9 2 6 5 3 5 8 9 7 9))",
    "higher": "(define (compose . fs) (if (null? fs) (lambda (x) x) (lambda (x) ((car fs) ((apply compose (cdr fs)) x))))) ((compose (lambda (x) (* x 2)) (lambda (x) (+ x 1))) 10)",
    "map": "(map + '(1 2 3) '(10 20 30))",
    "church": "(define zero (lambda (f) (lambda (x) x))) (define (succ n) (lambda (f) (lambda (x) (f ((n f) x))))) (((succ (succ (succ zero))) (lambda (n) (+ n 1))) 0)",
    "text": '(define name "world") (display "hello" name (list 1 "two" #t)) ; a comment\n \'(a (b "c") #f)',
    "unknown": "(display 1) (foo 2)",
    "arguments": "((lambda (a b) a) 1)",
    "unbalanced": "(+ 1 (* 2 3)",
    "not a function": "(5 6)",
    "division": "(/ 1 0)",
    "hanoi": "(define moves 0) (define (hanoi n a b c) (if (= n 0) 0 (begin (hanoi (- n 1) a c b) (set! moves (+ moves 1)) (hanoi (- n 1) c b a)))) (hanoi 8 'a 'b 'c) moves",
    "primes": "(define (prime? n) (define (try d) (cond ((> (* d d) n) #t) ((= 0 (% n d)) #f) (else (try (+ d 1))))) (and (> n 1) (try 2))) (define (count a b) (if (= a b) 0 (+ (if (prime? a) 1 0) (count (+ a 1) b)))) (count 0 120)",
}
for name, text in programs.items():
    output, result = run(text)
    print(f"{name}: {result}", *output, sep="\n  ")

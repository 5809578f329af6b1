"""Small questions to pyperformance's benchmark modules, whose answers show whether an interpreter computed correctly.

Many of those benchmarks throw their results away. In check mode the stand-in `pyperf` asks one question after each
benchmark; `benches/compare` then compares the answers of all interpreters. A probe gets the benchmark module's globals and
returns a value with a stable `repr`. A benchmark without a probe either checks itself or returns its result to the runner.
"""

import os


def _picture(write):
    """What `write(filename)` writes, as a number of bytes and a checksum."""
    import tempfile

    handle, path = tempfile.mkstemp(suffix=".ppm")
    os.close(handle)
    try:
        write(path)
        with open(path, "rb") as stream:
            data = stream.read()
    finally:
        os.unlink(path)
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return len(data), total


def async_generators(ns):
    import asyncio

    async def collect():
        return [item async for item in ns["tree"](range(40))]

    return asyncio.run(collect())


def bpe_tokeniser(ns):
    data = "the cat sat on the mat, and that cat thought: what a fat hat the rat has! 1234 1233 " * 3
    coder = ns["SimpleBytePairEncoding"].train(data, vocab_size=280, pat_str=r" ?[a-z]+| ?\d+|[^\sa-z\d]+|\s+")
    return coder.encode(data), sorted(coder.mergeable_ranks.items())[-40:]


def chaos(ns):
    vector = ns["GVector"]
    points = [vector(0.5 * i, (i * i) % 5 + 0.25, 0) for i in range(7)]
    spline = ns["Spline"](points, 3, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    game = ns["Chaosgame"]([spline], 0.25)
    return _picture(lambda path: game.create_image_chaos(40, 30, 300, path, 99))


def comprehensions(ns):
    tray = ns["WidgetTray"](1, ns["make_some_widgets"]())
    return [widget.widget_id for widget in tray.sorted_widgets]


def coroutines(ns):
    coroutine = ns["fibonacci"](15)
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


def deepcopy(ns):
    inner = [1, 2]
    data = {"a": (inner, inner), "b": ns["A"]("x", inner, True)}
    copied = ns["copy"].deepcopy(data)
    return copied == data, copied["a"][0] is copied["a"][1] is copied["b"].lst, copied["a"][0] is inner


def deltablue(ns):
    return [strength for strength in sorted(vars(ns["Strength"])) if strength.isupper()]


def float_(ns):
    point = ns["benchmark"](1000)
    return point.x, point.y, point.z


def generators(ns):
    return list(ns["tree"](range(100)))


def go(ns):
    import random

    random.seed(5)
    board = ns["Board"]()
    moves = []
    for _ in range(40):
        move = board.random_move()
        moves.append(move)
        if move != ns["PASS"]:
            board.move(move)
    return moves, str(board)


def json_dumps(ns):
    return [ns["json"].dumps(ns[case][0]) for case in ns["CASES"]]


def json_loads(ns):
    loads, dumps = ns["json"].loads, ns["json"].dumps
    return [loads(dumps(value)) for value in (ns["DICT"], ns["TUPLE"], ns["DICT_GROUP"])]


def nbody(ns):
    return ns["report_energy"]()


def nqueens(ns):
    return list(ns["n_queens"](6))


def pathlib(ns):
    path = ns["pathlib"].PurePosixPath("a/b.c/../d.tar.gz")
    return str(path), path.suffixes, path.parts, path.match("*.gz")


def pickle(ns):
    module = ns["pickle"]
    copied = []
    for value in (ns["DICT"], ns["TUPLE"], ns["DICT_GROUP"], ns["LIST"], ns["MICRO_DICT"]):
        copied.append(module.loads(module.dumps(value, 4)) == value)
    return copied, len(module.dumps(ns["DICT"], 2))


def quadtree_nbody(ns):
    particles = ns["create_deterministic_galaxy"](40, 500, 400)
    for _ in range(5):
        ns["advance_system"](particles, 0.5, 0.1, 1000, 800)
    energy = ns["calculate_system_energy"](particles)
    return energy, [(p.position.x, p.position.y, p.velocity.x, p.velocity.y) for p in particles]


def raytrace(ns):
    return _picture(lambda path: ns["bench_raytrace"](1, 24, 18, path))


def regex_compile(ns):
    engine = ns["re"]
    return len(ns["regexes"]), engine.compile("(?P<a>x+)|[^b-d]").groups


def regex_effbot(ns):
    found = []
    for regex, string in ns["init_benchmarks"]([0, 5]):
        match = ns["re"].search(regex, string)
        found.append(match and match.span())
    return found


def regex_v8(ns):
    found = []
    for pattern in ns["regexs"]:
        for string in ns["strings"][:20]:
            match = pattern.search(string)
            found.append(match and match.span())
    return found


def scimark(ns):
    grid = ns["Array2D"](12, 9)
    for y in range(9):
        for x in range(12):
            grid[x, y] = (x * 7 + y * 3) % 11 + 0.5
    ns["SOR_execute"](1.25, grid, 4, ns["Array2D"])
    square = ns["ArrayList"](6, 6)
    for y in range(6):
        for x in range(6):
            square[y][x] = 1.0 / (x + y + 1)
    pivot = [0] * 6
    ns["LU_factor"](square, pivot)
    wave = [float((i * 5) % 7) for i in range(32)]
    ns["FFT_transform"](32, wave)
    return (
        [grid[x, y] for y in range(9) for x in range(12)],
        [square[y][x] for y in range(6) for x in range(6)],
        pivot,
        [round(value, 9) for value in wave],
        ns["MonteCarlo"](500),
    )


def spectral_norm(ns):
    vector = [1] * 20
    for _ in range(3):
        vector = ns["eval_AtA_times_u"](vector)
    return vector


def telco(ns):
    # The benchmark looks `print` up among its globals; so what it would print can be seen.
    lines = []
    ns["print"] = lambda text, file: lines.append(str(text))
    try:
        ns["bench_telco"](1, ns["filename"])
    finally:
        del ns["print"]
    return lines


def typing_runtime_protocols(ns):
    protocols = ("HasX", "HasManyAttributes", "SupportsInt", "SupportsManyMethods", "SupportsIntAndX")
    classes = ("Empty", "PropertyX", "HasIntMethod", "HasManyMethods", "PropertyXWithInt", "ClassVarX", "InstanceVarX",
               "ManyInstanceVars", "NominalX", "NominalSupportsInt", "NominalXWithInt")
    return [[isinstance(ns[cls](), ns[protocol]) for cls in classes] for protocol in protocols]


def unpack_sequence(ns):
    return [ns["do_unpacking"](1, part) is not None for part in (tuple(range(10)), list(range(10)))]


# The longest beginning of the benchmark's name that stands here decides.
PROBES = {
    "async_generators": async_generators,
    "bpe_tokeniser": bpe_tokeniser,
    "chaos": chaos,
    "comprehensions": comprehensions,
    "coroutines": coroutines,
    "deepcopy": deepcopy,
    "deltablue": deltablue,
    "float": float_,
    "generators": generators,
    "go": go,
    "json_dumps": json_dumps,
    "json_loads": json_loads,
    "nbody": nbody,
    "nqueens": nqueens,
    "pathlib": pathlib,
    "pickle": pickle,
    "unpickle": pickle,
    "quadtree_nbody": quadtree_nbody,
    "raytrace": raytrace,
    "regex_compile": regex_compile,
    "regex_effbot": regex_effbot,
    "regex_v8": regex_v8,
    "scimark": scimark,
    "spectral_norm": spectral_norm,
    "telco": telco,
    "typing_runtime_protocols": typing_runtime_protocols,
    "unpack_sequence": unpack_sequence,
}


def probe(ns, name):
    """The answer of the benchmark `name`, or None where there is no question."""
    names = [key for key in PROBES if name.startswith(key)]
    if not names:
        return None
    return PROBES[max(names, key=len)](ns)

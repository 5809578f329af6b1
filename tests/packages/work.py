"""Real work with packages from PyPI, a section for each, printed so that it can be compared between interpreters.

Usage: work.py [NAME ...]    all sections, or those named; a section that fails prints the exception
"""

import io
import sys
import traceback


def scipy():
    import numpy as np
    from scipy import integrate, linalg, optimize, sparse
    from scipy.sparse.linalg import spsolve

    a = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
    print(linalg.inv(a).round(10), linalg.det(a).round(10), linalg.eigvalsh(a).round(10))
    lu, pivots = linalg.lu_factor(a)
    print(linalg.lu_solve((lu, pivots), [1.0, 2.0, 3.0]).round(10))
    found = optimize.minimize(optimize.rosen, [1.3, 0.7, 0.8], method="BFGS", jac=optimize.rosen_der)
    print(found.success, found.x.round(5), optimize.brentq(lambda x: x**3 - 2, 0, 2))
    print(np.round(integrate.quad(lambda x: np.exp(-x * x), 0, np.inf), 10))
    solution = integrate.solve_ivp(lambda t, y: [y[1], -y[0]], (0, 5), [1.0, 0.0], rtol=1e-8)
    print(solution.y[:, -1].round(6), len(solution.t))
    m = sparse.csr_matrix(([3.0, 1.0, 4.0, 1.5], ([0, 1, 2, 0], [0, 1, 2, 2])), shape=(3, 3))
    print((m @ m).toarray(), spsolve(m.tocsc(), [1.0, 2.0, 3.0]), m.nnz)


def pandas():
    import pandas as pd

    text = "name,kind,value\na,x,1\nb,y,2.5\nc,x,3\nd,y,\ne,z,10\n"
    frame = pd.read_csv(io.StringIO(text))
    print(frame, frame.dtypes, sep="\n")
    print(frame.groupby("kind")["value"].agg(["sum", "mean", "count"]))
    other = pd.DataFrame({"kind": ["x", "y"], "label": ["first", "second"]})
    merged = frame.merge(other, on="kind", how="left")
    print(merged, merged.describe(), sep="\n")
    dates = pd.date_range("2024-01-30", periods=4, freq="D")
    series = pd.Series([1, 2, 3, 4], index=dates)
    print(series.resample("2D").sum(), merged.to_json(), sep="\n")


def matplotlib():
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    figure, axes = plt.subplots(figsize=(4, 3))
    x = np.linspace(0, 6, 100)
    axes.plot(x, np.sin(x), label="sin")
    axes.fill_between(x, np.cos(x), alpha=0.3, label="cos")
    axes.set_title("waves $x^2$")
    axes.legend()
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=80)
    data = out.getvalue()
    if len(sys.argv) > 2:
        with open(sys.argv[2], "wb") as file:
            file.write(data)
    from PIL import Image

    image = Image.open(io.BytesIO(data))
    print(data[:8], image.size, image.mode, sum(image.convert("L").histogram()[:128]) > 500)


def sklearn():
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    data = load_iris()
    a, b, c, d = train_test_split(data.data, data.target, random_state=1)
    print(LogisticRegression(max_iter=500).fit(a, c).score(b, d))
    print(RandomForestClassifier(20, random_state=0).fit(a, c).predict(b)[:10])
    print(np.sort(KMeans(3, n_init=2, random_state=0).fit(data.data).cluster_centers_[:, 0]).round(3))


def pillow():
    from PIL import Image, ImageDraw, ImageFilter

    image = Image.new("RGB", (40, 30), "white")
    ImageDraw.Draw(image).ellipse((5, 5, 30, 25), fill="navy")
    small = image.filter(ImageFilter.BLUR).resize((8, 6))
    out = io.BytesIO()
    small.save(out, "PNG")
    print(small.getpixel((3, 3)), list(small.convert("L").tobytes())[:8], Image.open(io.BytesIO(out.getvalue())).size)


def lxml():
    from lxml import etree, html

    tree = etree.fromstring("<a><b x='1'>t</b><b x='2'/>tail</a>")
    print([e.tag for e in tree.xpath("//b[@x='2']")], etree.tostring(tree), [e.get("x") for e in tree.iter("b")])
    sheet = etree.XSLT(etree.XML(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        '<xsl:template match="/"><n><xsl:value-of select="count(//b)"/></n></xsl:template></xsl:stylesheet>'))
    print(str(sheet(tree)), html.fromstring("<p>x<br>y").text_content())


def yaml():
    import yaml

    data = yaml.safe_load("a: [1, 2.5, x]\nb: {c: 2024-01-02, d: null}\n")
    print(data, yaml.safe_dump(data), yaml.__with_libyaml__)


def cffi():
    from cffi import FFI

    ffi = FFI()
    ffi.cdef("double sqrt(double); int abs(int); typedef struct { int x; double y; } pair; size_t strlen(const char *);")
    lib = ffi.dlopen(None)
    pair = ffi.new("pair *", {"x": 3, "y": 1.5})
    call = ffi.callback("int(int)", lambda n: n * 2)
    print(lib.abs(-4), lib.strlen(b"hello"), pair.x, pair.y, ffi.sizeof("pair"), call(21), ffi.typeof(pair))


def cython():
    import Cython
    from Cython.Compiler.Main import default_options
    from Cython.Compiler import Lexicon

    print(Cython.__version__.split(".")[0], bool(default_options), len(Lexicon.string_prefixes))


def jinja2():
    from jinja2 import Environment
    from markupsafe import escape

    env = Environment(autoescape=True)
    print(env.from_string("{% for i in items if i %}{{ loop.index }}:{{ i|upper }} {% endfor %}").render(items=["a", "", "<b>"]))
    print(escape("<&>"), type(escape("")))


def regex():
    import regex

    print(regex.findall(r"(?<w>\p{Lu}\w+)", "Some Words here Étude"), regex.sub(r"(?i)a{e<=1}b", "-", "xaab acb"))


def msgpack():
    import msgpack

    data = {"a": [1, 2.5, None, True], "b": b"xy", "c": {"d": 1 << 40}}
    packed = msgpack.packb(data)
    print(packed, msgpack.unpackb(packed) == data)


def psutil():
    import os

    import psutil

    process = psutil.Process()
    print(process.pid == os.getpid(), process.memory_info().rss > 1000, psutil.cpu_count() > 0, len(process.cmdline()) > 0)


def pydantic():
    from pydantic import BaseModel, Field, ValidationError

    class Item(BaseModel):
        name: str
        price: float = Field(gt=0)
        tags: list[str] = []

    print(Item(name="x", price="2.5", tags=["a"]).model_dump_json(), Item.model_json_schema()["required"])
    try:
        Item(name="x", price=-1)
    except ValidationError as error:
        print(error.errors()[0]["msg"])


def cryptography():
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = Fernet.generate_key()
    print(Fernet(key).decrypt(Fernet(key).encrypt(b"secret")))
    private = ec.generate_private_key(ec.SECP256R1())
    signature = private.sign(b"m", ec.ECDSA(hashes.SHA256()))
    print(private.public_key().verify(signature, b"m", ec.ECDSA(hashes.SHA256())))
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"abc")
    print(digest.finalize().hex())


def orjson():
    import datetime

    import orjson

    print(orjson.dumps({"a": [1, 2.5, None], "d": datetime.date(2024, 1, 2)}, option=orjson.OPT_INDENT_2), orjson.loads(b'{"x":[1e3]}'))


def aiohttp():
    import asyncio

    from aiohttp import ClientSession, web

    async def hello(request):
        return web.json_response({"path": request.path, "n": int(request.query["n"]) * 2})

    async def main():
        app = web.Application()
        app.router.add_get("/{name}", hello)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        async with ClientSession() as session:
            async def one(n):
                async with session.get(f"http://127.0.0.1:{port}/x{n}", params={"n": n}) as response:
                    return response.status, await response.json()
            print(await asyncio.gather(*[one(n) for n in range(5)]))
        await runner.cleanup()

    asyncio.run(main())


def greenlet():
    from greenlet import greenlet

    log = []

    def ping(n):
        while n:
            log.append(("ping", n))
            n = b.switch(n - 1)

    def pong(n):
        while n:
            log.append(("pong", n))
            n = a.switch(n - 1)

    a, b = greenlet(ping), greenlet(pong)
    a.switch(6)
    print(log, a.dead, b.dead)


def numexpr():
    import numexpr as ne
    import numpy as np

    a = np.arange(10.0)
    print(ne.evaluate("a * 2 + sin(a) ** 2").round(8), ne.evaluate("sum(a)"))


def numba():
    import numba
    import numpy as np

    @numba.njit
    def total(a):
        t = 0.0
        for x in a:
            t += x
        return t

    print(total(np.arange(1000.0)))


SECTIONS = [scipy, pandas, matplotlib, sklearn, pillow, lxml, yaml, cffi, cython, jinja2, regex, msgpack, psutil, pydantic,
            cryptography, orjson, aiohttp, greenlet, numexpr, numba]

if __name__ == "__main__":
    wanted = sys.argv[1:2]
    for section in SECTIONS:
        if wanted and section.__name__ not in wanted:
            continue
        print(f"== {section.__name__}")
        try:
            section()
        except BaseException as error:
            print(f"FAILED {type(error).__name__}: {error}")
            traceback.print_exc()
        sys.stdout.flush()

"""Runs under the interpreter under test: reads the inputs of a batch, one after the other.

Usage: target.py FORMAT BATCH PROGRESS CPU_LIMIT MEMORY

The number of the input at work is written to the file PROGRESS. Exceptions are what damaged input deserves, all but `SystemError`. An
input that takes more CPU seconds than CPU_LIMIT ends the process by SIGPROF; the address space is limited to MEMORY megabytes.
"""

import faulthandler
import os
import resource
import signal
import struct
import sys
import traceback
import warnings


class TooLong(BaseException):
    """Raised in an input that has done enough: what may take long on damaged input everywhere ends by this."""


def soft_limit(seconds):
    """Ends, by `TooLong`, what is known to take exponential time, such as matching."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def give_up(number, frame):
    raise TooLong


def attempt(function, *args, **kwargs):
    """What a function returns; `None` if it raises."""
    try:
        return function(*args, **kwargs)
    except SystemError:
        raise
    except Exception:
        return None


def look_at_code(code):
    """Asks a code object for everything that is computed from its tables."""
    import dis

    attempt(repr, code)
    attempt(hash, code)
    attempt(lambda: code == code.replace(co_firstlineno=1))
    for name in ("co_varnames", "co_cellvars", "co_freevars", "co_code", "_co_code_adaptive", "co_lnotab", "co_nlocals", "co_names", "co_consts"):
        attempt(getattr, code, name)
    for name in ("co_lines", "co_positions", "co_branches"):
        attempt(lambda: list(getattr(code, name)()))
    attempt(dis.Bytecode(code).dis)
    attempt(code.replace, co_name="x")
    constants = attempt(getattr, code, "co_consts")
    for constant in constants if isinstance(constants, tuple) else ():
        if type(constant) is type(code):
            look_at_code(constant)


def look_at(value, depth=20, seen=()):
    """Uses an object that was read. `seen` are the identities of the lists and tuples around it: one may contain itself, several times."""
    attempt(repr, value)
    attempt(hash, value)
    attempt(lambda: value == value)
    if type(value) is type(look_at.__code__):
        look_at_code(value)
    elif depth and isinstance(value, (list, tuple)) and id(value) not in seen:
        for item in value[:20]:
            look_at(item, depth - 1, (*seen, id(value)))


def source(data):
    import ast
    import io
    import symtable
    import tokenize

    for mode in ("exec", "eval", "single"):
        attempt(compile, data, "<fuzz>", mode, dont_inherit=True)
    tree = attempt(ast.parse, data, type_comments=True)
    if tree is not None:
        attempt(ast.unparse, tree)
        attempt(compile, tree, "<fuzz>", "exec")
        attempt(ast.dump, tree, include_attributes=True)
    attempt(ast.literal_eval, data.decode("utf-8", "replace"))
    attempt(compile, data.decode("utf-8", "surrogateescape"), "<fuzz>", "exec")
    attempt(lambda: list(tokenize.tokenize(io.BytesIO(data).readline)))
    attempt(symtable.symtable, data.decode("latin-1"), "<fuzz>", "exec")
    attempt(compile, data, "<fuzz>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | 0x4000 | 0x200, True, 2)


def pyc(data):
    from importlib.machinery import SourcelessFileLoader

    with open("m.pyc", "wb") as file:
        file.write(data)
    code = attempt(SourcelessFileLoader("m", "m.pyc").get_code, "m")
    if code is not None:
        look_at_code(code)


def marshal(data):
    import io
    import marshal

    value = attempt(marshal.loads, data)
    if value is not None:
        look_at(value)
        for version in (0, 2, 3, 4, 5):
            attempt(marshal.dumps, value, version)
    attempt(marshal.load, io.BytesIO(data))
    attempt(marshal.loads, data, allow_code=False)


HARMLESS = {
    "builtins": {"set", "frozenset", "bytearray", "bytes", "complex", "range", "slice", "object", "int", "str", "list", "dict", "tuple", "float", "bool",
                 "iter", "reversed", "enumerate", "zip", "map", "filter", "len", "super", "property", "staticmethod", "memoryview", "type", "getattr", "ValueError",
                 "OSError", "ExceptionGroup", "StopIteration", "UnicodeDecodeError", "SyntaxError", "ImportError"},
    "collections": {"OrderedDict", "deque", "Counter", "defaultdict"},
    "datetime": {"datetime", "timedelta", "time", "date", "timezone"},
    "decimal": {"Decimal"}, "fractions": {"Fraction"}, "array": {"array", "_array_reconstructor"}, "uuid": {"UUID"},
    "_codecs": {"encode"}, "copyreg": {"_reconstructor", "__newobj__", "__newobj_ex__"}, "re": {"_compile"}, "pickle": {"PickleBuffer"},
    "functools": {"partial"}, "itertools": {"count", "cycle", "chain", "islice", "repeat"}, "random": {"Random"}, "types": {"SimpleNamespace", "GenericAlias"},
}  # fmt: skip


def pickle(data):
    import _pickle
    import io
    import pickle
    import pickletools

    def global_object(self, module, name):
        if name not in HARMLESS.get(pickle._compat_pickle.IMPORT_MAPPING.get(module, module), ()):
            raise pickle.UnpicklingError(name)
        return super(type(self), self).find_class(module, name)

    members = {"find_class": global_object, "persistent_load": lambda self, name: name}
    for base in (_pickle.Unpickler, pickle._Unpickler):
        reader = type("Reader", (base,), members)
        for options in ({}, {"encoding": "bytes", "fix_imports": False, "buffers": [b"abc", bytearray(9)]}):
            soft_limit(3)
            value = attempt(lambda: reader(io.BytesIO(data), **options).load())
            soft_limit(0)
            attempt(repr, value)
            if base is _pickle.Unpickler:
                for protocol in (0, 2, 5):
                    attempt(_pickle.dumps, value, protocol)
    attempt(pickletools.dis, data, io.StringIO())
    attempt(pickletools.optimize, data)


def struct_(data):
    format, _, rest = data.partition(b"|")
    for format in (format, attempt(format.decode)):
        packer = attempt(struct.Struct, format)
        size = attempt(struct.calcsize, format)
        if packer is None or size is None:
            continue
        attempt(packer.unpack, rest)
        attempt(packer.unpack_from, rest, 1)
        attempt(lambda: list(packer.iter_unpack(rest)))
        if size < 1 << 20:
            values = attempt(packer.unpack, (rest * (size // max(len(rest), 1) + 1))[:size])
            if values is not None:
                attempt(packer.pack, *values)
                attempt(packer.pack_into, bytearray(size + 3), 3, *values)
                attempt(packer.pack, *[1 << 70] * len(values))
                attempt(packer.pack, *[-1.5] * len(values))
                attempt(packer.pack, *[b"x"] * len(values))
        attempt(packer.pack, 1)
        attempt(repr, packer)
        attempt(lambda: memoryview(bytearray(64)).cast(format).tolist())


def use_pattern(pattern, subject):
    subject = subject[:24]
    for name in ("match", "search", "fullmatch", "findall", "split"):
        attempt(getattr(pattern, name), subject)
    attempt(pattern.sub, subject[:1] or subject, subject)
    attempt(pattern.sub, lambda match: match.group(), subject)
    found = attempt(pattern.search, subject, 1, 20)
    if found is not None:
        for method in (found.groups, found.groupdict, found.span, found.__repr__, lambda: found.expand(subject)):
            attempt(method)
    scanner = attempt(pattern.scanner, subject)
    for _ in range(20 if scanner is not None else 0):
        if attempt(scanner.search) is None:
            break


def re_(data):
    import re

    pattern, _, subject = data.partition(b"\x01")
    flags = len(data) % 7 and (0, re.I, re.X | re.M, re.S | re.A, re.L, re.U | re.I)[len(data) % 7 - 1]
    text, text_subject = pattern.decode("utf-8", "replace"), subject.decode("utf-8", "replace")
    for pattern, subject in ((pattern, subject), (text, text_subject)):
        re.purge()
        soft_limit(2)
        for flags in {flags, 0}:
            compiled = attempt(re.compile, pattern, flags)
            if compiled is not None:
                attempt(repr, compiled)
                use_pattern(compiled, subject)
        attempt(re.sub, subject[:1] or subject, pattern, subject)
        soft_limit(0)
    attempt(re.escape, text)


def sre(data):
    import _sre

    if len(data) < 6:
        return
    groups, words = struct.unpack_from("<H", data)[0], data[2:]
    code = list(struct.unpack(f"<{len(words) // 4}I", words[: len(words) // 4 * 4]))
    soft_limit(2)
    for pattern, subject in ((b"x", b"abc aab foo 1212 xY"), ("x", "abc aab foo 1212 \u20ac\U0001f600")):
        compiled = attempt(_sre.compile, pattern, 0, code, groups, {}, (None,) * (groups + 1))
        if compiled is not None:
            use_pattern(compiled, subject)
    soft_limit(0)
    template = [words[:3], *code[:3], words[3:6]]
    attempt(_sre.template, None, template)


def json(data):
    import json

    text = data.decode("utf-8", "surrogatepass") if attempt(data.decode, "utf-8", "surrogatepass") is not None else data.decode("latin-1")
    for input in (data, text):
        for options in ({}, {"strict": False}, {"parse_float": str}, {"object_pairs_hook": list}):
            value = attempt(json.loads, input, **options)
            if value is not None:
                attempt(json.dumps, value)
                attempt(json.dumps, value, ensure_ascii=False, indent=1, sort_keys=True)
    attempt(json.decoder.scanstring, text, 1)
    attempt(json.decoder.JSONDecoder().raw_decode, text, len(text) // 2)


def zipimport(data):
    import io
    import zipfile
    import zipimport

    with open("archive.zip", "wb") as file:
        file.write(data)
    zipimport._zip_directory_cache.clear()
    importer = attempt(zipimport.zipimporter, "archive.zip")
    if importer is not None:
        for name in ("m", "p", "q", "p.q", "z64", "caf\u00e9"):
            attempt(importer.find_spec, name)
            attempt(importer.get_source, name)
            code = attempt(importer.get_code, name)
            if code is not None:
                look_at_code(code)
        for path in list(importer._get_files())[:20]:
            attempt(importer.get_data, path)
    archive = attempt(zipfile.ZipFile, io.BytesIO(data))
    for entry in archive.infolist()[:20] if archive is not None else ():
        attempt(archive.read, entry)


def compressed(data):
    import bz2
    import lzma
    import zlib
    from compression import zstd

    makers = (
        zlib.decompressobj, lambda: zlib.decompressobj(31), bz2.BZ2Decompressor, lzma.LZMADecompressor,
        lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE), zstd.ZstdDecompressor, lambda: zlib.decompressobj(-15),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2}]), lambda: zlib.decompressobj(47), lambda: zlib.decompressobj(zdict=b"abc"),
        zlib._ZlibDecompressor,
    )  # fmt: skip
    if not data:
        return
    make, data = makers[data[0] % len(makers)], data[1:]
    for step in (len(data) or 1, 7):
        reader = make()
        for start in range(0, min(len(data), 4000), step):
            if attempt(reader.decompress, data[start : start + step], 100_000) is None:
                break
        attempt(lambda: reader.flush(1000))
        attempt(lambda: reader.unused_data)
    whole = (zlib.decompress, zlib.decompress, bz2.decompress, lzma.decompress, lzma.decompress, zstd.decompress)
    attempt(lambda: whole[data[0] % len(whole)](data))
    attempt(zstd.get_frame_info, data)
    attempt(zstd.ZstdDict, data)
    attempt(lzma._decode_filter_properties, lzma.FILTER_LZMA2, data[:8])


CODECS = """utf-8 utf-7 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be ascii latin-1 unicode-escape raw-unicode-escape idna punycode
    cp1252 cp437 koi8-r mac-roman shift_jis shift_jis_2004 shift_jisx0213 euc_jp euc_jis_2004 euc_jisx0213 iso2022_jp iso2022_jp_1
    iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr gbk gb2312 gb18030 hz big5 big5hkscs cp932 cp949 cp950 euc_kr johab
    utf-8-sig cp65001 hex base64 quopri uu zlib bz2 rot13 mbcs undefined charmap""".split()
ERRORS = ["strict", "ignore", "replace", "backslashreplace", "surrogateescape", "surrogatepass", "xmlcharrefreplace", "namereplace"]


def codecs(data):
    import binascii
    import codecs

    if len(data) < 2:
        return
    name, errors, data = CODECS[data[0] % len(CODECS)], ERRORS[data[1] % len(ERRORS)], data[1:]
    text = attempt(codecs.decode, data, name, errors)
    if isinstance(text, str):
        attempt(codecs.encode, text, name, errors)
    for text in (data.decode("latin-1"), data.decode("utf-16-le", "surrogatepass") if attempt(data.decode, "utf-16-le", "surrogatepass") is not None else ""):
        attempt(codecs.encode, text, name, errors)
        for method in (text.upper, text.casefold, text.title, text.split, text.isidentifier, text.splitlines, text.expandtabs, text.swapcase):
            attempt(method)
        import unicodedata

        for form in ("NFC", "NFKD"):
            attempt(unicodedata.normalize, form, text)
    for step in (1, 3):
        reader = attempt(lambda: codecs.getincrementaldecoder(name)(errors))
        for start in range(0, min(len(data), 300) if reader is not None else 0, step):
            if attempt(reader.decode, data[start : start + step]) is None:
                break
            attempt(lambda: reader.setstate(reader.getstate()))
        attempt(lambda: reader.decode(b"", True))
    for function in (binascii.a2b_base64, binascii.a2b_hex, binascii.a2b_uu, binascii.a2b_qp, binascii.b2a_qp, binascii.b2a_uu):
        attempt(function, data)
    attempt(binascii.a2b_base64, data, strict_mode=True)


def literals(data):
    import ast
    import datetime
    import decimal
    import fractions
    import re
    import string
    import time
    import uuid
    import zoneinfo

    text = data.decode("utf-8", "surrogateescape")
    for input in (text, data):
        for function in (int, float, complex, bytes.fromhex, float.fromhex, ast.literal_eval):
            attempt(function, input)
    for base in (0, 2, 36):
        attempt(int, text, base)
    for function in (decimal.Decimal, fractions.Fraction, uuid.UUID, datetime.datetime.fromisoformat, datetime.date.fromisoformat, datetime.time.fromisoformat, zoneinfo.ZoneInfo,
                     bytearray.fromhex, string.Template(text).safe_substitute, lambda t: list(string.Formatter().parse(t)), eval, str.encode):  # fmt: skip
        if function is eval:
            continue
        # A power of ten like this one takes any interpreter hours, and cannot be interrupted.
        if function is fractions.Fraction and re.search(r"[eE][-+]?[0-9_]{6,}", text):
            continue
        attempt(function, text)
    for value in (5, -(10**30), 1.5, 1e300, 3 + 4j, "text", True, decimal.Decimal("1.5"), fractions.Fraction(1, 3), datetime.datetime(2024, 2, 29)):
        # So does a fraction with so many decimals.
        if not (isinstance(value, fractions.Fraction) and re.search(r"\.[0-9_]{6,}", text)):
            attempt(format, value, text)
        attempt(lambda: text % value)
        attempt(lambda: text % (value, value))
        attempt(lambda: data % value)
        attempt(lambda: text.format(value, value, a=value, w=5))
    attempt(lambda: text % {"a": 1})
    attempt(lambda: data % {b"a": b"x"})
    attempt(time.strftime, text)
    attempt(time.strptime, text, "%Y-%m-%d")
    soft_limit(2)
    attempt(time.strptime, "2024-02-29", text)
    soft_limit(0)
    attempt(lambda: text.translate({ord(text[0]): text}))
    attempt(lambda: memoryview(data).cast(text))


def tables(data):
    import csv
    import xml.etree.ElementTree as tree

    text = data.decode("utf-8", "surrogateescape")
    for dialect in ({}, {"delimiter": ";", "escapechar": "\\", "quotechar": "'"}, {"quoting": csv.QUOTE_NONNUMERIC, "strict": True}, {"skipinitialspace": True, "doublequote": False}):
        rows = attempt(lambda: list(csv.reader(text.splitlines(keepends=True), **dialect)))
        if rows:
            attempt(csv.writer(open(os.devnull, "w", errors="replace"), **dialect).writerows, rows)
    soft_limit(2)
    attempt(csv.Sniffer().sniff, text)
    soft_limit(0)
    root = attempt(tree.fromstring, data)
    if root is not None:
        attempt(tree.tostring, root)
    parser = tree.XMLPullParser(("start", "end", "comment", "pi", "start-ns"))
    for start in range(0, len(data), 13):
        if attempt(parser.feed, data[start : start + 13]) is None:
            attempt(lambda: list(parser.read_events()))
    attempt(parser.close)


def main():
    format, batch, progress, cpu_limit, memory = sys.argv[1:]
    readers = {"struct": struct_, "re": re_}
    reader = readers.get(format) or globals()[format]
    faulthandler.enable()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    limit = int(memory) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open(batch, "rb") as file:
        data = file.read()
    at = os.open(progress, os.O_WRONLY)
    start = number = 0
    while start < len(data):
        (size,) = struct.unpack_from("<I", data, start)
        os.pwrite(at, b"%d" % number, 0)
        signal.setitimer(signal.ITIMER_PROF, float(cpu_limit))
        try:
            reader(data[start + 4 : start + 4 + size])
        except TooLong:
            pass
        except MemoryError:
            pass
        except BaseException as error:
            # Whatever `attempt` does not take, or what is raised outside of it, is a fault of the interpreter or of this file.
            traceback.print_exc()
            if not isinstance(error, SystemError):
                print(f"FUZZ: {type(error).__name__} got through: {error}", file=sys.stderr)
            sys.exit(1)
        finally:
            soft_limit(0)
        start += 4 + size
        number += 1
    os.pwrite(at, b"%d" % number, 0)


if __name__ == "__main__":
    main()

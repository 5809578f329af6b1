# The tokens of the library's tokenize, and its errors.
import io
import tokenize


def show(source):
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            print(tokenize.tok_name[token.exact_type], repr(token.string), token.start, token.end, repr(token.line))
    except (tokenize.TokenError, SyntaxError) as error:
        print(type(error).__name__, error.args)
    print("--")


show("if x:  # why\n\ty = (1,\n   2)\n\n# end\nz\n")
show("f'a{x!r:>{w}}}}b' + fr'''\n{y=}''' # no line end")
show("é = 'ü' 0x1F 1_0.5e-3j .5 ... -> := != <> ** //= $ ?")
show("s = '''a\nb''' \\\n  + c; d")
show("if 1:\n        a\n    b\n")
show("'open")
show("'''open")
show("f'{x")
show("(1,\n")
show("a \\ b")
show("0_")

lines = [b"# -*- coding: latin-1 -*-\n", b"s = '\xe9'\n"]
for token in tokenize.tokenize(iter(lines).__next__):
    print(token[1:])
print(tokenize.untokenize(tokenize.tokenize(iter(lines).__next__)))

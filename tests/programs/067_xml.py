# XML: the expat parser, and what the library builds on it.
import io
import plistlib
import xml.dom.minidom
import xml.etree.ElementTree as ET
import xml.sax
from xml.parsers import expat

TEXT = """<?xml version='1.0' encoding='utf-8' standalone='no'?>
<!DOCTYPE doc PUBLIC 'public' 'system' [
  <!NOTATION note SYSTEM 'notation'>
  <!ENTITY inner 'text \u00e9'>
  <!ENTITY outer SYSTEM 'outer.xml'>
  <!ENTITY picture SYSTEM 'picture' NDATA note>
  <!ELEMENT doc (item | (a, b?)*)+>
  <!ATTLIST doc kind CDATA 'default' id ID #REQUIRED>
]>
<doc id='1' xmlns:n='urn:n'><?target data?><!-- comment --><n:item n:k='v'>&inner; &amp; &#955;</n:item><![CDATA[<raw>]]>&outer;</doc>
"""

NAMES = ["StartElementHandler", "EndElementHandler", "ProcessingInstructionHandler", "CharacterDataHandler", "UnparsedEntityDeclHandler",
         "NotationDeclHandler", "StartNamespaceDeclHandler", "EndNamespaceDeclHandler", "CommentHandler", "StartCdataSectionHandler",
         "EndCdataSectionHandler", "StartDoctypeDeclHandler", "EndDoctypeDeclHandler", "EntityDeclHandler",
         "XmlDeclHandler", "ElementDeclHandler", "AttlistDeclHandler", "SkippedEntityHandler"]


def show(name):
    return lambda *args: print("  ", name[:-7], *args)


def external(parser):
    def handler(context, base, system, public):
        # The namespaces in scope come in the order of a table whose hash expat salts anew for each parser.
        print("   external", sorted(context.split("\f")), base, system, public)
        child = parser.ExternalEntityParserCreate(context)
        return child.Parse("<inside/>", True)
    return handler


for separator, ordered in ((None, False), ("|", True)):
    parser = expat.ParserCreate(namespace_separator=separator)
    parser.buffer_text = True
    parser.ordered_attributes = ordered
    for name in NAMES:
        setattr(parser, name, show(name))
    parser.SetBase("base")
    parser.ExternalEntityRefHandler = external(parser)
    print(parser.Parse(TEXT, True), parser.CurrentLineNumber, parser.GetBase(), parser.StartElementHandler is not None)

parser = expat.ParserCreate()
pieces = []
parser.DefaultHandler = pieces.append
parser.StartElementHandler = lambda name, attrs: pieces.append((name, parser.CurrentLineNumber, parser.CurrentColumnNumber,
                                                                parser.CurrentByteIndex, parser.GetInputContext()[:4]))
print(parser.ParseFile(io.BytesIO(b"<a>\n <b x='1'/>\n</a>")), pieces)
for data in ("", "<a>", "<a></b>", "<a/><b/>", "text", "<a>&undefined;</a>", "<a x='1' x='2'/>", "<a>\0</a>", "<?xml version='1.0' encoding='nowhere'?><a/>"):
    parser = expat.ParserCreate()
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:
        if isinstance(error, LookupError):
            print(type(error).__name__)
        else:
            print(error, error.code == parser.ErrorCode, error.lineno, error.offset, expat.errors.codes[expat.ErrorString(error.code)])
parser = expat.ParserCreate()
parser.CharacterDataHandler = print
parser.Parse("<?xml version='1.0' encoding='iso-8859-15'?><a>\xa4</a>".encode("latin-1"), True)


class Stop(Exception):
    pass


def stop(*args):
    raise Stop(*args)


parser = expat.ParserCreate()
parser.StartElementHandler = stop
try:
    parser.Parse(b"<a><b/></a>", True)
except Stop as error:
    print("stopped", error, parser.StartElementHandler)
for action in (lambda: expat.ParserCreate(namespace_separator="ab"), lambda: expat.ParserCreate(1), lambda: setattr(parser, "buffer_size", 0),
               lambda: expat.ParserCreate().Parse(1), lambda: expat.ParserCreate().ParseFile(1), lambda: delattr(parser, "CommentHandler"),
               lambda: setattr(parser, "nothing", 1)):
    try:
        action()
    except Exception as error:
        print(type(error).__name__)

root = ET.fromstring("<r a='1'><x>one</x><x k='v'>two<y/>tail</x></r>")
print(root.attrib, [x.text for x in root.iter("x")], root.find("x/y").tail, ET.tostring(root))
print(len(root.findall(".//x[@k='v']")), [event for event, _ in ET.iterparse(io.StringIO("<a><b/></a>"), ("start", "end"))])
try:
    ET.fromstring("<a><b></a>")
except ET.ParseError as error:
    print(error.code, error.position)
document = xml.dom.minidom.parseString("<a b='c'>text<d/></a>")
print(document.documentElement.getAttribute("b"), document.toxml(), len(document.getElementsByTagName("d")))


class Handler(xml.sax.ContentHandler):
    def startElement(self, name, attrs):
        print("sax", name, dict(attrs))


xml.sax.parseString(b"<a b='c'><d/></a>", Handler())
value = {"text": "a<b", "list": [1, 2.5, True], "data": b"bytes", "nested": {"k": "v"}}
for format in plistlib.FMT_XML, plistlib.FMT_BINARY:
    print(plistlib.loads(plistlib.dumps(value, fmt=format)) == value)

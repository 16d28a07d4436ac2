# SPDX-License-Identifier: Apache-2.0
"""PDF files as a stranger might write them: any object, any list of places, any lie."""

import zlib

from cairn.pdf.syntax import write

CATALOG = b"<</Type /Catalog/Names <</EmbeddedFiles 2 0 R>>>>"
ONE_FILE = b"<</Names [(credential.json) 3 0 R]>>"


def specification(file=4, name=b"(credential.json)", more=b""):
    return b"<</Type /Filespec/F %s/UF %s/EF <</F %d 0 R>>%s>>" % (name, name, file, more)


def stream(content, more=b"", length=None):
    size = len(content) if length is None else length
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (size, more, content)


def deflated(content):
    return stream(zlib.compress(content, 9), b"/Filter /FlateDecode")


def objects_of(content, more=b"/Type /EmbeddedFile"):
    """The usual four objects: catalog, name tree, specification, file."""
    return {1: CATALOG, 2: ONE_FILE, 3: specification(), 4: stream(content, more)}


def build(objects, trailer=b"/Root 1 0 R", before=b"%PDF-1.7\n", size=None, earlier=None):
    """A file with a table of places; ``earlier`` is a file that it adds to."""
    data = bytearray(earlier if earlier is not None else before)
    places = {}
    for number, body in objects.items():
        places[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n"
    for number, place in sorted(places.items()):
        data += b"%d 1\n%010d 00000 n \n" % (number, place)
    total = size or max(objects, default=0) + 1
    data += b"trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (total, trailer, start)
    return bytes(data)


def build_streamed(objects, packed=(), more=b"", predictor=False, widths=(1, 4, 2), table=None):
    """A file whose places are a stream; the objects of ``packed`` are in an object stream."""
    data = bytearray(b"%PDF-1.7\n")
    rows = {}
    container, table_number = max(objects) + 1, max(objects) + 2
    bodies = {number: body for number, body in objects.items() if number not in packed}
    if packed:
        head, content = b"", b""
        for index, number in enumerate(packed):
            head += b"%d %d " % (number, len(content))
            content += objects[number] + b" "
            rows[number] = (2, container, index)
        more_container = b"/Type /ObjStm/N %d/First %d/Filter /FlateDecode" % (len(packed), len(head))
        bodies[container] = stream(zlib.compress(head + content), more_container)
    for number, body in bodies.items():
        rows[number] = (1, len(data), 0)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    rows[table_number] = (1, start, 0)
    octets = [
        b"".join(value.to_bytes(width, "big") for value, width in zip(row, widths, strict=True) if width)
        for _, row in sorted(rows.items())
    ]
    parameters = b""
    if predictor:
        octets = predicted(octets)
        parameters = b"/DecodeParms <</Predictor 12/Columns %d>>" % sum(widths)
    index = [each for number in sorted(rows) for each in (number, 1)]
    body = zlib.compress(b"".join(octets)) if table is None else table
    dictionary = b"/Type /XRef/Size %d/Root 1 0 R/W %s/Index %s/Filter /FlateDecode%s%s" % (
        table_number + 1,
        write(list(widths)),
        write(index),
        parameters,
        more,
    )
    data += b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
        table_number,
        stream(body, dictionary),
        start,
    )
    return bytes(data)


def predicted(rows):
    """PNG's filters None, Sub and Up, in turn."""
    out, above = [], bytes(len(rows[0]))
    for number, row in enumerate(rows):
        kind = number % 3
        left = bytes(1) + row[:-1]
        base = (bytes(len(row)), left, above)[kind]
        out.append(bytes([kind]) + bytes((a - b) & 0xFF for a, b in zip(row, base, strict=True)))
        above = row
    return out

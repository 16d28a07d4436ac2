# SPDX-License-Identifier: Apache-2.0
"""How much of everything is read. What an operator may choose is a setting, and comes as an argument."""

from __future__ import annotations

# Of the text
MAX_LINE = 20_000  # characters in one line of a text file
MAX_LINES_IN_RECORD = 500  # a quotation mark that is never closed would take the rest of the file with it
MAX_COLUMNS = 60
MAX_CELL = 32_767  # what a spreadsheet allows

# Of a spreadsheet, which is a ZIP archive of XML (B116, B120)
MAX_DIRECTORY = 1 << 20  # bytes of the archive's table of contents: some ten thousand entries
MAX_ENTRIES = 2_000
MAX_UNPACKED = 1 << 30  # bytes of all parts that are read, unpacked: a million rows have about 300 MB
MAX_RATIO = 200  # unpacked to packed; XML of equal rows reaches 50, a bomb 1,000
SMALL = 1 << 20  # … of which a small part may have any
MAX_DEPTH = 32  # elements inside elements; a sheet needs seven
MAX_TOKEN = 1 << 20  # bytes of one tag with its attributes
MAX_SHEETS = 200
MAX_STYLES = 64_000
LAST_ROW = 1_048_576  # of a sheet, by ECMA-376
LAST_COLUMN = 16_384

# Of the process that reads it (apart.py), for what these bounds did not foresee
READER_MEMORY = 512 << 20
READER_SECONDS = (
    15  # of the processor, and more for each megabyte: a million rows of 30 MB take about a minute
)
READER_SECONDS_PER_MEGABYTE = 6

# Of what is told
MAX_SHOWN = 60  # characters of a wrong value

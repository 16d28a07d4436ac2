# SPDX-License-Identifier: Apache-2.0
"""Reading lists of recipients as people bring them, and saying exactly what is wrong with them.

    problems        one thing to mend, and every rule a list can break
    limits          how much of everything is read
    tables          a file → lines of cells, whatever kind of file it is
    text            … from CSV in any encoding and with any separator
    spreadsheet     … from XLSX, whose parts ``archive`` unpacks
    apart           … in a process of its own
    json_lines      … from one JSON object a line
    columns         what their columns are called, and which of our fields each one is
    dates           what people write for a day
    rows            a line of cells → one person to be awarded, or the problems of the line
    checking        the dry run: every line of a file, one at a time
    mending         the file with the problems, as it goes out and comes back

Nothing in this package touches a table or a clock. A file is read as a stream: a list of a million rows is
never in memory, and what a hostile file can cost is bounded by ``limits`` (B117, B120).
"""

# SPDX-License-Identifier: Apache-2.0
"""Credentials attached to PDF files: take one out, put one in.

Open Badges has no rule for PDF, so the form is our own and PDF/A-3's (ISO 32000-2 §7.11.4, §14.13): one
embedded file ``credential.json`` or ``credential.jwt``, associated with the document as its source. The page
that people see proves nothing and is never read (B114).

    syntax        objects: what stands at one place of the file
    document      the file: which object is where, and what its streams hold
    attachments   the files inside, and which of them is the credential

A reader of our own, because a PDF from a stranger is a machine for making work: measured, a file of 5 kB made
a well-known library hand out a gigabyte. This one reads nothing but the way to the attachments, repairs
nothing, runs one filter, and counts every token and every byte that it unpacks.
"""

from cairn.pdf.attachments import attach, extract
from cairn.pdf.document import looks_like_pdf

__all__ = ["attach", "extract", "looks_like_pdf"]

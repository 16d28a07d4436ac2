# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas that an operator has put aside, by URL and digest: never fetched, never changed.

The schemas of 1EdTech may be used by everybody and passed on by nobody, so none is in this package. What they
demand, ``cairn.credential.structure`` demands in its own words. Whoever has the official files, or schemas of
a house of their own, loads them here and has credentials judged by the files themselves.

A store is made of files that name themselves: a schema by its ``$id``, a JsonSchemaCredential (W3C VC JSON
Schema §2.2) by its ``id``. With a ``SHA256SUMS`` among them, as sha256sum writes it, every file has to match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import parse_json
from cairn.credential.address import is_web
from cairn.credential.shapes import as_list, types_of
from cairn.errors import MalformedError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jsonschema_rs

MAX_SCHEMAS: Final = 100
MAX_SCHEMA: Final = 2 * 1024 * 1024
SUMS: Final = "SHA256SUMS"
_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_MAX_TOLD = 5
# A pattern of the operator's schema meets a stranger's text, and then goes back this often at most.
_MAX_BACKTRACKING = 100_000


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema: where it says it is from, the digest of the file, and what it demands."""

    url: str
    sha256: str
    document: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that a schema does not allow: where, and why."""

    path: str
    message: str


class SchemaStore:
    """Schemas by their URL. Made once, from files; looked into for each credential."""

    def __init__(self, schemas: Mapping[str, Schema] | None = None) -> None:
        self._schemas = dict(schemas or {})
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    @classmethod
    def of_files(cls, files: Mapping[str, bytes]) -> SchemaStore:
        """Read a folder's files by name; ``MalformedError`` names the one that cannot be a schema.

        Every schema is compiled here, so that a mistake in one is found before a credential meets it.
        """
        sums = _sums(files[SUMS]) if SUMS in files else None
        found: dict[str, Schema] = {}
        for name in sorted(files.keys() - {SUMS}):
            digest = sha256(files[name]).hexdigest()
            if sums is not None and sums.get(name) != digest:
                raise MalformedError("schema-digest", f"{name} is not the file that {SUMS} names.")
            schema = _read(name, files[name], digest)
            if schema.url in found:
                raise MalformedError("schema-file", f"{name} is a second schema for {schema.url}.")
            found[schema.url] = schema
        if len(found) > MAX_SCHEMAS:
            raise MalformedError("limit-count", f"These are more than {MAX_SCHEMAS} schemas.")
        if sums is not None and sums.keys() - files.keys():
            missing = ", ".join(sorted(sums.keys() - files.keys()))
            raise MalformedError("schema-digest", f"{SUMS} names files that are not there: {missing}.")
        store = cls(found)
        for url in found:
            store._validator(url)
        return store

    def get(self, url: str) -> Schema | None:
        """The schema of this URL; None when nobody has put it here."""
        return self._schemas.get(url)

    def mismatches(self, url: str, document: Mapping[str, Any]) -> tuple[Mismatch, ...]:
        """What the schema does not allow in the document; empty when it allows everything."""
        errors = self._validator(url).iter_errors(dict(document))
        return tuple(
            Mismatch("/".join(("", *map(str, each.instance_path))), each.message[:200])
            for each in islice(errors, _MAX_TOLD)
        )

    def _validator(self, url: str) -> jsonschema_rs.Validator:
        if url not in self._validators:
            self._validators[url] = _compile(self._schemas[url], self._schemas)
        return self._validators[url]


def _compile(schema: Schema, known: Mapping[str, Schema]) -> jsonschema_rs.Validator:
    try:
        import jsonschema_rs
    except ImportError as error:
        raise UnsupportedError(
            "schema-engine", "Schemas need one more package: pip install 'opencairn[schemas]'"
        ) from error
    try:
        # One schema may refer to another of the store, and to nothing else: offline, nothing is retrieved.
        registry = jsonschema_rs.Registry([(each.url, dict(each.document)) for each in known.values()])
        return jsonschema_rs.validator_for(
            dict(schema.document),
            registry=registry,
            offline=True,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=_MAX_BACKTRACKING),
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        told = str(error).partition("\n")[0][:200]
        raise MalformedError("schema-file", f"The schema {schema.url} cannot be used: {told}") from error


def _read(name: str, data: bytes, digest: str) -> Schema:
    if len(data) > MAX_SCHEMA:
        raise MalformedError("limit-size", f"{name} is larger than {MAX_SCHEMA:,} bytes.")
    try:
        document = parse_json(data)
    except MalformedError as error:
        raise MalformedError(error.code, f"{name} is not JSON that we read: {error.message}") from error
    url: Any = document.get("$id")
    content: Any = document
    if "JsonSchemaCredential" in types_of(document):
        # Whoever puts it here vouches for it, so its signature is not asked for again.
        url = document.get("id")
        subjects = as_list(document.get("credentialSubject"))
        content = subjects[0].get("jsonSchema") if isinstance(subjects[0], dict) else None
    url = url.removesuffix("#") if isinstance(url, str) else url
    if not is_web(url) or not isinstance(content, dict):
        raise MalformedError("schema-file", f"{name} is not a schema with an address in '$id'.")
    return Schema(str(url), digest, content)


def _sums(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        match = _SUM.fullmatch(line)
        if match is None:
            raise MalformedError("schema-digest", f"A line of {SUMS} is not what sha256sum writes.")
        found[match[2]] = match[1]
    return found

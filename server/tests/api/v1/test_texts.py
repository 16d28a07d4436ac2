# SPDX-License-Identifier: Apache-2.0
"""Every text that an operation takes, as nobody should send it: on SQLite and on PostgreSQL one answer.

PostgreSQL keeps no U+0000 and no half of a surrogate pair. What comes to it is an error of ours, so nothing
of that kind may come so far, in whichever field it is sent.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client
from server.tests.conftest import MONDAY
from server.tests.desk import furnish
from server.tests.test_access import OPERATIONS, new_token, operations, sample

from cairn_server.journal.models import Entry
from cairn_server.organisations.models import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.tests.desk import Desk

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

UNSTORABLE = {"U+0000": '"a\\u0000b"', "half a pair": '"a\\ud800b"', "the other half": '"\\udc00"'}
TOO_LONG = "x" * 60_000
# Judged and never kept, so it has its own limits; and it says of every document what it is.
JUDGED = ("verifyCredential", "createBatch")
PLACE = "3f7c-here"


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the texts of a body are, names of members too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, (*path, number))
    elif isinstance(value, str):
        yield path


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(body)
    where = changed
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = value
    return changed


def optional_texts(described: dict[str, Any], body: Any) -> Any:
    """The body with every text member that the description knows and the sample leaves out."""
    from cairn_server.api.v1 import api

    schemas = api.get_openapi_schema()["components"]["schemas"]
    content = described.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None or not isinstance(body, dict):
        return body
    schema = content["schema"]
    schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    more = {
        name: "x"
        for name, about in schema.get("properties", {}).items()
        if "string" in (about.get("type"), *(each.get("type") for each in about.get("anyOf", ())))
    }
    return {**more, **body}


@pytest.fixture
def desk(organisation: Organisation, owner: Person, issuer: Person, settings: Any) -> Iterator[Desk]:
    # Hundreds of calls in a second are what is tested here, and not how many one may make.
    plenty = {"burst": 1_000_000, "per_minute": 1_000_000}
    settings.RATE_LIMITS = {name: {**limit, **plenty} for name, limit in settings.RATE_LIMITS.items()}
    with time_machine.travel(MONDAY):
        yield furnish(organisation, owner, issuer)


class Asking:
    def __init__(self, desk: Desk) -> None:
        token = new_token(desk.organisation, desk.owner, *Scope.values)
        self.headers = {"host": "cairn.example", "Authorization": f"Bearer {token}"}

    def __call__(self, method: str, where: str, data: bytes, **headers: str) -> Any:
        sent = {"Idempotency-Key": "mia-1", **headers, **self.headers}
        return Client(headers=sent).generic(method, where, data, "application/json")


def test_b6_b5_no_text_of_a_body_brings_what_no_database_keeps(desk: Desk) -> None:
    """B5 B6: in each text of each operation, and in the name of a member."""
    ask, before, tried = Asking(desk), Entry.objects.count() + 1, 0
    for name in OPERATIONS:
        method, where, body = sample(name, desk)
        described = operations()[name][2]
        if "requestBody" not in described:
            continue  # whatever is sent is not read
        body = optional_texts(described, body)
        bodies = [json.dumps(put(body, path, PLACE)) for path in texts(body)]
        bodies.append(json.dumps({PLACE: 1}))
        for what, bad in UNSTORABLE.items():
            for given in bodies:
                answer = ask(method, where, given.replace(f'"{PLACE}"', bad).encode())
                tried += 1
                assert answer.status_code == 400, (name, what, given, answer.content)
                assert answer.json()["code"] == "json-string", (name, what, given)

    assert tried > 300
    assert Entry.objects.count() <= before


def test_b12_a_text_that_is_too_long_or_is_none_is_refused_at_its_field(desk: Desk) -> None:
    """B12"""
    ask = Asking(desk)
    for name in OPERATIONS:
        method, where, body = sample(name, desk)
        if "requestBody" not in operations()[name][2] or name in JUDGED:
            continue
        for path in texts(body):
            for wrong in (TOO_LONG, 7, True, [], {"a": 1}, [None]):
                answer = ask(method, where, json.dumps(put(body, path, wrong)).encode())
                # A draft that must have been refused before its fields are read is refused all the same.
                assert answer.status_code in (400, 404, 409, 422), (name, path, str(wrong)[:20])
                assert answer.json()["code"] != "bad-request", (name, path)


def test_b6_nor_does_a_parameter_a_part_of_an_address_or_a_key(desk: Desk) -> None:
    """B6: in the query, in the path, in ``Idempotency-Key``; and on the pages where strangers search."""
    ask = Asking(desk)
    for name, (method, _path, described) in operations().items():
        if name not in OPERATIONS:
            continue
        _method, where, body = sample(name, desk)
        data = json.dumps(body).encode() if method in ("POST", "PUT") else b""
        for parameter in described.get("parameters", ()):
            for bad in ("a\0b", "a%ED%A0%80b"):
                said = quote(bad) if "\0" in bad else bad
                if parameter["in"] == "query":
                    answer = ask(method, f"{where.partition('?')[0]}?{parameter['name']}={said}", data)
                elif parameter["in"] == "path" and parameter["name"] == "key":
                    answer = ask(method, where.replace("row-1", said), data)
                else:
                    continue
                # Bytes that are no UTF-8 come as marks that every database keeps, and match nothing.
                least = 400 if "\0" in bad else 200
                assert least <= answer.status_code < 500, (name, parameter["name"], answer.content)

    stranger = Client(headers={"host": "cairn.example"})
    for page in ("/catalogue?q=%00", "/catalogue?skill=%00", "/verify?link=%00", "/catalogue?q=%ED%A0%80"):
        assert stranger.get(page).status_code < 500, page

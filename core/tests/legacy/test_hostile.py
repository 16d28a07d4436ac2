# SPDX-License-Identifier: Apache-2.0
"""Whatever somebody writes into an old badge or onto its pages, there is a report and no other error."""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING, Any

import pytest
from blockchain import certificate_2, certificate_3, transaction, transaction_id
from blockchain import issuer as chain_issuer
from hypothesis import given, settings
from hypothesis import strategies as st
from old_badges import (
    ASSERTION,
    BADGE,
    HOST,
    ISSUER,
    KEY,
    LIST,
    assertion,
    badge,
    examine,
    issuer,
    key_document,
    pem,
    revoked,
    signed_assertion,
    signing_key,
    token,
)

from cairn.canonical import to_json
from cairn.errors import CairnError
from cairn.keys.pem import public_key_of_pem
from cairn.legacy import as_open_badge
from cairn.legacy.bitcoin import read_transaction
from cairn.legacy.merkle import read_2017, read_2019

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD = {
    "uid": "7",
    "recipient": {"type": "email", "hashed": False, "identity": "zoe@example.org"},
    "badge": BADGE,
    "verify": {"type": "hosted", "url": ASSERTION},
    "issuedOn": 1_400_000_000,
}
PEM_URL = f"{HOST}/key.pem"
PAGES = {BADGE: badge(), ISSUER: issuer(), KEY: key_document(), LIST: revoked("urn:uuid:1")}

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.sampled_from(
        ["", "x", "https://evil.example/", ISSUER, "urn:a", "sha256$00", "2019-05-04", "\u202e", "{}"]
    ),
    st.lists(st.sampled_from(["x", ISSUER, 7, None]), max_size=3),
    st.dictionaries(
        st.sampled_from(["id", "type", "@context", "url", "name"]), st.sampled_from(["x", 7, ISSUER])
    ),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


@st.composite
def spoiled(draw: Any, document: dict[str, Any]) -> dict[str, Any]:
    """The document with up to three places changed, taken away or added to."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        *parents, name = draw(st.sampled_from(sorted(places(changed), key=str) or [("x",)]))
        inside = changed
        for each in parents:
            inside = inside[each]
        act = draw(st.sampled_from(["replace", "remove", "add"]))
        if act == "replace":
            inside[name] = draw(values)
        elif act == "remove":
            del inside[name]
        elif isinstance(inside, dict):
            inside[
                draw(st.sampled_from(["verify", "verification", "expires", "revoked", "@vocab", "extra"]))
            ] = draw(values)
    return changed


def judged(sent: bytes, answers: dict[str, bytes]) -> None:
    try:
        report = examine(sent, answers)
    except CairnError:
        return  # it cannot be read
    if report.document is not None:
        as_open_badge(report.document)
    report.to_document()


@settings(max_examples=150)
@given(data=st.data())
def test_hosted_badges(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from([assertion(), assertion(badge=badge()), OLD]))
    sent, hosted = data.draw(spoiled(document)), data.draw(st.one_of(st.just(document), spoiled(document)))
    pages = {url: data.draw(st.one_of(st.just(page), spoiled(page))) for url, page in PAGES.items()}

    judged(to_json(sent), {url: to_json(page) for url, page in {**pages, ASSERTION: hosted}.items()})


@settings(max_examples=150)
@given(data=st.data())
def test_signed_badges(data: st.DataObject) -> None:
    old = {**OLD, "verify": {"type": "signed", "url": PEM_URL}}
    document = data.draw(st.sampled_from([signed_assertion(), signed_assertion(badge=badge()), old]))
    pages = {url: data.draw(st.one_of(st.just(page), spoiled(page))) for url, page in PAGES.items()}
    answers = {url: to_json(page) for url, page in pages.items()} | {PEM_URL: pem(signing_key())}

    judged(token(data.draw(spoiled(document))), answers)


@settings(max_examples=100)
@given(data=st.data())
def test_blockcerts(data: st.DataObject) -> None:
    document, sent = data.draw(st.sampled_from([certificate_2(), certificate_3()]))
    page = data.draw(st.one_of(st.just(chain_issuer()), spoiled(chain_issuer())))
    answers = {ISSUER: to_json(page), f"blink:btc:mainnet:{transaction_id(sent)}": sent}

    judged(to_json(data.draw(spoiled(document))), answers)


PLAIN = transaction("5c" * 32)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda place, octets: PLAIN[:place] + octets + PLAIN[place + len(octets) :],
            st.integers(0, len(PLAIN)),
            st.binary(max_size=9),
        ),
    )
)
@pytest.mark.parametrize("read", [read_transaction, public_key_of_pem])
def test_bytes(read: Any, octets: bytes) -> None:
    with contextlib.suppress(CairnError):
        read(octets)


@settings(max_examples=300)
@given(st.text("z123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijk", max_size=80))
def test_proof_values(text: str) -> None:
    for written in (text, "z" + text):
        with contextlib.suppress(CairnError):
            read_2019(written)


@settings(max_examples=150)
@given(data=st.data())
def test_signatures_of_2017(data: st.DataObject) -> None:
    with contextlib.suppress(CairnError):
        read_2017(data.draw(spoiled(certificate_2()[0]["signature"])))

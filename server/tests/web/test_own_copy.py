# SPDX-License-Identifier: Apache-2.0
"""A holder's own copy (a base proof of ecdsa-sd-2023): brought, kept, shown in parts, and never given away.

``wallets/own_copy.json`` was signed by another program: npm @digitalbazaar/ecdsa-sd-2023-cryptosuite, driven
as in ``interop/peers/digitalbazaar.mjs``, with issuer, dates and achievement as its mandatory pointers.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from html import unescape
from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from server.tests.conftest import MONDAY
from server.tests.portability.conftest import campus, connected, site
from server.tests.presenting.conftest import ask, award, credential, emma, version, wallet
from server.tests.presenting.test_answer import send
from server.tests.wallets.conftest import KEY, METHOD, document_of

import cairn
from cairn import PrivateKey, Verdict, Verifier
from cairn.canonical import to_json
from cairn.did import did_key
from cairn.keys import Algorithm
from cairn.proof import keeping_back
from cairn.testing import FixedSources, key_method
from cairn_server.config import looking_again
from cairn_server.journal.models import Entry
from cairn_server.presenting import dcql, showing
from cairn_server.presenting.models import Presentation, PresentationRequest
from cairn_server.wallets import services, sharing
from cairn_server.wallets.models import HeldCredential, Visibility
from cairn_server.web import backpack, presenting, takeout

__all__ = ["ask", "award", "campus", "connected", "credential", "emma", "site", "version", "wallet"]

pytestmark = pytest.mark.django_db

OWN = (Path(__file__).parents[1] / "wallets" / "own_copy.json").read_bytes()
SECRET = "Repaired the kiln in Ghent by night"
NARRATIVE = "/credentialSubject/narrative"
# How every base proof begins: d9 5d 00 in base64url.
BASE = b"u2V0A"
CURVE_KEY = PrivateKey.generate(Algorithm.P256)


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lena(learner, signed_in, installation):
    return signed_in(learner)


@pytest.fixture
def stranger():
    return Client(headers={"host": "cairn.example"})


def bring(client, data):
    return client.post("/wallet/bring", {"file": [SimpleUploadedFile("badge.json", data)]})


@pytest.fixture
def own(lena):
    response = bring(lena, OWN)
    assert response.status_code == 302, response.content.decode()
    return HeldCredential.objects.get()


def changed(**changes):
    return to_json(json.loads(OWN) | changes)


def test_it_is_kept_as_it_came_and_judged_by_a_copy_of_all_of_it(lena, own):
    assert bytes(own.secured) == OWN.strip() or bytes(own.secured) == OWN
    assert (own.name, own.format, own.source) == ("Kiln keeper", "vc+ld+json", "imported")
    assert own.verdict in ("verified", "verified-with-remarks"), own.report
    assert own.is_own_copy
    assert BASE not in own.for_others
    assert SECRET.encode() in own.for_others
    assert Verifier(FixedSources()).examine(own.for_others, at=MONDAY).accepted

    text = unescape(lena.get(backpack.link_to(own)).content.decode())
    assert "so that you can keep parts of it back" in text
    assert "Never give your own copy away" in text
    # A second time is the same as once.
    bring(lena, OWN)
    assert HeldCredential.objects.count() == 1


def test_it_is_judged_again_by_the_same_copy(lena, own):
    services.note_check(own, backpack.examine(own.for_others, at=MONDAY), by=own.person, at=MONDAY)
    response = lena.post(backpack.link_to(own), {"do": "check"})

    own.refresh_from_db()
    assert response.status_code == 302
    assert own.document is not None
    with pytest.raises(ValueError, match="something else"):
        services.note_check(own, backpack.examine(OWN, at=MONDAY), by=own.person, at=MONDAY)


def test_only_its_holder_gets_it_and_only_for_the_asking(lena, own, outsider, signed_in):
    """B135, B176"""
    file = reverse("wallet-file", args=[own.public_id])

    assert lena.get(file).content == own.for_others
    asked = lena.get(f"{file}?copy=own")
    assert asked.content == bytes(own.secured)
    assert asked["Content-Disposition"].startswith('attachment; filename="my-own-copy-')
    assert asked["Cache-Control"] == "no-store"
    assert signed_in(outsider).get(f"{file}?copy=own").status_code == 404


def test_sites_that_were_let_in_get_the_copy(connected, own):
    """B176"""
    answer = connected.get("/ims/ob/v3p0/credentials")

    assert answer.status_code == 200
    assert own.for_others.strip() in answer.content
    assert BASE not in answer.content


def test_a_site_that_brings_one_is_told_that_it_is_kept_and_reads_the_copy(connected):
    """B176: what it sent it has already; what comes back is what others get."""
    sent = connected.send("/ims/ob/v3p0/credentials", OWN)

    held = HeldCredential.objects.get()
    assert sent.status_code == 201
    assert bytes(held.secured).strip() == OWN.strip()
    assert held.is_own_copy
    assert BASE not in connected.get("/ims/ob/v3p0/credentials").content


def test_links_and_public_pages_give_the_copy(lena, own, stranger, learner):
    """B176"""
    sharing.set_visibility(own, by=learner, to=Visibility.PUBLIC, at=MONDAY)
    _link, token = sharing.open_link(own, by=learner, name="", expires_at=None, at=MONDAY)

    files = [
        reverse("public-file", args=[own.public_id]),
        reverse("shown-file", args=[token, own.public_id]),
    ]
    for file in files:
        for query in ("", "?copy=own"):
            content = stranger.get(file + query).content
            assert content == own.for_others
    pages = [reverse("public-credential", args=[own.public_id]), reverse("shown", args=[token])]
    for page in pages:
        answer = stranger.get(page)
        assert answer.status_code == 200
        assert BASE not in answer.content


def test_the_export_has_it_and_the_record_in_it_the_copy(lena, own):
    data = b"".join(takeout.stream(own.person, language="en", at=MONDAY))

    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.read("credentials/0001.json") == bytes(own.secured)
        assert file.read("to-show/0001.json") == own.for_others
        others = [each for each in file.namelist() if each != "credentials/0001.json"]
        assert not [each for each in others if BASE in file.read(each)]
        assert b"to-show/" in file.read("index.html")
        [record] = [each for each in others if each.startswith("records/")]
        assert b'"proofValue":"u2V0B' in file.read(record).replace(b" ", b"")


# Showing a part


def preview(lena, own, *show, **more):
    said = {"do": "preview", "held": own.public_id, f"parts-{own.public_id}": "1"}
    return lena.post("/wallet/present", said | {f"show-{own.public_id}": list(show)} | more)


def test_what_is_unticked_leaks_nowhere(lena, stranger, own, caplog):
    """Neither from the preview, the reader's page and file, nor from journal or log."""
    caplog.set_level("DEBUG")
    first = lena.post("/wallet/present", {"do": "preview", "held": own.public_id}).content.decode()
    assert f'value="{NARRATIVE}"' in first
    # Everything is ticked; what the issuer made mandatory is not there to be unticked.
    ticks = re.findall(rf'name="show-{own.public_id}" value="([^"]+)"[^>]*?( checked)?>', first)
    assert {pointer for pointer, _ticked in ticks} == set(keeping_back.hideable(json.loads(OWN)))
    assert all(ticked for _pointer, ticked in ticks)

    seen = preview(lena, own, "/name").content.decode()
    face = seen.partition("Show this too")[0]
    assert ("Kiln keeper" in face, SECRET in face) == (True, False)

    made = preview(lena, own, "/name", do="make", until="2026-12-01", reader="Kiln & Co.")
    link = re.search(r"https://cairn\.example(/shown/[A-Za-z0-9_-]{22})", made.content.decode())[1]
    shown, file = stranger.get(link), stranger.get(f"{link}/file")

    secret, row = SECRET.encode(), Presentation.objects.get()
    for data in (shown.content, file.content, bytes(row.secured)):
        assert secret not in data
        assert b"Work 1" not in data
        assert BASE not in data
    assert json.loads(OWN)["credentialSubject"]["achievement"]["name"] in unescape(shown.content.decode())
    assert not [
        each for each in Entry.objects.values_list("details", flat=True) if SECRET in json.dumps(each)
    ]
    assert SECRET not in caplog.text
    report = Verifier(FixedSources()).examine(file.content, at=MONDAY)
    assert report.verdict in (Verdict.VERIFIED, Verdict.REMARKS), report.findings
    assert [part.report.accepted for part in report.parts] == [True]


def test_with_everything_ticked_the_reader_gets_all_of_it_and_no_own_copy(lena, stranger, own):
    made = preview(
        lena, own, *keeping_back.hideable(json.loads(OWN)), do="make", until="2026-12-01"
    ).content.decode()
    link = re.search(r"https://cairn\.example(/shown/[A-Za-z0-9_-]{22})", made)[1]

    file = stranger.get(f"{link}/file").content

    assert (SECRET.encode() in file, BASE in file) == (True, False)


def test_what_cannot_be_kept_back_is_no_part(lena, own):
    """B178"""
    assert preview(lena, own, "/issuer").status_code == 422
    assert preview(lena, own, "/no/such").status_code == 422


def test_too_little_is_said_where_it_is_chosen(lena):
    """B178: of two that a badge needs one of, both unticked: the page says so, and nothing is made."""
    subject = document_of("Glazing")["credentialSubject"]
    del subject["id"]
    subject["identifier"] = [
        {"type": "IdentityObject", "identityHash": each, "identityType": "name", "hashed": False}
        for each in ("Lena", "Lena Lindholm")
    ]
    response = bring(
        lena, made_here(mandatory=("/credentialSubject/achievement",), credentialSubject=subject)
    )
    assert response.status_code == 302, response.context["results"]
    own = HeldCredential.objects.get()
    pieces = keeping_back.hideable(json.loads(bytes(own.secured)))
    assert {"/credentialSubject/identifier/0", "/credentialSubject/identifier/1"} <= set(pieces)

    seen = preview(lena, own)
    made = preview(lena, own, do="make", until="2026-12-01")

    assert (seen.status_code, made.status_code) == (422, 422)
    assert "Show more of it." in unescape(seen.content.decode())
    assert not Presentation.objects.exists()
    # One of the two is enough, and that is what a request that asks for neither gets.
    assert preview(lena, own, "/credentialSubject/identifier/1").status_code == 200
    assert len(showing.enough_of(own, ())) == 1


def test_a_request_gets_what_it_asks_for_and_no_more(ask, own, learner):
    [query] = dcql.for_badges(bound=False)["credentials"]
    claims = [{"path": ["credentialSubject", "achievement", "name"]}, {"path": ["name"]}]
    asked = ask(query={"credentials": [query | {"claims": claims}]})

    send(asked, {query["id"]: own.public_id}, learner)

    row = PresentationRequest.objects.get()
    assert row.accepted, row.findings
    document = row.findings[0]["report"]["document"]
    assert document["name"] == "Kiln keeper"
    assert SECRET not in json.dumps(row.findings)
    assert "evidence" not in document


def test_what_will_be_sent_is_the_very_copy(own):
    found = presenting._preview(showing.Choice(own, frozenset({"/name"})), at=MONDAY)

    assert NARRATIVE in {part.pointer for part in found.parts if not part.shown}
    assert SECRET not in str(found.shown)


# What is no good


def made_here(*, mandatory=(), key=CURVE_KEY, **changes):
    document = document_of("Glazing") | {"validUntil": "2036-01-01T09:00:00Z"}
    document["issuer"] = {**document["issuer"], "id": did_key(CURVE_KEY.public_key)}
    return cairn.sign(
        document | changes,
        key,
        verification_method=key_method(key.public_key),
        at=MONDAY,
        cryptosuite="ecdsa-sd-2023",
        mandatory_pointers=mandatory,
    )


def _broken():
    document = json.loads(OWN)
    document["proof"]["proofValue"] = document["proof"]["proofValue"][:-40]
    return to_json(document)


def _unmatched():
    # The issuer calls mandatory what is not there.
    document = json.loads(made_here(mandatory=("/credentialSubject/narrative",), credentialSubject=_told()))
    del document["credentialSubject"]["narrative"]
    return to_json(document)


def _told():
    return {**document_of("Glazing")["credentialSubject"], "narrative": SECRET}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_broken, "no copy of it can be made"),
        (lambda: OWN.replace(b"by night", b"by day"), "its signature does not match"),
        (lambda: changed(evidence=[]), "no copy of it can be made"),
        (_unmatched, "no copy of it can be made"),
        (lambda: made_here(key=PrivateKey.generate(Algorithm.P256)), "We could not confirm this credential"),
    ],
    ids=["broken", "altered", "less", "unmatched-pointer", "key-of-another"],
)
def test_what_is_no_good_is_not_kept_and_says_why(lena, data, said):
    """B175"""
    response = bring(lena, data())

    assert response.status_code == 422
    text = unescape(response.content.decode())
    assert said in text
    assert SECRET not in text
    assert not HeldCredential.objects.exists()


def test_one_inside_a_record_is_not_kept(lena, learner):
    """B177: whoever is shown the record would have it."""
    record = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "urn:uuid:00000000-0000-4000-8000-0000000000c1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "issuer": {"id": METHOD.partition("#")[0], "type": ["Profile"], "name": "Harbour"},
        "name": "All of it",
        "validFrom": "2026-01-01T09:00:00Z",
        "partial": False,
        "credentialSubject": {
            "id": "urn:uuid:00000000-0000-4000-8000-0000000000c2",
            "type": ["ClrSubject"],
            "verifiableCredential": [json.loads(OWN)],
        },
    }
    signed = cairn.sign(record, KEY, verification_method=METHOD, at=MONDAY)

    response = bring(lena, signed)

    assert response.status_code == 422
    assert "only its holder may have" in unescape(response.content.decode())
    assert not HeldCredential.objects.exists()


def test_it_stands_for_the_copy_that_was_there_before(lena):
    """Parts of it can be kept back, so it is the one that its holder is offered."""
    document = json.loads(OWN)
    bring(lena, keeping_back.derive(document, selective_pointers=keeping_back.EVERYTHING))
    bring(lena, OWN)

    [current] = HeldCredential.objects.current()
    assert current.is_own_copy
    assert HeldCredential.objects.count() == 2


def test_whoever_checks_it_is_told_what_it_is_and_nothing_bad(stranger, db):
    answer = stranger.post("/verify", {"file": SimpleUploadedFile("badge.json", OWN)})

    text = unescape(answer.content.decode())
    assert "This is the holder’s own copy" in text
    assert "ask them for a copy and delete this" in text
    assert "We could not confirm" not in text
    assert (SECRET in text, "Kiln keeper" in text) == (False, False)


def test_what_is_shown_is_looked_at_again(own, learner, monday):
    sharing.set_visibility(own, by=learner, to=Visibility.PUBLIC, at=MONDAY)
    before = own.checked_at
    later = before + 2 * looking_again.EVERY

    assert looking_again.check_what_is_shown(at=later) == 1

    own.refresh_from_db()
    assert (own.checked_at, own.document is not None) == (later, True)

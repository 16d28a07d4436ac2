# SPDX-License-Identifier: Apache-2.0
"""Everything of a person in one file: what is in it, that it verifies, and that it is sent as it is made."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.utils import timezone
from server.tests.issuing.conftest import sources_of
from server.tests.wallets.conftest import signed

import cairn
from cairn.canonical import to_json
from cairn.testing import FixedSources
from cairn_server.accounts.models import Person
from cairn_server.errors import Refusal
from cairn_server.issuing import claiming
from cairn_server.issuing.representations import representation
from cairn_server.organisations import receipts
from cairn_server.wallets import services, taking
from cairn_server.wallets.models import HeldCredential
from cairn_server.web import backpack, takeout
from cairn_server.web.brought import Thing


@pytest.fixture
def ada(person, installation):
    return person("Ada")


@pytest.fixture
def own(award, ada):
    """An award of ours, accepted."""
    made = award()
    claiming.accept(made, by=ada, at=timezone.now())
    return made


@pytest.fixture
def bring(ada):
    def make(name: str = "Glazing", **more) -> HeldCredential:
        done = backpack.bring_in(Thing("file", "badge.json", signed(name, **more)), ada)
        assert done.kept is not None, done.problem
        return done.kept.held

    return make


def taken(who) -> zipfile.ZipFile:
    pieces = takeout.stream(who, language="en", at=timezone.now())
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_the_files_are_exactly_what_was_signed(own, bring, ada):
    brought = bring()
    archive = taken(ada)

    files = {archive.read(name) for name in archive.namelist() if name.startswith("credentials/")}

    assert files == {representation(own, "json")[0], bytes(brought.secured)}
    assert archive.testzip() is None


def test_what_was_awarded_here_is_also_in_its_picture(own, bring, ada):
    bring()
    archive = taken(ada)

    [name] = [name for name in archive.namelist() if name.startswith("pictures/")]

    found = cairn.unbake(archive.read(name))
    assert found == representation(own, "json")[0]


def test_the_learner_record_is_signed_by_this_server_and_each_credential_in_it_verifies(own, bring, ada):
    bring()
    record = taken(ada).read("records/clr-001.json")

    at = timezone.now()
    sources = sources_of(own)
    sources = FixedSources(
        {**sources.answers, "https://cairn.example/.well-known/did.json": to_json(receipts.did_document())}
    )
    report = cairn.Verifier(sources).examine(record, at=at)

    assert report.finding("issuer").details["issuer"] == "did:web:cairn.example"
    assert report.verdict.value in ("verified", "verified-with-remarks"), report.findings
    assert len(report.parts) == 2
    assert all(part.report.verdict.value.startswith("verified") for part in report.parts)
    inside = json.loads(record)["credentialSubject"]["verifiableCredential"]
    assert json.loads(representation(own, "json")[0]) in inside


def test_the_learner_record_fits_the_official_schema(own, bring, ada):
    folder = os.environ.get("CAIRN_VECTORS", "")
    if not folder:
        pytest.skip("CAIRN_VECTORS names no folder with the schemas of 1EdTech")
    from cairn.schemas import SchemaStore

    root = Path(folder) / "1edtech-schemas"
    files = [*root.glob("ob_v3p0/*.json"), *root.glob("clr_v2p0/*.json")]
    store = SchemaStore.of_files({path.name: path.read_bytes() for path in files})
    bring()
    url = "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json"

    record = json.loads(taken(ada).read("records/clr-001.json"))

    assert store.mismatches(url, record) == ()


def test_a_record_is_full_after_some_and_says_that_it_is_a_part(ada, bring, monkeypatch):
    monkeypatch.setattr(taking, "MOST_IN_A_RECORD", 2)
    for number in range(1, 6):
        bring(number=number)
    archive = taken(ada)

    records = [json.loads(archive.read(f"records/clr-00{number}.json")) for number in (1, 2, 3)]

    assert [len(each["credentialSubject"]["verifiableCredential"]) for each in records] == [2, 2, 1]
    assert {each["partial"] for each in records} == {True}
    assert len({each["credentialSubject"]["id"] for each in records}) == 1


def test_one_record_of_everything_is_no_part(ada, bring):
    bring()

    assert json.loads(taken(ada).read("records/clr-001.json"))["partial"] is False


def test_a_token_is_a_file_and_in_no_record_n22(ada, bring):
    bring(form="jwt")

    names = taken(ada).namelist()

    assert "credentials/0001.jwt" in names
    assert not any(name.startswith("records/") for name in names)


def test_without_a_signature_there_is_no_record_and_everything_else(ada, bring, monkeypatch):
    """An unsigned ClrCredential would be a claim of nobody."""
    bring()

    def refuse(*_args, **_more):
        raise Refusal("signer-away", "The signer is away.")

    monkeypatch.setattr(receipts.keys, "own_key", refuse)
    archive = taken(ada)

    assert not any(name.startswith("records/") for name in archive.namelist())
    assert "could not be signed" in archive.read("index.html").decode()
    assert "credentials/0001.json" in archive.namelist()


def test_europass_has_the_same_achievement_in_its_own_words(own, ada):
    found = json.loads(taken(ada).read("europass/0001.json"))

    [claim] = found["credentialSubject"]["hasClaim"]
    assert found["type"] == ["VerifiableCredential", "EuropeanDigitalCredential"]
    assert "proof" not in found
    assert claim["title"] == {"en": ["Ceramics: first firing"]}
    assert claim["awardedBy"]["awardingBody"][0]["legalName"] == {"en": ["Lakeside College"]}
    [outcome] = claim["specifiedBy"]["learningOutcome"]
    assert outcome["relatedESCOSkill"][0]["id"] == "http://data.europa.eu/esco/skill/1"
    assert claim["specifiedBy"]["eqfLevel"]["id"].startswith("http://data.europa.eu/snb/eqf/5")
    assert own.address("https://cairn.example") in json.dumps(claim["additionalNote"])


def test_the_page_opens_without_a_network_and_leads_to_every_file(own, bring, ada):
    bring("<script>alert(1)</script>")
    archive = taken(ada)
    page = archive.read("index.html").decode()

    class Links(HTMLParser):
        def __init__(self):
            super().__init__()
            self.links, self.loads = [], []

        def handle_starttag(self, tag, attributes):
            named = dict(attributes)
            if tag == "a":
                self.links.append(named["href"])
            if "src" in named or tag in ("script", "link", "img", "iframe"):
                self.loads.append(tag)

    found = Links()
    found.feed(page)

    assert set(found.links) == set(archive.namelist()) - {"index.html"}
    assert found.loads == []  # B119: what a stranger typed is text
    assert "&lt;script&gt;" in page


def test_it_is_sent_piece_by_piece(ada, bring):
    """Nothing waits for the end: the first credential leaves before the last is read."""
    for number in range(1, 8):
        bring(number=number)

    pieces = [len(piece) for piece in takeout.stream(ada, language="en", at=timezone.now()) if piece]

    assert len(pieces) >= 9
    assert max(pieces) < sum(pieces) / 2


def test_memory_does_not_grow_with_the_wallet(ada, bring, monkeypatch):
    """What is added for each is its place in the table of the ZIP, and no document."""
    monkeypatch.setattr(taking, "MOST_IN_A_RECORD", 5)
    held = bring()
    peaks = []
    for count in (40, 400):
        rows = []
        for number in range(HeldCredential.objects.count(), count):
            secured = signed(number=number + 1)
            rows.append(
                HeldCredential(
                    person=ada, issuer_id=held.issuer_id, credential_id=f"urn:x:{number}", name="Glazing",
                    format=held.format, secured=secured, sha256=f"{number:064}", document=held.document,
                    source="imported", received_at=timezone.now(),
                )
            )  # fmt: skip
        HeldCredential.objects.bulk_create(rows)
        for _piece in takeout.stream(ada, language="en", at=timezone.now()):
            pass  # what is loaded once is loaded
        tracemalloc.start()
        for _piece in takeout.stream(ada, language="en", at=timezone.now()):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] - peaks[0] < 360 * 4_000, peaks


def test_the_download_is_a_stream_and_not_kept(ada, bring, signed_in):
    bring()

    answer = signed_in(ada).post("/account/data")

    assert answer.streaming
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.zip"'
    assert zipfile.ZipFile(io.BytesIO(answer.getvalue())).testzip() is None


def test_b149_downloads_are_limited(ada, signed_in):
    client = signed_in(ada)

    statuses = [client.post("/account/data").status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]


def test_b135_it_is_ones_own(own, learner):
    archive = taken(learner)

    assert json.loads(archive.read("data.json"))["wallet"] == []
    assert own.public_id not in "".join(archive.read(name).decode() for name in archive.namelist())
    assert services.held_by(Person.objects.get(pk=learner.pk)).count() == 0

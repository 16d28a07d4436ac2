# SPDX-License-Identifier: Apache-2.0
"""The schemas of an installation: read at the start, applied on /verify and by the API."""

import json
import sys
from datetime import timedelta
from hashlib import sha256

import pytest
from django.core import checks

from cairn.errors import MalformedError
from cairn.proof import sign
from cairn.testing import NOON, demo_key, key_method, sample_credential
from cairn_server.config import schemas

URL = "https://schemas.example/knots.json"
LAST_WEEK = NOON - timedelta(days=600)


@pytest.fixture(autouse=True)
def nothing_read_yet():
    schemas._read.clear()
    yield
    schemas._read.clear()


@pytest.fixture
def folder(tmp_path, settings):
    """A folder with one schema and its digest, chosen by the operator."""
    settings.SCHEMAS = str(tmp_path)
    settings.TRUST_LISTS = []
    put(tmp_path, required="awardedDate")
    return tmp_path


def put(folder, *, required):
    data = json.dumps({"$id": URL, "type": "object", "required": [required]}).encode()
    (folder / "knots.json").write_bytes(data)
    (folder / "SHA256SUMS").write_text(f"{sha256(data).hexdigest()}  knots.json\n")


def errors():
    return [problem for problem in checks.run_checks() if problem.id == "cairn.E013"]


def signed():
    document = sample_credential(valid_from=LAST_WEEK).to_document()
    document["credentialSchema"] = [{"id": URL, "type": "JsonSchema"}]
    return sign(document, demo_key(), verification_method=key_method(demo_key().public_key), at=LAST_WEEK)


def test_without_a_folder_there_are_none(settings):
    settings.SCHEMAS = ""

    assert schemas.store() is None
    assert errors() == []


def test_a_folder_is_read_once(folder):
    assert errors() == []
    first = schemas.store()
    (folder / "knots.json").unlink()

    assert schemas.store() is first
    assert first.get(URL) is not None


def test_a_schema_that_was_changed_is_found_at_the_start(folder):
    (folder / "knots.json").write_text(json.dumps({"$id": URL}))

    (problem,) = errors()
    assert "knots.json is not the file that SHA256SUMS names" in problem.msg
    with pytest.raises(MalformedError, match="schema-digest"):
        schemas.store()


def test_a_folder_that_is_empty_or_not_there_is_found_at_the_start(folder, settings):
    (folder / "knots.json").unlink()
    assert "There is no schema in" in errors()[0].msg

    settings.SCHEMAS = str(folder / "gone")
    assert "gone" in errors()[0].msg


def test_the_missing_package_is_named_at_the_start(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)

    (problem,) = errors()
    assert "pip install 'opencairn[schemas]'" in problem.msg


@pytest.mark.django_db
@pytest.mark.parametrize(("required", "outcome"), [("awardedDate", "passed"), ("grade", "failed")])
def test_the_api_applies_them(folder, client, required, outcome):
    put(folder, required=required)

    answer = client.post("/api/v1/verify", data=signed(), content_type="application/json").json()

    found = {each["check"]: each for each in answer["findings"]}
    assert found["schema"]["outcome"] == outcome
    assert found["signature"]["outcome"] == "passed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("required", "said"),
    [("awardedDate", "It fits the schema"), ("grade", "It does not fit the schema")],
)
def test_the_page_applies_them(folder, client, required, said):
    put(folder, required=required)

    page = client.post("/verify", {"text": signed().decode()}).content.decode()

    assert said in page


@pytest.mark.django_db
def test_without_a_folder_a_schema_of_its_own_is_unknown(client, settings):
    settings.SCHEMAS, settings.TRUST_LISTS = "", []

    answer = client.post("/api/v1/verify", data=signed(), content_type="application/json").json()

    found = {each["check"]: each for each in answer["findings"]}
    assert (found["schema"]["code"], found["schema"]["decides"]) == ("unknown-schema", False)

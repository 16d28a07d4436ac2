# SPDX-License-Identifier: Apache-2.0
"""Programs that we did not write say that an award of ours is genuine (test-only peers)."""

from __future__ import annotations

from datetime import UTC, datetime

import openvc
import pytest
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3 import OB3LdpVerifier, OB3Verifier

from cairn.canonical import contexts, parse_json
from cairn_server.issuing import services, status_lists
from cairn_server.issuing.representations import representation
from cairn_server.organisations.models import Installation

OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
ORIGIN = "http://127.0.0.1:8000"
# The peers read the real clock, so what they judge is awarded by it.
NOW = datetime.now(UTC)


@pytest.fixture
def own_key(installation):
    """An installation whose issuers are their keys (did:key), so that the peers need no network."""
    Installation.objects.update(public_url=ORIGIN)


@pytest.fixture
def record(own_key, award):
    texts = {"narrative": "Zoë fired it twice.", "grade": "A+", "evidence_url": "https://portfolio.example/1"}
    return award(at=NOW, **texts)


def lists_of(credential):
    public_id = credential.status_list.public_id
    return {f"{ORIGIN}/s/{public_id}": status_lists.status_list_credential(public_id, "revocation", at=NOW)}


def by_openvc(credential, document):
    extra = {OB: contexts.PINNED[OB].read()}

    def status_list(url):
        listed = parse_json(lists_of(credential)[url])
        return openvc.verify_credential(listed, extra_contexts=extra).credential

    return openvc.verify_credential(document, resolve_status_list=status_list, extra_contexts=extra)


def test_openvc_verifies_the_record_and_its_status(record):
    document = parse_json(representation(record, "json")[0])

    assert by_openvc(record, document).credential["id"] == document["id"]


def test_openvc_refuses_a_changed_record(record):
    document = parse_json(representation(record, "json")[0])
    document["credentialSubject"]["narrative"] = "Zoë fired it thrice."

    with pytest.raises(openvc.OpenvcError):
        by_openvc(record, document)


def test_openvc_sees_that_it_was_revoked(record, issuer):
    services.revoke(record, by=issuer, reason="Awarded in error.", at=NOW)

    with pytest.raises(openvc.OpenvcError):
        by_openvc(record, parse_json(representation(record, "json")[0]))


@pytest.mark.parametrize("form", ["json", "png", "svg"])
def test_openbadgeslib_verifies_record_and_pictures(record, form):
    carried = representation(record, form)[0]
    if form == "png":
        carried = OB3Verifier.extract_token_from_png(carried).encode()
    elif form == "svg":
        carried = OB3Verifier.extract_token_from_svg(carried).encode()

    OB3LdpVerifier().verify(carried)


def test_openbadgeslib_verifies_the_token(record):
    token = representation(record, "jwt")[0].decode()
    verifier = OB3Verifier.for_issuer_did(record.organisation.did)

    verifier.verify(token)
    with pytest.raises(LibOpenBadgesException):
        verifier.verify(token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8))

# SPDX-License-Identifier: Apache-2.0
"""The fingerprint of a certificate, and whether it covers every word."""

import json
import time
from hashlib import sha256

import pytest
from blockchain import certificate_2, certificate_3, fingerprint, normalised
from old_badges import without

from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.legacy.fingerprint import Fit, fit
from cairn.legacy.merkle import read_2019

SAID_2 = without(certificate_2()[0], signature=...)
SAID_3 = without(certificate_3()[0], proof=...)


@pytest.mark.parametrize("document", [SAID_2, SAID_3], ids=["2", "3"])
def test_a_certificate_has_the_fingerprint_that_other_programs_have_for_it(document):
    assert fit(document, fingerprint(document)) is Fit.WHOLE


@pytest.mark.parametrize(
    ("document", "place", "value"),
    [
        (SAID_2, ("badge", "name"), "Doctor"),
        (SAID_2, ("recipient", "identity"), "mallory@example.org"),
        (SAID_2, ("recipientProfile", "name"), "Mallory"),
        (SAID_2, ("issuedOn",), "2001-06-29T14:58:57Z"),
        (SAID_2, ("expires",), "2031-06-29T14:58:57Z"),
        (SAID_3, ("credentialSubject", "name"), "Mallory"),
        (SAID_3, ("issuer",), "https://evil.example/issuer"),
        (SAID_3, ("expirationDate",), "2031-06-29T14:58:57Z"),
    ],
)
def test_b75_whatever_is_changed_the_fingerprint_is_another(document, place, value):
    changed = json.loads(json.dumps(document))
    *parents, name = place
    inside = changed
    for each in parents:
        inside = inside[each]
    inside[name] = value

    assert fit(changed, fingerprint(document)) is Fit.NONE


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        # A relative id takes everything that is said of the subject out of the graph.
        ({"credentialSubject": {"id": "recipients-id", "name": "Sandy Beach"}}, "relative id"),
        ({"credentialSubject": {"id": "did:example:zoe", "rank": "Admiral"}}, "a word of the fallback"),
        ({"credentialSubject": {"id": "did:example:zoe", "name": None}}, "null"),
    ],
)
def test_b23_what_a_fingerprint_does_not_cover_is_found(changes, meant):
    document = {**SAID_3, **changes}

    assert fit(document, fingerprint(document)) is Fit.IN_PART, meant


def test_the_forged_name_that_no_fingerprint_covers():
    """jsonld.js #477: with a relative id the name may say anything, and the hash stays what it was."""
    honest = {**SAID_3, "credentialSubject": {"id": "recipients-id", "name": "Sandy Beach"}}
    forged = {**SAID_3, "credentialSubject": {"id": "recipients-id", "name": "Mallory Forger"}}

    assert fingerprint(honest) == fingerprint(forged)
    assert fit(forged, fingerprint(honest)) is Fit.IN_PART


def test_b24_words_that_a_certificate_brings_itself_are_told():
    words = {"rank": {"@id": "https://harbour.example/rank"}}
    document = {
        **SAID_3,
        "@context": [*SAID_3["@context"], words],
        "credentialSubject": {"id": "did:example:zoe", "rank": "Admiral"},
    }

    assert fit(document, fingerprint(document)) is Fit.OWN_WORDS
    vocabulary = {**document, "@context": [*SAID_3["@context"], {"@vocab": "https://harbour.example/"}]}
    [*known, _] = vocabulary["@context"]
    assert fit(vocabulary, fingerprint({**vocabulary, "@context": known})) is Fit.NONE


def test_b39_each_spelling_of_control_characters_is_known():
    """RDFC-1.0 writes escapes, PyLD only for the tab, other programs none; the certificate is the same."""
    said = "Tab\there, bell\x07, delete\x7f, back\\slash, line\nfeed"
    document = {**SAID_3, "credentialSubject": {"id": "did:example:zoe", "claim": said}}
    by_pyld = normalised(document)
    plain = by_pyld.replace("\\t", "\t")
    escaped = by_pyld.replace("\x07", "\\u0007").replace("\x7f", "\\u007F")

    assert len({by_pyld, plain, escaped}) == 3
    assert fit(document, sha256(escaped.encode()).hexdigest()) is Fit.WHOLE
    assert fit(document, sha256(by_pyld.encode()).hexdigest()) is not Fit.NONE
    assert fit(document, sha256(plain.encode()).hexdigest()) is not Fit.NONE
    assert fit(document, sha256(plain.replace("bell", "belt").encode()).hexdigest()) is Fit.NONE


@pytest.mark.parametrize(
    ("context", "code"),
    [
        ("https://evil.example/context", "unknown-context"),
        ({"@import": "https://evil.example/context"}, "inline-context"),
        ({"name": {"@id": "https://schema.org/name", "@context": {}}}, "inline-context"),
        ({f"word{number}": f"https://a.example/{number}" for number in range(300)}, "limit-contexts"),
        (7, "limit-contexts"),
    ],
)
def test_b34_b35_nothing_is_fetched_and_little_is_processed(context, code):
    document = {**SAID_3, "@context": [*SAID_3["@context"], context]}

    with pytest.raises(CairnError) as error:
        fit(document, "0" * 64)

    assert error.value.code == code


def test_b33_contexts_named_over_and_over_are_not_processed():
    document = {**SAID_3, "@context": SAID_3["@context"] + ["https://w3id.org/blockcerts/v3"] * 15}

    with pytest.raises(MalformedError) as error:
        fit(document, "0" * 64)

    assert error.value.code == "limit-contexts"


def test_b28_a_context_in_a_part_is_not_processed():
    document = {**SAID_3, "credentialSubject": {"id": "did:example:zoe", "@context": {"name": "https://x/y"}}}

    with pytest.raises(UnsupportedError) as error:
        fit(document, "0" * 64)

    assert error.value.code == "inline-context"


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ([{"name": str(number)} for number in range(100)], "limit-blank-nodes"),
        ([str(number) for number in range(2_000)], "limit-count"),
        ({"@id": "did:example:a", "@index": 7}, "json-ld"),
    ],
)
def test_b33_what_would_take_long_is_refused_before_it_is_done(subject, code):
    started = time.monotonic()

    with pytest.raises(MalformedError) as error:
        fit({**SAID_3, "credentialSubject": subject}, "0" * 64)

    assert error.value.code == code
    assert time.monotonic() - started < 2


def test_published_certificates_have_the_fingerprints_in_their_proofs(shared_vectors, subtests):
    """Every fixture that has a Merkle proof and contexts that we have: nine files, eleven proofs."""
    seen = 0
    for path in sorted((shared_vectors("blockcerts") / "v3").glob("*.json")):
        document = json.loads(path.read_text())
        listed = document["proof"] if isinstance(document["proof"], list) else [document["proof"]]
        said = without(document, proof=...)
        for place, proof in enumerate(listed):
            merkle = proof["type"] == "MerkleProof2019" or proof.get("cryptosuite") == "merkle-proof-2019"
            if (
                not merkle or path.name == "blockcerts-3.0-alpha.json"
            ):  # needs the W3C's example context of 1.1
                continue
            about = {**said, "proof": listed[:place]} if isinstance(document["proof"], list) else said
            found = read_2019(proof["proofValue"])
            with subtests.test(f"{path.name} {place}"):
                assert fit(about, found.target) in (Fit.IN_PART, Fit.OWN_WORDS)
                assert found.leads_to_root()
                changed = {**about, "issuer": "https://evil.example/issuer"}
                assert fit(changed, found.target) is Fit.NONE
            seen += 1
    assert seen == 11


def test_a_fingerprint_is_of_the_graph_not_of_the_text():
    shuffled = dict(reversed(SAID_3.items()))

    assert fit(shuffled, fingerprint(SAID_3)) is Fit.WHOLE
    assert fit(SAID_3, sha256(json.dumps(SAID_3).encode()).hexdigest()) is Fit.NONE


def test_a_name_that_could_be_read_in_two_ways_is_never_covered():
    """With "<" and ">" in a name one text could be the quads of two documents."""
    document = {**SAID_3, "credentialSubject": {"id": "did:example:a> <b", "name": "Zo\u00eb"}}

    assert fit(document, fingerprint(document)) is Fit.IN_PART

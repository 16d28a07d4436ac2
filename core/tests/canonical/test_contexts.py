# SPDX-License-Identifier: Apache-2.0
"""The pinned contexts are what they were when they were pinned, and nothing else is known."""

import dataclasses
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib import resources

import pytest

from cairn.canonical import CONFORMANCE, PINNED, context_problems, contexts, jcs, old_contexts
from cairn.errors import UnavailableError, UnsupportedError

FILES = resources.files("cairn") / "contexts"
VC = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

# The published text of each pin, in the folders of ../shared/vectors.
PUBLISHED = {
    "credentials-v2.jsonld": "w3c-contexts/credentials-v2.jsonld",
    "ob-v3p0-3.0.3.json": "1edtech-ob3-spec/contexts/context-3.0.3.published-3d34f4d4.json",
    "ob-v3p0-extensions.json": "1edtech-contexts/ob-v3p0-extensions.json",
    "clr-v2p0-2.0.1.json": "1edtech-contexts/clr-v2p0-2.0.1.json",
    "credentials-v1.jsonld": "w3c-contexts/credentials-v1.jsonld",
    "ob-v3p0-3.0.2.json": "1edtech-ob3-spec/contexts/context-3.0.2.json",
    "ob-v3p0-3.0.1.json": "1edtech-ob3-spec/contexts/context-3.0.1.json",
    "ob-v3p0.json": "1edtech-ob3-spec/contexts/context.json",
    "clr-v2p0.json": "1edtech-contexts/clr-v2p0.json",
    "data-integrity-v1.jsonld": "w3c-contexts/vc-data-integrity/data-integrity/v1",
    "data-integrity-v2.jsonld": "w3c-contexts/vc-data-integrity/data-integrity/v2",
    "multikey-v1.jsonld": "w3c-contexts/vc-data-integrity/multikey/v1",
    "jwk-v1.jsonld": "w3c-contexts/vc-data-integrity/jwk/v1",
    "ed25519-2020-v1.jsonld": "1edtech-contexts/security-suites-ed25519-2020-v1.jsonld",
    "did-v1.jsonld": "1edtech-contexts/did-v1.jsonld",
    "openbadges-v2.json": "1edtech-contexts/ob-v2p0.json",
    "credentials-examples-v2.jsonld": "w3c-contexts/credentials-examples/v2",
}
# Not among the published files beside the repository; its bytes are those of the registry package.
FROM_A_PACKAGE_ONLY = {
    "vc-status-list-2021-v1.jsonld",
    "citizenship-v4rc1.jsonld",
    "vdl-v1.jsonld",
    "vdl-aamva-v1.jsonld",
    *(f"blockcerts-{version}.json" for version in ("2.0", "2.1", "3.0-beta", "3.0", "3.1", "3.2")),
}
# Written from the terms of the specification: a handful of names, and no published file to compare with.
FROM_THE_TEXT_ONLY = {"did-configuration-v1.jsonld"}
# Published by nobody else: its name is the digest of its bytes.
OURS = {"verification-receipt-v1.json"}


@pytest.mark.parametrize("context", CONFORMANCE.values(), ids=lambda context: context.file)
def test_each_file_has_its_two_digests(context):
    text = (FILES / context.file).read_bytes()

    assert sha256(text).hexdigest() == context.digest
    assert sha256(jcs(context.read())).hexdigest() == context.jcs_digest


def test_each_file_says_the_same_as_the_published_text(shared_vectors, subtests):
    known = PUBLISHED.keys() | FROM_A_PACKAGE_ONLY | FROM_THE_TEXT_ONLY | OURS
    assert known == {context.file for context in CONFORMANCE.values()}

    for context in CONFORMANCE.values():
        if context.file in FROM_A_PACKAGE_ONLY | FROM_THE_TEXT_ONLY | OURS:
            continue
        folder, _, path = PUBLISHED[context.file].partition("/")
        with subtests.test(context.url):
            published = (shared_vectors(folder) / path).read_bytes()
            document = contexts.parse_json(published)

            assert sha256(jcs(document)).hexdigest() == context.jcs_digest


def test_the_digest_printed_in_the_recommendation_is_the_one_of_our_file():
    assert PINNED[VC].digest == "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"


def test_n3_the_published_text_of_open_badges_3_0_3_is_the_one_we_ship():
    assert PINNED[OB].digest == "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84"
    assert b"endorsementJwt" in jcs(contexts.load(OB))


def test_n29_the_unversioned_names_are_their_own_text():
    base = "https://purl.imsglobal.org/spec/ob/v3p0/"

    assert contexts.load(base + "context.json") == contexts.load(base + "context/ob_v3p0.jsonld")
    assert contexts.load(base + "context.json") != contexts.load(OB)
    assert PINNED[base + "context.json"].old


def test_a_context_of_our_own_is_named_by_the_digest_of_its_bytes():
    """RFC 6920 §3: whoever has the bytes can see that they are the right ones."""
    digest = urlsafe_b64encode(bytes.fromhex(contexts.RECEIPT.digest)).decode().rstrip("=")

    assert contexts.RECEIPT.url == f"ni:///sha-256;{digest}"
    assert PINNED[contexts.RECEIPT.url] is contexts.RECEIPT


def test_an_altered_file_is_refused_when_it_is_read():
    altered = dataclasses.replace(PINNED[VC], digest="0" * 64)

    with pytest.raises(UnavailableError, match=r"credentials-v2\.jsonld has SHA-256 59955c.*context-altered"):
        altered.read()


def test_what_is_read_belongs_to_the_reader():
    contexts.load(VC)["@context"]["name"] = "https://example.org/other"

    assert contexts.load(VC)["@context"]["name"] == "https://schema.org/name"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/unknown",
        "http://www.w3.org/ns/credentials/v2",
        VC + "/",
        VC + "#",
        "file:///etc/passwd",
        "http://127.0.0.1/context",
        "",
    ],
)
def test_b26_b35_a_context_by_another_name_is_unknown(url):
    with pytest.raises(UnsupportedError, match="unknown-context"):
        contexts.load(url)
    assert context_problems({"@context": [VC, url]}) == (url,)


def test_known_contexts_are_no_problem():
    assert context_problems({"@context": [VC, OB]}) == ()
    assert context_problems({"@context": VC}) == ()


def test_the_examples_context_is_known_to_conformance_runs_only():
    document = {"@context": [VC, contexts.EXAMPLES.url]}

    assert context_problems(document) == (contexts.EXAMPLES.url,)
    assert context_problems(document, contexts=CONFORMANCE) == ()


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"@context": [VC, {"name": "https://example.org/n"}]}, "inline context at @context[1]"),
        ({"@context": [VC, {"@vocab": "https://example.org/"}]}, "inline context at @context[1]"),
        ({"@context": {"@import": VC}}, "inline context at @context"),
        ({"@context": [VC, None]}, "inline context at @context[1]"),
        ({"@context": [VC, [OB]]}, "inline context at @context[1]"),
        ({"@context": None}, "inline context at @context"),
        ({"@context": []}, "inline context at @context"),
        ({"type": "x"}, "inline context at @context"),
        ({"@context": [VC], "proof": {"@context": VC}}, "inline context at proof.@context"),
        ({"@context": [VC], "a": [{"b": {"@context": None}}]}, "inline context at a[0].b.@context"),
    ],
)
def test_b24_b28_inline_and_nested_contexts_are_named_with_their_place(document, problem):
    assert context_problems(document) == (problem,)


def test_b28_a_contained_credential_may_name_known_contexts():
    def presentation(*entries):
        inner = {"@context": list(entries), "type": ["VerifiableCredential"]}
        return {"@context": [VC], "verifiableCredential": [inner]}

    assert context_problems(presentation(VC, OB)) == ()
    assert context_problems(presentation(VC, "urn:x")) == ("urn:x",)
    assert context_problems(presentation(VC, {})) == (
        "inline context at verifiableCredential[0].@context[1]",
    )


@pytest.mark.parametrize(
    "whole",
    [
        *("VerifiableCredential", "VerifiablePresentation"),
        *("EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation"),
    ],
)
def test_b28_so_may_whatever_is_whole(whole):
    for types in (whole, ["Other", whole]):
        assert context_problems({"@context": [VC], "x": {"@context": VC, "type": types}}) == ()
    assert context_problems({"@context": [VC], "x": {"@context": VC, "type": ["Other"]}})


def test_the_contexts_of_a_suite_may_have_contexts_inside_their_terms():
    scoped = {"word": {"@id": "urn:x:1", "@context": {"other": "urn:x:2"}}}

    assert context_problems({"@context": [VC, scoped]}, contexts=contexts.SuiteContexts()) == ()


def test_what_is_neither_an_object_nor_a_list_holds_no_context():
    assert context_problems({"@context": [VC], "x": ("@context", VC), "y": b"@context"}) == ()


def test_b73_the_proof_of_a_jcs_suite_holds_a_copy_of_the_contexts():
    def document(cryptosuite: str, *entries: object) -> dict:
        proof = {"type": "DataIntegrityProof", "cryptosuite": cryptosuite, "@context": list(entries)}
        return {"@context": [VC], "proof": proof}

    assert context_problems(document("eddsa-jcs-2022", VC)) == ()
    assert context_problems(document("eddsa-jcs-2022", VC, {})) == ("inline context at proof.@context[1]",)
    assert context_problems(document("eddsa-rdfc-2022", VC)) == ("inline context at proof.@context",)


def test_each_problem_is_named_once_and_in_order():
    document = {"@context": ["urn:b", "urn:a", "urn:b"], "x": {"@context": 1}}

    assert context_problems(document) == ("urn:b", "urn:a", "inline context at x.@context")


def test_old_contexts_are_named_for_the_report():
    old = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json"

    assert old_contexts({"@context": [VC, old, "urn:x"]}) == (old,)
    assert old_contexts({"@context": [VC, OB]}) == ()


@pytest.mark.parametrize("url", PINNED)
def test_s4_no_pinned_context_gives_meaning_to_undefined_terms_or_redirects(url):
    """What `json_ld` relies on: no default vocabulary, base or language, and no reference to another file."""

    def check(context):
        assert not {"@vocab", "@base", "@language", "@direction", "@import", "@propagate"} & context.keys()
        for definition in context.values():
            if isinstance(definition, dict):
                assert not {"@reverse", "@nest", "@index", "@direction"} & definition.keys()
                scoped = definition.get("@context")
                assert not isinstance(scoped, str | list)
                if scoped:
                    check(scoped)

    document = contexts.load(url)["@context"]

    assert document
    check(document)


def test_the_readme_records_every_file():
    rows = re.findall(
        r"^\| `(\S+)` \| `(\S+)` \| (.+?) \| (.+?) \| `([0-9a-f]{64})` \| `([0-9a-f]{64})` \| (.*?) ?\|$",
        (FILES / "README.md").read_text(),
        re.MULTILINE,
    )

    assert {(row[0], row[1], row[4], row[5]) for row in rows} == {
        (context.url, context.file, context.digest, context.jcs_digest) for context in CONFORMANCE.values()
    }
    assert {row[0] for row in rows if row[6].startswith("old")} == {
        context.url for context in PINNED.values() if context.old
    }
    shipped = {entry.name for entry in FILES.iterdir()} - {"README.md"}
    assert shipped == {context.file for context in CONFORMANCE.values()}

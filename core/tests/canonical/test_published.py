# SPDX-License-Identifier: Apache-2.0
"""The digests of published contexts, recomputed from the texts that we and the vectors have."""

import hashlib
import json
from base64 import b64decode, b64encode
from importlib import resources

from cairn.canonical import PINNED, jcs
from cairn.canonical.published import PUBLISHED

ALGORITHMS = {"sha256": 32, "sha384": 48, "sha512": 64}


def digests_of(text):
    return {f"{name}-{b64encode(hashlib.new(name, text).digest()).decode()}" for name in ALGORITHMS}


def test_each_digest_has_the_length_of_its_hash_and_each_text_has_all_three():
    for digests in PUBLISHED.values():
        lengths = [(digest.partition("-")[0], len(b64decode(digest.partition("-")[2]))) for digest in digests]
        assert set(lengths) == set(ALGORITHMS.items())
        assert len(lengths) % len(ALGORITHMS) == 0


def test_only_contexts_that_we_know_are_listed():
    assert set(PUBLISHED) <= set(PINNED)


def test_a_context_that_we_ship_as_it_was_published_is_listed_so():
    as_published = {
        url
        for url, context in PINNED.items()
        if digests_of(resources.files("cairn").joinpath("contexts", context.file).read_bytes())
        <= PUBLISHED.get(url, frozenset())
    }

    assert "https://www.w3.org/ns/credentials/v2" in as_published
    assert "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json" in as_published
    assert len(as_published) >= 9


def test_every_digest_belongs_to_a_text_that_we_have_seen(shared_vectors):
    """A listed text says what the pinned one says, or is the one earlier text that we know of (N2)."""
    root = shared_vectors("w3c-contexts").parent
    texts = [
        path.read_bytes()
        for folder in ("w3c-contexts", "1edtech-contexts", "1edtech-ob3-spec/contexts")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and b"@context" in path.read_bytes()[:4000]
    ]
    texts += [
        resources.files("cairn").joinpath("contexts", context.file).read_bytes()
        for context in PINNED.values()
    ]
    earlier = "24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9"
    for url, digests in PUBLISHED.items():
        seen = [text for text in texts if digests_of(text) <= digests]
        assert set().union(*map(digests_of, seen)) == digests, url
        for text in seen:
            means = hashlib.sha256(jcs(json.loads(text))).hexdigest()
            assert means == PINNED[url].jcs_digest or hashlib.sha256(text).hexdigest() == earlier

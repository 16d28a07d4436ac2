# SPDX-License-Identifier: Apache-2.0
"""The JSON-LD contexts that we know, pinned by digest.

A context decides what a signed word means, so it is never fetched and never trusted by its URL: the
table below is everything that is ever processed. The files lie in ``cairn/contexts``; where they come
from and under which licence is written in the README beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from types import MappingProxyType
from typing import Any

from cairn.canonical.strict_json import parse_json
from cairn.errors import UnavailableError, UnsupportedError


@dataclass(frozen=True, slots=True)
class Context:
    """One context: the name documents use, and the text that this name means here."""

    url: str
    file: str
    digest: str
    """SHA-256 of the file's bytes, checked whenever the file is read."""
    jcs_digest: str
    """SHA-256 of its JCS form: the pin for comparing a stranger's copy, whatever its white space."""
    old: bool = False
    """An earlier text of a specification, kept to verify what was signed under it."""

    def read(self) -> dict[str, Any]:
        """The parsed file, freshly made; `UnavailableError` when its bytes are not the pinned ones."""
        text = resources.files("cairn").joinpath("contexts", self.file).read_bytes()
        found = sha256(text).hexdigest()
        if found != self.digest:
            raise UnavailableError(
                "context-altered",
                f"contexts/{self.file} has SHA-256 {found}; {self.url} is pinned to {self.digest}."
                " The installation is damaged: install the package again.",
            )
        return parse_json(text)


_OB = "https://purl.imsglobal.org/spec/ob/v3p0/"
_CLR = "https://purl.imsglobal.org/spec/clr/v2p0/"
_OB_UNVERSIONED = (
    "ob-v3p0.json",
    "29cd36f881eba62ecdbb6db519c05a0a386006865b13e88090c47b891bf2db4b",
    "2c54acaa1cffda2420be32ab61f0a2082051211131c6337686f36f2537aa859b",
)

_TABLE = (
    # To issue with, and to verify.
    Context(
        "https://www.w3.org/ns/credentials/v2",
        "credentials-v2.jsonld",
        "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
        "b463c8d6a066214123ddd9827b135e1b50e1fc73322cc52a9b12a4f1fc7d86cf",
    ),
    Context(
        _OB + "context-3.0.3.json",
        "ob-v3p0-3.0.3.json",
        "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84",
        "04b1136ddc4eda9a8966bc7ef182789f233a26739473140ef75d6968c29a2966",
    ),
    Context(
        _OB + "extensions.json",
        "ob-v3p0-extensions.json",
        "a88f9da1d2b49d1b400494684acc81caa2360b779602093e2a28c1d3cef87759",
        "15f4c347c6fe4380d9b6b93795859e33747ef48d5c55b91a71c52fb51c7bcbd7",
    ),
    Context(
        _CLR + "context-2.0.1.json",
        "clr-v2p0-2.0.1.json",
        "880f1902d4158f2f33ce06af41b90719977cd1ea337a9de2e41edb3ff5e543d6",
        "7defe702c102faf14108579b7d65ef39ecf4c3bbef925b803e15bd77cd6e3394",
    ),
    # To verify what others issued.
    Context(
        "https://www.w3.org/2018/credentials/v1",
        "credentials-v1.jsonld",
        "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc",
        "b01e671e873981f19a9102a9a57f666dbcaeb31b99e3e124378d143e71549247",
    ),
    Context(
        _OB + "context-3.0.2.json",
        "ob-v3p0-3.0.2.json",
        "00666ad080ba407687ed1846b7f5e7495f5019042b202a727de47c48a1755c53",
        "bdd1d11a55a660322f24660862a1d430ee80cce584465f750909daa43684357c",
        old=True,
    ),
    Context(
        _OB + "context-3.0.1.json",
        "ob-v3p0-3.0.1.json",
        "8ba8f99a0d705db3faa91919a951666efdbecfc879c053d8fed75f5c47daf639",
        "8bb2354552b70cbdf2066f6d3e24bc5c2be2619145737580ad2aebdc366e77d5",
        old=True,
    ),
    # The unversioned names are not aliases of the newest text: they mean an older, unprotected one.
    Context(_OB + "context.json", *_OB_UNVERSIONED, old=True),
    Context(_OB + "context/ob_v3p0.jsonld", *_OB_UNVERSIONED, old=True),
    Context(
        _CLR + "context.json",
        "clr-v2p0.json",
        "0f5563720c6bad3f0b6390b9c12f11447d6a24ac281222fcdaba964df99375e3",
        "a2dd0c0c07434663b7b54a51dd8a3363f6d5c420efa87e3d97b4ef8661596d44",
        old=True,
    ),
    Context(
        "https://w3id.org/security/data-integrity/v1",
        "data-integrity-v1.jsonld",
        "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554",
        "9505bf85338a4c2121ad03992ac90061bc85d43bcfa34d9d47b779381cf08b5f",
    ),
    Context(
        "https://w3id.org/security/data-integrity/v2",
        "data-integrity-v2.jsonld",
        "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
        "7ba3c50acf2689d5e07927267343eb353249c7c22a9f2d00307cc970e855e305",
    ),
    Context(
        "https://w3id.org/security/multikey/v1",
        "multikey-v1.jsonld",
        "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597",
        "be20c3ee6af6e9c4102e66a85c26617831218e32216bdf050f870e389e737cdc",
    ),
    Context(
        "https://w3id.org/security/jwk/v1",
        "jwk-v1.jsonld",
        "dbcfa98d94c4b13aa390ea6837c5c47900b8fd8127a17ca19bda86e788b46903",
        "38dd329a9a011facda06afc4ba43a121980eaedbd1f974268026d157926bc086",
    ),
    Context(
        "https://w3id.org/security/suites/ed25519-2020/v1",
        "ed25519-2020-v1.jsonld",
        "6c5daaec0184cc89ede610f2ff2102443636d0d068606354a1b8f2730accbd2a",
        "fb517f09d990829aed734c9bad8cbbb2ac3d5063b865c7e3d81f246074bf5691",
    ),
    Context(
        "https://www.w3.org/ns/did/v1",
        "did-v1.jsonld",
        "adefa50311393eb1bd788a38ac9fe2696c65367928f6996812cd54577394f4da",
        "a7e146c40fcec005d3f0f14ae745665f446da58d7914a9d8f733746686fad82b",
    ),
    Context(
        "https://w3id.org/openbadges/v2",
        "openbadges-v2.json",
        "47f87ebbdd34645e8ee751279edee8af190952dd839824be11d44d7e63ff2978",
        "4b5f71314b9fef23264b05bab6a03811e8fc1e5e7506b79b092aec91865e7e07",
    ),
)

PINNED: Mapping[str, Context] = MappingProxyType({context.url: context for context in _TABLE})
"""Every context a document may name, by its URL."""

EXAMPLES = Context(
    "https://www.w3.org/ns/credentials/examples/v2",
    "credentials-examples-v2.jsonld",
    "ff03f74f062ac7259028624de4ec010f30bb0576857c67474ce62be5e7efced1",
    "8a675bead391be98e6054c4e07c41f73337508d398e07047344c5d349aa2dc58",
)

CONFORMANCE: Mapping[str, Context] = MappingProxyType({**PINNED, EXAMPLES.url: EXAMPLES})
"""`PINNED` and the context of the W3C examples. That one gives every unknown word a meaning, so under it
two documents with swapped values can be one: for conformance runs and tests, never for a verdict."""


def load(url: str) -> dict[str, Any]:
    """The context document of this URL, from our own files; never from the network."""
    context = CONFORMANCE.get(url)
    if context is None:
        raise UnsupportedError("unknown-context", f"the context {url} is not one that we know")
    return context.read()


def context_problems(
    document: Mapping[str, Any], *, contexts: Mapping[str, Context] = PINNED
) -> tuple[str, ...]:
    """The contexts of this document that we cannot vouch for; empty when its meaning is known.

    Unknown ones by their URL, inline ones by their place. An inline context can redefine any word that is
    not protected, ``@vocab`` and ``@base`` included, so none is accepted, whatever it says.
    """
    problems = [
        entry if isinstance(entry, str) else f"inline context at {place}"
        for place, entry in _entries(document)
        if not (isinstance(entry, str) and entry in contexts)
    ]
    return tuple(dict.fromkeys(problems))


def old_contexts(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The contexts of this document that are earlier texts, for the note on the report."""
    urls = [entry for _, entry in _entries(document) if isinstance(entry, str)]
    return tuple(dict.fromkeys(url for url in urls if url in PINNED and PINNED[url].old))


def _may_bring_contexts(node: Mapping[str, Any]) -> bool:
    """Whether a nested object may have a ``@context``: a whole credential, or the proof of a JCS suite,
    which holds a copy of its document's (Data Integrity EdDSA §3.3.5)."""
    types = node.get("type")
    if "VerifiableCredential" in (types if isinstance(types, list) else [types]):
        return True
    return types == "DataIntegrityProof" and "-jcs-" in str(node.get("cryptosuite"))


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each entry of each ``@context`` in the document, with its place.

    Anywhere else a nested ``@context`` is one inline entry, even if it is a known URL: it changes the
    meaning of the words around it where nobody looks for that.
    """
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        place, value = pending.pop()
        if isinstance(value, list):
            pending.extend((f"{place}[{index}]", item) for index, item in enumerate(value))
        elif isinstance(value, Mapping):
            here = f"{place}.@context" if place else "@context"
            if not place and "@context" not in value:
                yield here, None
            if "@context" in value:
                own = value["@context"]
                if place and not _may_bring_contexts(value):
                    yield here, None
                elif isinstance(own, list) and own:
                    yield from ((f"{here}[{index}]", entry) for index, entry in enumerate(own))
                else:
                    yield here, own
            members = [(f"{place}.{key}" if place else key, value[key]) for key in value if key != "@context"]
            pending.extend(reversed(members))  # so that they are met in the order of the document

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

    def text(self) -> bytes:
        """The file's bytes; `UnavailableError` when they are not the pinned ones."""
        text = resources.files("cairn").joinpath("contexts", self.file).read_bytes()
        found = sha256(text).hexdigest()
        if found != self.digest:
            raise UnavailableError(
                "context-altered",
                f"contexts/{self.file} has SHA-256 {found}; {self.url} is pinned to {self.digest}."
                " The installation is damaged: install the package again.",
            )
        return text

    def read(self) -> dict[str, Any]:
        """The parsed file, freshly made."""
        return parse_json(self.text())


_OB = "https://purl.imsglobal.org/spec/ob/v3p0/"
_CLR = "https://purl.imsglobal.org/spec/clr/v2p0/"
_OB_UNVERSIONED = (
    "ob-v3p0.json",
    "29cd36f881eba62ecdbb6db519c05a0a386006865b13e88090c47b891bf2db4b",
    "2c54acaa1cffda2420be32ab61f0a2082051211131c6337686f36f2537aa859b",
)

# Ours, and at home nowhere: so its name is the digest of its bytes (RFC 6920), which no one can move or lose.
RECEIPT = Context(
    "ni:///sha-256;s4dBzy9XpLQEsNTr7cUdEafJaIpGWIQOLz6QZx3h9xM",
    "verification-receipt-v1.json",
    "b38741cf2f57a4b404b0d4ebedc51d11a7c9688a4658840e2f3e90671de1f713",
    "642db2f56a266a15bc236a86e697d0ecff56de38880b9eeff339678fd25498a9",
)

_BLOCKCERTS = "https://w3id.org/blockcerts/"
# The contexts of Blockcerts, by version: file, digest, JCS digest.
_BLOCKCERTS_FILES = {
    "2.0": (
        "blockcerts-2.0.json",
        "9aeb82c65913f2b727170778a81b9f882254b12d4b66c7aca1c8ee4765d4fc57",
        "9c60cadaba9e5e85dff2372e4be1d565452444ef554a6f388b419ff9d23c6938",
    ),
    "2.1": (
        "blockcerts-2.1.json",
        "3c0621311db8d15a6aee9921a641d75d3cb72ebc296ff2c6d11597f23e4615b5",
        "6fd81a8d7ea396d005ae4b712e9ecec1df6f8e54dbff20773bb76b9ce6cdfeb4",
    ),
    "3.0-beta": (
        "blockcerts-3.0-beta.json",
        "23caf3aaa35cefdf6444550bb39edb1eaf2d12d2d0128aab56322ad6a592e2b7",
        "3ed400a124e8b53ffae33479c1471d061bd011c94353ef842d372f9ef386ae11",
    ),
    "3.0": (
        "blockcerts-3.0.json",
        "7b5a4f9771640918b6e3169af29374b38a9f914dcfed77675db7944c8f1a1152",
        "ce2b7f5b1b9b81b84e5d41aaa6fe76802e932ce9f48bcb63532f4eacfc3f29ee",
    ),
    "3.1": (
        "blockcerts-3.1.json",
        "2fc073679f0e05bba5984a3110c0bfcfbc9401c2a5874115e9a9bb12204001f3",
        "0acee5480ba39ed3d82b1ef98e600f8eebf31c30253860ae0f081f8ff84ec557",
    ),
    "3.2": (
        "blockcerts-3.2.json",
        "fa5afe993720de6d030dc78cb8d33085e4e8a58704e26c8eefa536f4ab7b9731",
        "1ebd84139639d0509fc0f20924746ffe42cd26a024ce2603a6fc86e3945e7b53",
    ),
}

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
        "https://w3id.org/vc/status-list/2021/v1",
        "vc-status-list-2021-v1.jsonld",
        "634d71c159289f068c96012e4511c657fdf82ac4231900081bda3ba24e2e1160",
        "9768f9aa81ab6c3e2ad96b2d669eaba67afe13fff0140a853f1e3d313fab13b6",
    ),
    Context(
        "https://w3id.org/openbadges/v2",
        "openbadges-v2.json",
        "47f87ebbdd34645e8ee751279edee8af190952dd839824be11d44d7e63ff2978",
        "4b5f71314b9fef23264b05bab6a03811e8fc1e5e7506b79b092aec91865e7e07",
    ),
    # To ask a domain whether it knows an issuer (DIF Well Known DID Configuration).
    Context(
        "https://identity.foundation/.well-known/did-configuration/v1",
        "did-configuration-v1.jsonld",
        "789b30c4719cc318fa9a01035bdf030de85d93a188145f7286fb57693cfc113d",
        "11e487473b40924882353c6420926169ea2083ee8fdb00ddd358496935e17c00",
    ),
    RECEIPT,
    # Blockcerts, under the two names that its issuers use.
    Context(_BLOCKCERTS + "v2", *_BLOCKCERTS_FILES["2.0"]),
    Context(_BLOCKCERTS + "schema/2.0/context.json", *_BLOCKCERTS_FILES["2.0"]),
    Context(_BLOCKCERTS + "v2.1", *_BLOCKCERTS_FILES["2.1"]),
    Context(_BLOCKCERTS + "schema/2.1/context.json", *_BLOCKCERTS_FILES["2.1"]),
    Context(_BLOCKCERTS + "v3.0-beta", *_BLOCKCERTS_FILES["3.0-beta"]),
    Context(_BLOCKCERTS + "v3", *_BLOCKCERTS_FILES["3.0"]),
    Context(_BLOCKCERTS + "schema/3.0/context.json", *_BLOCKCERTS_FILES["3.0"]),
    Context(_BLOCKCERTS + "v3.1", *_BLOCKCERTS_FILES["3.1"]),
    Context(_BLOCKCERTS + "schema/3.1/context.json", *_BLOCKCERTS_FILES["3.1"]),
    Context(_BLOCKCERTS + "v3.2", *_BLOCKCERTS_FILES["3.2"]),
    Context(_BLOCKCERTS + "schema/3.2/context.json", *_BLOCKCERTS_FILES["3.2"]),
)

PINNED: Mapping[str, Context] = MappingProxyType({context.url: context for context in _TABLE})
"""Every context a document may name, by its URL."""

EXAMPLES = Context(
    "https://www.w3.org/ns/credentials/examples/v2",
    "credentials-examples-v2.jsonld",
    "ff03f74f062ac7259028624de4ec010f30bb0576857c67474ce62be5e7efced1",
    "8a675bead391be98e6054c4e07c41f73337508d398e07047344c5d349aa2dc58",
)

# What the W3C vectors and suites are written with, beside their examples.
_SUITES = (
    EXAMPLES,
    Context(
        "https://w3id.org/citizenship/v4rc1",
        "citizenship-v4rc1.jsonld",
        "a89b0bc00b1848ac3dfdf956c7dd5de8567e755351c07ec6a1c2b4a08b67953b",
        "15ca37d6ed55aee696cb2c8ca747d889418756c66188a47734c15e092ffef869",
    ),
    Context(
        "https://w3id.org/vdl/v1",
        "vdl-v1.jsonld",
        "5e61aa138bc6a1bf92299edd01408df52f20c24057b9dbea72ccaeef5b792010",
        "33c9dad4847f7d466d28b9f704dd07d8e1da7614d99b94febb03e19d815ef7da",
    ),
    Context(
        "https://w3id.org/vdl/aamva/v1",
        "vdl-aamva-v1.jsonld",
        "8394e1f448f15c12b173b264a6f6006f85b343a81548f8e5f1a532bc258894e6",
        "b6e2ebb1355dc8c800753520a5e49decd59fda3cfe7a240269bb5f4d9baeb45a",
    ),
)

CONFORMANCE: Mapping[str, Context] = MappingProxyType({**PINNED, **{each.url: each for each in _SUITES}})
"""`PINNED` and the contexts of the W3C examples and vectors. That of the examples gives every unknown word a
meaning, so under it two documents with swapped values can be one: for conformance runs and tests, never for
a verdict."""


class SuiteContexts(Mapping[str, Context]):
    """`CONFORMANCE`, for documents that bring contexts of their own, as those of the W3C suites do (N1).

    It is a type so that nobody gets there by leaving an argument out: a document is read so only where this
    very table is handed over. Under it the direction of a text may go uncovered too; VCDM 2.0 §11.1 lets a
    credential say it, and RDF has no place for it.
    """

    def __getitem__(self, url: str) -> Context:
        return CONFORMANCE[url]

    def __iter__(self) -> Iterator[str]:
        return iter(CONFORMANCE)

    def __len__(self) -> int:
        return len(CONFORMANCE)


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
    not protected, ``@vocab`` and ``@base`` included, so none is accepted, whatever it says: but for those of
    the W3C suites.
    """
    own = dict if isinstance(contexts, SuiteContexts) else ()
    problems = [
        entry if isinstance(entry, str) else f"inline context at {place}"
        for place, entry in _entries(document)
        if not (isinstance(entry, str) and entry in contexts) and not isinstance(entry, own)
    ]
    return tuple(dict.fromkeys(problems))


def old_contexts(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The contexts of this document that are earlier texts, for the note on the report."""
    urls = [entry for _, entry in _entries(document) if isinstance(entry, str)]
    return tuple(dict.fromkeys(url for url in urls if url in PINNED and PINNED[url].old))


_WHOLE = frozenset(
    {
        "VerifiableCredential",
        "VerifiablePresentation",
        "EnvelopedVerifiableCredential",
        "EnvelopedVerifiablePresentation",
    }
)


def may_bring_contexts(node: Mapping[str, Any]) -> bool:
    """Whether a nested object may have a ``@context``: a whole credential or presentation, with or without
    an envelope, or the proof of a JCS suite, which holds a copy of its document's (vc-di-eddsa §3.3.5)."""
    types = node.get("type")
    if not _WHOLE.isdisjoint(
        each for each in (types if isinstance(types, list) else [types]) if isinstance(each, str)
    ):
        return True
    return types == "DataIntegrityProof" and "-jcs-" in str(node.get("cryptosuite"))


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each entry of each ``@context`` in the document, with its place.

    Anywhere else a nested ``@context`` is one inline entry, even if it is a known URL: it changes the
    meaning of the words around it where nobody looks for that.
    """
    pending: list[tuple[Any, Any]] = [((), document)]
    while pending:
        place, value = pending.pop()
        if isinstance(value, list):
            pending += [
                ((place, index), item) for index, item in enumerate(value) if type(item) not in _SCALARS
            ]
        elif isinstance(value, (dict, Mapping)):
            if not place and "@context" not in value:
                yield "@context", None
            if "@context" in value:
                own, here = value["@context"], _written((place, "@context"))
                if place and not may_bring_contexts(value):
                    yield here, None
                elif isinstance(own, list) and own:
                    yield from ((f"{here}[{index}]", entry) for index, entry in enumerate(own))
                else:
                    yield here, own
            members = [
                ((place, key), item)
                for key, item in value.items()
                if type(item) not in _SCALARS and key != "@context"
            ]
            pending += reversed(members)  # so that they are met in the order of the document


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _written(place: Any) -> str:
    """A place, which is kept as that of what it is in, and the key or index there, until somebody asks."""
    around, own = place
    if isinstance(own, int):
        return f"{_written(around)}[{own}]"
    return f"{_written(around)}.{own}" if around else own

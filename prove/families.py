# SPDX-License-Identifier: Apache-2.0
"""Families of badges: documents of one structure that differ in some strings, signed by whoever wants to.

A family is what an issuer has issued, and what strangers have copied under keys of their own. Which parts it
has, under which contexts, and which of its strings differ from copy to copy is chosen at random.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.documents import OB, OB_EXTENSIONS, SITE, VC, fresh_uuid
from cairn import PrivateKey
from cairn.canonical import to_json
from cairn.did import did_jwk, did_key
from cairn.errors import CairnError
from cairn.keys import Algorithm, base64url_encode, multibase_encode
from cairn.proof import data_integrity, jose, jws
from prove.genuine import AT, LIST_URL
from prove.mutating import paths

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

Path = tuple[str | int, ...]
Part = Callable[[dict[str, Any], "Random"], None]

_SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
_OLD = "https://www.w3.org/2018/credentials/v1"
_OB3 = "https://purl.imsglobal.org/spec/ob/v3p0/"
_SIGNED = "https://w3id.org/security/data-integrity/v2"
# Of these only some have short names for the beginnings of addresses, and not all the same ones.
CONTEXTS = (
    (VC, OB),
    (VC, OB, OB_EXTENSIONS),
    (VC, f"{_OB3}context-3.0.2.json", "https://w3id.org/security/multikey/v1"),
    (VC, OB, "https://w3id.org/blockcerts/v2"),
    (VC, OB, "https://w3id.org/blockcerts/v2.1"),
    (_OLD, f"{_OB3}context.json", _SIGNED),
    (_OLD, f"{_OB3}context-3.0.1.json", _SIGNED),
)
PREFIXED = ("https://w3id.org/blockcerts/v2", "https://w3id.org/blockcerts/v2.1")
# What else a context may be: in the place of one, or behind the others.
OTHER_CONTEXTS: tuple[Any, ...] = (
    "https://w3id.org/blockcerts/v2",
    "https://w3id.org/blockcerts/v3",
    "https://w3id.org/openbadges/v2",
    OB_EXTENSIONS,
    {"schema": "https://forged.example/"},
    {"name": "https://forged.example/name"},
    {"@base": "https://forged.example/"},
    {"@vocab": "https://forged.example/"},
    VC,
)

PLAIN_IRIS = (f"{SITE}/x/{{}}", "urn:uuid:{}", "did:web:potters.example:{}", "mailto:{}@potters.example")
HOSTILE_IRIS = (
    *("schema:{}", "xsd:{}", "ob:{}", "obi:{}", "sec:{}", "cred:{}", "bc:{}", "schema:/{}", "schema://{}"),
    *("{}", "#{}", "/{}", "?{}", "./{}", "//potters.example/{}", "_:{}", "_:b{}", "@{}", "@id", "@type", ""),
    *("data:text/plain,{}", "data:,{}", "DATA:,{}", "HTTPS://potters.example/{}", "URN:x:{}", "Did:key:{}"),
    *(
        "https://potters.example/{}\u00e9",
        "urn:x:{} y",
        "urn:x:<{}>",
        "urn:x:{}\n",
        "urn:x:\\{}",
        'urn:x:{}"',
        "urn:{}",
    ),
    *(
        "https://potters.example/%zz{}",
        "https://Potters.Example/{}",
        "https://a@potters.example/{}",
        "ftp://x/{}",
    ),
    *(
        "Achievement",
        "type",
        "id",
        "urn:x:{}\x7f",
        "urn:x:{}%41",
        "urn:x:{}\u2028",
        "https:{}",
        "https://{}:x/",
    ),
)
TEXTS = (
    *(
        "",
        " ",
        "é ŭ 😀",
        'say "x"',
        "back\\slash",
        "tab\t",
        "two\nlines",
        "\r\n",
        "\b\f",
        "\x01",
        "\x1f",
        "\x7f",
    ),
    *(
        "\x80",
        "\u2028",
        "\u202e",
        "\ufeff",
        "\ue000",
        "\U0010ffff",
        "_:c14n0",
        "<urn:x>",
        "@id",
        "%s %d %%",
        "{0}",
    ),
    *(
        "null",
        "true",
        "3",
        "urn:x:y",
        "{}",
        "[]",
        '"',
        "\\",
        "\\u0041",
        "' .\n<urn:a> <urn:b> <urn:c",
        "\ud800",
    ),
)
DATES = (
    *(
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:00:00.5Z",
        "2026-03-02T09:00:00+05:30",
        "2026-03-02T09:00:00-00:00",
    ),
    *(
        "2026-03-02t09:00:00z",
        "2026-03-02T09:00:00",
        "2026-03-02",
        "2031-03-02T09:00:00Z",
        "2026-11-02T12:00:30Z",
    ),
    *("2026-11-02T11:59:00.999Z", "2026-02-30T09:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T23:59:60Z", ""),
    *(
        "2026-03-02T09:00:00.123456789Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-03-02T09:00:00Z",
        " 2026-03-02T09:00:00Z",
    ),
)
NUMBERS = (3, 0, -0.0, 3.0, 2.5, 1e21, 1e-7, 2**53 - 1, 2**53, 2**63, -1, 10**30, True, None, "3")

_IRI_NAMES = frozenset({"id", "targetUrl", "resultDescription", "url", "achievedLevel"})
TEXT_NAMES = frozenset(
    {
        "name",
        "description",
        "narrative",
        "value",
        "caption",
        "targetName",
        "targetCode",
        "tag",
        "term",
        "comment",
    }
)
_DATE_NAMES = frozenset({"validFrom", "validUntil", "awardedDate", "activityStartDate", "created"})


@dataclass(frozen=True, slots=True)
class Signatory:
    """Somebody with a key: the issuer, or a stranger."""

    key: PrivateKey
    id: str
    method: str

    @classmethod
    def of(cls, seed: int, algorithm: Algorithm = Algorithm.ED25519, *, jwk: bool = False) -> Signatory:
        octets = bytes(range(seed, seed + 32))
        key = PrivateKey.from_bytes(algorithm, octets)
        if jwk:
            return cls(key, did_jwk(key.public_key), f"{did_jwk(key.public_key)}#0")
        return cls(key, did_key(key.public_key), f"{did_key(key.public_key)}#{key.public_key.multikey()}")

    def named(self, identifier: str, method: str) -> Signatory:
        """The same key under another name."""
        return Signatory(self.key, identifier, method)


ISSUER = Signatory.of(1)
STRANGERS = tuple(Signatory.of(seed) for seed in (2, 3, 4, 5))
CURVE = Signatory.of(6, Algorithm.P256)
CURVES = (CURVE, Signatory.of(7, Algorithm.P256, jwk=True), Signatory.of(8, Algorithm.P256))
WEB = "did:web:kiln.example"
AT_HOME = ISSUER.named(WEB, f"{WEB}#key-1")

# How a document is secured.
RDFC, JCS, TOKEN, CURVE_TOKEN = "rdfc", "jcs", "token", "token by a curve"
WAYS = (RDFC, JCS, TOKEN, CURVE_TOKEN)


def signatories(way: str) -> tuple[Signatory, ...]:
    """Who can sign like that, the issuer first."""
    return CURVES if way == CURVE_TOKEN else (ISSUER, *STRANGERS)


@dataclass(slots=True)
class Family:
    """One structure, and the places in it that differ from copy to copy."""

    skeleton: dict[str, Any]
    differing: list[Path] = field(default_factory=list)

    @classmethod
    def at_random(
        cls,
        random: Random,
        also: Part | None = None,
        *,
        contexts: tuple[str, ...] | None = None,
        parts: int = -1,
    ) -> Family:
        """A structure of so many parts, or any number of them; ``also`` names one that it has to have."""
        made = _skeleton(contexts or random.choice(CONTEXTS))
        count = random.randrange(2, len(PARTS)) if parts < 0 else parts
        chosen = random.sample(PARTS, count)
        for part in (*chosen, *([also] if also and also not in chosen else ())):
            part(made, random)
        some = [path for path in places(made, TEXT_NAMES) if random.random() < 0.3]
        return cls(made, some)

    def copy(self, number: int, by: Signatory, **differing: Any) -> dict[str, Any]:
        """One member, unsigned: another id, another subject, other words in the places that differ."""
        made = deepcopy(self.skeleton)
        made["id"] = f"urn:uuid:{fresh_uuid(number, 'member')}"
        made["issuer"]["id"] = by.id
        if "id" in made["credentialSubject"]:
            made["credentialSubject"]["id"] = f"urn:uuid:{fresh_uuid(number, 'subject')}"
        for path in self.differing:
            put(made, path, f"copy {number}")
        return {**made, **differing}

    def iris(self) -> list[Path]:
        """Where IRIs stand, but for the issuer's own."""
        return [path for path in places(self.skeleton, _IRI_NAMES) if path != ("issuer", "id")]

    def texts(self) -> list[Path]:
        return places(self.skeleton, TEXT_NAMES)

    def dates(self) -> list[Path]:
        return places(self.skeleton, _DATE_NAMES)


def places(document: Any, names: frozenset[str]) -> list[Path]:
    """Where strings stand under these names."""
    return [
        path
        for path in paths(document)
        if isinstance(at(document, path), str)
        and next(step for step in reversed(path) if isinstance(step, str)) in names
    ]


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def put(document: Any, path: Path, value: Any) -> Any:
    """Write into a document, and hand it back."""
    at(document, path[:-1])[path[-1]] = value
    return document


def changed(document: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy with another value in one place."""
    copy: dict[str, Any] = put(deepcopy(dict(document)), path, value)
    return copy


def _skeleton(contexts: tuple[str, ...]) -> dict[str, Any]:
    old = {"issuanceDate": "2026-03-02T09:00:00Z"} if contexts[0] == _OLD else {}
    return {
        "@context": list(contexts),
        "id": "urn:uuid:0",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Kiln operator",
        "issuer": {"id": "", "type": ["Profile"], "name": "Guild of Potters", "url": SITE},
        **({} if old else {"validFrom": "2026-03-02T09:00:00Z"}),
        **old,
        "credentialSubject": {
            "id": "urn:uuid:1",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": f"{SITE}/a/kiln",
                "type": ["Achievement"],
                "name": "Kiln operator",
                "description": "Loads, fires and unloads a kiln.",
                "criteria": {"narrative": "Three firings, each with a log."},
            },
        },
    }


def _achievement(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["credentialSubject"]["achievement"]
    return found


def evidence(document: dict[str, Any], random: Random) -> None:
    with_ids = random.random() < 0.6
    document["evidence"] = [
        {**({"id": f"{SITE}/e/{each}"} if with_ids else {}), "type": ["Evidence"], "name": f"Tile {each}"}
        for each in range(random.randrange(1, 4))
    ]


def results(document: dict[str, Any], random: Random) -> None:
    scale = f"urn:uuid:{fresh_uuid(0, 'scale')}"
    _achievement(document)["resultDescription"] = [
        {
            "id": scale,
            "type": ["ResultDescription"],
            "name": "Mark",
            "resultType": "Percent",
            "allowedValue": ["1", "2"],
        }
    ]
    document["credentialSubject"]["result"] = [
        {"type": ["Result"], "resultDescription": scale, "value": str(each)}
        for each in range(random.randrange(1, 3))
    ]


def alignments(document: dict[str, Any], random: Random) -> None:
    _achievement(document)["alignment"] = [
        {"type": ["Alignment"], "targetName": f"Skill {each}", "targetUrl": f"https://skills.example/{each}"}
        for each in range(random.randrange(1, 4))
    ]


def tags(document: dict[str, Any], random: Random) -> None:
    _achievement(document)["tag"] = [f"tag {each}" for each in range(random.randrange(1, 4))]


def schema(document: dict[str, Any], random: Random) -> None:
    entry = {"id": random.choice((_SCHEMA, f"{SITE}/schema.json")), "type": "1EdTechJsonSchemaValidator2019"}
    document["credentialSchema"] = [entry] if random.random() < 0.5 else entry
    if OB_EXTENSIONS not in document["@context"]:
        document["@context"].append(OB_EXTENSIONS)


def status(document: dict[str, Any], random: Random) -> None:
    if document["@context"][0] == _OLD:
        return  # which has no such word
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListCredential": LIST_URL,
    }
    document["credentialStatus"] = {**entry, "statusListIndex": str(random.randrange(8))}


def image(document: dict[str, Any], _random: Random) -> None:
    _achievement(document)["image"] = {"id": f"{SITE}/a/kiln.png", "type": "Image", "caption": "A kiln"}


def creator(document: dict[str, Any], _random: Random) -> None:
    _achievement(document)["creator"] = {"id": f"{SITE}/i/guild", "type": ["Profile"], "name": "Guild"}


def identifier(document: dict[str, Any], random: Random) -> None:
    entry = {"type": "IdentityObject", "hashed": False, "identityHash": "Ana", "identityType": "name"}
    document["credentialSubject"]["identifier"] = [entry]
    if random.random() < 0.5:
        del document["credentialSubject"]["id"]


def credits(document: dict[str, Any], random: Random) -> None:
    document["credentialSubject"]["creditsEarned"] = random.choice((3, 3.0, 2.5))
    document["credentialSubject"]["term"] = "Spring"


def ends(document: dict[str, Any], _random: Random) -> None:
    if "validFrom" in document:
        document["validUntil"] = "2031-03-02T09:00:00Z"
    if OB in document["@context"]:
        document["awardedDate"] = "2026-03-01T09:00:00Z"


def terms(document: dict[str, Any], _random: Random) -> None:
    document["termsOfUse"] = [{"type": "urn:x:terms", "name": ["one", "two"]}]


PARTS: tuple[Part, ...] = (
    *(evidence, results, alignments, tags, schema, status, image, creator, identifier, credits, ends),
    terms,
)


def secured(document: Mapping[str, Any], way: str, by: Signatory, **header: Any) -> bytes:
    """The document, signed as it is, whoever would refuse it; where nothing can be signed, by nobody."""
    if way in (TOKEN, CURVE_TOKEN):
        try:
            payload = jose.payload_of(document)
        except (CairnError, AttributeError, TypeError):
            payload = dict(document)
        return token_of(as_text(payload), by, **header)
    suite = data_integrity.RDFC if way == RDFC else data_integrity.JCS
    try:
        signed = data_integrity.sign(
            document, by.key, verification_method=by.method, created=AT, cryptosuite=suite
        )
    except CairnError:
        options = {"type": "DataIntegrityProof", "cryptosuite": suite, "created": "2026-11-02T12:00:00Z"}
        contexts = {"@context": document["@context"]} if way == JCS else {}
        rest = {"verificationMethod": by.method, "proofPurpose": "assertionMethod", **contexts}
        signed = {**document, "proof": {**options, **rest, "proofValue": multibase_encode(bytes([7] * 64))}}
    return as_text(signed)


def as_text(document: Mapping[str, Any]) -> bytes:
    """As JSON, also what no strict writer would write."""
    try:
        return to_json(document)
    except CairnError:
        return json.dumps(document, separators=(",", ":")).encode()


def token_of(payload: bytes, by: Signatory, **header: Any) -> bytes:
    """A token with this very payload."""
    told = {"alg": jws_name(by.key), "typ": "vc+jwt", "cty": "vc", "kid": by.method, **header}
    kept = {name: value for name, value in told.items() if value is not None}
    signed = b".".join(base64url_encode(part).encode() for part in (as_text(kept), payload))
    return signed + b"." + base64url_encode(by.key.sign(signed)).encode()


def jws_name(key: PrivateKey) -> str:
    return next(name for name, algorithm in jws.ALGORITHMS.items() if algorithm is key.algorithm)

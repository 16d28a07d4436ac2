# SPDX-License-Identifier: Apache-2.0
"""The other ways of securing a badge: JCS, tokens, SD-JWT and selective disclosure.

As in `proofs`, signing goes from values to bytes through a template and verifying is a full judgement from
bytes, offline, with the status list in hand. Of five hundred that were signed one is verified by the peer or
by PyJWT, and of a hundred that were verified one is verified again after a change and must be refused;
neither is on the clock. The limit is the bare signature over 64 bytes, with selective disclosure all of the
bare signatures. The peer is openvc-core with its whole pipeline: the issuer's key from its DID, proof, dates,
status and whose the status list is; with the caches that it offers, so that DID and list are had once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import jwt
import nacl.bindings
import openvc
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from openvc import VerificationPolicy, verify_credential
from openvc.cache import batch_resolvers
from openvc.proof.di_jcs import EddsaJcsProofSuite
from openvc.proof.ecdsa_sd import EcdsaSdProofSuite
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from openvc.proof.vc_jwt import VcJwtProofSuite
from openvc.verify import default_resolver

from bench import documents
from bench.measure import Comparison, Side
from bench.proofs import AT, CHECKED_EVERY, CORRUPTED_EVERY, DISTINCT, Bench
from cairn import PrivateKey, Report, gather, judge, read
from cairn.canonical import contexts, parse_json, to_json
from cairn.did import did_key
from cairn.keys import Algorithm, multibase_decode
from cairn.proof import cbor, derive, present_sd_jwt, sign, sign_jwt, sign_sd_jwt_vc
from cairn.proof.template import Kind, Slot, Template
from cairn.testing import FixedSources, signed_status_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Triple = tuple[Side, Side, Side | None]

CONTEXTS = {url: contexts.PINNED[url].read() for url in (documents.OB, documents.OB_EXTENSIONS)}
FEW = 300
"""Different documents where one takes milliseconds."""
PEER = f"openvc-core {version('openvc-core')}"
SHOWN = ("/name", "/credentialSubject/achievement")
SIZES: dict[str, Callable[[int, str], dict[str, Any]]] = {
    "small": documents.small,
    "large": documents.large,
}


@dataclass(frozen=True)
class Way:
    """One way of securing, with keys and documents that are ready before the clock starts."""

    key: PrivateKey
    openvc_key: Any
    did: str
    method: str
    jwk: dict[str, Any]

    @classmethod
    @cache
    def of(cls, algorithm: Algorithm) -> Way:
        if algorithm is Algorithm.ED25519:
            key = PrivateKey.from_seed(bytes(range(32)))
            theirs: Any = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
            wrap: Any = openvc.Ed25519SigningKey
        else:
            theirs = ec.derive_private_key(int.from_bytes(bytes(range(32)), "big"), ec.SECP256R1())
            key = PrivateKey(Algorithm.P256, bytes(range(32)))
            wrap = openvc.P256SigningKey
        did = did_key(key.public_key)
        method = f"{did}#{key.public_key.multikey()}"
        return cls(key, wrap(theirs, method), did, method, dict(key.public_key.jwk()))

    @property
    def sources(self) -> FixedSources:
        url = f"{documents.SITE}/s/1"
        bench = Bench("small", documents.small)
        if self.key.algorithm is Algorithm.ED25519:
            return bench.sources
        suite = {"cryptosuite": "ecdsa-rdfc-2019"}
        unsigned = parse_json(signed_status_list(url, issuer=self.did, signer=bench.key, at=AT))
        del unsigned["proof"]
        return FixedSources({url: sign(unsigned, self.key, verification_method=self.method, at=AT, **suite)})


@cache
def _limit(algorithm: Algorithm) -> tuple[Side, Side]:
    """Bare signing and verifying, of as many different messages as there are badges.

    Verifying does not take the same steps for every signature, and a processor that meets one again and again
    learns its steps by heart: one alone is verified half as fast again as different ones.
    """
    messages = [number.to_bytes(64, "big") for number in range(DISTINCT)]
    if algorithm is Algorithm.ED25519:
        public, secret = nacl.bindings.crypto_sign_seed_keypair(bytes(range(32)))
        signed = [nacl.bindings.crypto_sign(message, secret) for message in messages]
        name = f"libsodium, 64 bytes (PyNaCl {version('pynacl')})"
        return (
            Side(
                name,
                lambda number: nacl.bindings.crypto_sign(messages[number % DISTINCT], secret),
                lambda number, made: made == signed[number % DISTINCT],
            ),
            Side(
                name,
                lambda number: nacl.bindings.crypto_sign_open(signed[number % DISTINCT], public),
                lambda number, got: got == messages[number % DISTINCT],
            ),
        )
    key = ec.derive_private_key(int.from_bytes(bytes(range(32)), "big"), ec.SECP256R1())
    public_key, how = key.public_key(), ec.ECDSA(hashes.SHA256())
    signatures = [key.sign(message, how) for message in messages]
    name = f"P-256, 64 bytes (cryptography {version('cryptography')})"
    return (
        Side(name, lambda number: key.sign(messages[number % DISTINCT], how), lambda _, made: len(made) > 60),
        Side(
            name,
            lambda number: public_key.verify(signatures[number % DISTINCT], messages[number % DISTINCT], how),
            lambda _, got: got is None,
        ),
    )


def _with_each(statements: Callable[[int], int], *, signing: bool) -> Side:
    """The bare cryptography of ecdsa-sd-2023: one signature, and one more for each of so many statements."""
    key = ec.derive_private_key(int.from_bytes(bytes(range(32)), "big"), ec.SECP256R1())
    public_key, how = key.public_key(), ec.ECDSA(hashes.SHA256())
    messages = [number.to_bytes(64, "big") for number in range(DISTINCT)]
    signatures = [key.sign(message, how) for message in messages]

    def sign_each(number: int) -> int:
        fresh = ec.generate_private_key(ec.SECP256R1())
        for _ in range(statements(number)):
            fresh.sign(bytes(64), how)
        return len(key.sign(bytes(64), how))

    def verify_each(number: int) -> int:
        for at in range(number, number + statements(number) + 1):
            public_key.verify(signatures[at % DISTINCT], messages[at % DISTINCT], how)
        return len(signatures[0])

    name = f"all of the bare P-256 (cryptography {version('cryptography')})"
    return Side(name, sign_each if signing else verify_each, lambda _, length: length > 60)


def _judged(sources: FixedSources, secured: list[bytes], corrupt: Callable[[bytes], bytes]) -> Side:
    def verdict(data: bytes) -> Report:
        report = judge(gather(read(data), sources, at=AT), at=AT)
        _ = report.accepted  # on the clock
        return report

    def is_right(number: int, report: Report) -> bool:
        changed = corrupt(secured[number % len(secured)])
        return report.accepted and (number % CORRUPTED_EVERY != 0 or not verdict(changed).accepted)

    for data in secured[:200]:
        verdict(data)
    return Side("Cairn", lambda number: verdict(secured[number % len(secured)]), is_right)


def _flip(token: bytes) -> bytes:
    """Another signature: one character in the middle of the last part."""
    jwt, rest, shown = token.partition(b"~")
    at = len(jwt) - 40
    return jwt[:at] + (b"A" if jwt[at : at + 1] != b"A" else b"B") + jwt[at + 1 :] + rest + shown


def _embedded(token: bytes) -> bytes:
    return token.replace(b"Guild", b"Guilt", 1)


def _signed(way: Way, size: str, suite: str, verify: Callable[[bytes], Any]) -> Side:
    """Badges signed through a template; ``verify`` is what another implementation makes of one."""
    slots = documents.SLOTS[size]
    unsigned = [SIZES[size](number, way.did) for number in range(DISTINCT)]
    values = [documents.values(document, slots) for document in unsigned]
    template = Template(
        documents.with_slots(SIZES[size](0, way.did), slots),
        suite=suite,
        verification_method=way.method,
        algorithm=way.key.algorithm,
    )
    return _checked(lambda number: template.sign(values[number % DISTINCT], way.key, at=AT), verify)


def _checked(work: Callable[[int], bytes], verify: Callable[[bytes], Any]) -> Side:
    """One in so many of what is made is verified by another implementation."""
    return Side("Cairn", work, lambda number, made: number % CHECKED_EVERY != 0 or verify(made) is not None)


def _made(work: Callable[[int], Any], fits: Callable[[Any], bool]) -> Side:
    return Side("Cairn", work, lambda _, made: fits(made))


def comparisons(only: str) -> Iterator[Comparison]:
    for name, make in _benches().items():
        if name.startswith(only) or only.startswith(name):
            ours, limit, theirs = make()
            yield Comparison(name, ours, limit)
            if theirs is not None:
                yield Comparison(f"{name}.vs-peer", ours, theirs)


def _benches() -> dict[str, Callable[[], Triple]]:
    found: dict[str, Callable[[], Triple]] = {}
    for size in SIZES:
        found[f"sign.eddsa-jcs-2022.{size}"] = partial(_sign_jcs, size)
        found[f"verify.eddsa-jcs-2022.{size}"] = partial(_verify_jcs, size)
        for name, algorithm in (("eddsa", Algorithm.ED25519), ("es256", Algorithm.P256)):
            found[f"sign.vc-jwt-{name}.{size}"] = partial(_sign_token, size, algorithm)
            found[f"verify.vc-jwt-{name}.{size}"] = partial(_verify_token, size, algorithm)
        found[f"sign.sd-jwt.{size}"] = partial(_sign_sd_jwt, size)
        found[f"verify.sd-jwt.{size}"] = partial(_verify_sd_jwt, size)
    found["sign.ecdsa-sd-2023.base"] = _sd_base
    found["sign.ecdsa-sd-2023.derive"] = _sd_derive
    found["verify.ecdsa-sd-2023.verify"] = _sd_verify
    return found


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    """Without its status, which a peer would want to fetch."""
    return {name: value for name, value in document.items() if name != "credentialStatus"}


def _peer(
    way: Way, credentials: list[Any], credential_of: Callable[[Any], Any] = lambda given: given
) -> Side:
    """The peer's whole judgement of each in turn, from what comes over the wire."""
    lists = {url: parse_json(data) for url, data in way.sources.answers.items()}
    found = batch_resolvers(default_resolver(), resolve_status_list=lists.__getitem__)
    policy = VerificationPolicy(now=AT, require_status_issuer_binding=True)

    def work(number: int) -> Any:
        return verify_credential(credential_of(credentials[number % DISTINCT]), policy=policy, **found)

    return Side(PEER, work, lambda _, verified: verified.issuer == way.did)


# eddsa-jcs-2022


def _jcs(size: str, number: int) -> bytes:
    way = Way.of(Algorithm.ED25519)
    document = SIZES[size](number, way.did)
    return sign(document, way.key, verification_method=way.method, at=AT, cryptosuite="eddsa-jcs-2022")


def _sign_jcs(size: str) -> Triple:
    way, suite = Way.of(Algorithm.ED25519), EddsaJcsProofSuite()
    unsigned = [SIZES[size](number, way.did) for number in range(FEW)]

    def verify(secured: bytes) -> Any:
        return suite.verify(parse_json(secured), public_key_jwk=way.jwk, now=AT)

    def theirs(number: int) -> bytes:
        document = unsigned[number % FEW]
        key = {"signing_key": way.openvc_key, "verification_method": way.method}
        return to_json(suite.add_proof(document, created=AT, **key))

    ours = _signed(way, size, "eddsa-jcs-2022", verify)
    return ours, _limit(Algorithm.ED25519)[0], Side(PEER, theirs, lambda _, made: b"proofValue" in made)


def _verify_jcs(size: str) -> Triple:
    way = Way.of(Algorithm.ED25519)
    secured = [_jcs(size, number) for number in range(DISTINCT)]
    peer = _peer(way, secured, parse_json)
    return _judged(way.sources, secured, _embedded), _limit(Algorithm.ED25519)[1], peer


# VC-JWT


def _sign_token(size: str, algorithm: Algorithm) -> Triple:
    way, suite = Way.of(algorithm), VcJwtProofSuite()
    unsigned = [SIZES[size](number, way.did) for number in range(DISTINCT)]

    def verify(token: bytes) -> Any:
        # The peer only knows tokens with a `vc` claim, of VCDM 1.1.
        return jwt.decode(token, jwt.PyJWK(way.jwk), algorithms=["EdDSA", "ES256"])

    def theirs(number: int) -> str:
        return suite.sign(unsigned[number % DISTINCT], signing_key=way.openvc_key)

    ours = _signed(way, size, "vc+jwt", verify)
    return ours, _limit(algorithm)[0], Side(PEER, theirs, lambda _, made: made.count(".") == 2)


def _verify_token(size: str, algorithm: Algorithm) -> Triple:
    way, suite = Way.of(algorithm), VcJwtProofSuite()
    unsigned = [SIZES[size](number, way.did) for number in range(DISTINCT)]
    secured = [sign_jwt(each, way.key, verification_method=way.method).encode() for each in unsigned]
    peer = _peer(way, [suite.sign(each, signing_key=way.openvc_key) for each in unsigned])
    return _judged(way.sources, secured, _flip), _limit(algorithm)[1], peer


# SD-JWT VC: 3 and 9 disclosures


def _claims(size: str, number: int, did: str) -> tuple[dict[str, Any], list[str]]:
    names = [f"claim_{at}" for at in range(3 if size == "small" else 9)]
    told = {name: f"What {name} says about {number}." for name in names}
    return {"iss": did, "vct": "https://potters.example/vct/kiln", **told}, names


def _sign_sd_jwt(size: str) -> Triple:
    way, suite = Way.of(Algorithm.ED25519), SdJwtVcProofSuite()
    claims = [_claims(size, number, way.did) for number in range(DISTINCT)]
    names = claims[0][1]
    values = [{name: told[name] for name in names} for told, _ in claims]
    template = Template(
        {**claims[0][0], **{name: Slot(name, Kind.TEXT) for name in names}},
        suite="dc+sd-jwt",
        verification_method=way.method,
        disclose=[f"/{name}" for name in names],
    )

    def work(number: int) -> bytes:
        return template.sign(values[number % DISTINCT], way.key, at=AT)

    def verify(presented: bytes) -> Any:
        return suite.verify(presented.decode(), public_key_jwk=way.jwk, check_temporal=False)

    def theirs(number: int) -> str:
        told, names = claims[number % DISTINCT]
        return suite.issue(told, signing_key=way.openvc_key, disclosable=names)

    count = len(names) + 1
    ours = _checked(work, verify)
    return ours, _limit(Algorithm.ED25519)[0], Side(PEER, theirs, lambda _, made: made.count("~") == count)


def _verify_sd_jwt(size: str) -> Triple:
    way = Way.of(Algorithm.ED25519)
    secured = []
    for number in range(DISTINCT):
        told, names = _claims(size, number, way.did)
        pointers = [f"/{name}" for name in names]
        made = sign_sd_jwt_vc(told, way.key, kid=way.method, disclose=pointers, at=AT)
        secured.append(present_sd_jwt(made, disclose=pointers).encode())

    peer = _peer(way, secured, bytes.decode)
    return _judged(FixedSources(), secured, _flip), _limit(Algorithm.ED25519)[1], peer


# ecdsa-sd-2023, of a badge whose subject has an id: the peer can do no other


def _with_subject(number: int, did: str) -> dict[str, Any]:
    document = _bare(documents.small(number, did))
    document["credentialSubject"]["id"] = f"urn:uuid:{documents.fresh_uuid(number, 'subject')}"
    return document


@cache
def _base(number: int) -> bytes:
    way = Way.of(Algorithm.P256)
    document = _with_subject(number, way.did)
    return sign(document, way.key, verification_method=way.method, at=AT, cryptosuite="ecdsa-sd-2023")


@cache
def _derived(number: int) -> bytes:
    return derive(parse_json(_base(number)), selective_pointers=SHOWN)


_BASES = 40


@cache
def _signatures(secured: bytes, place: int) -> int:
    """How many statements a proof signs by themselves; ``place`` is that of their signatures in it."""
    value = multibase_decode(parse_json(secured)["proof"]["proofValue"])
    return len(cbor.decode(value[3:])[place])


def _sd_base() -> Triple:
    way, suite = Way.of(Algorithm.P256), EcdsaSdProofSuite()
    unsigned = [_with_subject(number, way.did) for number in range(_BASES)]

    def work(number: int) -> bytes:
        document = unsigned[number % _BASES]
        return sign(document, way.key, verification_method=way.method, at=AT, cryptosuite="ecdsa-sd-2023")

    def theirs(number: int) -> bytes:
        how = {"signing_key": way.openvc_key, "verification_method": way.method}
        pointers = ["/issuer", "/validFrom", "/validUntil"]
        document = unsigned[number % _BASES]
        return to_json(
            suite.add_base_proof(document, mandatory_pointers=pointers, extra_contexts=CONTEXTS, **how)
        )

    ours = _made(work, lambda made: b"proofValue" in made)
    limit = _with_each(lambda number: _signatures(_base(number % _BASES), 3), signing=True)
    return ours, limit, Side(PEER, theirs, lambda _, made: b"proofValue" in made)


def _sd_derive() -> Triple:
    suite = EcdsaSdProofSuite()

    def work(number: int) -> bytes:
        return derive(parse_json(_base(number % _BASES)), selective_pointers=SHOWN)

    def theirs(number: int) -> bytes:
        secured = parse_json(_base(number % _BASES))
        return to_json(suite.derive_proof(secured, selective_pointers=SHOWN, extra_contexts=CONTEXTS))

    for number in range(_BASES):
        _base(number)
    ours = _made(work, lambda made: b"proofValue" in made)
    return ours, _limit(Algorithm.P256)[0], Side(PEER, theirs, lambda _, made: b"proofValue" in made)


def _sd_verify() -> Triple:
    way, suite = Way.of(Algorithm.P256), EcdsaSdProofSuite()
    secured = [_derived(number) for number in range(_BASES)]

    def theirs(number: int) -> Any:
        document = parse_json(secured[number % _BASES])
        return suite.verify(document, public_key_jwk=way.jwk, now=AT, extra_contexts=CONTEXTS)

    peer = Side(PEER, theirs, lambda _, verified: verified is not None)
    limit = _with_each(lambda number: _signatures(secured[number % _BASES], 2), signing=False)
    return _judged(FixedSources(), secured, _embedded), limit, peer

# SPDX-License-Identifier: Apache-2.0
"""Genuine credentials beyond a badge by itself: presentations, records, endorsements, PDF, other issuers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench import documents
from cairn import PrivateKey, sign, sign_jwt, sign_presentation, sign_presentation_jwt, webvh
from cairn.canonical import parse_json, to_json
from cairn.did import build_document, did_key
from cairn.keys import Algorithm, base64url_encode
from cairn.pdf import attach
from cairn.proof.data_integrity import JCS, RDFC
from prove.mutating import PDF, mutate_held, mutate_json, mutate_picture, mutate_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

VC_1 = "https://www.w3.org/2018/credentials/v1"
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
OB_2 = "https://w3id.org/openbadges/v2"
WEB = "potters.example:i:1"
AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
ISSUER, HOLDER, GUILD = (PrivateKey.from_seed(bytes([number]) * 32) for number in (7, 8, 9))
ASKED = {"challenge": "7fd3", "domain": "shop.example"}
# A private key of Open Badges 2.0 time: a number, so that its PEM can be computed from it as well.
OLD_SECRET = 1_009


@dataclass(frozen=True, slots=True)
class Made:
    """A genuine thing, and how it is changed."""

    name: str
    secured: bytes
    mutate: Callable[[bytes, Random], bytes]
    is_graph: bool = False


def made() -> tuple[dict[str, bytes], dict[str, list[Made]]]:
    """What the addresses named in them answer, and the things by their campaign."""
    plain, spare = (_signed(_badge(number), JCS) for number in (1, 2))
    graph, spare_graph = (_signed(_badge(number), RDFC) for number in (1, 2))
    token, spare_token = (
        sign_jwt(_badge(number), ISSUER, verification_method=_method(ISSUER)).encode() for number in (1, 2)
    )
    log, web = _history()
    pages, old = _open_badge_2()
    of_web = f"{web}#key-1"
    in_graph = mutate_held(mutate_json, (spare_graph, spare_token))
    in_bytes = mutate_held(mutate_json, (spare, spare_token))
    in_token = mutate_held(mutate_token, (spare_token,))
    return {f"https://{WEB.replace(':', '/')}/did.jsonl": log, **pages}, {
        "jwt": [
            Made("vp+jwt", _presented_jwt(token), in_token),
            Made("vp claim", _presented_1(token), in_token),
            Made(
                "vc+jwt of did:webvh",
                sign_jwt(_badge(1, web), ISSUER, verification_method=of_web).encode(),
                mutate_token,
            ),
            Made("pdf with a token", attach(PDF, token, at=AT), mutate_picture(token, mutate_token)),
            Made("signed Open Badge 2.0", old, mutate_token),
        ],
        "jcs": [
            Made("presentation jcs", _presented(JCS, plain, token), in_bytes),
            Made("record jcs", _record(JCS, plain), in_bytes),
            Made("endorsed by a token", _signed(_endorsed_by_token(), JCS), mutate_json),
            Made(
                "eddsa-jcs-2022 of did:webvh",
                _signed(_badge(1, web), JCS, verification_method=of_web),
                mutate_json,
            ),
            Made("pdf", attach(PDF, plain, at=AT), mutate_picture(plain, mutate_json)),
        ],
        "rdfc": [
            Made("presentation rdfc", _presented(RDFC, graph), in_graph, is_graph=True),
            Made("record rdfc", _record(RDFC, graph), in_graph, is_graph=True),
            Made("endorsed", _signed(_endorsed(), RDFC), mutate_json, is_graph=True),
        ],
    }


def _method(key: PrivateKey) -> str:
    return f"{did_key(key.public_key)}#{key.public_key.multikey()}"


def _badge(number: int, issuer: str | None = None) -> dict[str, Any]:
    """A badge of the holder's, without a status list: nothing but its signature decides."""
    document = documents.small(number, issuer or did_key(ISSUER.public_key))
    del document["credentialStatus"]
    del document["credentialSubject"]["identifier"]
    document["credentialSubject"]["id"] = did_key(HOLDER.public_key)
    return document


def _signed(
    document: dict[str, Any], suite: str, key: PrivateKey = ISSUER, *, verification_method: str | None = None
) -> bytes:
    return sign(
        document, key, verification_method=verification_method or _method(key), at=AT, cryptosuite=suite
    )


def _presented(suite: str, *credentials: bytes) -> bytes:
    method = _method(HOLDER)
    return sign_presentation(
        credentials, HOLDER, verification_method=method, at=AT, cryptosuite=suite, **ASKED
    )


def _presented_jwt(*credentials: bytes) -> bytes:
    return sign_presentation_jwt(
        credentials,
        HOLDER,
        verification_method=_method(HOLDER),
        nonce=ASKED["challenge"],
        audience=ASKED["domain"],
    ).encode()


def _presented_1(token: bytes) -> bytes:
    """As VCDM 1.1 §6.3.1 has it: a presentation in the claim ``vp``, the credentials in it bare texts."""
    presentation = {
        "@context": [VC_1],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [token.decode()],
    }
    claims = {"iss": did_key(HOLDER.public_key), "nonce": ASKED["challenge"], "vp": presentation}
    return _token({"alg": "EdDSA", "typ": "JWT", "kid": _method(HOLDER)}, claims, HOLDER)


def _token(header: dict[str, Any], payload: dict[str, Any], key: PrivateKey) -> bytes:
    signed = f"{base64url_encode(to_json(header))}.{base64url_encode(to_json(payload))}"
    return f"{signed}.{base64url_encode(key.sign(signed.encode()))}".encode()


def _record(suite: str, *credentials: bytes) -> bytes:
    """A learner record (CLR 2.0), by another issuer than the badges in it."""
    document = {
        "@context": [documents.VC, CLR, documents.OB],
        "id": f"urn:uuid:{documents.fresh_uuid(1, 'record')}",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Record of a potter",
        "issuer": {"id": did_key(GUILD.public_key), "type": ["Profile"], "name": "College of Clay"},
        "validFrom": "2026-10-01T09:00:00Z",
        "credentialSubject": {
            "id": did_key(HOLDER.public_key),
            "type": ["ClrSubject"],
            "verifiableCredential": [parse_json(each) for each in credentials],
        },
    }
    return _signed(document, suite, GUILD)


def _endorsement(of: str) -> dict[str, Any]:
    return {
        "@context": [documents.VC, documents.OB],
        "id": f"urn:uuid:{documents.fresh_uuid(1, 'endorsement')}",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Accreditation",
        "issuer": {"id": did_key(GUILD.public_key), "type": ["Profile"], "name": "Board of Crafts"},
        "validFrom": "2026-10-01T09:00:00Z",
        "credentialSubject": {
            "id": of,
            "type": ["EndorsementSubject"],
            "endorsementComment": "They fire what they say.",
        },
    }


def _endorsed() -> dict[str, Any]:
    document = _badge(3)
    document["endorsement"] = [parse_json(_signed(_endorsement(document["id"]), RDFC, GUILD))]
    return document


def _endorsed_by_token() -> dict[str, Any]:
    document = _badge(4)
    endorsement = _endorsement(document["id"])
    document["endorsementJwt"] = [sign_jwt(endorsement, GUILD, verification_method=_method(GUILD))]
    return document


def _history() -> tuple[bytes, str]:
    """The log of a did:webvh issuer, two entries long, and the identifier."""
    began = AT - timedelta(days=300)
    keys = [("key-1", ISSUER.public_key, None)]
    log = webvh.create(build_document(f"did:webvh:{{SCID}}:{WEB}", keys), GUILD, at=began)
    did = str(parse_json(log.splitlines()[0])["state"]["id"])
    more = build_document(did, [*keys, ("key-2", HOLDER.public_key, None)])
    return webvh.update(log, more, GUILD, at=began + timedelta(days=1)), did


def _open_badge_2() -> tuple[dict[str, bytes], bytes]:
    """A signed Open Badge 2.0, and the pages of its issuer that it names."""
    site = documents.SITE
    badge, issuer, key, listed = (f"{site}/2/{name}" for name in ("badge", "issuer", "key", "revoked"))
    secret = ec.derive_private_key(OLD_SECRET, ec.SECP256R1())
    pem = secret.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pages: dict[str, dict[str, Any]] = {
        badge: {
            "type": "BadgeClass",
            "name": "Kiln operator",
            "description": "Fires a kiln.",
            "image": f"{site}/a/kiln-operator/image.png",
            "criteria": {"narrative": "Fire it."},
            "issuer": issuer,
        },
        issuer: {
            "type": "Issuer",
            "name": "Guild of Potters",
            "url": site,
            "email": "office@potters.example",
            "publicKey": key,
            "revocationList": listed,
        },
        key: {"type": "CryptographicKey", "owner": issuer, "publicKeyPem": pem.decode()},
        listed: {"type": "RevocationList", "issuer": issuer, "revokedAssertions": []},
    }
    assertion = {
        "@context": OB_2,
        "type": "Assertion",
        "id": f"urn:uuid:{documents.fresh_uuid(1, 'old')}",
        "recipient": {"type": "email", "hashed": False, "identity": "potter1@example.org"},
        "badge": badge,
        "verification": {"type": "SignedBadge", "creator": key},
        "issuedOn": "2019-05-04T10:00:00Z",
        "evidence": f"{site}/2/evidence",
    }
    key_of_old = PrivateKey.from_bytes(Algorithm.P256, OLD_SECRET.to_bytes(32, "big"))
    answers = {url: to_json({"@context": OB_2, "id": url, **document}) for url, document in pages.items()}
    return answers, _token({"alg": "ES256"}, assertion, key_of_old)

# SPDX-License-Identifier: Apache-2.0
"""The PyPI peers, called as their documentation says. Both are used in tests only (LGPL-3)."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import openvc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flows import NUMBER, PNG, SEED, SHAPES, SVG, Flow, Ours, bare, exchange, judged_by_us, withdrawal
from openbadgeslib import baking as ob_baking
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3 import (
    OB3LdpVerifier,
    OB3Signer,
    OB3Verifier,
    add_data_integrity_proof,
    did_key_from_pem,
)
from openvc.proof.data_integrity import DataIntegrityProofSuite

from bench import documents
from cairn import bake
from cairn.canonical import contexts, parse_json, to_json
from cairn.credential import parse_datetime
from cairn.keys import base64url_decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from flows import Judge, Secured

OPENVC = "openvc-core"
OPENBADGES = "openbadgeslib"

# Contexts are never fetched by either; what they do not carry is handed to them from our pins.
CONTEXTS = {url: contexts.PINNED[url].read() for url in (documents.OB, documents.OB_EXTENSIONS)}


def python_flows(at: datetime) -> Iterator[Flow]:
    def flow(peer: str, name: str, run: Callable[[], list[str]]) -> Flow:
        return Flow(peer, version(peer), name, run)

    for size in SHAPES:
        yield flow(OPENVC, f"verify.eddsa-rdfc-2022.{size}", partial(_to_openvc, at, size))
    yield flow(OPENVC, "verify.eddsa-jcs-2022", lambda: _to_openvc(at, "large", "eddsa-jcs-2022"))
    yield flow(OPENVC, "verify.revoked", lambda: _withdrawal_at_openvc(at))
    yield flow(OPENVC, "issue.eddsa-rdfc-2022", lambda: _from_openvc(at))
    # Not "issue.eddsa-jcs-2022": it signs the contexts with the proof and leaves them out of the proof it
    # emits, against vc-di-eddsa 3.3.1, so nobody else can recompute what it signed.

    for size in SHAPES:
        yield flow(OPENBADGES, f"verify.eddsa-rdfc-2022.{size}", partial(_to_openbadges, at, size))
    yield flow(OPENBADGES, "verify.png", lambda: _picture_to_openbadges(at, PNG))
    yield flow(OPENBADGES, "verify.svg", lambda: _picture_to_openbadges(at, SVG))
    yield flow(OPENBADGES, "verify.revoked", lambda: _withdrawal_at_openbadges(at))
    yield flow(OPENBADGES, "verify.vc+jwt.EdDSA", lambda: _token_to_openbadges(at))
    yield flow(OPENBADGES, "issue.eddsa-rdfc-2022", lambda: _from_openbadges(at))
    yield flow(OPENBADGES, "issue.png", lambda: _picture_from_openbadges(at, PNG))
    yield flow(OPENBADGES, "issue.svg", lambda: _picture_from_openbadges(at, SVG))
    yield flow(OPENBADGES, "issue.ob3-jwt.EdDSA", lambda: _token_from_openbadges(at))


# openvc-core


def _openvc(resources: Mapping[str, str]) -> Judge:
    def check(credential: Any) -> Any:
        return openvc.verify_credential(
            credential, resolve_status_list=status_list, extra_contexts=CONTEXTS
        ).credential

    def status_list(url: str) -> Any:
        return check(parse_json(resources[url].encode()))

    def judge(secured: Secured) -> tuple[bool, str]:
        try:
            check(secured)
        except openvc.OpenvcError as error:
            return False, repr(error)
        return True, ""

    return judge


def _to_openvc(at: datetime, size: str, cryptosuite: str = "eddsa-rdfc-2022") -> list[str]:
    ours = Ours(at)
    secured = ours.embedded(SHAPES[size](NUMBER, ours.did), cryptosuite)
    return exchange(secured, ours.judge, _openvc(ours.resources))


def _withdrawal_at_openvc(at: datetime) -> list[str]:
    ours = Ours(at)
    return withdrawal(ours, _openvc(ours.resources))


def _from_openvc(at: datetime) -> list[str]:
    did, method = _identity()
    secured = DataIntegrityProofSuite().add_proof(
        bare(documents.large(NUMBER, did)),
        signing_key=openvc.Ed25519SigningKey(Ed25519PrivateKey.from_private_bytes(SEED), method),
        verification_method=method,
        created=at,
        extra_contexts=CONTEXTS,
    )
    return exchange(secured, lambda copy: judged_by_us(copy, {}, at), _openvc({}))


# openbadgeslib


def _pem() -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _identity() -> tuple[str, str]:
    """The peer's own idea of the did:key and of the method that belong to the key."""
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key()
    did = did_key_from_pem(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return did, f"{did}#{did.removeprefix('did:key:')}"


def _openbadges(resources: Mapping[str, str] | None = None) -> Judge:
    """With ``resources`` the status is looked up there; without, as by default, it is not looked at."""

    def download(url: str, *_args: Any, **_options: Any) -> bytes:
        assert resources is not None
        return resources[url].encode()

    def judge(secured: Secured) -> tuple[bool, str]:
        try:
            if isinstance(secured, str):
                issuer = str(_claims(secured)["iss"])
                OB3Verifier.for_issuer_did(issuer).verify(secured)
            else:
                document = to_json(secured) if isinstance(secured, dict) else _extracted(secured)
                # It takes a list's own signature only as a JWT, so its bits are read and its proof is not.
                OB3LdpVerifier().verify(
                    document,
                    check_status=resources is not None,
                    download=download,
                    verify_status_list=False,
                )
        except LibOpenBadgesException as error:
            return False, repr(error)
        return True, ""

    return judge


def _claims(token: str) -> dict[str, Any]:
    return parse_json(base64url_decode(token.split(".")[1]))


def _extracted(picture: bytes) -> bytes:
    is_png = picture.startswith(PNG[:8])
    extract = OB3Verifier.extract_token_from_png if is_png else OB3Verifier.extract_token_from_svg
    return extract(picture).encode()


def _to_openbadges(at: datetime, size: str) -> list[str]:
    ours = Ours(at)
    return exchange(ours.embedded(SHAPES[size](NUMBER, ours.did)), ours.judge, _openbadges())


def _picture_to_openbadges(at: datetime, picture: bytes) -> list[str]:
    ours = Ours(at)
    secured = bake(picture, to_json(ours.embedded(documents.small(NUMBER, ours.did))))
    return exchange(secured, ours.judge, _openbadges())


def _withdrawal_at_openbadges(at: datetime) -> list[str]:
    ours = Ours(at)
    return withdrawal(ours, _openbadges(ours.resources))


def _token_to_openbadges(at: datetime) -> list[str]:
    ours = Ours(at)
    return exchange(ours.token(documents.large(NUMBER, ours.did)), ours.judge, _openbadges())


def _theirs(at: datetime) -> dict[str, Any]:
    did, method = _identity()
    return add_data_integrity_proof(bare(documents.large(NUMBER, did)), _pem(), method, created=at)


def _from_openbadges(at: datetime) -> list[str]:
    return exchange(_theirs(at), lambda copy: judged_by_us(copy, {}, at), _openbadges())


def _picture_from_openbadges(at: datetime, picture: bytes) -> list[str]:
    credential = to_json(_theirs(at)).decode()
    if picture == PNG:
        secured = ob_baking.bake_png(picture, credential, keyword=ob_baking.ITXT_KEYWORD_OB3)
    else:
        secured = ob_baking.bake_svg(
            picture,
            credential,
            element=ob_baking.SVG_ELEMENT_OB3,
            namespace=ob_baking.SVG_NS_OB3,
            as_text=True,
        )
    return exchange(secured, lambda copy: judged_by_us(copy, {}, at), _openbadges())


def _token_from_openbadges(at: datetime) -> list[str]:
    did, _method = _identity()
    document = bare(documents.large(NUMBER, did))
    claims = {
        "iss": did,
        "sub": document["credentialSubject"]["id"],
        "jti": document["id"],
        "nbf": int(parse_datetime(document["validFrom"]).timestamp()),
        "exp": int(parse_datetime(document["validUntil"]).timestamp()),
    }
    secured = OB3Signer(_pem(), algorithm="EdDSA").sign_payload({**claims, **document})
    return exchange(secured, lambda copy: judged_by_us(copy, {}, at), _openbadges())

# SPDX-License-Identifier: Apache-2.0
"""Where the keys of an issuer are found: in documents that were gathered, and nowhere else."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from cairn.canonical import parse_json
from cairn.credential import parse_datetime
from cairn.credential.address import is_web
from cairn.did import DidDocument, VerificationMethod, document_for, read_key_document
from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn.keys import PublicKey
from cairn.materials import (
    controller_url,
    history_urls,
    is_key_url,
    issuer_metadata_url,
    key_set_of,
    key_set_url,
)
from cairn.webvh import needs_witnesses, read_history
from cairn.webvh.history import claimed_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn.materials import Materials


def resolver(materials: Materials) -> Callable[[str | PublicKey], VerificationMethod]:
    """How the proofs find their keys: in documents that were gathered, and nowhere else."""

    def resolve(wanted: str | PublicKey) -> VerificationMethod:
        found = _as_known(materials, lambda known: _find(known, wanted))
        assert found is not None, "nothing is found or it is said why"
        return found

    return resolve


def issuers_method(materials: Materials, issuer: str, url: str) -> VerificationMethod | None:
    """The method of this URL if the issuer vouches for it; None when it does not (S5, B65, B66)."""
    return _as_known(materials, lambda known: _vouched_for(known, issuer, url))


def changed_since(materials: Materials, issuer: str, url: str) -> datetime | None:
    """When the issuer did not list a key yet that must have signed by then; None when nobody knows (B104).

    Whoever takes over an issuer's host can list a key of their own, and so make what they sign the issuer's;
    not before they had the host.
    """
    if materials.earlier is None:
        return None
    try:
        listed = _vouched_for(materials.earlier, issuer, url)
    except CairnError:
        # Only a document that was there and did not list the key says something.
        return None
    return None if listed is not None else materials.earlier.gathered_at


def is_listed_still(materials: Materials, issuer: str, url: str) -> bool:
    """Whether what was found when the credential was looked at before is found today as well (S13)."""
    if materials.earlier is None:
        return True
    try:
        now, before = (_vouched_for(each, issuer, url) for each in (materials, materials.earlier))
    except CairnError:
        # Nothing could be had before; that something can be had now was seen already.
        return True
    return before is None or (now is not None and now.public_key == before.public_key and not now.revoked)


def _as_known(
    materials: Materials, find: Callable[[Materials], VerificationMethod | None]
) -> VerificationMethod | None:
    """What is found now, or what was found when the same credential was looked at before (S12, S13).

    A key that was listed then has signed in time, for the credential was there: that the issuer has taken it
    out or withdrawn it since does not matter, unless it counts as in wrong hands from before.
    """
    earlier = materials.earlier
    if earlier is None:
        return find(materials)
    before = None
    with suppress(CairnError):
        before = find(earlier)
    try:
        now = find(materials)
    except CairnError as error:
        if before is None or error.code not in ("key-unknown", "unknown-key"):
            raise
        now = None
    if before is not None and (now is None or now.public_key != before.public_key):
        now = replace(before, revoked=_withdrawn(materials, before))
    if now is None:
        return None
    if now.revoked is not None and earlier.gathered_at < now.revoked:
        now = replace(now, revoked=None)
    if now.retired is not None and earlier.gathered_at < now.retired:
        now = replace(now, retired=None)
    return now


def _withdrawn(materials: Materials, method: VerificationMethod) -> datetime | None:
    """Since when the key counts as withdrawn today, under whatever name."""
    marks = [method.revoked]
    with suppress(CairnError):
        listed = controller_document(materials, method.controller).methods
        marks += [each.revoked for each in listed if each.public_key == method.public_key]
    return min((each for each in marks if each is not None), default=None)


def _find(materials: Materials, wanted: str | PublicKey) -> VerificationMethod:
    issuer = materials.credential.unverified_issuer
    if isinstance(wanted, PublicKey):
        listed = _methods(controller_document(materials, issuer))
        own = next((method for method in listed if method.public_key == wanted), None)
        if own is None:
            raise MalformedError("unknown-key", "It is signed by a key that the issuer does not publish.")
        return own
    if is_key_url(wanted, issuer):
        return _key_at(materials, str(issuer), wanted)
    base, hash_sign, fragment = wanted.partition("#")
    document = controller_document(materials, base)
    name = f"{_controller_of(wanted)}{hash_sign}{fragment}"
    bare = not hash_sign and name == document.id
    found = [method for method in document.methods if bare or method.id == name]
    if len(found) == 1:
        return found[0]
    defect = document.defect(name)
    if defect is not None:
        raise defect
    raise UnavailableError("key-unknown", "The key that signed it is not among those we know.")


def _vouched_for(materials: Materials, issuer: str, url: str) -> VerificationMethod | None:
    if not is_key_url(url, issuer):
        base, hash_sign, fragment = url.partition("#")
        document = controller_document(materials, base)
        return listed_method(document, f"{_controller_of(url)}{hash_sign}{fragment}")
    method = _key_at(materials, issuer, url)
    if _is_beneath(url, issuer):
        return method
    # Anybody may have a page on the issuer's host, so the host alone vouches for nobody: the issuer's own
    # document lists the key or its address, or the key set of the whole origin has it.
    doubt: CairnError | None = None
    for look in (_document_at, _key_set_at):
        try:
            document = look(materials, issuer)
        except CairnError as error:
            doubt = doubt or error
            continue
        if document.lists(url) or any(own.public_key == method.public_key for own in _methods(document)):
            return method
    if doubt is not None:
        raise UnavailableError("issuer-document", f"Nothing there says whose key it is: {doubt.message}")
    return None


def may_be_of(url: str, issuer: str) -> bool:
    """Whether a key of this name could be the issuer's at all, before anything is looked up."""
    return _controller_of(url) == issuer or is_key_url(url, issuer)


def _controller_of(url: str) -> str:
    """Whose key has this name. A did:webvh may be asked for one of its versions between the two."""
    base = url.partition("#")[0]
    return base.partition("?")[0] if base.startswith("did:webvh:") else base


def _key_at(materials: Materials, issuer: str, url: str) -> VerificationMethod:
    """The key at an address of its own (OB 3.0 §8.2.2), with what the issuer's document says against it."""
    answer = materials.resource(url)
    try:
        source = parse_json(answer)
    except CairnError as error:
        raise UnavailableError(
            "issuer-document", f"It is not a document with a key: {error.message}"
        ) from error
    method = read_key_document(source, url=url, controller=issuer)
    try:
        document = _document_at(materials, issuer)
    except CairnError:
        return method
    # The same key under another name: withdrawn there is withdrawn here.
    known = next((own for own in document.methods if own.public_key == method.public_key), method)
    return replace(known, id=url, controller=method.controller)


# A path that goes on where the issuer's ends, in characters that no server reads in two ways (B93).
_BELOW = re.compile(r"/[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", re.ASCII)


def _is_beneath(url: str, issuer: str) -> bool:
    """Whether an address is part of the issuer's own: whoever writes there writes for the issuer."""
    base = issuer.removesuffix("/")
    return "?" not in base and url.startswith(base) and _BELOW.fullmatch(url, len(base)) is not None


def controller_document(materials: Materials, controller: str | None) -> DidDocument:
    """The document with somebody's keys: computed for did:key and did:jwk, as gathered for all others."""
    if controller is None:
        raise UnavailableError("key-unknown", "It does not say whose key signed it.")
    if controller.startswith(("did:key:", "did:jwk:")):
        return document_for(controller)
    metadata = issuer_metadata_url(materials.credential)
    if metadata is not None and controller == materials.credential.unverified_issuer:
        return _issuer_metadata(materials, controller, metadata)
    try:
        return _document_at(materials, controller)
    except UnavailableError as error:
        problem = error
    try:
        return _key_set_at(materials, controller)
    except CairnError:
        # Nothing that can be used stands there; what was wrong with the issuer's own document is then told.
        raise problem from None


def _document_at(materials: Materials, controller: str) -> DidDocument:
    """The document that was found at the controller's own address; it has at least one key."""
    if controller.startswith("did:webvh:"):
        return _history_at(materials, controller)
    url = controller_url(controller)
    if url is None:
        raise UnsupportedError("unknown-did-method", f"We do not know how to look up {controller[:80]}.")
    answer = materials.resource(url)
    try:
        document = _read_document(answer, controller)
    except CairnError as error:
        # Whatever answered there, it was not the issuer's document (B97); that is no word about the badge.
        raise UnavailableError(
            "issuer-document", f"It is not a document with its keys: {error.message}"
        ) from error
    if not document.methods:
        raise UnavailableError("issuer-document", "The issuer's document has no keys that we know.")
    return document


def _read_document(answer: bytes, controller: str) -> DidDocument:
    """An issuer's document, read once for all of its badges: what is in it follows from its bytes."""
    read = _read_again if len(answer) <= _MAX_KEPT_DOCUMENT else _read_again.__wrapped__
    return read(answer, controller)


_MAX_KEPT_DOCUMENT = 64 * 1024


@lru_cache(maxsize=64)
def _read_again(answer: bytes, controller: str) -> DidDocument:
    return DidDocument.read(parse_json(answer), expected_id=controller)


def _history_at(materials: Materials, controller: str) -> DidDocument:
    """The keys of a did:webvh, with since when and until when its log lists them.

    What is wrong with the log is a doubt about the issuer and no word about the badge, as with a did:web
    whose document is somebody else's (B97).
    """
    did, _, query = controller.partition("?")
    urls = history_urls(did)
    if urls is None:
        raise UnsupportedError("unknown-did-method", f"We do not know how to look up {controller[:80]}.")
    log = materials.resource(urls[0])
    witnesses = materials.resource(urls[1]) if needs_witnesses(log) else None
    try:
        history = read_history(did, log, witnesses, at=materials.gathered_at)
        claimed = claimed_version(history, query) or _claimed_time(materials, did)
        document = history.document_for(did, at=materials.gathered_at, claimed=claimed)
    except UnavailableError:
        raise
    except CairnError as error:
        code = error.code if error.code.startswith(("webvh-", "limit-")) else "issuer-document"
        raise UnavailableError(code, error.message) from error
    if not document.methods:
        raise UnavailableError("issuer-document", "The issuer's document has no keys that we know.")
    return document


def _claimed_time(materials: Materials, did: str) -> datetime | None:
    """When the credential says that it was signed, to choose among keys that have had one name; no more."""
    proofs = materials.credential.unverified_document.get("proof")
    said = [materials.credential.unverified_claims.get("iat")]
    for proof in proofs if isinstance(proofs, list) else [proofs]:
        if isinstance(proof, dict) and str(proof.get("verificationMethod")).startswith(did):
            said.append(proof.get("created"))
    for each in said:
        with suppress(CairnError):
            if isinstance(each, str):
                return parse_datetime(each)
            if type(each) is int:
                return datetime.fromtimestamp(each, UTC)
    return None


def _key_set_at(materials: Materials, controller: str) -> DidDocument:
    """The JWKS at the issuer's own origin, read as if its keys stood in the issuer's document (S5).

    Only for tokens, whose issuers often have a page about themselves where a document with keys should be.
    """
    url = key_set_url(materials.credential)
    if url is None or controller != materials.credential.unverified_issuer:
        raise UnavailableError("issuer-document", "There is no set of keys for this issuer.")
    return DidDocument.of_key_set(controller, parse_json(materials.resource(url)))


def _issuer_metadata(materials: Materials, issuer: str, url: str) -> DidDocument:
    """The keys in an issuer's ``jwt-vc-issuer`` metadata, or where that says they are (SD-JWT VC §3.5)."""
    try:
        answer = materials.resource(url)
        metadata = parse_json(answer)
        if metadata.get("issuer") != issuer:
            raise MalformedError("did-document-id", "it is about another issuer")
        if ("jwks" in metadata) is ("jwks_uri" in metadata):
            raise MalformedError("did-document", "it has its keys in one place, 'jwks' or 'jwks_uri'")
        elsewhere = key_set_of(answer)
        key_set = metadata.get("jwks") if elsewhere is None else parse_json(materials.resource(elsewhere))
        document = DidDocument.of_key_set(issuer, key_set if isinstance(key_set, dict) else {})
    except UnavailableError:
        raise
    except CairnError as error:
        raise UnavailableError(
            "issuer-document", f"It is not a document with its keys: {error.message}"
        ) from error
    if not document.methods:
        raise UnavailableError("issuer-document", "The issuer's document has no keys that we know.")
    return document


def _methods(document: DidDocument) -> tuple[VerificationMethod, ...]:
    listed = (document.method(each.id, "assertionMethod") for each in document.methods)
    return tuple(each for each in listed if each is not None)


def listed_method(document: DidDocument, url: str) -> VerificationMethod | None:
    if "#" in url:
        return document.method(url, "assertionMethod")
    offered = _methods(document)
    return offered[0] if len(offered) == 1 else None


def domain_of(identifier: str) -> str | None:
    """The web host that vouches for an identifier, None when none does."""
    for method, position in (("did:web:", 2), ("did:webvh:", 3)):
        if identifier.startswith(method):
            return unquote(identifier.split(":")[position]) if identifier.count(":") >= position else None
    return urlsplit(identifier).netloc if is_web(identifier) else None

# SPDX-License-Identifier: Apache-2.0
"""Signed badges of Open Badges 1 and 2: a compact JWS over the assertion, by a key of the issuer.

    2.0   ``verification.creator`` names a CryptographicKey document; its ``owner`` is the issuer, and the
          issuer's profile names the key under ``publicKey`` (Open Badges 2.0, "Signed Badges")
    1.x   ``verify.url`` is the address of the key itself, in PEM, at the issuer's own origin

The signature covers the assertion. A badge that is only named in it, by its address, is not covered: what is
shown of it is what the address says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.credential.shapes import as_list
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.keys.pem import public_key_of_pem
from cairn.legacy.issuers import domain_of, host_of, pages
from cairn.legacy.open_badges import version_of
from cairn.proof import jws
from cairn.proof.outcome import Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.keys import PublicKey
    from cairn.legacy.case import Case
    from cairn.legacy.issuers import Pages

_UNCHANGED = "Nothing has been changed since it was signed."
_NOT_THEIRS = "The key does not belong to the issuer named in it."


def signature(case: Case) -> Answer:
    """Whether the token was signed by the key that it names, as far as its address gives one."""
    assert case.token is not None, "a signed badge is a token"
    try:
        token = jws.split(case.token)
        jws.algorithm(token)  # an unsigned one is refused whatever the issuer publishes (B41)
        found = pages(case, case.document)
        name, key = _key(case, found)
        jws.verify(token, key)
    except CairnError as error:
        return Answer.of(error)
    details = {"algorithm": str(token.header["alg"])}
    return Answer(Outcome.PASSED, "ok", _UNCHANGED, found.whole(), (name,), details)


def issuer(case: Case) -> Answer:
    """Whether the key is one that the issuer's own page names."""
    try:
        found = pages(case, case.document)
        details = {"issuer": found.issuer_id, "method": "https", "domain": domain_of(found.issuer_id)}
        if version_of(case.document) == "2.0":
            name, listed = _is_listed(case, found)
        else:
            # 1.x knows no list of keys: the key is the issuer's when it is kept at the issuer's origin.
            name = _verify_url(case.document)
            listed = host_of(name) == host_of(found.issuer_id)
    except CairnError as error:
        return Answer.of(error)
    details["key"] = name
    if not listed:
        return Answer(Outcome.FAILED, "key-not-of-issuer", _NOT_THEIRS, details=details)
    message = f"Signed with a key of {details['domain']}."
    return Answer(Outcome.PASSED, "ok", message, details=details)


def remark(case: Case) -> Answer | None:
    """What the signature does not cover: a badge that the assertion names by its address."""
    if isinstance(case.document.get("badge"), dict):
        return None
    message = (
        "The signature covers the award. What the badge is called and what it stands for is what its page"
        " says today."
    )
    return Answer(Outcome.UNDECIDED, "badge-page", message)


def _key(case: Case, found: Pages) -> tuple[str, PublicKey]:
    """The key that the assertion names; whether it is the issuer's is another question."""
    if version_of(case.document) != "2.0":
        url = _verify_url(case.document)
        return url, public_key_of_pem(case.resource(url))
    document = _key_document(case, found)
    pem = document.get("publicKeyPem")
    if not isinstance(pem, str):
        raise UnavailableError("issuer-document", "The document of the key has no key in it.")
    return str(document.get("id", "")), public_key_of_pem(pem.encode())


def _key_document(case: Case, found: Pages) -> Mapping[str, Any]:
    """The CryptographicKey that signed: the one named, or the issuer's only one."""
    offered = as_list(found.issuer.document.get("publicKey", []))
    verification = case.document.get("verification", {})  # {}: a 2.0 badge that still says "verify"
    creator = verification.get("creator")
    if creator is None:
        if len(offered) != 1:
            raise UnavailableError("key-unknown", "It does not say which of the issuer's keys signed it.")
        creator = offered[0]
    if isinstance(creator, dict):
        creator = creator.get("id")
    inside = [
        key for key in offered if isinstance(key, dict) and key.get("id") == creator and "publicKeyPem" in key
    ]
    if inside:
        return dict(inside[0])
    page = case.page(str(creator), "the key of the issuer")
    if page.document.get("id") != creator:
        raise UnavailableError("issuer-document", "What is there is not the key that signed it.")
    return page.document


def _is_listed(case: Case, found: Pages) -> tuple[str, bool]:
    """The name of the key, and whether key and issuer name each other."""
    document = _key_document(case, found)
    name = str(document.get("id"))
    offered = as_list(found.issuer.document.get("publicKey", []))
    names = [key.get("id") if isinstance(key, dict) else key for key in offered]
    return name, name in names and document.get("owner", found.issuer_id) == found.issuer_id


def _verify_url(document: Mapping[str, Any]) -> str:
    verify = document.get("verify")
    url = verify.get("url") if isinstance(verify, dict) else None
    if not isinstance(url, str):
        raise MalformedError("token-key", "The badge does not say which key signed it.")
    return url

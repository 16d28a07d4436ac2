# SPDX-License-Identifier: Apache-2.0
"""``cairn conformance issue | verify``: what the W3C JOSE and COSE suite calls, without its files.

    feature   credential_ or presentation_, then jose, cose or sdjwt
    key       a verification method with ``publicKeyJwk``, and ``secretKeyJwk`` to sign with
    answer    {"result": "success" | "failure" | "indeterminate" | "error", "data": …}

``failure`` is a no, ``indeterminate`` is "could not tell", ``error`` is a mistake in the call itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import parse_json
from cairn.conformance import tokens
from cairn.errors import CairnError, MalformedError
from cairn.keys import PrivateKey, PublicKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.conformance.policy import Policy

FEATURES: Final = tuple(
    f"{role}_{form}" for role in (tokens.CREDENTIAL, tokens.PRESENTATION) for form in tokens.FORMS
)

_STEP = re.compile(r"([^.\[\]]+)((?:\[[0-9]+\])*)", re.ASCII)


def issue(
    data: bytes, key: Mapping[str, Any], *, feature: str, disclosable: str = "[]", policy: Policy
) -> dict[str, str]:
    """Sign the document; ``disclosable`` is a JSON list of paths such as ``credentialSubject.names[0]``."""
    role, form = feature.split("_")
    try:
        signer = PrivateKey.from_jwk(_member(key, "secretKeyJwk"))
        kid = key.get("id")
        if not isinstance(kid, str):
            raise MalformedError("key-private", "The verification method has no id.")
        pointers = pointers_of(disclosable)
    except CairnError as error:
        return _answer("error", error)
    try:
        signed = tokens.sign(
            parse_json(data), signer, role=role, form=form, kid=kid, disclose=pointers, policy=policy
        )
    except CairnError as error:
        return _refused(error)
    return {"result": "success", "data": signed}


def verify(data: bytes, key: Mapping[str, Any], *, feature: str, policy: Policy) -> dict[str, str]:
    """Verify a token with the given key. Whose key it is, and when it was used, is not asked (N1, N13)."""
    role, form = feature.split("_")
    try:
        public = PublicKey.from_jwk(_member(key, "publicKeyJwk"))
    except CairnError as error:
        return _answer("error", error)
    try:
        text = data.strip(b" \t\r\n").decode("ascii")
    except UnicodeDecodeError:
        return {"result": "failure", "data": "The input is not a token."}
    try:
        tokens.verify(text, lambda named, speaker: public, role=role, form=form, policy=policy)
    except CairnError as error:
        return _refused(error)
    return {"result": "success", "data": ""}


def pointers_of(text: str) -> list[str]:
    """JSON pointers for a JSON list of dotted paths; ``MalformedError`` for anything else."""
    paths = parse_json(b'{"paths":' + text.encode() + b"}").get("paths")
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise MalformedError("options", "--sd takes a JSON list of paths.")
    return [_pointer(path) for path in paths]


def _pointer(path: str) -> str:
    steps: list[str] = []
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise MalformedError("options", f"{path[:80]!r} is no path such as credentialSubject.names[0].")
        steps += [match[1], *re.findall(r"[0-9]+", match[2])]
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _member(key: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = key.get(name)
    if not isinstance(value, dict):
        raise MalformedError("jwk", f"The verification method has no {name!r}.")
    return value


def _refused(error: CairnError) -> dict[str, str]:
    return _answer("failure" if isinstance(error, MalformedError) else "indeterminate", error)


def _answer(result: str, error: CairnError) -> dict[str, str]:
    return {"result": result, "data": str(error)}

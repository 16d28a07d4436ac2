# SPDX-License-Identifier: Apache-2.0
"""Scenes with tokens: claims beside the credential, headers, and disclosures."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cairn.keys import base64url_encode
from cairn.proof import jose, sd_jwt
from prove.families import (
    CONTEXTS,
    CURVE,
    CURVES,
    ISSUER,
    STRANGERS,
    TOKEN,
    Family,
    as_text,
    signatories,
    token_of,
)
from prove.mutating import mutate_sd_jwt
from prove.scenes import Question, Scene

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from prove.families import Signatory

_STRANGER = STRANGERS[0]
# By the name of a claim, what it may say besides what the credential says.
_CLAIMS: dict[str, tuple[Any, ...]] = {
    "iss": (_STRANGER.id, "", None),
    "sub": ("urn:x:me", 3),
    "jti": ("urn:x:y",),
    "nbf": (1_772_442_001, 1_772_442_000.5, "0"),
    "exp": (1, 10**11, 2**60),
    "iat": (1_700_000_000, 4_000_000_000, -1, True, 1e9),
    "aud": ("https://desk.example",),
    "nonce": ("n-1",),
    "cnf": ({"jwk": {}},),
    "vc": ({}, "x"),
    "vp": ({},),
    "proof": ({"type": "DataIntegrityProof"},),
    "status": ({},),
    "_sd": ([],),
    "crit": (["x"],),
    "extra": ("x",),
}
_HEADERS: dict[str, tuple[Any, ...]] = {
    "typ": ("JWT", None, "vc+ld+jwt", "dc+sd-jwt", "VC+JWT", "application/vc+jwt"),
    "cty": ("vp", None),
    "alg": ("none", "ES256", "Ed25519"),
    "kid": (None, "#0", _STRANGER.method, ISSUER.id),
    "crit": (["b64"],),
    "b64": (False,),
    "jwk": ({},),
    "x5c": ([],),
    "iss": ("x",),
}
# Words of the contexts that are claims when they stand in a token.
_WORDS: tuple[tuple[str, Any], ...] = (
    ("exp", 1),
    ("aud", "https://desk.example"),
    ("nbf", 4_000_000_000),
    ("iss", "urn:x:y"),
)
_TOLD = {
    "vct": "https://potters.example/vct",
    "given_name": "Zoë",
    "place": "Bergen",
    "age": 41,
    "is_of_age": True,
}
_HIDDEN = ("/given_name", "/place", "/age", "/is_of_age")
# What a disclosure may tell under the name of a claim.
_DISCLOSED: dict[str, tuple[Any, ...]] = {
    "n": (3.0, 2**60, None, [], "a\\b", "\x01", 'a"b', -1, 0, "é\u2028", 10**15, False),
    "exp": (1,),
    "nbf": (4_000_000_000,),
    "iat": (1,),
    "iss": (_STRANGER.id,),
    "vct": ("x",),
    "vct#integrity": ("x",),
    "sub": ("",),
    "aud": ("x",),
    "place": ("x",),
    "status": ({},),
    "cnf": ({},),
    "proof": ("x",),
    "_sd": ("x",),
    "...": ("x",),
    "": ("",),
}
# Disclosures that are built otherwise, or written otherwise.
_WRITTEN = (
    *(['["s","n"]'], ['["s"]'], ['["s","n",1,2]'], ['[1,"n",2]'], ['["s",1,2]'], ['{"s":1}'], [""]),
    *(['["a","b","c"]["d","e","f"]', ""], ['["a","b","c"]\x00\x00'], ['["a","b","c"] '], ['[ "a","b","c"]']),
    *(['["a", "b", "c"]'], ['["a","b","c"]', '["a","b","d"]'], ['["a","b",01]'], ['["a","b",true]']),
    *(['["a","b",1e2]'], ['["a","b",9007199254740993]']),
)  # fmt: skip
# What the payload itself may say besides.
_SAID: dict[str, tuple[Any, ...]] = {
    "exp": (1, 4_000_000_000),
    "nbf": (4_000_000_000, 1.5),
    "iat": (True,),
    "sub": ("", 3),
    "iss": ("https://potters.example", STRANGERS[1].id),
    "vct": ("",),
    "x": ([1], "\\", None, 2**53, -(2**53)),
    "_sd": ("x", ["x", "x"], [1]),
    "_sd_alg": ("sha-512",),
    "status": ({},),
    "cnf": ({},),
    "proof": (1,),
    "...": (1,),
}


def _pairs(told: Mapping[str, Sequence[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in told.items() for value in values]


def claims(random: Random, way: str) -> Scene:
    """Tokens whose claims say something else than the credential, say it twice, or say more."""
    scene, family = Scene(random, way), Family.at_random(random, contexts=CONTEXTS[random.randrange(3)])
    scene.teach(family)
    by = signatories(way)[0]
    document = scene.member(family, by)
    payload = jose.payload_of(document)

    def ask(what: str, told: bytes) -> None:
        scene.ask(what, token_of(told, by))

    for name, value in random.sample(_pairs(_CLAIMS), 10):
        ask(f"{name} is {value!r}", as_text({name: None, **payload} | {name: value}))
        ask(f"{name} is {value!r}, and last", as_text({**document, name: value}))
    for name in random.sample(("iss", "sub", "jti", "nbf"), 2):
        ask(f"no {name}", as_text({key: item for key, item in payload.items() if key != name}))
        for value in (payload.get(name, ""), "urn:x:z"):
            written = json.dumps({name: value}, separators=(",", ":")).encode()
            ask(f"{name} twice", written[:-1] + b"," + as_text(payload)[1:])
    # Who issues a badge with such a word has taught its shape, too.
    for name, value in _WORDS:
        made = {**document, name: value}
        token = token_of(as_text({**payload, **made}), by)
        issued = [{**made, "id": f"urn:x:{each}"} for each in range(4)]
        scene.taught += [Question(f"{name} issued", token, issues=each) for each in issued]
        scene.ask(f"{name} inside", token)
    for name, value in random.sample(_pairs(_HEADERS), 8):
        scene.ask(f"header with {name} {value!r}", token_of(as_text(payload), by, **{name: value}))
    subject = document["credentialSubject"]
    for subjects in ([subject], [subject, {"id": "urn:x:z", "type": ["AchievementSubject"]}]):
        scene.teach(Family({**document, "credentialSubject": subjects}), by=[by] * 5)
    return scene


def disclosures(random: Random, _way: str) -> Scene:
    """What an SD-JWT VC shows is there twice, was never signed, replaces something, or decides something."""
    scene = Scene(random, TOKEN)
    issuers = (ISSUER, CURVE, CURVES[1], _STRANGER)

    def issued(told: Mapping[str, Any], by: Signatory, disclose: Sequence[str]) -> str:
        header = {"typ": sd_jwt.SD_JWT_VC, "kid": by.method}
        whole = {"iat": 1_700_000_000, "iss": by.id, **told}
        return sd_jwt.issue(
            whole, by.key, header=header, disclose=disclose, salt=lambda: random.randbytes(9).hex()
        )

    for by in issuers * 2:
        shown = random.sample(_HIDDEN, random.randrange(5))
        scene.taught.append(Question("taught", issued(_TOLD, by, shown).encode()))
    genuine = issued(_TOLD, ISSUER, _HIDDEN)
    token, *texts, _ = genuine.split("~")
    other = issued({**_TOLD, "place": "Oslo"}, _STRANGER, _HIDDEN).split("~")[1]
    several: list[list[str]] = [
        *([], texts[:2], texts[::-1], [other], [*texts, other], ["", *texts], [*texts, texts[0]]),
        [texts[0]] * 4,
    ]  # fmt: skip
    for each in several:
        scene.ask("other disclosures", "~".join([token, *each, ""]).encode())
    for _ in range(4):
        scene.ask("changed", mutate_sd_jwt(genuine.encode(), random))
    for name, value in random.sample(_pairs(_DISCLOSED), 12):
        written = json.dumps(["s", name, value])
        scene.ask(f"{written} disclosed", _sd_jwt(_TOLD, [written], random.choice(issuers)))
    for each in random.sample(_WRITTEN, 8):
        scene.ask(f"{each} disclosed", _sd_jwt(_TOLD, each, random.choice(issuers)))
    for name, value in random.sample(_pairs(_SAID), 12):
        disclosed = ['["s","n","v"]'] if random.random() < 0.5 else []
        scene.ask(f"{name} is {value!r}", _sd_jwt({**_TOLD, name: value}, disclosed, ISSUER))
    return scene


def _sd_jwt(told: Mapping[str, Any], disclosed: Sequence[str], by: Signatory) -> bytes:
    """With these disclosures, whoever would refuse to issue them."""
    packed = [base64url_encode(each.encode()) for each in disclosed]
    digests = [base64url_encode(sha256(each.encode()).digest()) for each in packed]
    payload = {**({"_sd": digests} if digests else {}), "iss": by.id, **told}
    signed = token_of(as_text(payload), by, typ=sd_jwt.SD_JWT_VC, cty=None).decode()
    return "~".join([signed, *packed, ""]).encode()

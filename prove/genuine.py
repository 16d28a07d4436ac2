# SPDX-License-Identifier: Apache-2.0
"""Genuine credentials of every way of signing, and everything that judging them looks up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from bench import documents
from cairn import (
    PrivateKey,
    Verifier,
    bake,
    bind_sd_jwt,
    derive,
    present_sd_jwt,
    sign,
    sign_cose,
    sign_jwt,
    sign_sd_jwt,
    sign_sd_jwt_vc,
)
from cairn.canonical import parse_json
from cairn.did import did_jwk, did_key
from cairn.keys import Algorithm
from cairn.parts import ENDORSEMENT
from cairn.reading import EMBEDDED
from cairn.status import StatusList, status_list_document
from cairn.testing import FixedSources
from prove.inside import made
from prove.mutating import (
    PNG,
    SVG,
    mutate_cose,
    mutate_derived,
    mutate_json,
    mutate_picture,
    mutate_sd_jwt,
    mutate_token,
)

if TYPE_CHECKING:
    from cairn import Report
    from cairn.keys import PublicKey

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
LIST_URL = f"{documents.SITE}/s/1"
CURVES = {
    Algorithm.P256: bytes(range(1, 33)),
    Algorithm.P384: bytes(range(1, 49)),
    Algorithm.P521: bytes(2) + bytes(range(1, 65)),
}
# What the holder of a copy in parts may withhold.
WITHHELD = ("/credentialSubject/narrative", "/credentialSubject/term", "/evidence/0")

Mutate = Callable[[bytes, Random], bytes]


@dataclass(frozen=True, slots=True)
class Fixture:
    name: str
    secured: bytes
    mutate: Mutate
    # What the genuine credential says: what an accepted mutant must say as well.
    said: Any
    # Whether order and repetition of array items are outside what was signed (RDF datasets, S16).
    is_graph: bool
    # What a holder must show at the least, where a holder may show less; else the whole.
    least: Any
    # What each document inside says, which an accepted mutant must say as well, no more and no less.
    inside: list[str]


def world() -> tuple[FixedSources, dict[str, list[Fixture]]]:
    """Sources, and fixtures by the campaign that changes them."""
    key = PrivateKey.from_seed(bytes(range(32)))
    did = did_key(key.public_key)
    method = f"{did}#{key.public_key.multikey()}"
    curves = {algorithm: PrivateKey.from_bytes(algorithm, octets) for algorithm, octets in CURVES.items()}
    holder = PrivateKey.from_seed(bytes(range(1, 33)))

    small, large = documents.small(17, did), documents.large(17, did)
    graph = sign(small, key, verification_method=method, at=AT)
    token = sign_jwt(large, key, verification_method=method).encode("ascii")

    def with_curve(algorithm: Algorithm, cryptosuite: str, *, mandatory: tuple[str, ...] = ()) -> bytes:
        curve = curves[algorithm]
        document = _bare(documents.large(19, did_key(curve.public_key)))
        named = {"mandatory_pointers": mandatory} if mandatory else {}
        return sign(
            document,
            curve,
            verification_method=_method(curve.public_key),
            at=AT,
            cryptosuite=cryptosuite,
            **named,
        )

    def curve_token(algorithm: Algorithm) -> bytes:
        curve = curves[algorithm]
        issuer = did_jwk(curve.public_key)
        document = _bare(documents.small(18, issuer))
        return sign_jwt(document, curve, verification_method=f"{issuer}#0").encode("ascii")

    base = with_curve(Algorithm.P256, "ecdsa-sd-2023", mandatory=("/name", "/validFrom", "/issuer"))
    subject = "/credentialSubject"
    chosen = (f"{subject}/achievement", f"{subject}/narrative", f"{subject}/creditsEarned", "/evidence")
    derived = derive(parse_json(base), selective_pointers=chosen)
    barest = derive(parse_json(base), selective_pointers=(f"{subject}/achievement",))
    whole = sign_sd_jwt(large, key, verification_method=method, disclose=WITHHELD, holder=holder.public_key)
    bound = bind_sd_jwt(whole, holder, audience="https://desk.example", nonce="n-1", at=AT)

    plain = sign_sd_jwt_vc(
        {"iss": did, "vct": f"{documents.SITE}/vct", "given_name": "Zoë", "place": "Bergen", "age": 41},
        key,
        kid=method,
        disclose=("/given_name", "/place", "/age"),
        at=AT,
    )

    unsigned_list = status_list_document(
        url=LIST_URL,
        issuer=did,
        purpose="revocation",
        bits=StatusList(),
        valid_from=AT - timedelta(hours=1),
        valid_until=AT + timedelta(days=1),
        ttl_ms=300_000,
        subject_id=f"{LIST_URL}#list",
    )
    pages, more = made()
    signed_list = sign(unsigned_list, key, verification_method=method, at=AT)
    sources = FixedSources({LIST_URL: signed_list, **pages})
    verifier = Verifier(sources)

    def said(secured: bytes, is_graph: bool) -> Any:
        document = verifier.examine(secured, at=AT).document
        return meaning(document) if is_graph else document

    def fixture(
        name: str, secured: bytes, mutate: Mutate, *, is_graph: bool = False, least: bytes | None = None
    ) -> Fixture:
        whole = said(secured, is_graph)
        inside = said_inside(verifier.examine(secured, at=AT), is_graph)
        if least is None:
            return Fixture(name, secured, mutate, whole, is_graph, whole, inside)
        # A graph does not say by which contexts it was written; one that nothing shown needs may go.
        barest = {name: value for name, value in said(least, is_graph).items() if name != "@context"}
        return Fixture(name, secured, mutate, whole, is_graph, barest, inside)

    fixtures = {
        "jwt": [
            fixture("vc+jwt EdDSA", token, mutate_token),
            fixture("vc+jwt ES256", curve_token(Algorithm.P256), mutate_token),
            fixture("vc+jwt ES512", curve_token(Algorithm.P521), mutate_token),
            fixture("svg", bake(SVG, token), mutate_picture(token, mutate_token)),
        ],
        "jcs": [
            fixture(
                "eddsa-jcs-2022",
                sign(large, key, verification_method=method, at=AT, cryptosuite="eddsa-jcs-2022"),
                mutate_json,
            ),
            fixture("ecdsa-jcs-2019 P-256", with_curve(Algorithm.P256, "ecdsa-jcs-2019"), mutate_json),
        ],
        "rdfc": [
            fixture("eddsa-rdfc-2022 small", graph, mutate_json, is_graph=True),
            fixture(
                "eddsa-rdfc-2022 large",
                sign(large, key, verification_method=method, at=AT),
                mutate_json,
                is_graph=True,
            ),
            fixture(
                "ecdsa-rdfc-2019 P-384",
                with_curve(Algorithm.P384, "ecdsa-rdfc-2019"),
                mutate_json,
                is_graph=True,
            ),
            fixture("png", bake(PNG, graph), mutate_picture(graph, mutate_json), is_graph=True),
        ],
        "ecdsa-sd": [fixture("derived", derived, mutate_derived, is_graph=True, least=barest)],
        "sd-jwt": [
            fixture(
                "vc+sd-jwt",
                whole.encode("ascii"),
                mutate_sd_jwt,
                least=present_sd_jwt(whole, disclose=()).encode("ascii"),
            ),
            fixture("vc+sd-jwt bound to its holder", bound.encode("ascii"), mutate_sd_jwt),
            fixture(
                "dc+sd-jwt",
                plain.encode("ascii"),
                mutate_sd_jwt,
                least=present_sd_jwt(plain, disclose=()).encode("ascii"),
            ),
        ],
        "cose": [fixture("vc+cose", sign_cose(large, key, verification_method=method), mutate_cose)],
    }
    for kind, things in more.items():
        fixtures[kind] += [
            fixture(each.name, each.secured, each.mutate, is_graph=each.is_graph) for each in things
        ]
    return sources, fixtures


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    """Without status: its list would have to be signed by another issuer."""
    return {name: value for name, value in document.items() if name != "credentialStatus"}


def _method(key: PublicKey) -> str:
    return f"{did_key(key)}#{key.multikey()}"


def said_inside(report: Report, is_graph: bool) -> list[str]:
    """All that is shown of what is inside, at whatever depth, as texts that can be compared.

    Places count, except in a graph, which has no order of items (S16). An endorsement of which nothing is
    shown says nothing.
    """
    told = []
    for part in report.parts:
        if part.role == ENDORSEMENT and part.report.document is None:
            continue
        # A token in a graph is one value of it, and what that says was signed to the byte.
        of_graph = is_graph and part.report.format == EMBEDDED
        document = meaning(part.report.document) if of_graph else part.report.document
        shown = [part.role, part.report.accepted, document, said_inside(part.report, of_graph)]
        told.append(json.dumps([*shown, None if is_graph else part.path], sort_keys=True))
    return sorted(told)


def same_inside(more: list[str], less: list[str], is_graph: bool) -> bool:
    """Whether what is inside says the same.

    An endorsement in a graph may lose the context that it would need by itself, because the document around
    it gives it the same one: the statements are those that were signed, and nothing is shown of it.
    """
    if not is_graph:
        return more == less
    endorsement = f'["{ENDORSEMENT}", '
    lost = [each for each in more if each not in less]
    return all(each in more for each in less) and all(each.startswith(endorsement) for each in lost)


def meaning(value: Any) -> Any:
    """A document without what a graph does not say: order and repetition of items, empty lists."""
    match value:
        case dict():
            return {key: meaning(item) for key, item in value.items() if item != []}
        case list():
            items: list[Any] = []
            # As JSON in one order: an item whose members stand in another order is the same item.
            for item in sorted((meaning(each) for each in value), key=partial(json.dumps, sort_keys=True)):
                if not items or items[-1] != item or type(items[-1]) is not type(item):
                    items.append(item)
            # One item and a list of one are the same statement.
            return items[0] if len(items) == 1 else items
        case float() if value.is_integer():
            return int(value)
    return value


def contains(more: Any, less: Any) -> bool:
    """Whether everything that ``less`` says is said in the same place of ``more``."""
    if isinstance(less, list):
        # One item and a list of one are the same statement in a graph, so ``more`` may be a single value.
        within = more if isinstance(more, list) else [more]
        return all(any(contains(item, each) for item in within) for each in less)
    if isinstance(more, list):
        return any(contains(item, less) for item in more)
    if isinstance(more, dict) and isinstance(less, dict):
        return all(name in more and contains(more[name], item) for name, item in less.items())
    return type(more) is type(less) and bool(more == less)

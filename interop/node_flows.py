# SPDX-License-Identifier: Apache-2.0
"""What is exchanged with the npm peers."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from flows import (
    LIST_URL,
    NUMBER,
    SEED,
    SHAPES,
    Flow,
    Judge,
    Ours,
    Secured,
    bare,
    exchange,
    judged_by_us,
    withdrawal,
)

from bench import documents
from cairn import derive, present_sd_jwt, sign_cose, sign_sd_jwt
from cairn.canonical import parse_json
from cairn.credential import format_datetime
from cairn.keys import Algorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node_peers import NodePeers

BAZAAR = "@digitalbazaar/vc"
SD_JWT = "@sd-jwt/core"
COSE = "@auth0/cose"
CURVES = {"P-256": Algorithm.P256, "P-384": Algorithm.P384}
COSE_ALGORITHMS = {"EdDSA": Algorithm.ED25519, "ES256": Algorithm.P256, "ES384": Algorithm.P384}
# What an SD-JWT withholds in these flows, and what a copy of a part shows.
WITHHELD = ("/credentialSubject/achievement/criteria/narrative", "/credentialSubject/achievement/tag")
SHOWN = ("/credentialSubject",)


def node_flows(node: NodePeers, at: datetime) -> Iterator[Flow]:
    def flow(peer: str, name: str, run: Callable[[], list[str]]) -> Flow:
        return Flow(peer, node.version(peer), name, run)

    for peer in ("@digitalbazaar/vc", "@digitalcredentials/verifier-core"):
        for size in SHAPES:
            yield flow(peer, f"verify.eddsa-rdfc-2022.{size}", _ours_to_node(node, peer, Ours(at), size))
        yield flow(peer, "verify.did-web", _ours_to_node(node, peer, Ours(at, method="web"), "small"))
        yield flow(peer, "verify.revoked", _withdrawn_to_node(node, peer, at))
    for alg, algorithm in (("EdDSA", Algorithm.ED25519), ("ES256", Algorithm.P256)):
        yield flow("jose", f"verify.vc+jwt.{alg}", _our_token_to_jose(node, alg, algorithm, at))

    for peer, verifier in (
        ("@digitalbazaar/vc", "@digitalbazaar/vc"),
        ("@digitalcredentials/vc", "@digitalcredentials/verifier-core"),
    ):
        for size in SHAPES:
            yield flow(peer, f"issue.eddsa-rdfc-2022.{size}", _node_to_us(node, peer, verifier, size, at))
    yield flow("@digitalbazaar/vc", "issue.status-list", _their_list(node, at))
    for alg in ("EdDSA", "ES256", "ES384", "RS256"):
        yield flow("jose", f"issue.vc+jwt.{alg}", _jose_to_us(node, alg, at))

    yield flow(BAZAAR, "verify.eddsa-jcs-2022", partial(_suite_to_node, node, "eddsa-jcs-2022", None, at))
    yield flow(BAZAAR, "issue.eddsa-jcs-2022", partial(_suite_to_us, node, "eddsa-jcs-2022", None, at))
    for suite in ("ecdsa-rdfc-2019", "ecdsa-jcs-2019"):
        for curve in CURVES:
            yield flow(BAZAAR, f"verify.{suite}.{curve}", partial(_suite_to_node, node, suite, curve, at))
            yield flow(BAZAAR, f"issue.{suite}.{curve}", partial(_suite_to_us, node, suite, curve, at))
    # The old suite is read and never written by us.
    old = "Ed25519Signature2020"
    yield flow(BAZAAR, f"issue.{old}", partial(_suite_to_us, node, old, None, at))
    for issuer in ("ours", "theirs"):
        for holder in ("ours", "theirs"):
            name = f"derive.ecdsa-sd-2023.base-{issuer}.copy-{holder}"
            yield flow(BAZAAR, name, partial(_copy_of_a_part, node, issuer, holder, at))
    yield flow(SD_JWT, "verify.vc+sd-jwt", partial(_sd_jwt_to_node, node, at))
    yield flow(SD_JWT, "issue.vc+sd-jwt", partial(_sd_jwt_to_us, node, at))
    for alg in COSE_ALGORITHMS:
        yield flow(COSE, f"verify.vc+cose.{alg}", partial(_cose_to_node, node, alg, at))
        yield flow(COSE, f"issue.vc+cose.{alg}", partial(_cose_to_us, node, alg, at))


def _judged_by_node(
    node: NodePeers, peer: str, format: str, at: datetime, resources: dict[str, str]
) -> Judge:
    def judge(secured: Secured) -> tuple[bool, str]:
        # Bytes do not travel in JSON.
        sent = b64encode(secured).decode("ascii") if isinstance(secured, bytes) else secured
        return node.verify(peer, format, sent, at=format_datetime(at), resources=resources)

    return judge


def _ours_to_node(node: NodePeers, peer: str, ours: Ours, size: str) -> Callable[[], list[str]]:
    def run() -> list[str]:
        theirs = _judged_by_node(node, peer, "eddsa-rdfc-2022", ours.at, ours.resources)
        return exchange(ours.embedded(SHAPES[size](NUMBER, ours.did)), ours.judge, theirs)

    return run


def _withdrawn_to_node(node: NodePeers, peer: str, at: datetime) -> Callable[[], list[str]]:
    def run() -> list[str]:
        ours = Ours(at)
        return withdrawal(ours, _judged_by_node(node, peer, "eddsa-rdfc-2022", at, ours.resources))

    return run


def _our_token_to_jose(
    node: NodePeers, alg: str, algorithm: Algorithm, at: datetime
) -> Callable[[], list[str]]:
    def run() -> list[str]:
        ours = Ours(at, method="key" if algorithm is Algorithm.ED25519 else "jwk", algorithm=algorithm)
        theirs = _judged_by_node(node, "jose", f"vc+jwt.{alg}", at, ours.resources)
        return exchange(ours.token(documents.large(NUMBER, ours.did)), ours.judge, theirs)

    return run


def _node_to_us(
    node: NodePeers, peer: str, verifier: str, size: str, at: datetime
) -> Callable[[], list[str]]:
    def run() -> list[str]:
        wishes = {"seed": SEED.hex(), "at": format_datetime(at)}
        issuer = node.issue(peer, "identity", **wishes)
        document = bare(SHAPES[size](NUMBER, issuer))
        secured = node.issue(peer, "eddsa-rdfc-2022", credential=document, **wishes)
        theirs = _judged_by_node(node, verifier, "eddsa-rdfc-2022", at, {})
        return exchange(secured, lambda copy: judged_by_us(copy, {}, at), theirs)

    return run


def _their_list(node: NodePeers, at: datetime) -> Callable[[], list[str]]:
    def run() -> list[str]:
        wishes = {"seed": SEED.hex(), "at": format_datetime(at)}
        issuer = node.issue("@digitalbazaar/vc", "identity", **wishes)
        complaints = []
        for number, expected in ((NUMBER, False), (NUMBER + 1, True)):
            listed = node.issue(
                "@digitalbazaar/vc",
                "status-list",
                url=LIST_URL,
                issuer=issuer,
                set=[NUMBER],
                validFrom=format_datetime(at - timedelta(hours=1)),
                **wishes,
            )
            resources = {LIST_URL: json.dumps(listed)}
            document = documents.small(number, issuer)
            secured = node.issue("@digitalbazaar/vc", "eddsa-rdfc-2022", credential=document, **wishes)
            theirs = _judged_by_node(node, "@digitalbazaar/vc", "eddsa-rdfc-2022", at, resources)
            for name, verdict in (
                ("we", judged_by_us(secured, resources, at)),
                ("the peer", theirs(secured)),
            ):
                if verdict[0] is not expected:
                    complaints.append(f"{name} misread bit {number} of the peer's list: {verdict[1]}")
        return complaints

    return run


def _jose_to_us(node: NodePeers, alg: str, at: datetime) -> Callable[[], list[str]]:
    def run() -> list[str]:
        issuer = node.issue("jose", "identity", alg=alg)
        secured = node.issue("jose", f"vc+jwt.{alg}", credential=bare(documents.large(NUMBER, issuer)))
        theirs = _judged_by_node(node, "jose", f"vc+jwt.{alg}", at, {})
        return exchange(secured, lambda copy: judged_by_us(copy, {}, at), theirs)

    return run


# --- other cryptosuites


def _suite_to_node(node: NodePeers, suite: str, curve: str | None, at: datetime) -> list[str]:
    ours = Ours(at, algorithm=CURVES[curve] if curve else Algorithm.ED25519)
    theirs = _judged_by_node(node, BAZAAR, suite, at, ours.resources)
    return exchange(ours.embedded(documents.large(NUMBER, ours.did), suite), ours.judge, theirs)


def _suite_to_us(node: NodePeers, suite: str, curve: str | None, at: datetime) -> list[str]:
    wishes = {"seed": SEED.hex(), "curve": curve, "at": format_datetime(at)}
    issuer = node.issue(BAZAAR, "identity", **wishes)
    secured = node.issue(BAZAAR, suite, credential=bare(documents.large(NUMBER, issuer)), **wishes)
    theirs = _judged_by_node(node, BAZAAR, suite, at, {})
    return exchange(secured, lambda copy: judged_by_us(copy, {}, at), theirs)


def _copy_of_a_part(node: NodePeers, issuer: str, holder: str, at: datetime) -> list[str]:
    """Any of the two signs, any of the two makes the copy, and both judge it."""
    ours = Ours(at, algorithm=Algorithm.P256)
    wishes = {"seed": SEED.hex(), "curve": "P-256", "at": format_datetime(at)}
    did = ours.did if issuer == "ours" else node.issue(BAZAAR, "identity", **wishes)
    document = bare(documents.small(NUMBER, did))
    if issuer == "ours":
        base = ours.embedded(document, "ecdsa-sd-2023")
    else:
        always = ["/issuer", "/validFrom", "/validUntil"]
        base = node.issue(BAZAAR, "ecdsa-sd-2023", credential=document, mandatoryPointers=always, **wishes)
    if holder == "ours":
        copy = parse_json(derive(base, selective_pointers=SHOWN))
    else:
        copy = node.issue(BAZAAR, "derive", credential=base, selectivePointers=list(SHOWN))
    theirs = _judged_by_node(node, BAZAAR, "ecdsa-sd-2023", at, {})
    return exchange(copy, lambda secured: judged_by_us(secured, {}, at), theirs)


# --- SD-JWT and COSE


def _sd_jwt_to_node(node: NodePeers, at: datetime) -> list[str]:
    ours = Ours(at, method="jwk", algorithm=Algorithm.P256)
    whole = sign_sd_jwt(
        bare(documents.large(NUMBER, ours.did)),
        ours.key,
        verification_method=ours.verification_method,
        disclose=WITHHELD,
    )
    theirs = _judged_by_node(node, SD_JWT, "vc+sd-jwt", at, {})
    return exchange(present_sd_jwt(whole, disclose=WITHHELD[:1]), ours.judge, theirs)


def _sd_jwt_to_us(node: NodePeers, at: datetime) -> list[str]:
    issuer = node.issue(SD_JWT, "identity")
    # In the peer's own spelling: what "_sd" names can be withheld where it stands.
    frame = {"credentialSubject": {"achievement": {"_sd": ["tag"], "criteria": {"_sd": ["narrative"]}}}}
    document = bare(documents.large(NUMBER, issuer))
    secured = node.issue(SD_JWT, "vc+sd-jwt", credential=document, disclosureFrame=frame)
    theirs = _judged_by_node(node, SD_JWT, "vc+sd-jwt", at, {})
    return exchange(secured, lambda copy: judged_by_us(copy, {}, at), theirs)


def _cose_to_node(node: NodePeers, alg: str, at: datetime) -> list[str]:
    ours = Ours(at, method="jwk", algorithm=COSE_ALGORITHMS[alg])
    document = bare(documents.large(NUMBER, ours.did))
    secured = sign_cose(document, ours.key, verification_method=ours.verification_method)
    return exchange(secured, ours.judge, _judged_by_node(node, COSE, f"vc+cose.{alg}", at, {}))


def _cose_to_us(node: NodePeers, alg: str, at: datetime) -> list[str]:
    issuer = node.issue(COSE, "identity", alg=alg)
    document = bare(documents.large(NUMBER, issuer))
    secured = b64decode(node.issue(COSE, f"vc+cose.{alg}", credential=document))
    theirs = _judged_by_node(node, COSE, f"vc+cose.{alg}", at, {})
    return exchange(secured, lambda copy: judged_by_us(copy, {}, at), theirs)

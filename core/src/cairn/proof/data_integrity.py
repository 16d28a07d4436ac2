# SPDX-License-Identifier: Apache-2.0
"""Embedded proofs: W3C Data Integrity 1.0 and its cryptosuites, and one of the proofs that came before it.

    eddsa-rdfc-2022, eddsa-jcs-2022     Ed25519, SHA-256                       vc-di-eddsa §3.2, §3.3
    ecdsa-rdfc-2019, ecdsa-jcs-2019     P-256, SHA-256 or P-384, SHA-384       vc-di-ecdsa §3.2, §3.3
    ecdsa-sd-2023                       P-256, statement by statement          ``ecdsa_sd``
    Ed25519Signature2020                as eddsa-rdfc-2022; never made anew    vc-di-eddsa appendix

Checking follows the Recommendation except where it fails open. Its proof-set algorithm forgets failures,
leaves out proofs that throw and is satisfied by an empty list (S1). Here a document is intact only when at
least one proof of a suite we know holds, none of them fails, and every proof that a chain leans on holds.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import new as new_hash
from typing import TYPE_CHECKING, Any

from cairn.canonical import PINNED, jcs, parse_json, rdf_canonical, to_json
from cairn.credential import format_datetime, parse_datetime
from cairn.credential.address import is_identifier
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm, multibase_decode, multibase_encode
from cairn.proof import ecdsa_sd
from cairn.proof.outcome import CLOCK_SKEW, Answer, Outcome, refuse_key_out_of_use

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cairn.canonical import Context
    from cairn.keys import PublicKey, Signer
    from cairn.proof.outcome import Resolve

RDFC = "eddsa-rdfc-2022"
JCS = "eddsa-jcs-2022"
ECDSA_RDFC = "ecdsa-rdfc-2019"
ECDSA_JCS = "ecdsa-jcs-2019"
ECDSA_SD = "ecdsa-sd-2023"
CRYPTOSUITES = (RDFC, JCS, ECDSA_RDFC, ECDSA_JCS, ECDSA_SD)

# A proof type of its own, without a cryptosuite: what DataIntegrityProof replaced.
ED25519_2020 = "Ed25519Signature2020"

_OVER_JCS = frozenset({JCS, ECDSA_JCS})
_KEYS = {
    RDFC: (Algorithm.ED25519,),
    JCS: (Algorithm.ED25519,),
    ED25519_2020: (Algorithm.ED25519,),
    ECDSA_RDFC: (Algorithm.P256, Algorithm.P384),
    ECDSA_JCS: (Algorithm.P256, Algorithm.P384),
    ECDSA_SD: (Algorithm.P256,),
}
_P384_SIGNATURE = 96  # bytes; the curve decides on the hash, and the signature's length tells the curve

PURPOSE = "assertionMethod"  # what credentials are signed for
PRESENTING = "authentication"  # what presentations are signed for, and never a credential (B64)
MAX_PROOFS = 16  # B63
INTACT = "Nothing has been changed since it was signed."

_WORD = re.compile(r"[A-Za-z0-9-]{1,40}")

# Data Integrity §2.1. Anything else in a proof would be signed but read by nobody (B69).
_MEMBERS = frozenset(
    {
        "id",
        "type",
        "cryptosuite",
        "created",
        "expires",
        "verificationMethod",
        "proofPurpose",
        "proofValue",
        "domain",
        "challenge",
        "nonce",
        "previousProof",
    }
)


def sign(
    document: Mapping[str, Any],
    signer: Signer,
    *,
    verification_method: str,
    created: datetime,
    cryptosuite: str = RDFC,
    proof_id: str | None = None,
    previous_proofs: Sequence[str] = (),
    mandatory_pointers: Sequence[str] = (),
    fresh: ecdsa_sd.Secrets | None = None,
    contexts: Mapping[str, Context] = PINNED,
    purpose: str = PURPOSE,
    domain: str | None = None,
    challenge: str | None = None,
    written: bytes | None = None,
) -> dict[str, Any]:
    """Add a proof (Data Integrity §4.2; vc-di-eddsa §3.2.1, §3.3.1); an earlier proof stays beside it.

    ``previous_proofs`` names proofs of the document that the new one also vouches for: a proof chain.
    ``mandatory_pointers`` choose what no copy derived from an ecdsa-sd-2023 proof may leave out. ``domain``
    and ``challenge`` say for whom, and in answer to which question, a presentation is signed (§2.1).
    ``written`` is the canonical JSON of a document that is known to read back as it is, for JCS.
    """
    if cryptosuite not in CRYPTOSUITES:
        raise UnsupportedError("unknown-cryptosuite", f"cannot sign with {cryptosuite!r}")
    if signer.algorithm not in _KEYS[cryptosuite]:
        raise UnsupportedError("key-type", f"{_needed(cryptosuite)}, not {signer.algorithm}")
    if cryptosuite != ECDSA_SD and (mandatory_pointers or fresh is not None):
        raise ValueError("only ecdsa-sd-2023 has mandatory pointers")
    if cryptosuite == ECDSA_SD and previous_proofs:
        # The holder would have to show the named proofs, which sign what is left out.
        raise UnsupportedError("previous-proof", "a proof for selective disclosure leans on no other")
    configuration: dict[str, Any] = {
        "type": "DataIntegrityProof",
        "cryptosuite": cryptosuite,
        "created": format_datetime(created),
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
    }
    asked = {"domain": domain, "challenge": challenge}
    configuration |= {name: value for name, value in asked.items() if value is not None}
    if proof_id is not None:
        configuration["id"] = proof_id
    if previous_proofs:
        configuration["previousProof"] = (
            previous_proofs[0] if len(previous_proofs) == 1 else list(previous_proofs)
        )
    digest = "sha384" if signer.algorithm is Algorithm.P384 else "sha256"
    if cryptosuite in _OVER_JCS:
        configuration["@context"] = document["@context"]
        if written is not None and "proof" not in document:
            parts = (jcs(configuration), written)
            value = multibase_encode(signer.sign(b"".join(new_hash(digest, each).digest() for each in parts)))
            return {**document, "proof": {**configuration, "proofValue": value}}
    earlier = _as_list(document["proof"]) if "proof" in document else []
    vouched_for = [each for each in earlier if each.get("id") in previous_proofs]
    if len(vouched_for) != len(previous_proofs):
        raise MalformedError("previous-proof", "The document has no such proofs to lean on.")
    # As a reader will have it: a Python object that stands in two places is two objects on the wire, and
    # without an id they are two nodes.
    unsecured = parse_json(to_json(_unsecured(document, vouched_for)))
    if cryptosuite == ECDSA_SD:
        value = ecdsa_sd.sign(
            unsecured,
            configuration,
            signer,
            mandatory_pointers=mandatory_pointers,
            fresh=fresh,
            contexts=contexts,
        )
    else:
        signed = hash_input(unsecured, configuration, digest=digest, contexts=contexts)
        value = multibase_encode(signer.sign(signed))
    proof = {**configuration, "proofValue": value}
    return {**document, "proof": [*earlier, proof] if earlier else proof}


def derive(
    document: Mapping[str, Any],
    *,
    selective_pointers: Sequence[str],
    contexts: Mapping[str, Context] = PINNED,
) -> dict[str, Any]:
    """A copy with a derived proof that shows what is mandatory and what the pointers choose (§3.6.6).

    Other proofs of the document are left behind: they sign what the copy does not show.
    """
    proof = base_proof(document)
    unsecured = _unsecured(document, [])
    revealed, value = ecdsa_sd.derive(
        unsecured, proof.get("proofValue"), selective_pointers, contexts=contexts
    )
    return {**revealed, "proof": {**proof, "proofValue": value}}


def base_proof(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one proof from which copies are made."""
    proofs = _as_list(document.get("proof", []))
    bases = [each for each in proofs if isinstance(each, dict) and each.get("cryptosuite") == ECDSA_SD]
    if len(bases) != 1 or "previousProof" in bases[0]:
        message = "The document has no single proof of ecdsa-sd-2023 to derive a copy from."
        raise MalformedError("no-proof", message)
    proof: Mapping[str, Any] = bases[0]
    return proof


def check(
    document: Mapping[str, Any],
    resolve: Resolve,
    *,
    at: datetime | None,
    contexts: Mapping[str, Context] = PINNED,
    purpose: str = PURPOSE,
) -> Answer:
    """Look at every proof of the document and say whether it is intact (S1, S2; B63–B70, B73).

    ``contexts`` are those whose meaning is known, ``at`` the moment by which dates and keys are judged. Only
    a conformance run knows more contexts than the pinned ones, or names no moment (N1).
    """
    if "proof" not in document:
        return Answer(Outcome.FAILED, "no-proof", "It is not signed.")
    try:
        proofs = _proofs(document["proof"])
        before = _chain(proofs)
    except MalformedError as error:
        return Answer.of(error)
    question = _Question(document, resolve, at, contexts, purpose)
    looks = [
        _look(proof, [proofs[index] for index in before[position]], question)
        for position, proof in enumerate(proofs)
    ]
    return _together(looks, before)


def is_partial(document: Mapping[str, Any]) -> bool:
    """Whether only proofs for selective disclosure vouch for it, so that its issuer may have said more.

    Proofs that we do not know count for nothing here, as they do in ``check``.
    """
    suites = set()
    for proof in _as_list(document.get("proof")):
        with suppress(CairnError):
            suites.add(_suite(proof) if isinstance(proof, dict) else "")
    return suites == {ECDSA_SD}


def hash_input(
    unsecured: Mapping[str, Any],
    configuration: Mapping[str, Any],
    *,
    digest: str = "sha256",
    contexts: Mapping[str, Context] = PINNED,
) -> bytes:
    """What is signed: hash(canonical configuration) ‖ hash(canonical document) (vc-di-eddsa §3.2.4).

    With P-384 the hash is SHA-384, inside the canonicalization as well (vc-di-ecdsa §3.2.3, §3.2.4).
    """
    if configuration.get("cryptosuite") in _OVER_JCS:
        parts = [jcs(configuration), jcs(unsecured)]
    else:
        parts = [
            rdf_canonical(each, contexts=contexts, algorithm=digest)
            for each in _parts(unsecured, configuration)
        ]
    return b"".join(new_hash(digest, part).digest() for part in parts)


def _parts(
    unsecured: Mapping[str, Any], configuration: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the RDFC suites canonicalize: the proof's options under the document's contexts, the document."""
    return {"@context": unsecured.get("@context"), **configuration}, unsecured


@dataclass(frozen=True, slots=True)
class _Question:
    """What every proof of a document is asked with."""

    document: Mapping[str, Any]
    resolve: Resolve
    at: datetime | None
    contexts: Mapping[str, Context]
    purpose: str


@dataclass(frozen=True, slots=True)
class _Look:
    """One proof, looked at. ``known`` says that its suite is one we must be able to judge."""

    answer: Answer
    known: bool


def _proofs(value: Any) -> list[Mapping[str, Any]]:
    """The proofs as a list of objects with distinct ids; an empty list is no proof at all (S1, B63)."""
    proofs = _as_list(value)
    if not proofs:
        raise MalformedError("no-proof", "Its list of proofs is empty.")
    if len(proofs) > MAX_PROOFS:
        raise MalformedError("too-many-proofs", f"It has {len(proofs)} proofs; {MAX_PROOFS} are allowed.")
    if not all(isinstance(proof, dict) for proof in proofs):
        raise MalformedError("proof-malformed", "A proof is not an object.")
    ids = [proof["id"] for proof in proofs if "id" in proof]
    if not all(is_identifier(each) for each in ids) or len(set(ids)) != len(ids):
        raise MalformedError("proof-malformed", "The ids of its proofs are not distinct absolute URLs.")
    return proofs


def _chain(proofs: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """For each proof the positions of those it leans on (Data Integrity §2.1.2), in document order.

    A name that nobody has and a circle are both refused: either way something is vouched for by nothing
    (S1, N12, B69).
    """
    position = {proof["id"]: index for index, proof in enumerate(proofs) if "id" in proof}
    before: list[list[int]] = []
    for proof in proofs:
        names = _as_list(proof["previousProof"]) if "previousProof" in proof else []
        if "previousProof" in proof and not names:
            raise MalformedError("previous-proof", "A proof leans on an empty list of proofs.")
        if not all(isinstance(name, str) and name in position for name in names):
            raise MalformedError("previous-proof", "A proof leans on one that is not there.")
        if len(set(names)) != len(names):
            raise MalformedError("previous-proof", "A proof leans on the same proof twice.")
        before.append(sorted(position[name] for name in names))
    settled: set[int] = set()
    while len(settled) < len(proofs):
        ready = {i for i, needs in enumerate(before) if i not in settled and settled.issuperset(needs)}
        if not ready:
            raise MalformedError("previous-proof", "Its proofs lean on each other in a circle.")
        settled |= ready
    return before


def _look(proof: Mapping[str, Any], previous: Sequence[Mapping[str, Any]], question: _Question) -> _Look:
    try:
        suite = _suite(proof)
    except CairnError as error:
        return _Look(Answer.of(error), known=isinstance(error, MalformedError))
    named = proof.get("verificationMethod")
    methods = (named,) if isinstance(named, str) else ()
    try:
        signed = _verify(proof, suite, previous, question)
    except CairnError as error:
        return _Look(Answer.of(error, methods=methods), known=True)
    details = {"cryptosuite": suite, "created": proof["created"]} if "created" in proof else {}
    if suite == ED25519_2020:
        details["note"] = "old-suite"
    # Without a date nobody can say whether the key was good when it signed, as long as no log tells (B68).
    if "created" not in proof and question.at is not None:
        undated = Answer(
            Outcome.UNDECIDED, "no-created", "The proof does not say when it was made.", methods=methods
        )
        return _Look(undated, known=True)
    return _Look(Answer(Outcome.PASSED, "ok", INTACT, signed, methods, details), known=True)


def _suite(proof: Mapping[str, Any]) -> str:
    """The cryptosuite, if it is one of ours; another one is not wrong, only unknown (N8, B67)."""
    kind = proof.get("type")
    if not isinstance(kind, str):
        raise MalformedError("proof-malformed", "A proof does not say of which type it is.")
    if kind == ED25519_2020 and "cryptosuite" not in proof:
        return ED25519_2020
    if kind != "DataIntegrityProof":
        if kind == ED25519_2020 or proof.get("cryptosuite") in CRYPTOSUITES:
            raise MalformedError("proof-malformed", "A proof of that type cannot name that cryptosuite.")
        raise UnsupportedError("unknown-proof-type", f"It is signed in a way we do not know{_named(kind)}.")
    suite = proof.get("cryptosuite")
    if not isinstance(suite, str):
        raise MalformedError("proof-malformed", "A proof does not name its cryptosuite.")
    if suite not in CRYPTOSUITES:
        raise UnsupportedError("unknown-cryptosuite", f"It is signed in a way we do not know{_named(suite)}.")
    return suite


def _named(word: str) -> str:
    """A stranger's word for our sentence, if it is one: the sentence is shown before anybody is believed."""
    return f": {word}" if _WORD.fullmatch(word) else ""


def _verify(
    proof: Mapping[str, Any],
    suite: str,
    previous: Sequence[Mapping[str, Any]],
    question: _Question,
) -> Mapping[str, Any]:
    """Verify one proof (Data Integrity §4.5) and return the document as that proof signed it."""
    document, at = question.document, question.at
    _refuse_strange_members(proof, suite)
    if proof.get("proofPurpose") != question.purpose:
        raise MalformedError("proof-purpose", f"The proof was not made for {question.purpose}.")
    url = proof.get("verificationMethod")
    if not isinstance(url, str) or not is_identifier(url):
        raise MalformedError("verification-method", "The proof does not name its key by a URL.")
    created = _moment(proof, "created")
    expires = _moment(proof, "expires")
    if at is not None and created is not None and created > at + CLOCK_SKEW:
        raise MalformedError("created-in-future", "The proof says that it will be made in the future.")
    if at is not None and expires is not None and expires < at - CLOCK_SKEW:
        raise MalformedError("proof-expired", "The proof was only good until an earlier date.")
    if suite in _OVER_JCS:
        document = {**document, "@context": _signed_context(proof, document)}
    unsecured = _unsecured(document, previous)
    is_signed_with = _prepare(proof, suite, unsecured, question.contexts)
    method = question.resolve(url)
    if method.public_key.algorithm not in _KEYS[suite]:
        raise MalformedError("key-type", f"{_needed(suite)}, and this is another kind.")
    if not is_signed_with(method.public_key):
        raise MalformedError("signature-mismatch", "The signature does not match.")
    if at is not None:
        refuse_key_out_of_use(method, signed_at=created, at=at)
    if suite in _OVER_JCS:
        # JCS signs bytes, not meaning: a term that no context defines is signed and still says nothing (B73).
        rdf_canonical(unsecured, contexts=question.contexts)
    return {name: value for name, value in unsecured.items() if name != "proof"}


def _prepare(
    proof: Mapping[str, Any], suite: str, unsecured: Mapping[str, Any], contexts: Mapping[str, Context]
) -> Callable[[PublicKey], bool]:
    """Everything that can be done before the key is looked up, so that a broken proof is told as one."""
    configuration = {name: value for name, value in proof.items() if name != "proofValue"}
    if suite == ECDSA_SD:
        return ecdsa_sd.prepare(unsecured, configuration, proof.get("proofValue"), contexts=contexts)
    signature = read_signature(proof.get("proofValue"))
    digest = "sha384" if Algorithm.P384 in _KEYS[suite] and len(signature) == _P384_SIGNATURE else "sha256"
    message = hash_input(unsecured, configuration, digest=digest, contexts=contexts)
    # A key of the other curve refuses the signature by its length.
    return lambda key: key.verify(message, signature)


def _needed(suite: str) -> str:
    return f"{suite} needs a key of {' or '.join(_KEYS[suite])}"


def _together(looks: Sequence[_Look], before: Sequence[Sequence[int]]) -> Answer:
    """One answer from many: any known failure is a no, any doubt a doubt, and nothing is not enough."""
    methods = tuple(method for look in looks for method in look.answer.methods)
    for look in looks:
        if look.answer.outcome is Outcome.FAILED:
            return replace(look.answer, methods=methods)
    passed = [index for index, look in enumerate(looks) if look.answer.outcome is Outcome.PASSED]
    leaned_on = {index for position in passed for index in before[position]}
    for index, look in enumerate(looks):
        if look.answer.outcome is Outcome.UNDECIDED and (look.known or index in leaned_on or not passed):
            return replace(look.answer, methods=methods)
    # With several JCS proofs each has signed its own copy of the contexts; each is a beginning of the
    # document's list, so the shortest is what all of them signed.
    shortest = min((looks[index].answer for index in passed), key=_context_count)
    return replace(shortest, methods=methods)


def _context_count(answer: Answer) -> int:
    return len(_as_list((answer.document or {}).get("@context")))


def _refuse_strange_members(proof: Mapping[str, Any], suite: str) -> None:
    known = _MEMBERS | {"@context"} if suite in _OVER_JCS else _MEMBERS
    if set(proof) - known:
        raise MalformedError("proof-extra-member", "The proof has members that no standard gives it.")


def _signed_context(proof: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """The contexts that a JCS proof signed: the document's list begins with them (vc-di-eddsa §3.3.2)."""
    signed = proof.get("@context")
    ours = _as_list(document.get("@context"))
    if signed is None or not _as_list(signed) or ours[: len(_as_list(signed))] != _as_list(signed):
        raise MalformedError("proof-context", "The proof was made for other contexts than the document has.")
    return signed


def read_signature(value: object) -> bytes:
    """The signature in a ``proofValue``: base58 and no other spelling (vc-di-eddsa §3.2.2, step 2)."""
    if not isinstance(value, str) or not value.startswith("z"):
        raise MalformedError("proof-value", "The proof has no signature that can be read.")
    try:
        return multibase_decode(value)
    except CairnError as error:
        raise MalformedError("proof-value", "The proof has no signature that can be read.") from error


def _moment(proof: Mapping[str, Any], name: str) -> datetime | None:
    if name not in proof:
        return None
    try:
        return parse_datetime(proof[name] if isinstance(proof[name], str) else "")
    except MalformedError as error:
        raise MalformedError("date-time", f"{name} of the proof is not a date with a zone.") from error


def _unsecured(document: Mapping[str, Any], previous: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document without its proofs, except those that a chained proof also signs."""
    bare = {name: value for name, value in document.items() if name != "proof"}
    return {**bare, "proof": list(previous)} if previous else bare


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

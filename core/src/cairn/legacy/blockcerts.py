# SPDX-License-Identifier: Apache-2.0
"""Blockcerts 2 and 3: certificates whose batch has a root that the issuer wrote into a blockchain.

    2   an Open Badges 2.0 assertion with a ``signature`` of type MerkleProof2017; its key is an address,
        ``ecdsa-koblitz-pubkey:…``, which the issuer's profile lists under ``publicKey``
    3   a W3C credential with a proof of type MerkleProof2019, or of the cryptosuite merkle-proof-2019; its
        key is a ``verificationMethod`` of the issuer

Without the transaction nobody has signed anything: who forges a certificate computes fingerprint, path and
root anew, and they fit. So a proof that does not fit is a no, and one that fits is a yes only together with a
transaction that writes the root and that a key of the issuer has signed. Sources that know transactions are
asked for ``blink:btc:mainnet:<id>``; nobody is asked over the network on our own account.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cairn.credential import issuer_id
from cairn.credential.address import is_web
from cairn.credential.shapes import as_list, types_of
from cairn.did import did_web_url
from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn.keys.secp256k1 import point_of_method
from cairn.legacy.bitcoin import address_of, read_transaction
from cairn.legacy.fingerprint import Fit, fit
from cairn.legacy.issuers import domain_of, issuer_page
from cairn.legacy.merkle import read_2017, read_2019
from cairn.proof.outcome import Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.legacy.bitcoin import Transaction
    from cairn.legacy.case import Case, Page
    from cairn.legacy.merkle import MerkleProof

BLOCKCERTS_2: Final = "blockcerts-2"
BLOCKCERTS_3: Final = "blockcerts-3"

_ADDRESS: Final = "ecdsa-koblitz-pubkey:"
_SUITE: Final = "merkle-proof-2019"
_TYPES: Final = ("MerkleProof2019", "ChainedProof2021")
_MAX_PROOFS: Final = 16
_MAX_TRANSACTIONS: Final = 2


def has_merkle_signature(document: Mapping[str, Any]) -> bool:
    """Whether an assertion is a Blockcerts 2 certificate."""
    return "MerkleProof2017" in types_of(document.get("signature"))


def has_merkle_proof(document: Mapping[str, Any]) -> bool:
    """Whether a credential is secured as Blockcerts 3 are, by one proof at least."""
    return any(isinstance(proof, dict) and _is_merkle(proof) for proof in as_list(document.get("proof")))


def _is_merkle(proof: Mapping[str, Any]) -> bool:
    return proof.get("type") in _TYPES or proof.get("cryptosuite") == _SUITE


@dataclass(frozen=True, slots=True)
class _Proof:
    """One Merkle proof of a certificate, what it is about, and the key that it names."""

    about: Mapping[str, Any]
    merkle: MerkleProof
    method: str


def signature(case: Case) -> Answer:
    """Whether the certificate fits its proofs, and whether keys have signed their roots."""
    methods: tuple[str, ...] = ()
    details: dict[str, str] = {}
    try:
        proofs = _proofs(case)
        methods = tuple(proof.method for proof in proofs)
        anchors = [anchor.url for proof in proofs for anchor in proof.merkle.anchors]
        details = {"anchor": ", ".join(anchors)}
        fits = [_fit(proof) for proof in proofs]
        _refuse_other_proofs(case)
        if Fit.IN_PART in fits:
            message = "Not all that the file says is covered by its proof."
            raise UnsupportedError("merkle-uncovered", message)
        if Fit.OWN_WORDS in fits:
            message = "It brings words of its own, so we cannot say what was signed with them."
            raise UnsupportedError("unknown-context", message)
        for proof in proofs:
            _transaction(case, proof)
    except CairnError as error:
        found = Answer.of(error, methods=methods)
        return Answer(found.outcome, found.code, found.message, None, methods, details)
    message = "Nothing has been changed since its issuer signed the transaction that it names."
    said = {name: value for name, value in case.document.items() if name not in ("proof", "signature")}
    return Answer(Outcome.PASSED, "ok", message, said, methods, details)


def issuer(case: Case) -> Answer:
    """Whether the keys that signed the transactions are the issuer's."""
    details: dict[str, str] = {}
    try:
        named = _issuer_id(case)
        details = {"issuer": named, "method": named.split(":")[1] if named.startswith("did:") else "https"}
        page = issuer_document(case)
        details["domain"] = domain_of(str(page.url))
        proofs = _proofs(case)
        details["key"] = proofs[0].method
        for proof in proofs:
            _refuse_strange_key(_transaction(case, proof), proof, page.document)
    except CairnError as error:
        found = Answer.of(error)
        return Answer(found.outcome, found.code, found.message, details=details)
    message = f"Signed with a key of {details['domain']}."
    return Answer(Outcome.PASSED, "ok", message, details=details)


def remark() -> Answer:
    """What a transaction does not tell of itself."""
    message = (
        "The issuer has signed the transaction that it names. Whether and when it was written into the"
        " blockchain, we have not looked."
    )
    return Answer(Outcome.UNDECIDED, "chain-not-mined", message)


def ask(case: Case) -> None:
    """Ask for what the questions above read: the issuer's page, and the transactions if sources know them."""
    # What could not be had is recorded, and is an outcome of the judgement.
    with suppress(CairnError):
        issuer_document(case)
    with suppress(CairnError):
        for proof in _proofs(case)[:_MAX_TRANSACTIONS]:
            case.resource(_anchor_url(proof))


def issuer_document(case: Case) -> Page:
    """What the issuer's own address says of the issuer."""
    if case.format == BLOCKCERTS_2:
        badge = case.page_of(case.document.get("badge"), "the badge")
        return issuer_page(case, case.document, badge)
    named = _issuer_id(case)
    if named.startswith("did:web:"):
        url = did_web_url(named)
    elif is_web(named):
        url = named.partition("#")[0]
    else:
        raise UnsupportedError("unknown-did-method", f"We do not know how to look up {named[:80]}.")
    page = case.page(url, "the issuer")
    if page.document.get("id") != named:
        raise UnavailableError("issuer-document", "What is there describes another issuer.")
    return page


def _issuer_id(case: Case) -> str:
    if case.format == BLOCKCERTS_3:
        named = issuer_id(case.document)
    else:
        badge = case.document.get("badge")
        named = issuer_id(badge) if isinstance(badge, dict) else None
    if named is None:
        raise MalformedError("no-issuer", "It does not say who issued it.")
    return named


# The proofs


def _proofs(case: Case) -> list[_Proof]:
    document = case.document
    if case.format == BLOCKCERTS_2:
        said = {name: value for name, value in document.items() if name != "signature"}
        verification = document.get("verification")
        key = verification.get("publicKey") if isinstance(verification, dict) else None
        return [_Proof(said, read_2017(document["signature"]), str(key))]
    said = {name: value for name, value in document.items() if name != "proof"}
    listed = document.get("proof")
    if not isinstance(listed, list):
        return [_read_proof(listed, said, [])]
    if len(listed) > _MAX_PROOFS:
        raise MalformedError("too-many-proofs", f"It has {len(listed)} proofs.")
    # A proof in a list is about the document and the proofs before it.
    return [
        _read_proof(proof, {**said, "proof": listed[:place]}, listed[:place])
        for place, proof in enumerate(listed)
        if isinstance(proof, dict) and _is_merkle(proof)
    ]


def _read_proof(proof: Any, about: Mapping[str, Any], before: list[Any]) -> _Proof:
    if proof.get("type") == "ChainedProof2021":
        raise UnsupportedError("unknown-proof-type", "It is signed in an old way that we do not check.")
    if proof.get("proofPurpose") != "assertionMethod":
        raise MalformedError("proof-purpose", "Its proof is not meant for awarding.")
    previous = proof.get("previousProof")
    names = [each.get("id") for each in before if isinstance(each, dict)]
    if previous is not None and not all(each in names for each in as_list(previous)):
        raise MalformedError("previous-proof", "A proof follows another one that is not there.")
    return _Proof(about, read_2019(proof.get("proofValue")), str(proof.get("verificationMethod")))


def _fit(proof: _Proof) -> Fit:
    found = fit(proof.about, proof.merkle.target)
    if found is Fit.NONE:
        raise MalformedError("merkle-hash", "The file says something else than the one that was issued.")
    if not proof.merkle.leads_to_root():
        raise MalformedError("merkle-path", "The proof in the file does not lead to what was written down.")
    return found


def _refuse_other_proofs(case: Case) -> None:
    """Beside Merkle proofs others may stand, which this is not the place to check (S6)."""
    if case.format == BLOCKCERTS_3:
        proofs = as_list(case.document.get("proof"))
        if not all(isinstance(proof, dict) and _is_merkle(proof) for proof in proofs):
            raise UnsupportedError("merkle-mixed", "It is signed in two ways, of which we checked one.")


# The chain


def _anchor_url(proof: _Proof) -> str:
    if not proof.merkle.anchors:
        raise MalformedError("merkle-malformed", "The Merkle proof does not say where its root is written.")
    return proof.merkle.anchors[0].url


def _transaction(case: Case, proof: _Proof) -> Transaction:
    """The transaction that a proof names, from what sources supplied; it writes the root and is signed."""
    url = _anchor_url(proof)
    anchor = proof.merkle.anchors[0]
    if anchor.is_rehearsal:
        message = "It is a rehearsal: it says itself that it was written into no blockchain."
        raise UnsupportedError("chain-test", message)
    if anchor.chain != "btc":
        message = (
            "The file fits its own proof. We do not read this blockchain, so we cannot tell whose it is."
        )
        raise UnsupportedError("chain-unknown", message)
    try:
        found = read_transaction(case.resource(url))
    except CairnError as error:
        message = (
            "The file fits its own proof, which anybody can make. Only the blockchain can say whose it is,"
            " and we have not looked there."
        )
        raise UnavailableError("chain-not-checked", message) from error
    if found.id != anchor.transaction:
        message = "The transaction that we were given is not the one that the file names."
        raise UnavailableError("chain-not-checked", message)
    if not found.writes(proof.merkle.root):
        message = "The transaction that it names says something else."
        raise MalformedError("chain-transaction", message)
    if not found.signers:
        message = "The transaction that it names does not show who signed it in a way that we can check."
        raise UnsupportedError("chain-key", message)
    return found


def _refuse_strange_key(found: Transaction, proof: _Proof, profile: Mapping[str, Any]) -> None:
    """Refuse a transaction that nobody signed with the key that proof and issuer name."""
    listed = _listed(profile, proof.method)
    if listed is None:
        message = "The key that it names is not one of the issuer's."
        raise MalformedError("key-not-of-issuer", message)
    if listed.get("revoked") is not None:
        # Whoever has the key also writes the dates, so no date saves it (S2).
        raise MalformedError("key-revoked", "The issuer has withdrawn the key that signed this.")
    if proof.method.startswith(_ADDRESS):
        network = proof.merkle.anchors[0].network
        theirs = proof.method.removeprefix(_ADDRESS)
        is_theirs = any(address_of(point, network) == theirs for point in found.signers)
    else:
        is_theirs = point_of_method(listed) in found.signers
    if not is_theirs:
        message = "The transaction that it names was signed by somebody else than the issuer."
        raise MalformedError("key-not-of-issuer", message)


def _listed(profile: Mapping[str, Any], method: str) -> Mapping[str, Any] | None:
    """The entry of an issuer's page for a key: among its addresses, or among its verification methods."""
    for member in ("publicKey", "publicKeys"):
        for entry in as_list(profile.get(member, [])):
            if isinstance(entry, dict) and method in (entry.get("id"), entry.get("publicKey")):
                return entry
    used = [
        each.get("id") if isinstance(each, dict) else each
        for each in as_list(profile.get("assertionMethod", []))
    ]
    for entry in as_list(profile.get("verificationMethod", [])):
        if isinstance(entry, dict) and entry.get("id") == method and method in used:
            return entry
    return None

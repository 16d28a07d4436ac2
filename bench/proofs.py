# SPDX-License-Identifier: Apache-2.0
"""Signing and verifying one badge, against the bare signature and against PyLD alone.

*Signing* goes from the values of one badge to the bytes of the signed JSON, through a template. *Verifying*
goes from those bytes to a full judgement, offline with the status list in hand: strict reading, structure,
canonical form, key, signature, status and dates. There are 2,000 different badges of each size and kind. What
is kept between two of them: keys, contexts, templates and shapes, and a judged status list; no digest, no
signature and no answer about a badge.

Of every hundred badges that are verified, one is verified again with a word in it changed, in the same run,
and must be refused. That is not on the clock: a refusal takes the full path, about a millisecond, so that one
in a hundred would be a good part of the rate, which would then be that of no mixture that anybody has. What a
refusal takes is told beside it.

    known     badges of one achievement
    shape     badges of one shape, each of another achievement
    unseen    badges of which none has the shape of another
    first     the same, beside the same verifier when it learns nothing: what looking for shapes costs those
              that are not seen again

The peer is the fastest that is known to do the same work, `@digitalbazaar/vc` in Node, with contexts
preloaded and keys ready. PyLD alone is what any Data Integrity library on it must pay at least: the canonical
form of the document and of the proof's options, contexts preloaded, and nothing else.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import nacl.bindings
from openbadgeslib.ob3 import verify_data_integrity_proof
from openbadgeslib.ob3.did import resolve_did
from pyld import jsonld

from bench import documents
from bench.measure import Comparison, Side
from bench.node_peer import digitalbazaar
from cairn import PrivateKey, Report, gather, judge, read, sign
from cairn.canonical import contexts, parse_json, to_json
from cairn.canonical.shapes import Shapes
from cairn.credential import format_datetime
from cairn.did import did_key
from cairn.proof import familiar
from cairn.proof.template import Template
from cairn.testing import FixedSources, signed_status_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISTINCT = 2_000
# Of so many documents, one is also verified with another word in it.
CORRUPTED_EVERY = 100
# Of what a batch has signed, one in so many is verified by another implementation (it takes milliseconds).
CHECKED_EVERY = 500

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
SUITE = "eddsa-rdfc-2022"
KINDS = ("known", "shape", "unseen")


@dataclass
class Bench:
    """One size of document, with everything that is prepared before the clock starts."""

    size: str
    make: Callable[[int, str], dict[str, Any]]
    key: PrivateKey = field(default_factory=lambda: PrivateKey.from_seed(bytes(range(32))))
    suite: str = SUITE

    @cached_property
    def issuer(self) -> str:
        return did_key(self.key.public_key)

    @cached_property
    def method(self) -> str:
        return f"{self.issuer}#{self.key.public_key.multikey()}"

    @cached_property
    def unsigned(self) -> list[dict[str, Any]]:
        return [self.make(number, self.issuer) for number in range(DISTINCT)]

    @cached_property
    def values(self) -> list[dict[str, str]]:
        return [documents.values(document, documents.SLOTS[self.size]) for document in self.unsigned]

    @cached_property
    def template(self) -> Template:
        with_slots = documents.with_slots(self.make(0, self.issuer), documents.SLOTS[self.size])
        return Template(with_slots, verification_method=self.method, suite=self.suite)

    def sign(self, number: int) -> bytes:
        return self.template.sign(self.values[number % DISTINCT], self.key, at=AT)

    def signed(self, kind: str) -> list[bytes]:
        """What is verified."""
        if kind == "known":
            return [self.sign(number) for number in range(DISTINCT)]
        change = documents.of_another_achievement if kind == "shape" else documents.of_another_shape
        return [
            sign(
                change(self.make(number, self.issuer), number),
                self.key,
                verification_method=self.method,
                at=AT,
            )
            for number in range(DISTINCT)
        ]

    @cached_property
    def sources(self) -> FixedSources:
        url = f"{documents.SITE}/s/1"
        status = signed_status_list(
            url,
            issuer=self.issuer,
            signer=self.key,
            verification_method=self.method,
            at=AT,
            set_bits=(131_071,),
        )
        return FixedSources({url: status})

    def judge(self, secured: bytes) -> Report:
        report = judge(gather(read(secured), self.sources, at=AT), at=AT)
        _ = report.accepted  # on the clock: a rate of verdicts, not of reports that nobody reads
        return report

    def verifying(self, signed: list[bytes]) -> Side:
        def is_right(number: int, report: Report) -> bool:
            if not number % CORRUPTED_EVERY:
                self.require_refusal(signed[number % DISTINCT])
            return report.accepted

        return Side("Cairn", lambda number: self.judge(signed[number % DISTINCT]), is_right)

    def beside_a_verifier_that_learns_nothing(self, signed: list[bytes]) -> tuple[Side, Side]:
        """Each document is the first of its shape for both."""

        def side(name: str, learn: Callable[[Shapes], None]) -> Side:
            kept: list[Shapes] = []

            def work(number: int) -> Report:
                if not kept or number % DISTINCT == 0:
                    kept[:] = [Shapes()]
                    learn(kept[0])
                familiar.SHAPES = kept[0]
                return self.judge(signed[number % DISTINCT])

            return Side(name, work, lambda _number, report: report.accepted)

        learning = side("Cairn", lambda _shapes: None)
        return learning, side("Cairn, learning nothing", lambda shapes: shapes.learn_by(lambda _piece: None))

    def require_refusal(self, secured: bytes) -> None:
        changed = secured.replace(b"Guild", b"Guilt", 1)
        assert changed != secured
        if self.judge(changed).accepted:
            raise AssertionError("a badge was accepted that says something else than was signed")

    def is_well_signed(self, number: int, secured: bytes) -> bool:
        """Another implementation is asked, and a corrupted copy must not please it either."""
        if number % CHECKED_EVERY:
            return True
        pem = resolve_did(self.issuer)
        document = parse_json(secured)
        verify_data_integrity_proof(document, pem)
        document["issuer"]["name"] = "Guild of Plotters"
        try:
            verify_data_integrity_proof(document, pem)
        except Exception:  # noqa: BLE001  whatever it says, it has refused
            return True
        return False

    # The sides to compare with.

    def node_signing(self) -> Side | None:
        documents = [to_json(document) for document in self.unsigned[:200]]
        return digitalbazaar("issue", documents, moment=format_datetime(AT), seed=bytes(range(32)).hex())

    def node_verifying(self, signed: list[bytes]) -> Side | None:
        return digitalbazaar("verify", signed[:200], moment=format_datetime(AT))

    def libsodium_sign(self, number: int) -> bytes:
        return nacl.bindings.crypto_sign(self._hash_inputs[number % DISTINCT], self._secret)

    def libsodium_verify(self, number: int) -> bytes:
        return nacl.bindings.crypto_sign_open(self._signatures[number % DISTINCT], self._public)

    @cached_property
    def _hash_inputs(self) -> list[bytes]:
        return [number.to_bytes(64, "big") for number in range(DISTINCT)]

    @cached_property
    def _signatures(self) -> list[bytes]:
        return [nacl.bindings.crypto_sign(message, self._secret) for message in self._hash_inputs]

    @cached_property
    def _secret(self) -> bytes:
        return nacl.bindings.crypto_sign_seed_keypair(bytes(range(32)))[1]

    @cached_property
    def _public(self) -> bytes:
        return nacl.bindings.crypto_sign_seed_keypair(bytes(range(32)))[0]

    def pyld_alone(self, number: int) -> tuple[str, str]:
        document = self.unsigned[number % DISTINCT]
        options = {
            "@context": document["@context"],
            "type": "DataIntegrityProof",
            "cryptosuite": SUITE,
            "created": "2026-11-02T12:00:00Z",
            "verificationMethod": self.method,
            "proofPurpose": "assertionMethod",
        }
        return _pyld(document), _pyld(options)

    @staticmethod
    def is_canonical(_number: int, canonical: tuple[str, str]) -> bool:
        document, options = canonical
        return document.count("\n") > 20 and options.count("\n") == 5


_LOADED = {
    url: {
        "contextUrl": None,
        "documentUrl": url,
        "contentType": "application/ld+json",
        "document": pin.read(),
    }
    for url, pin in contexts.PINNED.items()
}


def _pyld(document: dict[str, Any]) -> str:
    canonical: str = jsonld.normalize(
        document,
        {
            "algorithm": "URDNA2015",
            "format": "application/n-quads",
            "base": None,
            "documentLoader": lambda url, _options: _LOADED[url],
        },
    )
    return canonical


def _first_seen(bench: Bench, signed: list[bytes], kind: str) -> None:
    """What the first of a kind costs, and a refusal, which the rates leave out; nothing is learned before."""
    familiar.SHAPES = Shapes()
    first = [_milliseconds(lambda secured=secured: bench.judge(secured)) for secured in signed[:4]]
    for secured in signed[: DISTINCT // 4]:
        bench.judge(secured)
    refusal = min(
        _milliseconds(lambda secured=secured: bench.require_refusal(secured)) for secured in signed[:20]
    )
    told = ", ".join(f"{each:.2f}" for each in first)
    print(
        f"verify.{SUITE}.{kind}.{bench.size}: the first four took {told} ms, "
        f"a refusal takes {refusal:.2f} ms",
        file=sys.stderr,
    )


def _milliseconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _first_template(bench: Bench) -> None:
    values = bench.values[0]
    began = time.process_time()
    template = bench.template
    compiled = time.process_time()
    template.sign(values, bench.key, at=AT)
    first = time.process_time()
    print(
        f"sign.{SUITE}.{bench.size}: compiling took {(compiled - began) * 1000:.1f} ms, "
        f"the first credential {(first - compiled) * 1000:.2f} ms",
        file=sys.stderr,
    )


def comparisons(only: str) -> Iterator[Comparison]:
    libsodium = f"libsodium, 64 bytes (PyNaCl {version('pynacl')})"
    pyld = f"PyLD {version('pyld')}, document and proof options"
    for bench in (Bench("small", documents.small), Bench("large", documents.large)):
        alone = Side(pyld, bench.pyld_alone, bench.is_canonical)
        raw_signing = Side(libsodium, bench.libsodium_sign, lambda _number, signed: len(signed) == 128)
        raw_verifying = Side(libsodium, bench.libsodium_verify, lambda _number, message: len(message) == 64)
        name = f"sign.{SUITE}.{bench.size}"
        if _is_wanted(name, only):
            _first_template(bench)
            for number in range(DISTINCT):
                bench.sign(number)
            signing = Side("Cairn", bench.sign, bench.is_well_signed)
            yield Comparison(name, signing, raw_signing)
            yield Comparison(f"{name}.vs-pyld", signing, alone)
            peer = bench.node_signing()
            if peer is not None:
                yield Comparison(f"{name}.vs-peer", signing, peer)
        name = f"verify.{SUITE}.first.{bench.size}"
        if _is_wanted(name, only):
            yield Comparison(name, *bench.beside_a_verifier_that_learns_nothing(bench.signed("unseen")))
        for kind in KINDS:
            name = f"verify.{SUITE}.{kind}.{bench.size}"
            # What used to be the only kind keeps its name beside PyLD.
            beside = f"verify.{SUITE}.{bench.size}.vs-pyld" if kind == "known" else f"{name}.vs-pyld"
            if not (_is_wanted(name, only) or _is_wanted(beside, only)):
                continue
            signed = bench.signed(kind)
            _first_seen(bench, signed, kind)
            verifying = bench.verifying(signed)
            yield Comparison(name, verifying, raw_verifying)
            yield Comparison(beside, verifying, alone)
            peer = bench.node_verifying(signed)
            if peer is not None:
                yield Comparison(f"{name}.vs-peer", verifying, peer)


def _is_wanted(name: str, only: str) -> bool:
    return name.startswith(only) or only.startswith(name)

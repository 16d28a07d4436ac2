# SPDX-License-Identifier: Apache-2.0
"""Signing and verifying one badge, against the bare signature and against PyLD alone.

*Signing* goes from a document in memory to the bytes of the signed JSON. *Verifying* goes from those bytes to
a judged report: strict reading, canonical form, key, structure, proof and dates; not status, which is another
credential and is kept for all of a list's holders. No answer is kept between two documents: there are 2,000
different ones of each size, and of a hundred to verify one has been changed and must be refused.

PyLD alone is what any Data Integrity library on it must pay at least: the canonical form of the document and
of the proof's options, contexts preloaded, and nothing else.
"""

from __future__ import annotations

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
from cairn import PrivateKey, Report, gather, judge, read, sign
from cairn.canonical import contexts, parse_json
from cairn.checks import period, proof, structure
from cairn.did import did_key
from cairn.testing import FixedSources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISTINCT = 2_000
# Every hundredth document to verify is corrupted.
CORRUPTED_EVERY = 100
# Of what a batch has signed, one in so many is verified by another implementation (it takes milliseconds).
CHECKED_EVERY = 500

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
CHECKS = (structure, proof, period)


@dataclass
class Bench:
    """One size of document, with everything that is prepared before the clock starts."""

    size: str
    make: Callable[[int, str], dict[str, Any]]
    key: PrivateKey = field(default_factory=lambda: PrivateKey.from_seed(bytes(range(32))))

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
    def signed(self) -> list[bytes]:
        """What is verified; every hundredth says something else than was signed."""
        secured = [self.sign(number) for number in range(DISTINCT)]
        for number in range(DISTINCT):
            if self.is_corrupted(number):
                secured[number] = secured[number].replace(b'"Guild of Potters"', b'"Guild of Plotters"', 1)
        return secured

    @staticmethod
    def is_corrupted(number: int) -> bool:
        return number % DISTINCT % CORRUPTED_EVERY == CORRUPTED_EVERY // 2

    def sign(self, number: int) -> bytes:
        return sign(self.unsigned[number % DISTINCT], self.key, verification_method=self.method, at=AT)

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

    def verify(self, number: int) -> Report:
        materials = gather(read(self.signed[number % DISTINCT]), NOTHING, at=AT)
        return judge(materials, CHECKS, at=AT)

    def is_judged_right(self, number: int, report: Report) -> bool:
        return report.accepted is not self.is_corrupted(number)

    # The two sides to compare with.

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
            "cryptosuite": "eddsa-rdfc-2022",
            "created": "2026-11-02T12:00:00Z",
            "verificationMethod": self.method,
            "proofPurpose": "assertionMethod",
        }
        return _pyld(document), _pyld(options)

    @staticmethod
    def is_canonical(_number: int, canonical: tuple[str, str]) -> bool:
        document, options = canonical
        return document.count("\n") > 20 and options.count("\n") == 5


NOTHING = FixedSources({})
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


def comparisons(_only: str) -> Iterator[Comparison]:
    libsodium = f"libsodium, 64 bytes (PyNaCl {version('pynacl')})"
    pyld = f"PyLD {version('pyld')}, document and proof options"
    for bench in (Bench("small", documents.small), Bench("large", documents.large)):
        signing = Side("Cairn", bench.sign, bench.is_well_signed)
        verifying = Side("Cairn", bench.verify, bench.is_judged_right)
        alone = Side(pyld, bench.pyld_alone, bench.is_canonical)
        raw_signing = Side(libsodium, bench.libsodium_sign, lambda _number, signed: len(signed) == 128)
        raw_verifying = Side(libsodium, bench.libsodium_verify, lambda _number, message: len(message) == 64)
        yield Comparison(f"sign.eddsa-rdfc-2022.{bench.size}", signing, raw_signing)
        yield Comparison(f"sign.eddsa-rdfc-2022.{bench.size}.vs-pyld", signing, alone)
        yield Comparison(f"verify.eddsa-rdfc-2022.{bench.size}", verifying, raw_verifying)
        yield Comparison(f"verify.eddsa-rdfc-2022.{bench.size}.vs-pyld", verifying, alone)

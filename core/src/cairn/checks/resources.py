# SPDX-License-Identifier: Apache-2.0
"""Are the resources that it names by digest the ones that we know?"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical.published import PUBLISHED
from cairn.checks.finding import Finding
from cairn.credential.structure import nodes
from cairn.errors import CairnError
from cairn.keys import multibase_decode
from cairn.proof import Outcome
from cairn.reading import SD_JWT_VC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cairn.materials import Materials

# Multihash headers (code, length) of the hashes that VCDM 2.0 §5.3 lets people choose from.
_MULTIHASH: Final = {b"\x12\x20": "sha256", b"\x20\x30": "sha384", b"\x13\x40": "sha512"}
_RAW: Final = {32: "sha256"}  # without a header, as some have written it (N2)


def resources(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Whether the digests of related resources, evidence and pictures fit (VCDM 2.0 §5.3).

    Contexts that we know are compared with every text that has been published at their address. Nothing else
    is fetched: what a link leads to today is a remark, and no doubt about the credential.
    """
    if materials.credential.format == SD_JWT_VC:
        return ()
    unlike, unseen, alike = [], [], 0
    for node in _digested(materials.credential.unverified_document):
        url = str(node.get("id"))
        known = PUBLISHED.get(url)
        if known is None:
            unseen.append(url)
        elif _fits(node, known):
            alike += 1
        else:
            unlike.append(url)
    if unlike:
        message = "It was made for other texts than those that its contexts have."
        details = {"resources": ", ".join(dict.fromkeys(unlike))}
        return (Finding("resources", Outcome.FAILED, "resource-digest", message, details),)
    found = []
    if alike:
        message = "The contexts that it names by digest are the ones that we know."
        found.append(Finding("resources", Outcome.PASSED, "ok", message))
    if unseen:
        message = "It names resources by digest that we have not looked at."
        details = {"resources": ", ".join(dict.fromkeys(unseen))}
        found.append(
            Finding("resources", Outcome.UNDECIDED, "resource-not-seen", message, details, decides=False)
        )
    return tuple(found)


def _digested(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Objects with a digest of what their id leads to, but those of documents inside this one."""
    for _, node in nodes(document):
        if "digestSRI" in node or "digestMultibase" in node:
            yield node


def _fits(node: Mapping[str, Any], known: frozenset[str]) -> bool:
    """Whether every digest is one of a published text: the two may not speak of different texts either."""
    told = [node[name] for name in ("digestSRI", "digestMultibase") if name in node]
    if not all(isinstance(digest, str) for digest in told):
        return False
    return all(
        _is_published(digest.split() if name == "digestSRI" else [_as_sri(digest)], known)
        for name, digest in node.items()
        if name in ("digestSRI", "digestMultibase")
    )


def _is_published(digests: list[str], known: frozenset[str]) -> bool:
    # Options behind a question mark are for browsers (SRI §3.4).
    return bool(digests) and all(digest.partition("?")[0] in known for digest in digests)


def _as_sri(digest: str) -> str:
    """A multibase digest, with or without its multihash header, in the form of Subresource Integrity."""
    try:
        packed = multibase_decode(digest)
    except CairnError:
        return ""
    name, value = _MULTIHASH.get(packed[:2]), packed[2:]
    if name is None or len(value) != packed[1]:
        name, value = _RAW.get(len(packed)), packed
    return f"{name}-{b64encode(value).decode()}"

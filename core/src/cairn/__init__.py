# SPDX-License-Identifier: Apache-2.0
"""Cairn: issue and verify Open Badges 3.0 and W3C Verifiable Credentials.

Three steps, and only the middle one touches the world:

    unverified = cairn.read(data)                          # parses, believes nothing
    materials = cairn.gather(unverified, sources, at=now)   # keys and status lists, fetched once
    report = cairn.judge(materials, at=now)                 # pure: the same answer, offline, years later

``Verifier`` does all three. ``sign`` and ``sign_jwt`` issue; ``bake`` puts the result into a picture.
"""

from cairn.baking import bake, unbake
from cairn.credential import Achievement, AchievementSubject, OpenBadgeCredential, Profile
from cairn.errors import (
    CairnError,
    MalformedError,
    UnavailableError,
    UnsupportedError,
    VerificationError,
)
from cairn.keys import PrivateKey, PublicKey, Signer
from cairn.materials import Materials, Sources, gather, read
from cairn.proof import sign, sign_jwt
from cairn.verifier import Finding, Outcome, Report, Verdict, Verified, Verifier, judge

__all__ = [
    "Achievement",
    "AchievementSubject",
    "CairnError",
    "Finding",
    "MalformedError",
    "Materials",
    "OpenBadgeCredential",
    "Outcome",
    "PrivateKey",
    "Profile",
    "PublicKey",
    "Report",
    "Signer",
    "Sources",
    "UnavailableError",
    "UnsupportedError",
    "Verdict",
    "VerificationError",
    "Verified",
    "Verifier",
    "bake",
    "gather",
    "judge",
    "read",
    "sign",
    "sign_jwt",
    "unbake",
]

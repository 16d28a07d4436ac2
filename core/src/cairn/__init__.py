# SPDX-License-Identifier: Apache-2.0
"""Cairn: issue and verify Open Badges 3.0 and W3C Verifiable Credentials.

Three steps, and only the middle one touches the world:

    unverified = cairn.read(data)                          # parses, believes nothing
    materials = cairn.gather(unverified, sources, at=now)   # keys and status lists, fetched once
    report = cairn.judge(materials, at=now)                 # pure: the same answer, offline, years later

``Verifier`` does all three. ``sign``, ``sign_jwt``, ``sign_sd_jwt`` and ``sign_sd_jwt_vc`` issue; ``bake``
puts the result into a picture; ``present_sd_jwt`` and ``bind_sd_jwt`` show parts of an SD-JWT to somebody,
and ``derive`` makes a copy that shows parts of a credential with an ecdsa-sd-2023 proof.
``sign_presentation`` and ``sign_presentation_jwt`` put credentials together for somebody who asked.
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
from cairn.materials import Materials, Sources, gather
from cairn.proof import (
    bind_sd_jwt,
    derive,
    present_sd_jwt,
    sign,
    sign_cose,
    sign_jwt,
    sign_presentation,
    sign_presentation_jwt,
    sign_sd_jwt,
    sign_sd_jwt_vc,
)
from cairn.reading import read
from cairn.verifier import Finding, Outcome, PartReport, Report, Verdict, Verified, Verifier, judge

__all__ = [
    "Achievement",
    "AchievementSubject",
    "CairnError",
    "Finding",
    "MalformedError",
    "Materials",
    "OpenBadgeCredential",
    "Outcome",
    "PartReport",
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
    "bind_sd_jwt",
    "derive",
    "gather",
    "judge",
    "present_sd_jwt",
    "read",
    "sign",
    "sign_cose",
    "sign_jwt",
    "sign_presentation",
    "sign_presentation_jwt",
    "sign_sd_jwt",
    "sign_sd_jwt_vc",
    "unbake",
]

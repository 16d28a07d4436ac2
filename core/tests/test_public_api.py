# SPDX-License-Identifier: Apache-2.0
"""The public names are a promise: a change of this list is a change of version."""

import inspect

import cairn

PROMISED = {
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
}


def test_the_public_names_are_these():
    assert set(cairn.__all__) == PROMISED
    assert len(cairn.__all__) == len(PROMISED)


def test_each_public_name_is_there_and_says_what_it_is():
    for name in PROMISED:
        assert inspect.getdoc(getattr(cairn, name)), name


def test_moments_and_signers_cannot_be_passed_by_position():
    for function in (cairn.sign, cairn.gather, cairn.judge, cairn.Verifier.examine, cairn.Verifier.verify):
        assert inspect.signature(function).parameters["at"].kind is inspect.Parameter.KEYWORD_ONLY


def test_the_tour_in_the_docstring_runs():
    from cairn.testing import NOON, FixedSources, signed_sample

    unverified = cairn.read(signed_sample())
    materials = cairn.gather(unverified, FixedSources(), at=NOON)
    report = cairn.judge(materials, at=NOON)

    assert report.accepted

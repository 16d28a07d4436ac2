# SPDX-License-Identifier: Apache-2.0
"""Keys judged at the time that counts: histories of did:webvh, withdrawn keys, and what was seen before."""

import json
from datetime import timedelta

import pytest

from asking import badge_token
from cairn import checks, webvh
from cairn.canonical import to_json
from cairn.did import build_document, did_webvh_urls
from cairn.errors import MalformedError
from cairn.materials import Materials, gather, history_urls
from cairn.proof import Outcome, jws, sign
from cairn.reading import read
from cairn.status import StatusEntry
from cairn.testing import (
    NOON,
    FixedSources,
    did_document,
    sample_credential,
    signed_sample,
    signed_status_list,
)
from cairn.verifier import Verdict, judge
from webvh_logs import BEGAN, FIRST, HOUR, KEY, OTHER, WITNESSES, began, document, template

DAY = timedelta(days=1)
LOG = "https://harbour.example/i/1/did.jsonl"
SEEN = "https://harbour.example/i/1/did-witness.json"
LIST = "https://harbour.example/s/1"
WEB = "did:web:harbour.example:i:1"
WEB_URL = "https://harbour.example/i/1/did.json"
CHANGED = {
    "signature": (Outcome.PASSED, "ok"),
    "issuer": (Outcome.PASSED, "issuer-document-changed"),
}
GOOD = {"signature": (Outcome.PASSED, "ok"), "issuer": (Outcome.PASSED, "ok")}


def badge(did, fragment="key-1", key=KEY, at=NOON, status=None):
    return signed_sample(
        sample_credential(issuer=did, valid_from=at, status=status),
        signer=key,
        verification_method=f"{did}{fragment if fragment.startswith('?') else '#' + fragment}",
        at=at,
    )


def asked(data, answers, at=NOON, earlier=None):
    materials = gather(read(data), FixedSources(answers), at=at)
    if earlier is not None:
        materials = materials.with_earlier(earlier)
    return {each.check: (each.outcome, each.code) for each in checks.proof(materials, at)}


def rotated():
    """KEY until an hour after the beginning, then OTHER under another name."""
    log, did = began(("old", KEY, {}))
    return webvh.update(log, document(did, ("new", OTHER, {})), FIRST, at=BEGAN + HOUR), did


# --- did:webvh


def test_a_badge_of_a_did_webvh_is_the_issuers():
    log, did = began()
    materials = gather(read(badge(did)), FixedSources({LOG: log}), at=NOON)

    report = judge(materials, at=NOON)

    assert report.verdict is Verdict.VERIFIED
    assert report.finding("issuer").details["domain"] == "harbour.example"
    assert report.finding("issuer").details["method"] == "webvh"
    assert list(materials.resources) == [LOG]
    assert did_webvh_urls(did) == (LOG, SEEN)
    token = badge_token(did, KEY, kid=f"{did}#key-1")
    assert asked(token, {LOG: log}) == GOOD


def test_its_status_list_is_its_own():
    log, did = began()
    data = badge(did, status=StatusEntry("revocation", 5, LIST))
    listed = signed_status_list(LIST, issuer=did, verification_method=f"{did}#key-1", set_bits=(5,))

    report = judge(gather(read(data), FixedSources({LOG: log, LIST: listed}), at=NOON), at=NOON)

    assert report.finding("status").code == "revoked"


def test_the_file_of_witnesses_is_asked_for_where_there_are_any():
    log, did = began(witnesses=[each.public_key for each in WITNESSES], threshold=2)
    answers = {LOG: log, SEEN: webvh.witness(log, WITNESSES[:2], at=NOON)}
    few = {LOG: log, SEEN: webvh.witness(log, WITNESSES[:1], at=NOON)}

    assert asked(badge(did), answers) == GOOD
    for answers, code in (
        ({LOG: log}, "unreachable"),
        (few, "webvh-witness"),
        ({**few, SEEN: b"{}"}, "webvh-witness-file"),
    ):
        found = asked(badge(did), answers)
        assert found["signature"] == found["issuer"] == (Outcome.UNDECIDED, code)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda log: None, "unreachable"),
        (lambda log: b"<html>", "issuer-document"),
        (lambda log: log.replace(b"#key-1", b"#key-2"), "webvh-scid"),
        (lambda log: log + log, "webvh-log"),
        (lambda log: log.replace(b"did:webvh:1.0", b"did:webvh:0.5"), "webvh-version"),
        (lambda log: began(("key-1", OTHER, {}))[0], "webvh-scid"),
        (lambda log: b" " * 1024 * 1024 + log, "limit-size"),
        (lambda log: log + b"{}\n" * 10_000, "limit-webvh"),
    ],
)
def test_a_log_that_cannot_be_used_is_a_doubt_and_no_forgery_b97(answer, code):
    log, did = began()
    answers = {} if answer(log) is None else {LOG: answer(log)}

    found = asked(badge(did), answers)

    assert found["signature"] == found["issuer"] == (Outcome.UNDECIDED, code)


def test_a_stranger_in_the_issuers_name_is_a_no():
    log, did = began()

    assert asked(badge(did, key=OTHER), {LOG: log})["signature"] == (Outcome.FAILED, "signature-mismatch")
    assert asked(badge(did, "nobody"), {LOG: log})["signature"] == (Outcome.UNDECIDED, "key-unknown")


@pytest.mark.parametrize(
    "did",
    [
        "did:webvh:harbour.example",
        "did:webvh:Qm:harbour.example",
        "did:webvh:Qm" + "a" * 44,
        "did:webvh:Qm" + "a" * 44 + ":127.0.0.1",
        "did:webvh:Qm" + "a" * 44 + ":harbour.example:..",
        "did:webvh:Qm" + "0" * 44 + ":harbour.example",
        "did:webvh:Qm" + "a" * 44 + ":good%40evil.example",
    ],
)
def test_b89_b93_a_hostile_did_webvh_leads_nowhere(did):
    assert history_urls(did) is None
    with pytest.raises(MalformedError):
        did_webvh_urls(did)
    data = badge(did)
    assert gather(read(data), FixedSources(), at=NOON).resources == {}
    assert asked(data, {})["signature"] == (Outcome.UNDECIDED, "unknown-did-method")


def test_an_identifier_that_has_moved_is_found_under_both_names():
    log, did = began()
    new = f"did:webvh:{did.split(':')[2]}:anchor.example"
    moved = webvh.update(log, document(new, ("key-1", KEY, {}), also_known_as=[did]), FIRST, at=BEGAN + HOUR)

    assert asked(badge(did), {LOG: moved}) == GOOD
    assert asked(badge(new), {"https://anchor.example/.well-known/did.jsonl": moved}) == GOOD


# --- which key at which time


def test_a_key_that_was_taken_out_is_a_doubt_unless_the_badge_says_that_it_came_later_s12():
    log, did = rotated()

    assert asked(badge(did, "new", OTHER), {LOG: log}) == GOOD
    before = asked(badge(did, "old", at=BEGAN), {LOG: log})
    assert before == {"signature": (Outcome.UNDECIDED, "key-retired"), "issuer": (Outcome.PASSED, "ok")}
    after = asked(badge(did, "old", at=BEGAN + 2 * HOUR), {LOG: log})
    assert after["signature"] == (Outcome.FAILED, "key-retired")


def test_a_key_did_not_sign_before_it_was_there_b68():
    log, did = rotated()

    early = asked(badge(did, "new", OTHER, at=BEGAN), {LOG: log})

    assert early["signature"] == (Outcome.FAILED, "key-not-yet")


def test_a_name_that_had_another_key_is_no_forgery():
    log, did = began()
    log = webvh.update(log, document(did, ("key-1", OTHER, {})), FIRST, at=BEGAN + HOUR)

    assert asked(badge(did, key=OTHER), {LOG: log}) == GOOD
    assert asked(badge(did, at=BEGAN), {LOG: log})["signature"] == (Outcome.UNDECIDED, "key-retired")
    token = badge_token(did, KEY, kid=f"{did}#key-1")
    assert asked(token, {LOG: log})["signature"] == (Outcome.FAILED, "signature-mismatch")


def test_the_date_of_a_token_chooses_as_well():
    log, did = began()
    log = webvh.update(log, document(did, ("key-1", OTHER, {})), FIRST, at=BEGAN + HOUR)
    badge = sample_credential(issuer=did, valid_from=BEGAN).to_document()
    header = {"typ": "vc+jwt", "kid": f"{did}#key-1"}
    token = jws.sign(header, {"iat": int(BEGAN.timestamp()), **badge}, KEY).encode()

    assert asked(token, {LOG: log})["signature"] == (Outcome.UNDECIDED, "key-retired")
    undated = asked(jws.sign(header, badge, OTHER).encode(), {LOG: log})
    assert undated == GOOD


def test_an_identifier_without_keys_is_a_doubt():
    log, did = began()
    log = webvh.create({**template(), "verificationMethod": [], "assertionMethod": []}, FIRST, at=BEGAN)
    did = json.loads(log)["state"]["id"]

    assert asked(badge(did), {LOG: log})["signature"] == (Outcome.UNDECIDED, "issuer-document")


def test_a_strangers_key_stays_a_strangers():
    data = badge(WEB, "key-2", OTHER)
    now = {WEB_URL: web_document(("key-1", KEY.public_key, None))}
    listed = {WEB_URL: to_json({**json.loads(now[WEB_URL]), "assertionMethod": []})}

    assert asked(data, now, earlier=seen(data, now))["signature"] == (Outcome.UNDECIDED, "key-unknown")
    assert asked(badge(WEB), listed, earlier=seen(badge(WEB), listed))["issuer"] == (
        Outcome.FAILED,
        "key-not-of-issuer",
    )


def test_a_proof_may_name_the_version_and_gains_nothing_by_it():
    log, did = rotated()
    first, second = json.loads(log.splitlines()[0])["versionId"], json.loads(log.splitlines()[1])["versionId"]

    assert asked(badge(did, f"?versionId={second}#new", OTHER), {LOG: log}) == GOOD
    old = asked(badge(did, f"?versionId={first}#old", at=BEGAN), {LOG: log})
    assert old["signature"] == (Outcome.UNDECIDED, "key-retired")
    nowhere = asked(badge(did, "?versionId=9-Qm#new", OTHER), {LOG: log})
    assert nowhere["signature"] == (Outcome.UNDECIDED, "webvh-not-found")


def test_an_identifier_that_has_ended_vouches_for_nothing_new():
    log, did = began()
    ended = webvh.deactivate(log, FIRST, at=NOON)

    later = NOON + DAY
    assert asked(badge(did, at=NOON - DAY), {LOG: ended}, at=later)["signature"] == (
        Outcome.UNDECIDED,
        "key-retired",
    )
    assert asked(badge(did, at=NOON + HOUR), {LOG: ended}, at=later)["signature"] == (
        Outcome.FAILED,
        "key-retired",
    )


def test_a_withdrawn_key_is_a_no_in_a_history_as_well_s2():
    log, did = began()
    marked = document(did, ("key-1", KEY, {"revoked": "2026-11-01T00:00:00Z"}))
    log = webvh.update(log, marked, FIRST, at=BEGAN + HOUR)

    assert asked(badge(did, at=BEGAN + HOUR), {LOG: log})["signature"] == (Outcome.FAILED, "key-revoked")


# --- what the caller has seen before


def seen(data, answers, at=NOON - DAY):
    return gather(read(data), FixedSources(answers), at=at)


def web_document(*keys):
    return to_json(build_document(WEB, keys))


def test_whoever_saw_it_before_the_key_was_withdrawn_need_not_doubt_it_s12():
    data = badge(WEB, at=NOON - 2 * DAY)
    then = {WEB_URL: did_document(WEB, KEY.public_key)}
    withdrawn = {WEB_URL: web_document(("key-1", KEY.public_key, NOON))}
    long_ago = {WEB_URL: web_document(("key-1", KEY.public_key, NOON - 2 * DAY))}

    assert asked(data, withdrawn)["signature"] == (Outcome.FAILED, "key-revoked")
    assert asked(data, withdrawn, earlier=seen(data, then)) == CHANGED
    assert asked(data, then, earlier=seen(data, then)) == GOOD
    # Compromised before anybody saw the badge: seeing it proves nothing.
    assert asked(data, long_ago, earlier=seen(data, then))["signature"] == (Outcome.FAILED, "key-revoked")


def test_what_ends_at_the_very_moment_of_seeing_was_not_seen_before_its_end_s12():
    data = badge(WEB, at=NOON - 2 * DAY)
    before = seen(data, {WEB_URL: did_document(WEB, KEY.public_key)})
    withdrawn = {WEB_URL: web_document(("key-1", KEY.public_key, before.gathered_at))}
    log, did = rotated()
    rotating = badge(did, "old", at=BEGAN)
    first = log.splitlines(keepends=True)[0]
    at_its_end = seen(rotating, {LOG: first}, at=BEGAN + HOUR)

    assert asked(data, withdrawn, earlier=before)["signature"] == (Outcome.FAILED, "key-revoked")
    assert asked(rotating, {LOG: log}, earlier=at_its_end)["signature"] == (Outcome.UNDECIDED, "key-retired")


def test_whoever_saw_it_while_the_key_was_listed_need_not_doubt_it_s13():
    data = badge(WEB, at=NOON - 2 * DAY)
    before = seen(data, {WEB_URL: did_document(WEB, KEY.public_key)})
    gone = {WEB_URL: web_document(("key-2", OTHER.public_key, None))}
    replaced = {WEB_URL: did_document(WEB, OTHER.public_key)}

    for now in (gone, replaced):
        assert asked(data, now)["signature"][0] is not Outcome.PASSED
        assert asked(data, now, earlier=before) == CHANGED
    materials = gather(read(data), FixedSources(gone), at=NOON).with_earlier(before)
    assert judge(materials, at=NOON).verdict is Verdict.VERIFIED
    renamed = {WEB_URL: web_document(("key-2", KEY.public_key, NOON - 2 * DAY))}
    assert asked(data, renamed, earlier=before)["signature"] == (Outcome.FAILED, "key-revoked")
    # Not being able to look stays a doubt: it may have been withdrawn.
    assert asked(data, {}, earlier=before)["signature"] == (Outcome.UNDECIDED, "unreachable")


def test_a_retired_key_of_a_history_is_helped_by_what_was_seen_in_time():
    log, did = rotated()
    data = badge(did, "old", at=BEGAN)
    first = log.splitlines(keepends=True)[0]

    in_time = seen(data, {LOG: first}, at=BEGAN + HOUR / 2)
    too_late = seen(data, {LOG: log}, at=BEGAN + 2 * HOUR)

    assert asked(data, {LOG: log}, earlier=in_time) == GOOD
    assert asked(data, {LOG: log}, earlier=too_late)["signature"] == (Outcome.UNDECIDED, "key-retired")


def test_a_key_that_the_issuer_did_not_list_then_may_be_a_thiefs_b104():
    """Whoever takes over the host lists a key of their own and signs in the issuer's name."""
    data = badge(WEB, "key-2", OTHER, at=NOON - 2 * DAY)
    honest = did_document(WEB, KEY.public_key)
    taken_over = {WEB_URL: web_document(("key-1", KEY.public_key, None), ("key-2", OTHER.public_key, None))}

    assert asked(data, taken_over) == GOOD
    found = asked(data, taken_over, earlier=seen(data, {WEB_URL: honest}))
    assert found["issuer"] == (Outcome.UNDECIDED, "issuer-document-changed")
    # When nothing was to be had then, nothing can be compared.
    assert asked(data, taken_over, earlier=seen(data, {})) == GOOD
    assert asked(data, taken_over, earlier=seen(data, taken_over)) == GOOD


def test_a_key_shown_in_a_token_is_compared_as_well_b104():
    issuer = "https://harbour.example/i/1"
    token = badge_token(issuer, OTHER, jwk=OTHER.public_key.jwk())
    honest, taken = did_document(issuer, KEY.public_key), did_document(issuer, OTHER.public_key, "key-2")

    assert asked(token, {issuer: taken}) == GOOD
    found = asked(token, {issuer: taken}, earlier=seen(token, {issuer: honest}))
    assert found["issuer"] == (Outcome.UNDECIDED, "issuer-document-changed")


def test_a_key_shown_in_a_token_may_have_been_taken_out_since_s13():
    issuer = "https://harbour.example/i/1"
    token = badge_token(issuer, OTHER, jwk=OTHER.public_key.jwk())
    then, now = did_document(issuer, OTHER.public_key, "key-2"), did_document(issuer, KEY.public_key)

    assert asked(token, {issuer: now})["signature"] == (Outcome.FAILED, "unknown-key")
    assert asked(token, {issuer: now}, earlier=seen(token, {issuer: then})) == CHANGED


def test_earlier_materials_are_of_the_same_credential_and_earlier():
    data, other = badge(WEB), badge(WEB, at=NOON - DAY)
    now = seen(data, {}, at=NOON)

    with pytest.raises(MalformedError):
        now.with_earlier(seen(other, {}))
    with pytest.raises(MalformedError):
        now.with_earlier(seen(data, {}, at=NOON + DAY))


def test_the_oldest_of_what_was_kept_counts_and_all_of_it_keeps():
    data = badge(WEB)
    oldest = seen(data, {WEB_URL: did_document(WEB, KEY.public_key)}, at=NOON - 2 * DAY)
    newer = seen(data, {}).with_earlier(oldest)

    now = seen(data, {}, at=NOON).with_earlier(newer)

    assert now.earlier == oldest
    kept = Materials.from_json(now.to_json())
    assert kept.earlier is not None
    assert kept.earlier.gathered_at == NOON - 2 * DAY
    assert kept.earlier.resources == oldest.resources
    altered = json.loads(now.to_json())
    altered["earlier"]["credential"] = json.loads(seen(badge(WEB, at=NOON - DAY), {}).to_json())["credential"]
    with pytest.raises(MalformedError):
        Materials.from_json(to_json(altered))


def test_what_is_inside_was_seen_with_what_it_is_in():
    data = badge(WEB)
    now = seen(data, {}, at=NOON).with_earlier(seen(data, {}))
    inner = read(signed_sample())

    assert now.about(inner).earlier.credential is inner


def test_signing_again_makes_another_credential():
    """What was seen is one signature; a thief's later one under the same words is not it."""
    document = sample_credential(issuer=WEB, valid_from=NOON - 2 * DAY).to_document()
    first, second = (
        sign(document, KEY, verification_method=f"{WEB}#key-1", at=NOON - days * DAY) for days in (2, 1)
    )
    with pytest.raises(MalformedError):
        seen(second, {}, at=NOON).with_earlier(seen(first, {}))

# SPDX-License-Identifier: Apache-2.0
"""A signed badge of Open Badges 1 and 2 is believed for a key that its issuer names."""

import json
from datetime import timedelta

import pytest
from old_badges import (
    BADGE,
    HOST,
    ISSUER,
    KEY,
    LIST,
    badge,
    codes,
    examine,
    issuer,
    key_document,
    pem,
    revoked,
    rsa_key,
    signed_assertion,
    signing_key,
    token,
    without,
    world,
)

from cairn.canonical import to_json
from cairn.errors import CairnError
from cairn.keys import base64url_encode
from cairn.materials import gather
from cairn.reading import read
from cairn.testing import NOON, FixedSources
from cairn.verifier import Verdict

INSIDE = signed_assertion(badge=badge())


def test_a_badge_that_is_signed_with_everything_in_it_is_verified():
    report = examine(token(INSIDE), world())

    assert report.verdict is Verdict.VERIFIED
    assert report.accepted
    assert report.document["badge"]["name"] == "Knots"
    assert report.finding("issuer").details["key"] == KEY
    assert report.finding("issuer").message == "Signed with a key of school.example."


def test_a_badge_that_is_only_named_is_not_covered_and_the_reader_is_told():
    report = examine(token(signed_assertion()), world())

    assert report.verdict is Verdict.REMARKS
    assert codes(report)["evidence"] == ("undecided", "badge-page")
    assert report.accepted


def test_rs256_which_is_what_open_badges_2_was_signed_with():
    answers = world(key=key_document(publicKeyPem=pem(rsa_key()).decode()))

    assert examine(token(INSIDE, rsa_key()), answers).verdict is Verdict.VERIFIED


def test_everything_is_asked_once_b99():
    sources = FixedSources(world())

    gather(read(token(signed_assertion())), sources, at=NOON)

    assert sorted(sources.asked) == sorted([BADGE, ISSUER, KEY, LIST])


# --- whose key it is


def test_without_a_creator_the_issuers_only_key_is_meant():
    sent = {**INSIDE, "verification": {"type": "signed"}}

    assert examine(token(sent), world()).verdict is Verdict.VERIFIED
    two = world(issuer=issuer(publicKey=[KEY, f"{HOST}/keys/2"]))
    assert codes(examine(token(sent), two))["signature"] == ("undecided", "key-unknown")
    none = world(issuer=issuer(publicKey=...))
    assert codes(examine(token(sent), none))["signature"] == ("undecided", "key-unknown")


@pytest.mark.parametrize("creator", [{"id": KEY}, KEY])
def test_the_key_may_stand_in_the_profile(creator):
    sent = {**INSIDE, "verification": {"type": "SignedBadge", "creator": creator}}

    report = examine(token(sent), world(issuer=issuer(publicKey=[key_document()]), key=...))

    assert report.verdict is Verdict.VERIFIED


def test_b65_a_strangers_key_is_not_the_issuers_however_well_it_signs():
    theirs = "https://evil.example/keys/1"
    sent = {**INSIDE, "verification": {"type": "SignedBadge", "creator": theirs}}
    answers = world()
    answers[theirs] = to_json(key_document(id=theirs, publicKeyPem=pem(signing_key(2)).decode()))

    report = examine(token(sent, signing_key(2)), answers)

    assert codes(report)["signature"][0] == "passed"
    assert codes(report)["issuer"] == ("failed", "key-not-of-issuer")
    assert report.verdict is Verdict.NOT_VERIFIED
    assert report.document is None


def test_b66_a_key_that_says_it_is_somebody_elses_is_not_the_issuers():
    answers = world(key=key_document(owner="https://evil.example/issuer"))

    assert codes(examine(token(INSIDE), answers))["issuer"] == ("failed", "key-not-of-issuer")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (key_document(id=f"{HOST}/keys/2"), "issuer-document"),
        (key_document(publicKeyPem=...), "issuer-document"),
        (b"<html></html>", "hosted-page"),
        (..., "unreachable"),
    ],
)
def test_a_key_that_cannot_be_had_is_no_word_about_the_badge(document, code):
    report = examine(token(INSIDE), world(key=document))

    assert codes(report)["signature"] == ("undecided", code)
    assert report.verdict is Verdict.COULD_NOT_CHECK


def test_b43_a_key_that_is_not_one_for_the_algorithm_is_refused():
    answers = world(key=key_document(publicKeyPem=pem(rsa_key()).decode()))

    assert codes(examine(token(INSIDE), answers))["signature"] == ("failed", "key-type")


# --- what was signed


def test_b75_every_byte_of_a_token_counts():
    """Whatever single byte is changed, nobody vouches for it any more."""
    sent, answers = token(INSIDE), world()
    original = examine(sent, answers)
    accepted = []
    for place in range(0, len(sent), 3):
        for flipped in (0x01, 0x20):
            changed = sent[:place] + bytes([sent[place] ^ flipped]) + sent[place + 1 :]
            try:
                report = examine(changed, answers)
            except CairnError:
                continue
            if report.accepted or report.document is not None:
                accepted.append(place)

    assert original.accepted
    assert accepted == []


def test_b41_a_token_that_says_it_is_unsigned_is_refused_whatever_the_issuer_publishes():
    head = base64url_encode(b'{"alg":"none"}')
    sent = f"{head}.{base64url_encode(to_json(INSIDE))}.".encode()

    assert codes(examine(sent, world()))["signature"] == ("failed", "token-unsigned")


def test_an_algorithm_that_we_do_not_know_is_undecided():
    assert codes(examine(token(INSIDE, alg="RS512"), world()))["signature"] == (
        "undecided",
        "unknown-algorithm",
    )


def test_the_signature_of_another_badge_does_not_fit_b70():
    other = token(without(INSIDE, narrative="With honours."))
    mixed = other.rpartition(b".")[0] + b"." + token(INSIDE).rpartition(b".")[2]

    assert codes(examine(mixed, world()))["signature"] == ("failed", "signature-mismatch")


def test_a_badge_that_says_it_is_signed_and_comes_without_a_signature_is_not_believed():
    report = examine(INSIDE, world())

    assert codes(report)["signature"] == ("failed", "no-proof")
    assert report.document is None


# --- withdrawn


@pytest.mark.parametrize(
    "entry",
    [
        INSIDE["id"],
        {"id": INSIDE["id"]},
        {"uid": INSIDE["id"], "revocationReason": "Issued in error"},
    ],
)
def test_a_badge_on_the_issuers_list_is_revoked(entry):
    report = examine(token(INSIDE), world(listed=revoked("urn:uuid:another", entry)))

    assert codes(report)["status"] == ("failed", "revoked")
    assert report.verdict is Verdict.NOT_VERIFIED


def test_another_badge_on_the_list_is_another_badge():
    report = examine(token(INSIDE), world(listed=revoked("urn:uuid:another")))

    assert codes(report)["status"] == ("passed", "ok")
    assert report.finding("status").details["list_url"] == LIST


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        (..., "unreachable"),
        (b"<html></html>", "hosted-page"),
        (revoked(issuer="https://evil.example/issuer"), "status-list-issuer"),
        (revoked(issuer={"id": "https://evil.example/issuer"}), "status-list-issuer"),
        (without(revoked(), revokedAssertions=...), "status-list-type"),
        (revoked(7), "status-list-type"),
    ],
)
def test_s8_a_list_that_cannot_be_used_is_never_a_yes(listed, code):
    report = examine(token(INSIDE), world(listed=listed))

    assert codes(report)["status"] == ("undecided", code)
    assert report.verdict is Verdict.COULD_NOT_CHECK


def test_a_list_that_is_named_by_something_else_than_an_address_cannot_be_asked():
    report = examine(token(INSIDE), world(issuer=issuer(revocationList={"id": LIST})))

    assert codes(report)["status"] == ("undecided", "status-url")


def test_an_issuer_without_a_list_cannot_withdraw():
    report = examine(token(INSIDE), world(issuer=issuer(revocationList=...)))

    assert codes(report)["status"] == ("passed", "no-status")


def test_b82_an_old_list_is_no_word_about_today():
    report = examine(token(INSIDE), world(), at=NOON + timedelta(hours=1))

    assert codes(report)["status"] == ("undecided", "status-list-stale")


# --- Open Badges 1


def old(**changes):
    document = {
        "uid": "abc-7",
        "recipient": {"type": "email", "hashed": "true", "identity": "sha256$" + "0" * 64, "salt": "x"},
        "badge": BADGE,
        "verify": {"type": "signed", "url": f"{HOST}/key.pem"},
        "issuedOn": 1_400_000_000,
    }
    return without(document, **changes)


def old_world(**pages):
    old_issuer = {"name": "Harbour School", "url": HOST, "revocationList": LIST}
    found = world(**{"issuer": old_issuer, "listed": {"abc-8": "Cheated"}, "key": ..., **pages})
    return {**found, f"{HOST}/key.pem": pem(rsa_key())}


def test_open_badges_1_is_signed_with_a_bare_key_at_the_issuers_origin():
    report = examine(token(old(), rsa_key()), old_world())

    assert report.kind == "Open Badges 1.0"
    assert report.verdict is Verdict.REMARKS
    assert codes(report)["issuer"] == ("passed", "ok")
    assert codes(report)["evidence"] == ("undecided", "badge-page")


def test_a_key_at_another_origin_is_somebody_elses():
    sent = old(verify={"type": "signed", "url": "https://evil.example/key.pem"})
    answers = {**old_world(), "https://evil.example/key.pem": pem(rsa_key())}

    report = examine(token(sent, rsa_key()), answers)

    assert codes(report)["issuer"] == ("failed", "key-not-of-issuer")


def test_the_list_of_open_badges_1_has_reasons_by_uid():
    report = examine(token(old(uid="abc-8"), rsa_key()), old_world())

    assert codes(report)["status"] == ("failed", "revoked")
    assert report.finding("status").details["message"] == "Cheated"


def test_a_badge_that_names_no_key_is_not_believed():
    sent = old(verify={"type": "signed"})

    report = examine(token(sent, rsa_key()), old_world())

    assert codes(report)["signature"] == ("failed", "token-key")
    assert codes(report)["structure"][0] == "failed"


def test_b61_a_private_key_where_a_public_one_belongs_is_refused():
    answers = {**old_world(), f"{HOST}/key.pem": b"-----BEGIN RSA PRIVATE KEY-----\nx\n"}

    assert codes(examine(token(old(), rsa_key()), answers))["signature"] == ("failed", "key-private")


def test_the_payload_is_read_as_strictly_as_any_other_b1():
    head = base64url_encode(b'{"alg":"ES256"}')
    twice = json.dumps(INSIDE)[:-1] + ', "issuedOn": "2001-01-01T00:00:00Z"}'

    with pytest.raises(CairnError) as error:
        read(f"{head}.{base64url_encode(twice.encode())}.{'A' * 86}".encode())

    assert error.value.code == "json-duplicate-key"


def test_a_profile_that_names_the_key_by_a_fragment_of_itself():
    named = f"{ISSUER}#key-1"
    profile = issuer(publicKey={"id": named, "owner": ISSUER, "publicKeyPem": pem(signing_key()).decode()})
    sent = {**INSIDE, "verification": {"type": "SignedBadge", "creator": named}}

    assert examine(token(sent), world(issuer=profile)).verdict is Verdict.VERIFIED


def test_a_badge_of_2_that_still_writes_verify_is_signed_by_the_issuers_only_key():
    sent = without(INSIDE, verification=..., verify={"type": "signed", "url": KEY})

    report = examine(token(sent), world())

    assert codes(report)["signature"] == ("passed", "ok")
    assert codes(report)["structure"] == ("failed", "structure")

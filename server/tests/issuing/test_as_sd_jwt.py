# SPDX-License-Identifier: Apache-2.0
"""A copy for a wallet as an SD-JWT VC: what it says, what can be kept back, and whether it still counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn import PrivateKey, Verifier
from cairn.canonical import parse_json
from cairn.checks import presented_to
from cairn.did import did_jwk, did_key
from cairn.errors import CairnError
from cairn.keys import Algorithm, base64url_decode
from cairn.proof import sd_jwt
from cairn.status import TokenStatus
from cairn_server.issuing import as_sd_jwt, batches, copies, services, token_lists
from cairn_server.issuing.models import BoundCopy, Credential, StatusListVersion
from cairn_server.issuing.services import Recipient
from cairn_server.issuing.signing import Format, OwnProductRefused
from cairn_server.organisations.models import Organisation
from cairn_server.tlog.models import PendingLeaf
from cairn_server.wallets.possession import Holder

EVERYTHING = {
    "narrative": "Lena fired it twice.",
    "grade": "A+",
    "evidence_url": "https://portfolio.example/1",
    "evidence_name": "The kiln",
}


@pytest.fixture
def key() -> PrivateKey:
    return PrivateKey.generate(Algorithm.P256)


@pytest.fixture
def rich(award, organisation):
    """An award with something of everything that a holder may want to keep to themselves."""
    Organisation.objects.update(hashes_email=True)
    return award(**EVERYTHING, valid_until=MONDAY + timedelta(days=365))


def taken(credential, key, *, at=MONDAY) -> str:
    holder = Holder(did_jwk(key.public_key), key.public_key)
    return copies.copy_for(credential, holder, format=Format.SD_JWT, at=at).decode("ascii")


def examined(credential, text: str, *, at=MONDAY, checks=()):
    """As anybody would, with what stands under public addresses alone."""
    credential.status_list.refresh_from_db()
    return Verifier(sources_of(credential), (*cairn.checks.DEFAULT_CHECKS, *checks)).examine(
        text.encode("ascii"), at=at
    )


def test_it_says_what_the_award_says(rich, key):
    report = examined(rich, taken(rich, key))

    assert report.accepted, report
    claims, award = report.document, parse_json(rich.secured_in(Format.JSON).bytes())
    assert claims["iss"] == award["issuer"]["id"] == rich.organisation.did
    assert claims["nbf"] == int((MONDAY).timestamp())
    assert claims["exp"] == int((MONDAY + timedelta(days=365)).timestamp())
    assert claims["vct"] == f"{PUBLIC_URL}/vct/open-badge"
    assert claims["cnf"] == {"jwk": key.public_key.jwk()}
    assert claims["status"] == {
        "status_list": {"idx": rich.status_index, "uri": f"{rich.status_list.address}/token"}
    }
    for name in ("id", "name", "issuer", "awardedDate", "evidence"):
        assert claims[name] == award[name], name
    subject = dict(award["credentialSubject"])
    assert subject.pop("id") == rich.subject_id
    assert claims["credentialSubject"] == subject


def test_nobody_learns_what_is_kept_back(rich, key):
    """Neither a word about the person, nor the address under which all of it may stand."""
    text = cairn.present_sd_jwt(taken(rich, key), disclose=())

    report = examined(rich, text)

    assert report.accepted
    seen = base64url_decode(text.split(".")[1]).decode()
    for secret in ("Lena", "sha256$", "A+", "portfolio.example", rich.public_id):
        assert secret not in seen, secret
    assert "Fires stoneware" in seen
    assert report.document["credentialSubject"].keys() == {"type", "achievement"}


def test_only_what_may_be_kept_back_can_be(rich, key):
    """What was achieved, who says so, how long and whether it counts is in every showing of it."""
    pointers = set(sd_jwt.disclosable(taken(rich, key)))

    assert pointers == {
        "/id",
        "/evidence",
        "/credentialSubject/identifier",
        "/credentialSubject/identifier/0",
        "/credentialSubject/identifier/1",
        "/credentialSubject/narrative",
        "/credentialSubject/result",
    }
    for never in sd_jwt.NEVER_DISCLOSED[sd_jwt.SD_JWT_VC] | {"issuer", "name", "awardedDate"}:
        assert not any(each.split("/")[1] == never for each in pointers)


def test_what_nobody_has_thought_of_is_hidden_and_not_shown():
    claims = {"iss": "did:example:1", "new": 1, "credentialSubject": {"achievement": {}, "newer": [1, 2]}}

    assert set(as_sd_jwt.hideable(claims)) == {
        "/new",
        "/credentialSubject/newer",
        "/credentialSubject/newer/0",
        "/credentialSubject/newer/1",
    }


def test_one_of_several_can_be_shown_alone(rich, key):
    shown = cairn.present_sd_jwt(taken(rich, key), disclose=["/credentialSubject/identifier/0"])

    [name] = examined(rich, shown).document["credentialSubject"]["identifier"]

    assert name["identityHash"] == "Lena Lindholm"


def test_b55_b58_its_holder_shows_it_to_one_reader_once(rich, key):
    text = cairn.present_sd_jwt(taken(rich, key), disclose=["/evidence"])
    bound = cairn.bind_sd_jwt(text, key, audience="https://desk.example", nonce="n-1", at=TUESDAY)

    def verdict(shown, *, audience="https://desk.example", nonce="n-1", at=TUESDAY):
        report = examined(rich, shown, at=at, checks=(presented_to(audience, nonce),))
        return report.accepted, {
            each.code for each in report.findings if each.outcome is not cairn.Outcome.PASSED
        }

    assert verdict(bound) == (True, set())
    assert verdict(bound, nonce="n-2") == (False, {"binding-nonce"})
    assert verdict(bound, audience="https://other.example") == (False, {"binding-audience"})
    assert verdict(bound, at=TUESDAY + timedelta(hours=1)) == (False, {"binding-old"})
    assert verdict(text) == (False, {"binding-missing"})
    # The binding of one showing under the claims of another.
    more = cairn.present_sd_jwt(taken(rich, key), disclose=["/evidence", "/id"])
    accepted, codes = verdict(more + bound.rpartition("~")[2])
    assert (accepted, "binding-hash" in codes) == (False, True)


def test_b58_another_key_does_not_bind_it(rich, key):
    thief = PrivateKey.generate(Algorithm.P256)
    text = cairn.present_sd_jwt(taken(rich, key), disclose=())

    with pytest.raises(CairnError) as refused:
        cairn.bind_sd_jwt(text, thief, audience="a", nonce="n", at=TUESDAY)

    assert refused.value.code == "binding-key"
    own = cairn.bind_sd_jwt(text, key, audience="a", nonce="n", at=TUESDAY)
    head, body, _signature = own.rpartition("~")[2].split(".")
    forged = f"{text}{head}.{body}.{cairn.keys.base64url_encode(thief.sign(f'{head}.{body}'.encode()))}"
    report = examined(rich, forged, at=TUESDAY, checks=(presented_to("a", "n"),))
    assert not report.accepted


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        (lambda text: text + text.split("~")[1] + "~", "sd-jwt-disclosure-twice"),
        (lambda text: text + "WyJzYWx0IiwibmFtZSIsIm90aGVyIl0~", "sd-jwt-disclosure-unused"),
    ],
)
def test_b58_disclosures_repeated_or_of_nothing_are_refused(rich, key, spoiled, code):
    with pytest.raises(CairnError) as refused:
        examined(rich, spoiled(taken(rich, key)))

    assert refused.value.code == code


@pytest.mark.parametrize(("verb", "code"), [("revoke", "revoked"), ("suspend", "suspended")])
def test_what_is_withdrawn_is_so_in_every_copy(issuer, rich, award, key, verb, code):
    other = award()
    text, others = taken(rich, key), taken(other, key)

    getattr(services, verb)(rich, by=issuer, reason="x", at=MONDAY)

    report = examined(rich, cairn.present_sd_jwt(text, disclose=()))
    assert (report.accepted, report.finding("status").code) == (False, code)
    assert examined(other, others).accepted


def test_b81_the_list_of_somebody_else_leaves_the_status_open(rich, key):
    """The token list of another issuer under this address: neither "fine" nor "withdrawn"."""
    text = taken(rich, key)
    sources = sources_of(rich)
    address = f"{rich.status_list.address}/token"
    stranger = PrivateKey.generate(Algorithm.ED25519)
    did = did_key(stranger.public_key)
    forged = cairn.proof.status_token.sign(
        cairn.status.TokenStatusList.empty(2, 131_072), stranger,
        uri=address, kid=f"{did}#{did.removeprefix('did:key:')}", at=MONDAY, expires=TUESDAY,
    )  # fmt: skip
    for wrong in (forged.encode(), b"", rich.secured_in(Format.JWT).bytes()):
        sources.answers[address] = wrong

        finding = Verifier(sources).examine(text.encode(), at=MONDAY).finding("status")

        assert finding.outcome is cairn.Outcome.UNDECIDED, finding


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        (lambda url, index: TokenStatus(131_072, f"{url}/token"), "status-index-range"),
        # The W3C list of the very same award: another kind, and the opposite order of bits (N18).
        (lambda url, index: TokenStatus(index, url), "token-malformed"),
        (lambda url, index: TokenStatus(index, f"{url}/suspension"), "token-malformed"),
        (lambda url, index: TokenStatus(index, "https://elsewhere.example/s"), "unreachable"),
    ],
)
def test_b78_b80_a_pointer_that_leads_elsewhere_leaves_the_status_open(rich, key, monkeypatch, pointer, code):
    monkeypatch.setattr(token_lists, "pointer", pointer)

    finding = examined(rich, taken(rich, key)).finding("status")

    assert (finding.outcome, finding.code) == (cairn.Outcome.UNDECIDED, code)


def test_b82_an_old_list_leaves_it_open(rich, key):
    report = examined(rich, taken(rich, key), at=MONDAY + timedelta(days=8))

    assert (report.accepted, report.finding("status").code) == (False, "status-list-stale")


def test_it_is_on_record_with_its_leaf_and_the_same_bytes_come_again(credential, key):
    before = PendingLeaf.objects.count()

    first, again = taken(credential, key), taken(credential, key, at=TUESDAY)

    assert first == again
    [copy] = BoundCopy.objects.all()
    assert (copy.format, copy.secured_bytes) == ("dc+sd-jwt", first.encode())
    assert before + 1 == PendingLeaf.objects.count()
    assert copy.leaf.format == "dc+sd-jwt"
    assert copy.leaf.secured_sha256 == copy.sha256


def test_what_came_from_a_list_is_to_be_had_too(start, key):
    batches.run_batch(start(2), at=MONDAY)
    credential = Credential.objects.select_related("organisation", "status_list").first()

    assert examined(credential, taken(credential, key)).accepted


def test_what_was_awarded_to_an_identifier_is_for_its_key_alone(award, key):
    award_to_key = award(
        recipient=Recipient("Lena Lindholm", "lena@people.example", did=did_key(key.public_key))
    )

    assert examined(award_to_key, taken(award_to_key, key)).accepted
    with pytest.raises(copies.AwardedToAnother):
        taken(award_to_key, PrivateKey.generate(Algorithm.P256))


def test_its_list_is_there_before_it_is_handed_out(credential, key):
    """A list of a release before has none for tokens."""
    StatusListVersion.objects.filter(purpose="token").delete()

    assert examined(credential, taken(credential, key)).accepted


@pytest.mark.parametrize("has_list", [True, False])
def test_nobody_can_sign_it_for_an_organisation_without_a_key(credential, key, has_list):
    credential.organisation.signing_keys.update(state="retired", retired_at=MONDAY)
    if not has_list:
        StatusListVersion.objects.filter(purpose="token").delete()

    with pytest.raises(copies.NoBoundCopy):
        taken(credential, key)


def test_what_would_not_verify_is_not_signed(credential, key, monkeypatch):
    real = as_sd_jwt.claims_of
    monkeypatch.setattr(as_sd_jwt, "claims_of", lambda *args, **kw: real(*args, **kw) | {"exp": 1})

    with pytest.raises(OwnProductRefused):
        taken(credential, key)

    assert not BoundCopy.objects.exists()

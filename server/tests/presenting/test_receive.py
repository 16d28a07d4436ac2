# SPDX-License-Identifier: Apache-2.0
"""To ask, and to take the one answer: what counts, what does not, and what uses the request up."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import sources_of
from server.tests.presenting.conftest import CLAIMS, KEY, METHOD
from server.tests.wallet_app import Wallet

import cairn
from cairn.proof import jws
from cairn_server.accounts.limits import TooMany
from cairn_server.errors import NotVisible
from cairn_server.issuing import copies, standing
from cairn_server.issuing.signing import Format
from cairn_server.journal.models import Entry
from cairn_server.presenting import dcql, services
from cairn_server.presenting.models import PresentationRequest
from cairn_server.wallets.possession import Holder


def test_an_answer_that_holds_is_accepted(ask, copy):
    asked = ask()

    row = asked.answer(asked.present(copy))

    assert row.accepted
    assert row.state(MONDAY) == "answered"
    [found] = row.findings
    assert found["report"]["verdict"] in ("verified", "verified-with-remarks")
    kept = PresentationRequest.objects.get()
    assert kept.presentations["badge"][0]["proof"]["challenge"] == asked.request.nonce
    assert Entry.objects.filter(verb="presentation received", actor_id="").count() == 1


def test_a_token_is_an_answer_too(ask, credential, wallet):
    asked = ask(query=dcql.for_any_badge())
    token = copies.copy_for(
        credential, Holder(wallet.did, wallet.key.public_key), format=Format.JWT, at=MONDAY
    )
    request = asked.request

    row = asked.answer(
        cairn.sign_presentation_jwt(
            [token],
            wallet.key,
            verification_method=wallet.method,
            nonce=request.nonce,
            audience=request.client_id,
        ),
        wanted="badge-token",
    )

    assert row.accepted, row.findings


def test_a_wallet_with_the_unsigned_link_calls_us_by_our_address(ask, copy):
    asked = ask()
    plain = services.request_of(asked.row, asked.secret, PUBLIC_URL, signed=False)

    row = asked.answer(asked.present(copy, domain=plain.client_id), state=plain.state)

    assert row.accepted
    assert plain.client_id == f"redirect_uri:{PUBLIC_URL}/openid4vp/{asked.secret}/response"


@pytest.mark.parametrize(
    "changes",
    [
        {"challenge": "another"},
        {"challenge": None},
        {"domain": "https://other.example"},
        {"domain": None},
    ],
)
def test_an_answer_to_another_question_or_for_another_reader_is_not_accepted(ask, copy, changes):
    """B71 B154: a presentation that was shown to somebody else cannot be shown on to us."""
    asked = ask()

    row = asked.answer(asked.present(copy, **changes))

    assert not row.accepted
    assert {"binding-nonce", "binding-audience"} & {
        each["code"] for each in row.findings[0]["report"]["findings"]
    }


def test_a_token_for_another_question_is_not_accepted(ask, credential, wallet):
    """B55"""
    asked = ask(query=dcql.for_any_badge())
    token = copies.copy_for(
        credential, Holder(wallet.did, wallet.key.public_key), format=Format.JWT, at=MONDAY
    )

    row = asked.answer(
        cairn.sign_presentation_jwt(
            [token],
            wallet.key,
            verification_method=wallet.method,
            nonce="another",
            audience=asked.request.client_id,
        ),
        wanted="badge-token",
    )

    assert not row.accepted


def test_who_has_got_hold_of_a_badge_cannot_show_it_as_theirs(ask, copy):
    asked, thief = ask(), Wallet()

    row = asked.answer(asked.present(copy, key=thief.key, method=thief.method))

    assert not row.accepted
    assert "holder-not-presenter" in {each["code"] for each in row.findings[0]["report"]["findings"]}


def test_a_badge_that_names_nobody_is_bound_to_nobody(ask, credential, wallet):
    """The record of the award: it names an address and no key."""
    asked = ask()

    row = asked.answer(asked.present(credential.secured_in(Format.JSON).bytes()))

    assert not row.accepted


def test_an_unsigned_presentation_is_not_accepted(ask, copy):
    """B76"""
    asked = ask()
    presentation = asked.present(copy)
    del presentation["proof"]

    assert not asked.answer(presentation).accepted


def test_a_changed_presentation_is_not_accepted(ask, copy):
    """B75"""
    asked = ask()
    presentation = asked.present(copy)
    presentation["verifiableCredential"][0]["name"] = "Master of kilns"

    assert not asked.answer(presentation).accepted


def test_a_withdrawn_badge_is_not_accepted(ask, copy, credential, issuer):
    asked = ask()
    standing.revoke(credential, by=issuer, reason="Issued in error.", at=MONDAY)
    asked.sources = sources_of(credential)

    assert not asked.answer(asked.present(copy)).accepted


def test_another_badge_than_the_one_asked_for_is_no_answer(ask, copy):
    asked = ask(query=dcql.for_badges(achievement="https://other.example/a/1"))

    row = asked.answer(asked.present(copy))

    assert not row.accepted
    assert row.findings[0]["problem"] == "presentation-not-asked"


def test_a_part_of_what_was_asked_for_is_not_enough(ask, copy):
    query = dcql.for_badges()
    query["credentials"].append({**query["credentials"][0], "id": "second"})
    asked = ask(query=query)

    row = asked.answer(asked.present(copy))

    assert not row.accepted
    assert [each["problem"] for each in row.findings] == [""]


def test_without_binding_the_badge_itself_is_an_answer(ask, credential):
    asked = ask(query=dcql.for_badges(bound=False))

    row = asked.answer(json.loads(credential.secured_in(Format.JSON).bytes()))

    assert row.accepted


def test_with_binding_the_badge_itself_is_none(ask, copy):
    assert not (asked := ask()).answer(json.loads(copy)).accepted
    assert asked.row.pk


def sd_jwt_of(holder):
    return cairn.sign_sd_jwt_vc(
        CLAIMS, KEY, kid=METHOD, disclose=["/given_name", "/birthdate"], at=MONDAY, holder=holder
    )


SD_JWT = {
    "credentials": [
        {
            "id": "id",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [CLAIMS["vct"]]},
            "claims": [{"path": ["given_name"]}],
        }
    ]
}


def test_an_sd_jwt_with_what_was_asked_for_is_accepted(ask, wallet):
    asked = ask(query=SD_JWT)
    shown = cairn.present_sd_jwt(sd_jwt_of(wallet.key.public_key), disclose=["/given_name"])
    request = asked.request

    row = asked.answer(
        cairn.bind_sd_jwt(shown, wallet.key, audience=request.client_id, nonce=request.nonce, at=MONDAY),
        wanted="id",
    )

    assert row.accepted, row.findings
    assert "birthdate" not in row.findings[0]["report"]["document"]


@pytest.mark.parametrize("wrong", ["nonce", "audience", "unbound", "claim", "key"])
def test_an_sd_jwt_that_does_not_answer_is_not_accepted(ask, wallet, wrong):
    """B58"""
    asked = ask(query=SD_JWT)
    request = asked.request
    disclose = ["/birthdate"] if wrong == "claim" else ["/given_name"]
    shown = cairn.present_sd_jwt(sd_jwt_of(wallet.key.public_key), disclose=disclose)
    if wrong == "key":
        # The key binding of somebody else, over what was issued to them.
        thief = Wallet().key
        theirs = cairn.present_sd_jwt(sd_jwt_of(thief.public_key), disclose=disclose)
        bound = cairn.bind_sd_jwt(theirs, thief, audience=request.client_id, nonce=request.nonce, at=MONDAY)
        shown += bound.rpartition("~")[2]
    elif wrong != "unbound":
        shown = cairn.bind_sd_jwt(
            shown,
            wallet.key,
            audience="another" if wrong == "audience" else request.client_id,
            nonce="another" if wrong == "nonce" else request.nonce,
            at=MONDAY,
        )

    assert not asked.answer(shown, wanted="id").accepted


# What is no answer, and what an answer is worth


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"state": "another"},
        {"state": ""},
        {"vp_token": None},
        {"vp_token": ""},
        {"vp_token": "{}"},
        {"vp_token": "[]"},
        {"vp_token": "{"},
        {"vp_token": '{"badge": []}'},
        {"vp_token": '{"badge": {}}'},
        {"vp_token": '{"badge": ["a.b.c"]}'},
        {"vp_token": '{"other": [{}]}'},
        {"vp_token": '{"badge": [{}, {}]}'},
        {"vp_token": "x" * (services.LONGEST_ANSWER + 1)},
    ],
)
def test_what_is_no_answer_does_not_use_the_request_up(ask, copy, changes):
    """B154"""
    asked = ask()

    with pytest.raises(services.AnswerRefused):
        asked.answer(asked.present(copy), **changes)

    assert PresentationRequest.objects.get().is_open(MONDAY)


def test_an_answer_is_taken_once(ask, copy):
    """B148 B154: the same bytes again are refused as well."""
    asked = ask()
    presentation = asked.present(copy)
    asked.answer(presentation)

    with pytest.raises(services.RequestOver):
        asked.answer(presentation)


def test_of_two_answers_at_once_one_is_the_answer(ask, copy, monkeypatch):
    """B148: the second was judged while the first was kept."""
    asked = ask()
    judge = services.judging.judge

    def slowly(*args, **kwargs):
        found = judge(*args, **kwargs)
        monkeypatch.setattr(services.judging, "judge", judge)
        asked.answer(asked.present(copy))
        return found

    monkeypatch.setattr(services.judging, "judge", slowly)
    with pytest.raises(services.RequestOver):
        asked.answer(asked.present(copy, challenge="another"))

    assert PresentationRequest.objects.get().accepted


def test_an_answer_that_does_not_hold_is_the_answer_all_the_same(ask, copy):
    asked = ask()
    asked.answer(asked.present(copy, challenge="another"))

    with pytest.raises(services.RequestOver):
        asked.answer(asked.present(copy))


def test_tries_are_counted(ask, copy):
    """B149"""
    asked = ask()
    for _ in range(services.ANSWERS.burst):
        with pytest.raises(services.AnswerRefused):
            asked.answer(asked.present(copy), state="another")

    with pytest.raises(TooMany):
        asked.answer(asked.present(copy))


@pytest.mark.parametrize(
    ("word", "kept"), [("access_denied", "access_denied"), ("<script>", "other"), ("", "other")]
)
def test_a_wallet_may_decline(ask, word, kept):
    asked = ask()

    row = asked.answer({}, error=word)

    assert (row.state(MONDAY), row.declined, row.accepted) == ("declined", kept, False)
    assert row.presentations is None


def test_after_its_end_nothing_is_taken(ask, copy):
    asked = ask(until=MONDAY + timedelta(seconds=1))
    PresentationRequest.objects.update(expires_at=MONDAY, created_at=MONDAY - timedelta(days=1))

    with pytest.raises(services.RequestOver):
        asked.answer(asked.present(copy))


def test_a_withdrawn_request_takes_no_answer(ask, copy):
    asked = ask()
    services.withdraw(asked.row, by=asked.row.person, at=MONDAY)

    with pytest.raises(services.RequestOver):
        asked.answer(asked.present(copy))
    assert Entry.objects.filter(verb="presentation request withdrawn").count() == 1


def test_a_presentation_for_one_request_is_none_for_another(ask, copy):
    """B154"""
    first, second = ask(), ask()

    assert not second.answer(first.present(copy)).accepted


# Asking


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"asker": " "}, "request-asker"),
        ({"asker": "x" * 121}, "request-asker"),
        ({"asker": "Kiln\u202eoC"}, "request-asker"),
        ({"purpose": ""}, "request-purpose"),
        ({"purpose": "x" * 501}, "request-purpose"),
        ({"until": MONDAY}, "request-until"),
        ({"until": MONDAY + timedelta(days=91)}, "request-until"),
        ({"query": {"credentials": []}}, "request-query"),
    ],
)
def test_a_request_has_a_name_a_reason_and_an_end(ask, changes, code):
    with pytest.raises(services.BadRequest) as refused:
        ask(**changes)

    assert (refused.value.code, PresentationRequest.objects.count()) == (code, 0)


def test_requests_are_counted(ask):
    for _ in range(services.REQUESTS.burst):
        ask()

    with pytest.raises(TooMany):
        ask()


def test_nobody_else_withdraws_or_deletes_it(ask, outsider):
    """B135"""
    row = ask().row
    for verb in (services.withdraw, services.delete):
        with pytest.raises(NotVisible):
            verb(row, by=outsider, at=MONDAY)

    assert PresentationRequest.objects.get().is_open(MONDAY)
    assert not PresentationRequest.objects.visible_to(outsider).exists()


def test_it_is_deleted_with_what_was_shown(ask, copy):
    asked = ask()
    row = asked.answer(asked.present(copy))

    services.delete(row, by=row.person, at=MONDAY)

    assert not PresentationRequest.objects.exists()


def test_answers_are_forgotten(ask, copy):
    asked = ask()
    asked.answer(asked.present(copy))

    assert services.forget_old(at=MONDAY + services.KEPT_FOR - timedelta(days=1)) == 0
    assert services.forget_old(at=TUESDAY + services.KEPT_FOR) == 1


def test_the_table_has_no_secret(ask):
    """B153: with it alone nobody can answer."""
    asked = ask()
    kept = json.dumps({name: str(value) for name, value in vars(asked.row).items()})

    assert asked.secret not in kept
    assert asked.request.nonce not in kept
    assert asked.request.state not in kept
    assert len(asked.secret) == 22
    assert len({asked.secret, services.secret_of(ask().row)}) == 2


def test_the_database_refuses_what_can_never_be(ask):
    row = ask().row
    for wrong in (
        {"accepted": True},
        {"declined": "access_denied"},
        {"answered_at": MONDAY},
        {"expires_at": row.created_at},
        {"asker": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            PresentationRequest.objects.filter(pk=row.pk).update(**wrong)


def test_a_signed_request_names_this_server_and_ends_soon(ask):
    asked = ask()

    token = jws.split(services.request_object(asked.secret, PUBLIC_URL, wallet_nonce="w", at=MONDAY))

    assert token.payload["client_id"] == "decentralized_identifier:did:web:cairn.example"
    assert token.payload["wallet_nonce"] == "w"
    assert token.payload["exp"] - token.payload["iat"] == services.OBJECT_LIVES.total_seconds()
    assert token.header["typ"] == "oauth-authz-req+jwt"
    with pytest.raises(services.RequestOver):
        services.request_object("A" * 22, PUBLIC_URL, at=MONDAY)


def test_what_one_has_asked_for_is_in_ones_data(ask, copy, outsider):
    asked = ask()
    row = asked.answer(asked.present(copy))

    [told] = services.export_data(row.person)["requests"]

    assert (told["asker"], "badge" in told["answer"]) == ("Kiln & Co.", True)
    assert services.export_data(outsider) == {"requests": [], "shown": []}

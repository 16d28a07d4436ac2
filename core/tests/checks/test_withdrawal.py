# SPDX-License-Identifier: Apache-2.0
"""Lists of what issuers have withdrawn: each answer, and each way in which a list is none."""

import json
from datetime import timedelta

import pytest

from asking import (
    DAY,
    INDEX,
    KEY,
    LIST,
    METHOD,
    OTHER,
    ask,
    badge,
    materials,
    outcome,
    signed,
    status,
)
from cairn import checks
from cairn.canonical import to_json
from cairn.checks import withdrawal
from cairn.did import did_jwk, did_key
from cairn.plain import Facts
from cairn.proof import (
    Outcome,
    data_integrity,
    sd_jwt,
    sign_jwt,
)
from cairn.status import StatusEntry, StatusList, status_list_document, subject_id
from cairn.testing import (
    NOON,
    did_document,
    key_method,
    sample_credential,
    signed_sample,
    signed_status_list,
)


def test_a_badge_without_status_cannot_be_withdrawn():
    assert outcome({}, signed_sample()) == (Outcome.PASSED, "no-status")


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ((), (Outcome.PASSED, "ok")),
        ((INDEX,), (Outcome.FAILED, "revoked")),
        ((INDEX - 1, INDEX + 1), (Outcome.PASSED, "ok")),
        # The bit that least-significant-first reading would take for ours (B86).
        ((INDEX // 8 * 8 + 7 - INDEX % 8,), (Outcome.PASSED, "ok")),
    ],
)
def test_the_bit_of_a_badge_decides_b86(bits, expected):
    assert outcome({LIST: signed_status_list(LIST, set_bits=bits)}) == expected


def test_a_suspension_entry_is_read_like_any_other():
    answers = {LIST: signed_status_list(LIST, purpose="suspension", set_bits=(INDEX,))}

    assert outcome(answers, badge("suspension")) == (Outcome.FAILED, "suspended")


def test_a_list_that_cannot_be_reached_is_a_doubt_s8_b84():
    found = status({})

    assert (found.outcome, found.code) == (Outcome.UNDECIDED, "unreachable")
    assert found.details["list_url"] == LIST


TWIN = f"{LIST}/suspension"


def twin(**arguments):
    return signed_status_list(TWIN, purpose="suspension", **arguments)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (twin(), (Outcome.PASSED, "ok")),
        (twin(set_bits=(INDEX,)), (Outcome.FAILED, "suspended")),
        (None, (Outcome.UNDECIDED, "unreachable")),
        (b"{}", (Outcome.UNDECIDED, "status-list-issuer")),
        (signed_status_list(TWIN, purpose="revocation"), (Outcome.UNDECIDED, "status-list-purpose")),
        (
            signed_status_list(LIST, purpose="suspension"),
            (Outcome.UNDECIDED, "status-list-id"),
        ),
        (twin(signer=OTHER), (Outcome.UNDECIDED, "status-list-issuer")),
    ],
)
def test_an_announced_twin_is_never_optional(answer, expected):
    answers = {LIST: signed_status_list(LIST, with_suspension=True)}
    if answer is not None:
        answers[TWIN] = answer

    assert outcome(answers) == expected


def test_a_twin_of_another_form_is_no_twin():
    answers = {LIST: signed_status_list(LIST, with_suspension=True)}
    for bits, subject in (
        (StatusList(), "urn:x:1"),
        (StatusList(262_144), subject_id(TWIN, purpose="suspension")),
    ):
        document = status_list_document(
            url=TWIN,
            issuer=did_key(KEY.public_key),
            purpose="suspension",
            bits=bits,
            valid_from=NOON,
            valid_until=NOON + DAY,
            ttl_ms=300_000,
            subject_id=subject,
        )
        answers[TWIN] = signed(document)
        assert outcome(answers) == (Outcome.UNDECIDED, "status-list-twin")


def test_a_revoked_badge_is_revoked_whatever_the_twin_says():
    answers = {
        LIST: signed_status_list(LIST, with_suspension=True, set_bits=(INDEX,)),
        TWIN: twin(set_bits=(INDEX,)),
    }

    assert outcome(answers) == (Outcome.FAILED, "revoked")


def test_the_announcement_cannot_be_taken_away_unnoticed():
    document = json.loads(signed_status_list(LIST, with_suspension=True))
    document["credentialSubject"]["id"] = f"{LIST}#list"

    assert outcome({LIST: to_json(document)}) == (Outcome.UNDECIDED, "status-list-unverified")


def altered_list(change, key=KEY, method=METHOD):
    document = json.loads(signed_status_list(LIST))
    del document["proof"]
    change(document)
    return {LIST: signed(document, key, method)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(id="https://harbour.example/s/2"), "status-list-id"),
        (lambda d: d.update(type=["VerifiableCredential"]), "status-list-type"),
        (lambda d: d["credentialSubject"].update(statusPurpose="suspension"), "status-list-purpose"),
        (lambda d: d["credentialSubject"].update(statusPurpose=["refresh"]), "status-list-purpose"),
        (lambda d: d["credentialSubject"].update(encodedList="uH4sIAAAAAAAAAw"), "status-list-compression"),
        (lambda d: d["credentialSubject"].update(encodedList="zH4sIAAAAAAAAAw"), "status-list-encoding"),
        (lambda d: d["credentialSubject"].update(ttl=-1), "status-list-ttl"),
        (lambda d: d["credentialSubject"].update(ttl="300000"), "status-list-unverified"),
        (lambda d: d.update(validUntil="2026-11-23T11:00:00Z"), "status-list-unverified"),
        (lambda d: d.update(validFrom="2026-11-23T12:30:00Z"), "status-list-unverified"),
        (
            lambda d: d.update(
                credentialStatus={
                    "type": "BitstringStatusListEntry",
                    "statusPurpose": "revocation",
                    "statusListIndex": "1",
                    "statusListCredential": LIST,
                }
            ),
            "status-list-status",
        ),
    ],
)
def test_a_list_that_is_not_in_order_is_a_doubt_s11_b80_b81(change, code):
    assert outcome(altered_list(change)) == (Outcome.UNDECIDED, code)


def test_several_purposes_of_a_list_may_include_ours():
    answers = altered_list(lambda d: d["credentialSubject"].update(statusPurpose=["refresh", "revocation"]))

    assert outcome(answers) == (Outcome.PASSED, "ok")


def test_a_list_by_somebody_else_is_a_doubt_s11_b81():
    assert outcome({LIST: signed_status_list(LIST, signer=OTHER)}) == (
        Outcome.UNDECIDED,
        "status-list-issuer",
    )


def test_a_list_in_the_issuers_name_by_another_key_is_a_doubt_b81():
    """The issuer's name alone is not enough: the list goes down the same corridor as a credential."""
    answers = altered_list(lambda d: None, OTHER, key_method(OTHER.public_key))

    assert outcome(answers) == (Outcome.UNDECIDED, "status-list-unverified")


def test_an_unsigned_or_altered_list_is_a_doubt_b81():
    document = json.loads(signed_status_list(LIST, set_bits=(INDEX,)))
    document["credentialSubject"]["encodedList"] = StatusList().encode()
    assert outcome({LIST: to_json(document)}) == (Outcome.UNDECIDED, "status-list-unverified")
    del document["proof"]
    assert outcome({LIST: to_json(document)}) == (Outcome.UNDECIDED, "status-list-unverified")


def test_a_list_in_a_token_of_another_kind_is_a_doubt_b81():
    """Its last day would be nobody's standard there, and not looked at."""
    document = json.loads(signed_status_list(LIST, at=NOON - 9 * DAY))
    del document["proof"]
    claims = {**document, "iss": did_key(KEY.public_key), "vct": "urn:x"}
    token = sd_jwt.issue(claims, KEY, header={"typ": "dc+sd-jwt", "kid": METHOD}, disclose=())

    assert outcome({LIST: token.encode()}) == (Outcome.UNDECIDED, "status-list-type")


def test_a_bomb_is_a_doubt_b77():
    bomb = StatusList(64 * 1024 * 1024).encode()

    answers = altered_list(lambda d: d["credentialSubject"].update(encodedList=bomb))

    assert outcome(answers) == (Outcome.UNDECIDED, "limit-status-list")


def test_an_index_beyond_the_list_is_a_doubt_b78():
    entry = StatusEntry("revocation", 131_072, LIST)
    data = signed_sample(sample_credential(status=entry))

    assert outcome({LIST: signed_status_list(LIST)}, data) == (Outcome.UNDECIDED, "status-index-range")


@pytest.mark.parametrize("index", ["١٢٣", "-1", "007", 5, None])
def test_an_index_that_is_no_plain_number_is_a_doubt_b17_b78(index):
    document = json.loads(badge())
    document["credentialStatus"]["statusListIndex"] = index

    assert outcome({LIST: signed_status_list(LIST)}, to_json(document)) == (
        Outcome.UNDECIDED,
        "status-index",
    )


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        ({"type": "1EdTechRevocationList", "id": LIST}, "unreachable"),
        ({"type": "1EdTechRevocationList"}, "status-url"),
        ({"type": "1EdTechRevocationList", "id": "data:,x"}, "status-url"),
        ({"type": "StatusList2021Entry"}, "status-purpose"),
        ({"type": "RevocationList2020Status"}, "status-type"),
        ({"type": ["BitstringStatusListEntry", "StatusList2021Entry"]}, "status-type"),
        ({"type": []}, "status-type"),
        ({"type": {}}, "status-type"),
        ({}, "status-type"),
        ("urn:x:1", "status-malformed"),
        ([], "limit-status-entries"),
        ([{"type": "X"}] * 5, "limit-status-entries"),
    ],
)
def test_an_unknown_status_is_a_doubt_s8_b83_b85(pointer, code):
    document = json.loads(badge())
    document["credentialStatus"] = pointer

    assert outcome({}, to_json(document)) == (Outcome.UNDECIDED, code)


def entry(**members):
    return {**StatusEntry("revocation", INDEX, LIST).to_document(), **members}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"statusSize": 1}, (Outcome.PASSED, "ok")),
        ({"statusSize": 2}, (Outcome.UNDECIDED, "status-message")),
        ({"statusSize": 0}, (Outcome.UNDECIDED, "status-size")),
        ({"statusSize": 10**9}, (Outcome.UNDECIDED, "limit-status-size")),
        ({"statusPurpose": ["revocation"]}, (Outcome.UNDECIDED, "status-purpose")),
        ({"statusPurpose": "doom"}, (Outcome.UNDECIDED, "status-purpose")),
        ({"statusPurpose": "refresh"}, (Outcome.UNDECIDED, "status-list-purpose")),
        ({"statusPurpose": "message"}, (Outcome.UNDECIDED, "status-list-purpose")),
        ({"statusPurpose": "message", "statusSize": 2}, (Outcome.UNDECIDED, "status-message")),
    ],
)
def test_sizes_and_purposes_b80(members, expected):
    document = {**json.loads(badge()), "credentialStatus": entry(**members)}

    assert outcome({LIST: signed_status_list(LIST)}, to_json(document)) == expected


def wide_list(value, size=2, url=LIST, index=INDEX, purpose="message", length=None):
    """A list of wide entries with one value, packed here bit by bit."""
    bits = StatusList(length or 131_072 * size)
    for offset in range(size):
        bits.set(index * size + offset, bool(value >> (size - 1 - offset) & 1))
    document = status_list_document(
        url=url,
        issuer=did_key(KEY.public_key),
        purpose=purpose,
        bits=bits,
        valid_from=NOON,
        valid_until=NOON + DAY,
        ttl_ms=300_000,
        subject_id=f"{url}#list",
    )
    return {url: signed(document)}


MESSAGES = [{"status": f"0x{value:x}", "message": f"message {value}"} for value in range(4)]


@pytest.mark.parametrize("value", range(4))
@pytest.mark.parametrize(
    ("purpose", "codes"),
    [
        ("message", ("ok", "status-message")),
        ("revocation", ("ok", "revoked")),
        ("refresh", ("ok", "status-refresh")),
    ],
)
def test_an_entry_of_several_bits_has_a_message_for_each_value_n14(value, purpose, codes):
    wide = entry(statusPurpose=purpose, statusSize=2, statusMessage=MESSAGES[::-1])
    data = to_json({**json.loads(badge()), "credentialStatus": wide})

    found = status(wide_list(value, purpose=purpose), data)

    assert found.code == codes[value > 0]
    assert found.outcome is (Outcome.FAILED if found.code == "revoked" else Outcome.PASSED)
    if value or purpose != "revocation":
        assert found.details["message"] == f"message {value}"


def test_a_list_of_wide_entries_has_the_minimum_of_entries_b79():
    """Bitstring Status List §3.2: length divided by size, not length."""
    wide = entry(statusPurpose="message", statusSize=2, statusMessage=MESSAGES, statusListIndex="7")
    data = to_json({**json.loads(badge()), "credentialStatus": wide})

    assert outcome(wide_list(1, index=7, length=131_072), data) == (Outcome.UNDECIDED, "status-list-length")


@pytest.mark.parametrize(
    "messages",
    [
        MESSAGES[:2],  # as many as there are bits: what a suite wants and the text does not say
        MESSAGES[:3],
        [*MESSAGES, {"status": "0x4", "message": "x"}],
        [*MESSAGES[:3], MESSAGES[0]],
        [*MESSAGES[:3], {"status": "3", "message": "x"}],
        [*MESSAGES[:3], {"status": 3, "message": "x"}],
        [*MESSAGES[:3], {"status": "0x3"}],
        [*MESSAGES[:3], "0x3"],
        "0x0",
    ],
)
def test_a_wrong_count_of_messages_is_a_doubt_b80_n14(messages):
    wide = entry(statusPurpose="message", statusSize=2, statusMessage=messages)
    data = to_json({**json.loads(badge()), "credentialStatus": wide})

    assert outcome(wide_list(0), data) == (Outcome.UNDECIDED, "status-message")


def test_a_message_that_nobody_explains_is_a_doubt():
    data = to_json({**json.loads(badge()), "credentialStatus": entry(statusPurpose="message")})

    for bits, expected in (((), (Outcome.PASSED, "ok")), ((INDEX,), (Outcome.UNDECIDED, "status-message"))):
        answers = {LIST: signed_status_list(LIST, purpose="message", set_bits=bits)}
        assert outcome(answers, data) == expected
    nothing_said = status({LIST: signed_status_list(LIST, purpose="message")}, data)
    assert (nothing_said.details["purpose"], nothing_said.details["value"]) == ("message", "0x0")


def test_so_many_lists_are_asked_and_no_more():
    lists = [f"https://harbour.example/s/{number}" for number in range(4)]
    data = to_json(
        {**json.loads(badge()), "credentialStatus": [entry(statusListCredential=url) for url in lists]}
    )

    assert outcome({url: signed_status_list(url) for url in lists}, data) == (Outcome.PASSED, "ok")


def test_a_message_is_shown_beside_a_list_with_nothing_to_say():
    second = "https://harbour.example/s/2"
    told = entry(statusPurpose="message", statusListCredential=second, statusSize=2, statusMessage=MESSAGES)
    data = to_json({**json.loads(badge()), "credentialStatus": [entry(), told]})
    answers = {LIST: signed_status_list(LIST), **wide_list(2, url=second)}

    assert outcome(answers, data) == (Outcome.PASSED, "status-message")
    del answers[second]
    assert outcome(answers, data) == (Outcome.UNDECIDED, "unreachable")


OLD_CONTEXTS = ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/vc/status-list/2021/v1"]


def badge_2021(**members):
    pointer = {
        "id": f"{LIST}#{INDEX}",
        "type": "StatusList2021Entry",
        "statusPurpose": "revocation",
        "statusListIndex": str(INDEX),
        "statusListCredential": LIST,
        **members,
    }
    document = sample_credential().to_document()
    document["@context"].append(OLD_CONTEXTS[1])
    return signed({**document, "credentialStatus": pointer})


def list_2021(bits=(), change=lambda document: None, encode=lambda text: text):
    packed = StatusList()
    for index in bits:
        packed.set(index, True)
    document = {
        "@context": [*OLD_CONTEXTS, "https://w3id.org/security/data-integrity/v2"],
        "id": LIST,
        "type": ["VerifiableCredential", "StatusList2021Credential"],
        "issuer": did_key(KEY.public_key),
        "issuanceDate": "2026-11-23T12:00:00Z",
        "credentialSubject": {
            "id": f"{LIST}#list",
            "type": "StatusList2021",
            "statusPurpose": "revocation",
            "encodedList": encode(packed.encode()[1:]),
        },
    }
    change(document)
    return {LIST: signed(document)}


@pytest.mark.parametrize(
    "encode", [str, lambda text: text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)]
)
@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ((), (Outcome.PASSED, "ok")),
        ((INDEX,), (Outcome.FAILED, "revoked")),
        ((INDEX // 8 * 8 + 7 - INDEX % 8,), (Outcome.PASSED, "ok")),
    ],
)
def test_a_status_list_2021_is_read_b86(bits, expected, encode):
    assert outcome(list_2021(bits, encode=encode), badge_2021()) == expected
    assert ask(checks.proof, badge_2021())["signature"] == (Outcome.PASSED, "ok")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(type=["VerifiableCredential"]), "status-list-type"),
        (lambda d: d.update(id=LIST + "/2"), "status-list-id"),
        (lambda d: d["credentialSubject"].update(statusPurpose="suspension"), "status-list-purpose"),
        (lambda d: d["credentialSubject"].update(encodedList="*"), "base64url"),
        (lambda d: d.update(issuer=did_key(OTHER.public_key)), "status-list-issuer"),
        (lambda d: d.update(expirationDate="2026-11-23T11:00:00Z"), "status-list-unverified"),
    ],
)
def test_a_status_list_2021_that_is_not_in_order_is_a_doubt_b81(change, code):
    assert outcome(list_2021((), change), badge_2021()) == (Outcome.UNDECIDED, code)


def test_an_entry_of_one_kind_is_never_looked_up_in_a_list_of_the_other():
    assert outcome({LIST: signed_status_list(LIST)}, badge_2021()) == (Outcome.UNDECIDED, "status-list-type")
    assert outcome(list_2021(), badge()) == (Outcome.UNDECIDED, "status-list-type")


OB_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"


def badge_1edtech():
    document = sample_credential().to_document()
    document["@context"].append(OB_EXTENSIONS)
    return signed({**document, "credentialStatus": {"id": LIST, "type": "1EdTechRevocationList"}})


def plain_list(*entries, member="revokedCredential", **members):
    document = {"id": LIST, "issuer": did_key(KEY.public_key), member: list(entries), **members}
    return {LIST: to_json({name: value for name, value in document.items() if value is not ...})}


ID = sample_credential().to_document()["id"]


def test_a_credential_without_a_name_of_its_own_cannot_be_on_a_list_of_names():
    document = sample_credential().to_document()
    del document["id"]
    document["@context"].append(OB_EXTENSIONS)
    data = data_integrity.sign(
        {**document, "credentialStatus": {"id": LIST, "type": "1EdTechRevocationList"}},
        KEY,
        verification_method=key_method(KEY.public_key),
        created=NOON,
    )

    assert outcome(plain_list(), to_json(data)) == (Outcome.UNDECIDED, "status-malformed")


@pytest.mark.parametrize("member", ["revokedCredential", "revokedCredentials"])
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((), (Outcome.PASSED, "ok")),
        (({"id": ID},), (Outcome.FAILED, "revoked")),
        (({"id": ID, "revoked": True},), (Outcome.FAILED, "revoked")),
        (({"id": ID, "revoked": False},), (Outcome.PASSED, "ok")),
        (({"id": ID, "revoked": False}, {"id": ID}), (Outcome.FAILED, "revoked")),
        (({"id": f" {ID.replace(':', '%3A')} "},), (Outcome.FAILED, "revoked")),
        (({"id": "urn:uuid:other"},), (Outcome.PASSED, "ok")),
        (({"id": ID, "revoked": "false"},), (Outcome.UNDECIDED, "status-list-entry")),
        (({"id": ID, "revoked": None},), (Outcome.UNDECIDED, "status-list-entry")),
        (({"revoked": True},), (Outcome.UNDECIDED, "status-list-entry")),
        ((ID,), (Outcome.UNDECIDED, "status-list-entry")),
    ],
)
def test_a_revocation_list_of_1edtech_n10(member, entries, expected):
    assert outcome(plain_list(*entries, member=member), badge_1edtech()) == expected
    assert ask(checks.proof, badge_1edtech())["signature"] == (Outcome.PASSED, "ok")


def test_both_names_of_the_list_count_n10():
    answers = plain_list(revokedCredentials=[{"id": ID, "revocationReason": "Issued in error."}])

    found = status(answers, badge_1edtech())

    assert (found.outcome, found.code) == (Outcome.FAILED, "revoked")
    assert found.details["message"] == "Issued in error."


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"id": LIST + "/2"}, "status-list-id"),
        ({"id": ...}, "status-list-id"),
        ({"issuer": did_key(OTHER.public_key)}, "status-list-issuer"),
        ({"issuer": ...}, "status-list-issuer"),
        ({"revokedCredential": ...}, "status-list-type"),
    ],
)
def test_a_revocation_list_of_somebody_else_is_a_doubt_b81(members, code):
    assert outcome(plain_list(**members), badge_1edtech()) == (Outcome.UNDECIDED, code)


def test_a_revocation_list_does_not_last_b82():
    answers = plain_list()

    assert outcome(answers, badge_1edtech(), at=NOON + DAY, gathered_at=NOON) == (
        Outcome.UNDECIDED,
        "status-list-stale",
    )
    for seconds, code in ((360, "ok"), (361, "status-list-stale")):
        late = NOON + timedelta(seconds=seconds)
        assert outcome(answers, badge_1edtech(), at=late, gathered_at=NOON)[1] == code
    assert outcome({LIST: b"<html>"}, badge_1edtech())[0] is Outcome.UNDECIDED


def test_the_worst_of_several_answers_counts():
    second = "https://harbour.example/s/2"
    document = {**json.loads(badge()), "credentialStatus": [entry(), entry(statusListCredential=second)]}
    data = to_json(document)
    fine, revoked = signed_status_list(LIST), signed_status_list(second, set_bits=(INDEX,))

    assert outcome({LIST: fine}, data) == (Outcome.UNDECIDED, "unreachable")
    assert outcome({LIST: fine, second: revoked}, data) == (Outcome.FAILED, "revoked")
    assert outcome({second: revoked}, data) == (Outcome.FAILED, "revoked")


@pytest.mark.parametrize(
    ("ttl", "seconds", "expected"),
    [
        (300_000, 360, (Outcome.PASSED, "ok")),
        (300_000, 361, (Outcome.UNDECIDED, "status-list-stale")),
        (0, 60, (Outcome.PASSED, "ok")),
        (0, 61, (Outcome.UNDECIDED, "status-list-stale")),
        (None, 360, (Outcome.PASSED, "ok")),
        (None, 361, (Outcome.UNDECIDED, "status-list-stale")),
    ],
)
def test_an_old_copy_of_a_list_is_a_doubt_b82(ttl, seconds, expected):
    def change(document):
        if ttl is None:
            del document["credentialSubject"]["ttl"]
        else:
            document["credentialSubject"]["ttl"] = ttl

    late = NOON + timedelta(seconds=seconds)

    assert outcome(altered_list(change), at=late, gathered_at=NOON) == expected


@pytest.mark.parametrize(("more", "code"), [(0, "ok"), (1, "status-list-ttl")])
def test_a_list_may_be_kept_for_a_year_and_no_longer_b82(more, code):
    answers = altered_list(lambda d: d["credentialSubject"].update(ttl=366 * 86_400_000 + more))

    assert outcome(answers)[1] == code


@pytest.mark.parametrize(
    ("url", "noted"),
    [
        (LIST, False),
        (f"{LIST}?c=1", True),
        ("https://harbour.example/s/8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d", True),
    ],
)
def test_a_list_for_one_credential_is_noted_b87(url, noted):
    found = status({url: signed_status_list(url)}, badge(url=url))

    assert found.outcome is Outcome.PASSED
    assert (found.details.get("note") == "list-url-names-credential") is noted


@pytest.mark.parametrize(
    ("identifier", "noted"),
    [
        ("https://harbour.example/c/abcdefgh", True),
        ("https://harbour.example/c/abcdefgh/", True),
        ("urn:x:abcdefgh", True),
        ("urn:x:abcdefg", False),  # so short a word may stand there by chance
        ("urn:x:hgfedcba", False),
        ("urn:x:abcdefghX", False),
    ],
)
def test_a_list_named_like_the_credential_is_noted_b87(identifier, noted):
    url = "https://harbour.example/s/abcdefgh"
    data = to_json({**json.loads(badge(url=url)), "id": identifier})

    assert ("note" in status({url: signed_status_list(url)}, data).details) is noted


@pytest.mark.parametrize("purpose", ["refresh", "message", "purpose-of-our-own"])
def test_a_bit_that_says_something_else_than_withdrawn_has_no_short_answer(purpose):
    data = badge(purpose)
    answers = {LIST: signed_status_list(LIST, purpose=purpose)}

    assert withdrawal.not_withdrawn(materials(data, answers), facts(data), NOON) is None
    revocation = {LIST: signed_status_list(LIST)}
    assert withdrawal.not_withdrawn(materials(badge(), revocation), facts(badge()), NOON).code == "ok"


@pytest.mark.parametrize(
    ("answer", "is_short"),
    [
        (twin(), True),
        (twin(set_bits=(INDEX + 1,)), True),
        (twin(set_bits=(INDEX,)), False),
        (twin(signer=OTHER), False),
        (signed_status_list(LIST, purpose="suspension"), False),
        (b"{}", False),
        (None, False),
    ],
)
def test_a_short_answer_asks_the_twin_as_well(answer, is_short):
    answers = {LIST: signed_status_list(LIST, with_suspension=True)}
    if answer is not None:
        answers[TWIN] = answer

    found = withdrawal.not_withdrawn(materials(badge(), answers), facts(badge()), NOON)

    assert found == (status(answers) if is_short else None)


def test_what_a_list_says_that_needs_more_words_has_no_short_answer_b87():
    told = facts(badge())
    answers = {LIST: signed_status_list(LIST)}

    assert withdrawal.not_withdrawn(materials(badge(), answers), told, NOON) is not None
    for change in (
        {"id": "urn:x:harbour.example"},
        {"list_index": "01"},
        {"list_index": None},
        {"list_url": None},
    ):
        assert withdrawal.not_withdrawn(materials(badge(), answers), told._replace(**change), NOON) is None, (
            change
        )


def facts(data):
    document = json.loads(data)
    entry = document["credentialStatus"]
    named = (entry.get("id"), entry["statusPurpose"], entry["statusListIndex"], entry["statusListCredential"])
    return Facts(did_key(KEY.public_key), document["id"], None, None, *named, *[None] * 5)


@pytest.fixture
def judged(monkeypatch):
    """How often a list was judged; none is known before."""
    monkeypatch.setattr(withdrawal, "_JUDGED_LISTS", {})
    times = []
    in_full = withdrawal._judge_status_list
    monkeypatch.setattr(
        withdrawal, "_judge_status_list", lambda *asked: times.append(asked[-1]) or in_full(*asked)
    )
    return times


MINUTE = timedelta(minutes=1)


def test_a_list_is_judged_once_for_all_badges_and_moments_until_a_date_in_it_has_passed(judged):
    later = NOON + 10 * MINUTE
    answers = {LIST: signed_status_list(LIST, at=NOON)}
    for step in range(50):
        assert status(answers, at=later + step * MINUTE, gathered_at=later).outcome in (
            Outcome.PASSED,
            Outcome.UNDECIDED,
        )
    assert len(judged) == 1

    # Beyond its last day it is judged again, and each time: what cannot be used is never kept.
    for _ in range(2):
        found = status(answers, at=NOON + DAY + 2 * MINUTE)
        assert found.code == "status-list-unverified"
    assert len(judged) == 3
    # Nor does the answer of today hold for yesterday.
    assert status(answers, at=NOON - DAY).code == "status-list-unverified"


@pytest.mark.parametrize("enveloped", [True, False])
def test_a_list_in_a_token_does_not_outlive_it_b82(judged, enveloped):
    """The dates of a token are no text that could be looked for."""
    document = status_list_document(
        url=LIST,
        issuer=did_key(KEY.public_key),
        purpose="revocation",
        bits=StatusList(),
        valid_from=NOON,
        valid_until=NOON + DAY,
        ttl_ms=300_000,
        subject_id=f"{LIST}#list",
    )
    token = sign_jwt(document, KEY, verification_method=METHOD)
    envelope = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "EnvelopedVerifiableCredential",
        "id": f"data:application/vc+jwt,{token}",
    }
    answers = {LIST: to_json(envelope) if enveloped else token.encode()}

    assert status(answers).code == "ok"
    assert status(answers, at=NOON + MINUTE).code == "ok"
    assert len(judged) == 2  # at every other moment anew
    assert status(answers, at=NOON + 2 * DAY).code == "status-list-unverified"


@pytest.mark.parametrize("edge", [0, 60, 86_400 - 60, 86_400, 86_400 + 60])
def test_around_each_date_of_a_list_the_answers_are_those_of_a_fresh_look(judged, edge):
    answers = {LIST: signed_status_list(LIST, at=NOON)}
    moments = [NOON + timedelta(seconds=edge + shift) for shift in (-1, 0, 1, -1, 1, 0, -2, 2)]

    kept = [status(answers, at=at).code for at in moments]
    fresh = []
    for at in moments:
        withdrawal._JUDGED_LISTS.clear()
        fresh.append(status(answers, at=at).code)

    assert kept == fresh


def test_how_long_ago_a_list_was_fetched_is_asked_each_time(judged):
    answers = {LIST: signed_status_list(LIST, at=NOON - MINUTE)}

    assert status(answers, at=NOON + MINUTE, gathered_at=NOON).code == "ok"
    assert status(answers, at=NOON + 7 * MINUTE, gathered_at=NOON).code == "status-list-stale"
    assert len(judged) == 1


def test_another_list_or_issuer_is_judged_by_itself(judged):
    later = NOON + MINUTE
    for bits, code in (((), "ok"), ((INDEX,), "revoked"), ((), "ok")):
        assert status({LIST: signed_status_list(LIST, set_bits=bits)}, at=later).code == code
    assert len(judged) == 2


@pytest.mark.parametrize("issuer", [did_key(KEY.public_key), did_jwk(KEY.public_key)], ids=["key", "jwk"])
def test_what_else_was_gathered_matters_to_nobody_whose_identifier_is_the_key(judged, issuer):
    method = f"{issuer}#{issuer.removeprefix('did:key:')}" if issuer.startswith("did:key:") else f"{issuer}#0"
    second = "https://harbour.example/s/2"
    answers = {
        url: signed_status_list(url, issuer=issuer, verification_method=method) for url in (LIST, second)
    }
    one = badge(issuer=issuer, method=method)
    two = to_json({**json.loads(one), "credentialStatus": [entry(), entry(statusListCredential=second)]})

    assert status(answers, one).code == status(answers, two).code == "ok"
    assert len(judged) == 2


def test_the_keys_of_an_issuer_with_a_document_count_each_time(judged):
    web, url = "did:web:harbour.example", "https://harbour.example/.well-known/did.json"
    method = f"{web}#key-1"
    data = badge(issuer=web, method=method)
    listed = signed_status_list(LIST, issuer=web, verification_method=method)
    later = NOON + MINUTE

    for key, code in ((KEY, "ok"), (OTHER, "status-list-unverified"), (KEY, "ok")):
        answers = {LIST: listed, url: did_document(web, key.public_key)}
        assert status(answers, data, at=later).code == code
    assert len(judged) == 2


def test_a_list_counts_until_the_very_moment_from_which_its_key_is_withdrawn(judged):
    web, url = "did:web:harbour.example", "https://harbour.example/.well-known/did.json"
    data = badge(issuer=web, method=f"{web}#key-1")
    document = json.loads(did_document(web, KEY.public_key))
    document["verificationMethod"][0]["revoked"] = "2026-11-23T12:30:00Z"
    listed = signed_status_list(LIST, issuer=web, verification_method=f"{web}#key-1")
    answers = {LIST: listed, url: to_json(document)}

    found = [status(answers, data, at=NOON + minutes * MINUTE).code for minutes in (10, 29.5, 30, 30.5)]

    assert found == ["ok", "ok", "status-list-unverified", "status-list-unverified"]


def test_few_lists_are_kept(judged, monkeypatch):
    monkeypatch.setattr(withdrawal, "_MAX_KEPT_LISTS", 2)
    for number in range(5):
        status({LIST: signed_status_list(LIST, set_bits=(number + 200,))}, at=NOON + MINUTE)
        assert len(withdrawal._JUDGED_LISTS) <= 2
    for spare, kept in ((0, 1), (-1, 0)):
        listed = signed_status_list(LIST)
        monkeypatch.setattr(withdrawal, "_MAX_KEPT_LIST", len(listed) + spare)
        withdrawal._JUDGED_LISTS.clear()
        status({LIST: listed}, at=NOON + MINUTE)
        assert len(withdrawal._JUDGED_LISTS) == kept

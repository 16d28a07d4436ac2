# SPDX-License-Identifier: Apache-2.0
"""Gathering asks little and never raises, and materials keep."""

import json

import pytest

from asking import KEY, LIST, METADATA, SVG, VC_ISSUER, sd_jwt_vc, token
from cairn.baking import bake
from cairn.canonical import to_json
from cairn.errors import MalformedError, UnavailableError
from cairn.materials import (
    MAX_FETCHES,
    MAX_FETCHES_TOGETHER,
    GivenSources,
    Materials,
    NoSources,
    Unavailable,
    _Errand,
    controller_url,
    gather,
    status_list_urls,
)
from cairn.proof import sign
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
from containing import BADGE_ID, badge_document, endorsed, endorsement_of, presentation, unsigned


def test_did_key_needs_nobody_to_be_asked():
    sources = FixedSources()

    gather(read(signed_sample()), sources, at=NOON)

    assert sources.asked == []


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("did:web:harbour.example", "https://harbour.example/.well-known/did.json"),
        ("did:web:harbour.example:i:1", "https://harbour.example/i/1/did.json"),
        ("https://harbour.example/i/1", "https://harbour.example/i/1"),
        ("https://harbour.example/i/1#x", "https://harbour.example/i/1"),
        ("did:key:z6Mk", None),
        ("did:jwk:e30", None),
        ("did:example:1", None),
        ("did:web:127.0.0.1%2Fx", None),
        ("urn:x:1", None),
        (None, None),
    ],
)
def test_where_the_keys_of_an_issuer_are(issuer, url):
    assert controller_url(issuer) == url


def test_the_lists_and_the_announced_twin_are_asked_for():
    sources = FixedSources(
        {LIST: signed_status_list(LIST, with_suspension=True), f"{LIST}/suspension": b"anything"}
    )
    entry = StatusEntry("revocation", 5, LIST)

    materials = gather(read(signed_sample(sample_credential(status=entry))), sources, at=NOON)

    assert sources.asked == [LIST, f"{LIST}/suspension"]
    assert materials.resource(f"{LIST}/suspension") == b"anything"


def test_no_twin_is_asked_for_where_none_is_announced():
    sources = FixedSources({LIST: signed_status_list(LIST)})

    gather(
        read(signed_sample(sample_credential(status=StatusEntry("revocation", 5, LIST)))), sources, at=NOON
    )

    assert sources.asked == [LIST]


def test_a_token_of_a_web_issuer_also_asks_for_its_key_set_s5():
    sources = FixedSources()
    text = token(sample_credential(issuer="https://harbour.example/i/1"))

    gather(read(text.encode()), sources, at=NOON)

    assert sources.asked == ["https://harbour.example/i/1", "https://harbour.example/.well-known/jwks.json"]


@pytest.mark.parametrize("ending", ["?tenant=1", "#school", "?"])
def test_an_sd_jwt_vc_issuer_with_a_query_or_a_fragment_has_no_metadata(ending):
    """Such a name is no issuer's (SD-JWT VC §2.2.2.2); without them it would be somebody else's."""
    asked = {}
    for issuer in (VC_ISSUER, VC_ISSUER + ending):
        sources = FixedSources()
        gather(read(sd_jwt_vc(issuer=issuer)), sources, at=NOON)
        asked[issuer] = METADATA in sources.asked

    assert asked == {VC_ISSUER: True, VC_ISSUER + ending: False}


def test_nothing_else_in_a_credential_leads_anywhere_b45_b87():
    """Images, criteria, evidence, schemas, contexts and headers are never fetched."""
    document = json.loads(signed_sample())
    document["evidence"] = [{"id": "https://harbour.example/evidence", "type": ["Evidence"]}]
    document["credentialSchema"] = [{"id": "https://harbour.example/schema", "type": "x"}]
    document["@context"].append("https://harbour.example/context")
    document["proof"]["verificationMethod"] = "https://evil.example/keys#1"
    sources = FixedSources()

    gather(read(to_json(document)), sources, at=NOON)

    assert sources.asked == []


def entries(*urls):
    return [
        {"type": "BitstringStatusListEntry", "statusListCredential": url, "statusListIndex": "1"}
        for url in urls
    ]


def test_equal_lists_are_asked_once_and_too_many_never_b83():
    assert status_list_urls({"credentialStatus": entries(LIST, LIST)}) == (LIST,)
    four = [f"https://harbour.example/s/{number}" for number in range(4)]
    assert status_list_urls({"credentialStatus": entries(*four)}) == tuple(four)
    assert status_list_urls({"credentialStatus": entries(*four, "https://harbour.example/s/9")}) == ()
    assert status_list_urls({"credentialStatus": entries("file:///etc/passwd")}) == ()
    assert status_list_urls({"credentialStatus": "x"}) == ()
    assert status_list_urls({}) == ()


def test_one_upload_asks_eight_times_at_most_b99():
    urls = [f"https://harbour.example/s/{number}" for number in range(4)]
    answers = {url: signed_status_list(url, with_suspension=True) for url in urls}
    document = sample_credential(issuer="https://harbour.example/i/1").to_document()
    document["credentialStatus"] = entries(*urls)
    sources = FixedSources(answers)

    materials = gather(read(to_json({**document, "proof": {}})), sources, at=NOON)

    assert len(sources.asked) == MAX_FETCHES
    last = materials.resources[f"{urls[3]}/suspension"]
    assert isinstance(last, Unavailable)
    assert last.code == "limit-fetches"


class BrokenSources:
    def __init__(self, error):
        self.error = error

    def fetch(self, url, *, accept, limit):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimeoutError("10.0.0.7 timed out"), "unreachable"),
        (ConnectionRefusedError("10.0.0.7:5432"), "unreachable"),
        (MalformedError("url", "bad"), "url"),
    ],
)
def test_an_address_that_does_not_answer_is_recorded_b84_b98(error, code):
    credential = read(signed_sample(sample_credential(status=StatusEntry("revocation", 5, LIST))))

    materials = gather(credential, BrokenSources(error), at=NOON)

    found = materials.resources[LIST]
    assert isinstance(found, Unavailable)
    assert found.code == code
    assert "10.0.0.7" not in found.message


def test_an_answer_beyond_the_limit_is_dropped_b96():
    class Flood:
        def fetch(self, url, *, accept, limit):
            return b"x" * (limit + 1)

    credential = read(signed_sample(sample_credential(status=StatusEntry("revocation", 5, LIST))))

    assert gather(credential, Flood(), at=NOON).resources[LIST].code == "limit-size"


# --- keep


def test_kept_materials_judge_the_same():
    sources = FixedSources({LIST: signed_status_list(LIST, set_bits=(5,))})
    for data in (
        signed_sample(sample_credential(status=StatusEntry("revocation", 5, LIST))),
        bake(SVG, signed_sample()),
        token().encode(),
        signed_sample(sample_credential(status=StatusEntry("revocation", 5, "https://gone.example/s"))),
    ):
        materials = gather(read(data), sources, at=NOON)

        kept = Materials.from_json(materials.to_json())

        assert kept == materials
        assert judge(kept, at=NOON) == judge(materials, at=NOON)


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept.update(type="Other"),
        lambda kept: kept.update(version=2),
        lambda kept: kept.pop("credential"),
        lambda kept: kept.update(credential="***"),
        lambda kept: kept.update(resources=[]),
        lambda kept: kept.update(resources={"x": {}}),
        lambda kept: kept.update(gatheredAt="yesterday"),
        lambda kept: kept.update(gatheredAt=3),
    ],
)
def test_damaged_materials_are_refused(change):
    kept = json.loads(gather(read(signed_sample()), FixedSources(), at=NOON).to_json())
    change(kept)

    with pytest.raises(MalformedError):
        Materials.from_json(to_json(kept))


# --- what is inside


def school(number):
    """A school on the web of its own, its badge of that number, and what it answers."""
    issuer = f"did:web:school-{number}.example"
    url = f"https://school-{number}.example/s/1"
    document = badge_document(number)
    document["issuer"] = document["issuer"] | {"id": issuer}
    document["credentialStatus"] = StatusEntry("revocation", number, url).to_document()
    data = sign(document, KEY, verification_method=f"{issuer}#key-1", at=NOON)
    answers = {
        f"https://school-{number}.example/.well-known/did.json": did_document(issuer, KEY.public_key),
        url: signed_status_list(url, issuer=issuer, verification_method=f"{issuer}#key-1"),
    }
    return data, answers


def schools(count):
    badges, answers = [], {}
    for number in range(count):
        data, answered = school(number)
        badges.append(data)
        answers |= answered
    return badges, answers


def test_what_is_inside_is_asked_about_as_well():
    badges, answers = schools(3)
    sources = FixedSources(answers)

    report = judge(gather(read(presentation(*badges)), sources, at=NOON), at=NOON)

    assert sorted(sources.asked) == sorted(answers)
    assert report.accepted


def test_an_address_is_asked_once_for_all_that_name_it():
    """A transcript of one school costs no more than one badge of it."""
    badges, answers = schools(1)
    others = [badges[0].replace(b"000000000000", f"{number:012}".encode()) for number in range(1, 40)]
    sources = FixedSources(answers)

    gather(read(unsigned_holding(badges + others)), sources, at=NOON)

    assert sorted(sources.asked) == sorted(answers)


def unsigned_holding(badges):
    document = json.loads(unsigned(presentation()))
    document["verifiableCredential"] = [json.loads(each) for each in badges]
    return to_json(document)


@pytest.mark.parametrize(("count", "asked"), [(15, 30), (16, 32), (17, 32), (64, 32)])
def test_everything_together_asks_so_many_addresses_b99(count, asked):
    badges, answers = schools(count)
    sources = FixedSources(answers)

    materials = gather(read(unsigned_holding(badges)), sources, at=NOON)

    assert len(sources.asked) == min(asked, MAX_FETCHES_TOGETHER)
    report = judge(materials, at=NOON)
    answered = [part.report.accepted for part in report.parts]
    assert answered == [True] * min(count, 16) + [False] * max(0, count - 16)
    codes = {found.code for part in report.parts[16:] for found in part.report.findings}
    assert ("limit-fetches" in codes) is (count > 16)


def greedy(number):
    """A badge that names four lists, besides its issuer: ten like it would ask fifty addresses."""
    document = badge_document(number)
    document["issuer"] = document["issuer"] | {"id": f"did:web:greedy-{number}.example"}
    document["credentialStatus"] = [
        StatusEntry("revocation", 1, f"https://lists.example/{number}/{each}").to_document()
        for each in range(4)
    ]
    return to_json(document)


def test_each_document_has_a_share_of_its_own_b99():
    """A greedy one cannot spend what the next one needs."""
    sources = FixedSources()
    materials = gather(read(unsigned_holding([greedy(number) for number in range(10)])), sources, at=NOON)

    assert len(sources.asked) == MAX_FETCHES_TOGETHER
    assert "greedy-5.example" in " ".join(sources.asked)
    assert isinstance(materials.resources["https://lists.example/9/3"], Unavailable)


def test_what_one_had_no_share_left_for_another_may_ask():
    """The ninth address of the one is the first of the other."""
    errand = _Errand(sources := FixedSources({"https://x.example/9": b"answer"}))
    errand.begin()
    for number in range(1, 10):
        errand.get(f"https://x.example/{number}", accept="*/*", limit=10)
    assert errand.answers["https://x.example/9"].code == "limit-fetches"

    errand.begin()

    assert errand.get("https://x.example/9", accept="*/*", limit=10) == b"answer"
    assert len(sources.asked) == MAX_FETCHES + 1


def test_kept_materials_of_a_container_give_the_same_report():
    badges, answers = schools(2)
    materials = gather(read(presentation(*badges)), FixedSources(answers), at=NOON)

    again = Materials.from_json(materials.to_json())

    assert again == materials
    assert judge(again, at=NOON) == judge(materials, at=NOON)


def test_the_key_of_an_endorser_is_asked_for():
    issuer = "did:web:board.example"
    document = json.loads(unsigned(endorsement_of(BADGE_ID)))
    document["issuer"]["id"] = issuer
    data = endorsed(sign(document, KEY, verification_method=f"{issuer}#key-1", at=NOON))
    answers = {"https://board.example/.well-known/did.json": did_document(issuer, KEY.public_key)}

    report = judge(gather(read(data), FixedSources(answers), at=NOON), at=NOON)

    assert report.parts[0].report.accepted


def test_what_a_check_asks_for_besides_is_within_the_same_budget_b99():
    def wanted(credential):
        return [f"https://harbour.example/{number}" for number in range(2 * MAX_FETCHES)]

    sources = FixedSources({"https://harbour.example/0": b"{}"})
    materials = gather(read(signed_sample()), sources, at=NOON, also=(wanted,))

    assert len(sources.asked) == MAX_FETCHES
    assert materials.resource("https://harbour.example/0") == b"{}"
    last = materials.resources[f"https://harbour.example/{2 * MAX_FETCHES - 1}"]
    assert isinstance(last, Unavailable)
    assert last.code == "limit-fetches"


def test_offline_means_that_nothing_is_looked_at():
    document = sample_credential(status=StatusEntry("revocation", 7, LIST))

    found = judge(gather(read(signed_sample(document)), NoSources(), at=NOON), at=NOON)

    assert found.finding("status").code == "offline"
    assert found.verdict is Verdict.COULD_NOT_CHECK


def test_what_is_given_is_taken_and_the_world_asked_for_the_rest():
    world = FixedSources({"https://harbour.example/b": b"from the world"})
    sources = GivenSources({"https://harbour.example/a": b"given"}, world)

    answers = [sources.fetch(f"https://harbour.example/{name}", accept="*/*", limit=100) for name in "ab"]

    assert answers == [b"given", b"from the world"]
    assert world.asked == ["https://harbour.example/b"]


def test_a_limit_holds_for_what_is_given_too():
    sources = GivenSources({"https://harbour.example/a": b"given"}, NoSources())

    with pytest.raises(UnavailableError) as refused:
        sources.fetch("https://harbour.example/a", accept="*/*", limit=4)
    assert refused.value.code == "unreachable"

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import FIELDS, sources_of

import cairn
from cairn.canonical import parse_json
from cairn.credential import OpenBadgeCredential, format_datetime
from cairn.errors import CairnError, MalformedError
from cairn.keys import Algorithm
from cairn.proof.data_integrity import hash_input
from cairn.status import StatusEntry
from cairn_server.accounts.models import Person
from cairn_server.achievements import services as achievements
from cairn_server.achievements.services import Archived, InvalidField
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import finishing, services, signing, status_lists
from cairn_server.issuing.models import (
    Credential,
    Delivery,
    SecuredCredential,
    StatusList,
    StatusListVersion,
)
from cairn_server.issuing.prepared import Prepared
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import NotPublished, Recipient, RequestKeyReused
from cairn_server.journal.models import Entry
from cairn_server.organisations import installation, key_changes, keys, watermark
from cairn_server.organisations import services as organisations
from cairn_server.organisations.keys import SignerUnavailable, intent_digest
from cairn_server.organisations.models import (
    Installation,
    Membership,
    Organisation,
    OrganisationClosed,
    SigningKey,
)
from cairn_server.organisations.roles import SecondFactorRequired
from cairn_server.tlog.models import PendingLeaf

# What is signed


@pytest.mark.parametrize("form", ["json", "jwt", "png", "svg"])
def test_every_form_is_verified_by_the_library_alone(credential, form):
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, form)[0], at=TUESDAY)

    assert report.verdict is cairn.Verdict.VERIFIED
    assert report.document["id"] == f"{PUBLIC_URL}/c/{credential.public_id}"


def test_the_columns_are_an_index_of_the_signed_bytes(award):
    credential = award(
        narrative="Repeated it twice.",
        grade="A+",
        evidence_url="https://portfolio.example/lena",
        evidence_name="Firing log",
        valid_until=MONDAY + timedelta(days=100),
        awarded_on=MONDAY - timedelta(days=3),
    )
    document = parse_json(representation(credential, "json")[0])
    signed = OpenBadgeCredential.from_document(document)
    status = StatusEntry.from_document(document["credentialStatus"])

    assert signed.id == credential.address(PUBLIC_URL)
    assert signed.issuer.id == credential.organisation.did
    assert signed.subject.id == credential.subject_id
    assert [each.identity_hash for each in signed.subject.identifiers] == [credential.recipient_name]
    assert signed.subject.achievement.id == credential.version.address(PUBLIC_URL)
    assert signed.subject.narrative == credential.narrative
    assert [each.value for each in signed.subject.results] == [credential.grade]
    assert [(each.id, each.name) for each in signed.evidence] == [
        (credential.evidence_url, credential.evidence_name)
    ]
    assert (signed.valid_from, signed.valid_until) == (credential.valid_from, credential.valid_until)
    assert signed.awarded_date == credential.awarded_at
    assert (status.purpose, status.index) == ("revocation", credential.status_index)
    assert status.list_url == f"{PUBLIC_URL}/s/{credential.status_list.public_id}"
    configuration = document.pop("proof")
    del configuration["proofValue"]
    record = hash_input(document, configuration)
    token = representation(credential, "jwt")[0].rpartition(b".")[0]
    assert credential.intent_sha256 == intent_digest([record, token])
    assert credential.intent is None


def test_the_achievement_is_told_as_the_frozen_version_says_it(credential):
    achievement = parse_json(representation(credential, "json")[0])["credentialSubject"]["achievement"]

    address = f"{PUBLIC_URL}/a/{credential.version.public_id}"
    assert achievement["id"] == address
    assert achievement["criteria"] == {
        "id": address,
        "narrative": "Fire **one** kiln without help.\n\nWorkload: 24 hours",
    }
    assert achievement["image"] == {"id": f"{address}/image.png", "type": "Image"}
    assert achievement["alignment"][0]["targetUrl"] == "http://data.europa.eu/snb/eqf/3"
    assert achievement["version"] == "1"


def test_the_record_has_one_proof_one_status_and_no_schema(credential):
    document = parse_json(representation(credential, "json")[0])

    assert isinstance(document["proof"], dict)
    assert document["proof"]["cryptosuite"] == "eddsa-rdfc-2022"
    assert isinstance(document["credentialStatus"], dict)
    assert "credentialSchema" not in document


def test_one_award_asks_the_database_no_more_than_it_must(award, django_assert_max_num_queries):
    """Each statement is a round trip, of a single award as of the hundredth of an hour. The signer's two are
    among them here."""
    award()

    with django_assert_max_num_queries(21):
        award()


def test_two_awards_of_one_person_share_no_identifier(award):
    first, second = award(), award()

    assert first.subject_id.startswith("urn:uuid:")
    assert first.subject_id != second.subject_id
    assert first.public_id != second.public_id


def test_a_known_identifier_of_the_holder_is_used(award):
    did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

    assert award(recipient=Recipient("Lena", "lena@people.example", did)).subject_id == did


def test_s10_an_address_is_hashed_only_where_the_organisation_says_so(award, organisation, learner):
    plain = representation(award(), "json")[0]
    Organisation.objects.update(hashes_email=True)
    credential = award()
    identifiers = parse_json(representation(credential, "json")[0])["credentialSubject"]["identifier"]

    assert b"people.example" not in plain
    assert b"sha256$" not in plain
    hashed = identifiers[1]
    assert hashed["identityType"] == "emailAddress"
    assert len(hashed["salt"]) >= 22  # 128 bits
    assert (
        hashed["identityHash"]
        == f"sha256${hashlib.sha256((learner.email + hashed['salt']).encode()).hexdigest()}"
    )


def test_each_representation_has_its_digest_and_its_leaf(credential):
    assert {each.format for each in credential.secured.all()} == {"vc+ld+json", "vc+jwt"}
    for secured in credential.secured.select_related("leaf"):
        assert secured.sha256 == cairn.read(secured.bytes()).sha256
        assert secured.leaf.secured_sha256 == secured.sha256
        assert secured.leaf.issuer_did == credential.organisation.did
        assert (secured.leaf.label, secured.leaf.state) == ("issue", "pending")
        assert len(bytes(secured.leaf.salt)) == 32
    assert len({bytes(leaf.salt) for leaf in PendingLeaf.objects.all()}) == 2


def test_the_first_award_fixes_the_identity(issuer, version, award):
    assert version.organisation.did == ""

    credential = award()

    assert Organisation.objects.get(pk=version.organisation.pk).did == (
        f"did:web:cairn.example:i:{credential.organisation.public_id}"
    )


def test_a_server_without_https_is_its_key(award):
    Installation.objects.update(public_url="http://127.0.0.1:8000")

    credential = award()

    sources = sources_of(credential, public_url="http://127.0.0.1:8000")
    report = cairn.Verifier(sources).examine(representation(credential, "jwt")[0], at=MONDAY)
    assert credential.organisation.did.startswith("did:key:z6Mk")
    assert report.verdict is cairn.Verdict.VERIFIED


# Dates


def test_a_validity_of_days_ends_on_its_day(issuer, organisation, award):
    draft = achievements.draft_achievement(
        by=issuer, organisation=organisation, fields=FIELDS | {"validity_days": 30}, at=MONDAY
    )
    achievements.publish(draft, by=issuer, at=MONDAY)

    assert award(version=draft).valid_until == MONDAY + timedelta(days=30)


def test_what_is_signed_has_whole_seconds(award):
    credential = award(at=MONDAY + timedelta(microseconds=999_999))

    assert parse_json(representation(credential, "json")[0])["validFrom"] == format_datetime(MONDAY)


def test_an_award_may_start_later(award):
    credential = award(valid_from=TUESDAY)

    before = cairn.Verifier(sources_of(credential)).examine(representation(credential, "json")[0], at=MONDAY)
    assert before.finding("period").code == "not-yet-valid"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("valid_from", {"valid_from": MONDAY - timedelta(days=1)}),
        ("valid_from", {"valid_from": MONDAY + timedelta(days=500)}),
        ("valid_until", {"valid_until": MONDAY}),
        ("valid_until", {"valid_from": TUESDAY, "valid_until": MONDAY + timedelta(hours=1)}),
        ("awarded_on", {"awarded_on": TUESDAY}),
    ],
)
def test_b156_dates_that_cannot_be_are_refused(award, field, changes):
    with pytest.raises(InvalidField) as refusal:
        award(**changes)

    assert refusal.value.field == field
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"recipient": Recipient("  ", "lena@people.example")}),
        ("name", {"recipient": Recipient("\u200d", "lena@people.example")}),  # B129: nothing to see
        ("name", {"recipient": Recipient("Le\nna", "lena@people.example")}),  # B128
        ("name", {"recipient": Recipient("x" * 201, "lena@people.example")}),
        ("email", {"recipient": Recipient("Lena", "lena@")}),
        ("email", {"recipient": Recipient("Lena", "lеna@people.example")}),  # B130: a Cyrillic letter
        ("did", {"recipient": Recipient("Lena", "lena@people.example", "https://lena.example")}),
        ("did", {"recipient": Recipient("Lena", "lena@people.example", "did:key:z 6Mk")}),
        ("evidence_url", {"evidence_url": "javascript:alert(1)"}),
        ("narrative", {"narrative": "x" * 5_001}),
        ("grade", {"grade": "A\x00"}),
        ("request_key", {"request_key": ""}),
        ("request_key", {"request_key": "x" * 101}),
    ],
)
def test_what_cannot_stand_in_a_credential_is_refused(award, field, changes):
    with pytest.raises(InvalidField) as refusal:
        award(**changes)

    assert refusal.value.field == field
    assert not Credential.objects.exists()


# Once and only once


def test_the_same_request_is_the_same_award(award):
    first = award(request_key="once")

    assert award(request_key="once", at=TUESDAY) == first
    assert Credential.objects.count() == 1
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [Recipient("Lena Lindholm", "other@people.example"), Recipient("Someone Else", "lena@people.example")],
)
def test_a_request_key_with_another_award_in_it_is_refused(award, other):
    award(request_key="once")

    with pytest.raises(RequestKeyReused):
        award(request_key="once", recipient=other)


def test_a_draft_is_not_awarded(issuer, organisation, award):
    draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)

    with pytest.raises(NotPublished):
        award(version=draft)


def test_an_archived_achievement_is_not_awarded(issuer, version, award):
    achievements.archive(version.achievement, by=issuer, at=MONDAY)

    with pytest.raises(Archived):
        award()


def test_a_closed_organisation_awards_nothing(owner, organisation, award):
    organisations.close_organisation(organisation, by=owner, live_credentials=0, knows=True, at=MONDAY)

    with pytest.raises(OrganisationClosed):
        award()


# Who may


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, award):
    with pytest.raises(NotAllowed):
        award(by=request.getfixturevalue(who))
    assert not Credential.objects.exists()


def test_b135_an_outsider_is_told_that_the_achievement_does_not_exist(outsider, award):
    with pytest.raises(NotVisible):
        award(by=outsider)
    assert not Credential.objects.exists()


def test_b138_a_removed_member_awards_nothing(issuer, award):
    Membership.objects.filter(person=issuer).delete()

    with pytest.raises(NotVisible):
        award()


def test_an_organisation_may_ask_those_who_sign_for_a_second_factor(award):
    Organisation.objects.update(requires_second_factor=True)

    with pytest.raises(SecondFactorRequired):
        award()


def test_b135_an_outsider_sees_no_award(outsider, issuer, credential):
    assert credential in Credential.objects.visible_to(issuer)
    assert not Credential.objects.visible_to(outsider).exists()


# Nothing half done


def everything() -> dict[str, int]:
    models = (Credential, SecuredCredential, PendingLeaf, Delivery, StatusList, Entry)
    return {model.__name__: model.objects.count() for model in models}


class PowerCut(BaseException):
    """Nothing catches this, as nothing catches the end of a process."""


def crash(*_args, **_kwargs):
    raise PowerCut


@pytest.mark.parametrize(
    "step",
    [
        "services.read_award",
        "services.awarded_before",
        "status_lists.allocate",
        "signing.build",
        "signing.lint",
        "signing.prepare",
        "finishing.prepare",
    ],
)
def test_f1_a_crash_before_the_intent_leaves_nothing(award, monkeypatch, step):
    before = everything()

    with monkeypatch.context() as patch:
        patch.setattr(f"cairn_server.issuing.{step}", crash)
        with pytest.raises(PowerCut):
            award()

    assert everything() == before
    assert Organisation.objects.get(name="Lakeside College").did == ""
    assert services.finish_awards(at=TUESDAY) == 0


@pytest.mark.parametrize(
    "step",
    ["signer_for", "_signatures", "signing.verify_own", "_keep", "_kept", "owed", "journal.record"],
)
def test_f1_a_crash_after_the_intent_is_finished_later_and_once(award, monkeypatch, step):
    """Nothing signed is kept; the record of what was meant is, and it becomes one credential."""
    award()  # the identity is fixed and the list is there, which have entries of their own
    before = everything()
    with monkeypatch.context() as patch:
        patch.setattr(f"cairn_server.issuing.finishing.{step}", crash)
        with pytest.raises(PowerCut):
            award(request_key="crashed")
    assert everything() == before | {"Credential": before["Credential"] + 1}
    left = Credential.objects.get(request_key="crashed")
    assert (left.state, left in Credential.objects.signed()) == (Credential.State.INTENT, False)

    assert services.finish_awards(at=TUESDAY) == 1
    assert services.finish_awards(at=TUESDAY) == 0

    finished = award(request_key="crashed")
    assert finished.pk == left.pk
    assert (finished.intent_sha256, finished.status_index) == (left.intent_sha256, left.status_index)
    report = cairn.Verifier(sources_of(finished)).examine(representation(finished, "json")[0], at=TUESDAY)
    assert report.verdict is cairn.Verdict.VERIFIED
    assert Delivery.objects.filter(credential=finished).count() == 1


def test_f1_a_crash_before_the_first_list_is_published_is_finished_later(award, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(status_lists, "publish", crash)
        with pytest.raises(PowerCut):
            award()
    assert StatusListVersion.objects.count() == 0

    assert services.finish_awards(at=TUESDAY) == 1

    finished = Credential.objects.signed().get()
    report = cairn.Verifier(sources_of(finished)).examine(representation(finished, "json")[0], at=TUESDAY)
    assert report.verdict is cairn.Verdict.VERIFIED


def test_the_same_request_finishes_what_a_crash_has_left(award, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "_keep", crash)
        with pytest.raises(PowerCut):
            award(request_key="crashed")

    assert award(request_key="crashed").state == Credential.State.SIGNED
    assert Credential.objects.count() == 1


def test_f22_without_a_signer_the_intent_waits(award):
    """Whoever awards is told to try again; nothing is lost, and nothing is doubled when it is back."""

    class Away:
        def sign(self, order):
            raise SignerUnavailable("it is away")

    here = keys.signing()
    keys.install(Away)
    with pytest.raises(SignerUnavailable):
        award(request_key="waits")
    with pytest.raises(services.Unfinished):
        services.finish_awards(at=TUESDAY)
    assert Credential.objects.get().state == Credential.State.INTENT

    keys.install(lambda: here)
    assert services.finish_awards(at=TUESDAY) == 1

    assert Credential.objects.get().state == Credential.State.SIGNED


def test_an_intent_for_a_key_that_was_stolen_since_is_signed_with_the_next_one(award, owner, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "_signatures", crash)
        with pytest.raises(PowerCut):
            award()
    waiting = Credential.objects.get()
    stolen = waiting.organisation.signing_keys.get()
    services.declare_key_compromised(stolen, by=owner, since=MONDAY, reason="A laptop.", at=TUESDAY)

    assert services.finish_awards(at=TUESDAY) == 1

    waiting.refresh_from_db()
    record = parse_json(representation(waiting, "json")[0])
    assert record["proof"]["verificationMethod"].endswith("#key-2")
    report = cairn.Verifier(sources_of(waiting)).examine(representation(waiting, "json")[0], at=TUESDAY)
    assert report.verdict is cairn.Verdict.VERIFIED


@pytest.mark.parametrize("taken_over", [True, False])
def test_what_a_key_signed_that_is_stolen_by_now_is_signed_with_the_next_one(
    award, owner, monkeypatch, taken_over
):
    """Between our signature and its keeping the key is declared stolen, and perhaps somebody takes the award
    over. What we have in hand may not become the credential."""
    award()
    genuine = finishing._keep

    def overtaken(credential, *arguments, at):
        monkeypatch.setattr(finishing, "_keep", genuine)
        stolen = credential.organisation.signing_keys.get(state=SigningKey.State.ACTIVE)
        services.declare_key_compromised(stolen, by=owner, since=MONDAY, reason="A laptop.", at=MONDAY)
        if taken_over:
            finishing._prepare_again(Credential.objects.get(pk=credential.pk), at=MONDAY)
        return genuine(credential, *arguments, at=at)

    monkeypatch.setattr(finishing, "_keep", overtaken)

    finished = award(request_key="overtaken")

    record = parse_json(representation(finished, "json")[0])
    assert record["proof"]["verificationMethod"].endswith("#key-2")
    assert Entry.objects.get(object_id=finished.public_id).details["intent"] == finished.intent_sha256


def test_an_award_inside_a_transaction_is_a_mistake_that_shows(
    organisation, issuer, learner, version, transactional_db
):
    """The signer would find no intent; so nobody gets that far."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        services.award(
            by=issuer,
            version=version,
            recipient=Recipient("Lena Lindholm", learner.email),
            request_key="x",
            at=MONDAY,
        )


def test_what_our_own_verifier_would_refuse_does_not_leave_the_house(award, monkeypatch):
    """A signer that signs something else (a fault, F14): caught by our own verification, nothing is kept."""
    genuine = Prepared.finished

    def spoilt(prepared, signatures):
        return {
            format: secured.replace(b"First firing", b"Last firings")
            for format, secured in genuine(prepared, signatures).items()
        }

    monkeypatch.setattr(Prepared, "finished", spoilt)

    with pytest.raises(signing.OwnProductRefused, match="signature-mismatch"):
        award()
    assert not Credential.objects.signed().exists()
    assert not SecuredCredential.objects.exists()
    assert not PendingLeaf.objects.exists()


def test_a_document_with_a_fault_never_meets_the_real_key(award, monkeypatch):
    """The linting finds an undefined term before the organisation's key is asked (B23)."""
    genuine = signing.build
    monkeypatch.setattr(
        signing,
        "build",
        lambda credential, *, issuer: genuine(credential, issuer=issuer) | {"coolness": "high"},
    )
    monkeypatch.setattr(
        finishing, "signer_for", lambda *_args, **_named: pytest.fail("the real key was used")
    )

    with pytest.raises(signing.OwnProductRefused, match="lint"):
        award()


def test_the_linting_signs_with_a_throwaway_key(award, monkeypatch):
    issuers = []
    genuine = cairn.sign

    def noted(document, signer, **more):
        if "OpenBadgeCredential" in document["type"]:
            issuers.append(document["issuer"]["id"])
        return genuine(document, signer, **more)

    monkeypatch.setattr(cairn, "sign", noted)

    credential = award()

    rehearsed, real = issuers
    assert rehearsed.startswith("did:key:")
    assert real == credential.organisation.did != rehearsed


def test_a_signature_of_a_damaged_key_is_refused(award, issuer):
    """F16: a bit of the sealed key has flipped. Nothing is signed."""
    key = SigningKey.objects.get(organisation__name="Lakeside College")
    sealed = bytearray(key.sealed)
    sealed[20] ^= 1
    SigningKey.objects.filter(pk=key.pk).update(sealed=bytes(sealed))

    with pytest.raises(CairnError):
        award()
    assert not Credential.objects.signed().exists()


def test_the_database_refuses_a_second_credential_with_the_same_bit(award):
    first, second = award(), award()

    with pytest.raises(IntegrityError), transaction.atomic():
        Credential.objects.filter(pk=second.pk).update(status_index=first.status_index)


def test_the_mark_is_raised_once_the_award_is_committed(award, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        credential = award()

    mark = watermark.watermark().marks()[credential.status_list.public_id]
    assert (mark.count, mark.version) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_g5_threads_that_award_at_once_share_no_index(award, version, issuer):
    """Twelve requests from four threads: twelve bits, and one status list."""

    def one(number: int) -> tuple[int, int]:
        try:
            made = services.award(
                by=Person.objects.get(pk=issuer.pk),
                version=version.__class__.objects.get(pk=version.pk),
                recipient=Recipient(f"Person {number}", f"p{number}@people.example"),
                request_key=f"thread:{number}",
                at=MONDAY,
            )
            return made.status_list_id, made.status_index
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        bits = list(pool.map(one, range(12)))

    assert len(set(bits)) == 12
    assert StatusList.objects.get().next_number == 12


@pytest.mark.django_db(transaction=True)
def test_threads_with_one_request_key_make_one_award(award, version, issuer):
    def one(_number: int) -> str:
        try:
            return services.award(
                by=Person.objects.get(pk=issuer.pk),
                version=version.__class__.objects.get(pk=version.pk),
                recipient=Recipient("Lena", "lena@people.example"),
                request_key="the same",
                at=MONDAY,
            ).public_id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(one, range(4)))

    assert len(made) == 1
    assert Credential.objects.count() == 1


# A restored copy


def test_f11_a_restored_copy_awards_nothing(award):
    award()
    installation.begin_recovery(reasons=["restored"], at=TUESDAY)

    with pytest.raises(watermark.DatabaseBehind):
        award()
    assert Credential.objects.count() == 1


def test_f11_a_database_behind_its_mark_gives_out_no_index(award):
    """Nobody told the copy that it is one: the mark outside the database knows."""
    credential = award()
    watermark.advance(credential.status_list.public_id, count=5, version=1)

    with pytest.raises(watermark.DatabaseBehind):
        award()
    assert Credential.objects.count() == 1


def test_f11_a_sealed_list_gives_out_no_more_indexes(award):
    first = award()
    StatusList.objects.update(sealed_at=TUESDAY)

    second = award()

    assert second.status_list_id != first.status_list_id


def test_malformed_is_what_a_flipped_byte_is(credential):
    """B75, in short: any change to the record is not verified and shows nothing."""
    record = representation(credential, "json")[0]
    verifier = cairn.Verifier(sources_of(credential))
    for place in range(0, len(record), 97):
        spoilt = record[:place] + bytes([record[place] ^ 1]) + record[place + 1 :]
        try:
            report = verifier.examine(spoilt, at=MONDAY)
        except MalformedError:
            continue
        assert not report.accepted
        assert report.document is None


@pytest.mark.parametrize("form", ["json", "jwt"])
def test_an_organisation_with_a_p256_key_awards_and_withdraws_with_it(award, owner, organisation, form):
    """For wallets and hardware modules that know no Ed25519."""
    key_changes.propose_replacement(
        organisation, by=owner, reason="A wallet asks for it.", algorithm=Algorithm.P256, at=MONDAY
    )

    credential = award()
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, form)[0], at=TUESDAY)
    assert report.verdict is cairn.Verdict.VERIFIED
    record = parse_json(representation(credential, "json")[0])
    assert record["proof"]["cryptosuite"] == "ecdsa-rdfc-2019"

    services.revoke(credential, by=owner, reason="Awarded in error.", at=TUESDAY)
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, form)[0], at=TUESDAY)
    assert report.finding("status").code == "revoked"

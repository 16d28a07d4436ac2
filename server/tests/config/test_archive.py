# SPDX-License-Identifier: Apache-2.0
"""Backup and restore (F11): the copy is the original, row by row; and it awards nothing by itself."""

import io
import json
import socket
import stat
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from server.tests.conftest import KEK, MONDAY, PUBLIC_URL, TUESDAY, signing_here

from cairn_server import refusals
from cairn_server.accounts.models import Person
from cairn_server.achievements import services as achievements
from cairn_server.config import archive, first_start, start
from cairn_server.config import watermark as marks
from cairn_server.earning import plans, teaching
from cairn_server.earning.frozen import RULES
from cairn_server.earning.models import Requirement
from cairn_server.issuing.models import Credential, StatusList
from cairn_server.journal import append_only
from cairn_server.journal.services import broken_link, chains
from cairn_server.organisations import identity, installation, keys
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.watermark import DatabaseBehind, watermark

pytestmark = pytest.mark.django_db(transaction=True)


def everything():
    """Every backed-up row of the database, as it is stored."""
    found = {}
    for model in archive.backed_up_models():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            rows = [
                tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
                for row in cursor.fetchall()
            ]
        found[model._meta.label_lower] = sorted(rows, key=repr)
    return found


def empty_database():
    append_only.drop(connection)
    call_command("flush", verbosity=0, interactive=False)
    append_only.create(connection)


@pytest.fixture
def award(organisation, issuer):
    """Award the demo's way: through the real verbs of achievements and issuing."""
    from cairn_server.issuing import services as issuing

    version = achievements.draft_achievement(
        by=issuer,
        organisation=organisation,
        fields={
            "name": "Glazing",
            "description": "Knows glazes.",
            "criteria": "Glazed a pot.",
            "achievement_type": "Course",
            "language": "en",
        },
        at=MONDAY,
    )
    published = achievements.publish(by=issuer, version=version, at=MONDAY)
    version = published or version

    def make(number, at=MONDAY):
        version.refresh_from_db()
        return issuing.award(
            by=issuer,
            version=version,
            recipient=issuing.Recipient(name=f"Lena {number}", email=f"lena{number}@people.example"),
            request_key=f"award-{number}",
            at=at,
        )

    return make


@pytest.fixture
def backup(award, tmp_path):
    """A backup taken after two awards."""
    for number in range(2):
        award(number)
    path = tmp_path / "backup.zip"
    archive.write(path, at=MONDAY)
    return path


def test_a_restored_database_holds_the_same_rows(backup):
    before = everything()
    empty_database()

    archive.restore(backup, at=TUESDAY)

    after = everything()
    # What restoring itself writes: recovery began, and the lists are sealed.
    for table in ("organisations.installation", "issuing.statuslist", "journal.entry", "journal.head"):
        assert len(after.pop(table)) >= len(before.pop(table))
    assert after == before
    assert all(broken_link(chain or None) is None for chain in chains())


def test_what_people_may_earn_is_restored_and_still_cannot_be_changed(backup, organisation, owner, tmp_path):
    """The database refuses to add to what was promised; a backup is put back as it was promised."""
    course = teaching.make_course(organisation, by=owner, name="Kiln safety", at=MONDAY)
    teaching.add_unit(course, by=owner, name="Heat", text="About heat.", at=MONDAY)
    teaching.open_course(course, by=owner, at=MONDAY)
    draft = achievements.draft_achievement(
        by=owner,
        organisation=organisation,
        fields={"name": "First firing", "description": "Fires.", "criteria": "Fire one kiln."},
        at=MONDAY,
    )
    plan = plans.begin(draft, by=owner, at=MONDAY)
    plans.add(plan.root, by=owner, asked=plans.Asked(kind="course", course=course), at=MONDAY)
    plans.publish(draft, by=owner, at=MONDAY)
    path = tmp_path / "earning.zip"
    archive.write(path, at=MONDAY)
    before = everything()
    refusals.drop(connection, RULES)
    empty_database()
    refusals.create(connection, RULES)

    archive.restore(path, at=TUESDAY)

    after = everything()
    for table in ("earning.plan", "earning.requirement", "earning.unit"):
        assert before[table]
        assert after[table] == before[table]
    with pytest.raises(IntegrityError, match="promised"), transaction.atomic():
        Requirement.objects.all().delete()


def test_new_rows_after_a_restore_take_new_numbers(backup, person):
    empty_database()
    archive.restore(backup, at=TUESDAY)

    assert person("New").pk > max(Person.objects.exclude(name="New").values_list("pk", flat=True))


def test_a_restored_copy_awards_nothing_until_confirmed_and_reuses_no_index(backup, award):
    """F11: the drill."""
    given = set(Credential.objects.values_list("status_list__public_id", "status_index"))
    late = award(7)  # after the backup: the copy will not know it
    lost = (late.status_list.public_id, late.status_index)
    empty_database()
    archive.restore(backup, at=TUESDAY)

    assert not StatusList.objects.filter(sealed_at=None).exists()
    with pytest.raises(DatabaseBehind):
        award(8, at=TUESDAY)

    marks.confirm(watermark(), at=TUESDAY)
    for number in range(10, 20):
        made = award(number, at=TUESDAY)
        assert (made.status_list.public_id, made.status_index) not in given | {lost}
    assert StatusList.objects.filter(sealed_at=None).count() == 1


def test_a_database_put_back_behind_our_back_is_found_at_start(backup, award):
    """F11: the file was copied back by hand, without the restore command."""
    award(7)
    empty_database()
    # What `restore` does, less its word that this is a copy.
    with transaction.atomic(), zipfile.ZipFile(backup) as opened:
        archive._read_tables(opened, archive._manifest(opened))
    said = []

    start.prepare(at=TUESDAY, say=said.append)

    assert installation.installation().recovering
    assert not StatusList.objects.filter(sealed_at=None).exists()
    assert "recover" in " ".join(said)
    with pytest.raises(DatabaseBehind):
        award(8, at=TUESDAY)


def test_even_without_a_start_in_between_an_older_copy_allocates_nothing(backup, award):
    """The check under the list's lock, not only at start."""
    award(7)
    empty_database()
    with transaction.atomic(), zipfile.ZipFile(backup) as opened:
        archive._read_tables(opened, archive._manifest(opened))

    with pytest.raises(DatabaseBehind):
        award(8, at=TUESDAY)
    assert Credential.objects.count() == 2


def test_an_ordinary_restart_is_no_recovery(award):
    for number in range(3):
        award(number)

    start.prepare(at=TUESDAY, say=lambda line: pytest.fail(line))

    assert not installation.installation().recovering
    award(9, at=TUESDAY)


def test_a_crash_between_commit_and_mark_is_levelled_at_start(award):
    award(0)
    StatusList.objects.update(next_number=5)

    start.prepare(at=TUESDAY, say=lambda line: pytest.fail(line))

    assert [mark.count for mark in watermark().marks().values()] == [5]


def test_a_lost_watermark_is_a_recovery(award):
    """7.7: missing → refuse."""
    award(0)
    watermark().path.unlink()

    start.prepare(at=TUESDAY, say=lambda line: None)

    assert installation.installation().recovering


def test_confirming_brings_the_versions_above_what_was_published(backup, award):
    late = award(7)
    mark = watermark().marks()[late.status_list.public_id]
    empty_database()
    archive.restore(backup, at=TUESDAY)

    assert marks.confirm(watermark(), at=TUESDAY) == 1

    row = StatusList.objects.get(public_id=mark.list_id)
    assert (row.next_number, row.version) >= (mark.count, mark.version)
    # And the next start finds nothing wrong any more.
    start.prepare(at=TUESDAY, say=lambda line: pytest.fail(line))


def test_only_an_empty_database_is_filled(backup):
    before = everything()

    with pytest.raises(archive.DatabaseInUse):
        archive.restore(backup, at=TUESDAY)
    assert everything() == before


def rewritten(path: Path, change) -> Path:
    """The same archive with some members changed."""
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                target.writestr(name, content)
    return other


def manifest_with(**changes):
    def change(name, content):
        return json.dumps(json.loads(content) | changes) if name == "manifest.json" else content

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda name, content: None if name == "manifest.json" else content,
        lambda name, content: None if name == "tables/journal.entry" else content,
        lambda name, content: (
            content.replace(b"Lena 0", b"Lena 9") if name == "tables/issuing.credential" else content
        ),
        lambda name, content: content[:-10] if name == "tables/journal.entry" else content,
        lambda name, content: content.splitlines(True)[0] if name == "tables/issuing.credential" else content,
        manifest_with(format="cairn-backup/9"),
        manifest_with(migrations=[["accounts", "0001_initial"]]),
        manifest_with(tables=[]),
    ],
)
def test_a_changed_archive_restores_nothing(backup, change):
    """F12, F16."""
    changed = rewritten(backup, change)
    empty_database()

    with pytest.raises(archive.BadArchive):
        archive.restore(changed, at=TUESDAY)
    assert not Person.objects.exists()


@pytest.mark.parametrize("size", [0, 10, 1000])
def test_a_cut_off_archive_restores_nothing(backup, size):
    backup.write_bytes(backup.read_bytes()[:size])
    empty_database()

    with pytest.raises(archive.BadArchive):
        archive.restore(backup, at=TUESDAY)
    assert not Person.objects.exists()


def test_a_backup_is_for_its_owner_alone_and_never_overwrites(backup):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with pytest.raises(archive.Refusal):
        archive.write(backup, at=TUESDAY)


def test_a_backup_that_fails_leaves_no_file(award, tmp_path, monkeypatch):
    """F6."""
    monkeypatch.setattr(archive, "_write_tables", lambda *a: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        archive.write(tmp_path / "backup.zip", at=MONDAY)

    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_the_keys_are_not_in_a_backup(backup, organisation):
    """H20."""
    private = keys.KeyStore(KEK).open(keys.active_key(organisation)).to_bytes()
    with zipfile.ZipFile(backup) as opened:
        contents = b"".join(opened.read(name) for name in opened.namelist())

    for secret in (KEK, KEK.hex().encode(), private, private.hex().encode()):
        assert secret not in contents


# The commands


def run(name, *arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command(name, *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def key_files(data_dir, settings):
    first_start.prepare(data_dir)
    settings.KEY_ENCRYPTION_KEY = ""
    settings.KEY_ENCRYPTION_KEY_PATH = data_dir / "keys" / "kek"
    settings.KEY_ENCRYPTION_KEY_PATH.write_text(KEK.hex())
    return data_dir / "keys"


def test_the_drill_by_command(award, tmp_path, key_files):
    award(0)
    path = tmp_path / "b.zip"

    out, err = run("backup", str(path))
    assert "rows written" in out
    assert "keys are not in the file" in err

    empty_database()
    out, err = run("restore", str(path))
    assert "recover" in out
    assert err == ""
    run("confirm_restore")

    award(5, at=TUESDAY)
    with pytest.raises(CommandError):
        run("confirm_restore")


def test_a_backup_with_keys_says_what_that_means_and_puts_them_back(award, tmp_path, key_files):
    award(0)
    _, err = run("backup", "--with-keys", str(tmp_path / "b.zip"))
    assert "can sign as every organisation" in err
    empty_database()
    (key_files / "kek").unlink()

    run("restore", str(tmp_path / "b.zip"))

    assert first_start.kek_from(first_start.read(key_files / "kek")) == KEK


def test_a_restore_under_another_key_says_so(award, tmp_path, settings):
    award(0)
    run("backup", str(tmp_path / "b.zip"))
    empty_database()
    settings.KEY_ENCRYPTION_KEY = "ab" * 32
    _, err = run("restore", str(tmp_path / "b.zip"))

    assert "another key encryption key" in err


def test_what_cannot_be_restored_is_said_in_a_sentence(tmp_path):
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(CommandError, match="not a backup"):
        run("restore", str(tmp_path / "x.zip"))


def test_a_changed_public_address_is_named_with_its_consequences(organisation, settings):
    identity.identity(organisation, public_url=PUBLIC_URL, at=MONDAY)
    settings.PUBLIC_URL = "https://new.example"
    said = []

    start.prepare(at=TUESDAY, say=said.append)

    text = "\n".join(said)
    assert PUBLIC_URL in text
    assert "https://new.example" in text
    assert "1 organisation(s)" in text
    assert installation.public_url() == "https://new.example"
    assert Organisation.objects.get().did.startswith("did:web:cairn.example")
    start.prepare(at=TUESDAY, say=lambda line: pytest.fail(line))


def test_a_new_key_encryption_key_by_command(organisation, key_files):
    before = keys.active_key(organisation).multikey
    old = (key_files / "kek").read_text()

    run("rotate_kek")

    fresh = keys.KeyStore(first_start.kek_from(first_start.read(key_files / "kek")))
    assert fresh.open(keys.active_key(organisation)).public_key.multikey() == before
    assert (key_files / "kek").read_text() != old
    assert not (key_files / "kek.new").exists()


def test_a_rotation_that_was_killed_before_the_rename_is_finished_by_the_next(organisation, key_files):
    """Kill-tested: old row or new row, never none."""
    first_start.make(key_files / "kek.new", "11" * 32)
    new = bytes([0x11]) * 32
    keys.rewrap_all(old=keys.KeyStore(KEK), new=keys.KeyStore(new))  # … and the power goes

    run("rotate_kek")

    assert first_start.read(key_files / "kek") == "11" * 32
    keys.install(lambda: signing_here(new))
    assert keys.open_everything() == []


def test_a_rotation_beside_a_running_signer_is_refused(organisation, key_files, settings):
    """It would hold the old key, and open nothing any more."""
    old = (key_files / "kek").read_text()
    settings.SIGNER_SOCKET = str(key_files / "signer.sock")
    with socket.socket(socket.AF_UNIX) as running:
        running.bind(settings.SIGNER_SOCKET)
        running.listen()

        with pytest.raises(CommandError, match="signer is running"):
            run("rotate_kek")

    assert (key_files / "kek").read_text() == old


def test_the_journal_is_verified_by_command(organisation):
    out, _ = run("journal_verify")
    assert "whole" in out

    append_only.drop(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal_entry SET verb = 'forged'")
    append_only.create(connection)
    with pytest.raises(CommandError, match="broken"):
        run("journal_verify")

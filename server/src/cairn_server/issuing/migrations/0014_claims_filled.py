"""What was in a wallet already had been taken by its holder: nobody else is ever asked about it."""

from django.db import migrations

PIECE = 500


def note_what_is_held(apps, schema_editor):
    held_model = apps.get_model("wallets", "HeldCredential")
    credential_model = apps.get_model("issuing", "Credential")
    answer_model = apps.get_model("issuing", "Answer")
    piece = {}

    def write():
        firsts = dict(
            credential_model.objects.filter(public_id__in=piece, first=None).values_list("public_id", "pk")
        )
        answer_model.objects.bulk_create(
            [
                answer_model(credential_id=firsts[name], said="accepted", person_id=person, at=at)
                for name, (person, at) in piece.items()
                if name in firsts
            ],
            ignore_conflicts=True,
        )
        piece.clear()

    # The first that had it, where two people have it.
    rows = held_model.objects.filter(source="here").order_by("pk").values_list(
        "credential_id", "person_id", "received_at"
    )
    for address, person, at in rows.iterator(chunk_size=PIECE):
        piece.setdefault(address.rpartition("/")[2], (person, at))
        if len(piece) >= PIECE:
            write()
    write()


class Migration(migrations.Migration):
    dependencies = [
        ("issuing", "0013_claims"),
        ("wallets", "0004_backpack_addresses"),
    ]

    operations = [migrations.RunPython(note_what_is_held, migrations.RunPython.noop)]

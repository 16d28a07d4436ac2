# SPDX-License-Identifier: Apache-2.0
"""Everything of a person with 5,000 credentials as one ZIP file: seconds, and what it holds in memory.

The file is written while it is sent, so ten times the credentials must not take ten times the memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

NAME = "takeout.memory"
FEW, MANY = 500, 5_000


def run() -> dict[str, str | float]:
    """Each in a process of its own, so that nothing else is counted."""
    few, many = (_measured(count) for count in (FEW, MANY))
    return {
        "name": NAME,
        "credentials": MANY,
        "seconds": round(many["seconds"], 1),
        "file_megabytes": round(many["megabytes"], 1),
        "peak_megabytes": round(many["peak"], 1),
        "against": f"{FEW} credentials",
        "against_peak_megabytes": round(few["peak"], 1),
        "ratio": round(many["peak"] / few["peak"], 2),
    }


def _measured(count: int) -> dict[str, float]:
    command = [sys.executable, "-c", f"from bench.takeout import work; work({count})"]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(told.stdout)
    return found


def work(count: int) -> None:
    from bench import installation

    version = installation.start()

    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.issuing import claiming, services
    from cairn_server.issuing.services import Recipient
    from cairn_server.wallets.models import HeldCredential
    from cairn_server.web import takeout

    at = timezone.now()
    owner, holder = Person.objects.get(), Person.objects.create_user("held@bench.example", name="Hanna")
    EmailAddress.objects.create(user=holder, email=holder.email, verified=True, primary=True)
    awarded = services.award(
        by=owner,
        version=version,
        recipient=Recipient("Hanna Holder", holder.email),
        request_key="bench-takeout",
        at=at,
    )
    first = claiming.accept(awarded, by=holder, at=at)
    # A real one, so many times: signing them all would take longer than what is measured.
    columns = {field.attname: getattr(first, field.attname) for field in HeldCredential._meta.concrete_fields}
    for name in ("id", "public_id"):
        columns.pop(name)
    for start in range(1, count, 500):
        HeldCredential.objects.bulk_create(
            HeldCredential(**columns | {"credential_id": f"urn:bench:{number}", "sha256": f"{number:064x}"})
            for number in range(start, min(start + 500, count))
        )
    size, began = 0, time.perf_counter()
    for piece in takeout.stream(holder, language="en", at=at):
        size += len(piece)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "megabytes": size / 1e6}))

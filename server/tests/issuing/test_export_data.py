# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import zipfile

from django.utils import timezone
from server.tests.conftest import TUESDAY

from cairn import PrivateKey
from cairn.canonical import parse_json
from cairn.did import did_key
from cairn.keys import Algorithm
from cairn_server.issuing import copies, services
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import Recipient
from cairn_server.issuing.signing import Format
from cairn_server.wallets.possession import Holder


def test_a_learner_gets_the_awards_to_their_own_addresses_and_no_others(issuer, learner, award):
    mine = award()
    award(recipient=Recipient("Somebody Else", "else@people.example"))
    services.suspend(mine, by=issuer, reason="Under appeal.", at=TUESDAY)

    (told,) = services.export_data(learner)["awards"]

    assert (told["id"], told["email"]) == (mine.public_id, learner.email)
    assert (told["standing"], told["reason"]) == ("suspended", "Under appeal.")


def test_a_learner_is_told_which_wallets_have_a_copy(learner, award):
    credential, key = award(), PrivateKey.generate(Algorithm.ED25519).public_key
    holder = Holder(did_key(key), key)
    for format in Format:
        copies.copy_for(credential, holder, format=format, at=TUESDAY)

    (told,) = services.export_data(learner)["awards"]

    assert told["wallets"] == [holder.did]


def test_the_download_of_ones_data_holds_the_signed_bytes_also_of_what_waits_for_an_answer(
    learner, award, signed_in
):
    credential = award(at=timezone.now())

    response = signed_in(learner).post("/account/data")

    with zipfile.ZipFile(io.BytesIO(response.getvalue())) as archive:
        told = parse_json(archive.read("data.json"))
        files = [archive.read(name) for name in archive.namelist() if name.startswith("waiting/")]
    assert told["wallet"] == []
    assert files == [representation(credential, "json")[0]]
    assert [each["id"] for each in told["awards"]] == [credential.public_id]

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory

from cairn_server.accounts.models import AddressProof
from cairn_server.wallets.models import HeldCredential
from cairn_server.web.sign_in import Adapter


def test_b146_a_confirmed_address_is_noted_and_brings_nothing_by_itself(credential, person):
    """What waits is asked about; what another holder of the mailbox has answered does not even wait."""
    learner = person("Somebody")
    address = EmailAddress.objects.create(user=learner, email=credential.recipient_email, verified=False)

    request = RequestFactory().get("/")
    request.user, request.session = learner, {}
    request._messages = FallbackStorage(request)  # allauth tells the person that the address is confirmed
    assert Adapter(request).confirm_email(request, address)

    assert not HeldCredential.objects.filter(person=learner).exists()
    proof = AddressProof.objects.get(person=learner)
    assert (proof.address, proof.code_sha256) == (credential.recipient_email, "")
    assert proof.proven_at is not None

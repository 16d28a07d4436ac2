# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory

from cairn_server.wallets.models import HeldCredential
from cairn_server.web.sign_in import Adapter


def test_what_was_waiting_for_an_address_is_in_the_wallet_once_it_is_confirmed(credential, person):
    learner = person("Somebody")
    address = EmailAddress.objects.create(user=learner, email=credential.recipient_email, verified=False)
    assert not HeldCredential.objects.filter(person=learner).exists()

    request = RequestFactory().get("/")
    request.user, request.session = learner, {}
    request._messages = FallbackStorage(request)  # allauth tells the person that the address is confirmed
    assert Adapter(request).confirm_email(request, address)

    assert HeldCredential.objects.get(person=learner).credential_id.endswith(credential.public_id)

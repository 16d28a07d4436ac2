# SPDX-License-Identifier: Apache-2.0
"""An offer as wallets read it: the object of OpenID4VCI, and the links of every protocol that is there.

Which of two spellings a wallet knows depends on its year, so both stand there with the same bytes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cairn_server.issuing import offering
from cairn_server.issuing.offers import CredentialOffer

if TYPE_CHECKING:
    from cairn_server.organisations.models import Organisation

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
# What can be had: by whom it is asked for, the first is for a wallet that takes only one.
LDP, JWT, SD_JWT = "ob3-ldp", "ob3-jwt", "ob3-sd-jwt"
CONFIGURATIONS = (LDP, JWT, SD_JWT)


def credential_issuer(organisation: Organisation, public_url: str) -> str:
    """The identifier that everything of OpenID4VCI is named by, byte for byte."""
    return f"{public_url}/oid4vci/{organisation.public_id}"


def interaction_url(secret: str, public_url: str) -> str:
    """The one address behind the QR code (VCALM, interaction URL)."""
    return f"{public_url}/interactions/{secret}?iuv=1"


def exchange_url(secret: str, public_url: str) -> str:
    return f"{public_url}/exchanges/{secret}"


def credential_offer(offered: CredentialOffer, secret: str, public_url: str) -> dict[str, Any]:
    """OpenID4VCI 1.0, section 4.1.1."""
    grant: dict[str, Any] = {"pre-authorized_code": offering.code_of(secret)}
    if offered.asks != CredentialOffer.Code.NEVER:
        grant["tx_code"] = {"length": offering.CODE_DIGITS, "input_mode": "numeric"}
    return {
        "credential_issuer": credential_issuer(offered.credential.organisation, public_url),
        "credential_configuration_ids": list(CONFIGURATIONS),
        "grants": {PRE_AUTHORIZED: grant},
    }


def by_reference(secret: str, public_url: str) -> str:
    where = f"{public_url}/oid4vci/offers/{secret}"
    return "openid-credential-offer://?" + urlencode({"credential_offer_uri": where})


def by_value(offered: CredentialOffer, secret: str, public_url: str) -> str:
    offer = json.dumps(credential_offer(offered, secret, public_url), separators=(",", ":"))
    return "openid-credential-offer://?" + urlencode({"credential_offer": offer})


def dcc_query(offered: CredentialOffer, secret: str, public_url: str) -> str:
    """What wallets of the Digital Credentials Consortium before 2026 are sent."""
    return urlencode(
        {
            "issuer": offered.credential.organisation.did,
            "vc_request_url": f"{exchange_url(secret, public_url)}/bare-vp",
            "auth_type": "bearer",
            "challenge": offering.challenge_of(secret),
            "vp_version": "1.1",
        }
    )


def dcc_request(offered: CredentialOffer, secret: str, public_url: str) -> str:
    return f"dccrequest://request?{dcc_query(offered, secret, public_url)}"


def protocols(offered: CredentialOffer, secret: str, public_url: str) -> dict[str, str]:
    """What an interaction offers; a wallet takes the first that it knows."""
    found = {"iu": interaction_url(secret, public_url)}
    if offered.asks != CredentialOffer.Code.ALWAYS:
        found["vcapi"] = exchange_url(secret, public_url)
        found["lcw"] = f"https://lcw.app/request?{dcc_query(offered, secret, public_url)}"
    reference = by_reference(secret, public_url)
    return found | {"OID4VCI": reference, "oid4vci-1.0": reference}

# SPDX-License-Identifier: Apache-2.0
"""What the tests of things inside things share: badges to put in, and what they are put into."""

import json

from asking import HOLDER, KEY, METHOD, OTHER, endorsement
from cairn import sign, sign_presentation
from cairn.canonical import to_json
from cairn.did import did_key
from cairn.testing import NOON, key_method, sample_credential

VC = "https://www.w3.org/ns/credentials/v2"
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
HOLDER_METHOD = key_method(HOLDER.public_key)
HOLDER_ID = did_key(HOLDER.public_key)
OTHER_METHOD = key_method(OTHER.public_key)


def badge_document(number=0, **members):
    """An unsigned badge of the holder's, each number another one."""
    document = sample_credential().to_document()
    document["id"] = f"urn:uuid:00000000-0000-4000-8000-{number:012}"
    document["credentialSubject"]["id"] = HOLDER_ID
    document["credentialSubject"]["achievement"]["id"] = f"https://harbour.example/a/{number}"
    return document | members


def badge(number=0, **members):
    """The same, signed."""
    return sign(badge_document(number, **members), KEY, verification_method=METHOD, at=NOON)


def forged(number=0):
    """A badge that says something else than was signed."""
    return badge(number).replace(b"Knots and Splices", b"Rocket Science")


def presentation(*credentials, **asked):
    """A presentation by the holder, of these badges or of one."""
    return sign_presentation(
        credentials or (badge(),), HOLDER, verification_method=HOLDER_METHOD, at=NOON, **asked
    )


def unsigned(document):
    """The same without its proof."""
    return to_json({name: value for name, value in json.loads(document).items() if name != "proof"})


def record_document(*credentials, **members):
    """An unsigned learner record (CLR 2.0) that holds these."""
    return {
        "@context": [VC, CLR, OB],
        "id": "urn:uuid:c1a00000-0000-4000-8000-000000000000",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Record of Zoë",
        "issuer": sample_credential().to_document()["issuer"],
        "validFrom": "2026-11-23T12:00:00Z",
        "credentialSubject": {
            "id": HOLDER_ID,
            "type": ["ClrSubject"],
            "verifiableCredential": [json.loads(each) for each in credentials or (badge(),)],
        },
        **members,
    }


def record(*credentials, **members):
    """The same, signed."""
    return sign(record_document(*credentials, **members), KEY, verification_method=METHOD, at=NOON)


def endorsed(*endorsements, **members):
    """A badge that carries these endorsements of itself."""
    return badge(endorsement=[json.loads(each) for each in endorsements], **members)


def endorsement_of(of, number=0, key=OTHER, **members):
    """A signed endorsement, each number another one."""
    return endorsement(of, key, id=f"urn:uuid:e0000000-0000-4000-8000-{number:012}", **members)


BADGE_ID = badge_document()["id"]
ACHIEVEMENT_ID = badge_document()["credentialSubject"]["achievement"]["id"]
ISSUER_ID = badge_document()["issuer"]["id"]

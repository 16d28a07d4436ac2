# SPDX-License-Identifier: Apache-2.0
"""What the tests of the checks share: who signs, what is asked, and of what."""

import json
from datetime import timedelta

from cairn import checks
from cairn.canonical import to_json
from cairn.keys import base64url_encode
from cairn.materials import gather
from cairn.proof import (
    Outcome,
    data_integrity,
    sign_jwt,
    sign_sd_jwt_vc,
)
from cairn.reading import read
from cairn.status import StatusEntry
from cairn.testing import (
    NOON,
    FixedSources,
    demo_key,
    key_method,
    sample_credential,
    signed_sample,
)

KEY = demo_key()
OTHER = demo_key("other")
METHOD = key_method(KEY.public_key)
WEB = "did:web:harbour.example:i:1"
WEB_URL = "https://harbour.example/i/1/did.json"
LIST = "https://harbour.example/s/1"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
INDEX = 94_567
DAY = timedelta(days=1)
HOLDER = demo_key("holder")
VC_ISSUER = "https://harbour.example/i/1"
METADATA = "https://harbour.example/.well-known/jwt-vc-issuer/i/1"
TOKEN_LIST = "https://harbour.example/statuslists/1"
PASSED = {"signature": (Outcome.PASSED, "ok"), "issuer": (Outcome.PASSED, "ok")}


def materials(data, answers=None, at=NOON):
    return gather(read(data), FixedSources(answers), at=at)


def ask(check, data, answers=None, at=NOON):
    """The outcome and code of each finding of one check, by its name."""
    found = check(materials(data, answers, at), at)
    return {finding.check: (finding.outcome, finding.code) for finding in found}


def signed(document, key=KEY, method=METHOD):
    """Signed without the rules of issuing, as a stranger might."""
    return to_json(
        data_integrity.sign(
            document, key, verification_method=method, created=NOON, cryptosuite="eddsa-rdfc-2022"
        )
    )


def token(credential=None):
    return sign_jwt(
        (credential or sample_credential()).to_document(), KEY, verification_method=key_method(KEY.public_key)
    )


def badge(purpose="revocation", url=LIST, issuer=None, method=None):
    return signed_sample(
        sample_credential(status=StatusEntry(purpose, INDEX, url), issuer=issuer), verification_method=method
    )


def status(answers, data=None, at=NOON, gathered_at=None):
    (found,) = checks.status(materials(data or badge(), answers, gathered_at or at), at)
    return found


def outcome(*arguments, **named):
    found = status(*arguments, **named)
    return found.outcome, found.code


def key_set(*keys):
    return to_json({"keys": [{**key.public_key.jwk(), "kid": f"k{i}"} for i, key in enumerate(keys)]})


def sd_jwt_vc(issuer=VC_ISSUER, kid="k0", key=KEY, status=None, **claims):
    claims = {"iss": issuer, "vct": "https://harbour.example/vct/knots", "name": "Zoë", **claims}
    return sign_sd_jwt_vc(
        claims, key, kid=kid, disclose=["/name"], at=NOON, holder=HOLDER.public_key, status=status
    ).encode()


def badge_token(issuer, key, **header):
    """A token in the style of Open Badges: typ JWT, the key in the header or named by it."""
    payload = sample_credential(issuer=issuer).to_document()
    parts = [base64url_encode(to_json(part)) for part in ({"alg": "EdDSA", "typ": "JWT", **header}, payload)]
    signed_part = ".".join(parts)
    return f"{signed_part}.{base64url_encode(key.sign(signed_part.encode()))}".encode()


def issuer_metadata(*keys, **members):
    document = {"issuer": VC_ISSUER, "jwks": json.loads(key_set(*keys)), **members}
    return {METADATA: to_json({name: value for name, value in document.items() if value is not ...})}


def endorsement(of, key=OTHER, name="Harbour Board", **members):
    """A signed endorsement of somebody, by whoever has the key."""
    issuer = key_method(key.public_key).partition("#")[0]
    document = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "urn:uuid:0f1d7f0e-3a4e-4b8e-8f0a-9a3f5f2a7c11",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Accreditation",
        "issuer": {"id": issuer, "type": ["Profile"], "name": name},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {
            "id": of,
            "type": ["EndorsementSubject"],
            "endorsementComment": "A good school.",
        },
        **members,
    }
    return signed(document, key, key_method(key.public_key))


def domain_linkage(origin="https://school.example", issuer=None, key=KEY, subject=None, **members):
    """A Domain Linkage Credential as JSON (DIF Well Known DID Configuration §5.1); ``...`` leaves one out."""
    issuer = issuer or key_method(key.public_key).partition("#")[0]
    document = {
        "@context": [
            "https://www.w3.org/2018/credentials/v1",
            "https://identity.foundation/.well-known/did-configuration/v1",
            # Under VC 1.1, Data Integrity has its terms from a context of its own.
            "https://w3id.org/security/data-integrity/v2",
        ],
        "issuer": issuer,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "expirationDate": "2027-01-01T00:00:00Z",
        "type": ["VerifiableCredential", "DomainLinkageCredential"],
        "credentialSubject": {"id": subject or issuer, "origin": origin},
        **members,
    }
    document = {name: value for name, value in document.items() if value is not ...}
    return json.loads(signed(document, key, key_method(key.public_key)))

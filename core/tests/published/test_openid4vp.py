# SPDX-License-Identifier: Apache-2.0
"""The SD-JWT of a credential in JSON-LD that OpenID4VP shows: signed by others, with its key beside it."""

import json
from datetime import UTC, datetime

import yaml

from cairn.keys import PublicKey
from cairn.proof import jws, sd_jwt


def test_the_published_sd_jwt_and_its_showing_hold(shared_vectors):
    folder = shared_vectors("openid4vp") / "sd_jwt_vcld"
    settings = yaml.safe_load((folder / "settings.yml").read_text())
    case = folder / "01"
    (issuer,) = settings["key_settings"]["issuer_keys"]
    key = PublicKey.from_jwk({name: value for name, value in issuer.items() if name != "d"})
    at = datetime.fromtimestamp(settings["iat"], UTC)

    issued = sd_jwt.split("".join((case / "sd_jwt_issuance.txt").read_text().split()))
    shown = sd_jwt.split("".join((case / "sd_jwt_presentation.txt").read_text().split()))

    jws.verify(issued.jws, key)
    jws.verify(shown.jws, key)
    assert issued.jws.payload == json.loads((case / "sd_jwt_payload.json").read_text())
    assert shown.payload == json.loads((case / "verified_contents.json").read_text())
    binding = json.loads((case / "kb_jwt_payload.json").read_text())
    sd_jwt.check_presented(
        shown, audience=binding["aud"], nonce=binding["nonce"], at=datetime.fromtimestamp(binding["iat"], UTC)
    )
    assert binding["nonce"] == settings["key_binding_nonce"]
    assert at <= datetime.fromtimestamp(binding["iat"], UTC)

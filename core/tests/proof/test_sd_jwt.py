# SPDX-License-Identifier: Apache-2.0
"""SD-JWT: what is shown is what was signed, nothing hides that must not, and nobody shows it for another."""

import hashlib
import json
from datetime import timedelta

import pytest
import yaml

from cairn import bind_sd_jwt, present_sd_jwt, sign_sd_jwt, sign_sd_jwt_vc
from cairn.did import VerificationMethod, did_key
from cairn.errors import MalformedError, UnavailableError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, base64url_encode
from cairn.proof import Outcome, jws, sd_jwt
from cairn.testing import NOON, demo_key, key_method, sample_credential

KEY = demo_key()
HOLDER = demo_key("holder")
ISSUER = did_key(KEY.public_key)
METHOD = key_method(KEY.public_key)
VC = {
    "iss": ISSUER,
    "vct": "https://harbour.example/vct/knots",
    "given_name": "Zoë",
    "places": ["Bergen", "Vigo"],
}
POINTERS = ("/given_name", "/places/0", "/places/1")


def resolve(wanted):
    if wanted in (METHOD, ISSUER):
        return VerificationMethod(METHOD, ISSUER, KEY.public_key)
    raise UnavailableError("key-unknown", "not known")


def issued(claims=VC, disclose=POINTERS, holder=None, **arguments):
    return sign_sd_jwt_vc(
        claims, KEY, kid=METHOD, disclose=disclose, at=NOON, holder=holder and holder.public_key, **arguments
    )


def check(text, at=NOON):
    return sd_jwt.check(sd_jwt.read(text), resolve, at=at)


def disclosure(*parts):
    return base64url_encode(json.dumps(list(parts)).encode())


def digest(text, function=hashlib.sha256):
    return base64url_encode(function(text.encode()).digest())


def sealed(payload, *disclosures, binding="", **header):
    """Any SD-JWT at all, also those that ``issue`` would never make."""
    token = jws.sign({"typ": "dc+sd-jwt", "kid": METHOD, **header}, {**VC, **payload}, KEY)
    return "~".join([token, *disclosures, binding])


def refusal(text):
    with pytest.raises((MalformedError, UnsupportedError)) as refused:
        sd_jwt.read(text)
    return refused.value.code


# --- published


def test_the_disclosures_of_rfc_9901_byte_for_byte():
    """RFC 9901 §4.2.1 and §4.2.3: the text of a disclosure and the digest of it; white space is its own."""
    spaced = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"

    read = sd_jwt.split(sealed({"_sd": ["X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"]}, spaced))

    assert read.payload["family_name"] == "Möbius"
    assert "_sd" not in read.payload


class Hidden:
    """``!sd`` in the published files: a name or an element that can be disclosed."""

    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return hash(str(self.value))

    def __eq__(self, other):
        return isinstance(other, Hidden) and self.value == other.value


class Loader(yaml.SafeLoader):
    pass


def _construct(loader, node):
    if isinstance(node, yaml.MappingNode):
        return Hidden(loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return Hidden(loader.construct_sequence(node, deep=True))
    return Hidden(yaml.SafeLoader("").construct_object(loader_resolved(node)))


def loader_resolved(node):
    # A tagged scalar has lost its own type: resolve it again as if it had no tag, unless it was quoted.
    tag = "tag:yaml.org,2002:str"
    if node.style is None:
        tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, node.value, (True, False))
    return yaml.ScalarNode(tag, node.value)


Loader.add_constructor("!sd", _construct)


def claims_of(value, path, pointers):
    """The claims without marks, and the pointers to what was marked."""
    if isinstance(value, Hidden):
        pointers.append(path)
        return claims_of(value.value, path, pointers)
    if isinstance(value, dict):
        found = {}
        for name, member in value.items():
            text = name.value if isinstance(name, Hidden) else name
            here = f"{path}/{str(text).replace('~', '~0').replace('/', '~1')}"
            if isinstance(name, Hidden):
                pointers.append(here)
            found[text] = claims_of(member, here, pointers)
        return found
    if isinstance(value, list):
        return [claims_of(each, f"{path}/{index}", pointers) for index, each in enumerate(value)]
    return value


def wanted_of(value, path, disclosable):
    """The pointers that the holder chooses: True, or a choice within."""
    if isinstance(value, dict):
        parts = {f"{path}/{name}": member for name, member in value.items()}
    elif isinstance(value, list):
        parts = {f"{path}/{index}": member for index, member in enumerate(value)}
    else:
        return [path] if value is True and path in disclosable else []
    own = [path] if path in disclosable and parts else []
    return own + [each for here, member in parts.items() for each in wanted_of(member, here, disclosable)]


CASES = [
    "array_data_types", "array_full_sd", "array_in_sd", "array_nested_in_plain", "array_none_disclosed",
    "array_of_nulls", "array_of_objects", "array_of_scalars", "array_recursive_sd",
    "array_recursive_sd_some_disclosed", "header_mod", "json_serialization_flattened",
    "json_serialization_general", "key_binding", "no_sd", "object_data_types", "recursions",
]  # fmt: skip
# One file marks nothing as disclosable where it discloses by "!sd" on a bare mapping entry of a list.
SHOWN_BY_HAND = {"array_full_sd": ["/is_over/18"], "array_none_disclosed": []}


@pytest.mark.parametrize("case", CASES)
def test_the_published_cases(shared_vectors, case):
    text = (shared_vectors("sd-jwt-python") / case / "specification.yml").read_text()
    specification = yaml.load(text, Loader)
    pointers: list[str] = []
    claims = claims_of(specification["user_claims"], "", pointers)
    whole = sd_jwt.issue(claims, KEY, header={}, disclose=pointers)
    assert sd_jwt.split(whole).payload == claims
    assert set(sd_jwt.disclosable(whole)) == set(pointers)

    chosen = SHOWN_BY_HAND.get(case)
    if chosen is None:
        chosen = wanted_of(specification["holder_disclosed_claims"], "", set(pointers))
    shown = sd_jwt.select(whole, disclose=chosen)

    assert sd_jwt.split(shown).payload == specification["expect_verified_user_claims"]


# --- issuing and showing


def test_what_is_disclosable_is_not_in_the_token():
    text = issued()
    token = sd_jwt.split(text.partition("~")[0] + "~")

    assert token.payload == {"iat": int(NOON.timestamp()), "iss": ISSUER, "vct": VC["vct"], "places": []}
    assert sd_jwt.split(text).payload == {"iat": int(NOON.timestamp()), **VC}
    assert set(sd_jwt.disclosable(text)) == set(POINTERS)
    assert "given_name" not in str(token.jws.payload)
    assert token.jws.header == {"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": METHOD}


def test_the_holder_chooses():
    shown = present_sd_jwt(issued(), disclose=["/places/1"])

    answer = check(shown)

    assert answer.outcome is Outcome.PASSED
    assert answer.document == {
        "iat": int(NOON.timestamp()),
        "iss": ISSUER,
        "vct": VC["vct"],
        "places": ["Vigo"],
    }
    assert answer.methods == (METHOD,)


def test_what_lies_inside_another_disclosure_brings_it_along():
    claims = {**VC, "address": {"street": "Kai 1", "town": {"name": "Bergen"}}}
    text = issued(claims, ["/address", "/address/street", "/address/town/name"])

    assert sd_jwt.split(present_sd_jwt(text, disclose=["/address"])).payload["address"] == {"town": {}}
    inner = sd_jwt.split(present_sd_jwt(text, disclose=["/address/town/name"])).payload["address"]
    assert inner == {"town": {"name": "Bergen"}}
    assert "address" not in sd_jwt.split(present_sd_jwt(text, disclose=[])).payload


def test_digests_are_sorted_and_salts_are_fresh():
    claims = {**VC, **{f"c{index}": index for index in range(20)}}
    texts = [issued(claims, [f"/c{index}" for index in range(20)]) for _ in range(2)]
    digests = [sd_jwt.split(text).jws.payload["_sd"] for text in texts]

    assert digests[0] == sorted(digests[0])
    assert not set(digests[0]) & set(digests[1])
    salts = {
        json.loads(__import__("base64").urlsafe_b64decode(d + "=="))[0] for d in texts[0].split("~")[1:-1]
    }
    assert len(salts) == 20
    assert min(map(len, salts)) == 22  # 128 bits


@pytest.mark.parametrize(
    ("name", "pointer"), [("a/b", "/a~1b"), ("m~n", "/m~0n"), ("~1", "/~01"), ("/", "/~1"), ("", "/")]
)
def test_a_pointer_is_told_as_it_is_asked_for(name, pointer):
    """RFC 6901 §4: a slash and a tilde in a name are written in another way."""
    text = issued({**VC, name: "x"}, [pointer])

    assert list(sd_jwt.disclosable(text)) == [pointer]
    assert name not in sd_jwt.split(present_sd_jwt(text, disclose=[])).payload
    assert sd_jwt.split(present_sd_jwt(text, disclose=[pointer])).payload[name] == "x"


@pytest.mark.parametrize(
    "pointer", ["", "given_name", "/nothing", "/places/2", "/places/00", "/given_name/x", "xgiven_name"]
)
def test_a_pointer_to_nothing_is_refused(pointer):
    with pytest.raises(MalformedError) as refused:
        issued(disclose=[pointer])
    assert refused.value.code == "sd-jwt-pointer"
    with pytest.raises(MalformedError) as refused:
        present_sd_jwt(issued(), disclose=[pointer])
    assert refused.value.code == "sd-jwt-pointer"


@pytest.mark.parametrize("name", ["_sd", "_sd_alg", "..."])
@pytest.mark.parametrize("inside", [False, True])
def test_names_of_sd_jwt_itself_cannot_be_claims(name, inside):
    with pytest.raises(MalformedError) as refused:
        issued({**VC, **({"a": [{name: 1}]} if inside else {name: 1})}, ())

    assert refused.value.code == "sd-jwt-reserved"


def test_what_every_reader_must_see_is_this():
    """Written out: the other tests take each name from here, and would not miss one that is gone."""
    registered = {"iss", "nbf", "exp", "cnf", "status"}
    assert {
        "dc+sd-jwt": registered | {"vct", "vct#integrity", "aka_vcts"},
        "vc+sd-jwt": registered
        | {"@context", "type", "issuer", "validFrom", "validUntil", "credentialStatus", "termsOfUse"}
        | {"vc"},
    } == sd_jwt.NEVER_DISCLOSED


@pytest.mark.parametrize("name", sorted(sd_jwt.NEVER_DISCLOSED["dc+sd-jwt"] - {"iss", "vct"}))
@pytest.mark.parametrize("suffix", ["", "/inner"])
def test_what_every_reader_must_see_is_never_made_disclosable_b58(name, suffix):
    claims = {**VC, name: {"inner": 1}} if name in ("cnf", "status") else {**VC, name: "x"}
    with pytest.raises(MalformedError) as refused:
        issued(claims, [f"/{name}{suffix}"])

    assert refused.value.code in ("sd-jwt-never-disclosable", "structure")


@pytest.mark.parametrize("member", ["@context", "type", "issuer", "validFrom", "credentialStatus"])
def test_what_every_reader_of_a_w3c_credential_must_see_b58(member):
    with pytest.raises(MalformedError) as refused:
        sign_sd_jwt(
            sample_credential().to_document(), KEY, verification_method=METHOD, disclose=[f"/{member}"]
        )

    assert refused.value.code == "sd-jwt-never-disclosable"


@pytest.mark.parametrize("missing", ["iss", "vct"])
def test_claims_that_an_sd_jwt_vc_must_have(missing):
    with pytest.raises(MalformedError) as refused:
        issued({name: value for name, value in VC.items() if name != missing}, ())

    assert refused.value.code == "structure"


def test_a_w3c_credential_is_shown_in_parts():
    document = sample_credential().to_document()
    text = sign_sd_jwt(
        document,
        KEY,
        verification_method=METHOD,
        disclose=["/credentialSubject/identifier/0", "/credentialSubject/achievement/tag"],
        holder=HOLDER.public_key,
    )

    assert check(text).document == document
    shown = check(present_sd_jwt(text, disclose=[])).document
    assert shown["credentialSubject"]["identifier"] == []
    assert "tag" not in shown["credentialSubject"]["achievement"]


# --- B58: structure


def test_b58_a_digest_twice_is_malformed():
    one = disclosure("salt", "a", 1)
    assert refusal(sealed({"_sd": [digest(one)] * 2}, one)) == "sd-jwt-digest-twice"
    assert refusal(sealed({"_sd": [digest(one)], "x": {"_sd": [digest(one)]}})) == "sd-jwt-digest-twice"
    assert refusal(sealed({"_sd": [digest(one)], "x": [{"...": digest(one)}]})) == "sd-jwt-digest-twice"


def test_b58_a_digest_twice_through_another_disclosure_is_malformed():
    inner = disclosure("salt", "a", 1)
    outer = disclosure("salt", "o", {"_sd": [digest(inner)]})
    assert refusal(sealed({"_sd": [digest(outer), digest(inner)]}, outer, inner)) == "sd-jwt-digest-twice"


def test_b58_a_disclosure_never_replaces_a_claim():
    for name in ("given_name", "places"):
        one = disclosure("salt", name, "x")
        assert refusal(sealed({"_sd": [digest(one)]}, one)) == "sd-jwt-overrides"
    first, second = disclosure("salt", "a", 1), disclosure("salt", "a", 2)
    assert refusal(sealed({"_sd": [digest(first), digest(second)]}, first, second)) == "sd-jwt-overrides"


@pytest.mark.parametrize("name", sorted(sd_jwt.NEVER_DISCLOSED["dc+sd-jwt"]))
def test_b58_a_disclosure_of_what_must_not_hide_is_malformed(name):
    one = disclosure("salt", name, "x")
    payload = {"_sd": [digest(one)], name: ...}
    token = jws.sign(
        {"typ": "dc+sd-jwt", "kid": METHOD},
        {key: value for key, value in {**VC, **payload}.items() if value is not ...},
        KEY,
    )
    assert refusal(f"{token}~{one}~") == "sd-jwt-never-disclosable"


@pytest.mark.parametrize("kind", ["vc+sd-jwt", "dc+sd-jwt", "vp+sd-jwt", "JWT"])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["soon", [], None, 1.5, -1, 10**15])
def test_b54_a_disclosed_date_is_a_number_of_seconds_as_any_other(kind, name, value):
    one = disclosure("salt", name, value)
    code = refusal(sealed({"_sd": [digest(one)]}, one, typ=kind))
    is_hidden = name in sd_jwt.NEVER_DISCLOSED.get(kind, ())
    assert code == ("sd-jwt-never-disclosable" if is_hidden else "token-date")


def test_b58_the_vc_claim_of_the_old_data_model_hides_no_end_date():
    one = disclosure("salt", "validUntil", "2027-01-01T00:00:00Z")
    claims = {"vc": {**sample_credential().to_document(), "_sd": [digest(one)]}}
    token = jws.sign({"typ": "vc+sd-jwt", "kid": METHOD}, claims, KEY)
    assert refusal(f"{token}~{one}~") == "sd-jwt-never-disclosable"
    assert refusal(f"{token}~") == "sd-jwt-never-disclosable"


@pytest.mark.parametrize("hidden", [{"_sd": ["x"]}, {"a": {"_sd": []}}, {"a": [{"...": "x"}]}])
@pytest.mark.parametrize("name", ["cnf", "status"])
def test_b58_a_part_that_could_hide_in_there_is_malformed_even_when_withheld(name, hidden):
    assert refusal(sealed({name: hidden})) == "sd-jwt-never-disclosable"


def test_b58_unused_and_repeated_disclosures_are_malformed():
    one, stray = disclosure("salt", "a", 1), disclosure("salt", "b", 2)
    assert refusal(sealed({"_sd": [digest(one)]}, one, stray)) == "sd-jwt-disclosure-unused"
    assert refusal(sealed({}, stray)) == "sd-jwt-disclosure-unused"
    assert refusal(sealed({"_sd": [digest(one)]}, one, one)) == "sd-jwt-disclosure-twice"


def test_b58_a_digest_that_is_a_cleartext_value_is_only_a_value():
    one = disclosure("salt", "a", 1)
    assert refusal(sealed({"note": digest(one)}, one)) == "sd-jwt-disclosure-unused"


def test_b58_decoys_say_nothing():
    decoys = {"_sd": [digest("decoy"), digest("other")], "x": [{"...": digest("third")}, 1]}
    assert sd_jwt.read(sealed(decoys)).payload["x"] == [1]


def test_b58_kinds_of_disclosures_belong_to_their_places():
    of_object, of_array = disclosure("salt", "a", 1), disclosure("salt", 1)
    assert refusal(sealed({"_sd": [digest(of_array)]}, of_array)) == "sd-jwt-disclosure"
    assert refusal(sealed({"x": [{"...": digest(of_object)}]}, of_object)) == "sd-jwt-disclosure"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"_sd": "x"}, "sd-jwt-digest"),
        ({"_sd": {"a": 1}}, "sd-jwt-digest"),
        ({"_sd": None}, "sd-jwt-digest"),
        ({"_sd": [1]}, "sd-jwt-digest"),
        ({"x": [{"...": 1}]}, "sd-jwt-digest"),
        ({"x": [{"...": "x", "a": 1}]}, "sd-jwt-reserved"),
        ({"x": {"...": "x"}}, "sd-jwt-reserved"),
        ({"...": "x"}, "sd-jwt-reserved"),
        ({"x": {"_sd_alg": "sha-256"}}, "sd-jwt-reserved"),
        ({"_sd_alg": "md5"}, "sd-jwt-hash"),
        ({"_sd_alg": "SHA-256"}, "sd-jwt-hash"),
        ({"_sd_alg": 1}, "sd-jwt-hash"),
        ({"_sd_alg": None}, "sd-jwt-hash"),
    ],
)
def test_b58_names_of_sd_jwt_in_wrong_places(payload, code):
    assert refusal(sealed(payload)) == code


@pytest.mark.parametrize(
    "text",
    [
        base64url_encode(b'"x"'),
        base64url_encode(b"[]"),
        base64url_encode(b'["salt"]'),
        base64url_encode(b'["salt","a",1,2]'),
        base64url_encode(b'[1,"a",1]'),
        base64url_encode(b'["salt",1,1]'),
        base64url_encode(b'["salt","_sd",[]]'),
        base64url_encode(b'["salt","...","x"]'),
        base64url_encode(b'{"a":1}'),
        base64url_encode(b'["salt","a",1],"e":1'),
        base64url_encode(b'["salt","a",1],"d":["salt","a",2]'),
        base64url_encode(b'["salt","a",1]}'),
        base64url_encode(b'["salt","a",{"b":1,"b":2}]'),
        base64url_encode(b'["salt","a",1e999]'),
        disclosure("salt", "a", 1)[:-1] + "*",
    ],
)
def test_b58_a_disclosure_is_one_array_of_its_own(text):
    with pytest.raises(MalformedError):
        sd_jwt.read(sealed({"_sd": [digest(text)]}, text))


@pytest.mark.parametrize("tail", ["", "~~", "~ ~", "~a", "~a.b", "~a~b", "~a.b.c.d"])
def test_b58_other_shapes_are_not_sd_jwts(tail):
    token = issued().partition("~")[0]

    with pytest.raises(MalformedError) as refused:
        sd_jwt.read(token + tail)
    assert refused.value.code == "sd-jwt-malformed"


def test_b3_disclosures_do_not_build_what_we_would_not_read():
    inner, texts = 1, []
    for _ in range(40):
        text = disclosure("salt", "a", inner)
        texts.append(text)
        inner = {"_sd": [digest(text)]}
    assert refusal(sealed(inner, *texts)) == "limit-depth"
    many = [disclosure("salt", f"a{index}", 1) for index in range(sd_jwt.MAX_DISCLOSURES + 1)]
    assert refusal(sealed({"_sd": list(map(digest, many))}, *many)) == "limit-disclosures"
    few = many[: sd_jwt.MAX_DISCLOSURES]
    assert sd_jwt.read(sealed({"_sd": list(map(digest, few))}, *few)).payload.keys() > {"a0", "a999"}


@pytest.mark.parametrize(("name", "function"), [("sha-384", hashlib.sha384), ("sha-512", hashlib.sha512)])
def test_other_strong_hashes_are_read(name, function):
    one = disclosure("salt", "a", 1)

    assert sd_jwt.read(sealed({"_sd_alg": name, "_sd": [digest(one, function)]}, one)).payload["a"] == 1


# --- judging


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"typ": "JWT"}, "token-type"),
        ({"typ": "vc+jwt"}, "token-type"),
        ({"typ": "kb+jwt"}, "token-type"),
        ({"typ": "statuslist+jwt"}, "token-type"),
    ],
)
def test_b49_another_type_is_no_credential(header, code):
    answer = check(sealed({}, **header))

    assert (answer.outcome, answer.code) == (Outcome.FAILED, code)


@pytest.mark.parametrize("algorithm", ["none", "NONE"])
def test_b41_an_unsigned_one_fails(algorithm):
    token = issued().partition("~")[0]
    head = base64url_encode(json.dumps({"alg": algorithm, "typ": "dc+sd-jwt", "kid": METHOD}).encode())
    for altered in (".".join([head, *token.split(".")[1:]]), token.rpartition(".")[0] + "."):
        assert check(altered + "~").code == "token-unsigned"


def test_a_changed_token_fails_b75():
    head, payload, signature = issued().partition("~")[0].split(".")
    altered = json.loads(__import__("base64").urlsafe_b64decode(payload + "=="))
    altered["vct"] = "https://harbour.example/vct/doctor"

    answer = check(f"{head}.{base64url_encode(json.dumps(altered).encode())}.{signature}~")

    assert (answer.outcome, answer.code) == (Outcome.FAILED, "signature-mismatch")
    assert answer.document is None


def test_a_changed_disclosure_is_malformed_b75():
    token, first, *rest = issued().split("~")
    for index in range(0, len(first), 3):
        altered = first[:index] + ("A" if first[index] != "A" else "B") + first[index + 1 :]
        with pytest.raises(MalformedError):
            sd_jwt.read("~".join([token, altered, *rest]))


def test_a_token_from_the_future_and_keys_out_of_use():
    text = issued()

    assert check(text, at=NOON - timedelta(minutes=2)).code == "created-in-future"
    revoked = VerificationMethod(METHOD, ISSUER, KEY.public_key, revoked=NOON)
    assert sd_jwt.check(sd_jwt.read(text), lambda wanted: revoked, at=NOON).code == "key-revoked"


def test_the_key_is_named_or_the_issuer_has_one():
    bare = jws.sign({"typ": "dc+sd-jwt"}, VC, KEY)

    assert check(bare + "~").methods == (METHOD,)
    for kid in ("", 1, None, "did:web:evil.example#1"):
        assert check(sealed({}, kid=kid)).outcome is not Outcome.PASSED
    assert check(sealed({"iss": None})).code == "token-key"


def test_a_claim_with_a_slash_or_a_tilde_in_its_name_can_be_chosen():
    """RFC 6901 §4: ``~1`` stands for a slash, ``~0`` for a tilde, and ``~01`` for ``~1``."""
    claims = {**VC, "a/b": 1, "a~b": 2, "a~1b": 3}
    pointers = ["/a~1b", "/a~0b", "/a~01b"]
    text = sd_jwt.issue(claims, KEY, header={"typ": "dc+sd-jwt", "kid": METHOD}, disclose=pointers)

    for number, pointer in enumerate(pointers, start=1):
        shown = sd_jwt.read(present_sd_jwt(text, disclose=[pointer])).payload
        assert [shown[name] for name in ("a/b", "a~b", "a~1b") if name in shown] == [number]
    assert sd_jwt.read(text).payload.keys() >= {"a/b", "a~b", "a~1b"}


# --- key binding


def bound(audience="https://reader.example", nonce="n-1", at=NOON, disclose=("/given_name",)):
    shown = present_sd_jwt(issued(holder=HOLDER), disclose=disclose)
    return bind_sd_jwt(shown, HOLDER, audience=audience, nonce=nonce, at=at)


def presented(text, audience="https://reader.example", nonce="n-1", at=NOON):
    sd_jwt.check_presented(sd_jwt.read(text), audience=audience, nonce=nonce, at=at)


def test_a_bound_showing_is_accepted():
    presented(bound())

    answer = check(bound())
    assert answer.outcome is Outcome.PASSED
    assert answer.details["binding"] == "holder-key"
    assert answer.document["given_name"] == "Zoë"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"audience": "https://other.example"}, "binding-audience"),
        ({"nonce": "n-2"}, "binding-nonce"),
        ({"at": NOON + timedelta(minutes=7)}, "binding-old"),
        ({"at": NOON - timedelta(minutes=2)}, "created-in-future"),
    ],
)
def test_b55_b58_a_showing_to_others_at_other_times_is_refused(change, code):
    with pytest.raises(MalformedError) as refused:
        presented(bound(), **change)

    assert refused.value.code == code


def test_b55_a_showing_counts_for_five_minutes_and_what_clocks_differ():
    for seconds in (0, 300, 360):
        presented(bound(), at=NOON + timedelta(seconds=seconds))
    with pytest.raises(MalformedError, match="binding-old"):
        presented(bound(), at=NOON + timedelta(seconds=361))


def test_b58_a_showing_without_binding_is_refused():
    with pytest.raises(MalformedError) as refused:
        presented(present_sd_jwt(issued(holder=HOLDER), disclose=[]))

    assert refused.value.code == "binding-missing"


def test_b58_a_binding_belongs_to_what_was_shown():
    more = present_sd_jwt(issued(holder=HOLDER), disclose=["/given_name", "/places/0"])
    binding = bound().rpartition("~")[2]
    fewer = "~".join([*more.split("~")[:-2], ""])

    for text in (more + binding, fewer + binding, bound().partition("~")[0] + "~" + binding):
        assert check(text).code == "binding-hash"
        assert check(text).outcome is Outcome.FAILED


def kb(header=None, key=HOLDER, **claims):
    shown = present_sd_jwt(issued(holder=HOLDER), disclose=[])
    payload = {
        "iat": int(NOON.timestamp()),
        "aud": "https://reader.example",
        "nonce": "n-1",
        "sd_hash": digest(shown),
        **claims,
    }
    payload = {name: value for name, value in payload.items() if value is not ...}
    return shown + jws.sign(header or {"typ": "kb+jwt"}, payload, key)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (kb(key=KEY), "binding-mismatch"),
        (kb(key=PrivateKey.generate(Algorithm.P256)), "binding-mismatch"),
        (kb({"typ": "JWT"}), "binding-type"),
        (kb({"kid": "x"}), "binding-type"),
        (kb(aud=...), "binding-claims"),
        (kb(aud=["https://reader.example"]), "binding-claims"),
        (kb(nonce=...), "binding-claims"),
        (kb(sd_hash=...), "binding-claims"),
        (kb(iat=...), "binding-claims"),
        (kb(iat="1"), "token-date"),
        (kb(sd_hash="x"), "binding-hash"),
        (kb().rpartition(".")[0] + ".", "binding-mismatch"),
        (kb()[:-4] + "AAAA", "binding-mismatch"),
    ],
)
def test_b58_a_key_binding_that_does_not_hold_fails(text, code):
    answer = check(text)

    assert (answer.outcome, answer.code) == (Outcome.FAILED, code)
    assert answer.document is None
    with pytest.raises(MalformedError):
        presented(text)


def test_b58_without_a_key_of_the_holder_nobody_can_bind():
    shown = present_sd_jwt(issued(), disclose=[])
    for text, holder in ((shown, HOLDER), (bound(), HOLDER), (kb().rpartition("~")[0] + "~", KEY)):
        with pytest.raises(MalformedError) as refused:
            bind_sd_jwt(text, holder, audience="a", nonce="n", at=NOON)
        assert refused.value.code == "binding-key"


def test_b61_a_private_key_in_cnf_binds_nothing():
    text = sealed({"cnf": {"jwk": HOLDER.to_jwk()}})
    binding = jws.sign(
        {"typ": "kb+jwt"},
        {"iat": int(NOON.timestamp()), "aud": "a", "nonce": "n", "sd_hash": digest(text)},
        HOLDER,
    )
    assert check(text + binding).outcome is Outcome.FAILED


# --- a second opinion


def test_another_library_reads_what_we_issue_and_we_read_what_it_issues():
    holder = pytest.importorskip("sd_jwt.holder", reason="the peer sd-jwt (PyPI) is not installed")
    from jwcrypto.jwk import JWK
    from sd_jwt.common import SDObj
    from sd_jwt.issuer import SDJWTIssuer
    from sd_jwt.verifier import SDJWTVerifier

    issuer_key, holder_key = PrivateKey.generate(Algorithm.P256), PrivateKey.generate(Algorithm.P256)
    theirs, theirs_public = JWK(**issuer_key.to_jwk()), JWK(**issuer_key.public_key.jwk())
    text = sign_sd_jwt_vc(VC, issuer_key, kid="k", disclose=POINTERS, at=NOON, holder=holder_key.public_key)
    told = SDJWTVerifier(text, lambda *_: theirs_public).get_verified_payload()
    assert {name: told[name] for name in VC} == VC
    shown = bind_sd_jwt(
        present_sd_jwt(text, disclose=["/places/1"]), holder_key, audience="a", nonce="n", at=NOON
    )
    assert SDJWTVerifier(shown, lambda *_: theirs_public, "a", "n").get_verified_payload()["places"] == [
        "Vigo"
    ]

    made = SDJWTIssuer(
        {**VC, SDObj("given_name"): "Zoë", "iat": int(NOON.timestamp())}
        | {"places": [SDObj("Bergen"), SDObj("Vigo")]},
        theirs,
        JWK(**holder_key.public_key.jwk()),
        add_decoy_claims=True,
        extra_header_parameters={"typ": "dc+sd-jwt", "kid": METHOD},
    )
    chosen = holder.SDJWTHolder(made.sd_jwt_issuance)
    chosen.create_presentation({"places": [False, True]}, "n", "a", JWK(**holder_key.to_jwk()))
    read = sd_jwt.read(chosen.sd_jwt_presentation)
    assert read.payload["places"] == ["Vigo"]
    method = VerificationMethod(METHOD, ISSUER, issuer_key.public_key)
    assert sd_jwt.check(read, lambda wanted: method, at=NOON + timedelta(days=3650)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "disclosure",
    [
        b'["salt","name","value"]',
        b'["salt", "name", "value"]',
        b'["salt","name","\\u0000"]',
        b'["salt","name","\\ud800"]',
        b'["salt","name","\\u0041"]',
        b'["salt","_sd","value"]',
        b'["salt","...","value"]',
        b'["salt","value"]',
        b'["salt"]',
        b'["salt","name","value","more"]',
        b'["salt","name",7]',
        b'["salt","name","Zo\xc3\xab"]',
        b'["salt","name","\xff"]',
        b'{"salt":"name"}',
        b'["salt","name","value"],"e":1',
        b"",
    ],
)
def test_a_disclosure_of_plain_texts_is_read_as_any_other(disclosure, monkeypatch):
    def told():
        try:
            return sd_jwt._disclosure(base64url_encode(disclosure))
        except MalformedError as error:
            return error.code

    short = told()
    monkeypatch.setattr(sd_jwt, "parse_texts", lambda data: None)

    assert short == told()


@pytest.mark.parametrize("name", ["cnf", "status"])
@pytest.mark.parametrize("value", ["x", {}, ["x"], 1, None])
def test_a_claim_that_has_to_say_something_is_an_object_with_something_in_it(name, value):
    assert sd_jwt.vc_problems({**VC, name: value}) == (name,)
    assert sd_jwt.vc_problems({**VC, name: {"x": 1}}) == ()


def test_the_types_are_called_as_the_standards_call_them():
    called = (sd_jwt.W3C, sd_jwt.PRESENTATION, sd_jwt.SD_JWT_VC, sd_jwt.KEY_BINDING)

    assert called == ("vc+sd-jwt", "vp+sd-jwt", "dc+sd-jwt", "kb+jwt")

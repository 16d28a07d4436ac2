# SPDX-License-Identifier: Apache-2.0
"""Selective disclosure: the W3C vectors byte for byte, what a copy shows, and what it cannot be made to."""

import copy
import json
from dataclasses import replace

import pytest

from cairn.canonical import CONFORMANCE, rdf_canonical
from cairn.canonical.json_ld import Names, to_quads
from cairn.canonical.rdfc import canonicalize
from cairn.credential import parse_datetime
from cairn.did import document_for
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, multibase_decode, multibase_encode
from cairn.proof import Outcome, cbor, data_integrity, ecdsa_sd
from cairn.proof.data_integrity import ECDSA_SD
from cairn.testing import NOON, key_method, sample_credential

KEY = PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x07")
METHOD = key_method(KEY.public_key)
FRESH = ecdsa_sd.Secrets(PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x09"), bytes(range(32)))
MANDATORY = ("/issuer", "/validFrom", "/credentialSubject/achievement/name")


def resolve(wanted):
    return document_for(wanted.partition("#")[0]).methods[0]


def check(document, **arguments):
    return data_integrity.check(document, resolve, at=NOON, **arguments)


def base(document=None, pointers=MANDATORY, **arguments):
    return data_integrity.sign(
        document or sample_credential().to_document(),
        KEY,
        verification_method=METHOD,
        created=NOON,
        cryptosuite=ECDSA_SD,
        mandatory_pointers=pointers,
        **{"fresh": FRESH, **arguments},
    )


def derived(document, *pointers):
    return data_integrity.derive(document, selective_pointers=pointers)


def opened(document):
    """The header and the parts of a proof value."""
    octets = multibase_decode(document["proof"]["proofValue"])
    return octets[:3], cbor.decode(octets[3:])


def closed(document, header, parts):
    value = multibase_encode(header + cbor.encode(parts), "u")
    return {**document, "proof": {**document["proof"], "proofValue": value}}


# --- the published vectors


@pytest.fixture(params=["prc", "employ"])
def vector(request, shared_vectors):
    root = shared_vectors("w3c-vc-di-ecdsa") / "ecdsa-sd-2023"
    material = json.loads((root / "SDKeyMaterial.json").read_text())

    def load(name):
        text = (root / request.param / name).read_text()
        return json.loads(text) if name.endswith(".json") else text

    def key(pair):
        return PrivateKey.from_bytes(Algorithm.P256, multibase_decode(pair["secretKeyMultibase"])[2:])

    load.key = key(material["baseKeyPair"])
    load.fresh = ecdsa_sd.Secrets(key(material["proofKeyPair"]), bytes.fromhex(material["hmacKeyString"]))
    pointers = {"prc": "prCredSelective.json", "employ": "employSelective.json"}[request.param]
    load.selective = json.loads((root.parent / pointers).read_text())
    load.mandatory = load("addBaseTransform.json")["mandatoryPointers"]
    return load


def bare(document):
    return {name: value for name, value in document.items() if name != "proof"}


def test_the_canonical_form_of_the_w3c_vectors_is_met(vector):
    document = bare(vector("addSignedSDBase.json"))

    assert rdf_canonical(document, contexts=CONFORMANCE).decode() == "".join(vector("addBaseDocCanon.json"))
    configuration = vector("addProofConfig.json")
    found = rdf_canonical(configuration, contexts=CONFORMANCE).decode()
    assert found.strip() == vector("addProofConfigCanon.txt").strip()
    statements = ecdsa_sd._Statements.of(document, vector.fresh.hmac_key, Names(), CONFORMANCE)
    assert [line.decode() for line in statements.lines] == vector("addBaseDocHMACCanon.json")


def test_the_base_proofs_of_the_w3c_are_made_byte_for_byte(vector):
    expected = vector("addSignedSDBase.json")

    made = data_integrity.sign(
        bare(expected),
        vector.key,
        verification_method=expected["proof"]["verificationMethod"],
        created=parse_datetime(expected["proof"]["created"]),
        cryptosuite=ECDSA_SD,
        mandatory_pointers=vector.mandatory,
        fresh=vector.fresh,
        contexts=CONFORMANCE,
    )

    assert made == expected


def test_the_derived_proofs_of_the_w3c_are_made_byte_for_byte(vector):
    expected = vector("derivedRevealDocument.json")

    made = data_integrity.derive(
        vector("addSignedSDBase.json"), selective_pointers=vector.selective, contexts=CONFORMANCE
    )

    assert made == expected


def test_the_derived_proofs_of_the_w3c_verify(vector):
    document = vector("derivedRevealDocument.json")

    answer = check(document, contexts=CONFORMANCE)

    assert answer.outcome is Outcome.PASSED
    assert answer.document == vector("derivedUnsignedReveal.json")


# --- what a copy shows


def badge_with_a_list():
    """A badge with ``allowedValue``, an ordered list, and a subject without an id: where peers give up."""
    document = sample_credential().to_document()
    subject = document["credentialSubject"]
    del subject["id"]
    description = {
        "id": "urn:x:result",
        "type": ["ResultDescription"],
        "name": "Grade",
        "resultType": "LetterGrade",
        "allowedValue": ["C", "B", "A", "A"],
    }
    subject["achievement"]["resultDescription"] = [description]
    subject["result"] = [{"type": ["Result"], "resultDescription": "urn:x:result", "value": "A"}]
    document["evidence"] = [
        {"type": ["Evidence"], "name": "Log book"},
        {"type": ["Evidence"], "name": "Film", "narrative": "Ten minutes."},
    ]
    return document


RESULTS = "/credentialSubject/achievement/resultDescription/0"


def test_what_is_shown_is_what_was_chosen_and_what_is_mandatory():
    copy_ = derived(base(badge_with_a_list()), "/evidence/1/narrative")

    document = badge_with_a_list()
    achievement = document["credentialSubject"]["achievement"]
    assert bare(copy_) == {
        "@context": document["@context"],
        "id": document["id"],
        "type": document["type"],
        "issuer": document["issuer"],
        "validFrom": document["validFrom"],
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "achievement": {name: achievement[name] for name in ("id", "type", "name")},
        },
        "evidence": [{"type": ["Evidence"], "narrative": "Ten minutes."}],
    }
    answer = check(copy_)
    assert (answer.outcome, answer.document) == (Outcome.PASSED, bare(copy_))
    assert answer.details == {"cryptosuite": ECDSA_SD, "created": "2026-11-23T12:00:00Z"}


def test_a_copy_holds_nothing_of_what_is_left_out():
    secrets = ("Zoë Núñez", "Log book", "Ten minutes.", "urn:x:result", "eye splice")
    signed = base(badge_with_a_list())
    copy_ = derived(signed, "/credentialSubject/achievement/criteria")

    text = json.dumps(copy_, ensure_ascii=False)
    assert not [secret for secret in secrets if secret in text]
    _, parts = opened(copy_)
    octets = cbor.encode(parts)
    _, (_, _, hmac_key, signatures, _) = opened(signed)
    assert hmac_key not in octets
    assert [each for each in signatures if each in octets] == parts[2]
    assert len(parts[2]) < len(signatures) / 2


POINTERS = [
    [],
    [""],
    ["/name"],
    ["/credentialSubject/identifier"],
    ["/credentialSubject/identifier/0/identityHash"],
    ["/credentialSubject/result/0/value"],
    [RESULTS],
    [f"{RESULTS}/allowedValue"],
    ["/evidence/0", "/evidence/1"],
    ["/evidence/1"],
    ["/evidence/0/type", "/evidence/1/type"],
    ["/issuer", "/validFrom"],
]


@pytest.mark.parametrize("mandatory", [(), MANDATORY, ("",), ("/evidence/1",), (f"{RESULTS}/allowedValue",)])
@pytest.mark.parametrize("pointers", POINTERS, ids=str)
def test_every_copy_verifies_lists_and_subjects_without_id_included(mandatory, pointers):
    signed = base(badge_with_a_list(), mandatory)
    if not mandatory and not pointers:
        with pytest.raises(MalformedError) as refused:
            derived(signed)
        assert refused.value.code == "pointer-none"
        return

    answer = check(derived(signed, *pointers))

    assert answer.outcome is Outcome.PASSED, answer
    if "" in (*pointers, *mandatory):
        assert answer.document == badge_with_a_list()


@pytest.mark.parametrize("pointer", [f"{RESULTS}/allowedValue/0", f"{RESULTS}/allowedValue/3"])
def test_a_list_is_shown_whole_or_not_at_all(pointer):
    with pytest.raises(MalformedError) as refused:
        base(badge_with_a_list(), [pointer])
    assert refused.value.code == "pointer-list"
    with pytest.raises(MalformedError) as refused:
        derived(base(badge_with_a_list()), pointer)
    assert refused.value.code == "pointer-list"


def test_objects_that_are_alike_can_be_shown_one_by_one():
    """Without their contents the two are symmetric: either may have either name."""
    document = badge_with_a_list()
    document["evidence"].append(dict(document["evidence"][0]))
    signed = base(document, ("/issuer",))

    for pointers in (["/evidence/0"], ["/evidence/2"], ["/evidence/0/type", "/evidence/2/type"]):
        assert check(derived(signed, *pointers)).outcome is Outcome.PASSED


def test_an_embedded_credential_and_its_proof_can_be_left_out_or_shown():
    """A graph of its own, whose name is a blank node without a JSON object."""
    endorsement = {
        "@context": sample_credential().to_document()["@context"],
        "id": "urn:x:endorsement",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Good",
        "issuer": {"id": METHOD.partition("#")[0], "type": ["Profile"], "name": "Guild"},
        "validFrom": "2026-11-23T12:00:00Z",
        "credentialSubject": {
            "id": "https://harbour.example/a/knots",
            "type": ["EndorsementSubject"],
            "endorsementComment": "Solid.",
        },
    }
    document = sample_credential().to_document()
    inner = data_integrity.sign(
        endorsement, KEY, verification_method=METHOD, created=NOON, cryptosuite="ecdsa-rdfc-2019"
    )
    document["endorsement"] = [inner]
    signed = base(document)

    without = check(derived(signed, "/name"))
    whole = check(derived(signed, "/endorsement"))
    part = check(derived(signed, "/endorsement/0/credentialSubject", "/endorsement/0/proof/created"))

    assert without.outcome is whole.outcome is part.outcome is Outcome.PASSED
    assert whole.document["endorsement"] == [inner]
    assert "endorsement" not in without.document
    assert part.document["endorsement"][0]["proof"].keys() == {"type", "created"}


def test_the_names_of_objects_say_nothing_of_their_number():
    document = badge_with_a_list()
    _, parts = opened(derived(base(document, ("/issuer",)), "/evidence/1/name"))
    _, whole = opened(derived(base(document, ("/issuer",)), ""))

    assert list(parts[3]) == [0, 1][: len(parts[3])]
    assert len(parts[3]) == 1  # the evidence; everything else that is shown has an id
    assert all(len(label) == 32 for label in parts[3].values())
    assert set(parts[3].values()) < set(whole[3].values())


def test_every_proof_has_keys_of_its_own():
    _, first = opened(base(fresh=None))
    _, second = opened(base(fresh=None))

    assert first[1:3] != second[1:3]
    assert (len(first[1]), len(first[2])) == (35, 32)  # N28
    assert check(derived(base(fresh=None), "/name")).outcome is Outcome.PASSED


# --- pointers


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        ("/nonsense", "pointer-unmatched"),
        ("/credentialStatus", "pointer-unmatched"),
        ("/evidence/0", "pointer-unmatched"),
        ("issuer", "pointer-syntax"),
        ("/~", "pointer-syntax"),
    ],
)
def test_a_pointer_that_matches_nothing_is_an_error(pointer, code):
    with pytest.raises(MalformedError) as refused:
        base(pointers=["/issuer", pointer])
    assert refused.value.code == code
    with pytest.raises(MalformedError) as refused:
        derived(base(), pointer)
    assert refused.value.code == code


# --- what cannot be made of a copy

SIGNED = base(badge_with_a_list())
COPY = derived(SIGNED, "/evidence", f"{RESULTS}/allowedValue", "/credentialSubject/identifier")


def parts_of_copy():
    header, parts = opened(COPY)
    return header, copy.deepcopy(parts)


def test_a_base_proof_is_not_a_presentation():
    """§3.6.7 reads derived proofs only, and whoever is shown the HMAC key could undo the names. Nothing is
    wrong with it all the same, so nobody is told that it is no good."""
    answer = check(SIGNED)

    assert (answer.outcome, answer.code) == (Outcome.UNDECIDED, "proof-base")
    assert answer.document is None


def test_a_copy_is_not_copied_again():
    with pytest.raises(MalformedError) as refused:
        derived(COPY, "/evidence")

    assert refused.value.code == "proof-derived"


def test_every_byte_of_a_derived_proof_counts_b75():
    octets = multibase_decode(COPY["proof"]["proofValue"])
    for position in range(0, len(octets), 3):
        changed = bytearray(octets)
        changed[position] ^= 1 << position % 8
        document = {**COPY, "proof": {**COPY["proof"], "proofValue": multibase_encode(bytes(changed), "u")}}
        answer = check(document)
        assert answer.outcome is Outcome.FAILED, position
        assert answer.document is None


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))
    else:
        yield path


@pytest.mark.parametrize("path", [path for path in leaves(bare(COPY)) if path[0] != "@context"], ids=str)
def test_every_value_of_a_copy_counts_b75(path):
    changed, removed = copy.deepcopy(COPY), copy.deepcopy(COPY)
    for document, change in ((changed, True), (removed, False)):
        node = document
        for step in path[:-1]:
            node = node[step]
        if change:
            value = node[path[-1]]
            node[path[-1]] = not value if isinstance(value, bool) else f"{value}x"
        else:
            del node[path[-1]]
        assert check(document).outcome is Outcome.FAILED


def test_a_mandatory_statement_cannot_be_left_out():
    for pointer in ("issuer", "validFrom"):
        document = {name: value for name, value in COPY.items() if name != pointer}
        assert check(document).outcome is Outcome.FAILED
        header, parts = parts_of_copy()
        for index in parts[4]:
            fewer = [each for each in parts[4] if each != index]
            assert check(closed(document, header, [*parts[:4], fewer])).outcome is Outcome.FAILED
            shifted = [each - (each > index) for each in fewer]
            assert check(closed(document, header, [*parts[:4], shifted])).outcome is Outcome.FAILED


def test_two_objects_cannot_share_a_name():
    """Else claims could move from one object to another: each statement's signature would still match."""
    document = badge_with_a_list()
    document["evidence"] = [{"type": ["Evidence"], "name": "Film", "narrative": "Ten minutes."}]
    shown = derived(base(document, ("/issuer",)), "/evidence")
    header, parts = opened(shown)
    shown["evidence"] = [
        {"type": ["Evidence"], "name": "Film"},
        {"type": ["Evidence"], "narrative": "Ten minutes."},
    ]
    # Split in two: one signed name for both, and the statements about it still all have their signatures.
    (label,) = parts[3].values()
    quads = to_quads(bare(shown))
    numbers = {int(name.removeprefix("_:c14n")): label for name in canonicalize(quads).issued.values()}

    assert check(closed(shown, header, [*parts[:3], numbers, parts[4]])).code == "proof-value"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda parts: parts[3].pop(0), "proof-labels"),
        (lambda parts: parts[3].update({99: bytes(32)}), "proof-labels"),
        (lambda parts: parts[3].update({0: bytes(31)}), "proof-value"),
        (lambda parts: parts[3].update({0: "x"}), "proof-value"),
        (lambda parts: parts[3].update({0: parts[3][1], 1: parts[3][0]}), None),
        (lambda parts: parts[2].pop(), "proof-signatures"),
        (lambda parts: parts[2].append(parts[2][0]), "proof-signatures"),
        (lambda parts: parts[2].insert(0, parts[2].pop()), "signature-mismatch"),
        (lambda parts: parts[2].__setitem__(0, parts[2][1]), "signature-mismatch"),
        (lambda parts: parts[2].__setitem__(0, bytes(63)), "proof-value"),
        (lambda parts: parts[2].__setitem__(0, "x"), "proof-value"),
        (lambda parts: parts[4].append(parts[4][0]), "proof-value"),
        (lambda parts: parts[4].append(10_000), "proof-indexes"),
        # The first that is not there: mandatory are those here, the others have a signature each.
        (lambda parts: parts[4].append(len(parts[4]) + len(parts[2])), "proof-indexes"),
        (lambda parts: parts[4].append("1"), "proof-value"),
        (lambda parts: parts[4].clear(), "proof-signatures"),
        (lambda parts: parts.pop(), "proof-value"),
        (lambda parts: parts.append([]), "proof-value"),
        (lambda parts: parts.__setitem__(0, bytes(64)), "signature-mismatch"),
        (lambda parts: parts.__setitem__(0, bytes(65)), "proof-value"),
        (lambda parts: parts.__setitem__(1, parts[1][:-1]), "proof-value"),
        (lambda parts: parts.__setitem__(1, parts[1] + b"\0"), "proof-value"),
        (lambda parts: parts.__setitem__(1, b"\x81\x24" + bytes([2]) + bytes(48)), "proof-value"),
        (lambda parts: parts.__setitem__(1, b"\x99\x99" + parts[1][2:]), "proof-value"),
        (lambda parts: parts.__setitem__(1, OTHER_KEY), "signature-mismatch"),
        (lambda parts: parts.__setitem__(2, {}), "proof-value"),
        (lambda parts: parts.__setitem__(3, []), "proof-value"),
        (lambda parts: parts.__setitem__(4, 0), "proof-value"),
    ],
)
def test_the_parts_of_a_proof_fit_together(change, code):
    header, parts = parts_of_copy()
    change(parts)

    answer = check(closed(COPY, header, parts))

    assert answer.outcome is Outcome.FAILED
    assert code is None or answer.code == code


OTHER_KEY = multibase_decode(PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x0b").public_key.multikey())


def test_a_proof_key_of_another_kind_is_a_no_and_not_a_doubt():
    """P-384 is a kind that we know, and still not this suite's."""
    header, parts = parts_of_copy()
    other = PrivateKey.from_bytes(Algorithm.P384, bytes(47) + b"\x07").public_key
    parts[1] = multibase_decode(other.multikey())

    answer = check(closed(COPY, header, parts))

    assert (answer.outcome, answer.code) == (Outcome.FAILED, "proof-value")


def test_statements_signed_by_a_strangers_proof_key_fail_s1():
    """Whoever makes new keys can sign statements of their own, but not have the issuer vouch for the keys."""
    forged = badge_with_a_list()
    forged["evidence"][0]["name"] = "A medal"
    stranger = PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x0d")
    theirs = data_integrity.sign(
        forged,
        stranger,
        verification_method=METHOD,
        created=NOON,
        cryptosuite=ECDSA_SD,
        mandatory_pointers=MANDATORY,
    )
    header, parts = opened(derived(theirs, "/evidence"))
    _, good = opened(derived(SIGNED, "/evidence"))
    parts[0] = good[0]

    assert check(closed(derived(theirs, "/evidence"), header, parts)).code == "signature-mismatch"


def test_statements_of_another_credential_of_the_issuer_do_not_mix_b70():
    other = badge_with_a_list()
    other["evidence"][0]["name"] = "A medal"
    theirs = derived(base(other, fresh=replace(FRESH, hmac_key=bytes(32))), "/evidence")
    ours = derived(base(badge_with_a_list(), fresh=None), "/evidence")

    assert check({**theirs, "proof": ours["proof"]}).outcome is Outcome.FAILED
    assert check({**ours, "proof": theirs["proof"]}).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "value",
    [
        "",
        "u",
        "z",
        1,
        None,
        ["u2V0B"],
        "u2V0B",
        "u2V0A",
        "u2V0C",
        "uAAAA",
        "u2V0B=",
        "z" + COPY["proof"]["proofValue"][1:],
        COPY["proof"]["proofValue"] + "A",
        COPY["proof"]["proofValue"][1:],
        multibase_encode(multibase_decode(COPY["proof"]["proofValue"])),
    ],
    ids=range(15),
)
def test_other_proof_values_are_none_b20_b51(value):
    answer = check({**COPY, "proof": {**COPY["proof"], "proofValue": value}})

    assert answer.outcome is Outcome.FAILED
    assert answer.code in ("proof-value", "proof-cbor", "proof-base")


def test_the_key_is_of_p256_b43():
    for algorithm in (Algorithm.P384, Algorithm.ED25519):
        document = copy.deepcopy(COPY)
        document["proof"]["verificationMethod"] = key_method(PrivateKey.generate(algorithm).public_key)
        assert check(document).code == "key-type"


@pytest.mark.parametrize(("member", "value"), [
    ("proofPurpose", "authentication"),
    ("created", "2026-11-23T12:00:01Z"),
    ("expires", "2030-01-01T00:00:00Z"),
    ("challenge", "x"),
    ("@context", ["https://www.w3.org/ns/credentials/v2"]),
])  # fmt: skip
def test_an_altered_configuration_fails_b64_b69(member, value):
    assert check({**COPY, "proof": {**COPY["proof"], member: value}}).outcome is Outcome.FAILED


# --- base proofs that are none


def test_a_document_changed_after_signing_gives_no_copy_where_it_shows():
    """The holder sees it when the number of statements changed; otherwise whoever verifies does."""
    more = {**SIGNED, "description": "With honours."}
    with pytest.raises(MalformedError) as refused:
        derived(more, "/description")
    assert refused.value.code == "proof-signatures"

    other = {**SIGNED, "name": "Rocket science"}
    assert check(derived(other, "/name")).code == "signature-mismatch"
    assert check(derived(other, "/evidence")).outcome is Outcome.PASSED  # the name is not in it


@pytest.mark.parametrize(
    ("position", "value"),
    [(0, bytes(63)), (1, bytes(35)), (2, bytes(31)), (3, [bytes(63)]), (3, 1), (4, [1]), (4, "x")],
)
def test_a_base_proof_of_other_parts_is_refused(position, value):
    header, parts = opened(SIGNED)
    parts[position] = value

    with pytest.raises(MalformedError) as refused:
        derived(closed(SIGNED, header, parts), "/name")
    assert refused.value.code == "proof-value"


def test_a_copy_is_made_of_exactly_one_base_proof():
    proof = SIGNED["proof"]
    other = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}
    for proofs in ([], [proof, proof], other, [other], {**proof, "previousProof": "urn:x:1"}, "x"):
        with pytest.raises(MalformedError) as refused:
            derived({**SIGNED, "proof": proofs}, "/name")
        assert refused.value.code == "no-proof"
    with pytest.raises(MalformedError):
        derived(bare(SIGNED), "/name")
    assert derived({**SIGNED, "proof": [other, proof]}, "/name") == derived(SIGNED, "/name")


def test_a_proof_for_selective_disclosure_leans_on_no_other():
    with pytest.raises(UnsupportedError) as refused:
        base(previous_proofs=["urn:x:1"])

    assert refused.value.code == "previous-proof"


# --- limits


def test_a_clique_of_blank_nodes_is_a_doubt_and_not_a_no_b33():
    document = copy.deepcopy(COPY)
    document["evidence"] = [{"type": ["Evidence"], "name": "same"} for _ in range(80)]

    answer = check(document)

    assert (answer.outcome, answer.code) == (Outcome.UNDECIDED, "limit-blank-nodes")
    with pytest.raises(MalformedError) as refused:
        base({**bare(document)})
    assert refused.value.code == "limit-blank-nodes"


def test_more_statements_than_we_check_are_a_doubt():
    document = sample_credential().to_document()
    tags = [f"tag {number}" for number in range(ecdsa_sd.MAX_SIGNATURES)]
    document["credentialSubject"]["achievement"]["tag"] = tags

    with pytest.raises(MalformedError) as refused:
        base(document)
    assert refused.value.code == "limit-signatures"
    header, parts = parts_of_copy()
    issued = canonicalize(to_quads(document)).issued
    labels = {number: bytes([number]) * 32 for number in range(len(issued))}
    statements = len(to_quads(document))
    parts = [parts[0], parts[1], [bytes(64)] * statements, labels, []]
    answer = check(closed({**document, "proof": COPY["proof"]}, header, parts))
    assert (answer.outcome, answer.code) == (Outcome.UNDECIDED, "limit-signatures")


def test_a_lone_surrogate_is_told_as_what_it_is():
    document = {**sample_credential().to_document(), "name": "\ud800"}

    with pytest.raises(CairnError):
        base(document)
    # Nobody has looked at it before, and it is in a statement without blank nodes, which nothing hashes.
    with pytest.raises(MalformedError) as refused:
        ecdsa_sd.sign(document, {}, KEY, mandatory_pointers=[])
    assert refused.value.code == "json-string"


def test_line_separators_inside_text_do_not_part_statements():
    document = {**sample_credential().to_document(), "name": "one\u2028two\u0085three\x0bfour"}

    answer = check(derived(base(document), "/name"))

    assert answer.outcome is Outcome.PASSED
    assert answer.document["name"] == document["name"]

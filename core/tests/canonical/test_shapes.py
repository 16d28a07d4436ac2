# SPDX-License-Identifier: Apache-2.0
"""The short way to a digest gives the digest of the full path, or none. Nothing else may ever come out."""

import copy
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from cairn.canonical import PINNED, jcs, parse_json, rdf_canonical, to_json
from cairn.canonical import shapes as shapes_module
from cairn.canonical.compiler import _is_easy_context
from cairn.canonical.gaps import SENTINEL, leaves
from cairn.canonical.plan import Budget
from cairn.canonical.shapes import Shapes
from cairn.errors import CairnError

VC = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
STATUS = {
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": "77",
    "statusListCredential": "https://harbour.example/s/1",
}


def badge(**changes):
    """A badge with nearly everything: lists, an ordered list, 14 blank nodes, a creator who is the issuer."""
    document = {
        "@context": [VC, OB],
        "id": "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Knots and Splices",
        "issuer": {"id": "https://harbour.example/i/1", "type": ["Profile"], "name": "Harbour School"},
        "validFrom": "2026-11-23T12:00:00Z",
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": "sha256$00",
                    "identityType": "emailAddress",
                    "salt": "9f",
                },
                {"type": "IdentityObject", "hashed": False, "identityHash": "Zoë", "identityType": "name"},
            ],
            "result": [
                {"type": ["Result"], "value": "3", "resultDescription": "urn:x:r1"},
                {"type": ["Result"], "value": "4", "resultDescription": "urn:x:r1"},
            ],
            "achievement": {
                "id": "https://harbour.example/a/knots",
                "type": ["Achievement"],
                "name": "Knots and Splices",
                "description": "Ties twelve knots 100 % of the time.",
                "criteria": {"narrative": "Tie each knot twice."},
                "creator": {
                    "id": "https://harbour.example/i/1",
                    "type": ["Profile"],
                    "name": "Harbour School",
                },
                "creditsAvailable": 2.5,
                "tag": ["rope", "sea", "hand"],
                "alignment": [
                    {
                        "type": ["Alignment"],
                        "targetName": f"Skill {n}",
                        "targetUrl": f"https://esco.example/{n}",
                    }
                    for n in range(3)
                ],
                "resultDescription": [
                    {
                        "id": "urn:x:r1",
                        "type": ["ResultDescription"],
                        "name": "Knots",
                        "resultType": "Status",
                        "allowedValue": ["one", "two", "three"],
                    }
                ],
            },
        },
        "credentialStatus": STATUS,
    }
    return {**document, **copy.deepcopy(changes)}


def other(number):
    """Another badge of the same shape and achievement."""
    document = copy.deepcopy(badge(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}"))
    identity = document["credentialSubject"]["identifier"][0]
    identity["identityHash"] = f"sha256${sha256(b'%d' % number).hexdigest()}"
    identity["salt"] = sha256(b"salt %d" % number).hexdigest()[:32]
    document["credentialStatus"]["statusListIndex"] = str(number)
    return document


def learn(shapes, *documents):
    for document in documents:
        shapes.glance(document).accepted()


def learned(*documents):
    """The shapes after each of the documents was accepted twice."""
    shapes = Shapes(patience=0)
    for document in documents:
        learn(shapes, document, document)
    return shapes


def in_full(document):
    try:
        return sha256(rdf_canonical(document)).digest()
    except CairnError:
        return None


def same_or_silent(shapes, document):
    """The contract; says whether the short way spoke."""
    found = shapes.glance(document).digest
    assert found is None or found == in_full(document)
    return found is not None


def places(value, path=()):
    """Every value of a document with its path, containers included."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def changed(document, path, value):
    document = copy.deepcopy(document)
    at(document, path[:-1])[path[-1]] = value
    return document


# What it knows


def test_the_second_accepted_document_of_a_shape_teaches_it():
    shapes = Shapes()
    seen = []
    for number in range(4):
        glance = shapes.glance(other(number))
        seen.append(glance.digest)
        glance.accepted()

    assert seen == [None, None, in_full(other(2)), in_full(other(3))]


def test_a_document_that_nobody_accepted_teaches_nothing():
    shapes = Shapes()
    for _ in range(5):
        assert shapes.glance(badge()).digest is None
    assert len(shapes) == 0


@pytest.mark.parametrize("first", [0, 50])
def test_known_achievements_give_the_digest_of_the_full_path(first):
    shapes = learned(other(1), other(2))
    learn(shapes, *(other(number) for number in range(first, first + 6)))

    for number in range(first + 6, first + 60):
        assert shapes.glance(other(number)).digest == in_full(other(number))


def test_the_plans_agree_with_pyld():
    loaded = {
        url: {"contextUrl": None, "documentUrl": url, "document": pin.read()} for url, pin in PINNED.items()
    }
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "base": None}
    shapes = learned(other(1), other(2))

    for number in range(20):
        text = jsonld.normalize(other(number), {**options, "documentLoader": lambda url, _: loaded[url]})
        assert shapes.glance(other(number)).digest == sha256(text.encode()).digest()


def test_key_order_and_spacing_say_nothing_b40():
    def turned(value):
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    assert learned(badge()).glance(turned(badge())).digest == in_full(badge())


def test_more_than_ten_blank_nodes_are_sorted_as_text():
    canonical = rdf_canonical(badge())

    assert canonical.index(b"\n_:c14n10 ") < canonical.index(b"\n_:c14n2 ")
    assert learned(badge()).glance(badge()).digest == sha256(canonical).digest()


def test_proof_options_have_a_shape_too():
    def options(number):
        return {
            "@context": [VC, OB],
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-rdfc-2022",
            "created": f"2026-11-23T12:00:{number:02d}Z",
            "verificationMethod": "https://harbour.example/i/1#key-1",
            "proofPurpose": "assertionMethod",
        }

    shapes = learned(options(1))

    assert shapes.glance(options(2)).digest == in_full(options(2))
    # A term under @vocab is looked up, not passed through.
    assert shapes.glance({**options(3), "proofPurpose": "authentication"}).digest is None


# Two forgeries that a first version of such a path accepted


def test_a_number_in_the_place_of_a_string_is_another_shape():
    shapes = learned(*(other(number) for number in range(6)))
    forged = changed(other(7), ("credentialStatus", "statusListIndex"), 7)

    assert shapes.glance(other(7)).digest == in_full(other(7))
    assert shapes.glance(forged).digest is None


def test_an_item_moved_into_the_list_before_is_another_shape():
    honest = {"@context": [VC], "description": [], "name": ["name"], "type": ["VerifiableCredential"]}
    forged = {**honest, "description": ["name"], "name": []}
    shapes = learned(honest)

    # The strings are the same in the same order; only the brackets between them have moved.
    assert to_json(honest).split(b'"')[1::2] == to_json(forged).split(b'"')[1::2]
    assert shapes.glance(honest).digest == in_full(honest)
    assert shapes.glance(forged).digest is None


def test_what_is_learned_later_is_what_was_accepted_whatever_became_of_it_since():
    """Whoever holds a document may go on to write into it while its shape waits to be learned."""
    shapes, waiting = Shapes(patience=0), []
    shapes.learn_by(waiting.append)
    for number in range(2):
        document = other(number)
        shapes.glance(document).accepted()
        document["credentialSubject"]["identifier"][0]["hashed"] = False
        document["credentialSubject"]["identifier"][1]["hashed"] = True
    assert len(shapes) == 0

    for work in waiting:
        work()

    assert len(shapes) == 1
    assert shapes.glance(other(2)).digest == in_full(other(2))


# Values that do not pass through JSON-LD as they are

HOSTILE = [
    "", " ", "a b", '"', "\\", "\n", "\t", "\r", "\x00", "\x01", "\x1f", "\x7f", "\x85", "\u2028", "\u2029",
    "\ufeff", "é", "e\u0301", "😀", "%", "%s", "%%", "_:b0", "_:c14n0", "@id", "@type", "@vocab", "#x", "/x",
    "relative", "id", "type", "name", "ob:x", "xsd:date", "https:", "https://", "urn:", "did:x", "HTTPS://x",
    "http://a b", "http://a<b", "http://a>b", 'http://a"b', "http://a{b", "http://a|b", "http://a\\b",
    "http://a^b", "http://a`b", "http://a\x7fb", "http://é", "javascript:1", "data:x", "mailto:a@b", "\udc80",
    "> <http://x> <http://y> .\n", "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d", SENTINEL, f"{SENTINEL}:0",
    "https://harbour.example/i/1", "https://harbour.example/a/knots", "Assertion", "VerifiableCredential",
]  # fmt: skip


@pytest.mark.parametrize("taught", ["by shape", "by achievement"])
def test_every_leaf_with_every_hostile_value_b75(taught):
    shapes = learned(badge()) if taught == "by shape" else learned(*(other(number) for number in range(6)))
    document = badge() if taught == "by shape" else other(9)
    spoke = 0
    for path, value in list(places(document)):
        if isinstance(value, str):
            for hostile in HOSTILE:
                forged = changed(document, path, hostile)
                found = shapes.glance(forged).digest
                if found is not None:
                    spoke += 1
                    assert found == in_full(forged), (path, hostile)
    assert spoke > 300


def test_every_type_and_structure_changed_b12_b75():
    shapes = learned(badge())
    learn(shapes, *(other(number) for number in range(8)))
    for path, value in list(places(badge()))[1:]:
        for swap in (
            None,
            True,
            1,
            1.0,
            77,
            [],
            {},
            [value],
            {"@value": "x"},
            {"id": "urn:x:9"},
            [[value]],
            "x",
        ):
            same_or_silent(shapes, changed(badge(), path, swap))
        removed = copy.deepcopy(badge())
        del at(removed, path[:-1])[path[-1]]
        same_or_silent(shapes, removed)
        if isinstance(value, list):
            for turned in (value[::-1], value + value[:1], value[1:], value * 2):
                same_or_silent(shapes, changed(badge(), path, turned))


def test_every_key_renamed_b75():
    shapes = learned(badge())
    for path, value in list(places(badge())):
        if isinstance(value, dict):
            for key in value:
                for name in ("x", "@id", "@type", "id", "type", "name", f"{key}s", "https://schema.org/name"):
                    forged = copy.deepcopy(badge())
                    node = at(forged, path)
                    node[name] = node.pop(key)
                    same_or_silent(shapes, forged)


@pytest.mark.parametrize(
    "iri", ["_:b0", "relative", "a b", "@id", "ob:x", "http:", "http://a\u00a0b", "http://a>b"]
)
def test_what_is_no_plain_iri_is_left_to_the_full_path_b18_b30(iri):
    forged = changed(
        badge(), ("credentialSubject", "achievement", "alignment", 0, "targetUrl"), "https://x.example"
    )
    forged = changed(forged, ("credentialSubject", "achievement", "id"), iri)

    assert learned(badge()).glance(forged).digest is None


def test_literals_are_taken_as_they_are():
    shapes = learned(badge())
    for text in ("\u2028", "\u0085", "\u2029", "% %s", "_:b0", "_:c14n1 <x> .", "relative", "@id", ""):
        document = changed(badge(), ("credentialSubject", "achievement", "description"), text)
        assert shapes.glance(document).digest == in_full(document)


def test_lines_end_at_line_feeds_only():
    """Objects that are put in order now are split from each other first; U+2028 splits nothing."""
    shapes = learned(badge())
    tags = ["rope\u2028sea", "\u0085", "a\x1cb".replace("\x1c", "\u2029")]
    document = changed(badge(), ("credentialSubject", "achievement", "tag"), tags)

    assert shapes.glance(document).digest == in_full(document)


def test_a_document_with_a_sentinel_in_it_is_left_to_the_full_path():
    shapes = learned(badge())
    document = changed(badge(), ("name",), f"{SENTINEL}:3")

    assert in_full(document) is not None
    assert shapes.glance(document).digest is None


# Nodes that are one, or alike


def test_an_id_that_describes_the_credential_or_subject_again_is_left_to_the_full_path_b31():
    with_subject = badge()
    with_subject["credentialSubject"]["id"] = "urn:x:subject"
    shapes = learned(with_subject)
    assert shapes.glance(with_subject).digest == in_full(with_subject)

    for again in ("urn:x:subject", with_subject["id"]):
        for place in (("issuer", "id"), ("credentialSubject", "achievement", "id")):
            assert shapes.glance(changed(with_subject, place, again)).digest is None
    assert shapes.glance(changed(with_subject, ("id",), "urn:x:subject")).digest is None


def test_blank_nodes_that_are_alike_are_left_to_the_full_path():
    shapes = learned(badge())
    place = ("credentialSubject", "result")
    alike = changed(badge(), place, [badge()["credentialSubject"]["result"][0]] * 2)

    assert in_full(alike) is not None
    assert shapes.glance(alike).digest is None


def test_alike_in_fixed_text_and_alike_by_value():
    """A special plan holds some hashes ready; one computed now may be equal to one of those."""
    shapes = learned(badge())

    def document(number, value):
        made = other(number)
        made["credentialSubject"]["result"][0]["value"] = value
        return made

    learn(shapes, *(document(number, str(number + 10)) for number in range(8)))
    assert shapes.glance(document(20, "30")).digest == in_full(document(20, "30"))
    assert shapes.glance(document(20, "4")).digest is None


def test_a_statement_twice_about_a_named_node_is_one_statement():
    document = changed(badge(), ("credentialSubject", "achievement", "tag"), ["sea", "sea", "hand"])

    assert learned(badge()).glance(document).digest == in_full(document)


def test_a_statement_twice_about_a_blank_node_is_left_to_the_full_path():
    def document(*allowed):
        made = badge()
        made["credentialSubject"]["achievement"]["criteria"]["narrative"] = list(allowed)
        return made

    shapes = learned(document("one", "two"))

    assert shapes.glance(document("three", "four")).digest == in_full(document("three", "four"))
    assert in_full(document("one", "one")) is not None
    assert shapes.glance(document("one", "one")).digest is None


def test_masked_lines_that_are_equal_both_count():
    """The subject leads to two results: `_:a <result> _:z` twice, and both are hashed (RDFC-1.0 §4.6)."""
    canonical = rdf_canonical(badge()).decode()

    assert sum("#result> _:" in line for line in canonical.split("\n")) == 2
    assert learned(badge()).glance(badge()).digest == in_full(badge())


# What is no plain JSON, or not easy


class Text(str):
    pass


@pytest.mark.parametrize("odd", [uuid.UUID(int=1), ("a",), Text("a"), float("nan"), 2**70, b"a"])
def test_python_values_that_only_look_like_json_are_left_to_the_full_path(odd):
    shapes = learned(badge(), changed(badge(), ("name",), ["a"]), changed(badge(), ("name",), None))

    assert shapes.glance(changed(badge(), ("name",), odd)).digest is None


def test_contained_credentials_and_languages_have_no_plan():
    languages = changed(badge(), ("name",), {"@value": "Knots", "@language": "en"})
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "proofPurpose": "assertionMethod",
    }
    secured = {**badge(), "proof": proof}
    for document in (languages, secured):
        assert in_full(document) is not None
        assert learned(document).glance(document).digest is None


def test_an_unknown_context_has_no_plan_b26():
    for contexts in ([VC, OB, "https://x.example/c"], [VC, {"x": "https://x.example/x"}]):
        document = badge(**{"@context": contexts})
        assert learned(document).glance(document).digest is None


def test_the_pinned_contexts_are_as_plans_suppose():
    """No other alias of a keyword, no term that is a scheme, none that is looked up but `proofPurpose`."""
    assert _is_easy_context(VC)
    assert _is_easy_context(OB)
    assert not [url for url in PINNED if not _is_easy_context(url) and "openbadges/v2" not in url]


# Bounds


def small(number):
    return {"@context": [VC], "id": "urn:x:1", "type": ["VerifiableCredential"], "name": ["x"] * number}


def test_the_least_used_shape_goes_first():
    shapes = Shapes(shapes=3, patience=0)
    for number in range(1, 4):
        learn(shapes, small(number), small(number))
    shapes.glance(small(1))
    learn(shapes, small(9), small(9))

    assert len(shapes) == 3
    assert shapes.glance(small(1)).digest is not None
    assert shapes.glance(small(2)).digest is None


def test_shapes_of_one_family_go_one_by_one():
    """The same keys with other types: what is forgotten takes nothing along but itself."""
    family = [{**small(1), "type": ["VerifiableCredential", kind]} for kind in ("X", "Y")]
    shapes = Shapes(patience=0)
    learn(shapes, *family, *family)
    first, second = shapes._all.values()
    assert first.place[:2] == second.place[:2]

    shapes._forget(first)
    assert list(shapes._all) == [second.place]
    assert shapes.glance(family[0]).shape is None
    assert shapes.glance(family[1]).shape is second
    shapes._forget(second)
    assert not shapes._structures


def test_families_of_one_structure_go_one_by_one():
    """Other keys in the same brackets."""
    documents = [{"@context": [VC], "type": ["VerifiableCredential"], name: "x"} for name in ("id", "name")]
    shapes = Shapes(patience=0)
    learn(shapes, *documents, *documents)
    first, second = shapes._all.values()
    assert first.place[0] == second.place[0]

    shapes._forget(first)
    assert shapes.glance(documents[0]).shape is None
    assert shapes.glance(documents[1]).shape is second
    shapes._forget(second)
    assert not shapes._structures


def test_a_shape_that_is_larger_than_all_room_is_not_kept():
    shapes = Shapes(size=1_000, patience=0)
    learn(shapes, badge(), badge(), badge())

    assert len(shapes) == 0
    assert shapes.glance(badge()).digest is None


def test_of_the_shapes_seen_once_the_oldest_is_forgotten(monkeypatch):
    monkeypatch.setattr(shapes_module, "_MAX_SEEN", 2)
    shapes = Shapes(patience=0)
    learn(shapes, small(1), small(2), small(3), small(1))
    assert len(shapes) == 0  # the first had to make room for the third

    learn(shapes, small(1))
    assert len(shapes) == 1
    assert len(shapes._seen) <= 2


def test_what_was_forgotten_since_it_was_looked_at_learns_nothing_more():
    shapes = learned(other(1), other(2))
    glance = shapes.glance(changed(other(3), ("name",), "Splices"))
    (shape,) = shapes._all.values()
    before = shape.size
    shapes._forget(shape)

    glance.accepted()
    shapes.learn(glance)

    assert shape.size == before
    assert shapes._budget._left == 32 * 1024 * 1024


@pytest.mark.parametrize(("tags", "count"), [(["rope", "sea"], 1), (["rope", "rope"], 0)])
def test_known_strings_that_make_two_statements_one_get_no_plan_of_their_own(tags, count):
    """About a blank node: its hash has counted both (RDFC-1.0 §4.6)."""

    def nameless(number):
        document = changed(other(number), ("credentialSubject", "achievement", "tag"), tags)
        del document["credentialSubject"]["achievement"]["id"]
        return document

    shapes = Shapes(patience=0)
    learn(shapes, *map(nameless, range(4)))

    (shape,) = shapes._all.values()
    assert len(shape.specials) == count
    assert same_or_silent(shapes, nameless(9)) or tags == ["rope", "rope"]


def test_a_special_plan_for_which_there_is_no_room_is_not_kept():
    shapes = learned(other(0))
    (shape,) = shapes._all.values()
    before, full = shape.size, Budget(1_000)
    shape._patience = 1  # as if every document were worth it
    values = [shape.pick([leaf.text for leaf in leaves(other(number))]) for number in (1, 2)]

    for each in values:
        shape.specialise(each, full)
    assert (shape.specials, shape.size, full._left) == ((), before, 1_000)

    shape._patience = 1
    shape.specialise(values[0], shapes._budget)
    assert len(shape.specials) == 1


def test_what_follows_from_known_strings_is_noted_with_them():
    shapes = Shapes(patience=0)
    learn(shapes, *map(other, range(6)))

    def write(glance):
        asked.append(glance)
        return len(asked)

    for documents, is_special in (
        ((badge(name="Sails"), badge(name="Oars")), False),
        ((other(7), other(8)), True),
    ):
        asked = []
        glances = list(map(shapes.glance, documents))
        assert [glance.special_note("mark", write) for glance in glances] == [1, 1]
        assert [glance.is_special for glance in glances] == [is_special] * 2
    assert shapes.glance({**badge(), "colour": "red"}).special_note("mark", write) is None


def test_what_is_known_is_in_its_place_and_the_rest_is_a_gap():
    shapes = Shapes(patience=0)
    learn(shapes, *map(other, range(6)))
    for document in (badge(name="Sails"), other(7)):
        glance = shapes.glance(document)
        gapped, sentinels = glance.gapped()
        text = to_json(gapped).decode()
        for sentinel, at in sentinels.items():
            assert text.count(f'"{sentinel}"') == 1
            text = text.replace(f'"{sentinel}"', f'"{glance.free[at]}"')
        assert json.loads(text) == document
        assert len(sentinels) == len(glance.free)


def test_bytes_are_bounded_too():
    shapes = Shapes(size=20_000, patience=0)
    for number in range(1, 30):
        learn(shapes, small(number), small(number))

    assert 0 < len(shapes) < 10
    total = sum(shape.size for shape in shapes._all.values())
    assert total + shapes._budget._left == 20_000


def test_special_plans_and_kept_orders_are_paid_for_and_given_back():
    shapes = Shapes()
    learn(shapes, *(other(number) for number in range(50)))
    assert sum(shape.size for shape in shapes._all.values()) + shapes._budget._left == 32 * 1024 * 1024

    for shape in list(shapes._all.values()):
        shapes._forget(shape)
    assert shapes._budget._left == 32 * 1024 * 1024
    assert not shapes._structures


def test_a_shape_keeps_four_special_plans_and_gives_the_others_back():
    shapes = learned(other(0))
    shape = next(iter(shapes._all.values()))
    for number in range(20):
        shape._patience = 1  # as if every second document were worth it
        values = shape.pick([leaf.text for leaf in leaves(other(number))])
        some = [f"urn:achievement:{number // 2}"] * (len(values) * 2 // 5)
        shape.specialise([*some, *values[len(some) :]], shapes._budget)

    assert len(shape.specials) == 4
    assert shape.size + shapes._budget._left == 32 * 1024 * 1024


def test_what_is_the_same_for_some_time_is_known_for_no_longer():
    """A list is awarded in parts, each at its own moment: the second part costs no more than the first."""

    def at_second(second, number):
        return changed(other(number), ("validFrom",), f"2026-11-23T12:00:{second:02d}Z")

    shapes = Shapes(patience=0)
    learn(shapes, *(at_second(0, number) for number in range(6)))
    (shape,) = shapes._all.values()
    (narrow,) = shape.specials
    shape._patience = 10**9  # so that nothing is learned by comparing with the document before

    learn(shapes, at_second(1, 6))

    (wide,) = shape.specials
    assert set(narrow.known) - set(wide.known) == {"2026-11-23T12:00:00Z"}
    for second in (0, 1, 2, 3):
        assert shapes.glance(at_second(second, 7)).is_special
        assert same_or_silent(shapes, at_second(second, 7))
    assert shape.size + shapes._budget._left == 32 * 1024 * 1024


def test_a_document_that_differs_in_much_is_of_another_kind():
    shapes = Shapes(patience=0)
    learn(shapes, *map(other, range(6)))
    (shape,) = shapes._all.values()
    (special,) = shape.specials
    shape._patience = 10**9
    few = len(special.known) // 4
    values = special.whole(special.free_gaps)

    for count in (few + 1, few):
        before = shape.specials
        others = list(values)
        for gap in list(special.known_gaps)[:count]:
            others[gap] = "urn:other"
        shape.specialise([str(each) for each in others], shapes._budget)
        assert (shape.specials is before) == (count > few)
    assert len(shape.specials) == 1


@pytest.mark.parametrize("document", [badge(name="x" * 70_000), small(600)])
def test_large_documents_are_left_to_the_full_path(document):
    assert len(learned(document)) == 0


def test_plans_are_made_now_and_then_only():
    """Whoever sends many shapes, each twice, gets no more than one plan in so many documents."""
    shapes = Shapes(patience=4)
    for number in range(1, 41):
        learn(shapes, small(number), small(number))

    assert 15 <= len(shapes) <= 21


def test_a_secured_document_has_a_digest_for_its_proof_and_one_for_itself():
    def secured(number):
        proof = {
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-rdfc-2022",
            "created": f"2026-11-23T12:00:{number:02d}Z",
            "verificationMethod": "https://harbour.example/i/1#key-1",
            "proofPurpose": "assertionMethod",
            "proofValue": f"z{number}",
        }
        return {**other(number), "proof": proof}

    shapes = learned(*map(secured, range(6)))
    document = secured(9)
    bare = {name: value for name, value in document.items() if name != "proof"}
    options = {"@context": document["@context"], **document["proof"]}
    del options["proofValue"]

    assert shapes.glance(document).digests() == (in_full(options), in_full(bare))
    # Members of a proof that the digest would not cover are another shape, never a wrong digest.
    for name in ("id", "nonce", "domain", "colour"):
        more = {**document, "proof": {**document["proof"], name: "urn:x:1"}}
        assert shapes.glance(more).digests() is None


def test_escaped_text_is_taken_where_both_forms_write_it_alike():
    shapes = learned(badge())
    for text in ("two\nlines", "tab\there", "back\\slash", "\f\b\r"):
        document = changed(badge(), ("credentialSubject", "achievement", "description"), text)
        assert shapes.glance(document).digest == in_full(document)
    for text in ('"quoted"', "\x0b", "\x7f"):
        document = changed(badge(), ("credentialSubject", "achievement", "description"), text)
        assert shapes.glance(document).digest is None


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}', b'{"a":1,"a":1}', b'{"a":1,"\\u0061":1}', b'{"a":"\\u0000"}', b'{"a":1e400}',
        b'[1]', b'"x"', b'{"a":9007199254740993}', b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", b"",
        b'{"a":"\xff"}', b'{"a":1.0}', b'{"a":"\\ud800"}', b'{"a":NaN}', b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_reading_a_known_shape_is_reading_strictly_b12(data):
    def told(read):
        try:
            return read()
        except CairnError as error:
            return error.code

    shapes = Shapes(patience=0)
    for document in ({"a": 1}, {"a": 1.0}, {"a": "x"}, {"a": 2**53 + 1}, {"a": [[[[]]]]}):
        learn(shapes, document, document)
    expected = told(lambda: parse_json(data))

    assert told(lambda: shapes.read(data).document) == expected


def test_a_shape_that_strict_reading_refuses_is_refused_every_time():
    deep = {"a": []}
    for _ in range(40):
        deep = {"a": [deep]}
    shapes = Shapes(patience=0)
    for document in ({"a": 2**53 + 1}, deep):
        learn(shapes, document, document)
        with pytest.raises(CairnError):
            shapes.read(to_json(document))


def test_the_digest_of_the_canonical_json_is_that_of_jcs():
    shapes = learned(badge(), changed(badge(), ("name",), {"\ufb33": 1, "😀": 2}), {"a": 1e-7})
    for document in (badge(), changed(badge(), ("name",), {"\ufb33": 1, "😀": 2}), {"a": 1e-7}, {"b": 1.0}):
        assert shapes.glance(document).sha256() == sha256(jcs(document)).hexdigest()


def test_a_text_that_is_walked_in_another_order_than_it_was_taken_apart_is_not_kept(monkeypatch):
    walked = shapes_module.written_order
    monkeypatch.setattr(shapes_module, "written_order", lambda document: walked(document)[::-1])
    shapes = Shapes(patience=0)

    for number in (1, 2, 3, 3, 4, 5, 5):
        glance = shapes.read(to_json(other(number)))
        assert number < 3 or glance.digest == in_full(other(number))
        glance.accepted()


def test_threads_may_share_it():
    shapes = Shapes(shapes=2)

    def look(number):
        document = other(number) if number % 3 else small(number % 7 + 1)
        glance = shapes.glance(document)
        glance.accepted()
        return glance.digest in (None, in_full(document))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look, range(300)))


# Documents nobody thought of

texts = st.one_of(st.text(max_size=12), st.sampled_from(HOSTILE))
iris = st.one_of(
    texts, st.integers(0, 3).map("https://x.example/{}".format), st.uuids().map("urn:uuid:{}".format)
)


@st.composite
def badges(draw):
    """Badges with any number of anything, so that shapes meet each other."""
    document = copy.deepcopy(badge(id=draw(iris), name=draw(texts)))
    subject = document["credentialSubject"]
    achievement = subject["achievement"]
    document["issuer"]["id"] = draw(iris)
    if draw(st.booleans()):
        subject["id"] = draw(iris)
    achievement["description"] = draw(texts)
    achievement["tag"] = draw(st.lists(texts, max_size=3))
    achievement["alignment"] = [
        {"type": ["Alignment"], "targetName": draw(texts), "targetUrl": draw(iris)}
        for _ in range(draw(st.integers(0, 2)))
    ]
    subject["result"] = [
        {"type": ["Result"], "value": draw(st.sampled_from(["1", "2"])), "resultDescription": "urn:x:r1"}
        for _ in range(draw(st.integers(0, 3)))
    ]
    return document


GROWING = Shapes(shapes=20, patience=1)


@settings(max_examples=400, deadline=None)
@given(badges())
def test_generated_badges_agree_with_the_full_path(document):
    found = GROWING.glance(document)
    expected = in_full(document)

    assert found.digest is None or found.digest == expected
    if expected is not None:
        found.accepted()


def test_it_speaks_about_documents_that_were_parsed():
    document = parse_json(to_json(badge()))

    assert learned(document).glance(document).digest == in_full(document)

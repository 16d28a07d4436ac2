# SPDX-License-Identifier: Apache-2.0
"""Every published folder, how many files it has, and which tests read it: nothing is left out unnoticed.

A test elsewhere skips when its folder is not there. This one names all folders at once, so that a folder
that came new, went missing, lost files, or is read by no test any more shows here.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

# Folder: (files without its README, the tests that read it).
READ = {
    "1edtech-contexts": (28, ["canonical/test_contexts.py"]),
    "1edtech-ob3-spec": (43, ["published/test_1edtech_ob3_spec.py", "credential/test_open_badges.py"]),
    "c2sp": (12, ["keys/test_public.py"]),
    "jcs-rfc8785": (20, ["canonical/test_jcs.py"]),
    "multibase": (5, ["keys/test_encodings.py"]),
    "openid4vp": (38, ["published/test_openid4vp.py"]),
    "sd-jwt-python": (19, ["proof/test_sd_jwt.py"]),
    "token-status-list": (21, ["status/test_token_list.py", "proof/test_status_token.py"]),
    "w3c-contexts": (31, ["canonical/test_contexts.py", "published/test_w3c_contexts.py"]),
    "w3c-json-ld-api": (2506, ["published/test_w3c_json_ld_api.py"]),
    "w3c-rdf-canon": (159, ["canonical/test_rdfc.py"]),
    "w3c-vc-di-bbs": (105, ["published/test_w3c_vc_di_bbs.py"]),
    "w3c-vc-di-ecdsa": (105, ["proof/test_data_integrity.py", "proof/test_ecdsa_sd.py"]),
    "w3c-vc-di-eddsa": (56, ["proof/test_data_integrity.py"]),
    "wycheproof": (15, ["published/test_wycheproof.py", "keys/test_public.py", "keys/test_jwk.py"]),
}
# Folder: (files, why no test of the library reads it).
NOT_READ = {
    "bbs-signature": (62, "bbs-2023 is not built"),
    "openid4vci": (24, "messages between wallets and issuers, which are no credentials"),
}
# Read by tests that may come with their own part of the library.
OTHERS = {"1edtech-schemas": 27, "blockcerts": 23}
# In folders that are read: files about what the library does not do.
UNREAD_FILES = {
    "token-status-list": {
        "tokens in CBOR, which nothing here fetches": {
            "referenced_token_cwt.md",
            "referenced_token_cwt_diag.md",
            "status_list_cwt.md",
            "status_list_cwt_diag.md",
        },
        "the same octets in diagnostic notation": {
            "status_list_encoding_cbor_diag.md",
            "status_list_encoding2_cbor_diag.md",
        },
    },
}


def files(folder):
    return sum(path.is_file() and path.name != "README.md" for path in folder.rglob("*"))


@pytest.mark.parametrize("name", [*READ, *NOT_READ, *OTHERS])
def test_a_folder_has_all_of_its_files(shared_vectors, name):
    expected = {**{key: value[0] for key, value in (READ | NOT_READ).items()}, **OTHERS}[name]
    folder = shared_vectors(name)
    # Files called README further down are the publishers' own, and count.
    own = sum(path.name == "README.md" for path in folder.rglob("*")) - 1

    assert files(folder) + own == expected


@pytest.mark.parametrize("name", list(READ))
def test_the_tests_that_read_a_folder_are_there(name):
    for test in READ[name][1]:
        text = (TESTS / test).read_text()
        # contexts are named by their paths, of which the folder is the beginning.
        assert f'shared_vectors("{name}")' in text or f'"{name}/' in text, test


def test_no_folder_came_unnoticed(shared_vectors):
    root = shared_vectors("wycheproof").parent

    assert {path.name for path in root.iterdir() if path.is_dir()} == {*READ, *NOT_READ, *OTHERS}


def test_files_that_are_left_out_are_there_to_be_left_out(shared_vectors):
    for name, reasons in UNREAD_FILES.items():
        for left_out in reasons.values():
            assert all((shared_vectors(name) / each).is_file() for each in left_out)

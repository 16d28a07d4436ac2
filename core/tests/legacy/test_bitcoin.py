# SPDX-License-Identifier: Apache-2.0
"""What a transaction says, its id, and who signed it."""

import pytest
from blockchain import address, chain_key, point, transaction, transaction_id

from cairn.errors import CairnError, UnsupportedError
from cairn.legacy.bitcoin import address_of, read_transaction

ROOT = "5c" * 32
PLAIN = transaction(ROOT)


def test_a_transaction_has_an_id_an_output_with_the_root_and_a_signer():
    found = read_transaction(PLAIN)

    assert found.id == transaction_id(PLAIN)
    assert found.writes(ROOT)
    assert not found.writes("00" * 32)
    assert found.signers == (point(chain_key()),)


def test_it_is_read_from_hex_as_explorers_give_it():
    assert read_transaction(PLAIN.hex().encode()) == read_transaction(PLAIN)


def test_a_witness_is_not_part_of_the_id():
    assert read_transaction(transaction(ROOT, witness=True)) == read_transaction(PLAIN)


def test_keys_may_be_written_in_full():
    found = read_transaction(transaction(ROOT, compressed=False))

    assert found.signers == (point(chain_key()),)


def test_one_key_that_signs_for_many_inputs_is_one_signer():
    assert read_transaction(transaction(ROOT, inputs=3)).signers == (point(chain_key()),)


def test_the_genesis_transaction_of_bitcoin_is_read_and_nobody_has_signed_it():
    genesis = bytes.fromhex(
        "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468"
        "652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261"
        "696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e0"
        "3909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000"
    )

    found = read_transaction(genesis)

    assert found.id == "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
    assert found.signers == ()


def test_b75_whatever_byte_is_changed_the_signer_or_the_id_is_lost():
    before = read_transaction(PLAIN)
    for place in range(len(PLAIN)):
        changed = PLAIN[:place] + bytes([PLAIN[place] ^ 1]) + PLAIN[place + 1 :]
        try:
            after = read_transaction(changed)
        except CairnError:
            continue
        assert after.id != before.id, place


def test_a_root_that_is_put_into_a_signed_transaction_unsigns_it():
    forged = PLAIN.replace(bytes.fromhex(ROOT), bytes.fromhex("66" * 32))

    found = read_transaction(forged)

    assert found.writes("66" * 32)
    assert found.signers == ()


def test_a_signature_for_less_than_everything_is_none():
    """SIGHASH_NONE and its like leave the outputs to whoever comes next."""
    [script] = [PLAIN[41:-90]]
    end = PLAIN.index(b"\x01\x21", 41)

    found = read_transaction(PLAIN[:end] + b"\x02" + PLAIN[end + 1 :])

    assert script
    assert found.signers == ()


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "chain-malformed"),
        (b"0", "chain-malformed"),
        (b"0g", "chain-malformed"),
        (PLAIN[:-1], "chain-malformed"),
        (PLAIN + b"\0", "chain-malformed"),
        (PLAIN[:4] + b"\xff" + b"\xff" * 8, "limit-transaction"),
        (PLAIN[:4] + b"\xfd\xff\xff", "limit-transaction"),
        (PLAIN[:4] + b"\xfe\xff\xff\xff\xff", "limit-transaction"),
        (bytes(300_000), "limit-transaction"),
        (PLAIN[:41] + b"\xfd\xff\xff", "chain-malformed"),
    ],
)
def test_what_is_no_transaction_is_refused(octets, code):
    with pytest.raises(CairnError) as error:
        read_transaction(octets)

    assert error.value.code == code


def test_long_scripts_keep_their_id():
    """Lengths above 252 are written in three bytes, above 65,535 in five."""
    for length, size in ((300, b"\xfd\x2c\x01"), (70_000, b"\xfe\x70\x11\x01\x00")):
        script = b"\x6a" * length
        plain = PLAIN[:41] + size + script + b"\xff" * 4 + PLAIN[-(4 + 8 + 35 + 8 + 26 + 1) :]

        found = read_transaction(plain)

        assert found.id == transaction_id(plain)
        assert found.signers == ()


@pytest.mark.parametrize(
    "script", [b"", b"\x02\x01", b"\x00\x01\x01", b"\x01\x01\x01\x02", b"\x02\x07\x01\x01\x05"]
)
def test_scripts_that_show_no_key_and_signature_have_no_signer(script):
    plain = PLAIN[:41] + bytes([len(script)]) + script + b"\xff" * 4 + PLAIN[-(4 + 8 + 35 + 8 + 26 + 1) :]

    assert read_transaction(plain).signers == ()


def test_addresses_are_those_of_the_network():
    assert address_of(point(chain_key()), "mainnet") == address(chain_key())
    assert address_of(point(chain_key()), "testnet") == address(chain_key(), b"\x6f")
    assert address_of(point(chain_key()), "mainnet").startswith("1")


def test_a_computer_without_the_old_hash_says_so(monkeypatch):
    """Some builds of OpenSSL have no RIPEMD-160: that is no word about the certificate."""

    def leave_out(*_arguments, **_named):
        raise ValueError("unsupported hash type ripemd160")

    monkeypatch.setattr("hashlib.new", leave_out)

    with pytest.raises(UnsupportedError) as error:
        read_transaction(PLAIN)

    assert error.value.code == "chain-unknown"

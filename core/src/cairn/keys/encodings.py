# SPDX-License-Identifier: Apache-2.0
"""Texts for bytes, each with one spelling only: base64url, base58btc, and multibase over both."""

from __future__ import annotations

from binascii import Error as BinasciiError
from binascii import a2b_base64, b2a_base64
from typing import Literal

from cairn.errors import MalformedError

BASE64URL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# What a text may end with, by how many characters are left over after the last four: nothing but the bits of
# whole bytes. One left over spells none.
_BASE64URL_ENDS = (BASE64URL, b"", BASE64URL[::16], BASE64URL[::4])
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def _split(digits: int) -> tuple[int, int, int, int]:
    """How 96 digits in lanes of so many each become lanes of half as many.

    The quotient of a lane by 58^(digits/2) is lane · reciprocal >> shift: exactly, as long as the error of
    the reciprocal, times the largest lane, stays below 2^shift. It moves to the upper half of the lane.
    """
    divisor, largest = 58 ** (digits // 2), 58**digits - 1
    shift = next(shift for shift in range(1, 12 * digits) if (-(1 << shift) % divisor) * largest < 1 << shift)
    quotient = (1 << divisor.bit_length()) - 1
    half = 6 * digits if digits > 2 else 8
    return (
        -(-(1 << shift) // divisor),
        shift,
        sum(quotient << 12 * digits * lane for lane in range(96 // digits)),
        (1 << half) - divisor,
    )


_BASE58_VALUES = {character: value for value, character in enumerate(_BASE58)}
# Base conversion in one go, for texts as long as signatures: the digits lie in a number eight bits apart, and
# each step adds up neighbours, all pairs of them at once, until one sum is left.
_BASE58_DIGITS = bytes(_BASE58.find(chr(octet)) & 0xFF for octet in range(256))
_BASE58_STEPS = [
    (sum((1 << width) - 1 << at for at in range(0, 1024, 2 * width)), width, 58 ** (width // 8))
    for width in (8, 16, 32, 64, 128, 256, 512)
]
_BASE58_SHORT = 128
# And back: three numbers of 32 digits lie in lanes of twelve bits a digit, wide enough for a product, and
# each step divides all of them at once, by multiplying. What is left after the last are digits in bytes of
# their own, two and a gap and two and a gap.
_BASE58_GROUP, _BASE58_THIRD = 58**96, 58**32
_BASE58_SPLITS = [_split(width) for width in (32, 16, 8, 4, 2)]
_BASE58_GAPS = sum(0xFF << 24 * lane + 16 for lane in range(48))
_BASE58_LETTERS = _BASE58.encode().ljust(256, b"?")
# Base conversion is quadratic. Nothing we read needs more: an RSA key of 8,192 bits has 1,411 characters.
_BASE58_LIMIT = 2048
_BASE64_LIMIT = 8 * 1024 * 1024


def base64url(octets: bytes) -> bytes:
    """RFC 4648 §5 without padding, as JOSE and multibase ``u`` want it, in ASCII."""
    # Looking for two characters is quicker than translating all, and text in ASCII has few of them.
    return b2a_base64(octets, newline=False).rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_")


def base64url_encode(octets: bytes) -> str:
    """The same as a string."""
    return base64url(octets).decode("ascii")


def base64url_decode(text: str) -> bytes:
    """The bytes that ``text`` spells, if it is the one canonical spelling (B19, B51).

    The standard library skips characters it does not know and ignores trailing bits; then one signature would
    have many spellings, and whatever is keyed by the text (digests, log leaves) could be counted twice.
    """
    return base64url_octets(text.encode("ascii", "replace"))


def base64url_octets(written: bytes) -> bytes:
    """The same for a text in ASCII."""
    if len(written) > _BASE64_LIMIT:
        raise MalformedError(
            "limit-base64url", f"a base64url text of {len(written):,} characters is too long"
        )
    # What only base64 has would pass below. A few memory scans take less time than a look at each character.
    if not written or b"+" in written or b"/" in written or b"=" in written:
        raise _no_base64url()
    over = len(written) % 4
    if over == 1:
        raise MalformedError("base64url", f"no bytes have a base64url form of {len(written)} characters")
    packed = written.replace(b"-", b"+").replace(b"_", b"/")
    try:
        octets = a2b_base64(packed + b"=" * (4 - over) if over else packed, strict_mode=True)
    except BinasciiError:
        raise _no_base64url() from None
    if written[-1] not in _BASE64URL_ENDS[over]:
        raise MalformedError("base64url", "the last character of the base64url text has stray bits")
    return octets


def _no_base64url() -> MalformedError:
    return MalformedError("base64url", "base64url has only letters, digits, '-' and '_', and at least one")


def is_base64url(text: str, also: bytes = b"") -> bool:
    """Whether the text holds no characters but those of base64url, and what is ``also`` let through."""
    return text.isascii() and not text.encode("ascii").translate(None, BASE64URL + also)


def base58btc(octets: bytes) -> bytes:
    """Bitcoin's base 58 (draft-msporny-base58-03), in ASCII; every leading zero byte is one ``1``."""
    significant = octets.lstrip(b"\0")
    number = int.from_bytes(significant, "big")
    digits = _short_digits(number % _BASE58_GROUP)
    while number >= _BASE58_GROUP:
        number //= _BASE58_GROUP
        digits = _short_digits(number % _BASE58_GROUP) + digits
    return b"1" * (len(octets) - len(significant)) + digits.lstrip(b"1")


def base58btc_encode(octets: bytes) -> str:
    """The same as a string."""
    return base58btc(octets).decode("ascii")


def _short_digits(number: int) -> bytes:
    """The 96 digits of a number, those in front included that are naught."""
    rest, low = divmod(number, _BASE58_THIRD)
    high, middle = divmod(rest, _BASE58_THIRD)
    lanes = high << 768 | middle << 384 | low
    for reciprocal, shift, quotients, move in _BASE58_SPLITS:
        lanes += (lanes * reciprocal >> shift & quotients) * move
    return (lanes | _BASE58_GAPS).to_bytes(144, "big").translate(_BASE58_LETTERS, b"\xff")


def base58btc_decode(text: str) -> bytes:
    """The bytes that ``text`` spells; every text over the alphabet spells exactly one (B20)."""
    if len(text) > _BASE58_LIMIT:
        raise MalformedError("limit-base58btc", f"a base58btc text of {len(text):,} characters is too long")
    number = _short_number(text) if len(text) <= _BASE58_SHORT else _long_number(text)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _long_number(text: str) -> int:
    number = 0
    # Ten digits fit a machine word, so only one multiplication in ten is one of long numbers.
    for start in range(0, len(text), 10):
        group = text[start : start + 10]
        value = 0
        for character in group:
            digit = _BASE58_VALUES.get(character)
            if digit is None:
                raise MalformedError("base58btc", f"{character!r} is not a base58btc character")
            value = value * 58 + digit
        number = number * 58 ** len(group) + value
    return number


def _short_number(text: str) -> int:
    """The number that at most 128 digits spell."""
    # What is not ASCII becomes a character outside the alphabet, in the same place.
    digits = text.encode("ascii", "replace").translate(_BASE58_DIGITS)
    if b"\xff" in digits:
        wrong = text[digits.index(b"\xff")]
        raise MalformedError("base58btc", f"{wrong!r} is not a base58btc character")
    number = int.from_bytes(digits, "big")
    for mask, width, power in _BASE58_STEPS:
        number = (number & mask) + (number >> width & mask) * power
    return number


def multibase_encode(octets: bytes, base: Literal["z", "u"] = "z") -> str:
    """Multibase (Controlled Identifiers 1.0 §2.4): ``z`` is base58btc, ``u`` is base64url without padding."""
    return base + (base58btc_encode(octets) if base == "z" else base64url_encode(octets))


def multibase_decode(text: str) -> bytes:
    """The bytes of a ``z`` or ``u`` multibase text; other bases are not used by our standards (B20)."""
    if text.startswith("z") and len(text) > 1:
        return base58btc_decode(text[1:])
    if text.startswith("u"):
        return base64url_decode(text[1:])
    raise MalformedError("multibase", f"a multibase text begins with 'z' or 'u', this one with {text[:1]!r}")

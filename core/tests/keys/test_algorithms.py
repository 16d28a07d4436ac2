# SPDX-License-Identifier: Apache-2.0
"""Which keys are never used: small orders, other spellings of a point, RSA keys that can be factored."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cairn.errors import MalformedError
from cairn.keys.algorithms import check_rsa_numbers, is_strict_ed25519_point

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def add(a: Point, b: Point) -> Point:
    """The addition law of RFC 8032 §5.1.4, in affine coordinates: slow, short and right."""
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def times(factor: int, point: Point) -> Point:
    result = (0, 1)
    while factor:
        if factor & 1:
            result = add(result, point)
        point, factor = add(point, point), factor >> 1
    return result


def x_of(y: int, sign: int) -> int | None:
    """Decompression (RFC 8032 §5.1.3), forgiving as the libraries of old: y mod p, x = 0 with either sign."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    return -x % P if x % 2 != sign else x


def encode(y: int, sign: int) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def small_order_points() -> set[Point]:
    order = 2**252 + 27742317777372353535851937790883648493
    found = set()
    for y in range(2, 60):
        if (x := x_of(y, 0)) is not None:
            torsion = times(order, (x, y))
            found |= {times(k, torsion) for k in range(8)}
    return found


def test_b53_every_encoding_of_every_small_order_point_is_refused() -> None:
    points = small_order_points()
    encodings = {
        encode(spelled, sign)
        for x, y in points
        for spelled in (y, y + P)
        if spelled < 2**255
        for sign in (0, 1)
        if x_of(y, sign) in (x, 0)
    }

    assert len(points) == 8
    assert len(encodings) == 14
    assert not any(map(is_strict_ed25519_point, encodings))


def test_b53_every_encoding_beyond_the_field_is_refused() -> None:
    encodings = [encode(y, sign) for y in range(P, 2**255) for sign in (0, 1)]

    assert len(encodings) == 38
    assert not any(map(is_strict_ed25519_point, encodings))


def test_honest_points_are_not_refused() -> None:
    base = (x_of(4 * pow(5, -1, P) % P, 0), 4 * pow(5, -1, P) % P)
    point = base
    for _ in range(100):
        assert is_strict_ed25519_point(encode(point[1], point[0] % 2))
        point = add(point, base)


def test_an_honest_rsa_key_passes() -> None:
    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()

    check_rsa_numbers(numbers.n, numbers.e)


def is_prime(candidate: int) -> bool:
    return all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3))


def next_prime(start: int) -> int:
    candidate = start | 1
    while not is_prime(candidate):
        candidate += 2
    return candidate


@pytest.fixture(scope="module")
def modulus() -> int:
    return next_prime(3 << 1022) * next_prime(7 << 1021)


@pytest.mark.parametrize("exponent", [-1, 0, 1, 2, 3, 17, 65535, 65536, 65538, 2**32 + 1, 2**64 + 1])
def test_b43_an_odd_rsa_exponent_of_usual_size_is_demanded(modulus: int, exponent: int) -> None:
    check_rsa_numbers(modulus, 65537)

    with pytest.raises(MalformedError) as refusal:
        check_rsa_numbers(modulus, exponent)

    assert refusal.value.code == "key-weak"


@pytest.mark.parametrize("bits", [0, 1, 512, 1024, 2047, 8193, 16384, 1_000_000])
def test_b43_an_rsa_modulus_of_2048_to_8192_bits_is_demanded(bits: int) -> None:
    with pytest.raises(MalformedError) as refusal:
        check_rsa_numbers((1 << bits) - 1, 65537)

    assert refusal.value.code == "key-length"


@pytest.mark.parametrize("factor", [2, 3, 5, 101, 167])
def test_b43_an_rsa_modulus_with_a_small_factor_is_refused(modulus: int, factor: int) -> None:
    with pytest.raises(MalformedError, match="small factor"):
        check_rsa_numbers(modulus * factor, 65537)


@pytest.mark.parametrize("distance", [0, 2, 2**500], ids=["equal", "twins", "close"])
def test_b43_close_primes_are_found_by_fermats_method(distance: int) -> None:
    first = next_prime((3 << 1022) + 12345)
    second = next_prime(first + distance)

    with pytest.raises(MalformedError, match="close together"):
        check_rsa_numbers(first * second, 65537)


def test_b43_a_roca_modulus_is_refused() -> None:
    # The shape of CVE-2017-15361: p = k·M + (65537^a mod M), with M the product of the first primes.
    product = 1
    for prime in (n for n in range(2, 168) if all(n % divisor for divisor in range(2, n))):
        product *= prime

    def roca_prime(start: int, power: int) -> int:
        candidate = start - start % product + pow(65537, power, product)
        while not is_prime(candidate):
            candidate += product
        return candidate

    weak = roca_prime(3 << 1022, 1234) * roca_prime(7 << 1021, 98765)

    with pytest.raises(MalformedError, match="ROCA"):
        check_rsa_numbers(weak, 65537)

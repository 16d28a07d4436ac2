# SPDX-License-Identifier: Apache-2.0
"""Digests of the texts that contexts have been published as, for comparing what others say of them.

In the form of Subresource Integrity. One context circulates with different white space, and one of them was
another text before it became a Recommendation (N2); every digest here belongs to bytes that the address has
answered. Nothing is processed by them: what is processed is pinned in ``contexts``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_OB = "https://purl.imsglobal.org/spec/ob/v3p0/"
_CLR = "https://purl.imsglobal.org/spec/clr/v2p0/"

PUBLISHED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "https://www.w3.org/ns/credentials/v2": frozenset(
            {
                "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ=",
                "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU",
                "sha512-XVVFK9Lc+KKfWikEc+skKxxft31OaPGgqoe6pNuiaUhS1l7GPUisBKmdlW+fcVO5QG+E0tBMdIabAsI5odgTBQ==",
                "sha256-JKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k=",
                "sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg",
                "sha512-yxM236hnDYDQM0SzsMwl+vTUUgGCPDXzm7Gv5an5EfYV/07IDsXy+J4z0U6Wvsi+eOON81uRjJzV87NEm9bIjw==",
            }
        ),
        _OB + "context-3.0.3.json": frozenset(
            {
                "sha256-PTT01O8bzmkRBuY3mL6157hiuoQUI/XuHlOrfd87yoQ=",
                "sha384-xY1z7c0sF+cBmF+RjMjGhEhfLFOZ/73crLPeV0TwkAAPJE5fhyksNTKYrM+w2JTj",
                "sha512-VWSMa0VKd3hA+UemOpzBFHCxLuyI1x/Tlxa60fHiJkGfSTXqR1uLyZDB0AQIb3xEqdFj3k+WdvzCZICnc+/AUA==",
            }
        ),
        _OB + "extensions.json": frozenset(
            {
                "sha256-FG+Fqhbv/Xyh2oBW60Q/U84eyoo0GGywYoMsCpfYicM=",
                "sha384-z1mktLGQrnmIFKtryRHALv3ikcOGrtG7Eb1aVy0esmab/YcBnplDiNtQSgmsJE1e",
                "sha512-xMJYNcy/ddGvSoqtC7yj0ie5BM9GLgx/F2ed2Q/y4nuQ+6oVw6sVJWUUcc/wdvfOo9q/0+rjN4nkpMH1qydspg==",
            }
        ),
        _CLR + "context-2.0.1.json": frozenset(
            {
                "sha256-iA8ZAtQVjy8zzgavQbkHGZd80eozep3i5B7bP/XlQ9Y=",
                "sha384-qEatkjaZxn310JMkE0xkXR4V9EKfJIhWy/HKiWd2TPh0FHbqVX3VBciR/kfiSHod",
                "sha512-oSLIySQ+U/k/B1Gn+0QH8Rh6mbZu8YYMjRA3310Ow8jZ8vyn3jgXCa85AnfIua0593ex5QW0/SbISfoKnja1xA==",
            }
        ),
        "https://www.w3.org/2018/credentials/v1": frozenset(
            {
                "sha256-q03dmlMXWIB6eaW0UFENYa6NFH6rlmzJogDAcJWwzcw=",
                "sha384-gsOz6rhjdUu/0rnxfY1tufYRafMBy/CwXh/EvrX1xR3U0uiIwnT0nD+7JAj2H67R",
                "sha512-U2pAs5DdqUqeORlsAAkPYmaOgYT+PIwCxKIshWZuaL9uhdPcfy26hbK2Lvldl94kEyVo2FBNtD8snILS6IQY0g==",
                "sha256-PQsndSLtJDhchQuYgrlohocYm483qb2fFXfjSLEBnEQ=",
                "sha384-Yu8ITIUTLFiBGfc0T6f7Bdztm0T35K/uMxuS4BMfPbRQD1RMuB9sw9RHHwRE5uEd",
                "sha512-M7WnuQb9D1Sn9wHa0dsxTbct9mzZqklNKwdTiMtz3d0c/anbKwVcuxBxsqM5C9FaxikG5l9YOOhsrXkz1k65Mg==",
            }
        ),
        _OB + "context-3.0.2.json": frozenset(
            {
                "sha256-AGZq0IC6QHaH7RhGt/XnSV9QGQQrICpyfeR8SKF1XFM=",
                "sha384-fgAKnHG+zBOzWVYEcNTRsA+NFUygUsVM3SDH3muHr1r8gqotLlcalL/3YrkVXqh0",
                "sha512-eLFELyXi7s7PTXsnTwYZ7ITM1rgeleewHlWJnVM+FDZ46fp4tMeMPjfBSoKcNlg4+jCkM3HUe2UUKTPfdY3Rmw==",
                "sha256-u6QzmJ4ecAymCDijwiN459g4GusMlZD53fhNFxTxApY=",
                "sha384-pEezHo9uhm2MbfQfZhkogjVxvQnNbNBUesL79d/KGZ9bFK4osq8rh8dNPsHT5tMt",
                "sha512-5I1nmRg5czHWVJXGghAUzD1yALKmCOAlDP0SdjmwoVhyg5yleQfen+RlFSX8jj9p3ekHaAJ49wo+KJQgLK3r7g==",
            }
        ),
        _OB + "context-3.0.1.json": frozenset(
            {
                "sha256-1YLzVkKC+ztwkTbShBLnjnC2eLTbwvAiH2fYSTJ0g1U=",
                "sha384-QQ5NeMjyNs1GuL/RbZrkmNrh/E7r7w72eb2CG4f8MzTZb2tYXd4iZHGnuizJNnGV",
                "sha512-1cn+z5CLHXQ+V/HBT0+0mo50GCYTVbfR3Bdyxq9q+n/BVeMdFUx8sX9x+TxqRT5UEjTsQGvUPyRD3wcr6axutg==",
                "sha256-z8FH21/V41dbBr1HH+BHhOkt5pKW9ko1G43/DsM3Lpw=",
                "sha384-rLjNRjXFWIXsyJ8zol3RdQd0IosjMuHkaxj0K87wQ67OSMsBRBbNCHxXYqwJE0ST",
                "sha512-3pIQdYiurQW/AQA3v2PE8aT1PRI/K300m5XdINMA0pteYhvzrriRvQQxzDX+rnhJU15LLsCW61/IDyCBWnXzow==",
            }
        ),
        _OB + "context.json": frozenset(
            {
                "sha256-sHf6E02QnZLB3NHBU/KvGyRK60FZZ/3BRn1/xd1IrBA=",
                "sha384-zHcVdFeEExngWrDZZX/hRBUKYmwfD9icDmOfWNRo7bVRNZfZ8URZMQyG7GuXW3TM",
                "sha512-bp9HiR9EWR3EMiRRNtrN2gFsG6mE+qeevdtMpp0oJzAf+/4uUTLQp1HTP9D7ljx0+nYWonGFCAJIxJrRHgNPKg==",
            }
        ),
        _OB + "context/ob_v3p0.jsonld": frozenset(
            {
                "sha256-sHf6E02QnZLB3NHBU/KvGyRK60FZZ/3BRn1/xd1IrBA=",
                "sha384-zHcVdFeEExngWrDZZX/hRBUKYmwfD9icDmOfWNRo7bVRNZfZ8URZMQyG7GuXW3TM",
                "sha512-bp9HiR9EWR3EMiRRNtrN2gFsG6mE+qeevdtMpp0oJzAf+/4uUTLQp1HTP9D7ljx0+nYWonGFCAJIxJrRHgNPKg==",
            }
        ),
        _CLR + "context.json": frozenset(
            {
                "sha256-4ZjXtRfXTFA2Q0zklQhvZ7ECRHCemj353Lf4sVebYWc=",
                "sha384-KrykFED/SqTm4q4MAIUecRCpsV9tUZVhroyD5rGk9eiUMTxytgCGcJ8D82pcZ87/",
                "sha512-2wEAwdR+Z9OwSYbo6dahwwSiTdnfqs1U0h8NaRqrDurouzsUUwc5MZmhgrcemX7FmKtHQ1RvdPgPuX4/Zmszbw==",
            }
        ),
        "https://w3id.org/security/data-integrity/v1": frozenset(
            {
                "sha256-tdgpvQmqfEKrxu+gyO12NTE7VIfzfM/OPs0UnKlBhVQ=",
                "sha384-H3tRFUwstZa4BNPu3qu3Z4x+pNNvUgFJamgdvYaNXcDLkKiDn1FCzNyR/bksWtzy",
                "sha512-xJlRvZ8+j00jH85eRXmKLTL7fvSk8aLo0vPatdEDM6FCEzmXTudxWe2uJZ/Pc8fPE28eMATe1a8lrDiYPS6Oyg==",
                "sha256-xuUHP0vUv20I8kVzbm8ywpsBKGCxhYNkSy1x4d6GJmk=",
                "sha384-rLUG6XqqUDmSEKFVkSUGyc8PKAvkBetni3AycttI51twCcptRYlP6FbZymEjSEiQ",
                "sha512-QL0Ef4mx4KHpm668ff1pGEUt8YPrMe7WmWONO6dwZwb6TxonP3ar7HzKygnSjTFimyYLc/qPwbQbkqtwsnYG3A==",
            }
        ),
        "https://w3id.org/security/data-integrity/v2": frozenset(
            {
                "sha256-Z/IebjOmwU5cz9L8eGX3R0+3GgSvfpQTbLOZ36yK6PQ=",
                "sha384-DuLXYmcX+LB81Em1JdXitx/icgn8meUwieAWndKUTXk/7qRSb8YLucyhzZZRI5H2",
                "sha512-Oc16mkBHt0uFJGQP41Yz6B6ChtFL27fnfQ4I2FCwDWo1sBhdXeNcR5uu2yOheYnZ9iislVMf3XnAxaD2Mtn6lQ==",
            }
        ),
        "https://w3id.org/security/multikey/v1": frozenset(
            {
                "sha256-uiwYLeLZL35HGEvMqPzwvq7m05hsUnv2ZMGVu8fFhZc=",
                "sha384-D6UWQdEvuMcBsuapSSVW8l0yu0r4SpbxGAjwpiO5ckNN0YqPHxhlvGjY7gRsTlo+",
                "sha512-En0TOOp/cC10XtW/aQDtqKrEQZ2lRjGB/KAsJ+BQhRBufT7s6eoOFWvP9cP5nurTl3hcRTvFeffdVJapkeELXw==",
            }
        ),
        "https://w3id.org/security/jwk/v1": frozenset(
            {
                "sha256-DxS2L2Bxqv4A3yZXcOoMdQjhGCR9ebfYYaQG0qoAvs4=",
                "sha384-di3FXOefNh47vrfTyw3bPkS44ohSYfgoMYOVnRqqM5BK9qgAUFntlkFQDqt9jdrl",
                "sha512-Dvv/hFI9cgovMx/sT77clp7i51dkwO0yXHLLVrxTnTqcZCAjyVhzWv1TV1VKsffhMRHw3Phh9ZsrwEUSbNhSEQ==",
            }
        ),
        "https://w3id.org/security/suites/ed25519-2020/v1": frozenset(
            {
                "sha256-Z2RvvA1lgq1/vwjM8NOkvtu0F3/S1jOF3lLcGwku1sU=",
                "sha384-Yv2axRB8HCp2Vn5MhfIQq17zpfI6/iyStYqIZD3DYSmV7HYpCMWrNP3kvXGsB7TP",
                "sha512-0ICfpXo8I4tA3pGufb+AzFNtYsqd9qdeCi29Dzv6zWrPakg20G9FyRcFiVDkR1IAAOBHFf4cJmG5zgS/e0gFTQ==",
                "sha256-ueGrlx/Yvyx1U+DEqUOOC5RQr94eocpbJJI2i59UlYg=",
                "sha384-CYsY9HK4Qs+nUgNk1AYqo8l4lsF6alrnLmv7UJZB5k7tlhVrNfd3EoPf06U8zXnR",
                "sha512-eWrn4mTWAEGf82G8Y9b8tPqdc1X1GqpfFd89yV4kGQDWFeqZVU9LhJgCzIKgFs4ClGUdrfCatReUmbR1wiHCig==",
            }
        ),
        "https://www.w3.org/ns/did/v1": frozenset(
            {
                "sha256-re+lAxE5PrG9eIo4rJ/iaWxlNnko9ploEs1UV3OU9No=",
                "sha384-zAm3mPG9My8w/g+qEMbFXLG0qcuuBIZdaj3c9wmbvgW56e6YLSr894KjAFpSe7q3",
                "sha512-ZEXVpVqIglPyshYTKNAxDo93ikJwjM/3suxvI+rs9vOeJBsHxSjKJWw9mO0w7ajRbWN4ihzUU5mvehST+gmDxQ==",
            }
        ),
        "https://w3id.org/openbadges/v2": frozenset(
            {
                "sha256-OTqJDX2V6zqG9fEjCWSKZMLQZ25ScOKWe1NBotzqE9I=",
                "sha384-UMTRwpWzsO0Q4MKa0ZaTwhxCm40ILPJoYSlK/cxddZcxP7RIMGDwiWVyaARdSZpi",
                "sha512-76K5BpBYdYKdbpzMPjOtCMgzdL61V77bnJTxtBCSOK6+1M8FWhzuGUu+qnCZu8vovhlYZZHv2RxQrYwbCbPd0w==",
            }
        ),
    }
)

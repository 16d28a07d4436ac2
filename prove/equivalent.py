# SPDX-License-Identifier: Apache-2.0
"""Changes of the source that change nothing, and why: a test that noticed one would test how, not what.

Each stands under its module, with the line in which it is made, what stood there and what it becomes; one
reason may serve several.
"""

from typing import Final

_BY_MODULE: Final[dict[str, dict[str, tuple[tuple[str, str, str], ...]]]] = {
    "canonical/compiler.py": {
        "a plan without gaps is settled: nothing of it is numbered": (
            ("count_of_values: int = 0,", "0", "1"),
        ),
    },
    "canonical/expansion.py": {
        "PyLD asks whether the text comes behind that of an earlier version": (
            ('"processingMode": "json-ld-1.1",', "'json-ld-1.1'", "'json-ld-1.1X'"),
        ),
        "PyLD passes it on and never looks at it": (("validate_scoped: bool = True,", "True", "False"),),
        "PyLD asks for this one only to see whether it can be made": (
            ("return process()", "return process()", "return None"),
        ),
    },
    "canonical/glance.py": {
        "there is one value for each gap": (
            ("for gap, value in zip(self.free_gaps, free, strict=True):", "True", "False"),
        ),
        "the first wait is for one document, and over when it has come": (("_waited: int = 0", "0", "1"),),
    },
    "checks/controllers.py": {
        "a document is only had under its own id, which is the name without a fragment": (
            (
                "bare = not hash_sign and name == document.id",
                "not hash_sign and name == document.id",
                "not hash_sign or name == document.id",
            ),
        ),
    },
    "checks/disclosure.py": {
        "it is asked only whether there is anything in it": (("return ()", "return ()", "return None"),),
    },
    "checks/domain.py": {
        "nothing follows in the loop": (
            (
                "continue  # one that we cannot read may be for another reader; it links nothing here",
                "continue",
                "pass",
            ),
        ),
    },
    "checks/recall.py": {
        "a badge that breaks no rule has a begin, and what no claim says is compared with nothing": (
            (
                'if facts.valid_from is not None and "nbf" in seen.claims:',
                "facts.valid_from is not None and 'nbf' in seen.claims",
                "facts.valid_from is not None or 'nbf' in seen.claims",
            ),
        ),
    },
    "checks/refreshing.py": {
        "then the id is compared in the place of the subject, and the subject in that of the id": (
            ('if part == "id":', "part == 'id'", "part != 'id'"),
        ),
        "whatever is neither issuer nor id is the subject": (
            (
                'for part in ("issuer", "id", "credentialSubject"):',
                "'credentialSubject'",
                "'credentialSubjectX'",
            ),
        ),
    },
    "checks/resources.py": {
        "it is asked only whether there are any": (("alike += 1", "1", "2"),),
    },
    "checks/rules.py": {
        "the name of a note that nobody else makes": (
            (
                'found: Finding | None = glance.note("complete", _told_of_shape)',
                "'complete'",
                "'completeX'",
            ),
        ),
    },
    "checks/trust.py": {
        "of lists that do not know the issuer, each tells the same but for its name": (
            (
                'details = {**answers[0].details, "list": named} if len(answers) > 1 else answers[0].details',
                "0",
                "1",
            ),
        ),
        "with one list, its name is what is told either way": (
            (
                'details = {**answers[0].details, "list": named} if len(answers) > 1 else answers[0].details',
                "len(answers) > 1",
                "len(answers) >= 1",
            ),
        ),
    },
    "checks/withdrawal.py": {
        "a day that never comes": (("_FAR = datetime(9999, 1, 1, tzinfo=UTC)", "1", "2"),),
        "the shifts are the same in both directions": (
            (
                "changes += (date + shift for date in dates for shift in (-CLOCK_SKEW, timedelta(0), "
                "CLOCK_SKEW))",
                "date + shift",
                "date - shift",
            ),
        ),
        "of this entry only the address and the purpose are asked": (
            ("twin = _status_list(materials, StatusEntry(SUSPENSION, 0, url), issuer, at)", "0", "1"),
        ),
    },
    "checks/holder.py": {
        "either is asked only whether there is anything in it": (("return []", "return []", "return None"),),
    },
    "proof/data_integrity.py": {
        "whether the suite is known is asked of doubts only": (
            (
                'return _Look(Answer(Outcome.PASSED, "ok", INTACT, signed, methods, details), known=True)',
                "True",
                "False",
            ),
        ),
    },
    "proof/familiar_sd_jwt.py": {
        "each list is made from the other, and zero bytes end as many claims as there are disclosures": (
            (
                'packed = b"".join([each + _FILL[left] for each, left in zip(disclosures, over, '
                "strict=True)])",
                "True",
                "False",
            ),
            ("for written, literal in zip(parts[2::4], parts[3::4], strict=True)", "True", "False"),
            (
                "return dict(zip(digests, zip(parts[1::4], values, strict=True), strict=True))",
                "True",
                "False",
            ),
        ),
    },
    "proof/moulds.py": {
        "it has to be another gap than all others, whichever": (
            ("created, value = gap(len(slots)), gap(len(slots) + 1)", "1", "2"),
        ),
        "each place has its digest": (
            (
                "for place, digest in zip(complete, sorted([told[place] for place in complete]), "
                "strict=True):",
                "True",
                "False",
            ),
        ),
    },
    "proof/jws.py": {
        "four parts are as much too many as five": (('parts = text.split(".", 3)', "3", "4"),),
        "X is a letter of base64url anyway": (
            (
                'return len(parts) == 3 and parts[0] != "" and parts[1] != "" and is_base64url(text, b".")',
                "b'.'",
                "b'.X'",
            ),
        ),
    },
    "proof/slots.py": {
        "another value of its kind is as good a sample": (
            ('"urn:{}",', "'urn:{}'", "'urn:{}X'"),
            ('TOKEN = (r"[A-Za-z0-9_-]{1,128}", "_{}", "-{}")', "'_{}'", "'_{}X'"),
        ),
    },
    "proof/template.py": {
        "what is put in the place of a signature is taken out again, however long it is": (
            (
                "_LENGTHS = {Algorithm.ED25519: 64, Algorithm.P256: 64, Algorithm.P384: 96, "
                "Algorithm.P521: 132}",
                "64",
                "65",
            ),
            ("_PLACEHOLDER = secrets.token_bytes(132)", "132", "133"),
        ),
        "any day will do, and a sample more": (
            ("_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)", "1", "2"),
            ("for number in range(3):", "3", "4"),
        ),
        "another value of its kind is as good a sample": (
            ("else kind.samples[number % len(kind.samples)].format(at + 10)", "10", "11"),
        ),
    },
    "proof/ecdsa_sd.py": {
        "that there are as many was asked before": (
            ("signature_of = dict(zip(rest, base.signatures, strict=True))", "True", "False"),
            ("for line, signature in zip(rest, derived.signatures, strict=True)", "True", "False"),
        ),
    },
    "status/bitstring.py": {
        "gzip ends with a length below 2^24, so its base64 ends in A: there is no X to be taken away": (
            (
                'bits = _gunzip(base64url_decode(text.rstrip("=").replace("+", "-")'
                '.replace("/", "_")), limit)',
                "'='",
                "'=X'",
            ),
        ),
        "how hard it is packed is a choice; unpacked it is the same": (
            (
                "compress = zlib.compressobj(level=6, wbits=31)  # 31: a gzip member, without name and time",
                "6",
                "7",
            ),
        ),
        "one octet more than the limit is as much too much as two": (
            ("bits = inflate.decompress(packed, limit + 1)", "1", "2"),
        ),
    },
    "status/token_list.py": {
        "one octet more than the limit is as much too much as two": (
            ("octets = inflate.decompress(packed, limit + 1)", "1", "2"),
        ),
    },
}

EQUIVALENT: Final = frozenset(
    (module, *change)
    for module, reasons in _BY_MODULE.items()
    for changes in reasons.values()
    for change in changes
)

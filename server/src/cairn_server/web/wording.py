# SPDX-License-Identifier: Apache-2.0
"""The sentences of a result page, by check and by what was found: tables, and no decision.

``verdict`` chooses among them. A check that is not named here is told in the library's own words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy, pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

NAMES = {
    "format": gettext_lazy("Recognised format"),
    "signature": pgettext_lazy("a check", "Signature"),
    "issuer": gettext_lazy("Issuer’s identity"),
    "trust": gettext_lazy("Issuer in your lists"),
    "status": gettext_lazy("Not revoked or suspended"),
    "period": pgettext_lazy("a check", "Dates"),
    "structure": gettext_lazy("Required fields"),
    "schema": pgettext_lazy("a check", "Schema"),
    "disclosure": gettext_lazy("Shown completely"),
    "holder": pgettext_lazy("a check", "Holder"),
    "endorsement": pgettext_lazy("a check", "What it endorses"),
    "domain": gettext_lazy("The issuer’s web address"),
    "entitlement": gettext_lazy("Right to award it"),
    "evidence": pgettext_lazy("a check", "Proof kept elsewhere"),
    "resources": gettext_lazy("Files it names"),
    "refresh": gettext_lazy("Newest copy"),
}
ORDER = (
    "signature",
    "issuer",
    "domain",
    "trust",
    "entitlement",
    "status",
    "period",
    "holder",
    "endorsement",
    "structure",
    "schema",
    "disclosure",
    "evidence",
    "resources",
    "refresh",
)

# What a line says: the finer code first, then the outcome. %(…)s are the finding's own details.
SENTENCES: dict[tuple[str, str], _StrOrPromise] = {
    ("signature", "passed"): gettext_lazy("Nothing has been changed since it was signed."),
    ("signature", "failed"): gettext_lazy(
        "It is not signed in the way that its standard asks for. We do not show the content."
    ),
    ("signature", "signature-mismatch"): gettext_lazy(
        "The signature does not match. We do not show the content."
    ),
    ("signature", "created-in-future"): gettext_lazy(
        "It says that it was signed later than now. We do not show the content."
    ),
    ("signature", "proof-expired"): gettext_lazy(
        "Its signature was only meant to count until an earlier day. We do not show the content."
    ),
    ("signature", "proof-purpose"): gettext_lazy(
        "It was signed for another purpose than to vouch for this. We do not show the content."
    ),
    ("signature", "undecided"): gettext_lazy("We could not get the issuer’s key."),
    ("signature", "no-proof"): gettext_lazy("It is not signed. We do not show the content."),
    ("signature", "token-unsigned"): gettext_lazy("It is not signed. We do not show the content."),
    ("signature", "key-revoked"): gettext_lazy(
        "It was signed with a key that the issuer has revoked. We do not show the content."
    ),
    ("signature", "key-retired"): gettext_lazy(
        "It was signed with a key that the issuer no longer uses, and nothing proves that it was signed in"
        " time."
    ),
    ("signature", "key-not-yet"): gettext_lazy(
        "It was signed with a key that was not the issuer’s yet at that time. We do not show the content."
    ),
    ("signature", "key-expired"): gettext_lazy(
        "It was signed with a key that had run out by then. We do not show the content."
    ),
    ("signature", "key-unclear"): gettext_lazy(
        "It does not say clearly which key of the issuer signed it. We do not show the content."
    ),
    ("signature", "history"): gettext_lazy("The history of the issuer’s identifier does not hold together."),
    ("issuer", "history"): gettext_lazy("The history of the issuer’s identifier does not hold together."),
    ("issuer", "webvh-witness"): gettext_lazy(
        "Too few witnesses have confirmed the history of the issuer’s identifier."
    ),
    ("issuer", "issuer-document-changed"): gettext_lazy(
        "The issuer’s web address answers with other keys than when it was looked at before."
    ),
    ("signature", "unknown-context"): gettext_lazy(
        "It uses words whose meaning we do not know, so we cannot say what was signed."
    ),
    ("signature", "limits"): gettext_lazy(
        "Checking the signature would take more work than we do for strangers."
    ),
    ("signature", "unsupported"): gettext_lazy("It is signed in a way that we cannot check yet."),
    ("signature", "proof-base"): gettext_lazy(
        "This is the holder’s own copy. Its issuer signed it so that parts of it can be kept back, and only a"
        " copy that its holder makes of it can be checked."
    ),
    ("issuer", "passed"): gettext_lazy("Signed with a key of %(domain)s."),
    ("signature", "hosted"): gettext_lazy(
        "The issuer’s website says the same today. Nothing in it is signed."
    ),
    ("signature", "hosted-unreachable"): gettext_lazy("We could not get the page that vouches for it."),
    ("signature", "hosted-page"): gettext_lazy("What stands at its address is not a badge."),
    ("signature", "hosted-address"): gettext_lazy(
        "Nothing in it is signed, and it does not say at which web address its issuer keeps it."
    ),
    ("signature", "hosted-differs"): gettext_lazy(
        "The issuer’s website says something else than this file. We do not show the content."
    ),
    ("signature", "hosted-gone"): gettext_lazy("The issuer has taken away the page that vouched for it."),
    ("signature", "hosted-revoked"): gettext_lazy("The page of its issuer says that it was revoked."),
    ("signature", "merkle"): gettext_lazy(
        "It does not fit the fingerprint that was issued. We do not show the content."
    ),
    ("signature", "merkle-uncovered"): gettext_lazy(
        "The proof does not cover everything that it says, so we do not show it."
    ),
    ("signature", "chain"): gettext_lazy(
        "It fits its own fingerprint, which anybody can make. Only the blockchain can say whose it is, and we"
        " have not looked there."
    ),
    ("signature", "chain-test"): gettext_lazy("It is a test, which was written into no blockchain."),
    ("issuer", "hosted-unreachable"): gettext_lazy("We could not get the page that vouches for it."),
    ("issuer", "chain"): gettext_lazy(
        "Only the blockchain can say who issued it, and we have not looked there."
    ),
    ("issuer", "hosted"): gettext_lazy("The page that vouches for it is the issuer’s own: %(domain)s."),
    ("issuer", "hosted-scope"): gettext_lazy(
        "The page that vouches for it is not one of those that its issuer names."
    ),
    ("issuer", "no-domain"): gettext_lazy(
        "Signed with the key that is the issuer’s identifier. No web address vouches for it."
    ),
    ("issuer", "failed"): gettext_lazy("The key does not belong to the issuer named in it."),
    ("issuer", "no-key"): gettext_lazy("No key of the issuer named in it has signed it."),
    ("issuer", "no-issuer"): gettext_lazy("It does not say who issued it."),
    ("issuer", "undecided"): gettext_lazy("We could not reach %(domain)s."),
    ("issuer", "unsupported"): gettext_lazy("We do not know how to look up the keys of this kind of issuer."),
    ("trust", "passed"): gettext_lazy("%(issuer)s is listed in %(list)s."),
    ("trust", "failed"): gettext_lazy("Unrecognised: %(issuer)s is not in a list you use."),
    ("trust", "undecided"): gettext_lazy("We could not open %(list)s."),
    ("trust", "named"): gettext_lazy("%(listed_as)s is listed in %(list)s."),
    ("trust", "accredited"): gettext_lazy("Accredited by %(accredited_by)s, who is listed in %(list)s."),
    ("trust", "trust-list-period"): gettext_lazy("%(list)s is not a list for today."),
    ("trust", "recognition-period"): gettext_lazy(
        "Unrecognised: %(list)s lists %(issuer)s for another time than today."
    ),
    ("trust", "recognised-for-other"): gettext_lazy(
        "Unrecognised: %(list)s lists %(issuer)s for other achievements than this."
    ),
    ("status", "passed"): gettext_lazy("The issuer has not withdrawn it (checked %(checked_at)s)."),
    ("status", "failed"): gettext_lazy("The status that the issuer published does not hold together."),
    ("status", "revoked"): gettext_lazy("Revoked by the issuer."),
    ("status", "suspended"): gettext_lazy("Suspended by the issuer."),
    ("status", "undecided"): gettext_lazy("We could not reach the issuer’s status list."),
    ("period", "passed"): gettext_lazy("Valid until %(valid_until)s."),
    ("period", "no-end"): gettext_lazy("It has no end date."),
    ("period", "expired"): gettext_lazy("Was valid until %(valid_until)s."),
    ("period", "not-yet-valid"): gettext_lazy("Not valid before %(valid_from)s."),
    ("period", "failed"): gettext_lazy("Its dates contradict each other."),
    ("period", "undecided"): gettext_lazy("It has no readable dates."),
    ("structure", "passed"): gettext_lazy("It has all the required fields."),
    ("structure", "failed"): gettext_lazy("These fields are missing or wrong: %(fields)s."),
    ("structure", "undecided"): gettext_lazy("We do not have the rules for this type."),
    ("structure", "unknown-context"): gettext_lazy("It uses words whose meaning we do not know."),
    ("schema", "passed"): gettext_lazy("It fits the schema that it names."),
    ("schema", "failed"): gettext_lazy("It does not fit the schema that it names."),
    ("schema", "undecided"): gettext_lazy("It names a schema of its own, which we do not open."),
    ("schema", "schema-other-kind"): gettext_lazy("It names the schema of another kind of document."),
    ("disclosure", "passed"): gettext_lazy("Nothing was left out."),
    ("disclosure", "failed"): gettext_lazy("Something is missing that may never be left out."),
    ("disclosure", "undecided"): gettext_lazy(
        "You see a part of it. Its holder may leave parts out; what you see is what was signed."
    ),
    ("disclosure", "nothing-shown"): gettext_lazy("There is no credential in it."),
    ("holder", "passed"): gettext_lazy("What you typed matches the holder."),
    ("holder", "failed"): gettext_lazy("It was not shown by the holder that is named in it."),
    ("holder", "undecided"): gettext_lazy("We could not learn whether its holder has shown it."),
    ("holder", "presented"): gettext_lazy("Its holder has signed it."),
    ("holder", "holder-not-subject"): gettext_lazy(
        "Its holder has signed it. Not everything in it is about the holder."
    ),
    ("holder", "answered"): gettext_lazy("It was made for this request, and for nobody else."),
    ("holder", "bound"): gettext_lazy("What is in it was awarded to whoever shows it."),
    ("holder", "holder-not-presenter"): gettext_lazy("What is in it was not awarded to whoever shows it."),
    ("holder", "binding-missing"): gettext_lazy("Its holder has not signed that it is shown to you."),
    ("holder", "binding-audience"): gettext_lazy("It was made for somebody else."),
    ("holder", "binding-nonce"): gettext_lazy("It was made in answer to another question."),
    ("holder", "holder-mismatch"): gettext_lazy("What you typed does not match the holder."),
    ("holder", "holder-not-comparable"): gettext_lazy(
        "It does not say who the holder is in a way that we can compare."
    ),
    ("holder", "not-signed-by-holder"): gettext_lazy(
        "Nobody has signed it as its holder, so we cannot say who shows it."
    ),
    ("endorsement", "passed"): gettext_lazy("It endorses what it stands beside."),
    ("endorsement", "failed"): gettext_lazy("It endorses something else than what it stands beside."),
    ("endorsement", "undecided"): gettext_lazy("We could not tell what it endorses."),
    ("endorsement", "not-an-endorsement"): gettext_lazy(
        "It stands where an endorsement should, and is none."
    ),
    ("domain", "passed"): gettext_lazy("%(domain)s says that this issuer belongs to it."),
    ("domain", "failed"): gettext_lazy("%(domain)s does not say that this issuer belongs to it."),
    ("domain", "undecided"): gettext_lazy("We could not ask %(domain)s whether this issuer belongs to it."),
    ("domain", "own"): gettext_lazy("The issuer’s identifier is on %(domain)s."),
    ("domain", "domain-not-claimed"): gettext_lazy("The issuer names no web address of its own."),
    ("domain", "domain-linkage"): gettext_lazy(
        "%(domain)s says that this issuer belongs to it, but in a way that does not hold."
    ),
    ("entitlement", "passed"): gettext_lazy("Whoever defined the achievement lets this issuer award it."),
    ("entitlement", "own"): gettext_lazy("The achievement is the issuer’s own."),
    ("entitlement", "entitlement-unknown"): gettext_lazy(
        "The achievement is by %(creator)s; nothing here says that this issuer may award it."
    ),
    ("entitlement", "failed"): gettext_lazy(
        "The achievement was defined by somebody else, who does not say that this issuer may award it."
    ),
    ("entitlement", "undecided"): gettext_lazy(
        "The achievement was defined by somebody else, and we could not learn whether this issuer may award"
        " it."
    ),
    ("evidence", "passed"): gettext_lazy("The proof that is kept outside this file fits it."),
    ("evidence", "failed"): gettext_lazy("The proof that is kept outside this file does not fit it."),
    ("evidence", "undecided"): gettext_lazy(
        "Part of the proof is kept outside this file, and we have not looked at it."
    ),
    ("evidence", "hosted-today"): gettext_lazy(
        "As nothing is signed, nobody can tell what the website said before, or will say."
    ),
    ("evidence", "chain-not-mined"): gettext_lazy(
        "The issuer has signed a transaction for a blockchain. Whether and when it was written there, we have"
        " not looked."
    ),
    ("evidence", "badge-page"): gettext_lazy(
        "The signature covers the award. What the badge is called, and what it stands for, is what its page"
        " says today."
    ),
    ("resources", "passed"): gettext_lazy("The files that it names are the ones that were meant."),
    ("resources", "failed"): gettext_lazy("A file that it names has been changed since."),
    ("resources", "undecided"): gettext_lazy("It names files that we have not looked at."),
    ("refresh", "passed"): gettext_lazy("The issuer has no newer copy."),
    ("refresh", "refreshed"): gettext_lazy("This is the newer copy that the issuer has put in its place."),
    ("refresh", "failed"): gettext_lazy("The issuer has a newer copy, and it does not fit this one."),
    ("refresh", "undecided"): gettext_lazy("We could not learn whether the issuer has a newer copy."),
    ("status", "status-refresh"): gettext_lazy(
        "The issuer has not withdrawn it, and says that there is a newer copy."
    ),
    ("status", "status-message"): gettext_lazy("The issuer has added a message to it."),
}

# Codes that are said with the same words; the code itself stands under "Details".
GROUPS = {
    "proof-signatures": "signature-mismatch",
    "png-crc": "signature-mismatch",
    "key-set": "key-unclear",
    "key-other": "key-unclear",
    "key-ambiguous": "key-unclear",
    "webvh-log": "history",
    "webvh-chain": "history",
    "webvh-scid": "history",
    "webvh-time": "history",
    "webvh-proof": "history",
    "webvh-rotation": "history",
    "webvh-moved": "history",
    "webvh-witness-file": "history",
    "unknown-cryptosuite": "unsupported",
    "unknown-proof-type": "unsupported",
    "unknown-algorithm": "unsupported",
    "symmetric-algorithm": "unsupported",
    "unsupported-sd-jwt": "unsupported",
    "unknown-did-method": "unsupported",
    "wrapped-token": "unsupported",
    "merkle-mixed": "unsupported",
    "merkle-hash": "merkle",
    "merkle-path": "merkle",
    "chain-transaction": "merkle",
    "chain-not-checked": "chain",
    "chain-unknown": "chain",
    "chain-key": "chain",
}

# Why a credential is not verified, to stand after "because".
REASONS: dict[tuple[str, str], _StrOrPromise] = {
    ("signature", "failed"): gettext_lazy("it is not signed in the way that its standard asks for"),
    ("signature", "signature-mismatch"): gettext_lazy("its signature does not match"),
    ("signature", "created-in-future"): gettext_lazy("it says that it was signed later than now"),
    ("signature", "proof-expired"): gettext_lazy("its signature only counted until an earlier day"),
    ("signature", "proof-purpose"): gettext_lazy("it was signed for another purpose"),
    ("signature", "no-proof"): gettext_lazy("it is not signed"),
    ("signature", "token-unsigned"): gettext_lazy("it is not signed"),
    ("signature", "hosted-differs"): gettext_lazy("its issuer’s website says something else than this file"),
    ("signature", "hosted-gone"): gettext_lazy("its issuer has taken away the page that vouched for it"),
    ("signature", "hosted-revoked"): gettext_lazy("its issuer has revoked it"),
    ("signature", "merkle"): gettext_lazy("it does not fit the fingerprint that was issued"),
    ("signature", "key-revoked"): gettext_lazy("it was signed with a key that the issuer has revoked"),
    ("signature", "key-retired"): gettext_lazy("it was signed with a key that the issuer no longer uses"),
    ("signature", "key-not-yet"): gettext_lazy("it was signed with a key that was not the issuer’s yet"),
    ("signature", "key-expired"): gettext_lazy("it was signed with a key that had run out"),
    ("signature", "key-unclear"): gettext_lazy("it does not say clearly which key signed it"),
    ("issuer", "failed"): gettext_lazy("the key does not belong to the issuer named in it"),
    ("issuer", "no-key"): gettext_lazy("no key of the issuer named in it has signed it"),
    ("issuer", "no-issuer"): gettext_lazy("it does not say who issued it"),
    ("status", "revoked"): gettext_lazy("the issuer has revoked it"),
    ("status", "suspended"): gettext_lazy("the issuer has suspended it"),
    ("status", "failed"): gettext_lazy("the status that its issuer published does not hold together"),
    ("structure", "failed"): gettext_lazy("required fields are missing or wrong"),
    ("holder", "failed"): gettext_lazy("it was not shown by the holder that is named in it"),
    ("holder", "holder-mismatch"): gettext_lazy("what you typed does not match the holder"),
    ("issuer", "hosted-scope"): gettext_lazy("the page that vouches for it is not one of the issuer’s"),
    ("endorsement", "failed"): gettext_lazy("it endorses something else"),
    ("disclosure", "failed"): gettext_lazy("something is missing that may never be left out"),
    ("schema", "failed"): gettext_lazy("it does not fit the schema that it names"),
    ("evidence", "failed"): gettext_lazy("the proof that is kept outside it does not fit it"),
    ("resources", "failed"): gettext_lazy("a file that it names has been changed"),
}

ADVICE: dict[tuple[str, str], _StrOrPromise] = {
    ("signature", "failed"): gettext_lazy("Ask the issuer for a new copy."),
    ("signature", "signature-mismatch"): gettext_lazy(
        "Ask for the original file, or ask the issuer for a new copy."
        " Some programs change a file when they save it."
    ),
    ("signature", "key-retired"): gettext_lazy("Ask the issuer for a new copy."),
    ("signature", "history"): gettext_lazy("Tell the issuer: only they can mend it."),
    ("issuer", "history"): gettext_lazy("Tell the issuer: only they can mend it."),
    ("issuer", "issuer-document-changed"): gettext_lazy(
        "Ask the organisation that you think awarded it, by telephone or by post."
    ),
    ("signature", "undecided"): gettext_lazy("Try again later."),
    ("signature", "proof-base"): gettext_lazy(
        "Is it yours? Bring it into your wallet, which checks it and shows copies of it. If somebody sent it"
        " to you, ask them for a copy and delete this: with it anybody can show everything that is in it."
    ),
    ("issuer", "failed"): gettext_lazy("Ask the organisation that you think awarded it."),
    ("issuer", "undecided"): gettext_lazy("Try again later."),
    ("status", "revoked"): gettext_lazy("Ask the issuer if you think that this is a mistake."),
    ("status", "suspended"): gettext_lazy("A suspension can end. Ask the issuer, or check again later."),
    ("status", "undecided"): gettext_lazy("Try again later."),
    ("period", "expired"): gettext_lazy("It is still authentic: expiry does not undo the achievement."),
    ("structure", "failed"): gettext_lazy("Ask the issuer for a corrected copy."),
    ("trust", "failed"): gettext_lazy(
        "No list knows everybody. Look at who the issuer is, and decide for yourself."
    ),
    ("trust", "undecided"): gettext_lazy("Try again later."),
    ("schema", "failed"): gettext_lazy("Ask the issuer for a corrected copy."),
    ("disclosure", "undecided"): gettext_lazy("If you need more of it, ask the person who sent it."),
    ("disclosure", "nothing-shown"): gettext_lazy("Ask the person who sent it for the credential."),
    ("disclosure", "failed"): gettext_lazy("Ask the person who sent it for a complete copy."),
    ("holder", "failed"): gettext_lazy("Ask the person to show it again from their own wallet."),
    ("holder", "undecided"): gettext_lazy("Ask the person to show it from their own wallet."),
    ("holder", "holder-mismatch"): gettext_lazy(
        "People have more than one address. Ask the person which one it was given to."
    ),
    ("holder", "holder-not-comparable"): gettext_lazy("Ask the person for another proof of who they are."),
    ("evidence", "hosted-today"): gettext_lazy(
        "If you need more than today, ask the issuer for a signed copy."
    ),
    ("evidence", "badge-page"): gettext_lazy(
        "Ask the issuer for a newer copy, in which all of it is signed."
    ),
    ("trust", "trust-list-period"): gettext_lazy("Ask whoever keeps the list for a newer one."),
    ("domain", "failed"): gettext_lazy("Ask the organisation that you think awarded it."),
    ("domain", "domain-not-claimed"): gettext_lazy(
        "Nothing but its key says who it is. Ask the organisation that you think awarded it."
    ),
    ("domain", "undecided"): gettext_lazy("Try again later."),
    ("entitlement", "failed"): gettext_lazy("Ask whoever defined the achievement whom they let award it."),
    ("entitlement", "undecided"): gettext_lazy("If it matters to you, ask whoever defined the achievement."),
    ("evidence", "failed"): gettext_lazy("Ask the issuer for a new copy."),
    ("evidence", "undecided"): gettext_lazy("Ask the issuer how to look it up, if that matters to you."),
    ("resources", "failed"): gettext_lazy("Do not rely on that file. Ask the issuer which one is meant."),
    ("resources", "undecided"): gettext_lazy("Open such a file only if you know where it comes from."),
    ("refresh", "failed"): gettext_lazy("Ask the issuer for a new copy."),
    ("refresh", "undecided"): gettext_lazy("Try again later."),
    ("status", "status-refresh"): gettext_lazy("Ask the holder for the newer copy."),
}

DETAIL_NAMES = {
    "domain": gettext_lazy("Web address"),
    "issuer": gettext_lazy("Issuer’s identifier"),
    "key": gettext_lazy("Key"),
    "cryptosuite": gettext_lazy("Kind of signature"),
    "algorithm": gettext_lazy("Algorithm"),
    "list_url": gettext_lazy("Status list"),
    "checked_at": gettext_lazy("Checked"),
    "valid_from": gettext_lazy("Valid from"),
    "valid_until": gettext_lazy("Valid until"),
    "fields": gettext_lazy("Fields"),
    "rule": gettext_lazy("Rule"),
    "schemas": gettext_lazy("Schema"),
    "list": gettext_lazy("List"),
    "publisher": gettext_lazy("Publisher of the list"),
    "since": gettext_lazy("Listed since"),
    "until": gettext_lazy("Listed until"),
    "accredited_by": gettext_lazy("Accredited by"),
    "creator": gettext_lazy("The achievement is by"),
    "claimed": gettext_lazy("Web site named by the issuer"),
}

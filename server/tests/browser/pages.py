# SPDX-License-Identifier: Apache-2.0
"""Every page that a browser can open, by the name of its address, and how to come to the others."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from server.tests import nested

from cairn.status import StatusEntry
from cairn.testing import NOON, sample_credential, signed_sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.tests.browser.running import Visitor

    # What the addresses below have in braces.
    Desk = dict[str, str]

COLLEAGUE = "colleague@people.example"
INVITED = "invited@people.example"

# Who looks, and where. A second state of the same page has a word after a comma.
PAGES: dict[str, dict[str, str]] = {
    "stranger": {
        "home": "/",
        "verify": "/verify",
        "credential": "/c/{genuine}",
        "credential, suspended": "/c/{suspended}",
        "credential, revoked": "/c/{revoked}",
        "credential, on a day": "/c/{genuine}?at=2020-01-01",
        "credential, absent": "/c/AAAAAAAAAAAAAAAAAAAAAA",
        "catalogue": "/catalogue",
        "catalogue, none found": "/catalogue?q=juggling",
        "portfolio": "/p/mara-stone",
        "public-credential": "/h/{held}",
        "shown": "{secret}",
        "achievement": "/a/{version}",
        "achievement-versions": "/a/{version}/versions",
        "issuer": "/i/{organisation}",
        "help": "/help",
        "privacy": "/privacy",
        "terms": "/terms",
        "imprint": "/imprint",
        "styleguide": "/styleguide/",
        "not found": "/nowhere",
        "account_login": "/account/login/",
        "account_signup": "/account/signup/",
        "account_request_login_code": "/account/login/code/",
        "account_reset_password": "/account/password/reset/",
        "account_password_reset_completed": "/account/password/reset/done/",
        "account_inactive": "/account/inactive/",
        "invitation": "{invitation}",
        "invitation, over": "/invitation/over",
        "openapi-view": "/api/v1/docs",
        "interaction, over": "/interactions/AAAAAAAAAAAAAAAAAAAAAA",
        "claim": "{claim}",
        "asked, over": "/r/AAAAAAAAAAAAAAAAAAAAAA",
        "presentation, over": "/shown/AAAAAAAAAAAAAAAAAAAAAA",
    },
    "colleague": {
        "wallet, empty": "/wallet",
        "wallet-looks, nobody": "/wallet/looks",
        "earn, nothing": "/earn",
        "earn-start": "/earn/start/{kiln}",
        "courses, none": "/organisations/{fresh}/courses",
        "assessments, none": "/organisations/{fresh}/assessments",
        "questions, none": "/organisations/{fresh}/questions",
        "projects, none": "/organisations/{fresh}/projects",
        "meetings, none": "/organisations/{fresh}/meetings",
        "grants, none": "/organisations/{fresh}/places",
        "grant-new, nothing published": "/organisations/{fresh}/places/new",
        "approvals, nobody": "/organisations/{fresh}/approvals",
        "wallet-collections, none": "/wallet/collections",
        "portfolio-edit, not begun": "/wallet/portfolio",
        "organisation, as an issuer": "{base}/",
        "organisation-settings, forbidden": "{base}/settings",
        "account_set_password": "/account/password/set/",
        "mfa_activate_totp": "/account/2fa/totp/activate/",
        "mfa_add_webauthn": "/account/2fa/webauthn/add/",
        "organisation, first steps": "/organisations/{fresh}/",
        "achievements, none": "/organisations/{fresh}/achievements",
        "credentials, none": "/organisations/{fresh}/credentials",
        "award, nothing published": "/organisations/{fresh}/award",
        "organisation-tokens, none": "/organisations/{fresh}/tokens",
        "organisation-keys, no identity yet": "/organisations/{fresh}/keys",
        "key-rotate": "/organisations/{fresh}/keys/rotate",
        "key-revoke": "/organisations/{fresh}/keys/key-1/revoke",
    },
    "owner": {
        "account": "/account/",
        "account-data": "/account/data",
        "account-delete": "/account/delete",
        "account-join": "/account/join",
        "account-letters": "/account/letters",
        "connected-sites": "/account/sites",
        "host-connect": "/account/hosts/connect",
        "wallet-answer": "/wallet/{own}/answer",
        "account_email": "/account/email/",
        "account_logout": "/account/logout/",
        "mfa_index": "/account/2fa/",
        "mfa_list_webauthn": "/account/2fa/webauthn/",
        "usersessions_list": "/account/sessions/",
        "wallet": "/wallet",
        "wallet, none found": "/wallet?q=juggling",
        "wallet-bring": "/wallet/bring",
        "wallet-credential": "/wallet/held/{held}",
        "wallet-share": "/wallet/held/{held}/share",
        "wallet-collections": "/wallet/collections",
        "wallet-collection": "/wallet/collections/{collection}",
        "collection-share": "/wallet/collections/{collection}/share",
        "wallet-looks": "/wallet/looks",
        "wallet-present": "/wallet/present",
        "wallet-presented": "/wallet/presented",
        "request-answer": "/wallet/answer",
        "ask": "/ask",
        "ask-new": "/ask/new",
        "earn": "/earn",
        "earning": "/earn/{enrolment}",
        "earn-unit": "/earn/{enrolment}/units/{earned_unit}",
        "attend": "/attend",
        "attend-code": "/attend/BCDFGHJK",
        "portfolio-edit": "/wallet/portfolio",
        "organisations": "/organisations/",
        "organisation-new": "/organisations/new",
        "organisation": "{base}/",
        "organisation-settings": "{base}/settings",
        "organisation-certificate": "{base}/certificate",
        "organisation-keys": "{base}/keys",
        "key-rotate, not possible": "{base}/keys/rotate",
        "letters": "{base}/letters",
        "letter-edit": "{base}/letters/awarded",
        "webhooks": "{base}/webhooks",
        "webhook-new": "{base}/webhooks/new",
        "organisation-journal": "{base}/journal",
        "organisation-hand-over": "{base}/hand-over",
        "organisation-leave": "{base}/leave",
        "organisation-close": "{base}/close",
        "organisation-tokens": "{base}/tokens",
        "token-new": "{base}/tokens/new",
        "token-revoke": "{base}/tokens/{token}/revoke",
        "organisation-members": "{base}/members",
        "member-invite": "{base}/members/invite",
        "member-roles": "{base}/members/{person}/roles",
        "member-remove": "{base}/members/{person}/remove",
        "achievements": "{base}/achievements",
        "achievement-new": "{base}/achievements/new",
        "achievement-detail": "{base}/achievements/{version}",
        "achievement-edit": "{base}/achievements/{draft}/edit",
        "achievement-picture": "{base}/achievements/{draft}/picture",
        "achievement-publish": "{base}/achievements/{draft}/publish",
        "achievement-new-version": "{base}/achievements/{achievement}/new-version",
        "achievement-archive": "{base}/achievements/{achievement}/archive",
        "achievement-cost": "{base}/achievements/{achievement}/cost",
        "earning-plan": "{base}/achievements/{draft}/earning",
        "earning-plan, without": "{base}/achievements/{version}/earning",
        "earning-plan, published": "{base}/achievements/{kiln}/earning",
        "requirement-add": "{base}/achievements/{draft}/earning/{requirement}/add?kind=holding",
        "requirement-edit": "{base}/achievements/{draft}/earning/{requirement}",
        "learning": "{base}/learning",
        "assessments": "{base}/assessments",
        "assessments, none found": "{base}/assessments?q=juggling",
        "assessment-new": "{base}/assessments/new",
        "assessment": "{base}/assessments/{assessment}",
        "assessment-edit": "{base}/assessments/{assessment}/edit",
        "assessment-version": "{base}/assessments/{assessment}/versions/1",
        "questions": "{base}/questions",
        "question-group": "{base}/questions/groups/{group}",
        "question-new": "{base}/questions/groups/{group}/new/single",
        "question-new, a short text": "{base}/questions/groups/{group}/new/short",
        "question-edit": "{base}/questions/{question}",
        "projects": "{base}/projects",
        "project-new": "{base}/projects/new",
        "project": "{base}/projects/{project}",
        "project-edit": "{base}/projects/{project}/edit",
        "reviews, nothing": "{base}/reviews",
        "courses": "{base}/courses",
        "course": "{base}/courses/{course}",
        "unit-new": "{base}/courses/{course}/units/new",
        "unit": "{base}/courses/{course}/units/{unit}",
        "meetings": "{base}/meetings",
        "meeting": "{base}/meetings/{meeting}",
        "grants": "{base}/places",
        "grant-new": "{base}/places/new",
        "grant": "{base}/places/{grant}",
        "approvals": "{base}/approvals",
        "award": "{base}/award",
        "award-list": "{base}/award/list",
        "batches": "{base}/batches",
        "batch": "{base}/batches/{batch}",
        "batch-rows": "{base}/batches/{batch}/rows",
        "batch-mend": "{base}/batches/{batch}/mend",
        "list-columns": "{base}/batches/{waiting}/columns",
        "credentials": "{base}/credentials",
        "credentials, none found": "{base}/credentials?q=nobody",
        "credential-detail": "{base}/credentials/{genuine}",
        "credential-revoke": "{base}/credentials/{genuine}/revoke",
        "credential-suspend": "{base}/credentials/{genuine}/suspend",
        "credential-reinstate": "{base}/credentials/{suspended}/reinstate",
        "credential-replace": "{base}/credentials/{genuine}/replace",
        "credentials-change": "{base}/credentials/change",
        "standing-acts": "{base}/changes",
        "standing-act": "{base}/changes/{act}",
        "renewals": "{base}/renewals",
        "renewal-rule": "{base}/achievements/{achievement}/renewal",
        "analytics": "{base}/figures",
        "wallet-renew": "/wallet/{own}/renew",
        "wallet-put": "/wallet/{own}/put",
        "dev-mail": "/dev/mail/",
        "dev-mail-message": "{mail}",
    },
}

# What the server says of those that are not simply there.
STATUS = {
    "credential, absent": 404,
    "not found": 404,
    "invitation, over": 410,
    "interaction, over": 404,
    "asked, over": 404,
    "presentation, over": 404,
    "organisation-settings, forbidden": 403,
}

# Addresses that show nothing to read: machine forms, pictures, what is only posted to …
NOTHING_TO_READ = {
    "oauth-metadata", "oauth-register", "oauth-token", "oauth-revoke",
    "ob3-discovery", "ob3-credentials", "ob3-profile",
    "badge-connect", "badge-connect-assertions", "badge-connect-profile",
    "connected-site-out", "host-callback",
    "credential-certificate", "organisation-certificate-preview",
    "credential-newest", "credential-renew",
    "credential-shared", "credential-token", "wallet-token",
    "earn-file", "earn-leave", "evidence-file", "attempt-answer",
    "assessment-act", "project-act", "review-seat",
    # Only for somebody in the middle of it: test_assessing.py goes there and looks.
    "assessment-take", "attempt", "attempt-hand-in", "attempt-result",
    "project-work", "review", "answer-mark",
    "wallet-accept", "wallet-file", "shown-file", "oembed",
    "public-file", "public-card", "portfolio-pdf", "portfolio-card",
    "batch-act", "batch-problems", "webhook-act", "key-again", "metrics", "mail-reports",
    "installation-did-document", "verify-report",
    "healthz", "favicon", "robots", "security-txt", "did-document", "status-list", "suspension-list",
    "token-status-list", "vct-open-badge",
    "credential-file", "credential-check", "achievement-json", "achievement-image", "issuer-json",
    "issuer-image", "language", "organisation-logo", "achievement-picture-preview",
    "achievement-picture-stored", "invitation-withdraw", "credential-send-again", "openapi-json",
    "presentation-file", "presentation-request-object", "presentation-response",
    "exchange", "exchange-bare", "oid4vci-issuer", "oid4vci-issuer-draft", "oid4vci-server",
    "oid4vci-server-slash", "oid4vci-server-draft", "oid4vci-offer", "oid4vci-token", "oid4vci-nonce",
    "oid4vci-credential", "oid4vci-notification",
    "api-root", "api-nothing-here", "mfa_download_recovery_codes", "mfa_login_webauthn",
}  # fmt: skip
# … and steps of allauth that only somebody halfway through a sign-in, or with a second factor, gets to see.
ON_THE_WAY = {
    # For somebody whom another site sent, and where another host is connected: test_connecting.py looks at
    # the first, and the suite of hosts at the other.
    "oauth-authorize",
    "host",
    # For some minutes: the answers below look at it.
    "wallet-offer",
    # Of a request that was made; the suite of presenting looks at it in each of its states.
    "ask-request",
    # Only where somebody waits for an award; its own suite looks at it.
    "approval",
    # Only where a holder has asked for a renewal; its own suite looks at it.
    "renewal-request",
    # Only between two owners who change a key, where a receiver is entered, and in a reminder's letter;
    # their own suites look at them.
    "keys-alone", "key-change-confirm", "key-change-withdraw",
    "webhook", "webhook-edit", "webhook-remove", "reminders-stop",
    "account_email_verification_sent", "account_confirm_login_code", "account_confirm_password_reset_code",
    "account_complete_password_reset", "account_change_password", "account_reauthenticate",
    "mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_deactivate_totp",
    "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_remove_webauthn", "mfa_edit_webauthn",
}  # fmt: skip


def address(name: str, who: str, desk: Desk) -> str:
    return PAGES[who][name].format(**desk)


def furnish(owner: Visitor, colleague: Visitor) -> Desk:
    """Make what the demonstration lacks: a draft, a list, a token, an invitation, a colleague.

    The colleague also has an organisation of their own, in which nothing has happened yet.
    """
    genuine, _, own, suspended, _, revoked = (each.rpartition("/")[2] for each in owner.site.credentials)
    desk = {"genuine": genuine, "own": own, "suspended": suspended, "revoked": revoked}

    owner.open("/organisations/")
    owner.page.locator("main h2 a").first.click()
    desk["organisation"] = _part(owner.page.url, -2)
    desk["base"] = base = f"/organisations/{desk['organisation']}"

    owner.open(f"{base}/achievements/new")
    owner.fill(name="Second firing", description="Fires stoneware.", criteria="Fire **one** kiln.")
    owner.press("Save as a draft")
    desk["draft"] = _part(owner.page.url, -2)

    owner.open(f"{base}/achievements?state=published")
    owner.page.locator("main h2 a").last.click()
    desk["version"] = _part(owner.page.url, -1)
    desk["achievement"] = _part(owner.link("/archive"), -2)

    _bring_list(owner, desk, "email,name\nann@people.example,Ann\n")
    owner.press("Award 1 credential")
    desk["batch"] = _part(owner.page.url, -1)
    owner.open(f"{base}/award/list")
    owner.fill(text="email,name,when\nann@people.example,Ann,03/04/2026\n")
    owner.press("Go on")
    desk["waiting"] = _part(owner.page.url, -2)

    owner.open(f"{base}/changes")
    act = str(owner.page.locator("main table a").first.get_attribute("href"))
    desk["act"] = _part(act, -1)

    _teach(owner, desk)
    _assess(owner, desk)
    _show(owner, desk)
    desk["claim"] = _award_letter(owner, desk)
    make_token(owner, desk)
    owner.open(f"{base}/tokens")
    desk["token"] = _part(owner.link("/revoke"), -2)

    _invite(owner, desk, COLLEAGUE)
    colleague.sign_up(COLLEAGUE)
    colleague.open(_invitation(colleague, COLLEAGUE))
    colleague.press("Join")
    colleague.open("/organisations/new")
    colleague.fill(name="Fresh Start")
    colleague.press("Create organisation")
    desk["fresh"] = _part(colleague.page.url, -2)
    _invite(owner, desk, INVITED)
    desk["invitation"] = _invitation(owner, INVITED)
    desk["mail"] = "/dev/mail/" + _part(owner.page.url, -1)
    owner.open(f"{base}/members")
    desk["person"] = _part(owner.link("/remove"), -2)
    return desk


def _teach(owner: Visitor, desk: Desk) -> None:
    """A code in a room, places for somebody, and a start with what the demonstration lets one earn."""
    base = desk["base"]
    owner.open(f"{base}/achievements/{desk['draft']}/earning")
    owner.press("Let people earn it")
    desk["requirement"] = _requirement(owner)
    owner.open(f"{base}/courses")
    owner.page.locator("main h2 a").first.click()
    desk["course"] = _part(owner.page.url, -1)
    desk["unit"] = _part(str(owner.page.locator("main ol.rows a").first.get_attribute("href")), -1)
    owner.open(f"{base}/meetings")
    owner.page.locator("main h2 a").first.click()
    desk["meeting"] = _part(owner.page.url, -1)
    owner.press("Show it")
    owner.open(f"{base}/places/new")
    owner.page.get_by_label("By a list of e-mail addresses").check()
    owner.fill(emails="ann@people.example")
    owner.press("Give them")
    desk["grant"] = _part(owner.page.url, -1)
    owner.open("/catalogue?cost=free")
    # By its name: other tests may have made more on the same site.
    owner.page.get_by_role("link", name="Kiln safety: first steps").first.click()
    desk["kiln"] = _part(owner.page.url, -1)
    owner.press("Start")
    owner.fill(name="Mara Lindqvist")
    owner.press("Start")
    desk["enrolment"] = _part(owner.page.url, -1)
    unit = owner.page.locator("main a[href*='/units/']").first
    desk["earned_unit"] = _part(str(unit.get_attribute("href")), -1)


def _assess(owner: Visitor, desk: Desk) -> None:
    """A question, an assessment that asks it, and a project."""
    base = desk["base"]
    owner.open(f"{base}/questions")
    owner.fill(name="Clay")
    owner.press("Make it")
    desk["group"] = _part(owner.page.url, -1)
    owner.press("A number")
    owner.fill(text="How far does it shrink, in per cent?", value="12.5")
    owner.press("Save")
    desk["question"] = _part(str(owner.page.locator("main h2 a").first.get_attribute("href")), -1)
    owner.open(f"{base}/assessments/new")
    owner.fill(name="Clay")
    owner.page.get_by_label("Questions of “Clay”").fill("1")
    owner.press("Save as a draft")
    owner.press("Publish")
    desk["assessment"] = _part(owner.page.url, -1)
    owner.open(f"{base}/projects/new")
    owner.fill(name="Six bowls", brief="Throw **six bowls**.", **{"c0-name": "Even walls"})
    owner.press("Save as a draft")
    owner.press("Publish")
    desk["project"] = _part(owner.page.url, -1)


def _requirement(owner: Visitor) -> str:
    """The root of the tree that is on the page."""
    form = owner.page.locator("main form[method=get]").first
    return _part(str(form.get_attribute("action")), -2)


def _show(owner: Visitor, desk: Desk) -> None:
    """Put a credential into a collection and on a portfolio, and show both to others."""
    owner.open("/wallet")
    if owner.page.get_by_role("button", name="Accept it").count():
        owner.press("Accept it")
    owner.open(str(owner.page.locator("main .tile h2 a").first.get_attribute("href")))
    desk["held"] = _part(owner.page.url, -1)
    owner.fill(new="For an application")
    owner.press("Put it in")
    found = owner.page.get_by_role("main").get_by_role("link", name="For an application").first
    desk["collection"] = _part(str(found.get_attribute("href")), -1)
    owner.open(f"/wallet/collections/{desk['collection']}/share")
    owner.fill(name="Acme")
    owner.press("Make a secret link")
    desk["secret"] = "/l/" + _part(owner.page.locator("main code").first.inner_text(), -1)
    owner.open(f"/wallet/held/{desk['held']}/share")
    owner.page.get_by_label("Everybody, at an address of its own.").check()
    owner.press("Save")
    owner.open("/wallet/portfolio")
    owner.fill(handle="mara-stone", name="Mara Stone")
    owner.press("Begin")
    owner.open(f"/wallet/held/{desk['held']}/share")
    owner.press("Put it on my portfolio")
    owner.press("Make it public")


def _award_letter(owner: Visitor, desk: Desk) -> str:
    """The link of a letter that nobody has answered."""
    owner.open(f"{desk['base']}/award")
    owner.fill(name="Cleo Claimant", email="cleo@people.example")
    owner.press("Preview")
    owner.press("Award")
    link = re.search(r"/claim/\S+", owner.mail("cleo@people.example", "has awarded you"))
    assert link is not None
    return link[0]


def _part(address: str, number: int) -> str:
    return address.split("/")[number]


def _invite(owner: Visitor, desk: Desk, email: str) -> None:
    owner.open(f"{desk['base']}/members/invite")
    owner.fill(email=email)
    owner.tick("issuer")
    owner.press("Invite")


def _invitation(visitor: Visitor, email: str) -> str:
    link = re.search(r"/invitation/\S+", visitor.mail(email, "You are invited"))
    assert link is not None
    return link[0]


# Pages that answer something: who asks, and how.


def make_token(owner: Visitor, desk: Desk) -> None:
    owner.open(f"{desk['base']}/tokens/new")
    owner.fill(name="Learning system")
    owner.tick("awards:read")
    owner.press("Make token")


def _verify(document: bytes) -> Callable[[Visitor, Desk], None]:
    def bring(visitor: Visitor, desk: Desk) -> None:
        visitor.bring("badge.json", document)

    return bring


def _verify_ours(which: str) -> Callable[[Visitor, Desk], None]:
    def bring(visitor: Visitor, desk: Desk) -> None:
        visitor.bring("badge.json", visitor.download(f"/c/{desk[which]}.json"))

    return bring


def _award(**fields: str) -> Callable[[Visitor, Desk], None]:
    def bring(owner: Visitor, desk: Desk) -> None:
        owner.open(f"{desk['base']}/award")
        owner.page.locator("main summary").click()
        owner.fill(**fields)
        owner.press("Preview")

    return bring


def _bring_list(owner: Visitor, desk: Desk, rows: str) -> None:
    owner.open(f"{desk['base']}/award/list")
    owner.fill(text=rows)
    owner.press("Go on")
    owner.press("Check the list")


def _award_list(rows: str) -> Callable[[Visitor, Desk], None]:
    def bring(owner: Visitor, desk: Desk) -> None:
        _bring_list(owner, desk, rows)

    return bring


def _submit(path: str, button: str, *before: str, **fields: str) -> Callable[[Visitor, Desk], None]:
    def bring(visitor: Visitor, desk: Desk) -> None:
        visitor.open(path.format(**desk))
        for name in before:
            visitor.press(name)
        visitor.fill(**fields)
        visitor.press(button)

    return bring


def _offer_to_a_wallet(visitor: Visitor, desk: Desk) -> None:
    visitor.open(f"/wallet/{desk['own']}/put")
    visitor.press("Show the QR code")
    for summary in visitor.page.locator("main summary").all():
        summary.click()


def _scanned_by_a_camera(visitor: Visitor, desk: Desk) -> None:
    _offer_to_a_wallet(visitor, desk)
    visitor.open(f"/interactions/{_part(visitor.page.url, -1)}?iuv=1")


def _offer_stopped(visitor: Visitor, desk: Desk) -> None:
    _offer_to_a_wallet(visitor, desk)
    visitor.press("Stop: somebody else may have seen it")


def _all_details(visitor: Visitor, desk: Desk) -> None:
    visitor.open(f"/c/{desk['revoked']}")
    for summary in visitor.page.locator("main summary").all():
        summary.click()


def _verify_several(visitor: Visitor, desk: Desk) -> None:
    """A table with an answer of each kind, and one of them opened."""
    kept = [visitor.download(f"/c/{desk[which]}.json") for which in ("genuine", "revoked", "suspended")]
    several = [*kept, signed_sample(_EXPIRED, at=_LAST_WEEK), _CHANGED, _UNDECIDED, b"a screenshot"]
    visitor.bring_several({f"badge-{number}.json": data for number, data in enumerate(several)})
    visitor.page.get_by_role("main").get_by_role("link", name="badge-3.json").click()


def _verify_inside(visitor: Visitor, desk: Desk) -> None:
    """A record with a genuine and a changed credential inside, all of it unfolded."""
    visitor.bring("record.json", nested.record(at=_LAST_WEEK))
    for summary in visitor.page.locator("main .part > details > summary").all():
        summary.click()


def _verify_whose(visitor: Visitor, desk: Desk) -> None:
    visitor.open("/verify")
    visitor.page.get_by_text("Is it about the person you think?").click()
    visitor.fill(holder="nobody@people.example", text=signed_sample(_EXPIRED, at=_LAST_WEEK).decode())
    visitor.press("Check it")


def _verify_receipt(visitor: Visitor, desk: Desk) -> None:
    visitor.bring("badge.json", visitor.download(f"/c/{desk['revoked']}.json"))
    with visitor.page.expect_download() as kept:
        visitor.page.get_by_role("button", name="Download the signed receipt").click()
    visitor.bring("receipt.json", kept.value.path().read_bytes())


_LAST_WEEK = NOON - timedelta(days=7)
_EXPIRED = sample_credential(valid_from=_LAST_WEEK, valid_until=_LAST_WEEK + timedelta(days=1))
# An address that the verifier may not even try.
_OUT_OF_REACH = sample_credential(
    valid_from=_LAST_WEEK, status=StatusEntry("revocation", 7, "https://127.0.0.1/s/1")
)
_UNDECIDED = signed_sample(_OUT_OF_REACH, at=_LAST_WEEK)
_CHANGED = signed_sample(at=_LAST_WEEK, credential=_EXPIRED).replace(b"Knots", b"Knotz")

ANSWERS: dict[str, tuple[str, Callable[[Visitor, Desk], None]]] = {
    "verified": ("stranger", _verify_ours("genuine")),
    "verified with remarks": ("stranger", _verify(signed_sample(_EXPIRED, at=_LAST_WEEK))),
    "not verified, revoked": ("stranger", _verify_ours("revoked")),
    "not verified, changed": ("stranger", _verify(_CHANGED)),
    "could not check": ("stranger", _verify(_UNDECIDED)),
    "several at once": ("stranger", _verify_several),
    "with others inside": ("stranger", _verify_inside),
    "a receipt": ("stranger", _verify_receipt),
    "of another person": ("stranger", _verify_whose),
    "cannot be read": ("stranger", _verify(b"a screenshot")),
    "nothing brought": ("stranger", _submit("/verify", "Check it")),
    "every detail of a credential": ("stranger", _all_details),
    "wrong password": (
        "stranger",
        _submit("/account/login/", "Sign in", login="nobody@people.example", password="guess"),
    ),
    "code asked for": ("stranger", _submit("/account/login/code/", "E-mail me a code", email=INVITED)),
    "award previewed": (
        "owner",
        _award(name="Ada Lovelace", email="ada@people.example", narrative="Six *bowls*.", grade="Pass"),
    ),
    "award with mistakes": ("owner", _award(email="ada")),
    "list checked": ("owner", _award_list("email;name;grade\nbo@people.example;Bo;1\n")),
    "list whose columns are unknown": ("owner", _award_list("Adresse,Wer\na@b.example,A\n")),
    "list with mistakes": ("owner", _award_list("email,name,x\nann@,Ann,1\nbo@people.example,,2\n")),
    "token made": ("owner", make_token),
    "achievement without a name": (
        "owner",
        _submit("{base}/achievements/new", "Save as a draft", "Add a skill"),
    ),
    "achievement, criteria previewed": (
        "owner",
        _submit(
            "{base}/achievements/{draft}/edit", "Preview", criteria="## Show\n\n- [this](https://a.example)"
        ),
    ),
    "picture too faint": (
        "owner",
        _submit("{base}/achievements/{draft}/picture", "Use this picture", colour="#eeeeee"),
    ),
    "revoked without a reason": ("owner", _submit("{base}/credentials/{genuine}/revoke", "Revoke")),
    "invited without a role": ("owner", _submit("{base}/members/invite", "Invite", email="a@b.example")),
    "saved": ("owner", _submit("{base}/settings", "Save")),
    "offered to a wallet": ("owner", _offer_to_a_wallet),
    "offer stopped": ("owner", _offer_stopped),
    "interaction in a browser": ("owner", _scanned_by_a_camera),
}

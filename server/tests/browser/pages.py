# SPDX-License-Identifier: Apache-2.0
"""Every page that a browser can open, by the name of its address; and the desk that they are about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.tests.browser.running import Visitor

COLLEAGUE = "colleague@people.example"
LIST = "email,name\n=cmd,Ann\nbo@people.example,Bo\nbo@people.example,Bo\n"


@dataclass
class Desk:
    """Where the pages of the demonstration are, once its owner has been busy for a minute."""

    organisation: str = ""
    addresses: dict[str, str] = field(default_factory=dict)


def furnish(owner: Visitor, colleague: Visitor) -> Desk:
    """Make one of everything: a draft, a list, an invitation, a token, a colleague."""
    genuine, _, _, suspended, _, revoked = owner.site.credentials
    ids = {name: address.rpartition("/")[2] for name, address in
           {"genuine": genuine, "suspended": suspended, "revoked": revoked}.items()}  # fmt: skip
    owner.open("/organisations/")
    owner.page.locator("main h2 a").first.click()
    base = re.sub(r"^https?://[^/]+|/$", "", owner.page.url)
    found = Desk(base)

    owner.open(f"{base}/achievements/new")
    owner.fill(name="Second firing", description="Fires stoneware.", criteria="Fire **one** kiln.")
    owner.press("Save as a draft")
    draft = re.search(r"/achievements/([^/]+)/picture", owner.page.url)
    assert draft is not None

    owner.open(f"{base}/achievements")
    owner.page.locator("main h2 a").last.click()
    published = owner.page.url.rpartition("/")[2]
    achievement = owner.page.locator("main a[href$='/archive']").get_attribute("href").split("/")[-2]

    owner.open(f"{base}/award/list")
    owner.fill(text="email,name\nann@people.example,Ann\n")
    owner.press("Check the list")
    owner.press("Award 1 credential")
    batch = owner.page.url.rpartition("/")[2]

    owner.open(f"{base}/tokens/new")
    owner.fill(name="Learning system")
    owner.page.locator("main input[type=checkbox]").first.check()
    owner.page.locator("main form button[type=submit]").last.click()
    owner.open(f"{base}/tokens")
    token = owner.page.locator("main a[href$='/revoke']").first.get_attribute("href")

    invite(owner, base, COLLEAGUE)
    colleague.sign_up(COLLEAGUE)
    colleague.open(invitation_link(colleague, COLLEAGUE))
    colleague.press("Join")
    invite(owner, base, "new@people.example")
    invitation = invitation_link(owner, "new@people.example")
    owner.open(f"{base}/members")
    person = owner.page.locator("main a[href$='/remove']").first.get_attribute("href").split("/")[-2]

    owner.open("/dev/mail/")
    message = owner.page.locator("main li a").first.get_attribute("href")

    found.addresses = {
        "home": "/",
        "verify": "/verify",
        "credential": f"/c/{ids['genuine']}",
        "credential, suspended": f"/c/{ids['suspended']}",
        "credential, revoked": f"/c/{ids['revoked']}",
        "credential, absent": "/c/AAAAAAAAAAAAAAAAAAAAAA",
        "achievement": f"/a/{published}",
        "issuer": base.replace("/organisations/", "/i/"),
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
        "invitation": invitation,
        "invitation, over": "/invitation/over",
        "dev-mail": "/dev/mail/",
        "dev-mail-message": message,
        "account": "/account/",
        "account-data": "/account/data",
        "account-delete": "/account/delete",
        "account_email": "/account/email/",
        "account_set_password": "/account/password/set/",
        "mfa_index": "/account/2fa/",
        "mfa_list_webauthn": "/account/2fa/webauthn/",
        "usersessions_list": "/account/sessions/",
        "account_logout": "/account/logout/",
        "wallet": "/wallet",
        "organisations": "/organisations/",
        "organisation-new": "/organisations/new",
        "organisation": f"{base}/",
        "organisation-settings": f"{base}/settings",
        "organisation-keys": f"{base}/keys",
        "organisation-journal": f"{base}/journal",
        "organisation-hand-over": f"{base}/hand-over",
        "organisation-leave": f"{base}/leave",
        "organisation-close": f"{base}/close",
        "organisation-tokens": f"{base}/tokens",
        "token-new": f"{base}/tokens/new",
        "token-revoke": token,
        "organisation-members": f"{base}/members",
        "member-invite": f"{base}/members/invite",
        "member-roles": f"{base}/members/{person}/roles",
        "member-remove": f"{base}/members/{person}/remove",
        "achievements": f"{base}/achievements",
        "achievement-new": f"{base}/achievements/new",
        "achievement-detail": f"{base}/achievements/{published}",
        "achievement-edit": f"{base}/achievements/{draft[1]}/edit",
        "achievement-picture": f"{base}/achievements/{draft[1]}/picture",
        "achievement-publish": f"{base}/achievements/{draft[1]}/publish",
        "achievement-new-version": f"{base}/achievements/{achievement}/new-version",
        "achievement-archive": f"{base}/achievements/{achievement}/archive",
        "award": f"{base}/award",
        "award-list": f"{base}/award/list",
        "batch": f"{base}/batches/{batch}",
        "credentials": f"{base}/credentials",
        "credential-detail": f"{base}/credentials/{ids['genuine']}",
        "credential-revoke": f"{base}/credentials/{ids['genuine']}/revoke",
        "credential-suspend": f"{base}/credentials/{ids['genuine']}/suspend",
        "credential-reinstate": f"{base}/credentials/{ids['suspended']}/reinstate",
    }  # fmt: skip
    return found


def invite(owner: Visitor, base: str, email: str) -> None:
    owner.open(f"{base}/members/invite")
    owner.fill(email=email)
    owner.page.locator("main input[type=checkbox][value=issuer]").check()
    owner.press("Invite")


def invitation_link(visitor: Visitor, email: str) -> str:
    link = re.search(r"/invitation/\S+", visitor.mail(email, "You are invited"))
    assert link is not None
    return link[0]

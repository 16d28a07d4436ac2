# SPDX-License-Identifier: Apache-2.0
"""Every address for people; ``/c``, ``/a``, ``/i`` answer machines too. The rest for them: ``api/urls``."""

from __future__ import annotations

from django.urls import include, path, register_converter

from cairn_server.wallets import portfolio as wallet_portfolio
from cairn_server.web import (
    achievement,
    asking,
    catalogue,
    certificate,
    claim,
    credential,
    home,
    issuer,
    language,
    pages,
    portfolio,
    presenting,
    putting,
    reminders,
    report,
    sharing_aids,
    showing,
    styleguide,
    verify,
    versions,
)


class PublicId:
    """128 random bits as URL-safe base64. Anything else under these paths is no address of ours (B151)."""

    regex = r"[A-Za-z0-9_-]{22}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class Suffix(PublicId):
    """The forms of a credential that are files."""

    regex = "|".join(credential.SUFFIXES)


class Handle(PublicId):
    """The name in the address of a portfolio, in its one spelling."""

    regex = wallet_portfolio.HANDLE.pattern


register_converter(PublicId, "public_id")
register_converter(Handle, "handle")
register_converter(Suffix, "suffix")

urlpatterns = [
    path("", home.home, name="home"),
    path("verify", verify.verify, name="verify"),
    path("verify/report", report.download, name="verify-report"),
    path("c/<public_id:credential_id>", credential.credential, name="credential"),
    path("c/<public_id:credential_id>.<suffix:suffix>", credential.file, name="credential-file"),
    path("c/<public_id:credential_id>.pdf", certificate.certificate, name="credential-certificate"),
    path("c/<public_id:credential_id>/check", credential.check, name="credential-check"),
    path("c/<public_id:credential_id>/shared", credential.shared, name="credential-shared"),
    path("c/<public_id:credential_id>/newest", credential.newest, name="credential-newest"),
    path("a/<public_id:version_id>", achievement.achievement, name="achievement"),
    path("a/<public_id:version_id>.json", achievement.document, name="achievement-json"),
    path("a/<public_id:version_id>/versions", versions.versions, name="achievement-versions"),
    path("a/<public_id:version_id>/image.png", achievement.image, name="achievement-image"),
    path("i/<public_id:organisation_id>", issuer.issuer, name="issuer"),
    path("i/<public_id:organisation_id>.json", issuer.document, name="issuer-json"),
    path("i/<public_id:organisation_id>/image.png", issuer.image, name="issuer-image"),
    path("interactions/<public_id:secret>", putting.interaction, name="interaction"),
    path("catalogue", catalogue.catalogue_page, name="catalogue"),
    path("p/<handle:handle>", portfolio.page, name="portfolio"),
    path("p/<handle:handle>.pdf", portfolio.pdf, name="portfolio-pdf"),
    path("p/<handle:handle>/card.png", sharing_aids.portfolio_card, name="portfolio-card"),
    path("h/<public_id:held_id>", showing.public, name="public-credential"),
    path("h/<public_id:held_id>/file", showing.public_file, name="public-file"),
    path("h/<public_id:held_id>/card.png", sharing_aids.public_card, name="public-card"),
    path("l/<public_id:token>", showing.shown, name="shown"),
    path("l/<public_id:token>/<public_id:held_id>", showing.shown_file, name="shown-file"),
    path("r/<public_id:secret>", asking.asked, name="asked"),
    path("shown/<public_id:token>", presenting.shown, name="presentation"),
    path("shown/<public_id:token>/file", presenting.shown_file, name="presentation-file"),
    path("oembed", sharing_aids.oembed, name="oembed"),
    path("help", pages.page, {"name": "help"}, name="help"),
    path("privacy", pages.page, {"name": "privacy"}, name="privacy"),
    path("terms", pages.page, {"name": "terms"}, name="terms"),
    path("imprint", pages.page, {"name": "imprint"}, name="imprint"),
    path("claim/<public_id:secret>", claim.claim, name="claim"),
    path("reminders/<public_id:letter>/stop", reminders.stop, name="reminders-stop"),
    path("language", language.choose, name="language"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("", include("cairn_server.web.urls_desk")),
]

# SPDX-License-Identifier: Apache-2.0
"""The addresses of OpenID4VCI. They are named in the metadata and in offers, never by hand."""

from __future__ import annotations

from django.urls import path

from cairn_server.api.openid4vci import metadata, views

_ISSUER = "oid4vci/<random_id:organisation_id>"
_SERVER = ".well-known/oauth-authorization-server"

urlpatterns = [
    path(f".well-known/openid-credential-issuer/{_ISSUER}", metadata.issuer, name="oid4vci-issuer"),
    path(f"{_ISSUER}/.well-known/openid-credential-issuer", metadata.issuer, name="oid4vci-issuer-draft"),
    path(f"{_SERVER}/{_ISSUER}", metadata.authorization_server, name="oid4vci-server"),
    path(f"{_SERVER}/{_ISSUER}/", metadata.authorization_server, name="oid4vci-server-slash"),
    path(f"{_ISSUER}/{_SERVER}", metadata.authorization_server, name="oid4vci-server-draft"),
    path("oid4vci/offers/<random_id:secret>", views.offer, name="oid4vci-offer"),
    path(f"{_ISSUER}/token", views.token, name="oid4vci-token"),
    path(f"{_ISSUER}/nonce", views.nonce, name="oid4vci-nonce"),
    path(f"{_ISSUER}/credential", views.credential, name="oid4vci-credential"),
    path(f"{_ISSUER}/notification", views.notification, name="oid4vci-notification"),
]

# SPDX-License-Identifier: Apache-2.0
"""Credentials that move between this server and other sites, because their holder said so.

As host: another site asks for rights (``Client``), the learner gives some (``Consent``), and it reads or adds
credentials with tokens of django-oauth-toolkit. As client: the learner lets this server in elsewhere
(``Connection``), and it fetches and sends credentials there.
"""

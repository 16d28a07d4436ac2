# SPDX-License-Identifier: Apache-2.0
"""Issuing to wallets over OpenID4VCI 1.0: the pre-authorised code flow, and what older wallets send instead.

Plain views, because wallets differ in single bytes. What they do is in ``issuing.offering``.
"""

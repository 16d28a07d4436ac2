# SPDX-License-Identifier: Apache-2.0
"""Showing credentials to somebody who asks, and asking: what is shown, for whom, in answer to what.

dcql.py        what is asked for, as the query language of OpenID4VP says it          pure
openid4vp.py   the request: written, signed, read                                     pure
judging.py     the answer: every presentation in it before the verifier               pure
services.py    to ask, and to take one answer
showing.py     to show what one holds: all of it or a part, to one reader
answering.py   to answer somebody's request out of one's own wallet
"""

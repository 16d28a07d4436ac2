# SPDX-License-Identifier: Apache-2.0
"""VC-API for outside conformance suites: a development-only face of the library, never of this server.

It is mounted only with ``CAIRN_VC_API=1`` in development, ``serve`` refuses to start with it, and its keys
are its own. Everything in it is judged and signed under the named policy ``w3c-test-suite``, which no other
address and no default can reach (N1): the positive inputs of the W3C suites break rules that hold for
everybody else.

    instances   one issuer for each securing mechanism and curve, each with its did:key
    requests    a body in, an answer or a refusal out
    lists       the status list of the status instance
    views       the calls themselves
"""

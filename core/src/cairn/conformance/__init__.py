# SPDX-License-Identifier: Apache-2.0
"""For outside test suites alone: what they ask of an issuer and a verifier, under a policy with a name.

The positive inputs of the W3C suites break rules that we never relax for anybody: their issuers do not own
the keys, their dates are long past, their contexts give every word a meaning or are written into the document
(N1). So here, and only here, that is let through. Nothing in the library uses this package, no default leads
to it, and every function of it wants its policy named.

    policy     what is relaxed, and where keys are found
    rules      the shape of credentials, presentations and envelopes; data loss; related resources
    issuing    signing what a suite sends, or refusing it
    judging    the findings on what a suite sends back
    tokens     JOSE, SD-JWT and COSE, for credentials and presentations
    command    ``cairn conformance issue | verify``, as the JOSE and COSE suite calls it
    resolving  did:key resolution with its error codes
"""

from cairn.conformance.policy import W3C_TEST_SUITE, Policy

__all__ = ["W3C_TEST_SUITE", "Policy"]

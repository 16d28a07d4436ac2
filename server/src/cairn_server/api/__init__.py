# SPDX-License-Identifier: Apache-2.0
"""HTTP for machines: the REST interface, status lists, DID documents, and problems in one shape."""

# SPDX-License-Identifier: Apache-2.0
"""The Cairn server: design, award, keep and verify micro-credentials."""

# SPDX-License-Identifier: Apache-2.0
"""HTML for people: one module per area, and nothing below it has ever seen a request."""

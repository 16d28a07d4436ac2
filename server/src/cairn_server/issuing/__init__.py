# SPDX-License-Identifier: Apache-2.0
"""Awards: signed credentials, their status lists, lists of recipients, and the post."""

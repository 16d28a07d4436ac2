# SPDX-License-Identifier: Apache-2.0
"""What can be earned: achievements, their frozen versions, and how they look."""

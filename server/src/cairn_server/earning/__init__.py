# SPDX-License-Identifier: Apache-2.0
"""From wanting it to having it: what an achievement takes, and who is on the way."""

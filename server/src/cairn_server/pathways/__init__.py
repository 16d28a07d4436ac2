# SPDX-License-Identifier: Apache-2.0
"""How credentials add up: pathways by rules that anyone can check, and the credentials awarded by them."""

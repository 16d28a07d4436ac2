# SPDX-License-Identifier: Apache-2.0
"""Rates of Cairn as ratios: to the physical limit and to the best peer, both taken in the same run."""

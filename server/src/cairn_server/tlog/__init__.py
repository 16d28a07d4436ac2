# SPDX-License-Identifier: Apache-2.0
"""Leaves that wait for the public log."""

# SPDX-License-Identifier: Apache-2.0
"""Credentials a person holds, from us or from anyone."""

# SPDX-License-Identifier: Apache-2.0
"""The first name of ``recover``, which stands in people's notes."""

from cairn_server.config.management.commands.recover import Command

__all__ = ["Command"]

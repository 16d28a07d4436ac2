# SPDX-License-Identifier: Apache-2.0
"""How a language writes days and moments (``FORMAT_MODULE_PATH``); the rest is Django's."""

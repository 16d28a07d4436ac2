# SPDX-License-Identifier: Apache-2.0
"""Changes of the source that change nothing, and why: a test that noticed one would test how, not what.

The key is the module, what stands there and what it becomes, as ``prove.mutation`` prints them.
"""

from typing import Final

EQUIVALENT: Final[dict[tuple[str, str, str], str]] = {}

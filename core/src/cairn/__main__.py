# SPDX-License-Identifier: Apache-2.0
"""``python -m cairn`` is the command line."""

import sys

from cairn.cli import main

if __name__ == "__main__":
    sys.exit(main())

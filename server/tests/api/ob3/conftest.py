# SPDX-License-Identifier: Apache-2.0
from server.tests.portability.conftest import campus, connected, keep, lena, site

__all__ = ["campus", "connected", "keep", "lena", "site"]

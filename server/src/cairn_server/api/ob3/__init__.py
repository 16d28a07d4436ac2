# SPDX-License-Identifier: Apache-2.0
"""The Open Badges 3.0 API, as host: other sites read and add credentials, as far as their holder agreed."""

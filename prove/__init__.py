# SPDX-License-Identifier: Apache-2.0
"""Long campaigns that try to break a promise, each with a control that shows it could have failed."""

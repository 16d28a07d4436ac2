# SPDX-License-Identifier: Apache-2.0
"""Questions, assessments that draw from them, and attempts: asked, answered, marked on the server."""

# SPDX-License-Identifier: Apache-2.0
"""Projects: a brief, evidence, a rubric, reviewers who are not the author, and appeals."""

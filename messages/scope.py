# SPDX-License-Identifier: Apache-2.0
"""Which sentences have to be there in every language: those on a page or in a letter for learners.

Named here is what is not: the desk of issuers, which is in English so far, and what machines and operators
read. A new file is for learners until it says otherwise here, so that none is forgotten.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# The pages below /organisations/ and what they need, the invitation to one, and letters to who works there.
DESK = (
    *("achievements/changes.py", "achievements/pictures.py", "achievements/services.py"),
    *("achievements/uploads.py", "assessments/authoring.py"),
    *(
        "earning/demo.py",
        "earning/duties.py",
        "earning/granting.py",
        "earning/plans.py",
        "earning/teaching.py",
    ),
    *("issuing/analytics.py", "issuing/as_token.py", "issuing/batches.py", "issuing/chunks/*"),
    *("issuing/frames.py", "issuing/incoming.py", "issuing/lists/*", "issuing/receiving.py"),
    *("issuing/reissue.py", "issuing/replacing.py", "issuing/returned.py"),
    *("issuing/standing.py", "issuing/wording.py"),
    *(
        "journal/*",
        "organisations/*",
        "pathways/rules/forms.py",
        "projects/authoring.py",
        "projects/reviewing.py",
        "webhooks/*",
    ),
    *("web/achievements.py", "web/analytics.py", "web/approvals.py", "web/assessments.py", "web/batch.py"),
    *("web/credentials.py", "web/issuing.py", "web/journal.py", "web/keys.py", "web/letters.py"),
    *("web/lists.py", "web/members.py", "web/organisation.py", "web/pictures.py", "web/places.py"),
    *("web/plans.py", "web/projects.py", "web/questions.py", "web/replacing.py", "web/reviews.py"),
    *("web/standing.py", "web/teaching.py", "web/tokens.py", "web/webhooks.py"),
    *("web/templates/achievements/*", "web/templates/analytics/*", "web/templates/credentials/*"),
    *(f"web/templates/assessments/{name}.html" for name in ("bank", "detail", "edit", "group", "index")),
    *("web/templates/assessments/question.html", "web/templates/assessments/version.html"),
    *(f"web/templates/earning/{name}.html" for name in ("_editor", "cost", "plan", "requirement")),
    *(f"web/templates/projects/{name}.html" for name in ("detail", "edit", "index")),
    *("web/templates/reviews/*", "web/templates/teaching/*"),
    *("web/templates/issuing/*", "web/templates/letters/*", "web/templates/members/*"),
    *("web/templates/organisation/*", "web/templates/standing/*", "web/templates/webhooks/*"),
    *("web/templates/renewals/index.html", "web/templates/renewals/answer.html"),
    "web/templates/renewals/rule.html",
)
# What programs, developers and operators read.
OTHERS = (
    "api/*",
    *("config/env.py", "config/key_care.py", "config/lock.py", "config/logs.py", "config/settings.py"),
    *("web/styleguide.py", "web/templates/styleguide/*", "web/templates/dev_mail/*"),
)


def is_for_learners(files: Iterable[str]) -> bool:
    return not all(any(fnmatch(name, each) for each in (*DESK, *OTHERS)) for name in files)

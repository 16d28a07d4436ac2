# SPDX-License-Identifier: Apache-2.0
"""The WSGI application, for ``cairn-server`` and for any other WSGI server."""

import os

from cairn_server.config.sqlite import use_safe_sqlite

use_safe_sqlite()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cairn_server.config.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402

from cairn_server.config import signer  # noqa: E402
from cairn_server.config.arrival import whole  # noqa: E402

application = whole(get_wsgi_application())
# Whatever started this, it serves people: it asks the signer, and never looks for a key itself.
signer.never_open_keys()

"""The web application, for any WSGI server. `python -m portal.serve` is ours."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

from portal.safety import refuse_unsafe_start  # noqa: E402  (reads the database, so after Django is set up)

refuse_unsafe_start()

"""The web application, for any WSGI server. `python -m portal.serve` is ours."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402

from portal.safety import refuse_unsafe_start  # noqa: E402  (reads the database, so after Django is set up)

refuse_unsafe_start()
application = get_wsgi_application()

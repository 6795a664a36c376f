"""The settings of the app, with the floor's own page and what a request took for those that ask."""

from servicedesk.settings import *  # noqa: F403
from servicedesk.settings import BASE_DIR, MIDDLEWARE, TEMPLATES

ROOT_URLCONF = "bench.urls"
MIDDLEWARE = ["bench.views.measured", *MIDDLEWARE]
TEMPLATES[0]["DIRS"].append(BASE_DIR / "bench" / "templates")

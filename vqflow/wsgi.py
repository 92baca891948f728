import gc
import logging
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from vqflow import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vqflow.settings")

application = get_wsgi_application()

# gunicorn writes its own lines, and some name the address.
for name in ("gunicorn.error", "gunicorn.access"):
    logging.getLogger(name).addFilter(logs.WithoutLinks())

# Every view is loaded here, once for all workers (gunicorn --preload), and what is loaded stays: the collector need
# not go through it again and again. What a list leaves behind is collected in small portions, a full collection is
# rarer: either would hold every tenth list up for as long as it takes to draw.
assert get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(1_000, 10, 40)

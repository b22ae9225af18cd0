"""Which pages of others does the admin show, and how?"""

from __future__ import annotations

import django_rq.admin  # noqa: F401 - registers its pages, which ours replace
from django.contrib import admin
from django_rq.models import Dashboard

from image2model.ops.queue_pages import QueuePages

admin.site.unregister(Dashboard)
admin.site.register(Dashboard, QueuePages)

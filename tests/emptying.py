"""How is the database emptied after a test whose rows were really committed? Quickly.

Django's own way deletes the kinds of rows and the permissions too, and then makes them anew by the signal that follows
a migration; that takes longer than most of the tests. They are the same after every test, so they stay.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connections

KEPT = {ContentType._meta.db_table, Permission._meta.db_table, "django_migrations"}


def empty_databases(test: Any) -> None:
    """In place of ``TransactionTestCase._fixture_teardown``."""
    for name in test._databases_names(include_mirrors=False):
        connection = connections[name]
        tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
        statements = connection.ops.sql_flush(no_style(), sorted(tables), reset_sequences=False, allow_cascade=False)
        connection.ops.execute_sql_flush(statements)

"""``manage.py reseal``: seal every kept secret under the present SECRET_KEY, so that a former one can be dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model, TextField, Value
from django.db.models.functions import Cast

from image2model.sealing import SealedField, is_fresh, seal, unseal


class Command(BaseCommand):
    help = "Seals every kept secret under the present SECRET_KEY. Exit 1 when one of them cannot be opened."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {"fresh": 0, "sealed anew": 0, "lost": 0}
        for model in apps.get_models():
            for field in model._meta.fields:
                if isinstance(field, SealedField):
                    for outcome in reseal(model, field.attname):
                        counts[outcome] += 1
        self.stdout.write(", ".join(f"{number} {word}" for word, number in counts.items()))
        if counts["lost"]:
            raise CommandError("The key that opens the lost ones is missing in SECRET_KEY_FALLBACKS.")


def reseal(model: type[Model], name: str) -> Iterator[str]:
    """What becomes of each secret of one column. A row that changes meanwhile is left: it is fresh by that."""
    stored_as = Cast(name, TextField())  # as it lies there
    rows = model._default_manager.annotate(stored=stored_as).exclude(stored="")
    for pk, stored in list(rows.values_list("pk", "stored")):
        if is_fresh(stored):
            yield "fresh"
        elif text := unseal(stored):
            rows.filter(pk=pk, stored=stored).update(**{name: Value(seal(text))})
            yield "sealed anew"
        else:
            yield "lost"

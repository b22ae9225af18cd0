"""Webhook secrets lay in clear: from now on they are sealed under the site's key."""

import jobs.signatures
from django.db import migrations
from django.db.models import Value

import image2model.sealing

NAMES = ("Webhook", "JobWebhookSecret")
FIELDS = ("secret", "former_secret")


def seal(apps, schema_editor):
    for name in NAMES:
        for row in apps.get_model("jobs", name).objects.using(schema_editor.connection.alias).iterator():
            row.save(update_fields=FIELDS)  # what is read unsealed is written sealed


def unseal(apps, schema_editor):
    for name in NAMES:
        rows = apps.get_model("jobs", name).objects.using(schema_editor.connection.alias)
        for row in rows.iterator():
            rows.filter(pk=row.pk).update(**{field: Value(getattr(row, field)) for field in FIELDS})


class Migration(migrations.Migration):
    dependencies = [("jobs", "0006_webhooks")]

    operations = [
        *(
            migrations.AlterField(model, "secret", image2model.sealing.SealedField(default=jobs.signatures.make_secret))
            for model in ("webhook", "jobwebhooksecret")
        ),
        *(
            migrations.AlterField(model, "former_secret", image2model.sealing.SealedField(blank=True))
            for model in ("webhook", "jobwebhooksecret")
        ),
        migrations.RunPython(seal, unseal, elidable=True),
    ]

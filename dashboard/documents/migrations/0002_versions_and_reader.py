from typing import Any

from django.db import migrations, models


def name_files(apps: Any, schema_editor: Any) -> None:
    """What was added before is known by the name of its file, as far as that is kept; a document that was a whole file, by its title."""
    incoming, stored_here = apps.get_model("documents", "Incoming"), apps.get_model("documents", "Stored")
    names = dict(incoming.objects.exclude(source="link").values_list("token", "name"))
    rows = list(stored_here.objects.exclude(source="link").only("upload", "title"))
    for stored in rows:
        stored.name = names.get(stored.upload, stored.title)[:255]
    stored_here.objects.bulk_update(rows, ["name"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_documents")]

    operations = [
        migrations.AddField("batch", "replaces", models.JSONField(null=True)),
        migrations.AddField("incoming", "suspected_at", models.DateTimeField(null=True)),
        migrations.AddField("stored", "name", models.CharField(blank=True, db_index=True, max_length=255)),
        migrations.RunPython(name_files, migrations.RunPython.noop),
    ]

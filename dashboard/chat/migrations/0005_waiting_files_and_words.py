from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def end_what_waits_with_files(apps: Any, schema_editor: Any) -> None:
    """Files of questions were rows; those that were never asked are not carried over to files."""
    waiting = apps.get_model("chat", "Turn").objects.filter(state="waiting").exclude(attachments=[])
    waiting.update(state="failed", problem="It was never asked.", attachments=[], ended_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0004_alive"),
    ]

    operations = [
        migrations.AddField(
            model_name="turn",
            name="words",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.RunPython(end_what_waits_with_files, migrations.RunPython.noop),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0003_instance_identity")]

    operations = [
        migrations.CreateModel(
            name="Sign",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
    ]

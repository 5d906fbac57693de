from django.db import migrations, models

from cercollettiva.users.append_only import LetTheOldestGo


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0007_read_personal_data"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditAnchor",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField(verbose_name="numero dell'ultima riga tolta")),
                ("hash", models.CharField(max_length=64, verbose_name="impronta dell'ultima riga tolta")),
            ],
            options={
                "verbose_name": "inizio del registro degli accessi",
                "verbose_name_plural": "inizio del registro degli accessi",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_anchor_is_one")],
            },
        ),
        LetTheOldestGo("AuditLine", unique=["seq", "previous"], anchor="AuditAnchor"),
    ]

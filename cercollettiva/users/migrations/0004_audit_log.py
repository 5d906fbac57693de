from django.db import migrations, models

from cercollettiva.users.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0003_seal_personal_columns"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField(default=0, verbose_name="ultimo numero")),
                (
                    "hash",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000",
                        max_length=64,
                        verbose_name="ultima impronta",
                    ),
                ),
            ],
            options={
                "verbose_name": "fine del registro degli accessi",
                "verbose_name_plural": "fine del registro degli accessi",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_head_is_one")],
            },
        ),
        migrations.CreateModel(
            name="AuditLine",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="numero")),
                ("at", models.DateTimeField(verbose_name="quando")),
                ("action", models.CharField(max_length=30, verbose_name="azione")),
                ("actor_id", models.BigIntegerField(db_index=True, null=True, verbose_name="chi")),
                (
                    "subject_type",
                    models.CharField(blank=True, default="", max_length=100, verbose_name="genere dell'oggetto"),
                ),
                ("subject_id", models.BigIntegerField(null=True, verbose_name="oggetto")),
                ("address", models.GenericIPAddressField(null=True, verbose_name="indirizzo IP")),
                ("details", models.JSONField(default=dict, verbose_name="dettagli")),
                (
                    "previous",
                    models.CharField(max_length=64, unique=True, verbose_name="impronta della riga precedente"),
                ),
                ("hash", models.CharField(max_length=64, verbose_name="impronta")),
            ],
            options={
                "verbose_name": "riga del registro degli accessi",
                "verbose_name_plural": "registro degli accessi",
                "ordering": ["seq"],
                "indexes": [models.Index(fields=["subject_type", "subject_id"], name="audit_line_subject")],
            },
        ),
        AppendOnly("AuditLine", unique=["seq", "previous"]),
    ]

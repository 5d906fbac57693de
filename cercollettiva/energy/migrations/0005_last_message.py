import django.db.models.deletion
from django.db import migrations, models

from cercollettiva.energy.partitions import SetFillfactor


class Migration(migrations.Migration):
    dependencies = [
        ("energy", "0004_more_device_types"),
    ]

    operations = [
        migrations.CreateModel(
            name="LastMessage",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="last_message",
                        serialize=False,
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("topic", models.CharField(max_length=512, verbose_name="topic")),
                ("first_bytes", models.BinaryField(max_length=1024, verbose_name="primi byte")),
                ("size", models.PositiveIntegerField(verbose_name="lunghezza (byte)")),
                ("received_at", models.DateTimeField(verbose_name="ricevuto il")),
            ],
            options={
                "verbose_name": "ultimo messaggio",
                "verbose_name_plural": "ultimi messaggi",
            },
        ),
        SetFillfactor("LastMessage", 50),
        migrations.RemoveConstraint(
            model_name="mqttauditlog",
            name="mqtt_audit_action_is_known",
        ),
        migrations.AlterField(
            model_name="mqttauditlog",
            name="action",
            field=models.CharField(
                choices=[
                    ("ISSUED", "credenziale creata"),
                    ("ROTATED", "credenziale cambiata"),
                    ("REVOKED", "credenziale revocata"),
                    ("BROKER_CHANGED", "broker modificato"),
                    ("FILES_WRITTEN", "file del broker scritti"),
                    ("TESTED", "connessione provata"),
                    ("ADOPTED", "misuratore adottato"),
                ],
                max_length=14,
                verbose_name="azione",
            ),
        ),
        migrations.AddConstraint(
            model_name="mqttauditlog",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "action__in",
                        ["ISSUED", "ROTATED", "REVOKED", "BROKER_CHANGED", "FILES_WRITTEN", "TESTED", "ADOPTED"],
                    )
                ),
                name="mqtt_audit_action_is_known",
            ),
        ),
    ]

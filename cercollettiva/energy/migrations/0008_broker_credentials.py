from django.db import migrations, models

from cercollettiva.users.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [
        ("energy", "0007_device_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="mqttconfiguration",
            name="last_connected_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="ultimo collegamento"),
        ),
        AppendOnly("MQTTAuditLog", unique=["id"], encrypted=["actor_id", "device_id", "address"]),
    ]

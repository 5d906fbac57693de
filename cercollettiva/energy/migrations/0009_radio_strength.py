from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("energy", "0008_broker_credentials"),
    ]

    operations = [
        migrations.AddField(
            model_name="devicestate",
            name="rssi",
            field=models.SmallIntegerField(blank=True, null=True, verbose_name="segnale radio (dBm)"),
        ),
        migrations.AddField(
            model_name="devicestate",
            name="rssi_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="segnale radio al"),
        ),
    ]

from django.db import migrations

import cercollettiva.users.fields
from cercollettiva.core.periods import KeptTriggers


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="memberregistry",
            name="notes",
            field=cercollettiva.users.fields.EncryptedTextField(blank=True, default="", verbose_name="annotazioni"),
        ),
        KeptTriggers("Plant", "plant_pod_periods_do_not_overlap", equal=["pod_key"]),
        migrations.AlterField(
            model_name="plant",
            name="address",
            field=cercollettiva.users.fields.EncryptedTextField(
                blank=True, default="", max_length=200, verbose_name="indirizzo"
            ),
        ),
        KeptTriggers("Plant", "plant_pod_periods_do_not_overlap", equal=["pod_key"]),
    ]

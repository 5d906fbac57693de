from django.db import migrations

import cercollettiva.users.fields


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="customuser",
            name="iban_index",
            field=cercollettiva.users.fields.BlindIndexField(db_index=True, max_length=43, source="iban"),
        ),
        migrations.AlterField(
            model_name="customuser",
            name="legal_name",
            field=cercollettiva.users.fields.EncryptedTextField(
                blank=True, default="", max_length=200, verbose_name="ragione sociale"
            ),
        ),
        migrations.AlterField(
            model_name="customuser",
            name="sdi_code",
            field=cercollettiva.users.fields.EncryptedTextField(
                blank=True, default="", max_length=7, verbose_name="codice SDI"
            ),
        ),
    ]

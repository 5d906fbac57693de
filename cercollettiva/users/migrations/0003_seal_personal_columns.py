from django.db import migrations

from cercollettiva.users.sealing import fill_indexes, seal_columns


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0002_personal_columns"),
    ]

    operations = [
        seal_columns("users.CustomUser", "legal_name", "sdi_code"),
        fill_indexes("users.CustomUser", "iban"),
    ]

from django.db import migrations

from cercollettiva.users.sealing import seal_columns


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_personal_columns"),
    ]

    operations = [
        seal_columns("core.MemberRegistry", "notes"),
        seal_columns("core.Plant", "address"),
    ]

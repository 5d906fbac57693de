from django.db import migrations

from cercollettiva.energy import device_types


def add(apps, schema_editor):
    device_types.add_missing(apps=apps, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("energy", "0001_initial")]

    # Backwards the rows stay: a device may point to them, and going further back drops their table.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

from django.db import migrations

from cercollettiva.energy import device_types


def bring_up_to_date(apps, schema_editor):
    device_types.bring_up_to_date(apps=apps, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("energy", "0003_consumed_energy_parts_and_register_events")]

    # Backwards the rows stay as they are: whoever read the old capabilities finds them among the new ones.
    operations = [migrations.RunPython(bring_up_to_date, migrations.RunPython.noop)]

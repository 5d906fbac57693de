"""Whoever had an account before addresses were confirmed keeps signing in: theirs count as confirmed."""

from django.db import migrations


def confirm(apps, schema_editor):
    CustomUser = apps.get_model("users", "CustomUser")
    EmailAddress = apps.get_model("account", "EmailAddress")
    known = EmailAddress.objects.values("user")
    people = CustomUser.objects.exclude(pk__in=known).values_list("pk", "email")
    EmailAddress.objects.bulk_create(
        [EmailAddress(user_id=pk, email=email, verified=True, primary=True) for pk, email in people.iterator()],
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0005_accounts"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(confirm, migrations.RunPython.noop, elidable=True)]

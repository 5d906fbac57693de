from django.db import migrations, models
from django.db.models import Q

from cercollettiva.users.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_fill_the_register_of_entries"),
    ]

    operations = [
        migrations.RemoveField(model_name="memberregistry", name="entered_at"),
        migrations.RemoveField(model_name="memberregistry", name="left_at"),
        migrations.AlterField(
            model_name="memberregistry",
            name="kind",
            field=models.CharField(
                choices=[("ENTERED", "ammissione"), ("CHANGED", "variazione"), ("LEFT", "cessazione")],
                max_length=7,
                verbose_name="genere",
            ),
        ),
        migrations.AlterField(
            model_name="memberregistry",
            name="member_number",
            field=models.PositiveIntegerField(verbose_name="numero di socio"),
        ),
        migrations.AlterField(
            model_name="memberregistry", name="on", field=models.DateField(verbose_name="dal giorno")
        ),
        migrations.AddConstraint(
            model_name="memberregistry",
            constraint=models.UniqueConstraint(
                fields=["organisation", "member_number"],
                condition=Q(kind="ENTERED"),
                name="registry_member_number_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="memberregistry",
            constraint=models.CheckConstraint(
                condition=Q(number__gte=1, member_number__gte=1), name="registry_numbers_start_at_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="memberregistry",
            constraint=models.CheckConstraint(
                condition=Q(kind__in=["ENTERED", "CHANGED", "LEFT"]), name="registry_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="memberregistry",
            constraint=models.CheckConstraint(
                condition=Q(kind="ENTERED", previous__isnull=True)
                | (~Q(kind="ENTERED") & Q(previous__isnull=False)),
                name="registry_entry_follows_another",
            ),
        ),
        AppendOnly(
            "MemberRegistry",
            unique=[("organisation_id", "number"), "previous_id"],
            encrypted=["person", "notes"],
        ),
    ]

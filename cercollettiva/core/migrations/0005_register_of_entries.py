import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import cercollettiva.users.fields


class Migration(migrations.Migration):
    """The register's new columns, empty; and what a fee is by custom."""

    dependencies = [
        ("core", "0004_roles_and_invitations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="fee_cents",
            field=models.PositiveIntegerField(default=0, verbose_name="quota annuale, in centesimi"),
        ),
        migrations.AddField(
            model_name="organisation",
            name="fee_days",
            field=models.PositiveSmallIntegerField(default=30, verbose_name="giorni per versare la quota"),
        ),
        migrations.AddField(
            model_name="membershipcard",
            name="fee_due_on",
            field=models.DateField(blank=True, null=True, verbose_name="quota da versare entro il"),
        ),
        migrations.RemoveConstraint(model_name="memberregistry", name="registry_one_open_per_member"),
        migrations.RemoveConstraint(model_name="memberregistry", name="registry_left_after_entering"),
        migrations.RemoveConstraint(model_name="memberregistry", name="registry_numbers_start_at_one"),
        migrations.AlterField(
            model_name="memberregistry",
            name="entered_at",
            field=models.DateTimeField(null=True, verbose_name="ammesso il"),
        ),
        migrations.AddField(
            model_name="memberregistry",
            name="kind",
            field=models.CharField(default="ENTERED", max_length=7, verbose_name="genere"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="memberregistry",
            name="member_number",
            field=models.PositiveIntegerField(null=True, verbose_name="numero di socio"),
        ),
        migrations.AddField(
            model_name="memberregistry",
            name="previous",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="next",
                to="core.memberregistry",
                verbose_name="iscrizione precedente",
            ),
        ),
        migrations.AddField(
            model_name="memberregistry",
            name="on",
            field=models.DateField(null=True, verbose_name="dal giorno"),
        ),
        migrations.AddField(
            model_name="memberregistry",
            name="changed",
            field=models.JSONField(blank=True, default=list, verbose_name="che cosa è cambiato"),
        ),
        migrations.AddField(
            model_name="memberregistry",
            name="person",
            field=cercollettiva.users.fields.EncryptedTextField(
                blank=True, default="", verbose_name="dati del socio"
            ),
        ),
        migrations.AddField(
            model_name="memberregistry",
            name="recorded_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, editable=False, verbose_name="scritta il"
            ),
        ),
        migrations.AddField(
            model_name="memberregistry",
            name="recorded_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="scritta da",
            ),
        ),
    ]

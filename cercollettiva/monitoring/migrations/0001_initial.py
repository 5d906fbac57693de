import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0001_initial"),
        ("energy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "plant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="core.plant",
                        verbose_name="impianto",
                    ),
                ),
                (
                    "community",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="core.cerconfiguration",
                        verbose_name="comunità",
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("kind", models.SlugField(db_index=False, verbose_name="genere")),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("INFO", "informazione"),
                            ("WARNING", "da guardare"),
                            ("CRITICAL", "da risolvere oggi"),
                        ],
                        default="WARNING",
                        max_length=8,
                        verbose_name="gravità",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "aperto"),
                            ("ACKNOWLEDGED", "preso in carico"),
                            ("SNOOZED", "rimandato"),
                            ("ESCALATED", "passato al livello superiore"),
                            ("RESOLVED", "risolto"),
                        ],
                        default="OPEN",
                        max_length=12,
                        verbose_name="stato",
                    ),
                ),
                ("snoozed_until", models.DateTimeField(blank=True, null=True, verbose_name="rimandato fino al")),
                ("message", models.TextField(blank=True, verbose_name="messaggio")),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="aperto il")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="chiuso il")),
            ],
            options={
                "verbose_name": "avviso",
                "verbose_name_plural": "avvisi",
                "ordering": ["-opened_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("community__isnull", True), ("device__isnull", True), ("plant__isnull", False)),
                            models.Q(("community__isnull", False), ("device__isnull", True), ("plant__isnull", True)),
                            models.Q(("community__isnull", True), ("device__isnull", False), ("plant__isnull", True)),
                            _connector="OR",
                        ),
                        name="alert_has_one_subject",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("plant__isnull", False), models.Q(("state", "RESOLVED"), _negated=True)),
                        fields=("plant", "kind"),
                        name="alert_one_unresolved_per_plant_and_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("community__isnull", False), models.Q(("state", "RESOLVED"), _negated=True)
                        ),
                        fields=("community", "kind"),
                        name="alert_one_unresolved_per_community_and_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("device__isnull", False), models.Q(("state", "RESOLVED"), _negated=True)),
                        fields=("device", "kind"),
                        name="alert_one_unresolved_per_device_and_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("severity__in", ["INFO", "WARNING", "CRITICAL"])),
                        name="alert_severity_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_at__gte", models.F("opened_at")),
                                ("closed_at__isnull", False),
                                ("state", "RESOLVED"),
                            ),
                            models.Q(
                                models.Q(("state", "RESOLVED"), _negated=True),
                                ("closed_at__isnull", True),
                                ("state__in", ["OPEN", "ACKNOWLEDGED", "SNOOZED", "ESCALATED", "RESOLVED"]),
                            ),
                            _connector="OR",
                        ),
                        name="alert_is_closed_when_resolved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("snoozed_until__isnull", False), ("state", "SNOOZED")),
                            models.Q(models.Q(("state", "SNOOZED"), _negated=True), ("snoozed_until__isnull", True)),
                            _connector="OR",
                        ),
                        name="alert_is_snoozed_until_a_time",
                    ),
                ],
            },
        ),
    ]

import cercollettiva.energy.models.measurements
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("energy", "0002_device_types"),
    ]

    operations = [
        migrations.CreateModel(
            name="EnergyIntervalPart",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "device_id", "start", "plant_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "device",
                    cercollettiva.energy.models.measurements.MeasuredDeviceKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="interval_parts",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                (
                    "plant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.plant",
                        verbose_name="impianto",
                    ),
                ),
                ("start", models.DateTimeField(verbose_name="inizio")),
                ("energy_in", models.BigIntegerField(null=True, verbose_name="prelevata (mWh)")),
                ("energy_out", models.BigIntegerField(null=True, verbose_name="immessa (mWh)")),
                ("produced", models.BigIntegerField(null=True, verbose_name="prodotta (mWh)")),
                ("consumed", models.BigIntegerField(null=True, verbose_name="consumata (mWh)")),
                ("known_us", models.BigIntegerField(verbose_name="tempo noto (µs)")),
                ("length_us", models.BigIntegerField(verbose_name="durata (µs)")),
                (
                    "quality",
                    models.SmallIntegerField(
                        choices=[
                            (0, "buona"),
                            (1, "misuratore senza corrente"),
                            (2, "fasi non compensate"),
                            (3, "stimata"),
                            (4, "incompleta"),
                            (5, "mancante"),
                        ],
                        verbose_name="qualità",
                    ),
                ),
                (
                    "source",
                    models.SmallIntegerField(
                        choices=[
                            (0, "distributore o GSE"),
                            (1, "registrazioni del misuratore"),
                            (2, "differenza dei registri"),
                            (3, "stima"),
                            (4, "mancante"),
                        ],
                        verbose_name="origine",
                    ),
                ),
            ],
            options={
                "verbose_name": "parte di un quarto d'ora",
                "verbose_name_plural": "parti di quarti d'ora",
            },
        ),
        migrations.CreateModel(
            name="RegisterEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "device",
                    cercollettiva.energy.models.measurements.MeasuredDeviceKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="register_events",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("component", models.CharField(max_length=32, verbose_name="componente")),
                ("register", models.CharField(max_length=10, verbose_name="registro")),
                ("at", models.DateTimeField(verbose_name="istante")),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[
                            (0, "valore anomalo, poi tornato"),
                            (1, "contatore azzerato"),
                            (2, "salto impossibile"),
                        ],
                        verbose_name="genere",
                    ),
                ),
                ("before", models.BigIntegerField(verbose_name="prima (mWh)")),
                ("after", models.BigIntegerField(verbose_name="dopo (mWh)")),
                ("found_at", models.DateTimeField(verbose_name="trovato il")),
            ],
            options={
                "verbose_name": "evento di un registro",
                "verbose_name_plural": "eventi dei registri",
                "ordering": ["-at"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="energyaggregate",
            name="aggregate_energies_are_not_negative",
        ),
        migrations.RemoveConstraint(
            model_name="energyinterval",
            name="interval_energies_are_not_negative",
        ),
        migrations.AddField(
            model_name="energyaggregate",
            name="consumed",
            field=models.BigIntegerField(null=True, verbose_name="consumata (mWh)"),
        ),
        migrations.AddField(
            model_name="energyinterval",
            name="consumed",
            field=models.BigIntegerField(null=True, verbose_name="consumata (mWh)"),
        ),
        migrations.AddField(
            model_name="energyintervalhistory",
            name="consumed",
            field=models.BigIntegerField(null=True, verbose_name="consumata (mWh)"),
        ),
        migrations.AddConstraint(
            model_name="energyaggregate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("energy_in__gte", 0), ("energy_out__gte", 0), ("produced__gte", 0), ("consumed__gte", 0)
                ),
                name="aggregate_energies_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="energyinterval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("energy_in__gte", 0), ("energy_out__gte", 0), ("produced__gte", 0), ("consumed__gte", 0)
                ),
                name="interval_energies_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="energyintervalpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("energy_in__gte", 0), ("energy_out__gte", 0), ("produced__gte", 0), ("consumed__gte", 0)
                ),
                name="part_energies_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="energyintervalpart",
            constraint=models.CheckConstraint(
                condition=models.Q(("known_us__gte", 0), ("length_us__gte", models.F("known_us"))),
                name="part_is_known_within_its_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="registerevent",
            constraint=models.UniqueConstraint(
                fields=("device", "component", "register", "at"), name="register_event_is_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="registerevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", (0, 1, 2))), name="register_event_kind_is_known"
            ),
        ),
    ]

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import cercollettiva.core.validators
import cercollettiva.energy.models.measurements
import cercollettiva.users.fields
from cercollettiva.core.periods import NoOverlap
from cercollettiva.energy.partitions import CreateTimeSeries, SetFillfactor


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0001_initial"),
        ("users", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeviceType",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="codice")),
                ("vendor", models.CharField(max_length=60, verbose_name="marca")),
                ("model", models.CharField(max_length=100, verbose_name="modello")),
                ("capabilities", models.JSONField(blank=True, default=dict, verbose_name="capacità")),
                (
                    "topic_template",
                    models.CharField(
                        default="{prefix}/status/{component}",
                        help_text="Con {prefix}.",
                        max_length=200,
                        verbose_name="schema dei topic",
                    ),
                ),
                (
                    "payload_template",
                    models.JSONField(
                        blank=True,
                        help_text="Per i misuratori generici: dove sta ogni valore nel JSON.",
                        null=True,
                        verbose_name="schema dei messaggi",
                    ),
                ),
            ],
            options={
                "verbose_name": "modello di misuratore",
                "verbose_name_plural": "modelli di misuratore",
                "ordering": ["vendor", "model"],
            },
        ),
        migrations.CreateModel(
            name="DeviceConfiguration",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("device_id", models.CharField(max_length=100, unique=True, verbose_name="nome del misuratore")),
                (
                    "device_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="devices",
                        to="energy.devicetype",
                        to_field="code",
                        verbose_name="modello di misuratore",
                    ),
                ),
                ("vendor", models.CharField(blank=True, max_length=60, verbose_name="marca")),
                ("model", models.CharField(blank=True, max_length=100, verbose_name="modello")),
                ("topic_prefix", models.CharField(max_length=200, verbose_name="prefisso dei topic")),
                (
                    "time_zone",
                    models.CharField(
                        default="Europe/Rome",
                        max_length=50,
                        validators=[cercollettiva.core.validators.validate_time_zone],
                        verbose_name="fuso orario",
                    ),
                ),
                ("firmware", models.CharField(blank=True, max_length=60, verbose_name="firmware")),
                (
                    "commissioned_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Un orario del misuratore precedente a questo non è creduto.",
                        null=True,
                        verbose_name="messo in servizio il",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="attivo")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="creato il")),
                ("updated_at", models.DateTimeField(auto_now=True, db_index=True, verbose_name="modificato il")),
            ],
            options={
                "verbose_name": "misuratore",
                "verbose_name_plural": "misuratori",
                "ordering": ["device_id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True)),
                        fields=("topic_prefix",),
                        name="device_prefix_is_unique_while_active",
                        violation_error_message="Un altro misuratore attivo usa già questo prefisso.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("device_id__regex", "\\A[A-Za-z0-9][A-Za-z0-9_.:-]*\\Z")),
                        name="device_id_is_a_plain_word",
                        violation_error_message="Il nome ha solo lettere, cifre, punti e trattini, per esempio shellypro3em-a1b2c3.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("topic_prefix__regex", "\\A[^\\s/+#$][^\\s/+#]*(/[^\\s/+#]+)*\\Z")),
                        name="device_prefix_is_a_plain_topic",
                        violation_error_message="Il prefisso non comincia né finisce con / e non contiene spazi, + o #: per esempio cer/IT001E12345678/shellypro3em-a1b2c3.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DevicePlacement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="placements",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                (
                    "plant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="device_placements",
                        to="core.plant",
                        verbose_name="impianto",
                    ),
                ),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="dal")),
                ("active_to", models.DateTimeField(blank=True, null=True, verbose_name="fino al")),
            ],
            options={
                "verbose_name": "collocazione",
                "verbose_name_plural": "collocazioni",
                "ordering": ["device", "active_from"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("active_to__isnull", True), ("active_to__gte", models.F("active_from")), _connector="OR"
                        ),
                        name="placement_ends_after_it_starts",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ChannelRole",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "placement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="roles",
                        to="energy.deviceplacement",
                        verbose_name="collocazione",
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="channel_roles",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                (
                    "plant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="channel_roles",
                        to="core.plant",
                        verbose_name="impianto",
                    ),
                ),
                (
                    "component",
                    models.CharField(help_text="Per esempio em:0.", max_length=32, verbose_name="componente"),
                ),
                ("phases", models.CharField(blank=True, default="", max_length=3, verbose_name="fasi")),
                (
                    "sign",
                    models.SmallIntegerField(
                        choices=[(1, "diretto"), (-1, "invertito")], default=1, verbose_name="verso"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("EXCHANGE", "scambio con la rete"),
                            ("PRODUCTION", "produzione"),
                            ("LOAD", "consumo"),
                        ],
                        max_length=10,
                        verbose_name="ruolo",
                    ),
                ),
                (
                    "net_per_minute",
                    models.BooleanField(
                        default=True,
                        help_text="Come fa il contatore del distributore: serve dove più fasi misurano lo scambio.",
                        verbose_name="compensa le fasi ogni minuto",
                    ),
                ),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="dal")),
                ("active_to", models.DateTimeField(blank=True, null=True, verbose_name="fino al")),
            ],
            options={
                "verbose_name": "ruolo di un canale",
                "verbose_name_plural": "ruoli dei canali",
                "ordering": ["device", "component", "phases", "active_from"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("active_to__isnull", True), ("active_to__gte", models.F("active_from")), _connector="OR"
                        ),
                        name="channel_role_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["EXCHANGE", "PRODUCTION", "LOAD"])),
                        name="channel_role_is_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("sign__in", (1, -1))), name="channel_role_sign_is_one"),
                    models.CheckConstraint(
                        condition=models.Q(("phases__in", ["", "a", "b", "c", "ab", "ac", "bc", "abc"])),
                        name="channel_role_phases_are_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("component", ""), _negated=True), name="channel_role_has_a_component"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeviceState",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("seq", models.BigIntegerField(default=0, verbose_name="sequenza")),
                ("last_seen", models.DateTimeField(blank=True, null=True, verbose_name="visto il")),
                ("online", models.BooleanField(blank=True, null=True, verbose_name="in linea")),
                ("exchange_power", models.FloatField(blank=True, null=True, verbose_name="potenza scambiata (W)")),
                ("production_power", models.FloatField(blank=True, null=True, verbose_name="potenza prodotta (W)")),
                ("load_power", models.FloatField(blank=True, null=True, verbose_name="potenza consumata (W)")),
                ("power_at", models.DateTimeField(blank=True, null=True, verbose_name="potenze al")),
                ("values", models.JSONField(blank=True, default=dict, verbose_name="ultimi valori")),
                ("registers", models.JSONField(blank=True, default=dict, verbose_name="ultimi registri")),
                ("src", models.TextField(blank=True, default="", verbose_name="nome detto dal misuratore")),
            ],
            options={
                "verbose_name": "stato del misuratore",
                "verbose_name_plural": "stati dei misuratori",
            },
        ),
        CreateTimeSeries(
            name="DeviceMeasurement",
            partition_by="timestamp",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "device_id",
                        "timestamp",
                        "component",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("timestamp", models.DateTimeField(verbose_name="istante")),
                (
                    "energy_total",
                    models.BigIntegerField(null=True, verbose_name="registro dell'energia prelevata (mWh)"),
                ),
                ("reported_ts", models.FloatField(null=True, verbose_name="orario detto dal misuratore")),
                (
                    "device",
                    cercollettiva.energy.models.measurements.MeasuredDeviceKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="measurements",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("fingerprint", models.IntegerField(verbose_name="impronta del messaggio")),
                ("power", cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza (W)")),
                (
                    "apparent_power",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="potenza apparente (VA)"
                    ),
                ),
                (
                    "reactive_power",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="potenza reattiva (var)"
                    ),
                ),
                (
                    "voltage",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="tensione (V)"),
                ),
                (
                    "current",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="corrente (A)"),
                ),
                (
                    "power_factor",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="fattore di potenza"),
                ),
                (
                    "frequency",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="frequenza (Hz)"),
                ),
                (
                    "neutral_current",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="corrente di neutro (A)"
                    ),
                ),
                (
                    "a_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza, fase A (W)"),
                ),
                (
                    "a_apparent_power",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="potenza apparente, fase A (VA)"
                    ),
                ),
                (
                    "a_reactive_power",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="potenza reattiva, fase A (var)"
                    ),
                ),
                (
                    "a_voltage",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="tensione, fase A (V)"
                    ),
                ),
                (
                    "a_current",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="corrente, fase A (A)"
                    ),
                ),
                (
                    "a_power_factor",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="fattore di potenza, fase A"
                    ),
                ),
                (
                    "a_frequency",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="frequenza, fase A (Hz)"
                    ),
                ),
                (
                    "b_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza, fase B (W)"),
                ),
                (
                    "b_apparent_power",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="potenza apparente, fase B (VA)"
                    ),
                ),
                (
                    "b_reactive_power",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="potenza reattiva, fase B (var)"
                    ),
                ),
                (
                    "b_voltage",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="tensione, fase B (V)"
                    ),
                ),
                (
                    "b_current",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="corrente, fase B (A)"
                    ),
                ),
                (
                    "b_power_factor",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="fattore di potenza, fase B"
                    ),
                ),
                (
                    "b_frequency",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="frequenza, fase B (Hz)"
                    ),
                ),
                (
                    "c_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza, fase C (W)"),
                ),
                (
                    "c_apparent_power",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="potenza apparente, fase C (VA)"
                    ),
                ),
                (
                    "c_reactive_power",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="potenza reattiva, fase C (var)"
                    ),
                ),
                (
                    "c_voltage",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="tensione, fase C (V)"
                    ),
                ),
                (
                    "c_current",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="corrente, fase C (A)"
                    ),
                ),
                (
                    "c_power_factor",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="fattore di potenza, fase C"
                    ),
                ),
                (
                    "c_frequency",
                    cercollettiva.energy.models.measurements.Float4Field(
                        null=True, verbose_name="frequenza, fase C (Hz)"
                    ),
                ),
                (
                    "quality",
                    models.SmallIntegerField(choices=[(0, "buona"), (1, "dubbia")], default=0, verbose_name="qualità"),
                ),
                ("time_source", models.SmallIntegerField(default=0, verbose_name="origine dell'orario")),
                ("anomalies", models.IntegerField(default=0, verbose_name="anomalie")),
                ("component", models.CharField(max_length=32, verbose_name="componente")),
            ],
            options={
                "verbose_name": "misura istantanea",
                "verbose_name_plural": "misure istantanee",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("power__range", (-100000000.0, 100000000.0)),
                            ("apparent_power__range", (-100000000.0, 100000000.0)),
                            ("reactive_power__range", (-100000000.0, 100000000.0)),
                            ("voltage__range", (-100000000.0, 100000000.0)),
                            ("current__range", (-100000000.0, 100000000.0)),
                            ("power_factor__range", (-100000000.0, 100000000.0)),
                            ("frequency__range", (-100000000.0, 100000000.0)),
                            ("neutral_current__range", (-100000000.0, 100000000.0)),
                            ("a_power__range", (-100000000.0, 100000000.0)),
                            ("a_apparent_power__range", (-100000000.0, 100000000.0)),
                            ("a_reactive_power__range", (-100000000.0, 100000000.0)),
                            ("a_voltage__range", (-100000000.0, 100000000.0)),
                            ("a_current__range", (-100000000.0, 100000000.0)),
                            ("a_power_factor__range", (-100000000.0, 100000000.0)),
                            ("a_frequency__range", (-100000000.0, 100000000.0)),
                            ("b_power__range", (-100000000.0, 100000000.0)),
                            ("b_apparent_power__range", (-100000000.0, 100000000.0)),
                            ("b_reactive_power__range", (-100000000.0, 100000000.0)),
                            ("b_voltage__range", (-100000000.0, 100000000.0)),
                            ("b_current__range", (-100000000.0, 100000000.0)),
                            ("b_power_factor__range", (-100000000.0, 100000000.0)),
                            ("b_frequency__range", (-100000000.0, 100000000.0)),
                            ("c_power__range", (-100000000.0, 100000000.0)),
                            ("c_apparent_power__range", (-100000000.0, 100000000.0)),
                            ("c_reactive_power__range", (-100000000.0, 100000000.0)),
                            ("c_voltage__range", (-100000000.0, 100000000.0)),
                            ("c_current__range", (-100000000.0, 100000000.0)),
                            ("c_power_factor__range", (-100000000.0, 100000000.0)),
                            ("c_frequency__range", (-100000000.0, 100000000.0)),
                        ),
                        name="measurement_values_are_finite_and_bounded",
                    )
                ],
            },
        ),
        CreateTimeSeries(
            name="EnergyMeasurement",
            partition_by="timestamp",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "device_id",
                        "timestamp",
                        "component",
                        "kind",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("timestamp", models.DateTimeField(verbose_name="istante")),
                ("drawn", models.BigIntegerField(null=True, verbose_name="prelevata (mWh)")),
                ("returned", models.BigIntegerField(null=True, verbose_name="restituita (mWh)")),
                ("total", models.BigIntegerField(null=True, verbose_name="totale nei due versi (mWh)")),
                ("a_drawn", models.BigIntegerField(null=True, verbose_name="prelevata, fase A (mWh)")),
                ("a_returned", models.BigIntegerField(null=True, verbose_name="restituita, fase A (mWh)")),
                ("b_drawn", models.BigIntegerField(null=True, verbose_name="prelevata, fase B (mWh)")),
                ("b_returned", models.BigIntegerField(null=True, verbose_name="restituita, fase B (mWh)")),
                ("c_drawn", models.BigIntegerField(null=True, verbose_name="prelevata, fase C (mWh)")),
                ("c_returned", models.BigIntegerField(null=True, verbose_name="restituita, fase C (mWh)")),
                ("reported_ts", models.FloatField(null=True, verbose_name="orario detto dal misuratore")),
                (
                    "device",
                    cercollettiva.energy.models.measurements.MeasuredDeviceKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="energy_measurements",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("fingerprint", models.IntegerField(verbose_name="impronta del messaggio")),
                ("seconds", models.IntegerField(null=True, verbose_name="durata (s)")),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[(0, "registri"), (1, "registrazione di intervallo")], verbose_name="genere"
                    ),
                ),
                (
                    "quality",
                    models.SmallIntegerField(choices=[(0, "buona"), (1, "dubbia")], default=0, verbose_name="qualità"),
                ),
                ("time_source", models.SmallIntegerField(default=0, verbose_name="origine dell'orario")),
                ("anomalies", models.IntegerField(default=0, verbose_name="anomalie")),
                ("component", models.CharField(max_length=32, verbose_name="componente")),
            ],
            options={
                "verbose_name": "misura di energia",
                "verbose_name_plural": "misure di energia",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("drawn__range", (0, 999999999999999)),
                            ("returned__range", (0, 999999999999999)),
                            ("total__range", (0, 999999999999999)),
                            ("a_drawn__range", (0, 999999999999999)),
                            ("a_returned__range", (0, 999999999999999)),
                            ("b_drawn__range", (0, 999999999999999)),
                            ("b_returned__range", (0, 999999999999999)),
                            ("c_drawn__range", (0, 999999999999999)),
                            ("c_returned__range", (0, 999999999999999)),
                        ),
                        name="energy_values_are_registers",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", 0), ("seconds__isnull", True)),
                            models.Q(("kind", 1), ("seconds__gt", 0), ("seconds__isnull", False)),
                            _connector="OR",
                        ),
                        name="energy_record_has_a_length",
                    ),
                ],
            },
        ),
        CreateTimeSeries(
            name="EnergyInterval",
            partition_by="start",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "device_id", "start", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "device",
                    cercollettiva.energy.models.measurements.MeasuredDeviceKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="intervals",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("start", models.DateTimeField(verbose_name="inizio")),
                ("energy_in", models.BigIntegerField(null=True, verbose_name="prelevata (mWh)")),
                ("energy_out", models.BigIntegerField(null=True, verbose_name="immessa (mWh)")),
                ("produced", models.BigIntegerField(null=True, verbose_name="prodotta (mWh)")),
                ("recorded_at", models.DateTimeField(verbose_name="registrato il")),
                (
                    "peak_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza massima (W)"),
                ),
                (
                    "mean_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza media (W)"),
                ),
                (
                    "coverage",
                    cercollettiva.energy.models.measurements.Float4Field(default=0.0, verbose_name="copertura"),
                ),
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
                "verbose_name": "quarto d'ora",
                "verbose_name_plural": "quarti d'ora",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("coverage__range", (0.0, 1.0))), name="interval_coverage_is_a_share"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("energy_in__gte", 0), ("energy_out__gte", 0), ("produced__gte", 0)),
                        name="interval_energies_are_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EnergyIntervalHistory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "device",
                    cercollettiva.energy.models.measurements.MeasuredDeviceKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="interval_history",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("start", models.DateTimeField(verbose_name="inizio")),
                ("energy_in", models.BigIntegerField(null=True, verbose_name="prelevata (mWh)")),
                ("energy_out", models.BigIntegerField(null=True, verbose_name="immessa (mWh)")),
                ("produced", models.BigIntegerField(null=True, verbose_name="prodotta (mWh)")),
                ("recorded_at", models.DateTimeField(verbose_name="registrato il")),
                ("replaced_at", models.DateTimeField(verbose_name="sostituito il")),
                (
                    "peak_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza massima (W)"),
                ),
                (
                    "mean_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza media (W)"),
                ),
                (
                    "coverage",
                    cercollettiva.energy.models.measurements.Float4Field(default=0.0, verbose_name="copertura"),
                ),
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
                "verbose_name": "quarto d'ora sostituito",
                "verbose_name_plural": "quarti d'ora sostituiti",
                "constraints": [
                    models.UniqueConstraint(fields=("device", "start", "recorded_at"), name="interval_history_version")
                ],
            },
        ),
        migrations.CreateModel(
            name="EnergyAggregate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "subject_kind",
                        "subject_id",
                        "period",
                        "start",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("subject_id", models.BigIntegerField(verbose_name="soggetto")),
                ("start", models.DateTimeField(verbose_name="inizio")),
                ("energy_in", models.BigIntegerField(null=True, verbose_name="prelevata (mWh)")),
                ("energy_out", models.BigIntegerField(null=True, verbose_name="immessa (mWh)")),
                ("produced", models.BigIntegerField(null=True, verbose_name="prodotta (mWh)")),
                ("recorded_at", models.DateTimeField(verbose_name="registrato il")),
                (
                    "peak_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza massima (W)"),
                ),
                (
                    "mean_power",
                    cercollettiva.energy.models.measurements.Float4Field(null=True, verbose_name="potenza media (W)"),
                ),
                (
                    "coverage",
                    cercollettiva.energy.models.measurements.Float4Field(default=0.0, verbose_name="copertura"),
                ),
                (
                    "subject_kind",
                    models.SmallIntegerField(
                        choices=[(0, "misuratore"), (1, "impianto"), (2, "comunità")],
                        verbose_name="genere del soggetto",
                    ),
                ),
                (
                    "period",
                    models.SmallIntegerField(
                        choices=[(0, "ora"), (1, "giorno"), (2, "settimana"), (3, "mese"), (4, "anno")],
                        verbose_name="periodo",
                    ),
                ),
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
                "verbose_name": "totale di periodo",
                "verbose_name_plural": "totali di periodo",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("coverage__range", (0.0, 1.0))), name="aggregate_coverage_is_a_share"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("energy_in__gte", 0), ("energy_out__gte", 0), ("produced__gte", 0)),
                        name="aggregate_energies_are_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period__in", [0, 1, 2, 3, 4]), ("subject_kind__in", [0, 1, 2])),
                        name="aggregate_key_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DirtyQuarter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "device",
                    cercollettiva.energy.models.measurements.MeasuredDeviceKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("start", models.DateTimeField(verbose_name="inizio")),
            ],
            options={
                "verbose_name": "quarto d'ora da ricalcolare",
                "verbose_name_plural": "quarti d'ora da ricalcolare",
            },
        ),
        migrations.CreateModel(
            name="MQTTBroker",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="nome")),
                ("host", models.CharField(max_length=255, verbose_name="indirizzo")),
                (
                    "port",
                    models.PositiveIntegerField(
                        default=8883,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                        verbose_name="porta",
                    ),
                ),
                ("use_tls", models.BooleanField(default=True, verbose_name="connessione cifrata (TLS)")),
                ("ca_certificate", models.TextField(blank=True, verbose_name="certificato dell'autorità (PEM)")),
                ("username", models.CharField(blank=True, max_length=100, verbose_name="utente")),
                (
                    "password",
                    cercollettiva.users.fields.EncryptedTextField(blank=True, default="", verbose_name="password"),
                ),
                ("is_active", models.BooleanField(default=False, verbose_name="attivo")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="creato il")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="modificato il")),
            ],
            options={
                "verbose_name": "broker MQTT",
                "verbose_name_plural": "broker MQTT",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True)),
                        fields=("is_active",),
                        name="broker_one_is_active",
                        violation_error_message="C'è già un broker attivo: disattivalo prima.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("port__range", (1, 65535))), name="broker_port_is_a_port"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MQTTConfiguration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mqtt_configuration",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("username", models.CharField(max_length=100, unique=True, verbose_name="utente")),
                ("verifier", models.CharField(max_length=255, verbose_name="verificatore")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="creata il"),
                ),
                ("rotated_at", models.DateTimeField(blank=True, null=True, verbose_name="cambiata il")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revocata il")),
            ],
            options={
                "verbose_name": "credenziale MQTT",
                "verbose_name_plural": "credenziali MQTT",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("username__regex", "\\A[A-Za-z0-9][A-Za-z0-9_.:-]*\\Z")),
                        name="mqtt_username_is_a_plain_word",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MQTTAuditLog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="quando")),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="chi",
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="mqtt_audit_log",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("ISSUED", "credenziale creata"),
                            ("ROTATED", "credenziale cambiata"),
                            ("REVOKED", "credenziale revocata"),
                            ("BROKER_CHANGED", "broker modificato"),
                            ("FILES_WRITTEN", "file del broker scritti"),
                            ("TESTED", "connessione provata"),
                        ],
                        max_length=14,
                        verbose_name="azione",
                    ),
                ),
                ("detail", models.TextField(blank=True, verbose_name="dettaglio")),
                ("address", models.GenericIPAddressField(blank=True, null=True, verbose_name="indirizzo IP")),
            ],
            options={
                "verbose_name": "riga del registro MQTT",
                "verbose_name_plural": "registro MQTT",
                "ordering": ["-at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "action__in",
                                ["ISSUED", "ROTATED", "REVOKED", "BROKER_CHANGED", "FILES_WRITTEN", "TESTED"],
                            )
                        ),
                        name="mqtt_audit_action_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RejectedMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "device",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="rejected_messages",
                        to="energy.deviceconfiguration",
                        verbose_name="misuratore",
                    ),
                ),
                ("topic", models.CharField(max_length=512, verbose_name="topic")),
                ("reason", models.CharField(max_length=150, verbose_name="motivo")),
                ("first_bytes", models.BinaryField(max_length=256, verbose_name="primi byte")),
                ("count", models.PositiveBigIntegerField(default=1, verbose_name="quante volte")),
                ("first_seen", models.DateTimeField(verbose_name="la prima volta")),
                ("last_seen", models.DateTimeField(verbose_name="l'ultima volta")),
            ],
            options={
                "verbose_name": "messaggio rifiutato",
                "verbose_name_plural": "messaggi rifiutati",
                "ordering": ["-last_seen"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("topic", "reason"), name="rejected_message_once_per_topic_and_reason"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UnknownDevice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("prefix", models.CharField(max_length=512, unique=True, verbose_name="prefisso")),
                ("last_topic", models.CharField(max_length=512, verbose_name="ultimo topic")),
                ("first_bytes", models.BinaryField(max_length=256, verbose_name="primi byte")),
                ("count", models.PositiveBigIntegerField(default=1, verbose_name="quante volte")),
                ("first_seen", models.DateTimeField(verbose_name="la prima volta")),
                ("last_seen", models.DateTimeField(verbose_name="l'ultima volta")),
            ],
            options={
                "verbose_name": "misuratore sconosciuto",
                "verbose_name_plural": "misuratori sconosciuti",
                "ordering": ["-last_seen"],
            },
        ),
        migrations.CreateModel(
            name="IngestBatch",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="sequenza")),
                ("ingestor", models.CharField(max_length=100, verbose_name="ricevitore")),
                ("committed_at", models.DateTimeField(verbose_name="confermato il")),
                ("fingerprints", models.BinaryField(verbose_name="impronte")),
            ],
            options={
                "verbose_name": "gruppo ricevuto",
                "verbose_name_plural": "gruppi ricevuti",
                "ordering": ["seq"],
            },
        ),
        NoOverlap("DevicePlacement", "placement_one_per_device_and_moment", equal=["device_id"]),
        NoOverlap("ChannelRole", "channel_role_one_per_channel_and_moment", equal=["device_id", "component", "phases"]),
        NoOverlap(
            "ChannelRole",
            "channel_role_one_exchange_device_per_plant",
            equal=["plant_id"],
            different=["device_id"],
            where={"role": "EXCHANGE"},
        ),
        SetFillfactor("DeviceState", 50),
    ]

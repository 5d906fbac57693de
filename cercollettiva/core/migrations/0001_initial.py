import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import cercollettiva.core.validators
import cercollettiva.users.fields
from cercollettiva.core.periods import NoOverlap


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("users", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="denominazione")),
                (
                    "legal_form",
                    models.CharField(
                        choices=[
                            ("ASSOCIATION", "associazione"),
                            ("COOPERATIVE", "cooperativa"),
                            ("CONSORTIUM", "consorzio"),
                            ("FOUNDATION", "fondazione"),
                            ("COMPANY", "società"),
                            ("PUBLIC", "ente pubblico"),
                            ("OTHER", "altra forma"),
                        ],
                        default="ASSOCIATION",
                        max_length=11,
                        verbose_name="forma giuridica",
                    ),
                ),
                ("fiscal_code", models.CharField(blank=True, max_length=16, verbose_name="codice fiscale")),
                ("iban", cercollettiva.users.fields.EncryptedTextField(blank=True, default="", verbose_name="IBAN")),
                ("address", models.CharField(blank=True, max_length=200, verbose_name="indirizzo della sede")),
                ("city", models.CharField(blank=True, max_length=100, verbose_name="comune")),
                ("zip_code", models.CharField(blank=True, max_length=5, verbose_name="CAP")),
                ("province", models.CharField(blank=True, max_length=2, verbose_name="provincia")),
                (
                    "region",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("Abruzzo", "Abruzzo"),
                            ("Basilicata", "Basilicata"),
                            ("Calabria", "Calabria"),
                            ("Campania", "Campania"),
                            ("Emilia-Romagna", "Emilia-Romagna"),
                            ("Friuli-Venezia Giulia", "Friuli-Venezia Giulia"),
                            ("Lazio", "Lazio"),
                            ("Liguria", "Liguria"),
                            ("Lombardia", "Lombardia"),
                            ("Marche", "Marche"),
                            ("Molise", "Molise"),
                            ("Piemonte", "Piemonte"),
                            ("Puglia", "Puglia"),
                            ("Sardegna", "Sardegna"),
                            ("Sicilia", "Sicilia"),
                            ("Toscana", "Toscana"),
                            ("Trentino-Alto Adige", "Trentino-Alto Adige"),
                            ("Umbria", "Umbria"),
                            ("Valle d'Aosta", "Valle d'Aosta"),
                            ("Veneto", "Veneto"),
                        ],
                        max_length=25,
                        verbose_name="regione",
                    ),
                ),
                ("logo", models.FileField(blank=True, upload_to="organisations/logos/", verbose_name="logo")),
                ("statute_version", models.CharField(blank=True, max_length=50, verbose_name="versione dello statuto")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="creata il")),
            ],
            options={
                "verbose_name": "ente della comunità",
                "verbose_name_plural": "enti delle comunità",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("fiscal_code", ""), _negated=True),
                        fields=("fiscal_code",),
                        name="organisation_fiscal_code_is_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "legal_form__in",
                                [
                                    "ASSOCIATION",
                                    "COOPERATIVE",
                                    "CONSORTIUM",
                                    "FOUNDATION",
                                    "COMPANY",
                                    "PUBLIC",
                                    "OTHER",
                                ],
                            )
                        ),
                        name="organisation_legal_form_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CERConfiguration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="communities",
                        to="core.organisation",
                        verbose_name="ente",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="nome")),
                ("code", models.CharField(max_length=50, unique=True, verbose_name="codice")),
                ("slug", models.SlugField(max_length=80, unique=True, verbose_name="nome nell'indirizzo web")),
                (
                    "primary_substation",
                    models.CharField(
                        blank=True,
                        help_text="Il codice della cabina, per esempio AC001E00001: lo dà la mappa del GSE.",
                        max_length=11,
                        null=True,
                        validators=[cercollettiva.core.validators.validate_primary_substation],
                        verbose_name="cabina primaria",
                    ),
                ),
                (
                    "market_zone",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("NORD", "Nord"),
                            ("CNOR", "Centro Nord"),
                            ("CSUD", "Centro Sud"),
                            ("SUD", "Sud"),
                            ("CALA", "Calabria"),
                            ("SICI", "Sicilia"),
                            ("SARD", "Sardegna"),
                        ],
                        max_length=4,
                        verbose_name="zona di mercato",
                    ),
                ),
                ("description", models.TextField(blank=True, verbose_name="descrizione")),
                ("logo", models.FileField(blank=True, upload_to="communities/logos/", verbose_name="logo")),
                ("statute", models.FileField(blank=True, upload_to="communities/statutes/", verbose_name="statuto")),
                (
                    "regulation",
                    models.FileField(blank=True, upload_to="communities/regulations/", verbose_name="regolamento"),
                ),
                ("founded_on", models.DateField(blank=True, null=True, verbose_name="costituita il")),
                ("gse_effective_date", models.DateField(blank=True, null=True, verbose_name="decorrenza del GSE")),
                ("is_active", models.BooleanField(default=True, verbose_name="attiva")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="creata il")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="modificata il")),
            ],
            options={
                "verbose_name": "comunità energetica",
                "verbose_name_plural": "comunità energetiche",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("primary_substation__isnull", False)),
                        fields=("primary_substation",),
                        name="community_one_per_primary_substation",
                        violation_error_message="C'è già una comunità sotto questa cabina primaria.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("primary_substation__isnull", True),
                            ("primary_substation__regex", "\\AAC[0-9]{3}E[0-9]{5}\\Z"),
                            _connector="OR",
                        ),
                        name="community_primary_substation_is_a_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("market_zone__in", ["", "NORD", "CNOR", "CSUD", "SUD", "CALA", "SICI", "SARD"])
                        ),
                        name="community_market_zone_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CERMembership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "community",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="core.cerconfiguration",
                        verbose_name="comunità",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("ADMIN", "amministratore"), ("MEMBER", "socio"), ("TECHNICAL", "tecnico")],
                        default="MEMBER",
                        max_length=9,
                        verbose_name="ruolo",
                    ),
                ),
                (
                    "member_type",
                    models.CharField(
                        blank=True,
                        choices=[("PRODUCER", "produttore"), ("CONSUMER", "consumatore"), ("PROSUMER", "prosumer")],
                        help_text="Vuoto per chi amministra o assiste la comunità senza esserne socio.",
                        max_length=8,
                        verbose_name="tipo di socio",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("DRAFT", "bozza"),
                            ("SUBMITTED", "inviata"),
                            ("TO_FIX", "documenti da correggere"),
                            ("APPROVED", "approvata"),
                            ("REJECTED", "respinta"),
                            ("LEFT", "uscito"),
                        ],
                        default="DRAFT",
                        max_length=9,
                        verbose_name="stato della domanda",
                    ),
                ),
                ("active_from", models.DateTimeField(blank=True, null=True, verbose_name="attiva dal")),
                ("active_to", models.DateTimeField(blank=True, null=True, verbose_name="attiva fino al")),
                ("gse_effective_date", models.DateField(blank=True, null=True, verbose_name="decorrenza per il GSE")),
                (
                    "documents_verified_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="documenti verificati il"),
                ),
                (
                    "documents_verified_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="documenti verificati da",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="creata il")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="modificata il")),
            ],
            options={
                "verbose_name": "appartenenza a una comunità",
                "verbose_name_plural": "appartenenze alle comunità",
                "ordering": ["community", "user"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("active_to__isnull", True), models.Q(("state__in", ("REJECTED", "LEFT")), _negated=True)
                        ),
                        fields=("user", "community"),
                        name="membership_one_open_per_person_and_community",
                        violation_error_message="Questa persona ha già una domanda o un'appartenenza aperta.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("active_to__isnull", True), ("active_to__gte", models.F("active_from")), _connector="OR"
                        ),
                        name="membership_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("active_from__isnull", True),
                                ("active_to__isnull", True),
                                ("state__in", ("DRAFT", "SUBMITTED", "TO_FIX", "REJECTED")),
                            ),
                            models.Q(("active_from__isnull", False), ("state", "APPROVED")),
                            models.Q(("active_to__isnull", False), ("state", "LEFT")),
                            _connector="OR",
                        ),
                        name="membership_period_follows_its_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["ADMIN", "MEMBER", "TECHNICAL"])),
                        name="membership_role_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("member_type__in", ["PRODUCER", "CONSUMER", "PROSUMER"]),
                            models.Q(("member_type", ""), ("role__in", ("ADMIN", "TECHNICAL"))),
                            _connector="OR",
                        ),
                        name="membership_of_a_member_has_a_type",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="CERConfiguration",
            name="members",
            field=models.ManyToManyField(
                related_name="communities",
                through="core.CERMembership",
                through_fields=("community", "user"),
                to=settings.AUTH_USER_MODEL,
                verbose_name="persone",
            ),
        ),
        migrations.CreateModel(
            name="MembershipCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cards",
                        to="core.organisation",
                        verbose_name="ente",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cards",
                        to="core.cermembership",
                        verbose_name="appartenenza",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="numero")),
                ("valid_from", models.DateField(verbose_name="valida dal")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="valida fino al")),
                ("fee_due_cents", models.PositiveIntegerField(default=0, verbose_name="quota dovuta, in centesimi")),
                ("fee_paid_cents", models.PositiveIntegerField(default=0, verbose_name="quota versata, in centesimi")),
                ("fee_paid_at", models.DateTimeField(blank=True, null=True, verbose_name="quota versata il")),
            ],
            options={
                "verbose_name": "tessera",
                "verbose_name_plural": "tessere",
                "ordering": ["organisation", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "number"), name="card_number_is_unique"),
                    models.UniqueConstraint(fields=("membership", "valid_from"), name="card_one_per_member_and_start"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_to__isnull", True), ("valid_to__gte", models.F("valid_from")), _connector="OR"
                        ),
                        name="card_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("fee_paid_at__isnull", True), ("fee_paid_cents", 0)),
                            models.Q(("fee_paid_at__isnull", False), ("fee_paid_cents__gt", 0)),
                            _connector="OR",
                        ),
                        name="card_payment_has_a_date",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MemberRegistry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="registry",
                        to="core.organisation",
                        verbose_name="ente",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="numero progressivo")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="registry_entries",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="socio",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="registry_entries",
                        to="core.cermembership",
                        verbose_name="appartenenza",
                    ),
                ),
                ("entered_at", models.DateTimeField(verbose_name="ammesso il")),
                ("left_at", models.DateTimeField(blank=True, null=True, verbose_name="cessato il")),
                ("notes", models.TextField(blank=True, verbose_name="annotazioni")),
            ],
            options={
                "verbose_name": "iscrizione nel libro soci",
                "verbose_name_plural": "libro soci",
                "ordering": ["organisation", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "number"), name="registry_number_is_unique"),
                    models.UniqueConstraint(
                        condition=models.Q(("left_at__isnull", True)),
                        fields=("organisation", "user"),
                        name="registry_one_open_per_member",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="registry_numbers_start_at_one"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("left_at__isnull", True), ("left_at__gte", models.F("entered_at")), _connector="OR"
                        ),
                        name="registry_left_after_entering",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Plant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="nome")),
                (
                    "pod_code",
                    models.CharField(
                        help_text="È sulla bolletta: comincia con IT e ha 14 o 15 caratteri, per esempio IT001E12345678.",
                        max_length=20,
                        validators=[cercollettiva.core.validators.validate_pod],
                        verbose_name="POD",
                    ),
                ),
                ("pod_key", models.CharField(editable=False, max_length=14, verbose_name="POD, primi 14 caratteri")),
                (
                    "plant_type",
                    models.CharField(
                        choices=[("PRODUCER", "produttore"), ("CONSUMER", "consumatore"), ("PROSUMER", "prosumer")],
                        max_length=8,
                        verbose_name="tipo",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plants",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="titolare",
                    ),
                ),
                (
                    "cer_configuration",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plants",
                        to="core.cerconfiguration",
                        verbose_name="comunità",
                    ),
                ),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="valido dal")),
                ("active_to", models.DateTimeField(blank=True, null=True, verbose_name="valido fino al")),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("PV", "fotovoltaico"),
                            ("WIND", "eolico"),
                            ("HYDRO", "idroelettrico"),
                            ("BIOGAS", "biogas e biomasse"),
                            ("OTHER", "altra fonte"),
                        ],
                        max_length=6,
                        verbose_name="fonte",
                    ),
                ),
                ("address", models.CharField(blank=True, max_length=200, verbose_name="indirizzo")),
                ("city", models.CharField(blank=True, max_length=100, verbose_name="comune")),
                ("zip_code", models.CharField(blank=True, max_length=5, verbose_name="CAP")),
                ("province", models.CharField(blank=True, max_length=2, verbose_name="provincia")),
                (
                    "region",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("Abruzzo", "Abruzzo"),
                            ("Basilicata", "Basilicata"),
                            ("Calabria", "Calabria"),
                            ("Campania", "Campania"),
                            ("Emilia-Romagna", "Emilia-Romagna"),
                            ("Friuli-Venezia Giulia", "Friuli-Venezia Giulia"),
                            ("Lazio", "Lazio"),
                            ("Liguria", "Liguria"),
                            ("Lombardia", "Lombardia"),
                            ("Marche", "Marche"),
                            ("Molise", "Molise"),
                            ("Piemonte", "Piemonte"),
                            ("Puglia", "Puglia"),
                            ("Sardegna", "Sardegna"),
                            ("Sicilia", "Sicilia"),
                            ("Toscana", "Toscana"),
                            ("Trentino-Alto Adige", "Trentino-Alto Adige"),
                            ("Umbria", "Umbria"),
                            ("Valle d'Aosta", "Valle d'Aosta"),
                            ("Veneto", "Veneto"),
                        ],
                        max_length=25,
                        verbose_name="regione",
                    ),
                ),
                (
                    "market_zone",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("NORD", "Nord"),
                            ("CNOR", "Centro Nord"),
                            ("CSUD", "Centro Sud"),
                            ("SUD", "Sud"),
                            ("CALA", "Calabria"),
                            ("SICI", "Sicilia"),
                            ("SARD", "Sardegna"),
                        ],
                        max_length=4,
                        verbose_name="zona di mercato",
                    ),
                ),
                (
                    "latitude",
                    models.DecimalField(
                        blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="latitudine"
                    ),
                ),
                (
                    "longitude",
                    models.DecimalField(
                        blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="longitudine"
                    ),
                ),
                (
                    "connection_voltage",
                    models.CharField(
                        choices=[("BT", "bassa tensione"), ("MT", "media tensione"), ("AT", "alta tensione")],
                        default="BT",
                        max_length=2,
                        verbose_name="livello di tensione",
                    ),
                ),
                ("installation_date", models.DateField(blank=True, null=True, verbose_name="installato il")),
                (
                    "entry_into_operation",
                    models.DateField(
                        blank=True,
                        help_text="È nella comunicazione di attivazione del distributore, non sull'attestato GAUDÌ.",
                        null=True,
                        verbose_name="entrata in esercizio",
                    ),
                ),
                (
                    "commercial_operation",
                    models.DateField(blank=True, null=True, verbose_name="decorrenza commerciale"),
                ),
                (
                    "nominal_power",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=10,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="potenza attiva nominale (kW)",
                    ),
                ),
                (
                    "apparent_power_kva",
                    models.DecimalField(
                        blank=True, decimal_places=3, max_digits=10, null=True, verbose_name="potenza apparente (kVA)"
                    ),
                ),
                (
                    "net_power_kw",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=10,
                        null=True,
                        verbose_name="potenza efficiente netta (kW)",
                    ),
                ),
                (
                    "gross_power_kw",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=10,
                        null=True,
                        verbose_name="potenza efficiente lorda (kW)",
                    ),
                ),
                (
                    "voltage_v",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True, verbose_name="tensione (V)"
                    ),
                ),
                (
                    "expected_yearly_production_kwh",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=14,
                        null=True,
                        verbose_name="produzione annua attesa (kWh)",
                    ),
                ),
                (
                    "grid_feed_type",
                    models.CharField(
                        blank=True,
                        choices=[("TOTAL", "tutta"), ("PARTIAL", "in parte"), ("NONE", "niente")],
                        max_length=7,
                        verbose_name="immissione in rete",
                    ),
                ),
                (
                    "remote_disconnect",
                    models.BooleanField(blank=True, null=True, verbose_name="predisposto al teledistacco"),
                ),
                ("has_storage", models.BooleanField(default=False, verbose_name="con accumulo")),
                (
                    "storage_capacity_kwh",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=10,
                        null=True,
                        verbose_name="capacità dell'accumulo (kWh)",
                    ),
                ),
                (
                    "storage_power_kw",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=10,
                        null=True,
                        verbose_name="potenza dell'accumulo (kW)",
                    ),
                ),
                (
                    "gaudi_request_code",
                    models.CharField(blank=True, max_length=40, verbose_name="codice richiesta GAUDÌ"),
                ),
                ("censimp_code", models.CharField(blank=True, max_length=40, verbose_name="codice CENSIMP")),
                ("sapr_code", models.CharField(blank=True, max_length=40, verbose_name="codice SAPR")),
                (
                    "tracking_code",
                    models.CharField(blank=True, max_length=40, verbose_name="codice di rintracciabilità"),
                ),
                ("section_id", models.CharField(blank=True, max_length=40, verbose_name="sezione")),
                ("group_id", models.CharField(blank=True, max_length=40, verbose_name="gruppo")),
                (
                    "gaudi_version",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="versione dell'attestato"),
                ),
                (
                    "gaudi_validation_date",
                    models.DateField(blank=True, null=True, verbose_name="convalida dell'attestato"),
                ),
                (
                    "grant_share",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Da 0 a 1: per esempio 0,4 per il 40 %.",
                        max_digits=5,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(1),
                        ],
                        verbose_name="quota di contributo in conto capitale",
                    ),
                ),
                (
                    "obligation_power_kw",
                    models.DecimalField(
                        blank=True, decimal_places=3, max_digits=10, null=True, verbose_name="potenza d'obbligo (kW)"
                    ),
                ),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="verificato il")),
                (
                    "verified_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="verificato da",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="attivo")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="creato il")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="modificato il")),
            ],
            options={
                "verbose_name": "impianto",
                "verbose_name_plural": "impianti",
                "ordering": ["name"],
                "indexes": [models.Index(fields=["pod_key"], name="plant_pod_key")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("active_to__isnull", True), ("active_to__gte", models.F("active_from")), _connector="OR"
                        ),
                        name="plant_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pod_key__regex", "\\AIT[0-9]{3}E[0-9A-Z]{8}\\Z")),
                        name="plant_pod_key_is_a_pod",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("plant_type__in", ["PRODUCER", "CONSUMER", "PROSUMER"])),
                        name="plant_type_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source__in", ["", "PV", "WIND", "HYDRO", "BIOGAS", "OTHER"])),
                        name="plant_source_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("connection_voltage__in", ["BT", "MT", "AT"])),
                        name="plant_connection_voltage_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("market_zone__in", ["", "NORD", "CNOR", "CSUD", "SUD", "CALA", "SICI", "SARD"])
                        ),
                        name="plant_market_zone_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("nominal_power__isnull", True), ("nominal_power__gte", 0), _connector="OR"),
                        name="plant_power_is_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("grant_share__isnull", True), ("grant_share__range", (0, 1)), _connector="OR"
                        ),
                        name="plant_grant_is_a_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("latitude__isnull", True), ("longitude__isnull", True)),
                            models.Q(
                                ("latitude__isnull", False),
                                ("longitude__isnull", False),
                                ("latitude__range", (-90, 90)),
                                ("longitude__range", (-180, 180)),
                            ),
                            _connector="OR",
                        ),
                        name="plant_coordinates_are_on_the_globe",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlantMeasurement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "plant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="measurements",
                        to="core.plant",
                        verbose_name="impianto",
                    ),
                ),
                ("start", models.DateTimeField(verbose_name="inizio")),
                ("end", models.DateTimeField(verbose_name="fine")),
                ("drawn_mwh", models.BigIntegerField(blank=True, null=True, verbose_name="prelevata (mWh)")),
                ("injected_mwh", models.BigIntegerField(blank=True, null=True, verbose_name="immessa (mWh)")),
                ("recorded_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="registrata il")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="versione")),
                (
                    "source",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "distributore"), (1, "GSE"), (2, "file del portale"), (3, "inserita a mano")],
                        verbose_name="origine",
                    ),
                ),
                (
                    "quality",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "validata"), (1, "provvisoria"), (2, "stimata")], default=0, verbose_name="qualità"
                    ),
                ),
            ],
            options={
                "verbose_name": "misura esterna",
                "verbose_name_plural": "misure esterne",
                "ordering": ["plant", "start", "source", "version"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plant", "start", "end", "source", "version"),
                        name="plant_measurement_version_is_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("end__gt", models.F("start"))),
                        name="plant_measurement_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("drawn_mwh__isnull", True),
                                ("drawn_mwh__range", (0, 1000000000000000)),
                                _connector="OR",
                            ),
                            models.Q(
                                ("injected_mwh__isnull", True),
                                ("injected_mwh__range", (0, 1000000000000000)),
                                _connector="OR",
                            ),
                        ),
                        name="plant_measurement_is_a_quantity",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)), name="plant_measurement_versions_start_at_one"
                    ),
                ],
            },
        ),
        NoOverlap("CERMembership", "membership_periods_do_not_overlap", equal=["user_id", "community_id"]),
        NoOverlap("Plant", "plant_pod_periods_do_not_overlap", equal=["pod_key"]),
    ]

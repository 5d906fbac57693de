import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import cercollettiva.users.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomUser",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        error_messages={"unique": "Esiste già un utente con questo indirizzo."},
                        max_length=254,
                        unique=True,
                        verbose_name="indirizzo email",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="nome")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="cognome")),
                (
                    "legal_type",
                    models.CharField(
                        choices=[
                            ("PRIVATE", "persona fisica"),
                            ("BUSINESS", "impresa"),
                            ("ASSOCIATION", "associazione o ente del terzo settore"),
                            ("CHURCH", "ente religioso"),
                            ("PUBLIC", "ente pubblico"),
                        ],
                        default="PRIVATE",
                        max_length=11,
                        verbose_name="forma giuridica",
                    ),
                ),
                (
                    "is_large_company",
                    models.BooleanField(
                        default=False,
                        help_text="Una grande impresa non può essere socia di una comunità.",
                        verbose_name="grande impresa",
                    ),
                ),
                (
                    "profit_type",
                    models.CharField(
                        blank=True,
                        choices=[("PROFIT", "con scopo di lucro"), ("NON_PROFIT", "senza scopo di lucro")],
                        max_length=10,
                        verbose_name="scopo",
                    ),
                ),
                ("legal_name", models.CharField(blank=True, max_length=200, verbose_name="ragione sociale")),
                ("sdi_code", models.CharField(blank=True, max_length=7, verbose_name="codice SDI")),
                (
                    "fiscal_code",
                    cercollettiva.users.fields.EncryptedTextField(
                        blank=True, default="", verbose_name="codice fiscale"
                    ),
                ),
                (
                    "fiscal_code_index",
                    cercollettiva.users.fields.BlindIndexField(db_index=True, max_length=43, source="fiscal_code"),
                ),
                (
                    "vat_number",
                    cercollettiva.users.fields.EncryptedTextField(blank=True, default="", verbose_name="partita IVA"),
                ),
                (
                    "vat_number_index",
                    cercollettiva.users.fields.BlindIndexField(db_index=True, max_length=43, source="vat_number"),
                ),
                ("pec", cercollettiva.users.fields.EncryptedTextField(blank=True, default="", verbose_name="PEC")),
                ("iban", cercollettiva.users.fields.EncryptedTextField(blank=True, default="", verbose_name="IBAN")),
                (
                    "phone",
                    cercollettiva.users.fields.EncryptedTextField(blank=True, default="", verbose_name="telefono"),
                ),
                (
                    "address",
                    cercollettiva.users.fields.EncryptedTextField(blank=True, default="", verbose_name="indirizzo"),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Vede e gestisce tutte le comunità.",
                        verbose_name="gestore della piattaforma",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Un utente non attivo non può accedere: si disattiva, non si cancella.",
                        verbose_name="attivo",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="iscritto dal"
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "utente",
                "verbose_name_plural": "utenti",
                "ordering": ["last_name", "first_name", "email"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="user_email_is_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("legal_type__in", ["PRIVATE", "BUSINESS", "ASSOCIATION", "CHURCH", "PUBLIC"])
                        ),
                        name="user_legal_type_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("profit_type__in", ["", "PROFIT", "NON_PROFIT"])),
                        name="user_profit_type_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_large_company", False), ("legal_type", "BUSINESS"), _connector="OR"),
                        name="user_large_company_is_a_business",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="utente",
                    ),
                ),
                ("document", models.SlugField(help_text="Per esempio privacy o statuto.", verbose_name="documento")),
                ("version", models.CharField(max_length=20, verbose_name="versione")),
                ("accepted_at", models.DateTimeField(verbose_name="accettato il")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="revocato il")),
            ],
            options={
                "verbose_name": "consenso",
                "verbose_name_plural": "consensi",
                "ordering": ["-accepted_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("user", "document", "version"),
                        name="consent_once_per_version_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("withdrawn_at__isnull", True),
                            ("withdrawn_at__gte", models.F("accepted_at")),
                            _connector="OR",
                        ),
                        name="consent_withdrawn_after_it_was_given",
                    ),
                ],
            },
        ),
    ]

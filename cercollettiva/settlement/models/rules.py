"""What a community's regulation says of its money, as data: who gets which part, by which key, from when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThan, LessThan
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import CERConfiguration, CERMembership
from cercollettiva.settlement.models.appending import Appended, AppendedQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from cercollettiva.users.models import CustomUser

PERCENTAGES = ("producers", "consumers", "management", "investment_fund", "solidarity_fund")
HUNDRED = Decimal(100)


class DistributionKey(models.TextChoices):
    """How a pot is divided among those it is for."""

    EQUAL = "EQUAL", _("in parti uguali")
    SHARES = "SHARES", _("per quote fisse")
    VOLUME = "VOLUME", _("in proporzione all'energia prelevata o immessa")
    CONTRIBUTION = "CONTRIBUTION", _("in proporzione al contributo a ogni ora di condivisione")


class Attribution(models.TextChoices):
    """To which plants the shared energy of an hour belongs; the values are those of the engine."""

    QUEUE_ALL = "gse_queue_all", _("in fila per data di esercizio, tutti gli impianti (GSE)")
    QUEUE_INCENTIVISED = "queue_incentivised_only", _("in fila, prima gli impianti incentivati")
    PRO_RATA = "pro_rata", _("in proporzione a quanto è stato immesso nell'ora")


class Threshold(models.TextChoices):
    """What of the premium is beyond the threshold of 55 or 45 %."""

    PERCENTAGE_POINTS = "percentage_points", _("punti percentuali del premio (testo del 2025)")
    PROPORTIONAL = "proportional", _("in proporzione all'energia oltre la soglia")


class Excess(models.TextChoices):
    """To whom the premium beyond the threshold goes: never to a business."""

    CONSUMERS = "CONSUMERS", _("ai soci che non sono imprese")
    SOCIAL_FUND = "SOCIAL_FUND", _("al fondo per fini sociali nel territorio")


def _percentage(label: StrOrPromise, default: int) -> models.DecimalField[Decimal, Decimal]:
    bounds = [MinValueValidator(0), MaxValueValidator(100)]
    return models.DecimalField(label, max_digits=5, decimal_places=2, default=Decimal(default), validators=bounds)


class DistributionRuleQuerySet(AppendedQuerySet["DistributionRule"]):
    def in_force(self, day: date) -> Self:
        """For each community the rule that holds on a day: the latest start, and of one start the latest version."""
        return self.filter(valid_from__lte=day).order_by("community", "-valid_from", "-version")

    def of(self, community: CERConfiguration, day: date) -> DistributionRule | None:
        """The rule of a community on a day; None where its first one begins later."""
        return self.in_force(day).filter(community=community).first()

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """A regulation is for all who belong to the community."""
        return self.filter(community__in=user.memberships.active_at(at).values("community"))


class DistributionRule(Appended):
    """One version of a community's rules of distribution, in force from a day on until a later version takes over.

    The percentages divide what the GSE pays; each percentage is of the whole, and together they are the whole.
    """

    community = models.ForeignKey(
        CERConfiguration, models.PROTECT, related_name="distribution_rules", verbose_name=_("comunità")
    )
    version = models.PositiveIntegerField(_("versione"))
    valid_from = models.DateField(_("in vigore dal"))
    producers = _percentage(_("produttori (%)"), 45)
    consumers = _percentage(_("consumatori (%)"), 30)
    management = _percentage(_("gestione (%)"), 20)
    investment_fund = _percentage(_("fondo investimenti (%)"), 3)
    solidarity_fund = _percentage(_("fondo di solidarietà (%)"), 2)
    producers_key = models.CharField(
        _("criterio tra i produttori"),
        max_length=12,
        choices=DistributionKey.choices,
        default=DistributionKey.CONTRIBUTION,
    )
    consumers_key = models.CharField(
        _("criterio tra i consumatori"),
        max_length=12,
        choices=DistributionKey.choices,
        default=DistributionKey.CONTRIBUTION,
    )
    attribution = models.CharField(
        _("attribuzione agli impianti"), max_length=23, choices=Attribution.choices, default=Attribution.QUEUE_ALL
    )
    threshold = models.CharField(
        _("calcolo oltre la soglia"), max_length=17, choices=Threshold.choices, default=Threshold.PERCENTAGE_POINTS
    )
    excess = models.CharField(
        _("premio oltre la soglia"), max_length=11, choices=Excess.choices, default=Excess.CONSUMERS
    )
    approved_on = models.DateField(_("approvata dall'assemblea il"), null=True, blank=True)
    note = models.CharField(
        _("articolo del regolamento"), max_length=200, blank=True, help_text=_("Per esempio: articolo 12, comma 3.")
    )
    created_at = models.DateTimeField(_("scritta il"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("scritta da"),
    )

    objects = DistributionRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("regola di ripartizione")
        verbose_name_plural = _("regole di ripartizione")
        ordering = ["community", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["community", "version"], name="distribution_rule_version_is_unique"),
            models.CheckConstraint(condition=Q(version__gte=1), name="distribution_rule_versions_start_at_one"),
            # The columns have two decimals, so what is nearer than half a hundredth is the same number: SQLite adds
            # them as floats.
            models.CheckConstraint(
                condition=Q(GreaterThan(sum((F(name) for name in PERCENTAGES), start=Decimal(0)), Decimal("99.995")))
                & Q(LessThan(sum((F(name) for name in PERCENTAGES), start=Decimal(0)), Decimal("100.005"))),
                name="distribution_rule_adds_up_to_100",
                violation_error_message=_("Le percentuali devono fare 100 in tutto."),
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__range": (0, 100)}), name=f"distribution_rule_{name}_is_a_percentage"
                )
                for name in PERCENTAGES
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__in": choices.values}), name=f"distribution_rule_{name}_is_known"
                )
                for name, choices in (
                    ("producers_key", DistributionKey),
                    ("consumers_key", DistributionKey),
                    ("attribution", Attribution),
                    ("threshold", Threshold),
                    ("excess", Excess),
                )
            ),
        ]

    def __str__(self) -> str:
        return f"{self.community}, v{self.version}"

    def clean(self) -> None:
        """Say how much is missing or too much before the database refuses it."""
        total = self.total
        if total != HUNDRED:
            raise ValidationError(
                _("Le percentuali fanno %(total)s: devono fare 100."), code="not_100", params={"total": total}
            )

    @property
    def total(self) -> Decimal:
        """What the percentages add up to."""
        return sum((Decimal(getattr(self, name) or 0) for name in PERCENTAGES), start=Decimal(0))


class Pot(models.TextChoices):
    """The parts of a community's money that are divided among members."""

    PRODUCERS = "PRODUCERS", _("produttori")
    CONSUMERS = "CONSUMERS", _("consumatori")


class DistributionShareQuerySet(AppendedQuerySet["DistributionShare"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """One's own; those of others only as an administrator of the community."""
        administered = user.memberships.administering(at=at).values("community")
        return self.filter(Q(membership__user=user) | Q(rule__community__in=administered))


class DistributionShare(Appended):
    """The fixed share of a member in one pot, for the key that divides by shares; it belongs to its rule's version."""

    rule = models.ForeignKey(
        DistributionRule, models.PROTECT, related_name="shares", verbose_name=_("regola di ripartizione")
    )
    membership = models.ForeignKey(CERMembership, models.PROTECT, related_name="+", verbose_name=_("socio"))
    pot = models.CharField(_("parte"), max_length=9, choices=Pot.choices)
    weight = models.DecimalField(_("quota"), max_digits=12, decimal_places=6, validators=[MinValueValidator(0)])

    objects = DistributionShareQuerySet.as_manager()

    class Meta:
        verbose_name = _("quota di un socio")
        verbose_name_plural = _("quote dei soci")
        ordering = ["rule", "pot", "membership"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "membership", "pot"], name="distribution_share_is_unique"),
            models.CheckConstraint(condition=Q(weight__gte=0), name="distribution_share_is_not_negative"),
            models.CheckConstraint(condition=Q(pot__in=Pot.values), name="distribution_share_pot_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.membership}: {self.get_pot_display()} {self.weight}"


def next_version(rules: Iterable[DistributionRule]) -> int:
    """The number of the version that would follow these."""
    return max((rule.version for rule in rules), default=0) + 1

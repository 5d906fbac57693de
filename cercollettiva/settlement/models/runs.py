"""What a calculation found, with the hash of all it was made from. Estimates are replaced; what is settled is not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import CERConfiguration
from cercollettiva.settlement.models.rules import DistributionRule
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class RunKind(models.TextChoices):
    """Only estimates are made so far; the others are for settled months and keep their inputs."""

    ESTIMATE = "ESTIMATE", _("stima")
    ADVANCE = "ADVANCE", _("acconto")
    BALANCE = "BALANCE", _("saldo")
    RECALCULATION = "RECALCULATION", _("ricalcolo")


class SettlementRunQuerySet(VisibleQuerySet["SettlementRun"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """What the community shared and earned as a whole is for all who belong to it."""
        return self.filter(community__in=user.memberships.active_at(at).values("community"))


class SettlementRun(models.Model):
    """The figures of a community over [start, end). Energies in kWh and money in EUR are text with six places."""

    community = models.ForeignKey(
        CERConfiguration, models.PROTECT, related_name="settlement_runs", verbose_name=_("comunità")
    )
    kind = models.CharField(_("genere"), max_length=13, choices=RunKind.choices, default=RunKind.ESTIMATE)
    start = models.DateTimeField(_("inizio"))
    end = models.DateTimeField(_("fine"))
    inputs_hash = models.CharField(_("impronta dei dati"), max_length=64, blank=True)  # empty where it was refused
    rule = models.ForeignKey(
        DistributionRule, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("regola")
    )  # null: the starting rule
    versions = models.JSONField(_("versioni"), default=list)  # of prices and parameters, policies, assumptions
    totals = models.JSONField(_("totali"), default=dict)  # from what is known: a lower bound
    estimate = models.JSONField(_("totali stimati"), default=dict)  # what is missing filled in; empty: nothing is
    sets = models.JSONField(_("insiemi di impianti"), default=dict)
    plants = models.JSONField(_("impianti"), default=dict)  # by key of the plant; for those who look after them
    completeness = models.JSONField(_("completezza"), default=dict)
    refusal = models.CharField(_("motivo per cui manca"), max_length=500, blank=True)  # in Italian, with PODs
    refusal_details = models.JSONField(_("dettagli del motivo"), default=dict, blank=True)  # for `settlement.reasons`
    computed_at = models.DateTimeField(_("calcolata il"), default=timezone.now)

    objects = SettlementRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("calcolo degli incentivi")
        verbose_name_plural = _("calcoli degli incentivi")
        ordering = ["community", "-start"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "start", "end"],
                condition=Q(kind="ESTIMATE"),
                name="settlement_run_one_estimate_per_period",
            ),
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="settlement_run_kind_is_known"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="settlement_run_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(refusal="") & ~Q(inputs_hash="") | ~Q(refusal="") & Q(inputs_hash=""),
                name="settlement_run_has_figures_or_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.community}, {self.start:%Y-%m-%d}: {self.get_kind_display()}"


class MemberPartQuerySet(VisibleQuerySet["MemberPart"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """One's own; those of others only as an administrator of the community."""
        administered = user.memberships.administering(at=at).values("community")
        return self.filter(Q(user=user) | Q(run__community__in=administered))


class MemberPart(models.Model):
    """What a run gives a member, and the energies it divided by. [cents, mWh]"""

    run = models.ForeignKey(SettlementRun, models.CASCADE, related_name="parts", verbose_name=_("calcolo"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("socio"))
    cents = models.BigIntegerField(_("importo (centesimi)"))
    withdrawn_mwh = models.BigIntegerField(_("prelevata (mWh)"))
    withdrawn_shared_mwh = models.BigIntegerField(_("condivisa in prelievo (mWh)"))
    injected_mwh = models.BigIntegerField(_("immessa (mWh)"))
    injected_shared_mwh = models.BigIntegerField(_("condivisa in immissione (mWh)"))
    lines = models.JSONField(_("voci"), default=list)  # money, pot, cents, weight, of_weight

    objects = MemberPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("parte di un socio")
        verbose_name_plural = _("parti dei soci")
        ordering = ["run", "user"]
        constraints = [models.UniqueConstraint(fields=["run", "user"], name="member_part_is_unique")]

    def __str__(self) -> str:
        return f"{self.user}, {self.run}"

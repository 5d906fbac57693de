"""An application to enter a community: what was written, step by step, and what was decided about it.

Where it stands is told by its membership, which is made when the application is sent: one place for one state.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models.communities import CERConfiguration, CERMembership, MembershipState
from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

# What waits for an administrator, and what may still be decided.
WAITING: Final = (MembershipState.SUBMITTED,)
OPEN: Final = (MembershipState.SUBMITTED, MembershipState.TO_FIX)


class ApplicationStep(models.TextChoices):
    """The five steps, in their order."""

    PERSON = "person", _("Chi sei")
    POINT = "point", _("Il tuo POD")
    ROLE = "role", _("Che cosa fai")
    PAPERS = "papers", _("Documenti")
    CONSENTS = "consents", _("Consensi e invio")


class ApplicationQuerySet(VisibleQuerySet["Application"]):
    def drafts(self) -> Self:
        """Begun and not sent: nobody but who writes them sees them."""
        return self.filter(membership__isnull=True)

    def waiting(self) -> Self:
        return self.filter(membership__state__in=WAITING)

    def open(self) -> Self:
        """Sent and not decided."""
        return self.filter(membership__state__in=OPEN)

    def administered_by(self, user: CustomUser, *, at: datetime | None = None) -> Self:
        """The ones that were sent to the communities somebody administers."""
        communities = CERConfiguration.objects.administered_by(user, at=at)
        return self.filter(membership__isnull=False, community__in=communities)

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        administered = user.memberships.administering(at=at).values("community")
        return self.filter(Q(user=user) | Q(membership__isnull=False, community__in=administered))


def make_link_key() -> str:
    return secrets.token_urlsafe(12)


class Application(models.Model):
    """What somebody who wants to enter writes of themselves; it may begin before there is an account."""

    community = models.ForeignKey(
        CERConfiguration, models.PROTECT, related_name="applications", verbose_name=_("comunità")
    )
    email = models.EmailField(_("indirizzo email"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name=_("persona"),
    )  # null: begun with an address alone
    membership = models.OneToOneField(
        CERMembership,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="application",
        verbose_name=_("appartenenza"),
    )  # null: not sent yet
    answers_json = EncryptedTextField(_("risposte"), blank=True, default="", editable=False)
    sent_json = EncryptedTextField(_("risposte dell'invio prima"), blank=True, default="", editable=False)
    pod_key = models.CharField(_("POD, primi 14 caratteri"), max_length=14, blank=True, editable=False)
    language = models.CharField(_("lingua"), max_length=2, default="it", choices=settings.LANGUAGES)
    link_key = models.CharField(max_length=16, default=make_link_key, editable=False)  # a new one revokes old links
    revision = models.PositiveIntegerField(default=1, editable=False)  # grows with whatever the desk must have seen
    created_at = models.DateTimeField(_("cominciata il"))
    updated_at = models.DateTimeField(_("modificata il"))
    submitted_at = models.DateTimeField(_("inviata il"), null=True, blank=True)  # the last time

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("domanda di adesione")
        verbose_name_plural = _("domande di adesione")
        ordering = ["submitted_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="application_email_is_lower_case"),
            models.UniqueConstraint(
                fields=["community", "email"],
                condition=Q(membership__isnull=True),
                name="application_one_draft_per_address",
            ),
            models.CheckConstraint(
                condition=Q(membership__isnull=True) | Q(user__isnull=False, submitted_at__isnull=False),
                name="application_sent_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.community}, {self.created_at:%d/%m/%Y}"

    @property
    def state(self) -> str:
        return self.membership.state if self.membership is not None else MembershipState.DRAFT.value

    @property
    def may_be_written(self) -> bool:
        """By who applies: before it is sent, and when a correction was asked for."""
        return self.state in (MembershipState.DRAFT, MembershipState.TO_FIX)

    @property
    def is_open(self) -> bool:
        """Whether somebody may still decide about it."""
        return self.state in OPEN

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        """Step to what was written in it, as plain JSON values."""
        return _read(self.answers_json)

    @property
    def sent_before(self) -> dict[str, dict[str, Any]]:
        """The answers of the sending before the last, to show what a correction changed; empty without one."""
        return _read(self.sent_json)

    def answer(self, step: str) -> dict[str, Any]:
        return self.answers.get(step, {})

    def write(self, step: str, values: dict[str, Any]) -> None:
        """Put one step's answers into the row, without saving it."""
        self.answers_json = json.dumps({**self.answers, step: values}, ensure_ascii=False)

    @property
    def first_missing_step(self) -> ApplicationStep | None:
        """Where to go on; None when all five were filled in."""
        written = self.answers
        return next((step for step in ApplicationStep if step.value not in written), None)

    @property
    def shown_name(self) -> str:
        """Of who applies, as they wrote it; the address before they did."""
        person = self.answer(ApplicationStep.PERSON)
        name = person.get("legal_name") or f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()
        return name or self.email


def _read(text: str) -> dict[str, dict[str, Any]]:
    return json.loads(text) if text else {}


class ApplicationEventKind(models.TextChoices):
    SUBMITTED = "SUBMITTED", _("inviata")
    CORRECTION = "CORRECTION", _("chiesta una correzione")
    RESUBMITTED = "RESUBMITTED", _("inviata di nuovo")
    APPROVED = "APPROVED", _("approvata")
    REJECTED = "REJECTED", _("respinta")
    WITHDRAWN = "WITHDRAWN", _("ritirata")


class ApplicationEventQuerySet(VisibleQuerySet["ApplicationEvent"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(application__in=Application.objects.visible_to(user, at=at))


class ApplicationEvent(models.Model):
    """Something that happened to an application; rows are only added, so no reason and no request is ever lost."""

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="events", verbose_name=_("domanda di adesione")
    )
    kind = models.CharField(_("che cosa"), max_length=11, choices=ApplicationEventKind.choices)
    at = models.DateTimeField(_("quando"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("chi")
    )
    note = EncryptedTextField(_("parole"), blank=True, default="")  # what is to be corrected, why it was rejected
    steps = models.CharField(max_length=60, blank=True)  # the steps to correct, by their names

    objects = ApplicationEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("passo di una domanda")
        verbose_name_plural = _("passi delle domande")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.kind}"

    @property
    def step_labels(self) -> list[str]:
        return [str(ApplicationStep(name).label) for name in self.steps.split() if name in ApplicationStep.values]

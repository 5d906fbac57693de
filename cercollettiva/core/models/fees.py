"""What is paid of a fee, and who was reminded of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class PaymentMethod(models.TextChoices):
    CASH = "CASH", _("contanti")
    BANK_TRANSFER = "BANK_TRANSFER", _("bonifico")
    CARD = "CARD", _("carta")
    OTHER = "OTHER", _("altro")


class ReceiptIsPermanent(Exception):
    """Somebody tried to change or delete a payment: its receipt is in somebody's hands. Write one that reverses it."""

    def __init__(self) -> None:
        super().__init__("Payments are never changed nor deleted: add one that reverses it.")


class FeePaymentQuerySet(VisibleQuerySet["FeePayment"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise ReceiptIsPermanent

    def delete(self) -> NoReturn:
        raise ReceiptIsPermanent

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        communities = user.memberships.administering(at=at).values("community")
        return self.filter(Q(card__membership__user=user) | Q(card__membership__community__in=communities))


class FeePayment(models.Model):
    """Money that came for a fee, with the number of its receipt: without gaps in each organisation. [cents]"""

    # For those who may lift the protection: the owner of the table, in tests and in a demo that starts anew.
    APPEND_ONLY: ClassVar[dict[str, Any]] = {"unique": [("organisation_id", "receipt_number"), "reverses_id"]}

    organisation = models.ForeignKey(
        "core.Organisation", models.PROTECT, related_name="fee_payments", verbose_name=_("ente")
    )
    card = models.ForeignKey("core.MembershipCard", models.PROTECT, related_name="payments", verbose_name=_("tessera"))
    receipt_number = models.PositiveIntegerField(_("numero della ricevuta"))
    cents = models.IntegerField(_("importo, in centesimi"))
    method = models.CharField(_("modo"), max_length=13, choices=PaymentMethod.choices)
    paid_on = models.DateField(_("versata il"))
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("storna")
    )
    recorded_at = models.DateTimeField(_("scritta il"), default=timezone.now, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("scritta da")
    )

    objects = FeePaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("versamento di una quota")
        verbose_name_plural = _("versamenti delle quote")
        ordering = ["organisation", "receipt_number"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "receipt_number"], name="receipt_number_is_unique"),
            models.CheckConstraint(condition=Q(receipt_number__gte=1), name="receipt_numbers_start_at_one"),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, cents__gt=0) | Q(reverses__isnull=False, cents__lt=0),
                name="payment_is_money_in_or_reverses",
            ),
            models.CheckConstraint(condition=Q(method__in=PaymentMethod.values), name="payment_method_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} n. {self.receipt_number}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ReceiptIsPermanent
        super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ReceiptIsPermanent


class FeeReminderQuerySet(VisibleQuerySet["FeeReminder"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        communities = user.memberships.administering(at=at).values("community")
        return self.filter(Q(card__membership__user=user) | Q(card__membership__community__in=communities))


class FeeReminder(models.Model):
    """That a member was written to about a fee that is late; the row comes before the mail, so that none goes twice."""

    card = models.ForeignKey("core.MembershipCard", models.PROTECT, related_name="reminders", verbose_name=_("tessera"))
    step = models.PositiveSmallIntegerField(_("sollecito"))  # 1 the first, 2 the second
    sent_at = models.DateTimeField(_("mandato il"))

    objects = FeeReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("sollecito di una quota")
        verbose_name_plural = _("solleciti delle quote")
        ordering = ["card", "step"]
        constraints = [models.UniqueConstraint(fields=["card", "step"], name="reminder_once_a_step")]

    def __str__(self) -> str:
        return f"{self.card}: {self.step}"

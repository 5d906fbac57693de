"""Setting fees and writing down payments, for the administrators of the community alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api.asked import Nothing
from cercollettiva.api.errors import Conflict
from cercollettiva.api.idempotency import once
from cercollettiva.api.schema import CORE_ERRORS, REPEATABLE, CoreError
from cercollettiva.api.views import CoreView
from cercollettiva.core import fees
from cercollettiva.core.models import CERConfiguration, MembershipCard, MemberType, PaymentMethod
from cercollettiva.core.registry import day_of

ERRORS: Final = {**CORE_ERRORS, **dict.fromkeys((409, 413, 415), CoreError)}
WORDS: Final = {
    "negative": gettext_lazy("L'importo non può essere negativo, e un versamento è più di zero."),
    "too_much": gettext_lazy("L'importo è troppo grande per una quota."),
    "below_paid": gettext_lazy("Di questa quota è già stato versato di più."),
    "nothing_due": gettext_lazy("Questa quota è già versata."),
    "more_than_due": gettext_lazy("Il versamento supera quanto manca."),
    "in_the_future": gettext_lazy("La data del versamento è nel futuro."),
    "reversed": gettext_lazy("Questa ricevuta è già stornata."),
}


class Euros(serializers.DecimalField):
    """An amount with at most two decimals, as a number or as text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=9, decimal_places=2, min_value=Decimal(0), coerce_to_string=False, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class FeesView(CoreView):
    """Sessions, and tokens that may write; what does not add up is a 400 with its words, a fee that is paid a 409.

    The same call under the same Idempotency-Key has one effect.
    """

    http_method_names = ["post"]
    Asked: Any  # what each view reads

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, fees.FeeRefused):
            kind = Conflict if exc.code == "nothing_due" else ValidationError
            exc = kind(WORDS[exc.code])
        response = super().handle_exception(exc)
        detail = response.data["detail"]
        if isinstance(detail, list) and len(detail) == 1:
            response.data["detail"] = detail[0]
        return response

    def asked(self, request: Request) -> dict[str, Any]:
        Nothing.of(request)
        shape = self.Asked(data=request.data)
        shape.is_valid(raise_exception=True)
        values: dict[str, Any] = shape.validated_data
        return values

    def card(self, request: Request, card_id: int) -> MembershipCard:
        """404 for a card one may not see, 403 for one's own: a fee is the administrators' business."""
        cards = MembershipCard.objects.visible_to(request.user).select_related("membership__user")
        card = get_object_or_404(cards, pk=card_id)
        self.only_administrators(request, card.membership.community_id)
        return card

    def only_administrators(self, request: Request, community: int) -> None:
        if not CERConfiguration.objects.administered_by(request.user).filter(pk=community).exists():
            raise PermissionDenied(_("Lo può fare chi amministra la comunità."))


class SetFee(FeesView):
    """POST api/fees/set/<card_id>/ {"amount"}: ask another amount. [EUR]"""

    class Asked(serializers.Serializer[Any]):
        amount = Euros()

    class Answer(serializers.Serializer[Any]):
        success = serializers.BooleanField()
        message = serializers.CharField()

    @extend_schema(
        operation_id="core_fee_set", parameters=[REPEATABLE], request=Asked, responses={200: Answer, **ERRORS}
    )
    def post(self, request: Request, card_id: int) -> HttpResponse:
        return once(request, lambda: self._set(request, card_id))

    def _set(self, request: Request, card_id: int) -> Response:
        card = self.card(request, card_id)
        amount = self.asked(request)["amount"]
        fees.set_fee(card, cents=_cents(amount), on=day_of(timezone.now()))
        words = _("Quota di %(amount)s € impostata per %(name)s.")
        return Response({"success": True, "message": words % {"amount": amount, "name": card.membership.user}})


class FeePaid(FeesView):
    """POST api/fees/paid/<card_id>/ {"payment_method", "amount", "paid_on"}: write down a payment. [EUR]

    Without an amount it is what is still due; without a day, today. A fee that is paid answers 409.
    """

    class Asked(serializers.Serializer[Any]):
        payment_method = serializers.ChoiceField(PaymentMethod.choices, default=PaymentMethod.BANK_TRANSFER)
        amount = Euros(required=False, allow_null=True)
        paid_on = serializers.DateField(required=False)

    class Answer(SetFee.Answer):
        payment_date = serializers.DateField()
        receipt_number = serializers.IntegerField()
        amount = serializers.FloatField()

    @extend_schema(
        operation_id="core_fee_paid", parameters=[REPEATABLE], request=Asked, responses={200: Answer, **ERRORS}
    )
    def post(self, request: Request, card_id: int) -> HttpResponse:
        return once(request, lambda: self._pay(request, card_id))

    def _pay(self, request: Request, card_id: int) -> Response:
        card = self.card(request, card_id)
        asked, now = self.asked(request), timezone.now()
        amount = asked.get("amount")
        payment = fees.pay(
            card,
            cents=_cents(amount) if amount is not None else None,
            method=PaymentMethod(asked["payment_method"]),
            paid_on=asked.get("paid_on") or day_of(now),
            today=day_of(now),
            by=request.user,
        )
        return Response(
            {
                "success": True,
                "message": _("Quota versata da %(name)s.") % {"name": card.membership.user},
                "payment_date": payment.paid_on.isoformat(),
                "receipt_number": payment.receipt_number,
                "amount": float(Decimal(payment.cents).scaleb(-2)),
            }
        )


class BulkFees(FeesView):
    """POST api/cer/<cer_pk>/bulk-fees/ {"amount", "member_type"}: ask an amount of all who have a valid card. [EUR]"""

    class Asked(serializers.Serializer[Any]):
        amount = Euros()
        member_type = serializers.ChoiceField([("all", "all"), *MemberType.choices], default="all")

    class Answer(SetFee.Answer):
        updated_count = serializers.IntegerField()

    @extend_schema(
        operation_id="core_fees_bulk", parameters=[REPEATABLE], request=Asked, responses={200: Answer, **ERRORS}
    )
    def post(self, request: Request, cer_pk: int) -> HttpResponse:
        return once(request, lambda: self._set_all(request, cer_pk))

    def _set_all(self, request: Request, cer_pk: int) -> Response:
        community = get_object_or_404(CERConfiguration.objects.visible_to(request.user), pk=cer_pk)
        self.only_administrators(request, community.pk)
        asked = self.asked(request)
        kind = asked["member_type"]
        count = fees.set_fees(
            community,
            cents=_cents(asked["amount"]),
            on=day_of(timezone.now()),
            member_type="" if kind == "all" else kind,
        )
        words = _("Quota di %(amount)s € impostata per %(count)s tessere.")
        message = words % {"amount": asked["amount"], "count": count}
        return Response({"success": True, "message": message, "updated_count": count})


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))

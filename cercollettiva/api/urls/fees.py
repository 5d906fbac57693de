"""Fees, under the paths of the first platform."""

from django.urls import path

from cercollettiva.api.core import fees

app_name = "fees-api"

urlpatterns = [
    path("api/fees/set/<int:card_id>/", fees.SetFee.as_view(), name="set"),
    path("api/fees/paid/<int:card_id>/", fees.FeePaid.as_view(), name="paid"),
    path("api/cer/<int:cer_pk>/bulk-fees/", fees.BulkFees.as_view(), name="bulk"),
]

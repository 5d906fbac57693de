"""What shared energy is worth: the readings side by side, one hour explained."""

from django.urls import path

from cercollettiva.web.views import settlement

app_name = "settlement"

urlpatterns = [
    path("cer/<int:pk>/condivisione/confronto/", settlement.comparison, name="comparison"),
    path("cer/<int:pk>/condivisione/ora/", settlement.hour, name="hour"),
]

"""Communities and plants."""

from django.urls import path

from cercollettiva.web.views import dashboard, plants

app_name = "core"

urlpatterns = [
    path("cer/<int:pk>/", dashboard.community, name="community"),
    path("plants/<int:pk>/", plants.plant, name="plant"),
]

"""Communities and plants."""

from django.urls import path

from cercollettiva.web.urls import plants as plants_urls
from cercollettiva.web.views import dashboard, history, plants, roles, screen

app_name = "core"

urlpatterns = [
    path("cer/<int:pk>/", dashboard.community, name="community"),
    path("cer/<int:pk>/history.csv", history.community_csv, name="community-history"),
    path("cer/<int:pk>/schermo/", screen.screen, name="screen"),
    path("cer/<int:pk>/schermo/data/", screen.screen_data, name="screen-data"),
    path("cer/<int:pk>/roles/", roles.community_roles, name="roles"),
    *plants_urls.urlpatterns,
    path("plants/<int:pk>/", plants.plant, name="plant"),
    path("plants/<int:pk>/history.csv", history.plant_csv, name="plant-history"),
]

"""Communities and plants."""

from django.urls import path

from cercollettiva.web.urls import plants as plants_urls
from cercollettiva.web.views import dashboard, history, plants, quarters, roles, screen, sharing

app_name = "core"

urlpatterns = [
    path("cer/<int:pk>/", dashboard.community, name="community"),
    path("cer/<int:pk>/schermo/", screen.screen, name="screen"),
    path("cer/<int:pk>/schermo/data/", screen.screen_data, name="screen-data"),
    path("cer/<int:pk>/history.csv", history.community_file, {"ending": "csv"}, name="community-history"),
    path("cer/<int:pk>/history.xlsx", history.community_file, {"ending": "xlsx"}, name="community-history-xlsx"),
    path("cer/<int:pk>/condivisione/", sharing.sharing, name="sharing"),
    path("cer/<int:pk>/condivisione.csv", sharing.sharing_csv, name="sharing-csv"),
    path("cer/<int:pk>/condivisione.xlsx", sharing.sharing_xlsx, name="sharing-xlsx"),
    path("cer/<int:pk>/flussi.csv", dashboard.flows, {"ending": "csv"}, name="flows-csv"),
    path("cer/<int:pk>/flussi.xlsx", dashboard.flows, {"ending": "xlsx"}, name="flows-xlsx"),
    path("cer/<int:pk>/roles/", roles.community_roles, name="roles"),
    *plants_urls.urlpatterns,
    path("plants/<int:pk>/", plants.plant, name="plant"),
    path("plants/<int:pk>/history.csv", history.plant_file, {"ending": "csv"}, name="plant-history"),
    path("plants/<int:pk>/history.xlsx", history.plant_file, {"ending": "xlsx"}, name="plant-history-xlsx"),
    path("plants/<int:pk>/quarters.json", quarters.plant_quarters, name="plant-quarters"),
]

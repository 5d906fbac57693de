"""The names that the templates link to, for rendering them without the rest of the platform."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("i18n/setlang/", nothing, name="set_language"),
    path(
        "",
        include(
            (
                [
                    path("", nothing, name="home"),
                    path("dashboard/", nothing, name="dashboard"),
                    path("manifest.webmanifest", nothing, name="manifest"),
                ],
                "web",
            )
        ),
    ),
    path("avvisi/", include(([path("", nothing, name="alerts")], "alerts"))),
    path(
        "energy/",
        include(
            (
                [
                    path("devices/", nothing, name="meters"),
                    path("devices/<int:pk>/", nothing, name="meter"),
                    path("unknown/", nothing, name="strangers"),
                    path("unknown/<int:pk>/", nothing, name="stranger"),
                ],
                "meters",
            )
        ),
    ),
    path(
        "plants/",
        include(
            (
                [
                    path("<int:pk>/", nothing, name="plant"),
                    *(
                        path(f"<int:pk>/{name}/", nothing, name=f"plant-{name}")
                        for name in ("mqtt", "update", "delete")
                    ),
                    *(
                        path(f"<int:pk>/mqtt/<int:placement>/{name}/", nothing, name=f"meter-{name}")
                        for name in ("card", "roles", "move", "check")
                    ),
                ],
                "core",
            )
        ),
    ),
    path(
        "users/",
        include(
            (
                [
                    path("login/", nothing, name="login"),
                    path("logout/", nothing, name="logout"),
                    path("privacy_policy/", nothing, name="privacy_policy"),
                ],
                "users",
            )
        ),
    ),
]

"""The desk of those who administer communities."""

from django.urls import path

from cercollettiva.web.views import desk

app_name = "desk"

urlpatterns = [
    path("", desk.desk, name="desk"),
    path("<int:pk>/", desk.application, name="application"),
]

"""Communities as anybody may see them, and the way into one."""

from django.urls import path

from cercollettiva.web.views import communities, join, join_papers

app_name = "communities"

urlpatterns = [
    path("cer/", communities.communities, name="list"),
    path("cer/<int:pk>/public/", communities.public, name="public"),
    path("cer/<int:pk>/public/settings/", communities.public_settings, name="public-settings"),
    path("cer/<int:pk>/join/", join.join, name="join"),
    path("cer/<int:pk>/join/check/", join.check, name="join-check"),
    path("cer/<int:pk>/join/resume/<str:token>/", join.resume, name="join-resume"),
    path("cer/<int:pk>/join/papers/add/", join_papers.add, name="join-paper-add"),
    path("cer/<int:pk>/join/papers/remove/", join_papers.remove, name="join-paper-remove"),
    path("cer/<int:pk>/papers/<int:key>/", join_papers.published, name="paper"),
    path("cer/<int:pk>/join/<slug:step>/", join.step, name="join-step"),
    path("cer/<slug:slug>/", communities.public_by_slug, name="slug"),
]

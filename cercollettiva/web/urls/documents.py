"""Papers: the list, one of them, what may be done with it, and the attestations of plants."""

from django.urls import path

from cercollettiva.web.views import gaudi, paper_changes, paper_terms, papers

app_name = "documents"

urlpatterns = [
    path("", papers.papers, name="list"),
    path("upload/", paper_changes.upload, name="upload"),
    path("deleted/", papers.deleted, name="deleted"),
    path("terms/", paper_terms.all_terms, name="terms"),
    path("terms/<str:kind>/", paper_terms.term, name="term"),
    path("<int:pk>/", papers.paper, name="detail"),
    path("<int:pk>/download/", papers.download, name="download"),
    path("<int:pk>/delete/", paper_changes.delete, name="delete"),
    path("<int:pk>/verify/", paper_changes.verify, name="verify"),
    path("<int:pk>/hold/", paper_changes.hold, name="hold"),
    path("plant/<int:pk>/gaudi/upload/", gaudi.upload, name="gaudi-upload"),
    path("gaudi/<int:pk>/", gaudi.review, name="gaudi"),
    path("gaudi/<int:pk>/status/", gaudi.status, name="gaudi-status"),
    path("gaudi/<int:pk>/details/", gaudi.details, name="gaudi-details"),
    path("gaudi/<int:pk>/page/", gaudi.page, name="gaudi-page"),
]

"""The papers of an application: handed in by whoever applies, with an account or by the link of a mail."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cercollettiva.core.models import Application, ApplicationStep, CERConfiguration, MembershipState
from cercollettiva.documents import owed, retention
from cercollettiva.documents.accesses import published_content
from cercollettiva.documents.files import MissingFile
from cercollettiva.documents.intake import Subject
from cercollettiva.documents.models import Document
from cercollettiva.users.models import CustomUser
from cercollettiva.web.join import links
from cercollettiva.web.join.applicant import application_of
from cercollettiva.web.papers.forms import FileForm
from cercollettiva.web.papers.serving import attachment
from cercollettiva.web.views.communities import published_by
from cercollettiva.web.views.members import number_in
from cercollettiva.web.views.paper_changes import taken


@never_cache
@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """POST cer/<pk>/join/papers/add/: one of the papers that are owed."""
    application = _application(request, pk)
    if application is None:
        return redirect("communities:join", pk=pk)
    kind = request.POST.get("type", "")
    if kind not in {standing.owed.paper for standing in owed.papers_of_application(application)}:
        messages.error(request, _("Questo documento non è tra quelli che servono."))
        return _back(application)
    form = FileForm(request.POST, request.FILES)
    subject = Subject(owner=application.user, application=application)
    document = None
    if form.is_valid():
        document, _existing = taken(request, form, subject=subject, kind=kind, key=application.email)
    if document is None:
        for words in form.errors.get("file", []):
            messages.error(request, str(words))
    else:
        messages.success(request, _("%(what)s: arrivato.") % {"what": str(document.get_type_display()).capitalize()})
    return _back(application)


@never_cache
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """POST cer/<pk>/join/papers/remove/: take back one that nobody has verified yet."""
    application = _application(request, pk)
    if application is None:
        return redirect("communities:join", pk=pk)
    key = number_in(request.POST.get("document", ""))
    own = Document.objects.kept().filter(application=application, verified_at=None)
    document = get_object_or_404(own, pk=key)
    try:
        by = request.user if isinstance(request.user, CustomUser) else application.user
        retention.delete(document, by=by, at=timezone.now())
    except retention.OnHold:
        messages.error(request, _("Non si può eliminare: va conservato finché chi l’ha deciso non lo libera."))
    else:
        messages.success(request, _("Documento eliminato."))
    return _back(application)


@require_safe
def published(request: HttpRequest, pk: int, key: int) -> HttpResponse:
    """GET cer/<pk>/papers/<key>/: the statute or a regulation, which a community shows to everybody."""
    community = get_object_or_404(CERConfiguration.objects.with_public_page(), pk=pk)
    document = get_object_or_404(published_by(community), pk=key)
    try:
        answer = attachment(document, published_content(document))
    except MissingFile as missing:
        raise Http404 from missing
    answer["Cache-Control"] = "public, max-age=300"
    return answer


def _application(request: HttpRequest, pk: int) -> Application | None:
    """Of whoever is signed in or came by a link, or whose form this is; open, or yet to be sent."""
    community = get_object_or_404(CERConfiguration.objects.with_public_page(), pk=pk)
    application = application_of(request, community)
    if application is None:
        application = links.application_of_form(request.POST.get("mark", ""), community)
    if application is None or not (application.is_open or application.state == MembershipState.DRAFT):
        return None
    return application


def _back(application: Application) -> HttpResponse:
    if application.state != MembershipState.SUBMITTED and application.answer(ApplicationStep.ROLE):
        return redirect("communities:join-step", pk=application.community_id, step=ApplicationStep.PAPERS.value)
    return redirect("communities:join", pk=application.community_id)

"""What a person is told of their data and can do about it: see, take a copy, go; and the register of processing."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core.models import CERConfiguration, Organisation
from cercollettiva.users import consents, notice
from cercollettiva.users.audit import personal_data_read
from cercollettiva.users.exports import DataExport, ExportState
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights import exporting, processing
from cercollettiva.users.rights.erasure import AlreadyErased, Obstructed, erase, obstacles_of, preview
from cercollettiva.users.rights.sealed import BrokenFile
from cercollettiva.web.views.access import proven_anew
from cercollettiva.web.views.management import for_staff
from cercollettiva.web.views.members import PAGE, person


@never_cache
@login_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """GET users/privacy/: what is held of oneself, what for, on what ground and for how long."""
    user = person(request)
    context = {
        "activities": processing.held_of(user),
        "consents": user.consents.all(),
        "deletion": user.deletion_requests.open().first(),
    }
    return render(request, "users/privacy.html", context)


@never_cache
@login_required
@require_http_methods(PAGE)
def accept_privacy(request: HttpRequest) -> HttpResponse:
    """GET and POST users/privacy/accept/: the notice has a new version; accepting it leads on to where one was."""
    user = person(request)
    wanted = (request.POST if request.method == "POST" else request.GET).get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if request.method == "POST":
        consents.accept_privacy(user, at=timezone.now())
        notice.forget(request.session)
        return redirect(wanted if is_ours else "web:dashboard")
    if not notice.is_owed_by(user):  # accepted on another device
        notice.forget(request.session)
    context = {"version": consents.PRIVACY_VERSION, "next": wanted if is_ours else ""}
    return render(request, "users/accept_privacy.html", context)


@never_cache
@login_required
@require_http_methods(PAGE)
@proven_anew
def export(request: HttpRequest) -> HttpResponse:
    """GET and POST users/privacy/export/: ask for a copy of one's data, and where to take it."""
    user, now = person(request), timezone.now()
    if request.method == "POST":
        exporting.ask(user, at=now)
        messages.success(request, _("La copia è in preparazione: di solito è pronta entro qualche minuto."))
        return redirect("users:export")
    newest = DataExport.objects.visible_to(user).filter(user=user).first()
    if newest is not None and newest.expires_at is not None and newest.expires_at <= now:
        newest = None
    return render(request, "users/export.html", {"export": newest, "states": ExportState})


@never_cache
@login_required
@require_safe
@proven_anew
def export_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET users/privacy/export/<pk>/: the copy, to whoever it is about and to nobody else."""
    user, now = person(request), timezone.now()
    found = get_object_or_404(DataExport.objects.visible_to(user).open_at(now).filter(user=user), pk=pk)
    try:
        content = exporting.take(found, at=now)
    except BrokenFile as error:
        raise Http404 from error
    answer = StreamingHttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="dati-{found.asked_at:%Y%m%d}.zip"'
    answer["Content-Length"] = str(found.size)
    return answer


@never_cache
@login_required
@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """GET users/privacy/register/: the register of processing, for platform staff and administrators of communities."""
    user = person(request)
    is_staff = user.is_staff or user.is_superuser
    administered = CERConfiguration.objects.administered_by(user)
    if not is_staff and not administered.exists():
        raise Http404
    controllers = Organisation.objects.filter(communities__in=administered).distinct().order_by("name")
    context = {"activities": processing.register(), "controllers": controllers, "now": timezone.now()}
    return render(request, "users/processing.html", context)


@never_cache
@for_staff
@require_http_methods(PAGE)
@proven_anew
def erase_person(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST users/management/<pk>/erase/: what an erasure would do, and doing it at once."""
    chosen = get_object_or_404(CustomUser.objects.visible_to(request.user).filter(erased_at=None), pk=pk)
    now = timezone.now()
    if request.method == "POST" and request.POST.get("confirm") == str(chosen.pk):
        try:
            erase(chosen, by=person(request), at=now)
        except (Obstructed, AlreadyErased):
            messages.error(request, _("Non si può ancora: guarda che cosa deve succedere prima."))
            return redirect("users:erase", pk=chosen.pk)
        messages.success(request, _("Cancellato. Quello che la legge conserva è sotto uno pseudonimo."))
        return redirect("users:management_person", pk=chosen.pk)
    if request.method == "POST":
        messages.error(request, _("Spunta la casella per confermare."))
    personal_data_read([chosen], fields=["email"], purpose="erasure", request=request)
    context = {
        "person": chosen,
        "lines": preview(chosen, at=now),
        "obstacles": obstacles_of(chosen, at=now),
        "deletion": chosen.deletion_requests.open().first(),
    }
    return render(request, "users/erase.html", context)

"""The people of the platform, for its staff; for everybody else these pages do not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core.models import CERMembership, MemberRole, RoleChange
from cercollettiva.users import second_factor, sessions, signals
from cercollettiva.users.audit import personal_data_read
from cercollettiva.users.models import AccountDeletionRequest, CustomUser
from cercollettiva.web.browsers import browser_of

PEOPLE_PER_PAGE = 50
View = Callable[..., HttpResponse]


class Filter(forms.Form):
    """What is looked for: words of a name or an address, a whole code, a role, a state. Other columns are encrypted."""

    q = forms.CharField(label=gettext_lazy("Cerca"), required=False, max_length=254)
    role = forms.ChoiceField(
        label=gettext_lazy("Ruolo"),
        required=False,
        choices=[
            ("", gettext_lazy("tutti")),
            *MemberRole.choices,
            ("STAFF", gettext_lazy("gestore della piattaforma")),
        ],
    )
    state = forms.ChoiceField(
        label=gettext_lazy("Stato"),
        required=False,
        choices=[
            ("", gettext_lazy("tutti")),
            ("active", gettext_lazy("attivi")),
            ("disabled", gettext_lazy("disattivati")),
            ("deletion", gettext_lazy("cancellazione chiesta")),
        ],
    )


def for_staff(view: View) -> View:
    """Others are told nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, CustomUser) or not (request.user.is_staff or request.user.is_superuser):
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(guarded)


@never_cache
@for_staff
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """GET users/management/?q=&role=&state=&page=: everybody who has an account, fifty to a page."""
    now = timezone.now()
    form = Filter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = _found(CustomUser.objects.visible_to(request.user), chosen)
    active = CERMembership.objects.active_at(now).select_related("community").order_by("community__name")
    found = found.prefetch_related(Prefetch("memberships", active, to_attr="active_memberships")).annotate(
        has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=second_factor.SECOND))
    )
    page = Paginator(found, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "query": query.urlencode(), "is_filtered": any(chosen.values())}
    return render(request, "users/management.html", context)


def _found(rows: QuerySet[CustomUser], chosen: dict[str, Any]) -> QuerySet[CustomUser]:
    now = timezone.now()
    for word in chosen.get("q", "").split():
        codes = CustomUser.objects.with_fiscal_code(word).values("pk")
        numbers = CustomUser.objects.with_vat_number(word).values("pk")
        rows = rows.filter(
            Q(email__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(pk__in=codes)
            | Q(pk__in=numbers)
        )
    role, state = chosen.get("role"), chosen.get("state")
    if role == "STAFF":
        rows = rows.filter(Q(is_staff=True) | Q(is_superuser=True))
    elif role:
        rows = rows.filter(pk__in=CERMembership.objects.active_at(now).filter(role=role).values("user"))
    if state in ("active", "disabled"):
        rows = rows.filter(is_active=state == "active")
    elif state == "deletion":
        rows = rows.filter(pk__in=AccountDeletionRequest.objects.open().values("user"))
    return rows


@never_cache
@for_staff
@require_http_methods(("GET", "HEAD", "POST"))
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST users/management/<pk>/: one person; disable, enable, sign out everywhere, staff or not."""
    chosen = get_object_or_404(CustomUser.objects.visible_to(request.user), pk=pk)
    if request.method == "POST":
        _act(request, chosen, request.POST.get("action", ""))
        return redirect("users:management_person", pk=chosen.pk)
    personal_data_read([chosen], fields=["email", "last_login"], purpose="management", request=request)
    now = timezone.now()
    changes = RoleChange.objects.filter(membership__user=chosen).select_related("membership__community", "by")
    devices = sessions.devices_of(chosen, now=now)
    context = {
        "person": chosen,
        "is_self": chosen == request.user,
        "may_change_staff": request.user.is_superuser,
        "memberships": chosen.memberships.active_at(now).select_related("community"),
        "changes": changes.order_by("-at"),
        "devices": [{"browser": browser_of(one.user_agent), "last_seen": one.last_seen_at} for one in devices],
        "has_second_factor": second_factor.has_one(chosen),
        "deletion": chosen.deletion_requests.open().first(),
    }
    return render(request, "users/management_person.html", context)


@transaction.atomic
def _act(request: HttpRequest, chosen: CustomUser, action: str) -> None:
    """One of the actions of the page; what may not be done is said, and nothing changes."""
    by, now = request.user, timezone.now()
    assert isinstance(by, CustomUser)  # noqa: S101  # for_staff
    if action == "end_sessions":
        sessions.end_sessions(chosen, by=by, at=now)
        messages.success(request, _("Tutti i suoi dispositivi sono stati scollegati, e i suoi token revocati."))
    elif chosen == by:
        messages.error(request, _("Su te stesso questo non si può fare: chiedi a un altro gestore."))
    elif chosen.is_superuser and not by.is_superuser:
        messages.error(request, _("Solo chi ha tutti i permessi può cambiare chi ha tutti i permessi."))
    elif chosen.erased_at is not None:
        messages.error(request, _("Questa persona è stata cancellata: di lei non c’è più niente da cambiare."))
    elif action in ("disable", "enable"):
        chosen.is_active = action == "enable"
        chosen.save(update_fields=["is_active"])
        if not chosen.is_active:
            sessions.end_sessions(chosen, by=by, at=now)
        signal = signals.person_enabled if chosen.is_active else signals.person_disabled
        signal.send(CustomUser, user=chosen, by=by, at=now)
        messages.success(request, _("Può di nuovo entrare.") if chosen.is_active else _("Disattivato: è già fuori."))
    elif action in ("make_staff", "end_staff") and by.is_superuser:
        chosen.is_staff = action == "make_staff"
        chosen.save(update_fields=["is_staff"])
        signals.staff_changed.send(CustomUser, user=chosen, by=by, at=now, is_staff=chosen.is_staff)
        messages.success(request, _("Ruolo cambiato."))
    else:
        messages.error(request, _("Questa azione non c’è."))

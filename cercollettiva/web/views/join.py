"""Asking to enter a community: five steps, each saved as it is left, taken up again by a link or by signing in."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cercollettiva.core import applications
from cercollettiva.core.models import (
    Application,
    ApplicationEventKind,
    ApplicationStep,
    CERConfiguration,
    MembershipState,
)
from cercollettiva.core.models.communities import CLOSED
from cercollettiva.documents import operations
from cercollettiva.documents.owed import papers_of_application
from cercollettiva.domain.identifiers import InvalidIdentifier, pod_as_written
from cercollettiva.users.models import CustomUser, LegalType
from cercollettiva.web.join import links, mails
from cercollettiva.web.join.applicant import application_of, must_sign_in, remember
from cercollettiva.web.join.forms import FORMS, StepForm, pod_refusal
from cercollettiva.web.join.sending import account_for, first_step_to_mend
from cercollettiva.web.join.summary import summary_of
from cercollettiva.web.papers import standing
from cercollettiva.web.papers.contradictions import contradictions_of
from cercollettiva.web.throttle import is_too_often
from cercollettiva.web.views.accounts import link_gone
from cercollettiva.web.views.communities import page_there

PAGE: Final = ("GET", "HEAD", "POST")
TOO_MANY: Final = 429


class AddressForm(forms.Form):
    """Where the link to one's application goes."""

    email = forms.EmailField(
        label=gettext_lazy("Email"), widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"})
    )


@never_cache
@require_http_methods(PAGE)
def join(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST cer/<pk>/join/: where one's application stands, or how to begin one."""
    community = _community(pk)
    application = application_of(request, community)
    if request.method == "POST":
        return _begin_or_end(request, community, application)
    if application is not None and application.state == MembershipState.DRAFT and community.accepts_applications:
        step = application.first_missing_step or ApplicationStep.CONSENTS
        return redirect("communities:join-step", pk=pk, step=step.value)
    if application is not None and application.state != MembershipState.DRAFT:
        return render(request, "join/status.html", _status(request, community, application))
    return _start_page(request, community, AddressForm())


def _begin_or_end(request: HttpRequest, community: CERConfiguration, application: Application | None) -> HttpResponse:
    user, action, now = request.user, request.POST.get("action"), timezone.now()
    if action == "withdraw" and application is not None and application.user is not None:
        if _withdraw(application, application.user):
            messages.success(request, _("Hai ritirato la domanda: puoi farne un’altra quando vuoi."))
        return redirect("communities:join", pk=community.pk)
    if not community.accepts_applications:
        return redirect("communities:join", pk=community.pk)
    if not isinstance(user, CustomUser):
        return _send_link(request, community)
    try:
        applications.begin(community, user.email, user=user, language=get_language() or "it", at=now)
    except applications.AlreadyIn:
        messages.info(request, _("Fai già parte di questa comunità: non serve un’altra domanda."))
        return redirect("core:community", pk=community.pk)
    return redirect("communities:join", pk=community.pk)


def _send_link(request: HttpRequest, community: CERConfiguration) -> HttpResponse:
    """To an address that somebody typed; the page says the same whoever it belongs to."""
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _start_page(request, community, form)
    email = form.cleaned_data["email"].lower()
    if is_too_often(request, "join-link", key=email):
        form.add_error(None, _("Troppe richieste in poco tempo. Riprova tra un’ora: quello che hai scritto resta."))
        return _start_page(request, community, form, status=TOO_MANY)
    with transaction.atomic():
        latest = Application.objects.filter(community=community, email=email).order_by("-pk")
        application = latest.select_related("community", "membership", "user").first()
        if application is None or application.state in CLOSED:
            application = applications.begin(
                community, email, user=None, language=get_language() or "it", at=timezone.now()
            )
        mails.tell_applicant(application, "link", must_sign_in=must_sign_in(application))
    return render(request, "join/sent.html", {"community": community, "email": email})


@transaction.atomic
def _withdraw(application: Application, user: CustomUser) -> bool:
    now = timezone.now()
    event = applications.withdraw(application, by=user, at=now)
    if event is not None:
        mails.tell_applicant(event.application, "withdrawn")
        mails.tell_administrators(event.application, "withdrawn_desk", at=now)
    return event is not None


@never_cache
@require_safe
def resume(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """GET cer/<pk>/join/resume/<token>/: the link of a mail; the address bar forgets it at once."""
    community = _community(pk)
    application = links.application_behind(token, community)
    if application is None:
        return link_gone(request)
    if must_sign_in(application) and not request.user.is_authenticated:
        messages.info(request, _("Questo indirizzo ha un account: accedi e continui da dove eri."))
        return redirect(f"{reverse('users:login')}?next={reverse('communities:join', args=[pk])}")
    remember(request, application)
    return redirect("communities:join", pk=pk)


@never_cache
@sensitive_post_parameters()
@require_http_methods(PAGE)
def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """GET and POST cer/<pk>/join/<step>/: one of the five."""
    community = _community(pk)
    if step not in ApplicationStep.values:
        raise Http404
    wanted, application = ApplicationStep(step), application_of(request, community)
    marked = None
    if application is None and request.method == "POST":  # the session has ended: the form says whose it was
        application = marked = links.application_of_form(request.POST.get("mark", ""), community)
    if application is None:
        return redirect("communities:join", pk=pk)
    is_closed = application.state == MembershipState.DRAFT and not community.accepts_applications
    if not application.may_be_written or is_closed:
        messages.info(request, _("La domanda è già partita: quello che hai scritto adesso non la cambia."))
        return redirect("communities:join", pk=pk)
    missing = application.first_missing_step
    if missing is not None and _order(wanted) > _order(missing):
        return redirect("communities:join-step", pk=pk, step=missing.value)
    if request.method == "POST":
        return _save(request, application, wanted, form=_form(request, application, wanted), by_mark=marked is not None)
    return _step_page(request, application, wanted, _form(request, application, wanted))


def _save(
    request: HttpRequest, application: Application, wanted: ApplicationStep, *, form: StepForm, by_mark: bool
) -> HttpResponse:
    """Keep what is right; on the last step, send it all."""
    back = redirect("communities:join", pk=application.community_id)
    if is_too_often(request, "join-step"):
        messages.error(request, _("Troppe richieste in poco tempo. Riprova tra un’ora: i passi salvati restano."))
        return back
    if not form.is_valid():
        if not by_mark:
            return _step_page(request, application, wanted, form)
        messages.warning(request, _("La sessione era finita. Riprendi la domanda: i passi già salvati ci sono tutti."))
        return back
    try:
        application = applications.save_step(application, wanted, form.values(), at=timezone.now())
    except applications.CannotBeWritten:
        return back
    if by_mark:
        messages.success(request, _("La sessione era finita, ma quello che hai scritto è salvo. Riprendi da qui."))
        return back
    if wanted is ApplicationStep.CONSENTS:
        return _send(request, application)
    following = application.first_missing_step or ApplicationStep.CONSENTS
    return redirect("communities:join-step", pk=application.community_id, step=following.value)


def _send(request: HttpRequest, application: Application) -> HttpResponse:
    """Send the application: what was right when it was written must be right now."""
    back = redirect("communities:join", pk=application.community_id)
    now = timezone.now()
    wrong = first_step_to_mend(application, now)
    if wrong is not None:
        messages.warning(request, _("Prima di inviare, ricontrolla questo passo."))
        return redirect("communities:join-step", pk=application.community_id, step=wrong.value)
    if is_too_often(request, "join-submit", key=application.email):
        messages.error(request, _("Troppe domande da qui in poco tempo. La tua è salva: inviala tra un’ora."))
        return back
    try:
        with transaction.atomic():
            application = applications.locked(application)  # of two at once, the second finds the account of the first
            user = account_for(application, request.user, at=now)
            event = applications.submit(application, user, at=now)
            if event is not None:
                operations.hand_over(event.application)
                again = event.kind == ApplicationEventKind.RESUBMITTED
                mails.tell_applicant(event.application, "received", again=again)
                mails.tell_administrators(event.application, "waiting", at=now, again=again)
    except applications.AlreadyIn:
        messages.info(request, _("Fai già parte di questa comunità: non serve un’altra domanda."))
        return redirect("web:dashboard" if request.user.is_authenticated else "web:home")
    return back


@require_POST
@sensitive_post_parameters("value")
def check(request: HttpRequest, pk: int) -> JsonResponse:
    """POST cer/<pk>/join/check/: the POD, as its field is left; for whoever has an application here."""
    community = _community(pk)
    application = application_of(request, community)
    value = request.POST.get("value", "")[:100]
    if application is None or is_too_often(request, "join-check"):
        return JsonResponse({"value": value, "message": ""})  # the step itself checks
    try:
        pod = pod_as_written(value)
    except InvalidIdentifier as error:
        return JsonResponse({"value": value, "message": str(error)})
    return JsonResponse({"value": pod, "message": pod_refusal(application, pod, timezone.now())})


def _community(pk: int) -> CERConfiguration:
    return get_object_or_404(CERConfiguration.objects.with_public_page().select_related("organisation"), pk=pk)


def _order(step: ApplicationStep) -> int:
    return list(ApplicationStep).index(step)


def _form(request: HttpRequest, application: Application, wanted: ApplicationStep) -> StepForm:
    given: dict[str, Any] = {"application": application, "now": timezone.now()}
    initial = dict(application.answer(wanted))
    if wanted is ApplicationStep.PERSON:
        given["legal_type"] = _legal_type(request, application, initial)
        if not initial and application.user is not None:
            initial = _known_of(application.user)
    return FORMS[wanted](request.POST if request.method == "POST" else None, initial=initial, **given)


def _legal_type(request: HttpRequest, application: Application, initial: dict[str, Any]) -> str:
    """As it was chosen; whoever is a member somewhere keeps the form that they entered with."""
    user = application.user
    if user is not None and user.memberships.exclude(active_from=None).exclude(member_type="").exists():
        return str(user.legal_type)
    asked = request.POST.get("legal_type") or request.GET.get("form")
    known = initial.get("legal_type") or (user.legal_type if user is not None else LegalType.PRIVATE)
    return str(asked if asked in LegalType.values else known)


def _known_of(user: CustomUser) -> dict[str, Any]:
    names = (
        "legal_name",
        "first_name",
        "last_name",
        "fiscal_code",
        "vat_number",
        "pec",
        "sdi_code",
        "phone",
        "address",
    )
    return {name: getattr(user, name) for name in (*names, "is_large_company")}


def _start_page(
    request: HttpRequest, community: CERConfiguration, form: AddressForm, status: int = 200
) -> HttpResponse:
    user = request.user
    is_in = isinstance(user, CustomUser) and applications.open_membership(community, user) is not None
    context = {"community": community, "form": form, "is_in": is_in}
    return render(request, "join/start.html", context, status=status)


def _step_page(request: HttpRequest, application: Application, wanted: ApplicationStep, form: StepForm) -> HttpResponse:
    written = application.answers
    asked = application.events.filter(kind=ApplicationEventKind.CORRECTION).last()
    context = {
        "community": application.community,
        "application": application,
        "form": form,
        "step": wanted,
        "number": _order(wanted) + 1,
        "steps": [{"step": one, "is_done": one.value in written} for one in ApplicationStep],
        "mark": links.form_mark(application),
        "correction": asked if application.state == MembershipState.TO_FIX else None,
        "legal_forms": LegalType.choices if wanted is ApplicationStep.PERSON else [],
    }
    if wanted is ApplicationStep.PAPERS:
        context |= _papers(application)
    if wanted is ApplicationStep.CONSENTS:
        context["summary"] = summary_of(application)
    return render(request, f"join/{wanted.value}.html", context)


def _papers(application: Application) -> dict[str, Any]:
    """What is owed, what arrived, what was read from it and what that contradicts."""
    standings = papers_of_application(application)
    return {
        "papers": standing.rows_of(standings),
        "missing": sum(not one.is_here for one in standings),
        "being_read": standing.are_being_read(standings),
        "contradictions": contradictions_of(application, standing.documents_of(standings)),
    }


def _status(request: HttpRequest, community: CERConfiguration, application: Application) -> dict[str, Any]:
    return {
        **_papers(application),
        "mark": links.form_mark(application),
        "community": community,
        "application": application,
        "state": application.state,
        "events": application.events.order_by("at", "pk"),
        "last": application.events.last(),
        "papers_seen": application.membership is not None and application.membership.documents_verified_at,
        "summary": summary_of(application),
        "card_url": page_there(f"/cer/{community.pk}/card/"),
        "has_password": application.user is not None and application.user.has_usable_password(),
        "may_apply": community.accepts_applications,
    }

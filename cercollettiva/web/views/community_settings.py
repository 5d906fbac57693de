"""What a community says of itself, what it asks of its members, and how it divides what it receives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core.fees import MOST_CENTS
from cercollettiva.core.models import CERConfiguration
from cercollettiva.documents.intake import Subject
from cercollettiva.documents.types import PUBLISHED
from cercollettiva.settlement import operations
from cercollettiva.settlement.models import DistributionRule
from cercollettiva.settlement.models.rules import PERCENTAGES
from cercollettiva.web.desk.logos import NotALogo, logo_from
from cercollettiva.web.forms import ItalianDecimalField
from cercollettiva.web.papers.forms import FileForm
from cercollettiva.web.views.communities import published_by
from cercollettiva.web.views.members import PAGE, administered, person, today
from cercollettiva.web.views.paper_changes import taken

LOGO_WORDS: Final = {
    "too_big": gettext_lazy("Il file supera 5 MB: scegline uno più leggero."),
    "not_a_picture": gettext_lazy("Non è un’immagine PNG, JPEG, WebP o GIF che si possa aprire."),
    "too_many_pixels": gettext_lazy("L’immagine è troppo grande: al massimo 20 milioni di punti."),
}


class CommunityForm(forms.Form):
    """The face of a community, and its yearly fee."""

    description = forms.CharField(
        label=gettext_lazy("Descrizione"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Sta sulla pagina pubblica della comunità."),
    )
    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        help_text=gettext_lazy("PNG, JPEG, WebP o GIF, fino a 5 MB. Sta sulla tessera e sulle ricevute."),
    )
    remove_logo = forms.BooleanField(label=gettext_lazy("Togli il logo"), required=False)
    fee = ItalianDecimalField(
        label=gettext_lazy("Quota annuale, in euro"),
        min_value=Decimal(0),
        max_value=Decimal(MOST_CENTS).scaleb(-2),
        max_digits=8,
        decimal_places=2,
        help_text=gettext_lazy("Vale per le tessere che nascono da adesso; quelle che ci sono restano come sono."),
    )
    fee_days = forms.IntegerField(
        label=gettext_lazy("Giorni per versarla"),
        min_value=0,
        max_value=365,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def clean_logo(self) -> Any:
        upload = self.cleaned_data.get("logo")
        if not upload:
            return None
        try:
            return logo_from(upload)
        except NotALogo as refusal:
            raise ValidationError(LOGO_WORDS[refusal.code]) from refusal


class PublishedForm(FileForm):
    """What a community shows to everybody."""

    type = forms.ChoiceField(
        label=gettext_lazy("Che documento è"), choices=[(kind.value, kind.label) for kind in PUBLISHED]
    )
    field_order = ("type", "file")


class RuleForm(forms.Form):
    """The five percentages, which are the whole together, and the day from which they hold."""

    valid_from = forms.DateField(
        label=gettext_lazy("In vigore dal"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(
        label=gettext_lazy("Articolo del regolamento"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Per esempio: articolo 12, comma 3."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in PERCENTAGES:
            field: Any = DistributionRule._meta.get_field(name)
            self.fields[name] = ItalianDecimalField(
                label=str(field.verbose_name).capitalize(), min_value=0, max_value=100, max_digits=5, decimal_places=2
            )
        self.order_fields([*PERCENTAGES, "valid_from", "note"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given: list[Any] = [cleaned.get(name) for name in PERCENTAGES]
        if None not in given and sum(given) != 100:
            total = f"{sum(given):f}".replace(".", ",")
            raise ValidationError(_("Le percentuali fanno %(total)s: devono fare 100.") % {"total": total})
        return cleaned


@never_cache
@login_required
@require_http_methods(PAGE)
def community_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST cer/<pk>/settings/: the community's face, its fee, the versions of its rule of distribution."""
    community = administered(request, pk)
    action = request.POST.get("action")
    face = CommunityForm(**_posted(request, "face"), initial=_face_of(community))
    day = today()
    standing = DistributionRule.objects.of(community, day)
    rule = RuleForm(request.POST if action == "rule" else None, initial=_rule_of(standing) | {"valid_from": day})
    if action == "face" and face.is_valid():
        _save(community, face.cleaned_data)
        messages.success(request, _("Impostazioni salvate."))
        return redirect("register:settings", pk=community.pk)
    paper = PublishedForm(**_posted(request, "paper"), label_suffix="")
    if action == "paper" and paper.is_valid():
        document, _existing = taken(request, paper, subject=Subject(community=community))
        if document is not None:
            messages.success(request, _("Pubblicato: lo può scaricare chiunque apra la pagina della comunità."))
            return redirect("register:settings", pk=community.pk)
    if action == "rule" and rule.is_valid():
        try:
            operations.write_rule(community, by=person(request), **rule.cleaned_data)
        except ValidationError as refusal:
            rule.add_error(None, refusal.messages)
        else:
            messages.success(request, _("Regola scritta: le versioni di prima restano."))
            return redirect("register:settings", pk=community.pk)
    context = {
        "community": community,
        "face": face,
        "rule": rule,
        "paper": paper,
        "published": published_by(community),
        "standing": standing,
        "versions": DistributionRule.objects.visible_to(request.user).filter(community=community)[:20],
    }
    return render(request, "register/settings.html", context)


@require_safe
def logo(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """GET cer/<pk>/logo/: the picture, which is public like the community's page; always a PNG that we wrote."""
    community = get_object_or_404(CERConfiguration.objects.filter(is_active=True), pk=pk)
    if not community.logo:
        raise Http404
    try:
        answer = FileResponse(community.logo.open("rb"), content_type="image/png")
    except OSError as error:
        raise Http404 from error
    answer["Cache-Control"] = "public, max-age=3600"
    return answer


def _posted(request: HttpRequest, action: str) -> dict[str, Any]:
    """What was sent, for the form whose button was pressed."""
    is_it = request.POST.get("action") == action
    return {"data": request.POST if is_it else None, "files": request.FILES if is_it else None}


def _face_of(community: CERConfiguration) -> dict[str, Any]:
    organisation = community.organisation
    return {
        "description": community.description,
        "fee": Decimal(organisation.fee_cents).scaleb(-2),
        "fee_days": organisation.fee_days,
    }


def _rule_of(standing: DistributionRule | None) -> dict[str, Any]:
    """The percentages in force, or the starting ones."""
    rule = standing or DistributionRule()
    return {name: Decimal(getattr(rule, name)).normalize() for name in PERCENTAGES}


@transaction.atomic
def _save(community: CERConfiguration, asked: dict[str, Any]) -> None:
    organisation = community.organisation
    organisation.fee_cents = int(asked["fee"].scaleb(2))
    organisation.fee_days = asked["fee_days"]
    organisation.save(update_fields=["fee_cents", "fee_days"])
    community.description = asked["description"]
    old = community.logo.name if community.logo else ""
    if asked["logo"] is not None:
        community.logo = asked["logo"]
    elif asked["remove_logo"]:
        community.logo = ""
    community.save(update_fields=["description", "logo", "updated_at"])
    if old and old != community.logo.name:
        storage = community.logo.storage
        transaction.on_commit(lambda: storage.delete(old))

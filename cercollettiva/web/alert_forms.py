"""What somebody does with an alert, and of what they want to be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from cercollettiva.monitoring.kinds import KINDS, OF_THE_BROKER, OF_THE_MACHINE, OF_THE_PLATFORM, OF_THE_STAFF
from cercollettiva.monitoring.life import NOTE_LENGTH
from cercollettiva.monitoring.models import AlertPreferences, Choice

DAYS: Final = [(1, _("a domani")), (3, _("di tre giorni")), (7, _("di una settimana")), (30, _("di un mese"))]


class StepForm(forms.Form):
    """One step of an alert's life, with a note for whoever comes after."""

    ACTIONS: Final = ("acknowledge", "snooze", "resolve")

    action = forms.ChoiceField(choices=[(one, one) for one in ACTIONS])
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, required=False, empty_value=None)
    note = forms.CharField(max_length=NOTE_LENGTH, required=False)


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    """Language, quiet hours, digest, and a choice for each kind of alert."""

    class Meta:
        model = AlertPreferences
        fields = ("language", "digest_at", "quiet_from", "quiet_to", "recovery")
        widgets = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            for name in ("digest_at", "quiet_from", "quiet_to")
        }

    def __init__(self, *args: Any, is_staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of_staff = (*OF_THE_PLATFORM, *OF_THE_MACHINE, *OF_THE_BROKER, *OF_THE_STAFF)
        self.kinds = [kind for kind in KINDS.values() if is_staff or kind.slug not in of_staff]
        for kind in self.kinds:
            self.fields[f"kind-{kind.slug}"] = forms.ChoiceField(
                label=str(kind.label), choices=Choice.choices, initial=self.instance.choice(kind), required=False
            )

    def plain(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self._meta.fields)  # type: ignore[union-attr]

    def by_kind(self) -> Iterator[forms.BoundField]:
        return (self[f"kind-{kind.slug}"] for kind in self.kinds)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        begin, end = given.get("quiet_from"), given.get("quiet_to")
        if (begin is None) != (end is None) and not {"quiet_from", "quiet_to"} & set(self.errors):
            self.add_error("quiet_to" if end is None else "quiet_from", _("Scrivi tutte e due le ore, o nessuna."))
        return given

    def save(self, commit: bool = True) -> AlertPreferences:
        """What is as it would be anyway is not a choice, unless it was one already."""
        chosen = dict(self.instance.choices)
        for kind in self.kinds:
            value = self.cleaned_data.get(f"kind-{kind.slug}")
            if value and (value != self.instance.choice(kind) or kind.slug in chosen):
                chosen[kind.slug] = value
        self.instance.choices = chosen
        saved: AlertPreferences = super().save(commit)
        return saved

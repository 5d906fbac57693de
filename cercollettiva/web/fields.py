"""Fields of the plants' and meters' forms: days, moments and places as people in Italy write them."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.web.formats import ROME
from cercollettiva.web.forms import ItalianDecimalField

DAY: Final = "%Y-%m-%d"
MOMENT: Final = "%Y-%m-%dT%H:%M"
EARLIEST: Final = date(1900, 1, 1)
YEARS: Final = (2000, 3000)  # of measures; more or less is a slip of the keyboard


class DayField(forms.DateField):
    """A day, from a browser's calendar or typed; one that is to come is refused."""

    widget = forms.DateInput(format=DAY, attrs={"type": "date"})
    default_error_messages = {
        "invalid": _("Scrivi giorno, mese e anno, per esempio 23/11/2026."),
        "future": _("È nel futuro: scrivi il giorno in cui è successo, o lascia vuoto finché non succede."),
        "ancient": _("L’anno non può essere giusto: scrivi quattro cifre, per esempio 2026."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=[DAY, "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"], **kwargs)

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is None:
            return None
        if day < EARLIEST:
            raise ValidationError(self.error_messages["ancient"], code="ancient")
        if day > timezone.localdate(timezone=ROME):
            raise ValidationError(self.error_messages["future"], code="future")
        return day


class MomentField(forms.DateTimeField):
    """Day and time by the clock on the wall; the view reads it with Italy's time zone active."""

    widget = forms.DateTimeInput(format=MOMENT, attrs={"type": "datetime-local"})
    default_error_messages = {
        "invalid": _("Scrivi giorno e ora, per esempio 23/11/2026 14:30."),
        "ancient": _("L’anno non può essere giusto: scrivi quattro cifre, per esempio 2026."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"], **kwargs)

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        if moment is not None and not YEARS[0] <= moment.year <= YEARS[1]:
            raise ValidationError(self.error_messages["ancient"], code="ancient")
        return moment


class CoordinateField(ItalianDecimalField):
    """A latitude or longitude within Italy, in degrees. A dot is no doubt here: thousands are no degrees."""

    def __init__(self, *, least: str, most: str, **kwargs: Any) -> None:
        self.least, self.most = Decimal(least), Decimal(most)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stub says int
        typed = value.strip() if isinstance(value, str) else value
        if isinstance(typed, str) and typed.count(".") == 1 and "," not in typed:
            typed = typed.replace(".", ",")
        return super().to_python(typed)

    def clean(self, value: Any) -> Decimal | None:
        degrees: Decimal | None = super().clean(value)
        if degrees is None:
            return None
        if not self.least <= degrees <= self.most:
            raise ValidationError(
                _("È fuori dall’Italia: scrivi un numero tra %(least)s e %(most)s."),
                params={"least": f"{self.least}".replace(".", ","), "most": f"{self.most}".replace(".", ",")},
                code="elsewhere",
            )
        return degrees.quantize(Decimal("0.000001"))


def midnight_of(day: date) -> datetime:
    """The instant at which a day begins in Italy."""
    return datetime.combine(day, time.min, tzinfo=ROME)


def this_minute() -> datetime:
    return timezone.now().astimezone(ROME).replace(second=0, microsecond=0)

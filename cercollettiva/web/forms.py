"""Form fields that read what people in Italy write."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_SIGN = re.compile(r"[+-]?")
_PLAIN = re.compile(r"[0-9]+")
_COMMA = re.compile(r"(?:[0-9]*|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+")  # 1234,5 or 1.234,5
_GROUPS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){2,}")  # 1.234.567
_AMBIGUOUS = re.compile(r"([0-9]+)\.([0-9]{3})")  # 0.125: a decimal for some, a thousand for others
_DOT = re.compile(r"[0-9]*\.[0-9]+")  # 12.5


class ItalianDecimalField(forms.DecimalField):
    """A decimal written with a comma; a dot is read only when there is one way to read it.

    `0.125` may mean 0,125 or 125, and for a power in MW that is a factor of a thousand: the error shows both readings.
    With `meaning`, a function from the number to words, it shows what each of them would be.
    """

    widget = forms.TextInput
    default_error_messages = {
        "invalid": _("Scrivi un numero, con la virgola per i decimali: per esempio 1234,5."),
        "ambiguous": _("%(typed)s si può leggere in due modi. Scrivi %(decimal)s oppure %(whole)s."),
        "ambiguous_meaning": _("Scrivi %(decimal)s per %(decimal_meaning)s, oppure %(whole)s per %(whole_meaning)s."),
    }

    def __init__(self, *, meaning: Callable[[Decimal], str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.meaning = meaning

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stub says int
        if value in self.empty_values:
            return None
        if not isinstance(value, str):
            return super().to_python(value)
        typed = "".join(value.split()).replace("−", "-")
        if not typed:
            return None
        sign = _SIGN.match(typed).group()  # type: ignore[union-attr]  # the pattern also matches nothing
        digits = typed.removeprefix(sign)
        if _PLAIN.fullmatch(digits) or _GROUPS.fullmatch(digits):
            return Decimal(sign + digits.replace(".", ""))
        if _COMMA.fullmatch(digits):
            return Decimal(sign + digits.replace(".", "").replace(",", "."))
        if ambiguous := _AMBIGUOUS.fullmatch(digits):
            raise self._two_readings(typed, sign, *ambiguous.groups())
        if _DOT.fullmatch(digits):
            return Decimal(sign + digits)
        raise ValidationError(self.error_messages["invalid"], code="invalid")

    def prepare_value(self, value: Any) -> Any:
        """What stands in the input: a stored number with its comma and no grouping, a typed text as it was."""
        if isinstance(value, int | float | Decimal):
            return f"{Decimal(str(value)):f}".replace(".", ",")
        return value

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}

    def _two_readings(self, typed: str, sign: str, whole: str, fraction: str) -> ValidationError:
        decimal = Decimal(f"{sign}{whole}.{fraction}")
        grouped = Decimal(f"{sign}{whole}{fraction}")
        readings = {"typed": typed, "decimal": f"{decimal:f}".replace(".", ","), "whole": f"{grouped:f}"}
        if self.meaning is None:
            return ValidationError(self.error_messages["ambiguous"], code="ambiguous", params=readings)
        readings |= {"decimal_meaning": self.meaning(decimal), "whole_meaning": self.meaning(grouped)}
        return ValidationError(self.error_messages["ambiguous_meaning"], code="ambiguous", params=readings)

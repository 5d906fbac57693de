"""What is refused before any figure. Each has a name, and a text that says to a person what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime


class SettlementError(ValueError):
    """A calculation that must not begin."""


class UnknownWord(SettlementError):
    """A role, key, policy, source or zone that does not exist: a typo would move money silently."""

    def __init__(self, what: str, word: object, known: Iterable[str]) -> None:
        super().__init__(f"{what}: {word!r} non esiste. Esistono: {', '.join(known)}.")


class RulesNotWhole(SettlementError):
    """Percentages that are not the whole."""

    def __init__(self, total: object) -> None:
        super().__init__(f"Le percentuali della ripartizione fanno {total}: devono fare 100.")


class NotAPercentage(SettlementError):
    """A percentage outside 0 to 100, or finer than a hundredth."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"{name}: {value} non è una percentuale da 0 a 100 con due decimali.")


class ThresholdNotAFraction(SettlementError):
    """A threshold of 55 instead of 0.55."""

    def __init__(self, value: object) -> None:
        super().__init__(f"Soglia {value}: è una frazione tra 0 e 1, per esempio 0.55.")


class EfficiencyNotAFraction(SettlementError):
    """A storage that gives back more than it took, nothing, or 90 instead of 0.90."""

    def __init__(self, value: object) -> None:
        super().__init__(f"Rendimento dell'accumulo {value}: è una frazione tra 0 e 1, per esempio 0.90.")


class GrantOutOfRange(SettlementError):
    """A capital grant above 40 % of the investment has no tariff; a percentage is not a fraction."""

    def __init__(self, value: object) -> None:
        super().__init__(f"Contributo in conto capitale {value}: è una frazione da 0 a 0.40; oltre non c'è tariffa.")


class NoTariffAbovePower(SettlementError):
    """A premium tariff was asked for a plant above 1 MW."""

    def __init__(self, power_kw: object) -> None:
        super().__init__(f"Potenza {power_kw} kW: oltre 1000 kW non c'è tariffa premio.")


class PowerNotPositive(SettlementError):
    """A plant without power, or with one that is no number."""

    def __init__(self, power_kw: object) -> None:
        super().__init__(f"Potenza {power_kw} kW: deve essere un numero maggiore di zero.")


class ObligationAbovePower(SettlementError):
    """An obligation for more power than the plant has."""

    def __init__(self, obligation_kw: object, power_kw: object) -> None:
        super().__init__(f"Potenza d'obbligo {obligation_kw} kW: va da 0 alla potenza dell'impianto, {power_kw} kW.")


class NoDateOfOperation(SettlementError):
    """A plant that injects and whose date of entry into operation is not known: it has no place in the queue."""

    def __init__(self, pod: str) -> None:
        super().__init__(
            f"{pod}: manca la data di entrata in esercizio, che decide l'ordine e il diritto alla tariffa."
        )


class MissingPlantData(SettlementError):
    """A plant that injects and of which something else that the tariff needs is not known."""

    def __init__(self, pod: str, what: str) -> None:
        super().__init__(f"{pod}: manca {what}.")


class CommercialBeforeOperation(SettlementError):
    """A plant cannot begin to be paid before it operates."""

    def __init__(self, pod: str, commercial: date, entry: date) -> None:
        super().__init__(f"{pod}: la decorrenza commerciale {commercial} precede l'entrata in esercizio {entry}.")


class RepeatedPod(SettlementError):
    """The same connection point twice."""

    def __init__(self, pod: str) -> None:
        super().__init__(f"{pod}: compare due volte.")


class BadEnergy(SettlementError):
    """Energy that is negative or no number."""

    def __init__(self, pod: str, start: datetime, value: float) -> None:
        super().__init__(f"{pod}, {start.isoformat()}: energia {value}, deve essere un numero non negativo.")


class MissingPrices(SettlementError):
    """Prices with a hole."""

    def __init__(self, hours: list[datetime]) -> None:
        self.hours = hours
        more = f" e di altre {len(hours) - 1} ore" if len(hours) > 1 else ""
        super().__init__(f"Manca il prezzo zonale delle {hours[0].isoformat()}{more}.")


class MissingParameter(SettlementError):
    """A published value that was not entered."""

    def __init__(self, name: str, day: date) -> None:
        self.name, self.day = name, day
        super().__init__(f"Manca il parametro {name} per il {day:%d/%m/%Y}.")


class WrongShape(SettlementError):
    """Arrays that do not fit together."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Serie che non vanno insieme: {what}.")


class ZeroWeightPot(SettlementError):
    """Fixed shares that are all zero: the regulation does not say who gets the pot."""

    def __init__(self, pot: str) -> None:
        super().__init__(f"{pot}: le quote fisse sono tutte zero.")


class EmptyPot(SettlementError):
    """Money for a pot in which there is nobody."""

    def __init__(self, pot: str, cents: int) -> None:
        super().__init__(f"{pot}: ci sono {cents} centesimi e nessun socio a cui darli.")


class RepeatedMember(SettlementError):
    """The same member twice in one distribution."""

    def __init__(self, key: object) -> None:
        super().__init__(f"Il socio {key} compare due volte.")


class BadWeight(SettlementError):
    """A weight that is negative."""

    def __init__(self, key: object, weight: object) -> None:
        super().__init__(f"Socio {key}: peso {weight}, deve essere un numero non negativo.")


class NotAnAmount(SettlementError):
    """Money that is no number."""

    def __init__(self, amount: object) -> None:
        super().__init__(f"Importo {amount}: deve essere un numero.")

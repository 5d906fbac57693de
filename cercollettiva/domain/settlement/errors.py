"""What is refused before any figure. Each has a name, and a text that says to a person what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime


def gettext_noop(words: str) -> str:
    """Marks a sentence for the catalogue, which finds it by this name; the domain itself translates nothing."""
    return words


class SettlementError(ValueError):
    """A calculation that must not begin. `words` is its sentence in Italian, with places for `values`."""

    words: str = ""

    def __init__(self, **values: object) -> None:
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(self.words % self.values)


class UnknownWord(SettlementError):
    """A role, key, policy, source or zone that does not exist: a typo would move money silently."""

    words = gettext_noop("%(what)s: %(word)s non esiste. Esistono: %(known)s.")

    def __init__(self, what: str, word: object, known: Iterable[str]) -> None:
        super().__init__(what=what, word=repr(word), known=", ".join(known))


class RulesNotWhole(SettlementError):
    """Percentages that are not the whole."""

    words = gettext_noop("Le percentuali della ripartizione fanno %(total)s: devono fare 100.")

    def __init__(self, total: object) -> None:
        super().__init__(total=total)


class NotAPercentage(SettlementError):
    """A percentage outside 0 to 100, or finer than a hundredth."""

    words = gettext_noop("%(name)s: %(value)s non è una percentuale da 0 a 100 con due decimali.")

    def __init__(self, name: str, value: object) -> None:
        super().__init__(name=name, value=value)


class ThresholdNotAFraction(SettlementError):
    """A threshold of 55 instead of 0.55."""

    words = gettext_noop("Soglia %(value)s: è una frazione tra 0 e 1, per esempio 0.55.")

    def __init__(self, value: object) -> None:
        super().__init__(value=value)


class EfficiencyNotAFraction(SettlementError):
    """A storage that gives back more than it took, nothing, or 90 instead of 0.90."""

    words = gettext_noop("Rendimento dell'accumulo %(value)s: è una frazione tra 0 e 1, per esempio 0.90.")

    def __init__(self, value: object) -> None:
        super().__init__(value=value)


class GrantOutOfRange(SettlementError):
    """A capital grant above 40 % of the investment has no tariff; a percentage is not a fraction."""

    words = gettext_noop("Contributo in conto capitale %(value)s: è una frazione da 0 a 0.40; oltre non c'è tariffa.")

    def __init__(self, value: object) -> None:
        super().__init__(value=value)


class NoTariffAbovePower(SettlementError):
    """A premium tariff was asked for a plant above 1 MW."""

    words = gettext_noop("Potenza %(power_kw)s kW: oltre 1000 kW non c'è tariffa premio.")

    def __init__(self, power_kw: object) -> None:
        super().__init__(power_kw=power_kw)


class PowerNotPositive(SettlementError):
    """A plant without power, or with one that is no number."""

    words = gettext_noop("Potenza %(power_kw)s kW: deve essere un numero maggiore di zero.")

    def __init__(self, power_kw: object) -> None:
        super().__init__(power_kw=power_kw)


class ObligationAbovePower(SettlementError):
    """An obligation for more power than the plant has."""

    words = gettext_noop("Potenza d'obbligo %(obligation_kw)s kW: va da 0 alla potenza dell'impianto, %(power_kw)s kW.")

    def __init__(self, obligation_kw: object, power_kw: object) -> None:
        super().__init__(obligation_kw=obligation_kw, power_kw=power_kw)


class NoDateOfOperation(SettlementError):
    """A plant that injects and whose date of entry into operation is not known: it has no place in the queue."""

    words = gettext_noop(
        "%(pod)s: manca la data di entrata in esercizio, che decide l'ordine e il diritto alla tariffa."
    )

    def __init__(self, pod: str) -> None:
        super().__init__(pod=pod)


class MissingPlantData(SettlementError):
    """A plant that injects and of which something else that the tariff needs is not known."""

    words = gettext_noop("%(pod)s: manca %(what)s.")

    def __init__(self, pod: str, what: str) -> None:
        super().__init__(pod=pod, what=what)


class CommercialBeforeOperation(SettlementError):
    """A plant cannot begin to be paid before it operates."""

    words = gettext_noop("%(pod)s: la decorrenza commerciale %(commercial)s precede l'entrata in esercizio %(entry)s.")

    def __init__(self, pod: str, commercial: date, entry: date) -> None:
        super().__init__(pod=pod, commercial=commercial, entry=entry)


class RepeatedPod(SettlementError):
    """The same connection point twice."""

    words = gettext_noop("%(pod)s: compare due volte.")

    def __init__(self, pod: str) -> None:
        super().__init__(pod=pod)


class BadEnergy(SettlementError):
    """Energy that is negative or no number."""

    words = gettext_noop("%(pod)s, %(start)s: energia %(value)s, deve essere un numero non negativo.")

    def __init__(self, pod: str, start: datetime, value: float) -> None:
        super().__init__(pod=pod, start=start.isoformat(), value=value)


class MissingPrices(SettlementError):
    """Prices with a hole."""

    words = gettext_noop("Manca il prezzo zonale delle %(first)s e di altre %(more)s ore.")

    def __init__(self, hours: list[datetime]) -> None:
        self.hours = hours
        if len(hours) == 1:
            self.words = gettext_noop("Manca il prezzo zonale delle %(first)s.")
        super().__init__(first=hours[0].isoformat(), more=len(hours) - 1)


class MissingParameter(SettlementError):
    """A published value that was not entered."""

    words = gettext_noop("Manca il parametro %(name)s per il %(day)s.")

    def __init__(self, name: str, day: date) -> None:
        self.name, self.day = name, day
        super().__init__(name=name, day=f"{day:%d/%m/%Y}")


class WrongShape(SettlementError):
    """Arrays that do not fit together."""

    words = gettext_noop("Serie che non vanno insieme: %(what)s.")

    def __init__(self, what: str) -> None:
        super().__init__(what=what)


class ZeroWeightPot(SettlementError):
    """Fixed shares that are all zero: the regulation does not say who gets the pot."""

    words = gettext_noop("%(pot)s: le quote fisse sono tutte zero.")

    def __init__(self, pot: str) -> None:
        super().__init__(pot=pot)


class EmptyPot(SettlementError):
    """Money for a pot in which there is nobody."""

    words = gettext_noop("%(pot)s: ci sono %(cents)s centesimi e nessun socio a cui darli.")

    def __init__(self, pot: str, cents: int) -> None:
        super().__init__(pot=pot, cents=cents)


class RepeatedMember(SettlementError):
    """The same member twice in one distribution."""

    words = gettext_noop("Il socio %(key)s compare due volte.")

    def __init__(self, key: object) -> None:
        super().__init__(key=key)


class BadWeight(SettlementError):
    """A weight that is negative."""

    words = gettext_noop("Socio %(key)s: peso %(weight)s, deve essere un numero non negativo.")

    def __init__(self, key: object, weight: object) -> None:
        super().__init__(key=key, weight=weight)


class NotAnAmount(SettlementError):
    """Money that is no number."""

    words = gettext_noop("Importo %(amount)s: deve essere un numero.")

    def __init__(self, amount: object) -> None:
        super().__init__(amount=amount)

"""`doctor`: whether this machine is as it should be, one line for each part, green or red, with what to do.

Each check has its own thread and its own end: one that hangs or fails is red and holds up nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.monitoring.health import asks_the_database
from cercollettiva.monitoring.probes import Answer, Health, Probe, ask_all
from cercollettiva.ops import checks

LIMIT_SECONDS: Final = 10.0


class Finding(NamedTuple):
    """What a check found; the advice is empty where nothing is to be done."""

    name: str
    title: str
    ok: bool
    found: str
    advice: str
    seconds: float


TITLES: Final[dict[str, str | Promise]] = {
    "configuration": gettext_lazy("configurazione"),
    "clock": gettext_lazy("orologio"),
    "broker": gettext_lazy("broker"),
    "database": gettext_lazy("base di dati"),
    "queue": gettext_lazy("coda dei lavori"),
    "disk": gettext_lazy("disco"),
    "certificates": gettext_lazy("certificati"),
    "versions": gettext_lazy("versioni"),
    "backup": gettext_lazy("copia di sicurezza"),
}


def examine(names: Iterable[str] = (), *, limit: float = LIMIT_SECONDS) -> list[Finding]:
    """The checks of these names, or all, at once."""
    wanted = list(names) or list(TITLES)
    language = translation.get_language()
    probes = [Probe(name, _question(getattr(checks, name), language), limit=limit) for name in wanted]
    return [_finding(name, answer) for name, answer in ask_all(probes).items()]


def _question(check: Callable[[], checks.Result], language: str | None) -> Callable[[], Answer]:
    @asks_the_database
    def question() -> Answer:
        with translation.override(language):  # threads have none of their own
            result = check()
        status = Health.UNHEALTHY if result.advice else Health.HEALTHY
        return Answer(status, {"found": result.found, "advice": result.advice})

    return question


def _finding(name: str, answer: Answer) -> Finding:
    told = answer.details
    if "found" not in told:  # it did not come back, or failed
        hangs = "limit_seconds" in told
        found = (
            _("nessuna risposta entro %(seconds)g secondi") % {"seconds": told["limit_seconds"]}
            if hangs
            else _("il controllo non è riuscito")
        )
        told = {"found": found, "advice": _("guarda il registro: dice perché; e se il database risponde")}
    return Finding(name, str(TITLES[name]), not told["advice"], told["found"], told["advice"], answer.seconds)

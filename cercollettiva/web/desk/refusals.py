"""Why a fee or a payment was refused, in words."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from cercollettiva.core.fees import FeeRefused

WORDS: Final = {
    "negative": _("L’importo non può essere negativo, e un versamento è più di zero."),
    "too_much": _("L’importo è troppo grande per una quota: controlla la virgola."),
    "below_paid": _("Di questa quota è già stato versato di più: storna prima il versamento."),
    "nothing_due": _("Questa quota è già versata: non c’è altro da incassare."),
    "more_than_due": _("Il versamento supera quanto manca: scrivi al massimo la differenza."),
    "changed_meanwhile": _("Nel frattempo di questa quota è stato scritto un altro versamento: guarda se è lo stesso."),
    "too_early": _("La data del versamento è di prima del 2000: controlla l’anno."),
    "in_the_future": _("La data del versamento è nel futuro."),
    "reversed": _("Questa ricevuta è già stornata, o è lei stessa uno storno."),
}


def words_for(refusal: FeeRefused) -> str:
    return str(WORDS[refusal.code])

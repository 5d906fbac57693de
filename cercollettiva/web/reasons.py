"""What a refusal or an anomaly means, and what to do about it, in words for whoever stands in front of the meter.

The ingestor gives its reasons in English: a line here knows them by how they begin, or by a word inside. A reason that
no line knows is shown as it is.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cercollettiva.devices.samples import Anomaly


class Advice(NamedTuple):
    """What happened, and what to do."""

    what: str | Promise
    do: str | Promise


_SOMEBODY_ELSE: Final = _("Guarda i primi byte: di solito su questo topic scrive qualcos’altro, uno script o un relè.")
_WIRING: Final = _("Controlla che il morsetto della tensione sia collegato e che l’interruttore della fase sia chiuso.")
_CLOCK: Final = _(
    "Nella pagina del misuratore attiva l’ora di rete (NTP) e controlla che raggiunga internet. "
    "Intanto vale l’ora in cui il messaggio arriva."
)
_UPDATE: Final = _("Aggiorna il firmware; se continua, mandaci il topic e i primi byte.")
_WAIT: Final = _("Una volta sola non è niente. Se si ripete, mandaci il topic e i primi byte.")

_REASONS: Final = (
    (r"not JSON: a byte order mark", Advice(_("Prima del JSON c’è un segno invisibile (BOM)"), _SOMEBODY_ELSE)),
    (r"not JSON: .* is not a number", Advice(_("Un valore non è un numero"), _UPDATE)),
    (r"not JSON", Advice(_("Non è JSON, o è arrivato a metà"), _SOMEBODY_ELSE)),
    (r"not UTF-8", Advice(_("Non è testo"), _SOMEBODY_ELSE)),
    (r"the message is empty", Advice(_("Il messaggio è vuoto"), _SOMEBODY_ELSE)),
    (r"too long", Advice(_("Il messaggio è troppo lungo"), _SOMEBODY_ELSE)),
    (r"not readable", Advice(_("Il messaggio è scritto in un modo che non si può leggere"), _SOMEBODY_ELSE)),
    (r"a text holds NUL", Advice(_("Un testo contiene caratteri che nessun database conserva"), _SOMEBODY_ELSE)),
    (
        r"src is ",
        Advice(
            _("Qui parla un altro misuratore"),
            _(
                "Il nome nel messaggio non è quello registrato. Se il misuratore è stato sostituito, togli il vecchio "
                "e adotta il nuovo; se no, correggi il prefisso dei topic nelle sue impostazioni MQTT."
            ),
        ),
    ),
    (
        r".* speaks here in its place",
        Advice(
            _("Al suo posto parla un altro misuratore"),
            _("Finché non si decide quale vale, niente senza nome è creduto: guarda l’avviso sul misuratore."),
        ),
    ),
    (
        r"The device speaks too often",
        Advice(
            _("Trasmette troppo spesso: dei valori istantanei è rimasto solo il più recente"),
            _("I registri di energia ci sono tutti. Riduci la frequenza nelle sue impostazioni MQTT."),
        ),
    ),
    (
        r"the device answered with",
        Advice(
            _("Il misuratore ha risposto che non può"),
            _("Di solito gli abbiamo chiesto un canale che non ha: controlla il profilo, trifase o monofase."),
        ),
    ),
    (r"online must be", Advice(_("La presenza non è true o false"), _SOMEBODY_ELSE)),
    (r"period must be|a record of|values of|events must be", Advice(_("Un minuto memorizzato non si legge"), _UPDATE)),
    (
        r".*holds no usable value",
        Advice(
            _("Nessun valore si può usare"),
            _("Controlla le pinze e il profilo del misuratore: manda valori vuoti o impossibili."),
        ),
    ),
    (r".*must be a JSON object", Advice(_("Il messaggio non ha la forma attesa"), _SOMEBODY_ELSE)),
    (r"Another value is already stored", Advice(_("Due valori diversi per lo stesso istante"), _WAIT)),
    (r"The database refused", Advice(_("Un valore è fuori da ogni misura possibile"), _UPDATE)),
    (
        r"The program could not read",
        Advice(_("Non siamo riusciti a leggerlo: il difetto è nostro"), _("Mandaci il topic e i primi byte.")),
    ),
)
_ELSE: Final = Advice(_("Il messaggio non si può usare"), _("Mandaci il topic, il motivo e i primi byte."))

_ANOMALIES: Final = {
    Anomaly.PHASE_A_NO_VOLTAGE: Advice(_("La fase L1 è senza tensione"), _WIRING),
    Anomaly.PHASE_B_NO_VOLTAGE: Advice(_("La fase L2 è senza tensione"), _WIRING),
    Anomaly.PHASE_C_NO_VOLTAGE: Advice(_("La fase L3 è senza tensione"), _WIRING),
    Anomaly.NO_VOLTAGE: Advice(_("Il canale è senza tensione"), _WIRING),
    Anomaly.CLOCK_NOT_SET: Advice(_("L’orologio non è regolato"), _CLOCK),
    Anomaly.CLOCK_AHEAD: Advice(_("L’orologio è avanti di oltre 5 minuti"), _CLOCK),
    Anomaly.ID_MISMATCH: Advice(
        _("Il numero del canale nel messaggio è diverso da quello del topic"),
        _("Vale quello del topic: non serve fare nulla."),
    ),
    Anomaly.FIELD_NOT_A_NUMBER: Advice(_("Un campo non era un numero: l’abbiamo saltato"), _UPDATE),
    Anomaly.FIELD_OUT_OF_RANGE: Advice(
        _("Un valore era impossibile per un impianto: l’abbiamo saltato"),
        _("Controlla il modello e il verso delle pinze nelle impostazioni del misuratore."),
    ),
    Anomaly.DIRECTION_UNKNOWN: Advice(
        _("Un solo registro conta i due versi"), _("È normale per questo modello: decide il ruolo del canale.")
    ),
    Anomaly.METER_ERROR: Advice(
        _("Il misuratore segnala un suo guasto"),
        _("Apri la sua pagina e leggi l’avviso: di solito una pinza manca o è del tipo sbagliato."),
    ),
    Anomaly.DUPLICATE_KEY: Advice(_("Lo stesso campo due volte: vale l’ultimo"), _UPDATE),
    Anomaly.NEGATIVE_REGISTER: Advice(_("Un registro sotto zero: l’abbiamo saltato"), _UPDATE),
    Anomaly.LOCAL_TIME_AMBIGUOUS: Advice(
        _("L’ora della notte in cui l’orologio torna indietro: vale la più vicina all’arrivo"),
        _("Succede una volta l’anno ai misuratori che dicono l’ora locale: non serve fare nulla."),
    ),
    Anomaly.LOCAL_TIME_NONEXISTENT: Advice(
        _("Un’ora che a marzo non esiste: vale l’ora di arrivo"),
        _("Controlla che il misuratore cambi l’ora da solo, o impostalo sull’ora UTC."),
    ),
    Anomaly.DEVICE_OFF: Advice(
        _("Il misuratore è rimasto senza corrente, e lo dice lui stesso"),
        _("Quel tempo conta zero. Se è successo spesso, controlla il suo interruttore."),
    ),
}


def advice_on_refusal(reason: str) -> Advice:
    return next((advice for beginning, advice in _REASONS if re.match(beginning, reason)), _ELSE)


def advice_on_anomaly(anomaly: Anomaly) -> Advice:
    return _ANOMALIES[anomaly]

"""The closed list of what an alert can be about: how grave, why probably, what to try, and whether energy is lost.

A word of the list is what the table keeps and never changes; what people read is translated when they read it. `says`
may name details of the alert in braces, which are put in as they are, or be a function of them where words depend on a
number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cercollettiva.domain.calendar import ITALY
from cercollettiva.monitoring.severity import Severity
from cercollettiva.settlement.reasons import reason_in

Words = str | Promise
Details = Mapping[str, Any]

_DETAIL: Final = re.compile(r"\{(\w+)\}")


class UnknownKind(ValueError):
    """No alert of the list has this word."""


@dataclass(frozen=True)
class AlertKind:
    """One kind of alert, for pages, mails and the technician's list."""

    slug: str
    label: Words
    severity: Severity
    says: Words | Callable[[Details], str] = ""  # where whoever opens it brings no text of their own
    cause: Words = ""
    steps: tuple[Words, ...] = ()
    costs_energy: bool = False  # while it lasts, energy may be lost or not counted
    by_data: bool = True  # what opened it also closes it; else a person does

    @property
    def topic(self) -> str:
        """What somebody chooses about in their preferences."""
        return self.slug

    def text(self, details: Details) -> str:
        """What happened, in the language of now; a detail that is not there stays a dash."""
        if callable(self.says):
            return self.says(details)
        return _DETAIL.sub(lambda found: str(details.get(found[1], "–")), str(self.says))


def _late_fees(details: Details) -> str:
    return ngettext("%(count)d quota è scaduta.", "%(count)d quote sono scadute.", details["count"]) % details


def _going_papers(details: Details) -> str:
    return (
        ngettext(
            "%(count)d documento arriva entro 30 giorni alla fine della conservazione, e poi viene eliminato.",
            "%(count)d documenti arrivano entro 30 giorni alla fine della conservazione, e poi vengono eliminati.",
            details["count"],
        )
        % details
    )


def _missing(details: Details) -> str:
    """A parameter by its own words, prices by how many hours and from when."""
    return " ".join(_missing_prices(one) if "hours" in one else reason_in(one) for one in details["missing"])


def _missing_prices(one: Details) -> str:
    first = f"{datetime.fromisoformat(one['first']).astimezone(ITALY):%d/%m/%Y %H:%M}"
    return ngettext(
        "Manca il prezzo zonale di un’ora del mese, dalle %(first)s in poi.",
        "Manca il prezzo zonale di %(hours)d ore del mese, dalle %(first)s in poi.",
        one["hours"],
    ) % {"hours": one["hours"], "first": first}


def _listed(kinds: Iterable[AlertKind]) -> dict[str, AlertKind]:
    return {kind.slug: kind for kind in kinds}


_LOOK_AT_POWER: Final = _("Controlla che il misuratore sia acceso: interruttore, fusibile, LED.")
_LOOK_AT_RADIO: Final = _("Controlla la rete Wi-Fi del posto: router acceso, password cambiata, segnale debole.")
_LOOK_AT_BROKER: Final = _("Controlla nel misuratore che MQTT sia attivo, con l’indirizzo e le credenziali del broker.")
_RESTART: Final = _("Spegni e riaccendi il misuratore, e aspetta due minuti.")
_LOOK_AT_CLAMP: Final = _("Controlla che la pinza sia chiusa, sul cavo giusto e con la freccia verso il carico.")

BACKUP: Final = "backup-missing"

KINDS: Final = _listed(
    [
        # --- What a meter does not say
        AlertKind(
            "late",
            _("Misuratore a singhiozzo"),
            Severity.INFO,
            says=_("Il misuratore {device} salta spesso i suoi invii: di recente ne mancano {missed} su cento."),
            cause=_("Segnale Wi-Fi debole, o una rete che cade spesso."),
            steps=(_LOOK_AT_RADIO,),
        ),
        AlertKind(
            "silent",
            _("Misuratore muto"),
            Severity.CRITICAL,
            says=_(
                "Il misuratore {device} non manda energia dal {since}: di solito la manda ogni {period}. I suoi "
                "registri continuano a contare: quando torna il segnale l’energia si recupera."
            ),
            cause=_("Manca la corrente al misuratore, la rete Wi-Fi è caduta, o MQTT è spento."),
            steps=(_LOOK_AT_POWER, _LOOK_AT_RADIO, _LOOK_AT_BROKER, _RESTART),
            costs_energy=True,
        ),
        AlertKind(
            "site-down",
            _("Sito muto"),
            Severity.CRITICAL,
            says=_("Tutti i misuratori dell’impianto {plant} tacciono dal {since} ({count})."),
            cause=_("Manca la corrente nel posto, o la sua connessione a Internet è caduta."),
            steps=(
                _("Chiama chi è sul posto: c’è corrente? Internet funziona?"),
                _("Controlla il router e l’interruttore generale."),
                _LOOK_AT_RADIO,
            ),
            costs_energy=True,
        ),
        AlertKind(
            "broker-down",
            _("Broker MQTT fermo"),
            Severity.CRITICAL,
            says=_("Il broker MQTT non risponde dal {since}: nessun misuratore può parlare ({count} in attesa)."),
            cause=_("Il programma o la macchina del broker si è fermata, o la rete verso di lui."),
            steps=(
                _("Controlla che il broker sia acceso e che il suo disco non sia pieno."),
                _("Leggi il suo registro: se la sua base di dati è guasta, va messa da parte prima di riaccenderlo."),
            ),
            costs_energy=True,
        ),
        AlertKind(
            "ingestor-silent",
            _("Ricevitore fermo"),
            Severity.CRITICAL,
            says=_("Dal {since} non arriva nulla da nessun misuratore, e il broker risponde ({count} in attesa)."),
            cause=_("Il processo che riceve i messaggi (ingest) è fermo o non riesce a scrivere nella base di dati."),
            steps=(
                _("Controlla che il processo ingest sia in esecuzione, e il suo registro."),
                _("Controlla che la base di dati risponda: la pagina dello stato lo dice."),
            ),
        ),
        AlertKind(
            "server-clock",
            _("Orologio del server sbagliato"),
            Severity.CRITICAL,
            says=_(
                "{devices} misuratori su {heard} dicono un’ora diversa da quella del server, di oltre un minuto: il "
                "server è sfasato di circa {seconds} s. I messaggi con l’ora del misuratore restano giusti fino a 5 "
                "minuti; quelli senza hanno l’ora sbagliata."
            ),
            cause=_("L’orologio della macchina non è regolato da un server dell’ora (NTP), o è stato cambiato a mano."),
            steps=(
                _("Sul server: timedatectl dice se l’ora è sincronizzata; se no, accendi systemd-timesyncd o chrony."),
                _("Controlla che la rete lasci passare NTP (porta 123)."),
            ),
        ),
        # --- What a meter says that cannot be
        AlertKind(
            "frozen",
            _("Contatore fermo"),
            Severity.WARNING,
            says=_(
                "Il contatore {component} del misuratore {device} è fermo dal {since}, mentre la sua potenza è di "
                "circa {power} W: quell’energia non viene contata."
            ),
            cause=_("Il conteggio si è bloccato nel misuratore: di solito un guasto del firmware."),
            steps=(_RESTART, _("Aggiorna il firmware del misuratore."), _("Se resta fermo, va sostituito.")),
            costs_energy=True,
        ),
        AlertKind(
            "channel-reversed",
            _("Pinza al contrario"),
            Severity.WARNING,
            cause=_("La pinza è girata, o il verso del canale è quello sbagliato."),
            steps=(_LOOK_AT_CLAMP, _("Oppure inverti il verso del canale: i quarti d’ora saranno ricalcolati.")),
            costs_energy=True,
            by_data=False,
        ),
        AlertKind(
            "phase-dead",
            _("Fase senza tensione"),
            Severity.WARNING,
            says=_("Il misuratore {device} non vede tensione su {phases}: quello che passa di lì non è misurato."),
            cause=_("Un filo di tensione staccato, un fusibile saltato, o una fase che manca davvero."),
            steps=(
                _("Controlla i morsetti di tensione e i fusibili del misuratore."),
                _("Misura la tensione della fase: se manca anche a monte, chiama il distributore."),
            ),
            costs_energy=True,
        ),
        AlertKind(
            "clock-wrong",
            _("Orologio sbagliato"),
            Severity.WARNING,
            says=_("L’orologio del misuratore {device} non è giusto: per i suoi messaggi vale l’ora in cui arrivano."),
            cause=_("Il misuratore non raggiunge un server dell’ora (NTP), o non l’ha ancora fatto."),
            steps=(
                _("Controlla nel misuratore il server dell’ora e che la rete lasci passare NTP (porta 123)."),
                _RESTART,
            ),
        ),
        AlertKind(
            "profile-changed",
            _("Profilo cambiato"),
            Severity.CRITICAL,
            cause=_("Qualcuno ha cambiato il profilo del misuratore, o un aggiornamento del firmware."),
            steps=(
                _("Rimetti il profilo di prima, oppure assegna un ruolo ai nuovi canali."),
                _("Poi segna l’avviso come risolto."),
            ),
            costs_energy=True,
            by_data=False,
        ),
        AlertKind(
            "replaced",
            _("Misuratore sostituito"),
            Severity.CRITICAL,
            cause=_("Il misuratore è stato sostituito, o un altro usa per errore il suo prefisso MQTT."),
            steps=(
                _("Se è stato sostituito, registra quello nuovo con il suo nome."),
                _("Altrimenti correggi il prefisso MQTT dell’altro."),
                _("Poi segna l’avviso come risolto."),
            ),
            costs_energy=True,
            by_data=False,
        ),
        AlertKind(
            "too-often",
            _("Misuratore che parla troppo"),
            Severity.WARNING,
            cause=_("Un’impostazione MQTT o uno script del misuratore manda i valori di continuo."),
            steps=(_("Controlla le impostazioni MQTT e gli script del misuratore."),),
            by_data=False,
        ),
        AlertKind(
            "register-reset",
            _("Contatore azzerato"),
            Severity.WARNING,
            cause=_("Il misuratore è stato azzerato, riportato alle impostazioni di fabbrica o sostituito."),
            steps=(_("Se è stato sostituito, registra quello nuovo."), _("Altrimenti segna l’avviso come risolto.")),
            by_data=False,
        ),
        AlertKind(
            "register-jump",
            _("Salto del contatore"),
            Severity.WARNING,
            cause=_("Un valore sbagliato del misuratore, o una potenza nominale dell’impianto troppo bassa."),
            steps=(
                _("Controlla la potenza nominale dell’impianto."),
                _("Confronta il contatore con quello del distributore."),
            ),
            costs_energy=True,
            by_data=False,
        ),
        AlertKind(
            "production-low",
            _("Produzione sotto l’attesa"),
            Severity.WARNING,
            says=_(
                "L’impianto {plant} ieri ha prodotto {share} di quanto ci si aspettava, guardando i suoi giorni "
                "passati e gli impianti vicini: {produced} kWh invece di circa {expected}."
            ),
            cause=_("Un inverter fermo, una stringa staccata, ombra, sporco o neve sui moduli."),
            steps=(
                _("Guarda lo stato dell’inverter e i suoi codici."),
                _("Controlla gli interruttori in corrente continua e i moduli."),
            ),
            costs_energy=True,
        ),
        # --- What an office must do
        AlertKind(
            "fee-overdue",
            _("Quota scaduta"),
            Severity.INFO,
            says=_late_fees,
            cause=_("La quota dell’anno non risulta pagata."),
            steps=(_("Paga la quota, o registra il pagamento se è già avvenuto."),),
        ),
        AlertKind(
            "paper-expiring",
            _("Documento in scadenza"),
            Severity.INFO,
            says=_going_papers,
            cause=_("Il documento sta per scadere o è scaduto."),
            steps=(_("Carica il documento rinnovato."),),
        ),
        AlertKind(
            "parameter-missing",
            _("Parametro mancante"),
            Severity.WARNING,
            says=_missing,
            cause=_("Manca un prezzo o un parametro che serve ai conti."),
            steps=(_("Inserisci il parametro mancante, con la data da cui vale."),),
        ),
        AlertKind(
            "estimate-blocked",
            _("Stima ferma"),
            Severity.WARNING,
            says=reason_in,
            cause=_("La stima del mese non si può fare con i dati che ci sono."),
            steps=(_("Guarda nella pagina della stima che cosa manca."),),
        ),
        AlertKind(
            "broker-disk-full",
            _("Disco del broker quasi pieno"),
            Severity.CRITICAL,
            says=_(
                "Il disco del broker è quasi pieno: continua a confermare messaggi che non può più salvare. Libera "
                "spazio: se il broker si ferma adesso, quello che tiene per chi è assente va perso."
            ),
            steps=(_("Libera spazio sul disco del broker, senza riavviarlo."),),
        ),
        AlertKind(
            "broker-not-saved",
            _("Il broker non salva il suo stato"),
            Severity.CRITICAL,
            says=_(
                "Il broker non riesce a salvare il suo stato. Guarda il disco e i permessi della sua cartella: se si "
                "ferma adesso, quello che tiene per chi è assente va perso."
            ),
            steps=(_("Guarda il disco e i permessi della cartella del broker, senza riavviarlo."),),
        ),
        AlertKind(
            "broker-dropped",
            _("Messaggi scartati dal broker"),
            Severity.CRITICAL,
            says=_(
                "Il broker ha scartato messaggi perché la coda di un ricevitore era piena. Controlla che il ricevitore "
                "sia acceso; i registri dei misuratori rimediano all’energia, non alle potenze."
            ),
            steps=(_("Controlla che il processo ingest sia in esecuzione, e il suo registro."),),
            by_data=False,
        ),
        AlertKind(
            "broker-state-lost",
            _("Stato del broker perduto"),
            Severity.WARNING,
            says=_(
                "Lo stato del broker era danneggiato: è stato messo da parte e il broker è ripartito vuoto. I messaggi "
                "che teneva per chi era assente sono persi; i registri dei misuratori rimediano all’energia."
            ),
            steps=(_("Controlla il disco del broker; poi segna l’avviso come risolto."),),
            by_data=False,
        ),
        AlertKind(
            BACKUP,
            _("Copia di sicurezza mancante"),
            Severity.WARNING,
            says=_("L’ultima copia di sicurezza riuscita è di: {since}. Motivo dell’ultimo tentativo: {reason}."),
            cause=_("Il disco delle copie è pieno o staccato, manca la chiave, o il processo work era fermo di notte."),
            steps=(
                _("Guarda che la cartella BACKUP_DIR ci sia, che abbia spazio e che si possa scrivere."),
                _("Controlla che il processo work sia in esecuzione, e il suo registro."),
                _("Fanne una adesso con manage.py backup: se riesce, l’avviso si chiude da solo."),
            ),
        ),
    ]
)

SILENCES: Final = ("silent", "site-down", "broker-down", "ingestor-silent")
OF_THE_PLATFORM: Final = ("broker-down", "ingestor-silent")
OF_THE_MACHINE: Final = ("server-clock",)
OF_THE_STAFF: Final = (BACKUP,)  # nobody else can do anything about it, or should read why
OF_THE_BROKER: Final = ("broker-disk-full", "broker-not-saved", "broker-dropped", "broker-state-lost")


def kind_of(slug: str) -> AlertKind:
    """The kind with this word; UnknownKind where there is none."""
    try:
        return KINDS[slug]
    except KeyError:
        raise UnknownKind(slug) from None

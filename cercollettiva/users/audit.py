"""The audit log: who signed in, who read whose data, who changed what; lines are added and never changed, and the
oldest go when their term is over (`audit_retention.py`).

Each line carries the hash of the one before, so a line that was changed, taken out or put in breaks the chain. The
database refuses UPDATE and DELETE; who can go round that can also write a new chain, but not the hashes that others
have seen: every line leaves its number and hash in the process log, and `manage.py audit verify --anchor` compares.

A line holds keys of rows, names of fields, choices and times; never a secret and never a value of a person.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from django.db import models, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.acting import address_of, current_request, person_of
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

logger = logging.getLogger(__name__)

GENESIS: Final = "0" * 64  # what the first line has before it
PERSON: Final = "users.customuser"
# A word of the code: letters, a few digits at the end. No fiscal code, IBAN, VAT or phone number, and no address.
WORD = re.compile(r"[A-Za-z][A-Za-z_]*(?:[.:-][A-Za-z_]+)*[0-9]{0,4}")


class Action(models.TextChoices):
    SIGNED_IN = "SIGNED_IN", _("accesso")
    SIGN_IN_FAILED = "SIGN_IN_FAILED", _("accesso non riuscito")
    LOCKED_OUT = "LOCKED_OUT", _("accesso bloccato")
    SIGNED_OUT = "SIGNED_OUT", _("uscita")
    SESSIONS_ENDED = "SESSIONS_ENDED", _("sessioni chiuse")
    SECOND_FACTOR_CHANGED = "SECOND_FACTOR_CHANGED", _("verifica in due passaggi modificata")
    ACCOUNT_CREATED = "ACCOUNT_CREATED", _("utente creato")
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED", _("utente modificato")
    ACCOUNT_DELETED = "ACCOUNT_DELETED", _("utente cancellato")
    DELETION_REQUESTED = "DELETION_REQUESTED", _("cancellazione richiesta")
    DELETION_CANCELLED = "DELETION_CANCELLED", _("cancellazione annullata")
    DATA_EXPORTED = "DATA_EXPORTED", _("copia dei propri dati scaricata")
    PERSON_ERASED = "PERSON_ERASED", _("persona cancellata")
    CONSENT_GIVEN = "CONSENT_GIVEN", _("consenso dato")
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN", _("consenso revocato")
    ROLE_CHANGED = "ROLE_CHANGED", _("ruolo modificato")
    PLANT_CHANGED = "PLANT_CHANGED", _("dati di un impianto modificati")
    INVITATION_SENT = "INVITATION_SENT", _("invito mandato")
    INVITATION_REVOKED = "INVITATION_REVOKED", _("invito ritirato")
    INVITATION_ACCEPTED = "INVITATION_ACCEPTED", _("invito accettato")
    PAPER_HANDED_IN = "PAPER_HANDED_IN", _("documento caricato per conto della persona")
    TERM_CHANGED = "TERM_CHANGED", _("termine di conservazione modificato")
    PSEUDONYM_PURGED = "PSEUDONYM_PURGED", _("fine della conservazione di uno pseudonimo")
    DATA_READ = "DATA_READ", _("dati personali letti")
    TOKEN_CREATED = "TOKEN_CREATED", _("token creato")
    TOKEN_REVOKED = "TOKEN_REVOKED", _("token revocato")
    KEYS_ROTATED = "KEYS_ROTATED", _("chiavi sostituite")
    REGISTRY_CREATED = "REGISTRY_CREATED", _("riga creata nell’amministrazione")
    REGISTRY_CHANGED = "REGISTRY_CHANGED", _("riga modificata nell’amministrazione")
    REGISTRY_DELETED = "REGISTRY_DELETED", _("riga cancellata nell’amministrazione")
    REGISTRY_EXPORTED = "REGISTRY_EXPORTED", _("archivio esportato")
    REGISTRY_IMPORTED = "REGISTRY_IMPORTED", _("archivio importato")
    SCREEN_SHOWN = "SCREEN_SHOWN", _("schermo pubblico acceso")
    SCREEN_HIDDEN = "SCREEN_HIDDEN", _("schermo pubblico spento")
    PLATFORM_SET_UP = "PLATFORM_SET_UP", _("piattaforma configurata")
    LINES_RETIRED = "LINES_RETIRED", _("righe vecchie tolte dal registro")


class AuditLogIsPermanent(Exception):
    """Somebody tried to change or delete a line."""

    def __init__(self) -> None:
        super().__init__("Lines of the audit log are appended only.")


class NotForTheLog(ValueError):
    """A detail that may be a secret or somebody's data; the value is not repeated."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The detail {name!r} is neither a number, a time, nor a word of the code.")


class AuditLineQuerySet(VisibleQuerySet["AuditLine"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AuditLogIsPermanent

    def delete(self) -> NoReturn:
        raise AuditLogIsPermanent

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def about(self, user: CustomUser) -> Self:
        return self.filter(subject_type=PERSON, subject_id=user.pk)

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """What one did, and what was done to one's account and data."""
        return self.filter(Q(actor_id=user.pk) | Q(subject_type=PERSON, subject_id=user.pk))


class AuditLine(models.Model):
    """One thing that happened. People are their keys, without a foreign key: a line outlives the account."""

    seq = models.BigIntegerField(_("numero"), primary_key=True)
    at = models.DateTimeField(_("quando"))
    action = models.CharField(_("azione"), max_length=30)
    actor_id = models.BigIntegerField(_("chi"), null=True, db_index=True)  # null: the platform itself, or nobody known
    subject_type = models.CharField(_("genere dell'oggetto"), max_length=100, blank=True, default="")
    subject_id = models.BigIntegerField(_("oggetto"), null=True)
    address = models.GenericIPAddressField(_("indirizzo IP"), null=True)
    details = models.JSONField(_("dettagli"), default=dict)
    previous = models.CharField(_("impronta della riga precedente"), max_length=64, unique=True)  # a chain has no fork
    hash = models.CharField(_("impronta"), max_length=64)

    objects = AuditLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("riga del registro degli accessi")
        verbose_name_plural = _("registro degli accessi")
        ordering = ["seq"]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="audit_line_subject")]

    def __str__(self) -> str:
        return f"{self.seq} {self.at:%Y-%m-%d %H:%M} {self.action}"

    def save(self, **kwargs: Any) -> NoReturn:
        raise AuditLogIsPermanent  # record() writes

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AuditLogIsPermanent

    @property
    def action_label(self) -> str:
        return str(Action(self.action).label) if self.action in Action.values else self.action

    def address_for(self, viewer: CustomUser) -> str | None:
        """Where it came from, for platform staff and for whoever did it: the address of others is theirs."""
        return self.address if viewer.is_staff or viewer.pk == self.actor_id else None

    def computed_hash(self) -> str:
        content = {
            "seq": self.seq,
            "at": self.at.astimezone(UTC).isoformat(),
            "action": self.action,
            "actor": self.actor_id,
            "subject": [self.subject_type, self.subject_id],
            "address": self.address,
            "details": self.details,
            "previous": self.previous,
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


class AuditHead(models.Model):
    """Where the chain ends: one row, locked by whoever adds to it, which also tells when the end was cut off."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(_("ultimo numero"), default=0)
    hash = models.CharField(_("ultima impronta"), max_length=64, default=GENESIS)

    objects = VisibleQuerySet["AuditHead"].as_manager()

    class Meta:
        verbose_name = _("fine del registro degli accessi")
        verbose_name_plural = _("fine del registro degli accessi")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="audit_head_is_one")]

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class AuditAnchor(models.Model):
    """Where the chain begins since its oldest lines went: the last of them. No row: nothing went yet."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(_("numero dell'ultima riga tolta"))
    hash = models.CharField(_("impronta dell'ultima riga tolta"), max_length=64)

    objects = VisibleQuerySet["AuditAnchor"].as_manager()

    class Meta:
        verbose_name = _("inizio del registro degli accessi")
        verbose_name_plural = _("inizio del registro degli accessi")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="audit_anchor_is_one")]

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


class _FromTheRequest:
    """Whoever is signed in to the request that is being answered."""


FROM_THE_REQUEST: Final = _FromTheRequest()


@dataclass(frozen=True)
class Entry:
    """What is to be recorded."""

    action: Action
    actor: CustomUser | int | _FromTheRequest | None = FROM_THE_REQUEST
    subject: models.Model | tuple[str, int | None] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def record(
    action: Action,
    *,
    actor: CustomUser | int | _FromTheRequest | None = FROM_THE_REQUEST,
    subject: models.Model | tuple[str, int | None] | None = None,
    request: HttpRequest | None = None,
    details: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> AuditLine:
    """Add a line. Without an actor or a request it is those of the request that is being answered, if one is.

    The chain's end stays locked until the transaction ends: in a long one, record last.
    """
    return record_all([Entry(action, actor, subject, details or {})], request=request, at=at)[0]


def record_all(
    entries: Sequence[Entry], *, request: HttpRequest | None = None, at: datetime | None = None
) -> list[AuditLine]:
    """Add several lines at once."""
    if not entries:
        return []
    request = request or current_request()
    moment, address = at or timezone.now(), address_of(request)
    with transaction.atomic():
        head = _locked_head()
        lines = []
        for entry in entries:
            subject_type, subject_id = _key_of(entry.subject)
            line = AuditLine(
                seq=head.seq + 1,
                at=moment,
                action=entry.action.value,
                actor_id=_actor_of(entry.actor, request),
                subject_type=subject_type,
                subject_id=subject_id,
                address=address,
                details={name: _plain(name, value) for name, value in entry.details.items()},
                previous=head.hash,
            )
            line.hash = line.computed_hash()
            head.seq, head.hash = line.seq, line.hash
            lines.append(line)
        AuditLine.objects.bulk_create(lines, batch_size=500)
        head.save(update_fields=["seq", "hash"])
    last = lines[-1]
    transaction.on_commit(lambda: logger.info("Line %d, hash %s", last.seq, last.hash))
    return lines


def personal_data_read(
    people: Iterable[CustomUser | int],
    *,
    fields: Iterable[str],
    purpose: str,
    request: HttpRequest | None = None,
    actor: CustomUser | int | _FromTheRequest | None = FROM_THE_REQUEST,
) -> list[AuditLine]:
    """Record that encrypted fields of these people were shown or exported: views call it with what they showed.

    One line for each person, so that each finds it among their own; reading one's own data is not recorded.
    """
    request = request or current_request()
    reader = _actor_of(actor, request)
    details = {"fields": sorted(fields), "purpose": purpose}
    keys = (person if isinstance(person, int) else person.pk for person in people)
    entries = [Entry(Action.DATA_READ, reader, (PERSON, key), details) for key in keys if key != reader]
    return record_all(entries, request=request)


def _locked_head() -> AuditHead:
    """On SQLite a transaction locks the whole database when it begins, and select_for_update says nothing."""
    head = AuditHead.objects.select_for_update().first()
    if head is None:
        last = AuditLine.objects.order_by("-seq").first()
        first = AuditHead(seq=last.seq, hash=last.hash) if last else AuditHead()
        AuditHead.objects.bulk_create([first], ignore_conflicts=True)
        head = AuditHead.objects.select_for_update().get()
    return head


def _actor_of(actor: CustomUser | int | _FromTheRequest | None, request: HttpRequest | None) -> int | None:
    if isinstance(actor, _FromTheRequest):
        return person_of(request)
    return actor if actor is None or isinstance(actor, int) else actor.pk


def _key_of(subject: models.Model | tuple[str, int | None] | None) -> tuple[str, int | None]:
    if subject is None:
        return "", None
    return (subject._meta.label_lower, subject.pk) if isinstance(subject, models.Model) else subject


def _plain(name: str, value: Any) -> Any:
    """The value as JSON has it, or NotForTheLog."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str) and (value == "" or WORD.fullmatch(value)):
        return str(value)
    if isinstance(value, Mapping):
        return {_plain(name, key): _plain(name, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(name, inner) for inner in value]
    raise NotForTheLog(name)

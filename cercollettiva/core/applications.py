"""What happens to an application: begun, written step by step, sent, corrected, decided.

Whoever decides says which revision of it they read: if it is another by now, nothing is done and they are told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from cercollettiva.core import registry, signals
from cercollettiva.core.models import (
    Application,
    ApplicationEvent,
    ApplicationEventKind,
    ApplicationStep,
    CERConfiguration,
    CERMembership,
    MemberRole,
    MembershipState,
    MemberType,
    Plant,
    RoleChange,
)
from cercollettiva.core.models.applications import make_link_key
from cercollettiva.core.models.communities import CLOSED
from cercollettiva.core.points import PointTaken, give_point
from cercollettiva.domain.identifiers import pod_key
from cercollettiva.users import legal_forms
from cercollettiva.users.consents import give_consent
from cercollettiva.users.models import CustomUser

DRAFTS_LAST: Final = timedelta(days=90)


class CannotBeWritten(Exception):
    """It was sent, or decided: what one writes now would be read by nobody."""


class AlreadyIn(Exception):
    """The person has an open membership in the community, or an application that is waiting."""


class ChangedMeanwhile(Exception):
    """Somebody decided, or the person corrected it, since this page was opened."""

    def __init__(self, application: Application) -> None:
        super().__init__("The application is no longer the one that was read.")
        self.application = application


@transaction.atomic
def begin(
    community: CERConfiguration, email: str, *, user: CustomUser | None, language: str, at: datetime
) -> Application:
    """The draft of this address for this community, made if there is none; twice is once."""
    if user is not None and open_membership(community, user) is not None:
        raise AlreadyIn
    application, _is_new = Application.objects.get_or_create(
        community=community,
        email=email.strip().lower(),
        membership=None,
        defaults={"user": user, "language": language, "created_at": at, "updated_at": at},
    )
    if user is not None and application.user_id is None:
        application.user = user
        application.save(update_fields=["user"])
    return application


def open_membership(community: CERConfiguration, user: CustomUser) -> CERMembership | None:
    """The one that keeps somebody from applying again."""
    mine = CERMembership.objects.filter(community=community, user=user, active_to__isnull=True)
    return mine.exclude(state__in=CLOSED).first()


@transaction.atomic
def save_step(application: Application, step: ApplicationStep, values: dict[str, Any], *, at: datetime) -> Application:
    """Keep what one step says. Raises CannotBeWritten."""
    fresh = locked(application)
    if not fresh.may_be_written:
        raise CannotBeWritten
    fresh.write(step.value, values)
    if step is ApplicationStep.POINT:
        fresh.pod_key = pod_key(values["pod_code"])
    fresh.updated_at = at
    fresh.save(update_fields=["answers_json", "pod_key", "updated_at"])
    return fresh


@transaction.atomic
def renew_link(application: Application) -> Application:
    """A key for a new link; the links that were sent before no longer open."""
    fresh = locked(application)
    fresh.link_key = make_link_key()
    fresh.save(update_fields=["link_key"])
    return fresh


@transaction.atomic
def submit(application: Application, user: CustomUser, *, at: datetime) -> ApplicationEvent | None:
    """Send it, or send it again after a correction; None where that is done already, so that twice is once.

    The person's own data go to their account, the consents become rows with the time they were given.
    """
    fresh = locked(application)
    if not fresh.may_be_written:
        return None
    if fresh.first_missing_step is not None:
        raise CannotBeWritten
    again = fresh.membership is not None
    member_type = MemberType(fresh.answer(ApplicationStep.ROLE)["member_type"])
    if fresh.membership is None:
        fresh.membership = _waiting_membership(fresh.community, user, member_type)
    else:
        _set_state(fresh.membership, MembershipState.SUBMITTED, member_type=member_type)
    _tell_the_account(fresh, user)
    fresh.user, fresh.submitted_at, fresh.updated_at = user, at, at
    fresh.revision += 1
    fresh.save()
    _give_consents(fresh, user, at)
    kind = ApplicationEventKind.RESUBMITTED if again else ApplicationEventKind.SUBMITTED
    return ApplicationEvent.objects.create(application=fresh, kind=kind, at=at, by=user)


def forgotten_drafts(*, now: datetime) -> QuerySet[Application]:
    """What was begun and left alone for 90 days without being sent."""
    return Application.objects.drafts().filter(updated_at__lt=now - DRAFTS_LAST)


def forget_drafts(*, now: datetime, but: Collection[int] = ()) -> int:
    """Delete the forgotten drafts, except those that something keeps; how many went."""
    deleted, _by_model = forgotten_drafts(now=now).exclude(pk__in=but).delete()
    return deleted


@transaction.atomic
def withdraw(application: Application, *, by: CustomUser, at: datetime) -> ApplicationEvent | None:
    """Take back what one sent, while nobody has decided; None where it is decided."""
    fresh = locked(application)
    if not fresh.is_open or fresh.membership is None:
        return None
    fresh.membership.leave(at=at)
    return _happened(fresh, ApplicationEventKind.WITHDRAWN, by, at)


@transaction.atomic
def ask_correction(
    application: Application, *, revision: int, note: str, steps: Iterable[str], by: CustomUser, at: datetime
) -> ApplicationEvent:
    """Give it back to who sent it, with what is to be corrected. Raises ChangedMeanwhile."""
    fresh = _as_it_was_read(application, revision)
    fresh.sent_json = fresh.answers_json
    _set_state(_membership_of(fresh), MembershipState.TO_FIX)
    return _happened(fresh, ApplicationEventKind.CORRECTION, by, at, note=note, steps=" ".join(steps))


@transaction.atomic
def reject(application: Application, *, revision: int, note: str, by: CustomUser, at: datetime) -> ApplicationEvent:
    """Say no, with the reason. The person may apply again. Raises ChangedMeanwhile."""
    fresh = _as_it_was_read(application, revision)
    _set_state(_membership_of(fresh), MembershipState.REJECTED)
    return _happened(fresh, ApplicationEventKind.REJECTED, by, at, note=note)


@transaction.atomic
def approve(
    application: Application,
    *,
    revision: int,
    member_type: MemberType,
    role: MemberRole = MemberRole.MEMBER,
    papers_seen: bool = False,
    by: CustomUser,
    at: datetime,
) -> ApplicationEvent:
    """Let the person in: membership, connection point, register and card, all or none.

    Raises ChangedMeanwhile, and PointTaken where the POD is another's.
    """
    fresh = _as_it_was_read(application, revision)
    membership = _membership_of(fresh)
    membership.role, membership.member_type = role, member_type
    if papers_seen:
        membership.documents_verified_at, membership.documents_verified_by = at, by
    membership.save()
    membership.approve(at=at)
    give_point(fresh.community, membership.user, _plant_fields(fresh, member_type), at=at)
    registry.enter(membership, on=registry.day_of(at), by=by)
    event = _happened(fresh, ApplicationEventKind.APPROVED, by, at)
    RoleChange.objects.create(membership=membership, before="", after=role, at=at, by=by)
    signals.role_changed.send(CERMembership, membership=membership, before="", after=role, by=by, at=at)
    return event


def link_point(membership: CERMembership, *, at: datetime) -> Plant | None:
    """The connection point of the application behind a membership that an invitation let in, as if it were approved.

    A POD that is another's stays where it is, and whoever administers sees a member without one.
    """
    application = Application.objects.filter(membership=membership, submitted_at__isnull=False).first()
    if application is None or not membership.member_type or not application.answer(ApplicationStep.POINT):
        return None
    try:
        fields = _plant_fields(application, MemberType(membership.member_type))
        return give_point(membership.community, membership.user, fields, at=at)
    except PointTaken:
        return None


def locked(application: Application) -> Application:
    """As it is now, until the transaction ends. On SQLite a transaction locks the whole database when it begins."""
    rows = Application.objects.select_for_update(of=("self",)).select_related("community", "membership__user")
    return rows.get(pk=application.pk)


def _as_it_was_read(application: Application, revision: int) -> Application:
    fresh = locked(application)
    if fresh.revision != revision or not fresh.is_open:
        raise ChangedMeanwhile(fresh)
    return fresh


def _membership_of(application: Application) -> CERMembership:
    membership = application.membership
    assert membership is not None  # noqa: S101  # is_open says so
    return membership


def _waiting_membership(community: CERConfiguration, user: CustomUser, member_type: MemberType) -> CERMembership:
    """A role that somebody has already, without being a member, is not touched: they are told to ask."""
    if open_membership(community, user) is not None:
        raise AlreadyIn
    membership: CERMembership = CERMembership.objects.create(
        community=community, user=user, member_type=member_type, state=MembershipState.SUBMITTED
    )
    return membership


def _set_state(membership: CERMembership, state: MembershipState, **fields: Any) -> None:
    membership.state = state
    for name, value in fields.items():
        setattr(membership, name, value)
    membership.save(update_fields=["state", "updated_at", *fields])


def _happened(
    application: Application, kind: ApplicationEventKind, by: CustomUser, at: datetime, **said: str
) -> ApplicationEvent:
    application.revision += 1
    application.updated_at = at
    application.save(update_fields=["revision", "updated_at", "sent_json"])
    return ApplicationEvent.objects.create(application=application, kind=kind, at=at, by=by, **said)


def _tell_the_account(application: Application, user: CustomUser) -> None:
    """Whoever is a member somewhere keeps the legal form that they entered with."""
    person = application.answer(ApplicationStep.PERSON)
    legal_forms.fill(user, person["legal_type"], person)
    user.save()


def _give_consents(application: Application, user: CustomUser, at: datetime) -> None:
    for one in application.answer(ApplicationStep.CONSENTS).get("given", []):
        given_at = datetime.fromisoformat(one["at"]) if "at" in one else at
        give_consent(user, document=one["document"], version=one["version"], at=given_at)


def _plant_fields(application: Application, member_type: MemberType) -> dict[str, Any]:
    """A plant as the application describes it; what only producers have is left out for the others."""
    point, role = application.answer(ApplicationStep.POINT), application.answer(ApplicationStep.ROLE)
    names = ("name", "pod_code", "address", "city", "zip_code", "province")
    fields: dict[str, Any] = {name: point.get(name, "") for name in names}
    fields["plant_type"] = member_type.value
    if member_type is not MemberType.CONSUMER:
        fields["source"] = role.get("source", "")
        fields["nominal_power"] = Decimal(role["nominal_power"]) if role.get("nominal_power") else None
        fields["has_storage"] = bool(role.get("has_storage"))
    return fields


def plant_of(application: Application) -> Plant | None:
    """The plant that an approved application brought, while it is the person's."""
    rows = Plant.objects.filter(pod_key=application.pod_key, owner_id=application.user_id)
    return rows.order_by("-active_from").first()

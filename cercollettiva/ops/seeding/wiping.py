"""Takes away what the demo wrote, and what has come to hang from it since, and nothing else."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.db import connections, models, router, transaction

from cercollettiva.core.models import CERConfiguration, FeePayment, MemberRegistry, Organisation, Plant
from cercollettiva.documents.models import Document
from cercollettiva.energy.models import DeviceConfiguration, EnergyAggregate
from cercollettiva.energy.models.intervals import SubjectKind
from cercollettiva.monitoring.models import VisitReport
from cercollettiva.ops.seeding import money
from cercollettiva.ops.seeding.applications import emails_of
from cercollettiva.ops.simulation.scenery import Community
from cercollettiva.settlement.models import TariffParameter, ZonalPrice
from cercollettiva.users.append_only import unprotected
from cercollettiva.users.models import CustomUser


def wipe(community: Community) -> None:
    """Delete the rows of this community, in one transaction.

    Registers and measures refuse to be deleted, and rightly: these are invented, so we go round their models and lift
    what their tables refuse, table by table, from what refers to what is referred to.
    """
    meters = [meter.device_id for point in community.points for meter in point.meters]
    devices = DeviceConfiguration.objects.filter(device_id__in=meters)
    cer = CERConfiguration.objects.filter(code=community.code)
    plants = Plant.objects.filter(cer_configuration__in=cer.values("pk"))
    people = CustomUser.objects.filter(
        email__in=[*(member.email for member in community.members), *emails_of(community)]
    )
    organisation = Organisation.objects.filter(fiscal_code=community.organisation.fiscal_code)
    subjects = ((SubjectKind.DEVICE, devices), (SubjectKind.PLANT, plants), (SubjectKind.COMMUNITY, cer))
    connection = connections[router.db_for_write(MemberRegistry)]
    with transaction.atomic(), ExitStack() as lifted:
        for model in (MemberRegistry, FeePayment, VisitReport):
            lifted.enter_context(unprotected(connection, model, **model.APPEND_ONLY))
        for kind, rows in subjects:
            _raw(EnergyAggregate.objects.filter(subject_kind=kind, subject_id__in=_keys(rows)))
        papers = Document.objects.filter(application__community__in=cer.values("pk"))  # perhaps of nobody else
        for subject in (papers, devices, plants, cer, people, organisation):
            _with_what_refers_to(subject)
        _raw(ZonalPrice._base_manager.filter(source=money.INVENTED))
        _raw(TariffParameter._base_manager.filter(source=money.EXAMPLE))


def _with_what_refers_to(rows: models.QuerySet[Any]) -> None:
    """Delete rows after the rows that refer to them; a reference that may be empty is emptied."""
    keys = _keys(rows)
    if not keys:
        return
    for relation in _references_to(rows.model):
        referring = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": keys})
        if relation.on_delete is models.SET_NULL:
            models.QuerySet.update(referring, **{relation.field.name: None})
        elif _references_to(relation.related_model):
            _with_what_refers_to(referring)
        else:
            _raw(referring)
    _raw(rows.model._base_manager.filter(pk__in=keys))


def _references_to(model: type[models.Model]) -> list[models.ManyToOneRel]:
    fields = model._meta.get_fields(include_hidden=True)
    return [field for field in fields if isinstance(field, models.ManyToOneRel)]


def _keys(rows: models.QuerySet[Any]) -> list[Any]:
    return list(rows.order_by().values_list("pk", flat=True))


def _raw(rows: models.QuerySet[Any]) -> None:
    rows._raw_delete(rows.db)

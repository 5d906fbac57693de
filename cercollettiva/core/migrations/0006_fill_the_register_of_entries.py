import json
from typing import Any
from zoneinfo import ZoneInfo

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Max

ITALY = ZoneInfo("Europe/Rome")


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Every line was an admission; one that was closed gets an entry of its own for that, after all admissions."""
    lines = apps.get_model("core", "MemberRegistry").objects.using(schema_editor.connection.alias)
    for line in lines.select_related("user", "membership").order_by("number"):
        line.member_number = line.number
        line.on = line.entered_at.astimezone(ITALY).date()
        line.recorded_at = line.entered_at
        line.person = json.dumps(_details(line), ensure_ascii=False)
        line.save()
    for line in lines.exclude(left_at=None).order_by("left_at", "number"):
        last = lines.filter(organisation_id=line.organisation_id).aggregate(last=Max("number"))["last"]
        lines.create(
            organisation_id=line.organisation_id,
            number=last + 1,
            kind="LEFT",
            member_number=line.member_number,
            user_id=line.user_id,
            membership_id=line.membership_id,
            previous=line,
            on=line.left_at.astimezone(ITALY).date(),
            person=line.person,
            entered_at=line.entered_at,
            left_at=line.left_at,
            recorded_at=line.left_at,
        )


def empty(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """One line for each admission again, closed where the member left, numbered like the members."""
    lines = apps.get_model("core", "MemberRegistry").objects.using(schema_editor.connection.alias)
    left = {(each.organisation_id, each.member_number): each.recorded_at for each in lines.filter(kind="LEFT")}
    for line in lines.exclude(kind="ENTERED").order_by("-number"):  # nobody is followed by one that is gone
        line.delete()
    for line in lines.order_by("member_number"):  # downwards into numbers that are free
        line.entered_at = line.recorded_at
        line.left_at = left.get((line.organisation_id, line.member_number))
        line.number = line.member_number
        line.save()


def _details(line: Any) -> dict[str, str]:
    user = line.user
    return {
        "name": user.legal_name or f"{user.first_name} {user.last_name}".strip() or user.email,
        "fiscal_code": user.fiscal_code or user.vat_number,
        "address": user.address,
        "member_type": line.membership.member_type,
    }


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0005_register_of_entries"),
    ]

    operations = [
        migrations.RunPython(fill, empty),
    ]

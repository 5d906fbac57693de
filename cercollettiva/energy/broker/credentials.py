"""The credentials of devices: issued, shown once, changed, revoked. The broker's files follow within seconds."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cercollettiva.energy.broker.topics import (
    SERVICES,
    Permissions,
    Speaker,
    is_reserved,
    permissions_of_devices,
    permissions_of_services,
)
from cercollettiva.energy.broker.verifiers import new_secret, service_secret, verifier_of, verifies
from cercollettiva.energy.models import DeviceConfiguration, MQTTAuditLog, MQTTConfiguration
from cercollettiva.energy.placements import By

NEVER: Final = "-"


class NotIssued(Exception):
    """Why no password was made, in words."""


def stand_of(device: DeviceConfiguration) -> str:
    """A word that changes with the device's credentials: a form that was sent twice does not change them twice."""
    held = MQTTConfiguration.objects.filter(device=device).first()
    moments = (held.rotated_at or held.created_at, held.revoked_at) if held else ()
    return "/".join(moment.isoformat() if moment else NEVER for moment in moments) or NEVER


@transaction.atomic
def issue(device: DeviceConfiguration, *, stand: str, at: datetime, by: By) -> str:
    """A new password in the place of the one before. It is returned this once and kept nowhere."""
    locked = _locked(device)
    if is_reserved(locked.device_id):
        raise NotIssued(_("Questo nome è della piattaforma: dai al misuratore un altro nome."))
    if stand_of(locked) != stand:
        raise NotIssued(_("La password è già stata cambiata: se non l’hai scritta nel misuratore, creane un’altra."))
    secret = new_secret()
    held = MQTTConfiguration.objects.filter(device=locked).first()
    if held is None:
        MQTTConfiguration.objects.create(
            device=locked, username=locked.device_id, verifier=verifier_of(secret), created_at=at
        )
    else:
        if held.username != locked.device_id:  # the device was renamed in the administration
            MQTTConfiguration.objects.filter(pk=held.pk).update(username=locked.device_id)
        held.rotate(verifier=verifier_of(secret), at=at)
    _log(MQTTAuditLog.Action.ROTATED if held else MQTTAuditLog.Action.ISSUED, locked, at, by)
    return secret


@transaction.atomic
def revoke(device: DeviceConfiguration, *, at: datetime, by: By) -> bool:
    """Let the device in no more; whether there was something to revoke."""
    locked = _locked(device)
    held = MQTTConfiguration.objects.in_force().filter(device=locked).first()
    if held is None:
        return False
    held.revoke(at=at)
    _log(MQTTAuditLog.Action.REVOKED, locked, at, by)
    return True


def in_force() -> list[tuple[Speaker, str]]:
    """Every active device that may come in, with its verifier. One query."""
    rows = MQTTConfiguration.objects.in_force().filter(device__is_active=True).order_by("username")
    columns = ("device__device_id", "device__topic_prefix", "device__device_type__topic_template")
    told = rows.values_list(*columns, "device__device_type__vendor", "username", "verifier")
    return [
        (Speaker(name, prefix, topics, vendor), verifier)
        for name, prefix, topics, vendor, username, verifier in told
        if username == name  # renamed since: a name that is no longer the device's opens nothing
    ]


def login_of(username: str) -> str:
    """The password of a user of ours: that of MQTT_URL where it names this user, else the one made from SECRET_KEY."""
    url = urlsplit(settings.MQTT_URL)
    if url.username and unquote(url.username) == username and url.password:
        return unquote(url.password)
    return service_secret(username)


def lets_in(username: str, secret: str) -> bool:
    """Whether somebody with this name and this secret comes in; for brokers that ask."""
    if username in SERVICES:
        return hmac.compare_digest(login_of(username).encode(), secret.encode("utf-8", "replace"))
    held = MQTTConfiguration.objects.in_force().filter(username=username, device__is_active=True)
    verifier = held.filter(username=F("device__device_id")).values_list("verifier", flat=True).first()
    return verifier is not None and verifies(verifier, secret)


def rights_of(username: str) -> Permissions | None:
    """What a user may say and hear now; None for whoever may not come in."""
    speakers = [speaker for speaker, _ in in_force()]
    everybody = permissions_of_services(speakers) if username in SERVICES else permissions_of_devices(speakers)[0]
    return next((one for one in everybody if one.username == username), None)


def _locked(device: DeviceConfiguration) -> DeviceConfiguration:
    return DeviceConfiguration.objects.select_for_update(of=("self",)).get(pk=device.pk)


def _log(action: MQTTAuditLog.Action, device: DeviceConfiguration, at: datetime, by: By) -> None:
    MQTTAuditLog.objects.create(
        at=at, actor=by.actor, device=device, action=action, detail=device.device_id, address=by.address
    )
    DeviceConfiguration.objects.filter(pk=device.pk).touch()  # what the broker's files are made from has changed

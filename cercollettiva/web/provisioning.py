"""What is written into a meter so that it speaks to us, under the names its own pages use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import segno
from django.utils.translation import gettext as _

from cercollettiva.energy.device_types import GEN1, TASMOTA
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.energy.queries import BrokerAddress

ACCESS_POINT: Final = "192.168.33.1"  # a Shelly that is in no Wi-Fi yet


@dataclass(frozen=True)
class Setting:
    """A line of the meter's page: its label there, what to write or choose, and whether one copies it."""

    label: str
    value: str
    is_text: bool = True


@dataclass(frozen=True)
class Card:
    """How a meter is set up."""

    path: str  # the menus that lead there
    settings: list[Setting]
    after: str  # what to do when it is all written
    command: str = ""  # one line that does it all, to paste into a browser beside the meter


def card_of(device: DeviceConfiguration, broker: BrokerAddress | None, *, secret: str = "") -> Card:
    """The settings by make; a make we do not know gets what any MQTT client asks for. A secret is written once."""
    server = f"{broker.host}:{broker.port}" if broker else ""
    template = device.device_type.topic_template
    if device.vendor == "Shelly" and template == GEN1:
        return _shelly_gen1(device, server)
    if device.vendor == "Shelly":
        return _shelly(device, server, uses_tls=bool(broker and broker.uses_tls), secret=secret)
    if template == TASMOTA:
        return _tasmota(device, broker)
    plain = [Setting(_("Server"), server), Setting(_("Prefisso dei topic"), device.topic_prefix)]
    return Card(_("Impostazioni MQTT"), [*plain, Setting(_("Utente"), device.device_id)], _("Salva e riavvia."))


def qr_code(text: str) -> str:
    """A picture of the text for a phone, as an address that an image takes."""
    return str(segno.make(text, error="m").svg_data_uri(scale=4, border=2, dark="#000000", light="#ffffff"))


def _shelly(device: DeviceConfiguration, server: str, *, uses_tls: bool, secret: str) -> Card:
    settings = [
        Setting("Enable", "ON", is_text=False),
        Setting("Connection type", "Default TLS" if uses_tls else "No TLS", is_text=False),
        Setting("MQTT prefix", device.topic_prefix),
        Setting('Enable "MQTT Control"', "OFF", is_text=False),
        Setting("Enable RPC over MQTT", "ON", is_text=False),
        Setting("RPC status notifications over MQTT", "ON", is_text=False),
        Setting("Generic status update over MQTT", "ON", is_text=False),
        Setting("Server", server),
        Setting("Client ID", device.device_id),
        Setting("Username", device.device_id),
    ]
    config = {
        "enable": True,
        "server": server,
        "client_id": device.device_id,
        "user": device.device_id,
        **({"pass": secret} if secret else {}),
        "topic_prefix": device.topic_prefix,
        "ssl_ca": "ca.pem" if uses_tls else None,
        "enable_control": False,
        "enable_rpc": True,
        "rpc_ntf": True,
        "status_ntf": True,
    }
    written = quote(json.dumps(config, separators=(",", ":")), safe='{}":,/')
    return Card(
        "Settings → MQTT",
        settings,
        _("Premi «Save settings», poi «Reboot»: senza il riavvio non si collega."),
        f"http://{ACCESS_POINT}/rpc/MQTT.SetConfig?config={written}",
    )


def _shelly_gen1(device: DeviceConfiguration, server: str) -> Card:
    settings = [
        Setting("Enable action execution via MQTT", "ON", is_text=False),
        Setting("Username", device.device_id),
        Setting("Server", server),
        Setting("Use custom MQTT prefix", device.topic_prefix.removeprefix("shellies/")),
        Setting("Clean Session", "ON", is_text=False),
        Setting("Max QoS", "1", is_text=False),
    ]
    path = "Internet & Security → Advanced - Developer settings"
    return Card(path, settings, _("Premi «Save»: il misuratore si riavvia da solo."))


def _tasmota(device: DeviceConfiguration, broker: BrokerAddress | None) -> Card:
    levels = device.topic_prefix.split("/")
    settings = [
        Setting("Host", broker.host if broker else ""),
        Setting("Port", str(broker.port) if broker else ""),
        Setting("Client", device.device_id),
        Setting("User", device.device_id),
        Setting("Topic", levels[-1]),
        Setting("Full Topic", "/".join(["%prefix%", *levels[1:-1], "%topic%"]) + "/"),
    ]
    return Card("Configuration → Configure MQTT", settings, _("Premi «Save»: il misuratore si riavvia da solo."))

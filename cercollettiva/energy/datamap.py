"""What the tables of meters and energy hold of people: how much a household draws, and when."""

from __future__ import annotations

from cercollettiva.users.datamap import (
    REST,
    SECURITY,
    Basis,
    Fields,
    NotPersonal,
    Personal,
    Purpose,
    Term,
    plainly,
    same,
)

MEASURING = Personal(Purpose.MEASURING, Basis.CONTRACT, Term.TWO_YEARS)
SUMMED = "summed by the database, thousands of rows at a time; leads to a person only through plant and owner"
RAW = plainly(MEASURING._replace(term=Term.WEEK), SUMMED)
REGISTERS = plainly(MEASURING, SUMMED)
INTERVALS = plainly(MEASURING._replace(term=Term.TEN_YEARS), SUMMED)
STATE = plainly(MEASURING._replace(term=Term.OVERWRITTEN), "written once a second, shown live")
HARDWARE = NotPersonal("of a thing that is sold")
OF_THE_BROKER = NotPersonal("of the broker")
COMPONENT = NotPersonal("names a channel")

MAP: dict[str, Fields] = {
    "energy.DeviceType": {
        **same(HARDWARE, "code", "vendor", "model", "capabilities", "topic_template", "payload_template"),
        REST: HARDWARE,
    },
    "energy.DeviceConfiguration": {
        **same(plainly(MEASURING, "met in every message; may hold the POD"), "device_id", "topic_prefix"),
        **same(HARDWARE, "vendor", "model", "firmware", "time_zone"),
        REST: plainly(MEASURING, "of a thing that stands in a household"),
    },
    "energy.DevicePlacement": {REST: plainly(MEASURING, "where a thing stands, and since when")},
    "energy.ChannelRole": {"component": COMPONENT, "phases": COMPONENT, REST: plainly(MEASURING, "what it measures")},
    "energy.DeviceState": {
        **same(STATE, "values", "registers"),
        "src": plainly(STATE, "the name that the meter gives itself"),
        REST: STATE,
    },
    "energy.DeviceToken": {
        **same(NotPersonal("of a random token of a thing"), "token_hash", "hint"),
        REST: plainly(MEASURING, "of a thing that stands in a household"),
    },
    "energy.DeviceMeasurement": {"component": COMPONENT, REST: RAW},
    "energy.EnergyMeasurement": {"component": COMPONENT, REST: REGISTERS},
    "energy.EnergyInterval": {REST: INTERVALS},
    "energy.EnergyIntervalHistory": {REST: INTERVALS},
    "energy.EnergyAggregate": {REST: INTERVALS},
    "energy.DirtyQuarter": {REST: NotPersonal("a mark")},
    "energy.RegisterEvent": {"component": COMPONENT, "register": COMPONENT, REST: REGISTERS},
    "energy.MQTTBroker": {
        **same(OF_THE_BROKER, "name", "host", "ca_certificate", "username", "password"),
        REST: OF_THE_BROKER,
    },
    "energy.MQTTConfiguration": {
        "username": plainly(MEASURING, "the name of the meter"),
        "verifier": NotPersonal("verifies a random secret of a thing"),
        REST: plainly(MEASURING, "of a thing that stands in a household"),
    },
    "energy.MQTTAuditLog": {
        "detail": plainly(SECURITY, "names the meter and where it was put, to platform staff alone"),
        "address": plainly(SECURITY, "shown to platform staff alone"),
        REST: plainly(SECURITY, "the key of who did it"),
    },
    "energy.RejectedMessage": {
        **same(plainly(REGISTERS, "shown as it came, to find out why"), "topic", "first_bytes"),
        "reason": NotPersonal("words of the code"),
        REST: REGISTERS,
    },
    "energy.LastMessage": {
        **same(plainly(STATE, "shown as it came, to who looks after the meter"), "topic", "first_bytes"),
        REST: STATE,
    },
    "energy.UnknownDevice": {
        **same(plainly(REGISTERS, "shown as it came, to find out whose it is"), "prefix", "last_topic", "first_bytes"),
        REST: REGISTERS,
    },
    "energy.IngestBatch": {
        "ingestor": NotPersonal("a process"),
        "fingerprints": NotPersonal("hashes of the last ten minutes"),
        REST: NotPersonal("a count and a time"),
    },
}

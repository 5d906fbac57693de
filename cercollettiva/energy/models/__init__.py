"""The tables of devices and energy, by subject."""

from cercollettiva.energy.models.devices import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceState,
    DeviceType,
    Role,
)
from cercollettiva.energy.models.events import RegisterEvent
from cercollettiva.energy.models.intervals import (
    DirtyQuarter,
    EnergyAggregate,
    EnergyInterval,
    EnergyIntervalHistory,
    EnergyIntervalPart,
    IntervalQuality,
    IntervalSource,
    Period,
    SubjectKind,
)
from cercollettiva.energy.models.measurements import (
    DeviceMeasurement,
    DeviceMeasurementDetail,
    EnergyKind,
    EnergyMeasurement,
    Float4Field,
    Quality,
)
from cercollettiva.energy.models.mqtt import (
    IngestBatch,
    LastMessage,
    MQTTAuditLog,
    MQTTBroker,
    MQTTConfiguration,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.energy.models.tokens import DeviceToken

__all__ = [
    "ChannelRole",
    "DeviceConfiguration",
    "DeviceMeasurement",
    "DeviceMeasurementDetail",
    "DevicePlacement",
    "DeviceState",
    "DeviceToken",
    "DeviceType",
    "DirtyQuarter",
    "EnergyAggregate",
    "EnergyInterval",
    "EnergyIntervalHistory",
    "EnergyIntervalPart",
    "EnergyKind",
    "EnergyMeasurement",
    "Float4Field",
    "IngestBatch",
    "IntervalQuality",
    "IntervalSource",
    "LastMessage",
    "MQTTAuditLog",
    "MQTTBroker",
    "MQTTConfiguration",
    "Period",
    "Quality",
    "RegisterEvent",
    "RejectedMessage",
    "Role",
    "SubjectKind",
    "UnknownDevice",
]

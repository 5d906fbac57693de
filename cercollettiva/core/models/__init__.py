"""The tables of the communities, by subject."""

from cercollettiva.core.models.applications import (
    Application,
    ApplicationEvent,
    ApplicationEventKind,
    ApplicationStep,
)
from cercollettiva.core.models.communities import (
    CERConfiguration,
    CERMembership,
    MemberRole,
    MembershipState,
    MemberType,
)
from cercollettiva.core.models.desk import (
    CardJob,
    ImportState,
    JobState,
    MemberImport,
    MemberImportRow,
    RowOutcome,
)
from cercollettiva.core.models.fees import FeePayment, FeeReminder, PaymentMethod, ReceiptIsPermanent
from cercollettiva.core.models.members import EntryKind, MemberRegistry, MembershipCard, RegistryIsPermanent
from cercollettiva.core.models.organisations import Organisation
from cercollettiva.core.models.places import MarketZone, Region
from cercollettiva.core.models.plants import (
    ConnectionVoltage,
    GridFeed,
    Plant,
    PlantMeasurement,
    PlantMeasurementQuality,
    PlantMeasurementSource,
    PlantSource,
    PlantType,
)
from cercollettiva.core.models.roles import Invitation, RoleChange

__all__ = [
    "Application",
    "ApplicationEvent",
    "ApplicationEventKind",
    "ApplicationStep",
    "CERConfiguration",
    "CERMembership",
    "CardJob",
    "ConnectionVoltage",
    "EntryKind",
    "FeePayment",
    "FeeReminder",
    "GridFeed",
    "ImportState",
    "Invitation",
    "JobState",
    "MarketZone",
    "MemberImport",
    "MemberImportRow",
    "MemberRegistry",
    "MemberRole",
    "MemberType",
    "MembershipCard",
    "MembershipState",
    "Organisation",
    "PaymentMethod",
    "Plant",
    "PlantMeasurement",
    "PlantMeasurementQuality",
    "PlantMeasurementSource",
    "PlantSource",
    "PlantType",
    "ReceiptIsPermanent",
    "Region",
    "RegistryIsPermanent",
    "RoleChange",
    "RowOutcome",
]

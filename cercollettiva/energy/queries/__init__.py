"""What is asked of the energy tables, by subject. Pages, JSON and sockets read here, from rows the asker may see."""

from cercollettiva.energy.queries.broker import BrokerAddress, broker_address, last_batch_at
from cercollettiva.energy.queries.community_hours import CommunityHour, TooManyHours, community_hours
from cercollettiva.energy.queries.crowd import FEWEST, Crowd, crowd_of
from cercollettiva.energy.queries.day import totals_of_today
from cercollettiva.energy.queries.grid import community_plants, device_grid, plants_grid, quarters_between
from cercollettiva.energy.queries.history import PowerMean, TooMuchHistory, power_history
from cercollettiva.energy.queries.hours import UNKNOWN, Hours, hours_of
from cercollettiva.energy.queries.measurements import (
    MeasurementQuality,
    check_measurement_quality,
    get_latest_measurement,
)
from cercollettiva.energy.queries.meters import Standing, anomalies_of, searched, standings, with_standing
from cercollettiva.energy.queries.overview import PlantOverview, plant_overview
from cercollettiva.energy.queries.pages import MeasurementPage, measurement_page
from cercollettiva.energy.queries.periods import (
    Known,
    OwnUse,
    PeriodTotal,
    TooManyPeriods,
    aggregate_by_period,
    finished_alike,
    first_total,
    known_sum,
    own_use,
    previous_period,
)
from cercollettiva.energy.queries.power import (
    CommunityPower,
    PlantPower,
    TotalPower,
    communities_power,
    power_of_plants,
    power_shown,
    powers_told_to,
    total_power_visible_to,
)
from cercollettiva.energy.queries.quarters import QuarterGrid, quarter_grid
from cercollettiva.energy.queries.sharing import (
    OwnParts,
    PointSums,
    SharedHours,
    Sharer,
    own_parts,
    point_sums,
    shared_hours,
    sharers_of,
)
from cercollettiva.energy.queries.standing import (
    Seen,
    last_seen_here,
    latest_measurements,
    main_device_of,
    measurements_at,
)
from cercollettiva.energy.queries.states import DeviceNow, PhaseNow, device_states_of, device_states_of_plants
from cercollettiva.energy.queries.today import EnergyToday, energy_today, local_midnight
from cercollettiva.energy.queries.told import days_with_few, quarters_withheld, told_totals

__all__ = [
    "FEWEST",
    "UNKNOWN",
    "BrokerAddress",
    "CommunityHour",
    "CommunityPower",
    "Crowd",
    "DeviceNow",
    "EnergyToday",
    "Hours",
    "Known",
    "MeasurementPage",
    "MeasurementQuality",
    "OwnParts",
    "OwnUse",
    "PeriodTotal",
    "PhaseNow",
    "PlantOverview",
    "PlantPower",
    "PointSums",
    "PowerMean",
    "QuarterGrid",
    "Seen",
    "SharedHours",
    "Sharer",
    "Standing",
    "TooManyHours",
    "TooManyPeriods",
    "TooMuchHistory",
    "TotalPower",
    "aggregate_by_period",
    "anomalies_of",
    "broker_address",
    "check_measurement_quality",
    "communities_power",
    "community_hours",
    "community_plants",
    "crowd_of",
    "days_with_few",
    "device_grid",
    "device_states_of",
    "device_states_of_plants",
    "energy_today",
    "finished_alike",
    "first_total",
    "get_latest_measurement",
    "hours_of",
    "known_sum",
    "last_batch_at",
    "last_seen_here",
    "latest_measurements",
    "local_midnight",
    "main_device_of",
    "measurement_page",
    "measurements_at",
    "own_parts",
    "own_use",
    "plant_overview",
    "plants_grid",
    "point_sums",
    "power_history",
    "power_of_plants",
    "power_shown",
    "powers_told_to",
    "previous_period",
    "quarter_grid",
    "quarters_between",
    "quarters_withheld",
    "searched",
    "shared_hours",
    "sharers_of",
    "standings",
    "told_totals",
    "total_power_visible_to",
    "totals_of_today",
    "with_standing",
]

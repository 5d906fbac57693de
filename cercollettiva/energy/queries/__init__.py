"""What is asked of the energy tables, by subject. Pages, JSON and sockets read here, from rows the asker may see."""

from cercollettiva.energy.queries.history import PowerMean, TooMuchHistory, power_history
from cercollettiva.energy.queries.meters import Standing, anomalies_of, searched, standings, with_standing
from cercollettiva.energy.queries.power import (
    CommunityPower,
    PlantPower,
    TotalPower,
    communities_power,
    power_of_plants,
    power_shown,
    total_power_visible_to,
)
from cercollettiva.energy.queries.states import DeviceNow, PhaseNow, device_states_of, device_states_of_plants
from cercollettiva.energy.queries.today import EnergyToday, energy_today, local_midnight

__all__ = [
    "CommunityPower",
    "DeviceNow",
    "EnergyToday",
    "PhaseNow",
    "PlantPower",
    "PowerMean",
    "Standing",
    "TooMuchHistory",
    "TotalPower",
    "anomalies_of",
    "communities_power",
    "device_states_of",
    "device_states_of_plants",
    "energy_today",
    "local_midnight",
    "power_history",
    "power_of_plants",
    "power_shown",
    "searched",
    "standings",
    "total_power_visible_to",
    "with_standing",
]

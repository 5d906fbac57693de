"""`python -m bench.soak.scene` makes the community that is soaked, in the database of DATABASE_URL, and prints who may
look at it; with `jobs` it asks the workers to do every periodic job once, so that the first time is not measured.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from bench.soak.meters import METERS
from tests.support import platform

OWNED_BY_ONE = 4  # meters of the member who looks at them


def make() -> dict[str, Any]:
    """A hundred plants with a meter each, a member who owns some, a technician, an administrator."""
    from cercollettiva.core.models import MemberRole, MemberType, Plant, PlantType
    from cercollettiva.energy.models import ChannelRole, DeviceConfiguration, DevicePlacement
    from tests.integration.core.scene import LONG_AGO, join, make_community, make_user
    from tests.integration.live.browser import cookie_of

    community = make_community("A")
    people = {name: make_user(name) for name in ("admin", "technician", "member")}
    join(people["admin"], community, MemberRole.ADMIN)
    join(people["technician"], community, MemberRole.TECHNICAL)
    join(people["member"], community, MemberRole.MEMBER, member_type=MemberType.PROSUMER)
    prefixes = [platform.PREFIX.format(number) for number in range(METERS)]
    common = {"plant_type": PlantType.PROSUMER, "nominal_power": 6, "cer_configuration": community}
    plants = Plant.objects.bulk_create(
        Plant(
            name=f"Casa {number}",
            pod_code=prefix.split("/")[1],
            pod_key=prefix.split("/")[1],
            owner=people["member"] if number < OWNED_BY_ONE else None,
            active_from=LONG_AGO,
            **common,
        )
        for number, prefix in enumerate(prefixes)
    )
    devices = DeviceConfiguration.objects.bulk_create(
        DeviceConfiguration(device_id=prefix.rpartition("/")[2], device_type_id="SHELLY_PRO_3EM", topic_prefix=prefix)
        for prefix in prefixes
    )
    placements = DevicePlacement.objects.bulk_create(
        DevicePlacement(device=device, plant=plant, active_from=LONG_AGO)
        for device, plant in zip(devices, plants, strict=True)
    )
    ChannelRole.objects.bulk_create(
        ChannelRole(placement=placement, role="EXCHANGE", component="em:0", active_from=LONG_AGO)
        for placement in placements
    )
    return {
        "community": community.pk,
        "plants": [plant.pk for plant in plants],
        "devices": [device.pk for device in devices],
        "cookies": {name: cookie_of(person) for name, person in people.items()},
    }


def ask_for_every_job() -> dict[str, Any]:
    """Into the queue of the running workers, as their clock would."""
    from cercollettiva.ops import jobs

    queue = jobs.make_queue()
    asked = queue._registry.periodic_tasks
    for task in asked:
        queue.enqueue(task)
    return {"asked": len(asked)}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    import django

    django.setup()
    print(json.dumps(ask_for_every_job() if sys.argv[1:] == ["jobs"] else make()))

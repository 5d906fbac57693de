"""What decrypting costs: the list of 1,000 members with every encrypted field opened, against the same list without.

`python -m bench.encryption` alone writes the members into the database of DATABASE_URL and measures.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench import parts
from tests.support import platform
from tests.support.postgres import PostgresServer

MEMBERS = 1000
REPEATS = 21


def run() -> dict[str, Any]:
    """Medians on PostgreSQL, the two lists read in turn."""
    with PostgresServer(settings={"log_statement": "none"}) as server:
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        return parts.figures_of("bench.encryption", database_url=server.url())


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    import django

    django.setup()
    from cercollettiva.users.fields import encrypted_fields_of
    from cercollettiva.users.models import CustomUser
    from cercollettiva.users.rotation import rotate

    names = [field.name for field in encrypted_fields_of(CustomUser)]
    CustomUser.objects.bulk_create(
        CustomUser(
            email=f"{number}@example.it",
            first_name="Anna",
            last_name=f"Rossi {number}",
            **dict.fromkeys(names, f"IT60X05428111010000{number:08}"),
        )
        for number in range(MEMBERS)
    )

    people, as_stored = CustomUser.objects.order_by("pk"), plain_twin_of(CustomUser).objects.order_by("pk")
    readings: dict[str, Callable[[], Any]] = {
        "with": lambda: [[getattr(user, name) for name in names] for user in people.all()],
        "without": lambda: [[getattr(user, name) for name in names] for user in as_stored.all()],
        "names_only": lambda: [str(user) for user in people.defer(*names[1:])],
        "look_up": lambda: CustomUser.objects.with_iban(f"IT60X05428111010000{MEMBERS // 2:08}").get(),
    }
    assert readings["with"]()[7][0] == "IT60X0542811101000000000007"
    assert readings["without"]()[7][0] != readings["with"]()[7][0]
    times: dict[str, list[float]] = {name: [] for name in readings}
    for _ in range(REPEATS):
        for name, read in readings.items():
            began = time.perf_counter()
            read()
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(each) for name, each in times.items()}
    print(
        json.dumps(
            {
                "members": MEMBERS,
                "encrypted_fields_each": len(names),
                "list_with_decryption_ms": round(medians["with"] * 1000, 1),
                "list_without_ms": round(medians["without"] * 1000, 1),
                "ratio": round(medians["with"] / medians["without"], 2),
                "list_of_names_ms": round(medians["names_only"] * 1000, 1),
                "look_up_by_iban_ms": round(medians["look_up"] * 1000, 2),
                **rotation_rate(rotate),
            }
        )
    )


def plain_twin_of(model: Any) -> Any:
    """The same table with the same columns, the encrypted ones read as the texts they are."""
    from django.db import models

    from cercollettiva.users.fields import EncryptedTextField

    fields = {
        field.name: models.TextField() if isinstance(field, EncryptedTextField) else field.clone()
        for field in model._meta.local_concrete_fields
    }
    meta = type("Meta", (), {"managed": False, "db_table": model._meta.db_table, "app_label": "users"})
    plain = {name: field for name, field in fields.items() if not name.endswith("_index")}
    indexes = {name: models.CharField(max_length=43) for name in fields if name.endswith("_index")}
    return type("Stored", (models.Model,), {"__module__": __name__, "Meta": meta, **plain, **indexes})


def rotation_rate(rotate: Callable[..., Any]) -> dict[str, Any]:
    """How fast all those values come under a new key."""
    from django.conf import settings

    settings.FIELD_ENCRYPTION_KEYS = {"bench": os.urandom(32), **settings.FIELD_ENCRYPTION_KEYS}
    began = time.perf_counter()
    outcome = rotate()
    seconds = time.perf_counter() - began
    return {"rotated_values_per_second": round(sum(outcome.rotated.values()) / seconds), "left": outcome.left}


if __name__ == "__main__":
    main()

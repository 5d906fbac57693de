"""The commands about quarter-hours: intervals, aggregate, retention, partitions."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cercollettiva.core.models import PlantType
from cercollettiva.energy import retention
from cercollettiva.energy.models import (
    DeviceMeasurement,
    EnergyAggregate,
    EnergyInterval,
    EnergyMeasurement,
    RegisterEvent,
    Role,
)
from cercollettiva.energy.partitions import partitions_of
from cercollettiva.energy.queries.directions import reversed_channels
from cercollettiva.energy.store import save_samples
from cercollettiva.monitoring.energy import tell_of_reversed_channels
from cercollettiva.monitoring.models import Alert
from cercollettiva.ops.energy import aggregate_and_tell
from tests.integration.core.scene import make_plant
from tests.integration.energy.meters import MINUTE, NOON, NOW, compute, make_meter, register, registers

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def run(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def rows_of(*command: str) -> list[dict]:
    return json.loads(run("intervals", *command, "--json"))


def test_the_quarters_of_a_device_as_json():
    device = make_meter()
    compute(registers(device, [(100, 0)] * 20))

    first, second = rows_of("--device", device.device_id)

    assert first == {
        "start": "2026-06-01T10:00:00+00:00",
        "energy_in_mwh": 1500,
        "energy_out_mwh": 0,
        "produced_mwh": None,
        "coverage": 1.0,
        "quality": "good",
        "source": "registers",
    }
    assert (second["energy_in_mwh"], second["coverage"], second["quality"]) == (500, 0.333333, "partial")


def test_a_range_has_its_start_and_not_its_end():
    device = make_meter()
    compute(registers(device, [(100, 0)] * 60))

    rows = rows_of("--device", device.device_id, "--from", "2026-06-01T12:15", "--to", "2026-06-01T10:45+00:00")

    assert [row["start"][11:16] for row in rows] == ["10:15", "10:30"]
    assert rows_of("--device", device.device_id, "--from", "2026-06-02") == []


def test_the_quarters_of_a_connection_point_follow_the_roles_of_its_meters():
    plant = make_plant(1, nominal_power=6, plant_type=PlantType.PRODUCER)
    device = make_meter(1, plant=plant, roles=[("em:0", Role.PRODUCTION)])
    compute(registers(device, [(100, 0)] * 15))

    (row,) = rows_of("--pod", f"{plant.pod_code}X")

    assert (row["energy_in_mwh"], row["energy_out_mwh"], row["produced_mwh"]) == (None, 1500, 1500)
    assert (row["quality"], row["source"], row["coverage"]) == ("estimated", "estimate", 1.0)


def test_a_person_reads_kilowatt_hours_and_a_dash_for_what_is_not_known():
    device = make_meter()
    compute(registers(device, [(100_000, 0)] * 15))

    assert "2026-06-01 12:00 CEST      1.500      0.000          – kWh  100%  good, registers" in run(
        "intervals", "--device", device.device_id
    )


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["--device", "nobody"], "No device is called nobody"),
        (["--pod", "IT001E99999999"], "No plant has the POD"),
        (["--pod", "IT1"], "--pod: "),
        (["--device", "nobody", "--from", "ieri"], "--from is a date or a time"),
        (["--device", "nobody", "--from", "2026-13-01"], "--from is a date or a time"),
        (["--device", "nobody", "--from", "2026-02-01", "--to", "2026-01-01"], "--from must come before --to"),
    ],
)
def test_bad_input_is_refused_in_words(command, reason):
    with pytest.raises(CommandError, match=reason) as refusal:
        run("intervals", *command)

    assert refusal.value.returncode == 2


def test_aggregate_computes_what_is_marked_and_says_what_it_did():
    device = make_meter()
    save_samples(registers(device, [(100, 0)] * 15), now=NOW)

    first, second = json.loads(run("aggregate", "--json")), json.loads(run("aggregate", "--json"))

    assert (first["devices"], first["quarters"], first["changed"]) == (1, 2, 1)
    assert second == {"devices": 0, "quarters": 0, "changed": 0, "totals_changed": 0, "events": 0}


def test_aggregate_computes_everything_again_on_request():
    device = make_meter()
    compute(registers(device, [(100, 0)] * 15))
    EnergyInterval.objects.update(energy_in=7)

    run("aggregate", "--from", "2026-06-01", "--device", device.device_id)

    assert EnergyInterval.objects.get().energy_in == 1500
    with pytest.raises(CommandError, match="--device goes with --from"):
        run("aggregate", "--device", device.device_id)


def test_a_reset_opens_one_alert_and_a_glitch_none():
    device = make_meter()
    samples = registers(device, [(100, 0)] * 30)
    samples[5] = register(device, samples[5].at, 0, 500_000)
    save_samples([*samples, *(register(device, NOON + n * MINUTE, n, 500_000) for n in range(31, 45))], now=NOW)

    aggregate_and_tell(NOW)
    RegisterEvent.objects.all().delete()
    run("aggregate", "--from", "2026-06-01")

    alert = Alert.objects.get()
    assert (alert.kind, alert.device) == ("register-reset", device)
    assert "ripartito da zero il 01/06/2026 12:31" in alert.message


def test_a_jump_says_from_what_to_what():
    device = make_meter()
    save_samples(registers(device, [(100, 0)] * 5 + [(26_000_000, 0)] + [(100, 0)] * 5), now=NOW)

    aggregate_and_tell(NOW)

    assert "da 1,000 a 27,000 kWh" in Alert.objects.get().message


def test_a_channel_that_measures_backwards_is_told_once():
    solar = make_meter(1, roles=[("em:0", Role.PRODUCTION)])
    make_meter(2)
    rises = [(0, 5_000)] * 60
    save_samples([*registers(solar, rises, start=NOW - timedelta(hours=2))], now=NOW)

    assert [channel.component for channel in reversed_channels(NOW)] == ["em:0"]
    assert (tell_of_reversed_channels(NOW), tell_of_reversed_channels(NOW)) == (1, 0)
    assert "nel verso opposto" in Alert.objects.get().message


def test_an_inverter_that_uses_a_little_at_night_is_not_reversed():
    solar = make_meter(1, roles=[("em:0", Role.PRODUCTION)])
    save_samples([*registers(solar, [(0, 100)] * 60, start=NOW - timedelta(hours=2))], now=NOW)

    assert reversed_channels(NOW) == []


def test_retention_takes_what_is_older_than_its_term_and_no_more(settings):
    device = make_meter()
    settings.KEEP_REGISTERS, settings.KEEP_INTERVALS = timedelta(days=60), timedelta(days=3653)
    old, young = NOW - timedelta(days=100), NOW - timedelta(days=30)
    for start in (old, young):
        compute(registers(device, [(100, 0)] * 15, start=start), now=start + timedelta(hours=1))

    quarters = EnergyInterval.objects.count()
    planned = retention.retire(NOW, dry_run=True)
    done = retention.retire(NOW)
    again = retention.retire(NOW)

    kept = EnergyMeasurement.objects.order_by("timestamp").values_list("timestamp", flat=True)
    assert kept[0] == young
    assert EnergyInterval.objects.count() == quarters
    assert [one.table for one in planned] == [one.table for one in done]
    assert sum(one.rows for one in again) == 0
    gone = {one.table: one for one in done}["energy_energymeasurement"]
    assert gone.rows == 16 or gone.months == ["energy_energymeasurement_y2026m03"]


def test_a_month_may_be_kept_as_a_table_of_its_own():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no partitions")
    device = make_meter()
    save_samples(registers(device, [(1, 0)], start=datetime(2020, 5, 1, tzinfo=UTC)), now=NOW)

    retention.retire(NOW, detach=True)

    assert "energy_energymeasurement_y2020m05" not in partitions_of(connection, "energy_energymeasurement")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM energy_energymeasurement_y2020m05")
        assert cursor.fetchone() == (2,)


def test_the_commands_of_care_report_as_json():
    assert {row["table"] for row in json.loads(run("retention", "--dry-run", "--json"))} >= {
        DeviceMeasurement._meta.db_table,
        EnergyAggregate._meta.db_table,
    }
    assert set(json.loads(run("partitions", "ensure", "--json"))) == set(json.loads(run("partitions", "--json")))
    with pytest.raises(CommandError, match="from 1 to 120"):
        run("partitions", "ensure", "--months", "0")

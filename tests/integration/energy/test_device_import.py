"""Plants and devices from a file, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.device_import import BadFile, import_devices
from cercollettiva.energy.models import ChannelRole, DeviceConfiguration, DevicePlacement
from cercollettiva.users.models import CustomUser

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

HEADER = "pod_code,plant_name,plant_type,nominal_power_kw,device_id,device_type,topic_prefix,component,role"
HOME = (
    "IT001E12345678,Casa D'Alfieri,PROSUMER,4.5,shellypro3em-a1b2c3,SHELLY_PRO_3EM,"
    "cercollettiva/IT001E12345678/shellypro3em-a1b2c3,em:0,EXCHANGE"
)


def lines(*rows: str, header: str = HEADER) -> list[str]:
    return [f"{row}\n" for row in (header, *rows)]


def test_a_row_makes_a_plant_a_device_and_its_role():
    outcome = import_devices(lines(HOME))

    plant = Plant.objects.get()
    role = ChannelRole.objects.get()
    assert outcome.refused == []
    assert (plant.pod_key, plant.name, float(plant.nominal_power)) == ("IT001E12345678", "Casa D'Alfieri", 4.5)
    assert (role.device.device_id, role.plant, role.component) == ("shellypro3em-a1b2c3", plant, "em:0")
    assert (role.role, role.sign, role.phases) == ("EXCHANGE", 1, "")


def test_what_it_makes_covers_older_measurements():
    import_devices(lines(HOME))

    assert DevicePlacement.objects.active_at(datetime(2025, 1, 1, tzinfo=UTC)).exists()


def test_a_second_run_changes_nothing():
    import_devices(lines(HOME))
    Plant.objects.update(name="Un altro nome")

    outcome = import_devices(lines(HOME))

    assert not outcome.created
    assert outcome.refused == []
    assert Plant.objects.get().name == "Un altro nome"


def test_channels_of_one_device_are_rows_of_their_own():
    first = HOME.replace("em:0,EXCHANGE", "em1:0,EXCHANGE")
    second = HOME.replace("em:0,EXCHANGE", "em1:1,PRODUCTION")

    import_devices(lines(first, second))

    assert DeviceConfiguration.objects.count() == 1
    assert set(ChannelRole.objects.values_list("component", "role")) == {("em1:0", "EXCHANGE"), ("em1:1", "PRODUCTION")}


def test_optional_columns_name_the_community_the_owner_phases_and_sign():
    header = f"{HEADER},phases,sign,community_code,owner_email"

    import_devices(lines(f"{HOME},ab,-1,CER-01,Anna@Example.it", header=header))

    plant, role = Plant.objects.get(), ChannelRole.objects.get()
    assert (role.phases, role.sign) == ("ab", -1)
    assert plant.cer_configuration == CERConfiguration.objects.get(code="CER-01")
    assert plant.owner == CustomUser.objects.get(email="anna@example.it")
    assert not plant.owner.has_usable_password()


@pytest.mark.parametrize(
    ("wrong", "right", "reason"),
    [
        ("IT001E12345678,", "IT001E123,", "IT001E12345678"),
        ("PROSUMER", "GENERATOR", "PRODUCER, CONSUMER, PROSUMER"),
        ("4.5", "quattro", "6.5"),
        ("4.5", "-1", "-1 kW"),
        ("SHELLY_PRO_3EM", "SHELLY_PRO_9EM", "SHELLY_PRO_9EM"),
        ("em:0", "em", "em:0"),
        ("EXCHANGE", "MAIN", "EXCHANGE, PRODUCTION, LOAD"),
        ("shellypro3em-a1b2c3,SH", ",SH", "device_id"),
        ("cercollettiva/IT001E12345678/shellypro3em-a1b2c3", "cercollettiva/#", "prefisso"),
    ],
)
def test_a_bad_row_is_refused_by_its_line_and_its_neighbour_is_taken(wrong, right, reason):
    neighbour = HOME.replace("12345678", "87654321").replace("a1b2c3", "d4e5f6")

    outcome = import_devices(lines(HOME.replace(wrong, right), neighbour))

    assert [row.line for row in outcome.refused] == [2]
    assert reason in outcome.refused[0].reason
    assert Plant.objects.get().pod_key == "IT001E87654321"


def test_a_device_that_stands_elsewhere_is_not_moved():
    elsewhere = HOME.replace("IT001E12345678,", "IT001E87654321,")

    outcome = import_devices(lines(HOME, elsewhere))

    assert "sta già all'impianto Casa D'Alfieri" in outcome.refused[0].reason
    assert Plant.objects.count() == 1  # nothing of the refused row stays


def test_a_second_exchange_meter_at_a_plant_is_refused():
    second = HOME.replace("a1b2c3", "d4e5f6")

    outcome = import_devices(lines(HOME, second))

    assert [row.line for row in outcome.refused] == [3]
    assert DeviceConfiguration.objects.count() == 1


def test_a_file_from_a_european_spreadsheet_is_read():
    rows = [line.replace(",", ";").replace("4.5", "4,5") for line in lines(HOME)]
    rows[0] = "\ufeff" + rows[0]

    outcome = import_devices(rows)

    assert outcome.refused == []
    assert float(Plant.objects.get().nominal_power) == 4.5


def test_a_file_without_its_columns_is_refused_whole():
    with pytest.raises(BadFile, match="device_id"):
        import_devices(["name,value\n", "a,b\n"])


def test_the_command_reports_rows_by_number(tmp_path, capsys):
    file = tmp_path / "meters.csv"
    file.write_text("".join(lines(HOME, HOME.replace("IT001E12345678,", "IT,"))))

    with pytest.raises(SystemExit) as stop:
        call_command("import_devices", str(file), "--json")

    report = json.loads(capsys.readouterr().out)
    assert stop.value.code == 1
    assert report["rows"] == 2
    assert [row["line"] for row in report["refused"]] == [3]


def test_a_dry_run_changes_nothing(tmp_path, capsys):
    file = tmp_path / "meters.csv"
    file.write_text("".join(lines(HOME)))

    call_command("import_devices", str(file), "--dry-run")

    assert "1 impianti" in capsys.readouterr().out
    assert not Plant.objects.exists()


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_devices", str(tmp_path / "nothing.csv"))

"""systemd's units and the compose file: the same parts, started the same way, with as few rights as they need."""

from __future__ import annotations

import configparser
import fnmatch
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.services import ROOT, documented_defaults

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PARTS = ("broker", "ingest", "live", "web", "work")
COMPOSE = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("${CERCOLLETTIVA_IMAGE")]


class Unit:
    """The settings of one unit; a name may stand several times."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem.removeprefix("cercollettiva-")
        self.lines = [line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#")]

    def all(self, name: str) -> list[str]:
        return [line.partition("=")[2] for line in self.lines if line.startswith(f"{name}=")]

    def one(self, name: str) -> str:
        [value] = self.all(name)
        return value


units = pytest.mark.parametrize("unit", [Unit(path) for path in UNITS], ids=lambda unit: unit.name)


def command_of(words: list[str]) -> list[str]:
    """Without what differs by nature: where things are, and the address that is listened to."""
    plain = [re.sub(r"^(/opt/cercollettiva/)?(\.venv/bin/)?", "", word) for word in words]
    if "--host" in plain:
        plain[plain.index("--host") + 1] = "*"
    known = {"${BROKER_FOLDER}": "/var/lib/cercollettiva/broker"}
    return [known.get(word, word) for word in plain if word not in ("--watch", "/opt/cercollettiva/manage.py")]


def test_both_have_the_same_parts():
    assert sorted(path.stem.removeprefix("cercollettiva-") for path in UNITS) == list(PARTS)
    assert set(PARTS) <= set(OURS)
    wanted = (DEPLOY / "systemd" / "cercollettiva.target").read_text()
    assert all(f"cercollettiva-{part}.service" in wanted for part in PARTS)


@units
def test_both_start_a_part_by_the_same_command(unit):
    of_unit = command_of([word.replace("/opt/cercollettiva/", "") for word in shlex.split(unit.one("ExecStart"))])
    of_compose = command_of([str(word) for word in SERVICES[unit.name]["command"]])

    assert of_unit == of_compose


@units
def test_both_give_a_part_the_same_time_memory_and_secrets(unit):
    service = SERVICES[unit.name]

    assert service["stop_grace_period"] == f"{unit.one('TimeoutStopSec')}s"
    assert service["mem_limit"] == unit.one("MemoryMax").lower()
    files = {Path(name.removeprefix("-")).name for name in unit.all("EnvironmentFile")}
    told = service["env_file"]
    assert files == set([told] if isinstance(told, str) else told)
    assert ("backup.env" in files) == (unit.name == "work")  # nobody else holds the key of backups


@units
def test_a_unit_has_no_more_rights_than_it_needs(unit):
    assert unit.one("User") == "cercollettiva"
    for name, value in {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
        "RestrictSUIDSGID": "yes",
        "UMask": "0077",
        "Restart": "always",
    }.items():
        assert unit.one(name) == value
    assert "@system-service" in unit.all("SystemCallFilter")
    written = unit.one("ReadWritePaths").split()
    assert all(path.startswith(("/var/lib/cercollettiva", "/var/backups/cercollettiva")) for path in written)


def test_the_compose_file_is_one():
    schema = json.loads((ROOT / "tests" / "support" / "vendor" / "compose_spec.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)

    validator.validate(COMPOSE)
    for wrong in ({"comand": "x"}, {"healthcheck": {"test": 1}}, {"mem_limit": []}, {"read_only": {}}):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**COMPOSE, "services": {"web": wrong}})


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_nobody_of_note_and_writes_nowhere_but_in_its_volumes(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert int(service["user"].partition(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["healthcheck"]
    assert not service.get("privileged")
    for port in service.get("ports", []):
        assert re.match(r"\$\{\w+:-127\.0\.0\.1\}:", port), port


def test_volumes_and_secrets_that_are_used_are_declared_and_no_other():
    volumes = {each.split(":")[0] for service in SERVICES.values() for each in service.get("volumes", [])}

    assert {name for name in volumes if not name.startswith(".")} == set(COMPOSE["volumes"])
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == set(COMPOSE["secrets"])


def test_who_stands_at_the_door_holds_no_secret():
    assert SERVICES["proxy"]["env_file"] == "proxy.env"


def test_every_part_waits_for_the_tables():
    for name in ("web", "live", "work", "broker-files"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_image_runs_as_nobody_of_note_and_takes_no_secret_in():
    lines = (DEPLOY / "compose" / "Dockerfile").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().split()

    assert [line for line in lines if line.startswith("USER")] == ["USER cercollettiva"]
    assert any("--require-hashes" in line for line in lines)
    assert {".git", ".env", "var", ".venv"} <= set(ignored)
    written = ("cercollettiva.env", "backup.env", "proxy.env", "postgres_password", "certificates")  # by the guide
    for name in written:
        path = f"deploy/compose/{name}"
        assert any(fnmatch.fnmatch(path, pattern) for pattern in ignored), path
        done = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False)
        assert done.returncode in (0, 128), path  # 128: not a checkout


def test_what_the_proxies_pass_on_is_what_the_platform_listens_to():
    for name in ("caddy/Caddyfile", "nginx/cercollettiva.conf"):
        text = (DEPLOY / name).read_text()
        assert {"127.0.0.1:8000", "127.0.0.1:8001"} <= set(re.findall(r"127\.0\.0\.1:\d+", text))
        assert "/ws/" in text
        assert re.search(r"(max_size 12MB|client_max_body_size 12m)", text)


def test_configparser_reads_every_unit():
    for path in UNITS:
        parser = configparser.RawConfigParser(strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(path)
        assert {"Unit", "Service", "Install"} == set(parser.sections())


def test_the_example_of_the_containers_names_variables_that_there_are():
    text = (DEPLOY / "compose" / "cercollettiva.env.example").read_text()
    named = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))

    assert set(named) <= set(documented_defaults())
    assert {name for name in named if "KEY" in name and not name.startswith("BROKER") and named[name]} == set()

"""The papers of an operator say what is there: the commands of the guide, the licences, the entry of the catalogue."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from tests.support.services import ROOT

PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("install", "upgrade", "operations")}
FENCES = {name: re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL) for name, text in PAGES.items()}
COMMANDS = [
    line.strip() for fences in FENCES.values() for fence in fences for line in fence.splitlines() if line.strip()
]


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_are_whole(name):
    for fence in FENCES[name]:
        done = subprocess.run(["bash", "-n"], input=fence, capture_output=True, text=True, check=False)
        assert done.returncode == 0, fence


def test_the_commands_of_the_platform_exist_with_their_options():
    ours = [line.split()[1:] for line in COMMANDS if line.startswith("cercollettiva ")]
    assert {words[0] for words in ours} >= {"backup", "restore", "doctor", "rotate_keys", "migrate"}
    for words in ours:
        command = load_command_class(get_commands()[words[0]], words[0])
        parser = command.create_parser("manage.py", words[0])
        known = {option for action in parser._actions for option in action.option_strings}
        assert {word for word in words[1:] if word.startswith("--")} <= known, words


def test_the_options_of_the_installer_exist():
    text = (ROOT / "deploy" / "install.sh").read_text()
    known = set(re.findall(r"^ +(--[a-z]+)\)", text, re.MULTILINE))
    used = {word for line in COMMANDS if line.startswith("deploy/install.sh") for word in re.findall(r"--[a-z]+", line)}

    assert used <= known
    assert {"--site", "--prefix"} <= known


def test_files_that_the_pages_name_exist():
    for name, text in PAGES.items():
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            assert link.startswith("http") or (ROOT / "docs" / link).resolve().exists(), f"{name}: {link}"
    for path in re.findall(r"/opt/cercollettiva/([\w/.]+\.py)", PAGES["operations"]):
        assert (ROOT / path).exists()


def test_the_licences_are_current_and_may_be_used():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "licences"), "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_description_for_the_catalogue_has_what_version_0_4_requires():
    told = yaml.safe_load((ROOT / "publiccode.yml").read_text())

    required = {
        *("publiccodeYmlVersion", "name", "url", "platforms", "developmentStatus", "softwareType"),
        *("description", "legal", "maintenance", "localisation"),
    }
    assert required <= set(told)
    assert told["publiccodeYmlVersion"] == "0.4"
    assert told["url"].startswith("https://")
    assert told["developmentStatus"] in ("concept", "development", "beta", "stable", "obsolete")
    assert told["softwareType"] == "standalone/web"
    assert told["legal"]["license"] == "MIT"
    assert told["maintenance"]["type"] in ("internal", "contract", "community", "none")
    assert all(contact["name"] for contact in told["maintenance"]["contacts"])
    assert told["localisation"]["localisationReady"] is True
    assert told["localisation"]["availableLanguages"] == ["it", "en"]
    for language in ("it", "en"):
        words = told["description"][language]
        assert len(words["shortDescription"]) <= 150
        assert 150 <= len(words["longDescription"]) <= 10_000
        assert words["features"]
        assert all(len(each) <= 100 for each in words["features"])
    assert f'version = "{told["softwareVersion"]}"' in (ROOT / "pyproject.toml").read_text()

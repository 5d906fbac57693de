"""The repository names no machine, no registry and no secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.house.tree import ROOT, project_files, project_texts

# Written in pieces, so that this file passes its own tests.
MACHINE_PATHS = re.compile(r"(?<![\w.$}/-])(?:/" + r"(?:home|Users)/\w|/" + r"root/|/" + r"work/|[A-Z]:\\Users\\)")
REGISTRIES = re.compile(
    "|".join(
        re.escape(name).replace("DOT", r"\.")
        for name in (
            "pypiDOTorg",
            "pythonhostedDOTorg",
            "npmjsDOT",
            "yarnpkgDOTcom",
            "debDOTdebianDOT",
            "archiveDOTubuntuDOT",
            "dockerDOTio",
            "ghcrDOTio",
        )
    )
)
SECRETS = re.compile(
    "|".join(
        (
            "-----BEGIN " + "[A-Z ]*PRIVATE KEY",
            r"\bAKIA" + r"[0-9A-Z]{16}\b",
            r"\b(?:ghp|gho|github_pat|glpat|xox[abp])" + r"[-_][A-Za-z0-9_-]{20,}",
            r"\beyJ" + r"[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.",
            r"\bk\d+:" + r"[A-Za-z0-9+/]{43}=",
            r"(?i:password|passwd|secret|secret_key|token|api_?key)[\"']?\s*[:=]\s*[\"']?"
            r"(?=\S*\d)[A-Za-z0-9+/_-]{24,}",
            # A password in a URL, unless it is the word or leads to a host that is an example or this machine.
            r"[a-z]+://[^\s:/@{}<>$]+:"
            r"(?!password@)[^\s:/@{}<>$*]{6,}@(?!localhost\b|127\.|(?:[\w-]+\.)*example\b)",
        )
    )
)


def lines_with(pattern: re.Pattern[str], *, skip: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in project_texts()
        if not any(part in path.parts or path.name == part for part in skip)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_marked_tests_are_where_make_looks_for_them():
    folders = {"e2e": ("tests/e2e/", "tests/unit/web/"), "faults": ("tests/faults/",), "soak": ("tests/faults/",)}
    found = [
        (path.relative_to(ROOT).as_posix(), mark)
        for path in project_files(".py")
        for mark in re.findall(r"pytest\.mark\.(\w+)", path.read_text())
        if mark in folders
    ]

    assert {mark for _, mark in found} == set(folders)
    assert [(path, mark) for path, mark in found if not path.startswith(folders[mark])] == []


def test_no_file_names_a_folder_of_somebodys_machine():
    assert lines_with(MACHINE_PATHS) == []


def test_no_file_names_a_package_registry():
    assert lines_with(REGISTRIES) == []


def test_no_file_holds_a_secret():
    assert lines_with(SECRETS, skip=("vendor", ".secrets.baseline")) == []


@pytest.mark.parametrize(
    "path", ["/" + "home/anna/x", "open('/" + "root/.ssh')", "'/" + "work/main'", "C:" + r"\Users\anna"]
)
def test_a_machines_folder_would_be_noticed(path):
    assert MACHINE_PATHS.search(path)


@pytest.mark.parametrize("address", ["https://pypi" + ".org/simple", "registry.npmjs" + ".org", "ghcr" + ".io/x"])
def test_a_registry_would_be_noticed(address):
    assert REGISTRIES.search(address)


@pytest.mark.parametrize(
    "literal",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "ghp_" + "a1B2" * 9,
        "SECRET_KEY = '" + "x7Gq" * 12 + "'",
        '"password": "' + "correct9horse" * 2 + '"',
        "k1:" + "AbC9" * 10 + "xyz=",
        "postgres://cer:" + "hunter2hunter@db/cer",
    ],
)
def test_a_secret_would_be_noticed(literal):
    assert SECRETS.search(literal)


def test_the_files_of_the_project_are_found():
    paths = {path for path, _ in project_texts()}

    assert {Path("pyproject.toml"), Path("tools/system-packages"), Path(".ci/run")} <= paths
    assert not any(part in (".venv", ".git", "var", "__pycache__") for path in paths for part in path.parts)

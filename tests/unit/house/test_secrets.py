"""The scan for secrets: one in a file or anywhere in the history turns `make check` red."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.house.tree import ROOT

SCAN = ROOT / "tools" / "scan-secrets"
KEY = "AKIA" + "3X7QZ2LMNB5TPRWD"  # in two pieces, so that this file holds none
Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in a repository of its own, with nobody's configuration."""
    folder = tmp_path / "repository"
    folder.mkdir()
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = {f"GIT_{role}_{what}": "nobody@example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        environment = {**os.environ, **nobody, **who}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    run("init", "--quiet", "--initial-branch=main")
    return run


@pytest.fixture
def commit(git: Git, tmp_path: Path) -> Callable[[str, str], None]:
    def write(name: str, text: str) -> None:
        (tmp_path / "repository" / name).write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "--message=x")

    return write


def scan(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCAN), "--folder", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_key_in_a_file_is_found_before_it_is_committed(commit, tmp_path):
    commit("good.py", "x = 1\n")
    clean = scan(tmp_path / "repository")
    (tmp_path / "repository" / "bad.py").write_text(f"key = '{KEY}'\n")

    done = scan(tmp_path / "repository")

    assert (clean.returncode, clean.stdout) == (0, "")
    assert done.returncode == 1
    assert "bad.py: AWS Access Key (the files" in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_a_key_that_was_taken_out_again_is_found_in_the_history(git, commit, tmp_path):
    commit("settings.py", f"key = '{KEY}'\n")
    commit("settings.py", "key = read()\n")
    git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))

    for folder in (tmp_path / "repository", tmp_path / "bare.git"):
        done = scan(folder)

        assert done.returncode == 1, folder
        assert "settings.py: AWS Access Key (history, blob " in done.stdout


def test_a_shallow_clone_is_scanned_as_far_as_it_goes(git, commit, tmp_path):
    commit("settings.py", f"key = '{KEY}'\n")
    commit("settings.py", "key = read()\n")
    git("clone", "--quiet", "--depth=1", f"file://{tmp_path}/repository", str(tmp_path / "shallow"))

    done = scan(tmp_path / "shallow")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_file_that_became_a_folder_stops_nobody(git, commit, tmp_path):
    commit("thing", "text\n")
    git("rm", "--quiet", "thing")
    (tmp_path / "repository" / "thing").mkdir()
    commit("thing/inside.py", f"key = '{KEY}'\n")

    assert "thing/inside.py" in scan(tmp_path / "repository").stdout


def test_what_was_accepted_is_quiet_and_what_is_new_is_not(commit, tmp_path):
    commit("fixture.py", f"key = '{KEY}'\n")
    scan(tmp_path / "repository", "--accept")
    quiet = scan(tmp_path / "repository")
    commit("new.py", f"key = '{KEY[:-1]}Q'\n")

    done = scan(tmp_path / "repository")

    assert quiet.returncode == 0, quiet.stdout
    assert done.returncode == 1
    assert "fixture.py" not in done.stdout


def test_a_copy_without_git_is_scanned_too(tmp_path):
    (tmp_path / "bad.py").write_text(f"key = '{KEY}'\n")

    assert scan(tmp_path).returncode == 1


def test_make_check_scans():
    makefile = (ROOT / "Makefile").read_text()
    check = makefile.partition("\ncheck: setup")[2].partition("\n\n")[0]

    assert "tools/scan-secrets" in check

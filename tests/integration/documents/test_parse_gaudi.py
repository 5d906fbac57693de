"""`manage.py parse_gaudi`, and the process that reads for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cercollettiva.documents import child
from tests.support.pdfs import pdf_of
from tests.support.services import ROOT

SAMPLES = ROOT / "tests" / "fixtures" / "gaudi"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())


def parse_gaudi(path) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "manage.py", "parse_gaudi", path]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_fields_come_as_json():
    done = parse_gaudi(SAMPLES / "attestato-1.pdf")
    assert done.returncode == 0
    assert EXPECTED["attestato-1.pdf"].items() <= json.loads(done.stdout).items()


def test_what_is_refused_exits_with_1_and_a_missing_file_with_2(tmp_path):
    done = parse_gaudi(SAMPLES / "scansione.pdf")
    assert (done.returncode, list(json.loads(done.stdout))) == (1, ["rejected"])
    assert json.loads(done.stdout)["rejected"].startswith("È una scansione, senza testo")
    done = parse_gaudi(tmp_path / "none.pdf")
    assert (done.returncode, done.stdout) == (2, "")
    assert "non c’è" in done.stderr


def ask(folder, monkeypatch, *lines: str) -> dict:
    """The answer of a process that runs these lines in place of a reader."""
    (folder / "reader.py").write_text("import os\ndef work(path):\n    " + "\n    ".join(lines))
    monkeypatch.setattr(child, "ROOT", f"{folder}:{ROOT}")
    monkeypatch.setitem(child.JOBS, "test", "reader:work")
    return child.in_child("test", folder / "any.pdf")


@pytest.mark.parametrize(
    "evil",
    [
        "while True: pass",
        "return b'x' * (1 << 30)",
        "__import__('pathlib').Path('left-behind').write_text('x')",
        "os._exit(3)",
        "print('x' * (25 << 20))",
        "raise SystemExit('no answer')",
    ],
    ids=["for ever", "all memory", "writes", "dies", "talks", "gives up"],
)
def test_an_evil_file_harms_nobody_but_its_own_process(evil, tmp_path, monkeypatch):
    monkeypatch.setattr(child, "WALL_SECONDS", 3)
    assert ask(tmp_path, monkeypatch, f"os.chdir({str(tmp_path)!r})", evil) == {"rejected": child.TOO_HARD}
    assert not (tmp_path / "left-behind").exists() or (tmp_path / "left-behind").stat().st_size == 0


def test_a_pdf_with_a_script_is_refused(tmp_path):
    path = tmp_path / "script.pdf"
    path.write_bytes(pdf_of([(40, 60, "x")], catalog="/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"))
    assert child.in_child("gaudi", path) == {"rejected": "BRINGS:SCRIPT"}


def test_the_process_knows_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "canary")
    answer = ask(tmp_path, monkeypatch, "return dict(os.environ)")
    assert "PYTHONPATH" in answer
    assert "canary" not in answer.values()

"""Every `curl` line of the API's guide, against the demo."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ops.test_demo import Demo, demo
from tests.unit.house.tree import ROOT

__all__ = ["demo"]  # the fixture

COMMAND = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def lines_of_the_guide() -> list[str]:
    blocks = COMMAND.findall((ROOT / "docs/api.md").read_text())
    return [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the lines are curl's")
def test_the_lines_of_the_guide_answer(demo: Demo, tmp_path: Path):  # the fixture of that name
    token = token_of(demo)
    lines = lines_of_the_guide()

    assert len(lines) >= 20
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line],
            env={"PATH": "/usr/bin:/bin", "URL": f"http://localhost:{demo.port}", "TOKEN": token},
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[:500]!r} {done.stderr[:500]!r}"
        assert done.stdout or (tmp_path / "mesi.xlsx").exists(), line
    assert (tmp_path / "mesi.xlsx").read_bytes().startswith(b"PK")


def token_of(demo: Any) -> str:
    """As a person makes it: signed in, on the page, in a browser without JavaScript."""
    import http.cookiejar
    import urllib.parse
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    site = f"http://localhost:{demo.port}"

    def post(path: str, fields: dict[str, str]) -> str:
        page = opener.open(f"{site}{path}").read().decode()
        csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert csrf is not None, path
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": csrf[1], **fields}).encode()
        request = urllib.request.Request(f"{site}{path}", data, {"Referer": site})  # noqa: S310  # this machine's own
        return str(opener.open(request).read().decode())

    password = (demo.state / "password").read_text().strip()
    post("/users/login/", {"username": "noemi@lucernaia.example", "password": password})
    page = post("/users/tokens/", {"name": "guida", "scope": "write", "days": "30"})
    shown = re.search(r'id="new-token">(cer_[\w-]+)<', page)
    assert shown is not None, page[-3000:]
    return shown[1]

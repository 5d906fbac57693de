"""The `curl` lines of the API's guide, and the token that they want."""

from __future__ import annotations

import re
from typing import Any

from tests.unit.house.tree import ROOT

COMMAND = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def lines_of_the_guide() -> list[str]:
    blocks = COMMAND.findall((ROOT / "docs/api.md").read_text())
    return [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]


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

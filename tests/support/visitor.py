"""Somebody with a browser at the site's proxy: TLS, cookies, forms and sockets, as far as a test needs them."""

from __future__ import annotations

import functools
import http.client
import json
import re
import socket
import ssl
import urllib.parse
import urllib.request
from email.message import Message
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, NamedTuple

from websockets.sync.client import ClientConnection, connect

from tests.support.processes import LOOPBACK


class Page(NamedTuple):
    status: int
    headers: Message
    text: str

    @property
    def token(self) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.text)
        assert found, self.text[:2000]
        return found[1]


class Visitor:
    """Asks for `https://SITE/...`, which the name service of this test has at `port` of this machine."""

    def __init__(self, site: str, port: int, trust: Path) -> None:
        self._site = site
        self._port = port
        self._context = ssl.create_default_context(cafile=str(trust))
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(
            _Handler(functools.partial(_Line, port=port, context=self._context)),
            urllib.request.HTTPCookieProcessor(self._cookies),
        )

    def get(self, path: str) -> Page:
        return self._ask(urllib.request.Request(f"https://{self._site}{path}"))

    def json(self, path: str) -> Any:
        return json.loads(self.get(path).text)

    def send(self, path: str, page: Page, **fields: str) -> Page:
        """Send a form of that page, and follow where it leads."""
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": page.token, **fields}).encode()
        headers = {"Origin": f"https://{self._site}"}
        return self._ask(urllib.request.Request(f"https://{self._site}{path}", body, headers))

    def watch(self, path: str) -> ClientConnection:
        """A socket of a live page."""
        cookies = "; ".join(f"{one.name}={one.value}" for one in self._cookies)
        return connect(
            f"wss://{self._site}{path}",
            sock=socket.create_connection((LOOPBACK, self._port), timeout=10),
            ssl=self._context,
            server_hostname=self._site,
            origin=f"https://{self._site}",  # type: ignore[arg-type]
            additional_headers={"Cookie": cookies},
            open_timeout=10,
        )

    def _ask(self, request: urllib.request.Request) -> Page:
        with self._opener.open(request, timeout=30) as answer:
            return Page(answer.status, answer.headers, answer.read().decode())


class _Line(http.client.HTTPSConnection):
    """A connection to this machine that asks for the certificate of the site."""

    def __init__(self, host: str, *, port: int, context: ssl.SSLContext, **options: Any) -> None:
        super().__init__(host, context=context, **options)
        self._at = port
        self._trusting = context

    def connect(self) -> None:
        plain = socket.create_connection((LOOPBACK, self._at), timeout=30)
        self.sock = self._trusting.wrap_socket(plain, server_hostname=self.host)


class _Handler(urllib.request.HTTPSHandler):
    def __init__(self, line: Any) -> None:
        super().__init__()
        self._line = line

    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(self._line, request)

"""The reverse proxies of `deploy/`, on ports of ours and with a certificate of ours; all else as an operator has it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.support.processes import LOOPBACK, Child, accepts_connections, free_port, make_folder
from tests.support.services import ROOT

SITE = "energia.example.it"  # as the configuration of nginx has it
DEPLOY = ROOT / "deploy"


class Proxy(Child):
    """One proxy before the processes at `ports`; it listens with TLS at `port`."""

    def __init__(self, command: list[str | Path], *, name: str, folder: Path, port: int, env: dict[str, str]) -> None:
        self.port = port
        super().__init__(command, name=name, folder=folder, env=env, answers=lambda: accepts_connections(self.port))


def caddy(certificate: Path, ports: dict[str, int]) -> Proxy:
    folder, port = make_folder("caddy"), free_port()
    text = (DEPLOY / "caddy" / "Caddyfile").read_text().replace("/var/log/caddy", str(folder))
    text = text.replace("{\n", f"{{\n\tadmin off\n\tauto_https disable_redirects\n\thttps_port {port}\n", 1)
    text = text.replace("{$SITE} {\n", f"{{$SITE}} {{\n\ttls {certificate} {certificate.with_suffix('.key')}\n")
    (folder / "Caddyfile").write_text(text)
    own = {"SITE": SITE, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    env = own | {name.upper(): f"{LOOPBACK}:{ports[name]}" for name in ("web", "live")}
    command = [_program("caddy"), "run", "--config", folder / "Caddyfile"]
    return Proxy(command, name="caddy", folder=folder, port=port, env=env)


def nginx(certificate: Path, ports: dict[str, int]) -> Proxy:
    folder, port = make_folder("nginx"), free_port()
    text = (DEPLOY / "nginx" / "cercollettiva.conf").read_text().replace("/var/log/nginx", str(folder))
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    for there, here in {
        "listen 80;": f"listen {LOOPBACK}:{free_port()};",
        "listen 443 ": f"listen {LOOPBACK}:{port} ",
        f"/etc/letsencrypt/live/{SITE}/fullchain.pem": str(certificate),
        f"/etc/letsencrypt/live/{SITE}/privkey.pem": str(certificate.with_suffix(".key")),
        f"{LOOPBACK}:8000": f"{LOOPBACK}:{ports['web']}",
        f"{LOOPBACK}:8001": f"{LOOPBACK}:{ports['live']}",
    }.items():
        assert there in text, there
        text = text.replace(there, here)
    (folder / "site.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;\n"
        f"events {{}}\nhttp {{ {temporary} access_log off; include {folder}/site.conf; }}\n"
    )
    command = [_program("nginx"), "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    return Proxy(command, name="nginx", folder=folder, port=port, env={})


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: run tools/system-packages {name}")
    return found

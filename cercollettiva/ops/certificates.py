"""Certificates to watch: files that the operator names, and what the broker shows whoever connects."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from django.utils.translation import gettext as _

from cercollettiva.monitoring.broker import Address

LIMIT_SECONDS: Final = 3.0


def certificates_of(files: Iterable[str], broker: Address | None) -> Iterator[tuple[str, x509.Certificate | str]]:
    """Name and certificate; where there is none to be had, a word about why."""
    for name in files:
        yield name, _of_file(Path(name))
    if broker is not None and broker.tls:
        yield f"{broker.host}:{broker.port}", _of_broker(broker)


def _of_file(path: Path) -> x509.Certificate | str:
    """The first of the file: its own; those of who signed it come after."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except OSError as error:
        return error.strerror or str(error)
    except ValueError:
        return _("non è un certificato PEM")


def _of_broker(broker: Address) -> x509.Certificate | str:
    """As the ingestor sees it: it must be signed by somebody this machine trusts."""
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((broker.host, broker.port), timeout=LIMIT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=broker.host) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError as error:
        return error.strerror or _("non risponde")
    return x509.load_der_x509_certificate(shown) if shown else _("non ha mostrato alcun certificato")

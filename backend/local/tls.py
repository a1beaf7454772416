"""HTTPS for a real phone: a local certificate authority, and a QR code of the address."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import segno

from backend.core.private_files import own_folder


def own_address() -> str:
    """This machine's address on its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def make_certificate(folder: Path, address: str) -> tuple[Path, Path, Path]:
    """Certificate, key, and the authority's certificate that the phone must trust.

    Made once for an address.
    """
    # A tenth of a second to load, and only a server with TLS needs it.
    import trustme

    certificate, key, authority = (
        folder / name for name in (f"{address}.pem", f"{address}.key", "authority.pem")
    )
    if not certificate.exists():
        own_folder(folder)
        ca = trustme.CA(organization_name="Wangge local")
        issued = ca.issue_cert(address, "localhost", "127.0.0.1")
        key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(str(key))
        for n, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(str(certificate), append=n > 0)
        ca.cert_pem.write_to_path(str(authority))
    return certificate, key, authority


def qr(url: str) -> str:
    """A QR code as text for a terminal."""
    out = io.StringIO()
    segno.make(url).terminal(out, compact=True)
    return out.getvalue()

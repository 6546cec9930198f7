"""A certificate authority of the tests' own, and a certificate for localhost from it."""

import subprocess
from pathlib import Path

from servers.places import program


def certify(place: Path) -> tuple[Path, Path, Path]:
    """Make ca.pem, cert.pem and key.pem in `place`; valid for localhost and 127.0.0.1."""
    openssl = program("openssl", "openssl")
    ca, ca_key, cert, key, request = (place / n for n in ("ca.pem", "ca.key", "cert.pem", "key.pem", "cert.csr"))
    extensions = place / "san.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _run(
        openssl,
        "req",
        "-x509",
        *new_key,
        "-days",
        "3",
        "-subj",
        "/CN=maildesk test authority",
        "-keyout",
        ca_key,
        "-out",
        ca,
    )
    _run(openssl, "req", *new_key, "-subj", "/CN=localhost", "-keyout", key, "-out", request)
    _run(
        openssl,
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        ca,
        "-CAkey",
        ca_key,
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        extensions,
        "-out",
        cert,
    )
    return ca, cert, key


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=20)

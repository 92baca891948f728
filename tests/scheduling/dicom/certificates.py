"""Certificates as a hospital's own authority would issue them, made by openssl in a test's folder."""

import hashlib
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: Path
    key: Path

    def fingerprint(self):
        """SHA-256 in hex, as it is entered for a device."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate.read_text())).hexdigest()


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates into `folder`; `pair` is its own."""

    folder: Path
    pair: Pair

    @classmethod
    def made(cls, folder, name):
        found = _pair(folder, name)
        about = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl("req", "-x509", *_NEW_KEY, *_named(found, name), "-days", "2", *about)
        return cls(folder, found)

    def issued(self, name, *, days=1):
        """A new pair; with `days` below nought one that has expired."""
        found, request = _pair(self.folder, name), self.folder / f"{name}.csr"
        _openssl("req", "-new", *_NEW_KEY, "-keyout", found.key, "-out", request, "-subj", f"/CN={name}")
        by = ("-CA", self.pair.certificate, "-CAkey", self.pair.key, "-CAcreateserial")
        _openssl("x509", "-req", "-in", request, *by, "-days", days, "-out", found.certificate)
        return found


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _pair(folder, name):
    return Pair(folder / f"{name}.pem", folder / f"{name}.key")


def _named(pair, name):
    return ("-keyout", pair.key, "-out", pair.certificate, "-subj", f"/CN={name}")


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

"""Tells that a workbook has a password: python-calamine only says that it knows no such format.

An encrypted XLSX or XLSB is an OLE file with the stream `EncryptedPackage` (MS-OFFCRYPTO); an XLS says so in
the record `FILEPASS` (MS-XLS 2.4.117); an ODS in its manifest, or as a package within a package.
"""

from __future__ import annotations

import zipfile

from backend.imports.reading.error_cells import BROKEN as BROKEN_ARCHIVE
from backend.imports.reading.error_cells_xls import WORKBOOKS, records_of
from backend.imports.reading.ole import BROKEN, Ole

_PACKAGE, _FILE_PASS, _ENCRYPTED = "encryptedpackage", 0x2F, 1
_MANIFEST, _WITHIN = "META-INF/manifest.xml", "encrypted-package"


def ole_has_password(data: bytes) -> bool:
    """Whether an OLE file is a workbook with a password; not for one that is broken."""
    try:
        ole = Ole(data)
        if _PACKAGE in ole.names:
            return True
        stream = ole.first_of(WORKBOOKS)
        return any(kind == _FILE_PASS for kind, _, _ in records_of(stream, 0))
    except BROKEN:
        return False


def archive_has_password(archive: zipfile.ZipFile) -> bool:
    """Whether parts of an archive (or, of an ODS, what is in them) can only be read with a password."""
    parts = archive.infolist()
    if any(part.flag_bits & _ENCRYPTED or part.filename == _WITHIN for part in parts):
        return True
    if _MANIFEST not in archive.namelist() or archive.getinfo(_MANIFEST).file_size > 1 << 20:
        return False
    try:
        return b"encryption-data" in archive.read(_MANIFEST)
    except BROKEN_ARCHIVE:
        return False

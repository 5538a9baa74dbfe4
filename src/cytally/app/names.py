"""Names of files as they may enter the workspace."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from cytally.images.sources import stem

LONGEST = 150
"""Bytes (UTF-8) of a name: results are named after it, with endings of their own."""

FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*#\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]')
"""What some disk or a reader of names would stumble over; ``#`` stands before a scene's number."""

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def clean_name(given: str) -> str:
    """The name of a file without folders, hidden beginnings, and characters that a disk may refuse.

    Examples
    --------
    >>> [clean_name(name) for name in ("../../etc/passwd.png", "C:\\\\x\\\\a b.tif", ".hidden.png", "Zelle 1µ.tif")]
    ['passwd.png', 'a b.tif', 'hidden.png', 'Zelle 1µ.tif']
    >>> clean_name(".."), clean_name("con.png"), len(clean_name("a" * 900 + ".ome.tif"))
    ('image', '_con.png', 150)
    """
    name = unicodedata.normalize("NFC", FORBIDDEN.sub("_", given.replace("\\", "/").rpartition("/")[2]))
    name = name.strip(". \t") or "image"
    if RESERVED.match(name):
        name = f"_{name}"
    base = stem(name)
    ending = name[len(base) :][-20:]
    while len((base + ending).encode()) > LONGEST:
        base = base[:-1]
    return base + ending


def unique_name(name: str, taken: Container[str]) -> str:
    """`name`, with a number where it is `taken` (in lower case, as many disks do not tell them apart).

    Examples
    --------
    >>> unique_name("A.ome.tif", {"a.ome.tif", "a-2.ome.tif"})
    'A-3.ome.tif'
    """
    base, number, found = stem(name), 1, name
    while found.casefold() in taken:
        number += 1
        found = f"{base}-{number}{name[len(base) :]}"
    return found

"""Which encoding a text file is in, told from its bytes alone, and its text lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aimwell.intake.errors import NotText, WrongEncoding
from aimwell.intake.formats.model import Encoding, Plain

__all__ = ["Decoding", "detect_encoding", "text_lines"]

_BLOCK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 16
_BYTE_ORDER_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Chinese prose keeps nearly all of its double bytes in the GB 2312 plane (both bytes 0xA1 or above); Western text read
# as GB18030 pairs an accented letter with an ASCII one.
_MIN_GB2312_RATE = 0.8
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
# A UTF-8 file with a few damaged lines is still UTF-8: those lines go to quarantine.
_MAX_DAMAGED_RATE = 0.2


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How to turn a file's bytes into text: the encoding, whether every byte fits it, and its count of lines."""

    encoding: Encoding
    is_strict: bool
    n_lines: int
    has_mark: bool


def detect_encoding(plain: Plain, *, stated: Encoding | None = None) -> Decoding:
    """Return the encoding that all bytes of the file fit, or the one the user stated.

    Order: byte order mark; NUL bytes on one side of every pair (UTF-16); strict UTF-8; strict GB18030 with mostly
    common characters; UTF-8 with a few damaged lines; cp1252.

    Raises
    ------
    WrongEncoding
        If the file does not decode as stated.
    NotText
        If it is no text at all.
    """
    path = plain.path
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if sample.startswith(mark)), None)
    chosen = stated or marked or _utf16_by_nulls(sample)
    if chosen is not None:
        n_lines = _strict_lines(path, chosen)
        if n_lines is not None:
            return Decoding(encoding=chosen, is_strict=True, n_lines=n_lines, has_mark=marked is not None)
        if stated or chosen != "utf-8":
            raise WrongEncoding(path=plain.name, encoding=chosen)
    elif b"\x00" in sample:
        raise NotText(path=plain.name)
    return _trial(plain, has_mark=marked is not None)


def _trial(plain: Plain, *, has_mark: bool) -> Decoding:
    path = plain.path
    n_lines = _strict_lines(path, "utf-8")
    if n_lines is not None:
        return Decoding(encoding="utf-8", is_strict=True, n_lines=n_lines, has_mark=has_mark)
    n_lines = _strict_lines(path, "gb18030")
    if n_lines is not None and _gb2312_rate(path) >= _MIN_GB2312_RATE:
        return Decoding(encoding="gb18030", is_strict=True, n_lines=n_lines, has_mark=False)
    if has_mark or _damaged_rate(path) <= _MAX_DAMAGED_RATE:
        return Decoding(encoding="utf-8", is_strict=False, n_lines=0, has_mark=has_mark)
    n_lines = _strict_lines(path, "cp1252")
    if n_lines is None:
        raise NotText(path=plain.name)
    return Decoding(encoding="cp1252", is_strict=True, n_lines=n_lines, has_mark=False)


def text_lines(path: Path, decoding: Decoding) -> Iterator[tuple[str, bool]]:
    """Yield the physical lines with their line ends, and whether each decoded without damage."""
    encoding = decoding.encoding
    n_mark_bytes = (
        3 if encoding == "utf-8" else 2 if encoding.startswith("utf-16") else 0
    ) * decoding.has_mark
    errors = "strict" if decoding.is_strict else "surrogateescape"
    with path.open("rb") as file:
        file.seek(n_mark_bytes)
        with codecs.getreader(encoding)(file, errors) as reader:
            for line in _lines(reader):
                intact = (
                    decoding.is_strict or line.isascii() or not any("\udc80" <= c <= "\udcff" for c in line)
                )
                yield (
                    (line if intact else line.encode("utf-8", "surrogateescape").decode("cp1252", "replace")),
                    intact,
                )


def _lines(reader: codecs.StreamReader) -> Iterator[str]:
    """Split at CR, LF or CRLF only: not at the separators that `str.splitlines` knows beside them."""
    rest = ""
    while block := reader.read(_BLOCK_BYTES):
        rest += block
        if rest.endswith("\r"):  # the LF of this CR may come with the next block
            continue
        *whole, rest = rest.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        yield from (f"{line}\n" for line in whole)
    yield from (f"{line}\n" for line in rest.rstrip("\r").split("\r") if line)


def _utf16_by_nulls(sample: bytes) -> Encoding | None:
    """Tell UTF-16 without a mark by its NUL bytes, which stand on one side of the pairs; text has no other controls."""
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    found: Encoding | None = None
    if odd > max(20 * even, 0.02 * half):
        found = "utf-16-le"
    elif even > max(20 * odd, 0.02 * half):
        found = "utf-16-be"
    if found is None or _CONTROLS.search(sample[: 2 * half].decode(found, "replace")):
        return None
    return found


def _strict_lines(path: Path, encoding: Encoding) -> int | None:
    """Return the number of lines when every byte decodes, else None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines, last = 0, "\n"
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK_BYTES):
                decoded = decoder.decode(block)
                newlines += decoded.count("\n")
                last = decoded[-1:] or last
            last = decoder.decode(b"", final=True)[-1:] or last
        except UnicodeDecodeError:
            return None
    return newlines + (last != "\n")


def _gb2312_rate(path: Path) -> float:
    """Return the share of double bytes, among the first, that lie in the GB 2312 plane."""
    with path.open("rb") as file:
        data = file.read(64 * _SAMPLE_BYTES)
    n_pairs = n_common = position = 0
    while position < len(data) - 1 and n_pairs < 20_000:
        first, second = data[position], data[position + 1]
        if first < 0x80:
            position += 1
            continue
        n_pairs += 1
        n_common += second >= 0xA1 and (first <= 0xA3 or 0xB0 <= first <= 0xF7)
        position += 2 if second >= 0x40 else 4
    return n_common / n_pairs if n_pairs else 0.0


def _damaged_rate(path: Path) -> float:
    """Return the share of lines that are not UTF-8 among those that are not plain ASCII."""
    n_damaged = n_high = 0
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            n_high += 1
            try:
                line.decode()
            except UnicodeDecodeError:
                n_damaged += 1
    return n_damaged / n_high if n_high else 0.0

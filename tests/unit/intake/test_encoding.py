"""Encodings, told from the bytes."""

from __future__ import annotations

import codecs

import pytest

from aimwell.intake.errors import NotText, WrongEncoding
from aimwell.intake.formats.encoding import detect_encoding, text_lines
from aimwell.intake.formats.model import Plain

CHINESE = "订单编号,买家会员名,金额\n1,张三,12.50\n2,李四丰,8.00\n"
WESTERN = "Naam,Stad\nJosé,Münster\nZoë,Besançon\n"


@pytest.fixture
def plain(tmp_path):
    def make(data: bytes) -> Plain:
        path = tmp_path / "file.csv"
        path.write_bytes(data)
        return Plain(name=path.name, path=path, sha256="0" * 64, n_bytes=len(data))

    return make


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (CHINESE.encode(), "utf-8", CHINESE),
        (codecs.BOM_UTF8 + CHINESE.encode(), "utf-8", CHINESE),
        (CHINESE.encode("gb18030"), "gb18030", CHINESE),
        (CHINESE.encode("gbk"), "gb18030", CHINESE),
        (CHINESE.encode("utf-16"), "utf-16-le", CHINESE),
        (CHINESE.encode("utf-16-le"), "utf-16-le", CHINESE),
        (CHINESE.encode("utf-16-be"), "utf-16-be", CHINESE),
        (WESTERN.encode("cp1252"), "cp1252", WESTERN),
        (WESTERN.encode("utf-8"), "utf-8", WESTERN),
        (b"a,b\n1,2\n", "utf-8", "a,b\n1,2\n"),
    ],
)
def test_it_is_seen_from_the_bytes(plain, data, encoding, text) -> None:
    file = plain(data)
    decoding = detect_encoding(file)
    assert decoding.encoding == encoding
    assert decoding.n_lines == text.count("\n")
    assert "".join(line for line, _ in text_lines(file.path, decoding)) == text


def test_line_ends_of_every_kind_end_lines(plain) -> None:
    file = plain(b"a\r\nb\rc\nd")
    decoding = detect_encoding(file)
    assert [line for line, _ in text_lines(file.path, decoding)] == ["a\n", "b\n", "c\n", "d\n"]


def test_a_few_damaged_lines_do_not_make_another_encoding(plain) -> None:
    good = "".join(f"{i},张三\n" for i in range(20)).encode()
    file = plain(good + b"20,\xff\xfe\n")
    decoding = detect_encoding(file)
    assert (decoding.encoding, decoding.is_strict) == ("utf-8", False)
    assert [intact for _, intact in text_lines(file.path, decoding)] == [True] * 20 + [False]


def test_a_stated_encoding_that_does_not_fit_is_refused(plain) -> None:
    with pytest.raises(WrongEncoding, match=r"file.csv is not valid utf-8"):
        detect_encoding(plain(CHINESE.encode("gb18030")), stated="utf-8")


def test_bytes_that_are_no_text_are_refused(plain) -> None:
    with pytest.raises(NotText, match="neither text nor a format"):
        detect_encoding(plain(b"\x00\x01\x02\x00\x00\x99" * 50))

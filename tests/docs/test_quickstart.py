"""The quickstart works as written: its files are saved, its commands typed, its promised words seen."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from aimwell.cli.main import main

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "quickstart.md").read_text("utf-8")
BLOCK = re.compile(r"```(console|toml)\n(.*?)```", re.DOTALL)
SAVED_AS = re.compile(r"`(tea/\w+\.toml)`")


@dataclass(frozen=True)
class Command:
    line: str
    promised: tuple[str, ...]


def commands(block: str) -> list[Command]:
    """Split a console block into commands and the output lines below each."""
    found = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [Command(lines[0], tuple(lines[1:])) for lines in (part.strip().splitlines() for part in found)]


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_quickstart_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(DOCS / "sample" / "orders.csv", tmp_path)
    names = iter(SAVED_AS.findall(PAGE))
    n_commands = 0
    for kind, block in BLOCK.findall(PAGE):
        if kind == "toml":
            (tmp_path / next(names)).write_text(block, "utf-8")
            continue
        for command in commands(block):
            with pytest.raises(SystemExit) as ended:
                main(shlex.split(command.line)[1:])
            said = capsys.readouterr()
            assert ended.value.code in (0, None), f"{command.line}\n{said.err}"
            both = flat(said.out + said.err)
            assert [p for p in command.promised if flat(p) not in both] == [], f"{command.line}\n{both}"
            n_commands += 1
    assert n_commands >= 15
    assert (tmp_path / "tea" / "report.html").stat().st_size > 50_000

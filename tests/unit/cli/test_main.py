"""The command line: help in both languages, shared options on every command, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aimwell.base.words import Words
from aimwell.cli.main import build, main


def leaves(command: Any, path: str = "aimwell") -> list[tuple[str, Any]]:
    if hasattr(command, "commands"):
        return [leaf for name, child in command.commands.items() for leaf in leaves(child, f"{path} {name}")]
    return [(path, command)]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    ("path", "command"), leaves(build(Words("en"))), ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_command_and_option_says_what_it_does(path: str, command: Any) -> None:
    assert command.help, path
    silent = [p.name for p in command.params if p.name != "help" and not getattr(p, "help", None)]
    assert silent == [], path
    assert {"--shop", "--format", "--lang"} <= {o for p in command.params for o in p.opts}


@pytest.mark.parametrize(
    ("path", "command"), leaves(build(Words("zh"))), ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_help_text_is_chinese_in_chinese(path: str, command: Any) -> None:
    texts = [command.help or ""] + [getattr(p, "help", "") for p in command.params if p.name != "help"]
    assert [t for t in texts if t.isascii()] == [], path


def test_a_missing_shop_fails_with_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--shop", str(tmp_path)) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "There is no shop in" in captured.err
    assert "aimwell init" in captured.err.replace("\n", " ")


def test_errors_are_json_when_json_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--shop", str(tmp_path), "--format", "json") == 1
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "shop_missing"


def test_errors_are_chinese_in_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--shop", str(tmp_path), "--lang", "zh") == 1
    assert "店铺" in capsys.readouterr().err


def test_wrong_usage_exits_with_2() -> None:
    assert run("status", "--colour", "red") == 2
    assert run("no-such-command") == 2


@pytest.mark.parametrize(
    "arguments",
    [("--help", "--lang", "zh"), ("plan", "--help", "--lang=zh"), ("--lang", "zh", "status", "--help")],
)
def test_the_language_may_stand_anywhere(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 0
    assert not capsys.readouterr().out.isascii()


def test_an_unknown_language_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--lang", "fr") == 2
    assert "fr" in capsys.readouterr().err

"""Secrets of channels: from the environment or a file of their own, never from channels.toml."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aimwell.base.words import Sentence, text
from aimwell.promote.channels.errors import SecretExposed, SecretMissing, SecretWeak

__all__ = ["Secrets"]

_SHORTEST = 8  # characters
_FEWEST_DISTINCT = 4
_STAND_INS = (
    "changeme",
    "change-me",
    "change_me",
    "example",
    "password",
    "placeholder",
    "secret",
    "your-",
    "your_",
    "xxxx",
    "todo",
    "12345678",
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO if os.name == "posix" else 0


@dataclass(frozen=True)
class Secrets:
    """Where secrets are looked for.

    Attributes
    ----------
    environment
        Variables by name.
    folder
        What relative file names start from: the shop's folder.
    """

    environment: Mapping[str, str]
    folder: Path

    def read(self, *, channel: str, key: str, env: str | None, file: str | None) -> str:
        """Return the secret `key` of a channel; the variable wins over the file.

        Raises
        ------
        SecretMissing
            With every place searched.
        SecretExposed
            If others may read its file.
        SecretWeak
            If it is short or stands in for a real one.
        """
        found = self.environment.get(env, "") if env else ""
        if not found and file:
            found = self.file(file, channel=channel, key=key).decode("utf-8", "replace").strip()
        if not found:
            raise SecretMissing(channel=channel, key=key, searched=self._searched(env, file, key=key))
        _check(found, channel=channel, key=key)
        return found

    def file(self, name: str, *, channel: str, key: str) -> bytes:
        """Return what a secret's file holds.

        Raises
        ------
        SecretMissing, SecretExposed
        """
        path = self.folder / name
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            held = path.read_bytes()
        except OSError as exc:
            raise SecretMissing(channel=channel, key=key, searched=path) from exc
        if mode & _OTHERS:
            raise SecretExposed(path=path, mode=f"{mode:o}")
        return held

    def _searched(self, env: str | None, file: str | None, *, key: str) -> str:
        places = ([f"${env}"] if env else []) + ([str(self.folder / file)] if file else [])
        return ", ".join(places) or f"{key}_env, {key}_file"


def _check(secret: str, *, channel: str, key: str) -> None:
    lowered = secret.lower()
    if len(secret) < _SHORTEST:
        problem = Sentence(text("it has fewer than {least} characters"), {"least": _SHORTEST})
    elif lowered.startswith(_STAND_INS):
        problem = Sentence(text("it is a placeholder, which somebody meant to replace"))
    elif len(set(secret)) < _FEWEST_DISTINCT:
        problem = Sentence(
            text("it has fewer than {least} different characters"), {"least": _FEWEST_DISTINCT}
        )
    else:
        return
    raise SecretWeak(channel=channel, key=key, problem=problem)

"""The error tree: one root, a stable code each, and a message that tells the next step.

AimwellError
├── UserError        may be shown to a person: what is wrong, the value, what is allowed, the next step
│   ├── InvalidInput     also a ValueError: something given (a file, a rule, a flag) is not usable
│   ├── NotFound         also a LookupError: something named does not exist
│   └── Unavailable      also an OSError: disk full, locked by another writer, unreachable; try again later
└── InternalError    a broken promise of our own; please report it

Each error class states its message as a marked template, so that a face can say it in the user's language.
"""

from __future__ import annotations

from typing import ClassVar

from aimwell.base.words import Words, text

__all__ = ["AimwellError", "InternalError", "InvalidInput", "NotFound", "Unavailable", "UserError"]


class AimwellError(Exception):
    """Root of all errors that Aimwell raises on purpose.

    Subclasses set `code` and `template`; the keyword arguments fill the template and stay readable in `values`. A value
    that is itself words for people is a `Sentence`, so that it is said in the reader's language too.
    """

    code: ClassVar[str] = "error"
    template: ClassVar[str] = text("Something went wrong: {detail}.")

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.said(Words()))

    def said(self, words: Words) -> str:
        """Return the message in the language of `words`."""
        return words.say(self.template, **self.values)


class UserError(AimwellError):
    """An error that a person can mend and may be shown."""

    code = "user_error"


class InvalidInput(UserError, ValueError):
    """Something given is not usable."""

    code = "invalid_input"


class NotFound(UserError, LookupError):
    """Something named does not exist."""

    code = "not_found"


class Unavailable(UserError, OSError):
    """A resource cannot be used right now; the same call may go through later."""

    code = "unavailable"


class InternalError(AimwellError):
    """A promise of our own is broken; never the user's fault."""

    code = "internal_error"

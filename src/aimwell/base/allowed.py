"""What pydantic would have allowed, as words for people in their own language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimwell.base.words import Sentence, text

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["allowed"]

# By pydantic's type of error; what it knows about the rule fills the placeholders.
_RULES = {
    "bool_parsing": text("true or false"),
    "bool_type": text("true or false"),
    "dict_type": text("a table of keys and values"),
    "finite_number": text("a finite number"),
    "float_parsing": text("a number"),
    "float_type": text("a number"),
    "greater_than": text("more than {gt}"),
    "greater_than_equal": text("{ge} or more"),
    "int_from_float": text("a whole number"),
    "int_parsing": text("a whole number"),
    "int_type": text("a whole number"),
    "less_than": text("less than {lt}"),
    "less_than_equal": text("at most {le}"),
    "list_type": text("a list"),
    "literal_error": text("one of {expected}"),
    "missing": text("a value"),
    "model_attributes_type": text("a table of keys and values"),
    "model_type": text("a table of keys and values"),
    "string_pattern_mismatch": text("a text of the form {pattern}"),
    "string_too_long": text("a text of at most {max_length} characters"),
    "string_too_short": text("a text of at least {min_length} characters"),
    "string_type": text("a text"),
    "too_long": text("a list of at most {max_length}"),
    "too_short": text("a list of at least {min_length}"),
}


def allowed(problem: ErrorDetails) -> Sentence | str:
    """Return what is allowed where pydantic found a problem.

    A validator of our own says it by raising `ValueError` with a `Sentence`. What pydantic alone knows how to say stays in
    its English.
    """
    context = problem.get("ctx", {})
    if problem["type"] in _RULES:
        return Sentence(_RULES[problem["type"]], context)
    raised = context.get("error")
    if isinstance(raised, ValueError) and raised.args and isinstance(raised.args[0], Sentence):
        return raised.args[0]
    return problem["msg"].removeprefix("Value error, ")

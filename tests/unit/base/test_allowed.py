"""What pydantic would have allowed, in the reader's language."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.words import Sentence, Words, text


def _refuse(value: str) -> str:
    raise ValueError(Sentence(text("each id once")))


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=0, le=9, strict=True)] = 0
    rate: Annotated[float, Field(gt=0)] = 1.0
    kind: Literal["a", "b"] = "a"
    name: Annotated[str, Field(min_length=2, max_length=3)] = "ab"
    key: Annotated[str, Field(pattern="^x$")] = "x"
    listed: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    own: Annotated[str, AfterValidator(_refuse)] = ""


@pytest.mark.parametrize(
    ("given", "english", "chinese"),
    [
        ({"count": -1}, "0 or more", "不小于 0"),
        ({"count": 10}, "at most 9", "不大于 9"),
        ({"count": "many"}, "a whole number", "整数"),
        ({"rate": 0}, "more than 0.0", "大于 0.0"),
        ({"rate": "x"}, "a number", "数字"),
        ({"kind": "c"}, "one of 'a' or 'b'", "以下之一：'a' or 'b'"),
        ({"name": "a"}, "a text of at least 2 characters", "不少于 2 个字符的文本"),
        ({"name": "abcd"}, "a text of at most 3 characters", "不超过 3 个字符的文本"),
        ({"key": "y"}, "a text of the form ^x$", "符合 ^x$ 形式的文本"),
        ({"listed": []}, "a list of at least 1", "不少于 1 项的列表"),
        ({"listed": [1, 2, 3]}, "a list of at most 2", "不超过 2 项的列表"),
        ({"own": "a"}, "each id once", "每个 id 只出现一次"),
        ({"other": 1}, "Extra inputs are not permitted", "Extra inputs are not permitted"),
    ],
)
def test_what_is_allowed_is_said_in_both_languages(given: dict[str, Any], english: str, chinese: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(given)
    found = allowed(caught.value.errors(include_url=False)[0])
    assert str(found) == english
    assert Words("zh").say("{found}", found=found) == chinese

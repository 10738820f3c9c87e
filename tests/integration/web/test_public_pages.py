"""The public pages, from the outside: what acts and what does not, headers, limits, languages, and nothing given away."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest

from aimwell.base.words import Words
from aimwell.storage.errors import AnotherWriter
from aimwell.web.public.app import TRIES, WRONG_TRIES

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORGED = "A" * 76


class Page(HTMLParser):
    """What a browser would load, follow, run or send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.fields: list[tuple[str, str, bool]] = []
        self.style = ""
        self.language = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append(tag)
        self._inside = tag
        self.targets += [str(given[name]) for name in ("href", "src", "action") if name in given]
        self.language = str(given["lang"]) if tag == "html" else self.language
        if tag in ("input", "button") and "name" in given:
            self.fields.append((str(given["name"]), str(given["value"]), "checked" in given))
        assert not [name for name in given if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.style += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


@pytest.mark.parametrize("path", ["/u/", "/p/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(site: Any, client: Any, path: str, method: str) -> None:
    """Mail scanners open every link."""
    before = site.ledger.history(site.ann)
    for query in ("", "?List-Unsubscribe=One-Click", "?do=stop", "?lang=zh"):
        assert client.request(method, f"{path}{site.token()}{query}").status_code == 200
    assert site.ledger.history(site.ann) == before
    assert site.reason() == "granted"


def test_one_click_acts_at_once_and_twice(site: Any, one_click: Callable[[str], int], client: Any) -> None:
    assert one_click(site.token()) == 200
    assert site.reason() == "withdrawn"
    n_acts = len(site.ledger.history(site.ann))
    assert one_click(site.token()) == 200
    assert len(site.ledger.history(site.ann)) == n_acts
    last = site.ledger.history(site.ann)[-1]
    assert (last.source, last.proof) == ("one-click", "link of campaign spring")


def test_one_click_may_come_as_multipart(site: Any, client: Any) -> None:
    """RFC 8058, section 3.2: multipart/form-data or application/x-www-form-urlencoded."""
    body = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post(f"/u/{site.token()}", content=body, headers=kind).status_code == 200
    assert site.reason() == "withdrawn"


@pytest.mark.parametrize(
    "body", [{}, {"List-Unsubscribe": "Two-Click"}, {"list": "One-Click"}, {"List-Unsubscribe": ""}]
)
def test_a_post_that_is_no_one_click_shows_the_button(site: Any, client: Any, body: dict[str, str]) -> None:
    answer = client.post(f"/u/{site.token()}", data=body)
    assert answer.status_code == 400
    assert ("List-Unsubscribe", "One-Click", False) in Page(answer.text).fields
    assert site.reason() == "granted"


def test_the_button_does_what_one_click_does(site: Any, client: Any) -> None:
    path = f"/u/{site.token()}"
    page = Page(client.get(path).text)
    action = next(target for target in page.targets if "/u/" in target)
    assert (
        client.post(urljoin(path, action), data={name: value for name, value, _ in page.fields}).status_code
        == 200
    )
    assert site.reason() == "withdrawn"


def test_it_works_for_somebody_who_is_gone_and_looks_the_same(site: Any, client: Any) -> None:
    stranger = site.token(4711)
    site.vault.forget(site.ann)

    def seen(token: str) -> list[tuple[int, str]]:
        answers = [
            client.get(f"/u/{token}"),
            client.get(f"/p/{token}"),
            client.post(f"/u/{token}", data=ONE_CLICK),
        ]
        return [(answer.status_code, answer.text.replace(token, "")) for answer in answers]

    gone, never = seen(site.token()), seen(stranger)
    assert [status for status, _ in gone] == [200, 200, 200]
    assert site.reason() == "withdrawn"
    assert never[0] == gone[0]
    assert never[2] == gone[2]
    assert never[1][1] == gone[1][1].replace(
        " checked", "", 1
    )  # what was said differs, who is known does not show


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/u/", "/p/"])
def test_every_bad_token_gets_the_same_answer(site: Any, client: Any, method: str, path: str) -> None:
    good = site.token()
    answers = {
        (answer.status_code, answer.text)
        for token in (
            FORGED,
            good[:-1],
            good[1:],
            good + "A",
            "a@mail.com",
            "%00",
            "%F0%9F%98%80",
            "x" * 3000,
        )
        for answer in [client.request(method, f"{path}{token}", data=ONE_CLICK if method == "POST" else None)]
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    assert site.reason() == "granted"


def shown(client: Any, token: str) -> dict[str, bool]:
    page = Page(client.get(f"/p/{token}").text)
    return {value: is_on for name, value, is_on in page.fields if name == "on"}


def test_the_preference_centre_saves_what_was_chosen(site: Any, client: Any) -> None:
    token = site.token()
    personal = {".personalisation": True}
    assert shown(client, token) == {"email.marketing": True} | personal
    saved = client.post(f"/p/{token}", data={"shown": ["email.marketing"], "do": "save"})
    assert "Saved" in saved.text
    assert site.reason() == "withdrawn"
    assert shown(client, token) == {"email.marketing": False} | personal
    both = {"shown": ["email.marketing", "sms.marketing"], "on": ["email.marketing", "sms.marketing"]}
    client.post(f"/p/{token}?lang=zh", data=both)
    assert site.reason() == "granted"
    last = site.ledger.history(site.ann)[-1]
    assert (last.act, last.source, last.notice) == ("grant", "preference centre", "preference centre 1 zh")
    assert (
        shown(client, token) == {"email.marketing": True} | personal
    )  # sms was not offered: it was not taken
    client.post(f"/p/{token}", data={"shown": [".personalisation"], "do": "save"})
    assert shown(client, token) == {"email.marketing": True, ".personalisation": False}


def test_a_line_that_was_not_shown_stays(site: Any, client: Any) -> None:
    client.post(f"/p/{site.token()}", data={"do": "save"})
    assert site.reason() == "granted"


def test_stop_everything(site: Any, client: Any) -> None:
    site.grant(purpose="sharing")
    client.post(
        f"/p/{site.token()}", data={"shown": "email.marketing", "on": "email.marketing", "do": "stop"}
    )
    assert (site.reason(), site.reason(purpose="sharing")) == ("withdrawn", "withdrawn")
    assert site.reason(purpose="transactional") == "not_needed"
    assert not any(shown(client, site.token()).values())


EVERYTHING = [
    ("GET", "/u/{token}", 200),
    ("POST", "/u/{token}", 400),
    ("GET", "/p/{token}", 200),
    ("POST", "/p/{token}", 200),
    ("GET", "/u/" + FORGED, 404),
    ("GET", "/", 404),
    ("GET", "/docs", 404),
    ("GET", "/openapi.json", 404),
    ("PUT", "/u/{token}", 405),
    ("GET", "/u//evil.example/", 404),
    ("GET", "/u/{token}/", 404),
    ("GET", "/p", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), EVERYTHING)
def test_every_answer_is_careful(site: Any, client: Any, method: str, path: str, status: int) -> None:
    answer = client.request(method, path.format(token=site.token()), headers={"host": "evil.example"})
    assert answer.status_code == status
    headers = answer.headers
    assert "location" not in headers  # no redirect at all, so no open one
    assert "set-cookie" not in headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    page = Page(answer.text)
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy["style-src"] == f"'sha256-{digest}'"
    assert not {"script", "img", "iframe", "link", "object", "embed"} & set(page.tags)
    assert all(re.match(r"\?|\.\./[up]/", target) for target in page.targets)  # nothing outside
    assert "evil.example" not in answer.text
    assert "Tea &amp; Toys &lt;b&gt;" in answer.text  # the shop's name is text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 'injected'.upper() }}",
    "javascript:alert(1)",
    "'\"`&",
]


@pytest.mark.parametrize("payload", HOSTILE)
def test_nothing_that_is_sent_is_shown(site: Any, client: Any, payload: str) -> None:
    token = site.token(campaign_id=payload)
    answers = [
        client.get(f"/p/{token}", params={"lang": payload, "x": payload}),
        client.get(f"/u/{token}", headers={"accept-language": payload}),
        client.post(f"/p/{token}", data={"shown": payload, "on": payload, "do": payload}),
        client.post(f"/u/{token}", data={"List-Unsubscribe": payload}),
        client.get(f"/u/{payload}"),
    ]
    assert all(payload not in answer.text and "INJECTED" not in answer.text for answer in answers)
    assert {answer.status_code for answer in answers} <= {200, 400, 404}


def test_no_address_is_on_any_page_nor_in_a_log(
    site: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="aimwell"):
        token = site.token()
        texts = [client.get(f"/u/{token}").text, client.get(f"/p/{token}").text]
        texts.append(client.post(f"/u/{token}", data=ONE_CLICK).text)
    assert "canary" not in "".join(texts) + caplog.text
    assert site.point not in "".join(texts)
    assert token not in caplog.text


def test_bad_tokens_are_limited_per_caller_and_good_ones_are_not(site: Any) -> None:
    client = site.client(address="192.0.2.7")
    statuses = [client.get(f"/u/{FORGED}").status_code for _ in range(WRONG_TRIES + 1)]
    assert statuses == [404] * WRONG_TRIES + [429]
    answer = client.get(f"/p/{FORGED}")
    assert answer.headers["retry-after"] == "3"  # 60 s / 20 tries
    assert answer.headers["cache-control"] == "no-store"
    assert (
        client.post(f"/u/{site.token()}", data=ONE_CLICK).status_code == 200
    )  # a withdrawal is never held up
    site.clock.moment += timedelta(seconds=3)
    assert [client.get(f"/u/{FORGED}").status_code for _ in range(2)] == [404, 429]


def test_one_token_is_limited_and_others_are_not(site: Any, client: Any) -> None:
    statuses = [client.get(f"/u/{site.token()}").status_code for _ in range(TRIES + 1)]
    assert statuses == [200] * TRIES + [429]
    assert client.post(f"/u/{site.token(8)}", data=ONE_CLICK).status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
@pytest.mark.parametrize("path", ["/u/", "/p/"])
def test_a_large_body_is_refused(site: Any, client: Any, path: str, kind: str) -> None:

    async def chunks() -> AsyncIterator[bytes]:  # no length is announced
        for _ in range(64):
            yield b"x" * 1024

    answer = client.post(f"{path}{site.token()}", content=chunks(), headers={"content-type": kind})
    assert answer.status_code == 413
    assert site.reason() == "granted"


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\nbroken",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n--x--\r\n',
    ],
)
def test_what_is_no_form_is_refused(site: Any, client: Any, body: bytes) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post(f"/u/{site.token()}", content=body, headers=kind).status_code == 400
    assert site.reason() == "granted"


@pytest.mark.parametrize(
    ("accepted", "query", "tag"),
    [
        ("", "", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-Hans"),
        ("en-GB,en;q=0.9,zh;q=0.8", "", "en"),
        ("fr-FR,zh;q=0.5,en;q=0.4", "", "zh-Hans"),
        ("fr", "", "en"),
        ("zh", "?lang=en", "en"),
        ("en", "?lang=zh", "zh-Hans"),
        ("zh", "?lang=fr", "zh-Hans"),
        ("zh;q=0,en;q=nonsense", "", "en"),
    ],
)
def test_languages(site: Any, client: Any, accepted: str, query: str, tag: str) -> None:
    answer = client.get(f"/u/{site.token()}{query}", headers={"accept-language": accepted})
    page = Page(answer.text)
    assert page.language == tag
    words = Words("zh" if tag == "zh-Hans" else "en")
    assert words.say("Unsubscribe") in answer.text
    other = "?lang=en" if tag == "zh-Hans" else "?lang=zh"
    assert other in page.targets
    here = other.translate(str.maketrans({}))
    assert all(
        "lang=" not in target or target == here or target.endswith(words.language) for target in page.targets
    )


def test_a_busy_database_is_said_and_asks_to_come_back(
    site: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object, **values: object) -> None:
        raise AnotherWriter(what="sqlite:///secret/path")

    monkeypatch.setattr(site.ledger.database, "begin", busy)
    answer = client.post(f"/u/{site.token()}", data=ONE_CLICK)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


def test_a_bug_shows_nothing_and_is_careful_too(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **values: object) -> None:
        raise RuntimeError("ann.canary@mail.com")

    monkeypatch.setattr(site.ledger, "history", broken)
    answer = site.client(raises=False).get(f"/p/{site.token()}")
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert answer.headers["cache-control"] == "no-store"

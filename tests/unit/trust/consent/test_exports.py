"""Exports: what a row tells, cell by cell, and what it cannot tell."""

from __future__ import annotations

import json
from datetime import datetime
from importlib import resources

import pytest

from aimwell.trust.consent.errors import ColumnsLacking, ExportUnknown
from aimwell.trust.consent.exports import REASONS, Refusal, Row, Statement, exports, recognised, statements

HEADERS = json.loads((resources.files("aimwell.intake.presets") / "headers.json").read_text("utf-8"))


def read(
    columns: dict[str, object], *, preset: str | None = None, line_no: int = 2
) -> list[Statement | Refusal]:
    export = recognised(columns, path="file.csv", preset=preset)
    cells = {name.casefold(): cell for name, cell in columns.items()}
    return list(
        statements(Row(line_no=line_no, cells=cells), export=export, file="file.csv", zone="Asia/Shanghai")
    )


def acts(columns: dict[str, object], *, preset: str | None = None) -> list[str]:
    return [one.reason if isinstance(one, Refusal) else one.act for one in read(columns, preset=preset)]


@pytest.mark.parametrize(
    ("header", "preset", "columns"),
    [
        (
            "shopify_customers_export",
            "shopify_customers",
            ["Accepts Email Marketing", "Accepts SMS Marketing"],
        ),
        ("shopify_customers_export_2024plus", "shopify_customers", ["Accepts Email Marketing"]),
        ("klaviyo_profiles_export", "klaviyo_profiles", ["Email Marketing Consent"]),
    ],
)
def test_real_headers_are_recognised(header: str, preset: str, columns: list[str]) -> None:
    export = recognised(HEADERS[header], path="a.csv")
    assert (export.name, [state.column for state in export.states]) == (preset, columns)


def test_no_other_header_is_taken_for_consents() -> None:
    known = {"shopify_customers_export", "shopify_customers_export_2024plus", "klaviyo_profiles_export"}
    for name in HEADERS.keys() - known:
        with pytest.raises(ExportUnknown, match="is not known as an export with consents"):
            recognised(HEADERS[name], path=name)


SHOPIFY = {"Email": "ann@mail.com", "Phone": "13812345678"}


@pytest.mark.parametrize(
    ("word", "act"),
    [
        ("yes", "grant"), ("no", "deny"), (" YES ", "grant"), ("TRUE", "grant"), ("subscribed", "grant"),
        ("NOT_SUBSCRIBED", "deny"), ("pending", "deny"), ("unsubscribed", "withdraw"), ("redacted", "withdraw"),
        ("", "no_state"), (None, "no_state"), ("perhaps", "unknown_state"),
    ],
)  # fmt: skip
def test_shopifys_words(word: str | None, act: str) -> None:
    columns = SHOPIFY | {"Accepts Email Marketing": word, "Accepts SMS Marketing": word}
    assert acts(columns) == [act, act]


@pytest.mark.parametrize(
    ("word", "suppressed", "act"),
    [
        ("SUBSCRIBED", "", "grant"), ("Subscribed", "[]", "grant"), ("Unsubscribed", "", "withdraw"),
        ("Never Subscribed", "", "deny"), ("NEVER_SUBSCRIBED", "", "deny"), ("Suppressed", "", "withdraw"),
        ("SUBSCRIBED", "HARD_BOUNCE", "withdraw"), ("", "SPAM_COMPLAINT", "withdraw"), ("", "", "no_state"),
    ],
)  # fmt: skip
def test_klaviyos_words(word: str, suppressed: str, act: str) -> None:
    columns = {"Email": "a@mail.com", "Klaviyo ID": "01J", "Email Marketing Consent": word}
    assert acts(columns | {"Email Suppressions": suppressed}) == [act]


def test_a_statement_holds_all_that_the_row_tells() -> None:
    (told,) = read(
        {
            "email": " ann@mail.com ",
            "email_consent": "Yes",
            "email_consent_at": "2026-01-31 08:00",
            "email_consent_expires_at": "2027-01-31T00:00:00Z",
            "notice": "v3",
            "proof": "form 12",
        },
        line_no=9,
    )
    assert told == Statement(
        line_no=9,
        column="email_consent",
        channel="email",
        kind="email",
        purpose="marketing",
        act="grant",
        account_key="ann@mail.com",
        address="ann@mail.com",
        at=datetime(2026, 1, 31),  # 08:00 in Shanghai
        expires_at=datetime(2027, 1, 31),
        notice="v3",
        proof="file.csv, line 9: email_consent = Yes; form 12",
    )


@pytest.mark.parametrize(
    ("consent", "at", "expires_at", "expected"),
    [
        ("yes", "soon", "", "bad_date"),
        ("yes", "", "never", "bad_date"),
        ("no", "soon", "never", "deny"),  # a no counts whatever its date
        ("withdrawn", "2026-02-30", "", "withdraw"),
    ],
)
def test_bad_dates(consent: str, at: str, expires_at: str, expected: str) -> None:
    columns = {"email": "a@mail.com", "email_consent": consent, "email_consent_at": at, "email_consent_expires_at": expires_at}  # fmt: skip
    assert acts(columns) == [expected]


def test_a_typed_moment_is_utc_already() -> None:
    at = datetime(2026, 1, 31, 8)
    (told,) = read({"email": "a@mail.com", "email_consent": "no", "email_consent_at": at})
    assert isinstance(told, Statement)
    assert told.at == at


def test_a_row_without_an_address_tells_nothing_about_it() -> None:
    columns = {
        "Email": "",
        "Phone": "138 1234 5678",
        "Accepts Email Marketing": "yes",
        "Accepts SMS Marketing": "yes",
    }
    email, sms = read(columns)
    assert email == Refusal(line_no=2, column="Accepts Email Marketing", reason="no_address")
    assert isinstance(sms, Statement)
    assert (sms.kind, sms.account_key, sms.address) == ("phone", "138 1234 5678", "138 1234 5678")


def test_a_phone_that_stands_elsewhere_is_the_account_too() -> None:
    columns = {"Email": "", "Accepts Email Marketing": "no", "Accepts SMS Marketing": "no", "Default Address Phone": "13812345678"}  # fmt: skip
    told = read(columns)[1]
    assert isinstance(told, Statement)
    assert told.account_key == told.address == "13812345678"


def test_a_named_preset_needs_one_of_its_columns() -> None:
    assert acts({"Email": "a@mail.com", "Accepts SMS Marketing": "no"}, preset="shopify_customers") == [
        "no_address"
    ]
    with pytest.raises(ColumnsLacking, match="it lacks email_consent / sms_consent; its columns: Email"):
        recognised(["Email"], path="a.csv", preset="consents")
    with pytest.raises(ExportUnknown, match="Known: consents, klaviyo_profiles, shopify_customers"):
        recognised(["Email"], path="a.csv", preset="mailchimp")


def test_every_preset_can_be_read_and_every_reason_has_words() -> None:
    assert sorted(exports()) == ["consents", "klaviyo_profiles", "shopify_customers", "simulated_customers"]
    assert all(REASONS.values())

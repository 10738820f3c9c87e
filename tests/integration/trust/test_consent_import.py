"""Imports: books that balance, the same file again, and a yes without a date that never outlives a no."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from aimwell.trust.consent import ALL, UNDATED, Asked, ConsentLedger
from aimwell.trust.consent.exports import Row, recognised
from aimwell.trust.consent.importing import ConsentBooks, Importer
from aimwell.trust.consent.service import Said, grant, revealed_proof, withdraw
from aimwell.trust.vault import Vault

NOW = datetime(2026, 6, 1, 12)
DAY = timedelta(days=1)


class Desk:
    """Imports lines of text, and asks."""

    def __init__(self, ledger: ConsentLedger, vault: Vault) -> None:
        self.ledger, self.vault = ledger, vault

    def take(
        self,
        lines: Sequence[str],
        *,
        now: datetime = NOW,
        source: str | None = None,
        exported_at: datetime | None = None,
    ) -> tuple[ConsentBooks, list[tuple[int, str, str]]]:
        header, *body = [line.split(",") for line in lines]
        export = recognised(header, path="file.csv")
        importer = Importer(
            ledger=self.ledger,
            vault=self.vault,
            export=export,
            source=source or export.source,
            file="file.csv",
            zone="UTC",
            now=now,
            exported_at=exported_at,
        )
        names = [name.casefold() for name in header]
        rows = (
            Row(line_no=n, cells=dict(zip(names, cells, strict=True)))
            for n, cells in enumerate(body, start=2)
        )
        taken = list(importer.take(rows))
        books = sum((one.books for one in taken), ConsentBooks())
        assert books.is_balanced
        assert books.n_read == len(body) * len(export.states)
        refusals = [(one.line_no, one.column, one.reason) for part in taken for one in part.refusals]
        assert len(refusals) == books.n_refused
        return books, refusals

    def reason(self, address: str, *, channel: str = "email", now: datetime = NOW) -> str:
        kind = "email" if channel == "email" else "phone"
        (point,) = self.vault.point_tokens(kind, [address])  # type: ignore[arg-type]
        people = self.vault.find_people(kind, address)  # type: ignore[arg-type]
        asked = Asked(person_id=people[0], contact_point=str(point), channel=channel, purpose="marketing")  # type: ignore[arg-type]
        with self.ledger.database.read() as connection:
            return self.ledger.standings(connection, [asked], now=now)[0].reason

    def person(self, email: str) -> int:
        return self.vault.find_people("email", email)[0]


@pytest.fixture
def desk(ledger: ConsentLedger, vault: Vault) -> Desk:
    return Desk(ledger, vault)


def books(n_read: int, n_recorded: int = 0, n_repeated: int = 0, n_refused: int = 0) -> ConsentBooks:
    return ConsentBooks(n_read=n_read, n_recorded=n_recorded, n_repeated=n_repeated, n_refused=n_refused)


SHOPIFY = ["Email,Phone,Accepts Email Marketing,Accepts SMS Marketing"]
KLAVIYO = ["Email,Klaviyo ID,Email Marketing Consent"]
OWN = ["email,email_consent,email_consent_at,email_consent_expires_at,proof"]


def test_every_cell_is_recorded_repeated_or_refused_with_its_line(desk: Desk) -> None:
    found, refusals = desk.take(
        [
            *SHOPIFY,
            "ann@mail.com,13812345678,yes,no",
            "bob@mail.com,,no,yes",
            "test@mail.com,138****5678,yes,yes",
            "cat@mail.com,13812345679,perhaps,",
            "ANN@mail.com,+86 138 1234 5678,yes,no",  # the same person, spelled in another way
        ]
    )
    assert found == books(10, n_recorded=3, n_repeated=2, n_refused=5)
    assert refusals == [
        (3, "Accepts SMS Marketing", "no_address"),
        (4, "Accepts Email Marketing", "unusable_address"),
        (4, "Accepts SMS Marketing", "unusable_address"),
        (5, "Accepts Email Marketing", "unknown_state"),
        (5, "Accepts SMS Marketing", "no_state"),
    ]
    assert desk.reason("ann@mail.com") == "granted"
    assert desk.reason("13812345678", channel="sms") == "denied"
    assert desk.reason("bob@mail.com") == "denied"
    assert desk.vault.find_people("email", "cat@mail.com") == ()  # nothing usable was said: nobody is made


def test_klaviyos_states(desk: Desk) -> None:
    lines = [
        *KLAVIYO,
        "a@mail.com,1,SUBSCRIBED",
        "b@mail.com,2,UNSUBSCRIBED",
        "c@mail.com,3,Never Subscribed",
        "d@mail.com,4,Suppressed",
    ]
    assert desk.take(lines) == (books(4, n_recorded=4), [])
    assert [desk.reason(f"{name}@mail.com") for name in "abcd"] == [
        "granted",
        "withdrawn",
        "denied",
        "withdrawn",
    ]


def test_the_same_file_again_repeats(desk: Desk) -> None:
    lines = [
        *SHOPIFY,
        "ann@mail.com,13812345678,yes,no",
        "bob@mail.com,13812345679,unsubscribed,yes",
        "ann@mail.com,,no,",  # contradicts the first line
    ]
    found, refusals = desk.take(lines)
    assert found == books(6, n_recorded=4, n_refused=2)
    assert refusals == [
        (2, "Accepts Email Marketing", "contradicted"),
        (4, "Accepts SMS Marketing", "no_state"),
    ]
    assert desk.take(lines, now=NOW + DAY) == (books(6, n_repeated=4, n_refused=2), refusals)
    assert desk.reason("ann@mail.com") == "denied"


@pytest.mark.parametrize("first", ["yes", "no"])
@pytest.mark.parametrize("gap", [0, 6_000])  # in one batch, in two
def test_of_a_yes_and_a_no_in_one_file_the_no_counts_however_often_it_is_loaded(
    desk: Desk, first: str, gap: int
) -> None:
    second = "no" if first == "yes" else "yes"
    filler = [f"u{i}@mail.com,,," for i in range(gap)]
    lines = [*SHOPIFY, f"ann@mail.com,,{first},", *filler, f"ANN@mail.com,,{second},"]
    for day in range(3):
        desk.take(lines, now=NOW + day * DAY)
        assert desk.reason("ann@mail.com", now=NOW + 9 * DAY) == "denied", day


def test_a_source_may_change_its_mind_from_export_to_export(desk: Desk) -> None:
    for day, word in enumerate(("no", "yes", "no", "no", "yes", "yes")):
        desk.take([*SHOPIFY, f"ann@mail.com,,{word},"], now=NOW + day * DAY)
        now = NOW + day * DAY
        assert desk.reason("ann@mail.com", now=now) == ("granted" if word == "yes" else "denied"), day
    assert [event.act for event in desk.ledger.history(desk.person("ann@mail.com"))] == ["deny", "grant", "deny", "grant"]  # fmt: skip


def test_a_yes_without_a_date_does_not_outlive_a_no_said_elsewhere(desk: Desk, vault: Vault) -> None:
    yes = [*SHOPIFY, "ann@mail.com,,yes,"]
    desk.take(yes)
    withdraw(
        desk.person("ann@mail.com"),
        channel="email",
        purposes=("marketing",),
        said=Said(source="one-click"),
        ledger=desk.ledger,
        vault=vault,
        now=NOW + DAY,
    )
    assert desk.take(yes, now=NOW + 2 * DAY)[0] == books(2, n_repeated=1, n_refused=1)
    assert desk.reason("ann@mail.com", now=NOW + 2 * DAY) == "withdrawn"
    other = [*KLAVIYO, "ann@mail.com,1,SUBSCRIBED"]
    assert desk.take(other, now=NOW + 3 * DAY)[1] == [(2, "Email Marketing Consent", "withdrawn_since")]


def test_a_no_said_of_the_whole_channel_counts_too(desk: Desk) -> None:
    desk.take([*SHOPIFY, "ann@mail.com,,no,"])
    person = desk.person("ann@mail.com")
    everything = Said(source="staff")
    withdraw(person, channel=ALL, purposes=("marketing",), said=everything, ledger=desk.ledger, vault=desk.vault, now=NOW + DAY)  # fmt: skip
    refusals = desk.take([*SHOPIFY, "ann@mail.com,,yes,"], now=NOW + 2 * DAY)[1]
    assert refusals[0] == (2, "Accepts Email Marketing", "withdrawn_since")


def test_a_dated_no_counts_against_an_undated_yes_that_was_loaded_after_it(desk: Desk) -> None:
    desk.take([*SHOPIFY, "ann@mail.com,,yes,"])
    assert desk.ledger.history(desk.person("ann@mail.com"))[0].at == UNDATED
    desk.take([*OWN, "ann@mail.com,withdrawn,2020-01-01,,"])
    assert desk.reason("ann@mail.com") == "withdrawn"


def test_dated_acts_count_by_their_dates(desk: Desk) -> None:
    desk.take([*OWN, "ann@mail.com,no,2026-03-01,,", "ann@mail.com,yes,2026-04-01 10:00,,"])
    desk.take([*OWN, "ann@mail.com,withdrawn,2026-03-15,,"])
    assert desk.reason("ann@mail.com") == "granted"
    assert desk.take([*OWN, "ann@mail.com,yes,2026-04-01 10:00,,"])[0] == books(1, n_repeated=1)


def test_a_no_without_a_date_is_of_the_day_of_the_export(desk: Desk) -> None:
    no = [*SHOPIFY, "ann@mail.com,,no,"]
    desk.take(no, exported_at=NOW - 5 * DAY)
    person = desk.person("ann@mail.com")
    grant(person, channel="email", purpose="marketing", said=Said(source="preference centre"), ledger=desk.ledger, now=NOW - 2 * DAY)  # fmt: skip
    assert desk.reason("ann@mail.com") == "granted"
    desk.take([*SHOPIFY, "ann@mail.com,,unsubscribed,"])  # exported who knows when: counts from now
    assert desk.reason("ann@mail.com") == "withdrawn"


def test_dates_that_cannot_be(desk: Desk) -> None:
    found, refusals = desk.take(
        [
            *OWN,
            "a@mail.com,yes,2026-06-02,,",  # tomorrow
            "b@mail.com,yes,2026-05-01,2026-04-30,",
            "c@mail.com,yes,2026-05-01,2026-05-20,",  # was good once
            "d@mail.com,withdrawn,2030-01-01,,",  # counts at once
        ]
    )
    assert found == books(4, n_recorded=2, n_refused=2)
    assert [(line, reason) for line, _, reason in refusals] == [(2, "from_the_future"), (3, "expired")]
    assert desk.reason("c@mail.com") == "expired"
    assert desk.reason("d@mail.com") == "withdrawn"
    assert desk.ledger.history(desk.person("d@mail.com"))[0].at == NOW


def test_a_new_end_is_news(desk: Desk) -> None:
    desk.take([*OWN, "ann@mail.com,yes,,2026-05-01,"])
    assert desk.reason("ann@mail.com") == "expired"
    assert desk.take([*OWN, "ann@mail.com,yes,,2027-05-01,"])[0] == books(1, n_recorded=1)
    assert desk.reason("ann@mail.com") == "granted"


def test_proofs_are_sealed_and_say_where_it_stands(desk: Desk) -> None:
    desk.take([*OWN, "ann@mail.com,yes,2026-01-01,,signed by ann@mail.com"])
    (event,) = desk.ledger.history(desk.person("ann@mail.com"))
    assert "ann" not in event.proof
    proof = revealed_proof(event.proof, vault=desk.vault)
    assert proof == "file.csv, line 2: email_consent = yes; signed by ann@mail.com"


def test_a_long_file_goes_in_batches(desk: Desk) -> None:
    n = 5_001  # one more than a batch
    lines = [*KLAVIYO, *(f"u{i}@mail.com,{i},{'SUBSCRIBED' if i % 2 else 'UNSUBSCRIBED'}" for i in range(n))]
    assert desk.take(lines)[0] == books(n, n_recorded=n)
    assert desk.take(lines, now=NOW + DAY)[0] == books(n, n_repeated=n)
    assert desk.reason("u5000@mail.com") == "withdrawn"
    assert desk.take([*KLAVIYO])[0] == books(0)

"""What campaigns work with: the parts of an open shop that planning, sending and measuring need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aimwell.base.clock import Clock
from aimwell.base.words import Language
from aimwell.portraits.model import TraitBook
from aimwell.portraits.segments.model import SegmentBook
from aimwell.portraits.service import shop_segments
from aimwell.predict.traits import known_traits
from aimwell.promote.campaigns.files import read_definition
from aimwell.promote.campaigns.model import Definition
from aimwell.promote.channels.model import Channel
from aimwell.promote.gate.gate import Gate
from aimwell.promote.outbox.model import Point
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import ChannelKind
from aimwell.trust.vault import MatchedKind, Vault

__all__ = ["Tools"]

_ADDRESSED: Mapping[str, MatchedKind] = {"email": "email", "sms": "phone"}


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The parts of an open shop that campaigns use.

    Attributes
    ----------
    folder
        Holds campaign files, templates and segments.
    name, currency, time_zone, country, language, margin_rate
        The shop's own.
    public_url
        Where the public pages are; None: nothing that needs consent can be sent.
    second_approver
        Whoever planned may not approve.
    channels
        By name.
    sleep
        Waits so many seconds.
    """

    folder: Path
    name: str
    currency: str
    time_zone: str
    country: str
    language: Language
    margin_rate: float
    public_url: str | None
    second_approver: bool
    lake: Lake
    database: Database
    vault: Vault
    ledger: ConsentLedger
    gate: Gate
    channels: Mapping[str, Channel]
    clock: Clock
    sleep: Callable[[float], None]

    def definition(self, name: str) -> Definition:
        """Return a campaign as its file says it."""
        return read_definition(self.folder, name, currency=self.currency, time_zone=self.time_zone)

    def traits(self) -> TraitBook:
        """Return built-in, predicted and own traits."""
        return known_traits(self.folder)

    def segments(self) -> SegmentBook:
        """Return built-in and own segments."""
        return shop_segments(folder=self.folder, book=self.traits())

    def points(self, person_ids: Sequence[int], kind: ChannelKind) -> Mapping[int, Sequence[Point]]:
        """Find addresses in the vault; channels of other kinds know people by their id, and need none."""
        wanted = _ADDRESSED.get(kind)
        if wanted is None:
            return {person_id: (Point(token="", address=""),) for person_id in person_ids}  # no password
        return {
            person_id: tuple(Point(token=one.token, address=one.value) for one in points)
            for person_id, points in self.vault.contact_points(person_ids, wanted).items()
        }

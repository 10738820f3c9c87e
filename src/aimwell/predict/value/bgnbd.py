"""BG/NBD: a customer may stop after each repeat purchase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from aimwell.predict.value.beta_geometric import BetaGeometric

__all__ = ["BGNBD"]


@dataclass(frozen=True, kw_only=True)
class BGNBD(BetaGeometric):
    """The BG/NBD model; who bought once is certainly still a customer.

    References
    ----------
    Fader, Hardie, Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2).
    """

    form: ClassVar[str] = "bgnbd"
    name: ClassVar[str] = "BG/NBD"
    extra: ClassVar[int] = 0

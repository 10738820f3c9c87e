"""MBG/NBD: a customer may stop after each purchase, the first one too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from aimwell.predict.value.beta_geometric import BetaGeometric

__all__ = ["MBGNBD"]


@dataclass(frozen=True, kw_only=True)
class MBGNBD(BetaGeometric):
    """The MBG/NBD model; who bought once may already be gone.

    References
    ----------
    Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for customer base
    analysis, International Journal of Research in Marketing 24(3). Hoppe, Wagner (2007), Customer base
    analysis: the case for a central variant of the Betageometric/NBD model, Marketing JRM 3(2).
    """

    form: ClassVar[str] = "mbgnbd"
    name: ClassVar[str] = "MBG/NBD"
    extra: ClassVar[int] = 1

"""Typed cells to orders, order lines and refunds. An order is stored whole or not at all.

All input rows with one order id are a *unit*: if one of them is unusable, the others wait with it in quarantine, so that
no total is ever half an order's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from babel.core import get_global
from babel.numbers import list_currencies

from aimwell.base.money import minor_units
from aimwell.intake.formats.model import LINE
from aimwell.intake.tables.numbers import NUMBER

__all__ = ["Terms", "row_fates", "unit_orders", "unit_rows", "units"]

"""Online Retail: a year of a UK gift shop (Chen, 2015; UCI Machine Learning Repository id 352, CC BY 4.0), read from the user's copy."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from aimwell.learn.demo.complete_journey import DemoDataMissing
from aimwell.learn.demo.model import Demo, DemoOffer

__all__ = ["online_retail"]

_OFFERS = (
    DemoOffer(
        offer_id="catalogue",
        name="Printed Christmas catalogue",
        channel="letter",
        contact_cost="1.20",
        incentive_cost="0",
    ),
    DemoOffer(
        offer_id="delivery", name="Free delivery", channel="mail", contact_cost="0.01", incentive_cost="4.50"
    ),
    DemoOffer(
        offer_id="voucher",
        name="10 pounds off",
        channel="mail",
        contact_cost="0.01",
        incentive_cost="10.00",
        stock=400,
    ),
)


def online_retail(path: Path | None) -> Demo:
    """Return the demo for a copy of the data set at `path`.

    Raises
    ------
    DemoDataMissing
        If there is no such file.
    """
    if path is None or not path.exists():
        raise DemoDataMissing(
            what=path or "--file", how="UCI Machine Learning Repository, data set 352; then --file PATH"
        )
    return Demo(
        name="Online Retail",
        currency="GBP",
        country="GB",
        time_zone="Europe/London",
        files=(path,),
        before_on=date(2011, 6, 1),
        as_of_on=date(2011, 9, 1),
        until_on=date(2011, 12, 1),
        campaign="Before Christmas",
        budget="4000.00",
        channels={"letter": 1500, "mail": 4000},
        offers=lambda _: _OFFERS,
    )

import numpy as np
import pytest

from aimwell.portraits.drift import stability_index, trait_drift


def test_nothing_moved():
    assert stability_index(np.array([10, 20, 30]), np.array([10, 20, 30])) == 0


def test_the_index_of_two_bins():
    # shares 60.5/101 and 40.5/101 after, 1/2 each before: (0.59901 - 0.5) ln(1.19802) + (0.40099 - 0.5) ln(0.80198)
    #   = 0.0990099 * (0.180669 + 0.220671) = 0.0397367
    assert stability_index(np.array([50, 50]), np.array([60, 40])) == pytest.approx(0.0397367, abs=1e-6)


def test_an_empty_bin_does_not_make_it_infinite():
    assert stability_index(np.array([0, 100]), np.array([50, 50])) < 10


def test_the_bin_whose_share_moved_most_is_named():
    drift = trait_drift("stage", {"aware": 50, "loyalty": 50}, {"aware": 20, "loyalty": 60, "new": 20})
    assert drift.mover == "aware"  # from 0.5 to 0.2; loyalty to 0.6, new to 0.2
    assert [(b.label, b.n_before, b.n_after) for b in drift.bins] == [
        ("aware", 50, 20),
        ("loyalty", 50, 60),
        ("new", 0, 20),
    ]

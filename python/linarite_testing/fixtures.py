"""Fixtures of pytest, found by it where this package is installed."""

from __future__ import annotations

from typing import Iterator

import pytest

from linarite_testing.service import Linarite


@pytest.fixture(scope="session")
def linarite() -> Iterator[Linarite]:
    """One service for all tests of a run."""
    with Linarite() as service:
        yield service


@pytest.fixture
def linarite_clock() -> Iterator[Linarite]:
    """A service of its own, with a clock that the test sets."""
    with Linarite(clock="virtual") as service:
        yield service

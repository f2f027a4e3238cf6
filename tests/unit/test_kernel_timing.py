"""Steps are timed where someone listens, nested, and also when they fail."""

from __future__ import annotations

import pytest

from services.kernel.timing import measured, step


def test_a_step_within_a_step_counts_in_both_and_is_named_after_both() -> None:
    with measured() as watch:
        for _ in range(2):
            with step("read"), step("draw"):
                pass
    assert set(watch.seconds) == {"read", "read.draw"}
    assert watch.seconds["read"] >= watch.seconds["read.draw"] > 0


def test_a_step_that_fails_is_timed_and_left() -> None:
    with measured() as watch:
        with pytest.raises(ValueError, match="spoilt"), step("read"):
            raise ValueError("spoilt")
        with step("index"):
            pass
    assert set(watch.seconds) == {"read", "index"}


def test_nobody_listening_is_no_error_and_listeners_do_not_mix() -> None:
    with step("before"):
        pass
    with measured() as first, measured() as second, step("read"):
        pass
    assert dict(first.seconds) == {}
    assert set(second.seconds) == {"read"}

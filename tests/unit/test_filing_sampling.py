"""The sample of a lot: big enough, the same again, and not to be guessed without its seed."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.filing.quality.sampling import draw

PAGES = st.sets(st.text(min_size=1, max_size=8), max_size=60)


@given(PAGES, st.floats(0, 1), st.text(max_size=8))
def test_at_least_the_share_and_never_more_than_a_page_over(pages, share, seed):
    drawn = draw(pages, share, seed)
    assert drawn <= pages
    assert share * len(pages) <= len(drawn) + 1e-9
    assert len(drawn) <= share * len(pages) + 1


@given(PAGES, st.text(max_size=8))
def test_the_same_seed_draws_the_same_in_any_order(pages, seed):
    assert draw(sorted(pages), 0.3, seed) == draw(sorted(pages, reverse=True), 0.3, seed)


def test_every_page_has_the_same_chance():
    pages = [f"item/{number}" for number in range(20)]
    seen = Counter(page for seed in range(4000) for page in draw(pages, 0.05, str(seed)))
    assert sum(seen.values()) == 4000
    # 200 expected each; six standard deviations of the binomial (13.8) leave a false alarm in a hundred million runs
    assert all(abs(seen[page] - 200) < 83 for page in pages)


def test_two_of_a_lot_of_thirty():
    assert len(draw([str(number) for number in range(30)], 0.05, "s")) == 2
    assert draw([], 0.05, "s") == frozenset()

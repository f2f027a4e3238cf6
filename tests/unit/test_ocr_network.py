"""Which sizes of pictures get a network of their own."""

from pathlib import Path

import numpy as np
import pytest

from services.ocr.engines import network

A4, LYING, CARD, RECEIPT = (1120, 800), (800, 1120), (640, 1024), (1120, 480)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The sizes that networks were compiled for, in order; one for any size says 0, the others their height."""
    sizes: list[tuple[int, ...]] = []

    def by_openvino(model: Path, size: tuple[int, ...] = (-1, -1)) -> network.Network:
        if size != (-1, -1):
            sizes.append(size)
        return lambda picture: np.array([max(size[0], 0)], np.float32)

    monkeypatch.setattr(network, "_by_openvino", by_openvino)
    return sizes


def test_a_size_that_comes_again_gets_its_own_and_keeps_it(compiled: list[tuple[int, ...]]) -> None:
    look = network.load_network(Path("model"), "openvino", tailored=True)
    said = [look(np.zeros(A4, np.uint8))[0] for _ in range(4)]
    assert said == [0, 1120, 1120, 1120]
    assert compiled == [A4]


def test_a_commoner_size_takes_the_place_of_the_rarest_and_the_two_never_take_turns(compiled: list[tuple[int, ...]]) -> None:
    look = network.load_network(Path("model"), "openvino", tailored=True)
    for size in [A4] * 9 + [LYING] * 3 + [CARD] * 6:
        look(np.zeros(size, np.uint8))
    assert compiled == [A4, LYING]
    for _ in range(6):
        look(np.zeros(CARD, np.uint8))
        look(np.zeros(LYING, np.uint8))
        look(np.zeros(RECEIPT, np.uint8))
    assert compiled == [A4, LYING, CARD]
    assert look(np.zeros(A4, np.uint8))[0] == 1120

"""Which sizes of pictures get a network of their own, and in how many bits a network computes."""

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


# ── in how many bits it computes ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("flags\t\t: fpu avx512_bf16 amx_bf16 amx_tile\n", True),
        ("flags\t\t: fpu avx512_bf16 avx512_fp16\nbugs\t\t: amx_bf16\n", False),
        ("Features\t: fp asimd bf16\n", True),
        (None, True),
    ],
)
def test_bfloat16_is_left_to_processors_that_multiply_it(tmp_path, monkeypatch, told, believed):
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told)
    monkeypatch.setattr(network, "_PROCESSOR", tmp_path / "cpuinfo")
    network.multiplies_bfloat16.cache_clear()
    try:
        assert network.multiplies_bfloat16() is believed
    finally:
        network.multiplies_bfloat16.cache_clear()

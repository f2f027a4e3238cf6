"""A batch's worth of documents leaves the engines' files: of many that were deleted among many that stay, spread over segments
that were merged in between, no file of the index holds two signs of any.

``MUNIMENT_TEST_GHOSTS=1000/10000`` says how many of how many; in the usual run few.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from services.kernel.pieces import pieces
from tests.cluster.test_index_cluster import _files_with, client
from tests.contract.test_search_index import found, item
from tests.indexes import endpoint, engine_index
from tests.sizes import size

DOOMED, WHOLE = (int(part) for part in size("GHOSTS", "60/300", "1000/10000").split("/"))
RARE = [chr(0x9000 + n) for n in range(0x280)]
PUT_AT_ONCE = 100

pytestmark = pytest.mark.timeout(7200)


@pytest.fixture(params=["elasticsearch", "opensearch"])
def where(request):
    return endpoint(request.param)


def test_case_04_no_segment_holds_what_was_deleted(where, tmp_path: Path):
    rng = random.Random(20261128)
    doomed = rng.sample(range(WHOLE), DOOMED)
    said = {number: "".join(rng.sample(RARE, 9)) for number in doomed}
    signs = sorted({han[at : at + 2] for han in said.values() for at in range(8)})
    patterns = tmp_path / "signs"
    patterns.write_text("\n".join(signs), "utf-8")
    with engine_index(where) as index:
        for some in pieces(range(WHOLE), PUT_AT_ONCE):
            index.put([item(number, f"收款收据 {said.get(number, '')} 第 {number} 号") for number in some])
        some = [number for number in doomed if rng.random() < 0.3]
        index.put([item(number, f"收款收据 {said[number]} 又读了一遍") for number in some])
        before = hits(where, patterns)
        assert len(before) > len(signs) / 2, "a search that finds little before proves nothing after"
        for some in pieces(doomed, 50):
            index.delete([f"i{number}" for number in some], expunge=False)
        index.expunge()
        assert hits(where, patterns) == set()
        assert index.residue([f"i{number}" for number in doomed]) == []
        assert index.count() == WHOLE - DOOMED and found(index, said[doomed[0]]) == []
    print(
        f"{where.engine}: {DOOMED} of {WHOLE}; {len(before)} of {len(signs)} pairs of signs lay in the files before, none after"
    )


def hits(where, patterns: Path) -> set[str]:
    """Which of the patterns lie in any file of the index."""
    client(where).request("POST", f"/{where.prefix}-items-*/_flush", seconds=60, force="true")
    files = _files_with(where, "")
    lying = subprocess.run(["grep", "-haoF", "-f", str(patterns), *files], capture_output=True, check=False).stdout
    return set(lying.decode("utf-8", "replace").split())

"""The seal over every object store: what is read is what was written, or an error."""

import errno
import hashlib
import os
import secrets
import tracemalloc

import pytest

from services.kernel.blobs.sealed import CHUNK, HEADER, MAGIC, OVERHEAD, SealedStore
from services.kernel.errors import IntegrityError

KEY = bytes(range(32))

# ── the seal, over every store ────────────────────────────────────────────────────────────────────────────────────────────

BORDERS = sorted({max(0, n * CHUNK + offset) for n in (0, 1, 2, 3) for offset in (-1, 0, 1)})


def content_of(size: int) -> bytes:
    return secrets.token_bytes(size)


@pytest.mark.parametrize("size", BORDERS)
def test_every_size_around_the_borders_of_chunks(sealed, bench, size):
    content = content_of(size)
    stored = sealed.put(KEY, content)
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert sealed.fetch(stored.name, KEY, sha256=stored.sha256) == content
    raw = bench.raw(stored.name)
    assert stored.stored_sha256 == hashlib.sha256(raw).hexdigest()
    chunks = max(1, -(-size // CHUNK))
    assert len(raw) == len(MAGIC) + HEADER + size + chunks * OVERHEAD


@pytest.mark.parametrize("piece", [1, 4095, 65536, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_the_pieces_of_writing_do_not_matter(sealed, piece):
    content = content_of(2 * CHUNK + 5) if piece > 1 else content_of(3000)
    writer = sealed.create(KEY)
    for start in range(0, len(content), piece):
        writer.write(content[start : start + piece])
    stored = writer.finish()
    assert sealed.fetch(stored.name, KEY, sha256=stored.sha256) == content


def test_nothing_of_the_content_is_in_the_raw_bytes(sealed, bench):
    words = "买受人张伟身份证号码11010519491231002X".encode()
    stored = sealed.put(KEY, words * 5000)
    raw = bench.raw(stored.name)
    pieces = {words[start : start + 6] for start in range(len(words) - 6)}
    assert not [piece for piece in pieces if piece in raw]
    twin = sealed.put(KEY, words * 5000)
    assert bench.raw(twin.name)[len(MAGIC) :] != raw[len(MAGIC) :], "equal contents look different"


SIZES = (0, 10, CHUNK, CHUNK + 10, 2 * CHUNK, 2 * CHUNK + 10)


def assert_refused(sealed: SealedStore, name: str, content: bytes, key: bytes = KEY) -> None:
    """Nothing but proven content may come out, and never all of it as if nothing were."""
    given = b""
    with pytest.raises(IntegrityError):
        for chunk in sealed.read(name, key):
            given += chunk
    assert content.startswith(given)
    assert not content or len(given) < len(content)


@pytest.mark.parametrize("size", SIZES)
def test_a_cut_tail_is_found_wherever_it_was_cut(sealed, bench, size):
    content = content_of(size)
    stored = sealed.put(KEY, content)
    raw = bench.raw(stored.name)
    start, whole = len(MAGIC) + HEADER, CHUNK + OVERHEAD
    cuts = {0, 1, start - 1, start, start + 1, start + OVERHEAD, start + whole, start + 2 * whole, len(raw) - 1}
    for length in sorted(cut for cut in cuts if cut < len(raw)):
        bench.tamper(stored.name, raw[:length])
        assert_refused(sealed, stored.name, content)


@pytest.mark.parametrize("size", SIZES)
def test_a_flipped_bit_is_found_wherever_it_is(sealed, bench, size):
    content = content_of(size)
    stored = sealed.put(KEY, content)
    raw = bench.raw(stored.name)
    places = {0, len(MAGIC), len(MAGIC) + HEADER - 1, len(MAGIC) + HEADER, len(raw) // 2, len(raw) - 1}
    for place in sorted(places):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << secrets.randbelow(8)
        bench.tamper(stored.name, bytes(flipped))
        assert_refused(sealed, stored.name, content)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("extra", [b"\0", b"x" * 17, b"x" * 100, bytes(CHUNK + OVERHEAD)], ids=len)
def test_an_appended_tail_is_found(sealed, bench, size, extra):
    content = content_of(size)
    stored = sealed.put(KEY, content)
    bench.tamper(stored.name, bench.raw(stored.name) + extra)
    assert_refused(sealed, stored.name, content)


def test_exchanged_repeated_and_dropped_chunks_are_found(sealed, bench):
    content = content_of(3 * CHUNK)
    stored = sealed.put(KEY, content)
    raw = bench.raw(stored.name)
    start, whole = len(MAGIC) + HEADER, CHUNK + OVERHEAD
    head, chunks = raw[:start], [raw[start + n * whole : start + (n + 1) * whole] for n in range(3)]
    for order in ((1, 0, 2), (0, 0, 1, 2), (0, 2), (2,), (0, 1, 1), (0, 1, 2, 2)):
        bench.tamper(stored.name, head + b"".join(chunks[number] for number in order))
        assert_refused(sealed, stored.name, content)


def test_two_exchanged_objects_are_found_though_under_one_key(sealed, bench):
    one, two = sealed.put(KEY, b"the lease"), sealed.put(KEY, b"the sale!")
    raw_one, raw_two = bench.raw(one.name), bench.raw(two.name)
    bench.tamper(one.name, raw_two)
    bench.tamper(two.name, raw_one)
    assert_refused(sealed, one.name, b"the lease")
    assert_refused(sealed, two.name, b"the sale!")


def test_another_key_opens_nothing(sealed):
    stored = sealed.put(KEY, b"content")
    assert_refused(sealed, stored.name, b"content", bytes(32))


@pytest.mark.parametrize("size", SIZES)
def test_content_that_is_not_what_was_catalogued_is_never_given_out_whole(sealed, size):
    content = content_of(size)
    stored, given = sealed.put(KEY, content), []
    with pytest.raises(IntegrityError, match="catalogued"):
        given.extend(sealed.read(stored.name, KEY, sha256="0" * 64))
    assert len(b"".join(given)) < max(1, len(content))


def test_a_failed_source_leaves_nothing(sealed, bench):
    class Broken:
        def read(self, size: int) -> bytes:
            raise OSError(errno.EIO, "gone")

    with pytest.raises(OSError, match="gone"):
        sealed.put(KEY, Broken())
    assert list(bench.store.names()) == []


def test_memory_stays_flat_however_large_the_object(sealed, bench):
    piece, count = os.urandom(CHUNK), 200
    tracemalloc.start()
    try:
        writer = sealed.create(KEY)
        for _ in range(count):
            writer.write(piece)
        stored = writer.finish()
        length = sum(len(chunk) for chunk in sealed.read(stored.name, KEY, sha256=stored.sha256))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == count * CHUNK
    assert peak < bench.memory * CHUNK, f"{peak / CHUNK:.1f} MiB"

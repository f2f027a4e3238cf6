"""A hostile file ends its child, not the archive."""

import contextlib
import io
import json
import os
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from services.kernel.errors import ParserFailed, ParserRefused
from services.kernel.sandbox import Limits, Sandbox, confine

pytestmark = pytest.mark.faults
GIB = 1 << 30
QUICK = Limits(wall_seconds=1.0)


@pytest.fixture
def sandbox():
    opened = []

    def make(limits=Limits(), **options):
        opened.append(Sandbox(limits, prefixes=("tests.",), **options))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def call(sandbox, function, source=None, **params):
    return sandbox.call(f"tests.faults.hostile:{function}", source or io.BytesIO(b"page"), **params)


def code_of(sandbox, function, **params):
    with pytest.raises(ParserFailed) as caught:
        call(sandbox, function, **params)
    return caught.value.code


def serves_again(sandbox):
    return call(sandbox, "honest").facts == {"text": "page"}


def living_in(group):
    found = []
    for process in psutil.process_iter(["status"]):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def await_the_end_of(group):
    while living_in(group):
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("function", "params", "code"),
    [
        ("spin", {}, "timeout"),
        ("spin_in_c", {}, "timeout"),
        ("allocate", {"gigabytes": 10}, "too_much_memory"),
        ("kill_nine", {}, "parser_crashed"),
        ("segfault", {}, "parser_crashed"),
        ("exit_politely", {}, "parser_crashed"),
        ("bug", {}, "parser_failed"),
        ("unspeakable", {}, "parser_failed"),
    ],
)
def test_what_a_child_does_ends_the_child_only(sandbox, function, params, code):
    parser = sandbox(QUICK)
    assert serves_again(parser)
    assert code_of(parser, function, **params) == code
    assert serves_again(parser)


def test_a_library_that_aborts_for_want_of_memory_is_told_from_a_crash(sandbox):
    parser = sandbox(Limits(address_space=GIB))
    assert code_of(parser, "eat_memory") == "too_much_memory"
    assert serves_again(parser)


def test_cpu_time_is_limited_for_a_call_and_not_for_the_child(sandbox):
    parser = sandbox(Limits(cpu_seconds=1))
    for _ in range(4):
        call(parser, "burn", seconds=0.4)
    assert code_of(parser, "burn", seconds=30) == "timeout"


def test_a_fork_bomb_is_bounded_and_swept_up(sandbox):
    parser = sandbox(Limits(processes=20))
    assert call(parser, "fork_bomb").facts["started"] <= 25
    group = parser._child._popen.pid
    assert len(living_in(group)) > 15
    parser.close()
    await_the_end_of(group)


def test_no_descendant_outlives_the_child(sandbox):
    parser = sandbox()
    assert call(parser, "escape_the_group").facts["errno"] != 0
    pid = call(parser, "leave_a_descendant").facts["pid"]
    group = parser._child._popen.pid
    assert pid in living_in(group)
    parser.close()
    await_the_end_of(group)


def test_no_network(sandbox):
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert call(sandbox(), "connect", port=server.getsockname()[1]).facts["reached"] is False


def test_no_kind_of_socket_reaches_anyone(sandbox, tmp_path):
    """Not the broker's unix socket either, which lies on the same machine."""
    path = str(tmp_path / "broker.sock")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        unix.listen()
        tmp_path.chmod(0o777)
        Path(path).chmod(0o777)
        parser = sandbox()
        opened = call(parser, "try_doors", path=path, port=server.getsockname()[1]).facts["opened"]
        assert not [each for each in opened if each.endswith("reached")]
        if "seccomp" in parser.level():
            assert opened == []


def test_ten_gigabytes_do_not_reach_the_disk(sandbox):
    most = 64 << 20
    parser = sandbox(Limits(file_size=most, answer_bytes=most // 2, facts_bytes=1 << 20))
    assert call(parser, "fill_the_disk", gigabytes=10).facts["written"] <= most
    assert serves_again(parser)


def test_no_credentials_are_in_sight(sandbox, tmp_path, monkeypatch):
    monkeypatch.setenv("MUNIMENT_MASTER_KEY", "k3y")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "k3y")
    secret = tmp_path / "master.key"
    secret.write_text("k3y")
    parser = sandbox()
    facts = call(parser, "look_around", secret=str(secret)).facts
    assert "k3y" not in json.dumps(facts["environment"])
    assert not [name for name in facts["environment"] if name.startswith(("MUNIMENT", "AWS"))]
    if "landlock" in parser.level():
        assert "k3y" not in json.dumps(facts)
        assert "secret_error" in facts and "parent_error" in facts


def test_nothing_is_written_outside_the_scratch_folder(sandbox, tmp_path):
    tmp_path.chmod(0o777)
    parser = sandbox()
    if "landlock" in parser.level():
        assert call(parser, "write_elsewhere", folder=str(tmp_path)).facts["errno"] != 0
        assert call(parser, "write_elsewhere", folder="/dev/shm").facts["errno"] != 0


def test_only_the_descriptors_of_the_call_are_open(sandbox):
    with tempfile.TemporaryFile() as held, socket.create_server(("127.0.0.1", 0)):
        os.set_inheritable(held.fileno(), True)
        assert len(call(sandbox(), "open_descriptors").facts["opened"]) == 6  # std*, parent, source, answer


def test_the_source_cannot_be_changed(sandbox):
    with tempfile.TemporaryFile() as source:
        source.write(b"master")
        source.seek(3)
        assert call(sandbox(), "overwrite", source).facts["errno"] != 0
        assert source.tell() == 3
        source.seek(0)
        assert source.read() == b"master"


def test_the_parent_cannot_be_killed(sandbox):
    parser = sandbox()
    if "own user" in parser.level() or "landlock" in parser.level():
        assert call(parser, "kill_parent").facts["errno"] != 0


@pytest.mark.parametrize(
    "lie",
    [
        {"answer": "{}", "header_bytes": 1 << 62},
        {"answer": "{}", "header_bytes": 0},
        {"answer": ""},
        {"answer": "not json"},
        {"answer": "[" * 50_000},
        {"answer": '{"facts": NaN, "blobs": []}'},
        {"answer": '{"facts": [], "blobs": []}'},
        {"answer": '{"facts": {}}'},
        {"answer": '{"facts": {}, "blobs": [-1, 1]}'},
        {"answer": '{"facts": {}, "blobs": [true]}'},
        {"answer": '{"facts": {}, "blobs": [1e3]}'},
        {"answer": '{"facts": {}, "blobs": [99999999999999999999]}'},
        {"answer": '{"facts": {}, "blobs": []}', "size": 4096},
        {"answer": '{"facts": {}, "blobs": []}', "size": 9},
        {"answer": '{"error": "x"}'},
        {"answer": '{"error": {"code": "../../etc", "detail": ""}}'},
        {"answer": '{"error": {"code": "encrypted", "detail": {}}}'},
        {"answer": "\xff\xfe"},
        {"answer": '{"facts": {}, "blobs": []}', "mapped": True},
        {"answer": '{"facts": {}, "blobs": []}', "reply": "many more bytes than a length has"},
        {"answer": '{"facts": {}, "blobs": [1610612736]}', "size": (1 << 30) + (1 << 29) + 36},
    ],
)
def test_a_lying_child_is_not_believed(sandbox, lie):
    parser = sandbox(QUICK)
    assert code_of(parser, "lie", **lie) == "nonsense"
    assert serves_again(parser)


def test_control_characters_of_a_refusal_do_not_reach_the_terminal(sandbox):
    answer = json.dumps({"error": {"refused": True, "code": "corrupt", "detail": "a\x1b[31mb" + "c" * 5000}})
    with pytest.raises(ParserRefused) as caught:
        call(sandbox(), "lie", answer=answer)
    assert caught.value.detail.startswith("a[31mbc") and len(caught.value.detail) <= 1000


def test_a_refusal_travels_and_leaves_the_child_warm(sandbox):
    parser = sandbox()
    with pytest.raises(ParserRefused) as caught:
        call(parser, "refuse", code="encrypted")
    assert (caught.value.code, type(caught.value)) == ("encrypted", ParserRefused)
    pid = parser._child._popen.pid
    assert serves_again(parser)
    assert parser._child._popen.pid == pid


@pytest.mark.parametrize("function", ["os:system", "services.kernel.errors:MunimentError", "tests.faults.hostile:_private"])
def test_only_listed_functions_are_called(sandbox, function):
    with pytest.raises(ParserFailed):
        sandbox().call(function, io.BytesIO(b""))


def test_a_child_is_recycled(sandbox):
    parser = sandbox(recycle_after=2)
    seen = []
    for _ in range(4):
        assert serves_again(parser)
        seen.append(parser._child._popen.pid)
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_a_child_killed_between_calls_is_replaced(sandbox):
    parser = sandbox()
    assert serves_again(parser)
    os.kill(parser._child._popen.pid, 9)
    time.sleep(0.1)
    assert serves_again(parser)


def test_the_child_outlives_the_thread_that_first_called(sandbox):
    parser = sandbox()
    first = threading.Thread(target=serves_again, args=(parser,))
    first.start()
    first.join()
    pid = parser._child._popen.pid
    time.sleep(0.1)
    assert serves_again(parser)
    assert parser._child._popen.pid == pid


def test_calls_from_many_threads_do_not_mix(sandbox):
    parser, wrong = sandbox(), []

    def ask(number):
        for _ in range(10):
            text = call(parser, "honest", io.BytesIO(str(number).encode())).facts["text"]
            wrong.extend([text] if text != str(number) else [])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_forked_worker_gets_a_child_of_its_own(sandbox):
    parser = sandbox()
    assert serves_again(parser)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if serves_again(parser) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert serves_again(parser)


def test_large_answers_come_whole_and_quickly(sandbox):
    parser = sandbox()
    serves_again(parser)
    started = time.process_time()
    for _ in range(5):
        (pixels,) = call(parser, "honest", blob_bytes=12_000_000).blobs
        assert len(pixels) == 12_000_000 and pixels[-1] == ord("x")
    assert (time.process_time() - started) / 5 < 0.1


def test_a_warm_call_costs_little(sandbox):
    parser = sandbox()
    serves_again(parser)
    started = time.process_time()
    for _ in range(50):
        serves_again(parser)
    assert (time.process_time() - started) / 50 < 0.02


def test_nothing_is_left_behind(sandbox, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parser = sandbox(QUICK)
    serves_again(parser)
    code_of(parser, "spin")
    serves_again(parser)
    parser.close()
    assert list(Path(tmp_path).iterdir()) == []


def test_the_level_is_told(sandbox):
    assert sandbox().level().startswith(("strong (", "weak ("))


def test_threads_that_proc_does_not_show_are_counted_as_the_kernel_does():
    """As in two containers that run under the same number: a limit of what one of them sees would let nothing start."""
    began, over, told = os.pipe(), os.pipe(), os.pipe()

    def crowd():
        for _ in range(50):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        os.write(began[1], b"x")
        os.read(over[0], 1)

    def count():
        os.read(began[0], 1)
        os.write(told[1], str(confine._threads_of_this_user()).encode())

    children = [_as_somebody(crowd), _as_somebody(count)]
    counted = int(os.read(told[0], 20))
    os.write(over[1], b"x")
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    assert 51 <= counted <= 53 if os.geteuid() == 0 else counted >= 51


def _as_somebody(act):
    """Forks; root becomes a user without other processes there, to whom limits apply."""
    pid = os.fork()
    if pid == 0:
        try:
            if os.geteuid() == 0:
                os.setresuid(64999, 64999, 64999)
            act()
        finally:
            os._exit(1 if sys.exc_info()[0] else 0)
    return pid

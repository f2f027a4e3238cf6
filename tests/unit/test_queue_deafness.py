"""Whether workers are deaf is judged by what they take on."""

from services.kernel.queue import jobs
from services.kernel.queue.deafness import Deafness
from services.kernel.queue.stages import Queue, Stage


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def job(database, key="one"):
    with database.write() as session:
        jobs.enqueue(session, Stage.INSPECT, key, {"file": key})


def looks(deafness, clock, seconds):
    """What each look of that many seconds, one a second, finds."""
    found = []
    for _ in range(seconds):
        clock.now += 1
        found.append(deafness.found())
    return found


def test_with_nothing_to_do_nobody_is_deaf(database):
    clock = Clock()
    assert not any(looks(Deafness(database, seconds=3, clock=clock), clock, 20))


def test_due_work_that_nobody_takes_means_deaf_and_the_count_begins_anew(database):
    clock = Clock()
    deafness = Deafness(database, seconds=3, clock=clock)
    job(database)
    assert looks(deafness, clock, 9) == [False, False, False, True, False, False, False, True, False]


def test_whoever_holds_a_lease_works_however_long(database):
    clock = Clock()
    deafness = Deafness(database, seconds=3, clock=clock)
    job(database, "one")
    job(database, "two")
    lease = jobs.claim(database, [Queue.READING], "host/1/1", seconds=100)
    assert not any(looks(deafness, clock, 20))
    lease.hand_back()
    assert looks(deafness, clock, 4) == [False, False, False, True]


def test_a_catalogue_that_is_away_tells_nothing(database):
    class Away:
        def read(self):
            raise OSError

    class Stop:
        def __init__(self, looks):
            self.left = looks

        def wait(self, seconds):
            self.left -= 1
            return self.left < 0

    class Deaf:
        def set(self):
            raise AssertionError("nobody may be called deaf")

    Deafness(Away(), seconds=-1).watch(Stop(5), Deaf())

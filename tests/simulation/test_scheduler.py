"""Tasks take turns by simulated time; what is killed does nothing more."""

from __future__ import annotations

from functools import partial

import pytest

from tests.simulation.scheduler import START, Endless, Killed, Process, Scheduler
from tests.simulation.stand_ins import Event, Lock, Pool, wait_for_one


def test_tasks_run_in_the_order_of_their_moments() -> None:
    scheduler, said = Scheduler(), list[str]()

    def after(seconds: float, word: str) -> None:
        scheduler.sleep(seconds)
        said.append(f"{word} {scheduler.now - START:g}")

    process = Process("one")
    for seconds, word in ((3, "late"), (1, "early"), (2, "between")):
        scheduler.start(process, word, partial(after, seconds, word))
    assert scheduler.run(lambda: len(said) == 3)
    assert said == ["early 1", "between 2", "late 3"]
    scheduler.close()


def test_a_killed_process_does_nothing_more_and_whoever_waits_for_it_goes_on() -> None:
    scheduler, done = Scheduler(), list[str]()
    victim, other = Process("victim"), Process("other")

    def work() -> None:
        try:
            scheduler.sleep(10)
            done.append("the victim worked")
        finally:
            scheduler.sleep(1)  # which it does not, being dead

    task = scheduler.start(victim, "work", work)

    def watch() -> None:
        scheduler.join(task)
        done.append("it is over")

    scheduler.start(other, "watch", watch)
    scheduler.start(other, "kill", lambda: scheduler.kill(victim), after=5)
    scheduler.run(lambda: bool(done))
    assert done == ["it is over"]
    scheduler.close()
    assert done == ["it is over"]


def test_who_kills_its_own_process_gets_no_further_than_its_next_wait() -> None:
    scheduler, done = Scheduler(), list[str]()
    process = Process("own")

    def work() -> None:
        scheduler.kill(process)
        done.append("so far")
        with pytest.raises(Killed):
            scheduler.sleep(0)

    scheduler.start(process, "work", work)
    scheduler.run(lambda: bool(done))
    assert done == ["so far"]
    scheduler.close()


def test_a_stalled_process_stands_still_while_others_go_on() -> None:
    scheduler, said = Scheduler(), list[str]()
    stalled, other = Process("stalled"), Process("other")
    stalled.asleep_until = START + 100
    scheduler.start(stalled, "stalled", lambda: said.append(f"stalled {scheduler.now - START:g}"))
    scheduler.start(other, "other", lambda: said.append(f"other {scheduler.now - START:g}"), after=50)
    scheduler.run(lambda: len(said) == 2)
    assert said == ["other 50", "stalled 100"]
    scheduler.close()


def test_what_goes_round_in_circles_is_ended() -> None:
    scheduler = Scheduler(most_turns=10)

    def circle() -> None:
        while True:
            scheduler.sleep(1)

    scheduler.start(Process("circle"), "circle", circle)
    with pytest.raises(Endless):
        scheduler.run(lambda: False)
    scheduler.close()


def test_an_error_of_what_has_to_work_is_raised() -> None:
    scheduler = Scheduler()
    scheduler.start(Process("sure", fallible=False), "work", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        scheduler.run(lambda: False)
    scheduler.close()


def test_locks_events_and_pools_let_others_run_meanwhile() -> None:
    scheduler, said = Scheduler(), list[str]()
    process, lock, event = Process("one"), Lock(scheduler), Event(scheduler)

    def work(seconds: float) -> float:
        scheduler.sleep(seconds)
        return seconds

    def holds() -> None:
        with lock:
            said.append("held")
            scheduler.sleep(5)
        event.set()

    def waits() -> None:
        with lock:
            said.append(f"got it at {scheduler.now - START:g}")
        event.wait()
        with Pool(scheduler) as pool:
            slow, quick = pool.submit(work, 9), pool.submit(work, 3)
            ended, left = wait_for_one({slow, quick})
            said.append(f"{len(ended)} ended, {len(left)} left, {quick.result():g} at {scheduler.now - START:g}")
        said.append(f"all at {scheduler.now - START:g}")

    scheduler.start(process, "holds", holds)
    scheduler.start(process, "waits", waits, after=1)
    scheduler.run(lambda: len(said) == 4)
    assert said == ["held", "got it at 5", "1 ended, 1 left, 3 at 8", "all at 14"]
    scheduler.close()

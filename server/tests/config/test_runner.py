# SPDX-License-Identifier: Apache-2.0
import threading
from datetime import timedelta
from inspect import signature

import pytest
from server.tests.conftest import MONDAY

from cairn_server.config.runner import LONGEST_PAUSE, Runner, Task, tasks_from


class Clock:
    def __init__(self):
        self.at = MONDAY

    def __call__(self):
        return self.at

    def forward(self, seconds):
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


def test_a_task_is_called_when_its_time_has_come(clock):
    calls = []
    runner = Runner([Task("t", lambda *, at: calls.append(at), every=10)], clock=clock)

    runner.run_due()
    clock.forward(9)
    runner.run_due()
    clock.forward(1)
    runner.run_due()

    assert calls == [MONDAY, MONDAY + timedelta(seconds=10)]


def test_a_task_that_fails_is_logged_and_tried_again_while_others_go_on(clock, caplog):
    calls = []

    def fails(*, at):
        calls.append("fails")
        raise RuntimeError("mail server is down")

    runner = Runner(
        [Task("bad", fails, every=1), Task("good", lambda *, at: calls.append("good"), every=1)], clock=clock
    )
    runner.run_due()
    assert calls == ["fails", "good"]
    assert "task bad failed 1 times" in caplog.text

    clock.forward(1)
    runner.run_due()
    assert calls == ["fails", "good", "good"]
    clock.forward(1)
    runner.run_due()
    assert calls.count("fails") == 2


def test_pauses_grow_but_no_task_is_given_up(clock):
    task = Task("bad", lambda *, at: 1 / 0, every=1)
    runner = Runner([task], clock=clock)
    for _ in range(40):
        clock.forward(LONGEST_PAUSE)
        runner.run_due()

    assert task.failures == 40
    assert task.next_at <= clock().timestamp() + LONGEST_PAUSE


def test_after_a_success_the_usual_interval_is_back(clock):
    broken = [True]

    def sometimes(*, at):
        if broken[0]:
            raise RuntimeError

    task = Task("t", sometimes, every=1)
    runner = Runner([task], clock=clock)
    runner.run_due()
    broken[0] = False
    clock.forward(10)
    runner.run_due()

    assert (task.failures, task.next_at) == (0, clock().timestamp() + 1)


@pytest.mark.django_db(transaction=True)
def test_stopping_lets_the_task_in_hand_finish():
    started, finish, done = threading.Event(), threading.Event(), []

    def slow(*, at):
        started.set()
        finish.wait(10)
        done.append(at)

    runner = Runner([Task("slow", slow, every=1)])
    runner.start()
    assert started.wait(10)
    assert runner.stop(timeout=0.05) is False

    finish.set()
    assert runner.stop(timeout=10) is True
    assert len(done) == 1


def test_every_task_of_the_settings_can_be_found(settings):
    names = [task.name for task in tasks_from(settings.PERIODIC_TASKS)]

    assert len(names) == len(set(names)) == len(settings.PERIODIC_TASKS)
    for task in tasks_from(settings.PERIODIC_TASKS):
        signature(task.run).bind(at=MONDAY)

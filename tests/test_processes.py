"""Processes: how many may work at once, and how they are interrupted."""

import os
import signal
import subprocess
import sys

import pytest

from onlstm_parse.processes import cores, interrupt


def test_cores_are_those_of_this_process(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert cores() == 3


def test_cores_of_a_system_that_binds_no_process(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_is_that_of_the_keyboard():
    code = "import time\nprint('here', flush=True)\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"here\n"
    interrupt(process)
    assert b"KeyboardInterrupt" in process.communicate()[1]
    assert process.returncode == -signal.SIGINT
    interrupt(process)  # it has ended: nothing happens


def test_a_system_without_the_signal(monkeypatch):
    def refuse(process, number):
        raise ValueError(f"Unsupported signal: {number}")

    monkeypatch.setattr(subprocess.Popen, "send_signal", refuse)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        interrupt(process)
    assert process.returncode == 0

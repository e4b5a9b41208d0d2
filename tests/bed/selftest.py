"""The bed's tests of itself: a driver that misses a failure, or leaves a host behind, would make every scenario a lie."""

import functools
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from . import cargo, driver_tests, page_tests, paths, programs, progress, scenario, slot as slots, suite, switch_tests, template
from .host import host

_parts = None


def run(arguments):
    """Runs them, and prints their count."""
    global _parts
    _parts = template.load(arguments.template) if arguments.template else template.build(helpers=False)
    _parts.helpers = None
    modules = (sys.modules[__name__], driver_tests, page_tests, switch_tests)
    tests = unittest.TestSuite(map(unittest.defaultTestLoader.loadTestsFromModule, modules))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


class TheDriver(unittest.TestCase):
    """One bare host for all of these."""

    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(host(_parts, out=io.StringIO()))
        cls.host.start()

    def test_boots_without_a_failed_unit(self):
        self.assertEqual(self.host.execute("systemctl is-system-running --wait")[1].strip(), "running")

    def test_says_what_a_failed_command_printed(self):
        with self.assertRaisesRegex(AssertionError, r"(?s)exit code 3.*output:\nout\nerrors:\nerr"):
            self.host.succeed("echo out; echo err >&2; exit 3")

    def test_does_not_take_an_unexpected_success_for_a_failure(self):
        with self.assertRaisesRegex(AssertionError, "unexpectedly succeeded"):
            self.host.fail("true")

    def test_shows_the_journal_of_the_unit_that_failed(self):
        self.host.fail("systemd-run --unit=broken --property=Type=oneshot bash -c 'echo the reason; exit 1'")
        self.addCleanup(self.host.execute, "systemctl reset-failed")
        with self.assertRaisesRegex(AssertionError, r"(?s)reached state failed.*the reason"):
            self.host.wait_for_unit("broken.service")

    def test_does_not_wait_for_a_unit_that_nothing_starts(self):
        with self.assertRaisesRegex(AssertionError, "no pending jobs"):
            self.host.wait_for_unit("apt-daily.service")

    def test_gives_up_when_the_time_is_over(self):
        with self.assertRaisesRegex(AssertionError, "did not succeed within 1 s"):
            self.host.wait_until_succeeds("sleep 0.2; false", timeout=1)

    def test_a_pipe_fails_with_its_first_part(self):
        self.host.fail("false | true")

    def test_the_same_root_comes_back_after_a_reboot_and_after_a_power_cut(self):
        self.host.crash()
        self.host.start(allow_reboot=True)
        self.host.succeed("echo kept > /var/lib/kept && sync")
        self.host.reboot()
        self.assertEqual(self.host.succeed("cat /var/lib/kept"), "kept\n")
        self.host.crash()
        self.assertEqual(self.host.succeed("cat /var/lib/kept"), "kept\n")

    def test_a_host_that_was_not_started_for_it_is_not_rebooted(self):
        self.host.crash()
        self.host.start()
        with self.assertRaisesRegex(AssertionError, "started without allow_reboot=True: a VM would end here"):
            self.host.reboot()
        self.assertTrue(self.host.is_up())

    def test_what_is_not_waited_for_goes_on_by_itself(self):
        until_told = "until test -e /run/go-on; do sleep 0.1; done; touch /run/later"
        self.assertEqual(self.host.execute(until_told, check_output=False), (-2, ""))
        self.host.fail("test -e /run/later")
        self.host.succeed("touch /run/go-on")
        self.host.wait_for_file("/run/later", timeout=10)

    def test_demands_the_state_of_a_unit(self):
        self.host.require_unit_state("docker.service")
        with self.assertRaisesRegex(AssertionError, "is inactive, and should be active"):
            self.host.require_unit_state("apt-daily.service")

    def test_copies_from_the_machine_that_runs_the_tests(self):
        self.host.copy_from_host(__file__, "/tmp/deep/er/copy.py")
        self.assertEqual(self.host.succeed("cat /tmp/deep/er/copy.py"), Path(__file__).read_text())


class AScenario(unittest.TestCase):
    """What a scenario finds on its host, and what one that fails says."""

    def test_finds_the_programs_that_a_vm_has_and_no_others(self):
        machine = self.enterContext(host(_parts, out=io.StringIO()))
        programs.restrict(machine.container)
        machine.wait_until_succeeds("systemctl is-system-running --wait", timeout=60)
        self.assertIn("docker", machine.succeed("awk 1 /dev/null; sh -c true; findmnt / > /dev/null; command -v docker"))
        machine.succeed("systemd-run --quiet --wait --setenv=PATH sh -c 'jq --version'")
        for program in ("git", "restic", "htpasswd", "haproxy"):
            self.assertEqual(machine.execute(f"{program} --version")[0], 127, program)

    def test_names_the_subtest_and_the_line(self):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write("with subtest('planted'):\n    assert 1 == 2, 'one is not two'\n")
            file.flush()
            with self.assertRaisesRegex(scenario.ScenarioFailed, r"(?s)planted.*one is not two.*\.py:2"):
                scenario.play(Path(file.name), mock.Mock(), out=io.StringIO())


class AnInterrupt(unittest.TestCase):
    """Whatever ends a run, nothing of its host is left."""

    def test_ctrl_c_leaves_nothing(self):
        self.interrupt(signal.SIGINT, swept=False)

    def test_being_asked_to_end_leaves_nothing(self):
        self.interrupt(signal.SIGTERM, swept=False)

    def test_kill_9_leaves_no_process_and_no_mount_and_the_next_start_sweeps_the_rest(self):
        self.interrupt(signal.SIGKILL, swept=True)

    def interrupt(self, number, *, swept):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file, tempfile.NamedTemporaryFile() as saved:
            file.write("host.wait_for_unit('docker.service')\nhost.succeed('sleep 1000')\n")
            file.flush()
            _parts.save(Path(saved.name))
            command = [sys.executable, paths.BED, "run", "--bare", "--template", saved.name, file.name]
            # A run in the background of a script ignores SIGINT, and hands that down.
            heeds = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
            runner = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=heeds)
            self.addCleanup(runner.kill)
            record = self.wait_for(lambda: next(_hosts_of(runner.pid), None))
            zone = f"hb{record['slot']}"
            self.wait_for(lambda: b"sleep\x001000" in _command_lines(), "the scenario's command runs")
            self.assertTrue(_traces(zone), "what this test looks for is there before the interrupt")
            runner.send_signal(number)
            runner.wait(20)
            self.wait_for(lambda: not _processes(zone), "no process is left")
            if swept:
                self.assertGreaterEqual(slots.sweep(), 1)
            self.assertEqual(_traces(zone), [])

    def wait_for(self, condition, what="the host is up", seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.1)
        self.fail(f"not within {seconds} s: {what}")


def _hosts_of(pid):
    return (record for record in slots.claimed() if record["owner"] == pid and "leader" in record)


def _processes(zone):
    """Processes that name the host in their command line, or live in its control groups."""
    found = [pid for pid, line in _each_command_line() if f"{zone}-host".encode() in line]
    for parent in slots.cgroup_parents():
        for file in (parent / f"hearth-bed-{zone}").rglob("cgroup.procs"):
            found += file.read_text().split()
    return found


def _traces(zone):
    """Everything of a host that can be seen from outside."""
    traces = [f"process {pid}" for pid in _processes(zone)]
    places = [paths.HOSTS / zone, Path(f"/sys/class/net/vz-{zone}"), slots.paths.CLAIMS / f"{zone}.json"]
    places += [parent / f"hearth-bed-{zone}" for parent in slots.cgroup_parents()]
    traces += [str(place) for place in places if place.exists()]
    traces += [line for line in Path("/proc/mounts").read_text().splitlines() if str(paths.HOSTS / zone) in line]
    return traces


def _command_lines():
    return b"\n".join(line for _, line in _each_command_line())


def _each_command_line():
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                yield folder.name, (folder / "cmdline").read_bytes()
            except OSError:
                continue


class TheReport(unittest.TestCase):
    """What is read of a check that failed."""

    def test_the_reason_comes_before_what_led_to_it(self):
        told = suite.story("step\n" * 100 + "FAILED: alerts\nno answer\nat alerts.py:4\n")
        self.assertEqual(told[:3], ["no answer", "at alerts.py:4", "before it:"])
        self.assertEqual(told[3:], ["step"] * 58)

    def test_of_another_log_the_end_is_told(self):
        self.assertEqual(suite.story("old\n" * 100 + "error\n")[-2:], ["old", "error"])


class TheProgress(unittest.TestCase):
    """Nobody waits before a silent screen."""

    def setUp(self):
        self.out, self.now = io.StringIO(), 0
        self.progress = progress.Progress(self.out, clock=lambda: self.now)
        self.progress.stopped.set()

    def lines_after(self, seconds):
        self.out.truncate(self.out.seek(0))
        self.now += seconds
        self.progress.tell_if_silent()
        return self.out.getvalue().splitlines()

    def test_what_runs_is_told_when_nothing_else_is(self):
        with self.progress.step("deploys"), self.progress.step("clippy"):
            self.assertEqual(self.lines_after(29), [])
            self.assertEqual(self.lines_after(1), ["  ..      deploys (30 s), clippy (30 s)"])
            self.assertEqual(self.lines_after(29), [])
        self.assertEqual(self.lines_after(60), [])

    def test_news_of_a_step_are_told_sooner(self):
        count = cargo.Count(3, self.progress.noter("helpers"))
        with self.progress.step("helpers"):
            for crate in ("a", "a", "b"):
                count.line(f'{{"reason": "compiler-artifact", "package_id": "{crate}"}}')
            count.line('{"reason": "build-finished"}')
            self.assertEqual(self.lines_after(9), [])
            self.assertEqual(self.lines_after(1), ["  ..      helpers (10 s, 2 of 3 crates)"])
            self.assertEqual(self.lines_after(10), [])

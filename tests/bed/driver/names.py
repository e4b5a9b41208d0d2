# The names that the driver puts into a test script, for the type check: it stands in front of each scenario there.
from collections.abc import Callable
from contextlib import AbstractContextManager
from unittest import TestCase

import test_driver
from test_driver import QemuMachine

retry = test_driver.retry
start_all: Callable[[], None]
join_all: Callable[[], None]
subtest: Callable[[str], AbstractContextManager[None]]
serial_stdout_off: Callable[[], None]
serial_stdout_on: Callable[[], None]
t: TestCase
machine: QemuMachine
host: QemuMachine

"""The methods of the NixOS test driver that are about units."""

import shlex
import time


class Units:
    """What a machine says of its units. It has `execute`, `nested` and `_failure`."""

    def systemctl(self, q, user=None):
        """Runs systemctl, or a user's `systemctl --user`."""
        if user is None:
            return self.execute(f"systemctl {q}")
        command = f"XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user {q}"
        return self.execute(f"su -l {user} --shell /bin/sh -c {shlex.quote(command)}")

    def start_job(self, jobname, user=None):
        """Starts a unit."""
        return self.systemctl(f"start {jobname}", user)

    def stop_job(self, jobname, user=None):
        """Stops a unit."""
        return self.systemctl(f"stop {jobname}", user)

    def get_unit_info(self, unit, user=None):
        """All properties of a unit."""
        status, lines = self.systemctl(f"--no-pager show '{unit}'", user)
        if status != 0:
            raise self._failure(f"unit `{unit}` cannot be shown", unit, lines)
        return dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)

    def get_unit_property(self, unit, property, user=None):
        """One property of a unit."""
        status, lines = self.systemctl(f"--no-pager show '{unit}' --property='{property}' --value", user)
        if status != 0:
            raise self._failure(f"property `{property}` of unit `{unit}` cannot be shown", unit, lines)
        return lines.rstrip("\n")

    def require_unit_state(self, unit, require_state="active"):
        """Demands that a unit is in a state."""
        state = self.get_unit_property(unit, "ActiveState")
        if state != require_state:
            raise self._failure(f"unit `{unit}` is {state}, and should be {require_state}", unit)

    def wait_for_unit(self, unit, user=None, timeout=900):
        """Waits until a unit is active; a unit that failed, or that nothing will start, is an error at once."""
        with self.nested(f"waiting for unit {unit}"):
            deadline = time.monotonic() + timeout
            while True:
                state = self.get_unit_info(unit, user).get("ActiveState")
                if state == "active":
                    return
                if state == "failed":
                    raise self._failure(f"unit `{unit}` reached state failed", unit)
                if state == "inactive" and "No jobs" in self.systemctl("list-jobs --full 2>&1", user)[1]:
                    if self.get_unit_info(unit, user).get("ActiveState") == state:
                        raise self._failure(f"unit `{unit}` is inactive and there are no pending jobs", unit)
                if time.monotonic() > deadline:
                    raise self._failure(f"unit `{unit}` is still {state} after {timeout} s", unit)
                time.sleep(0.2)

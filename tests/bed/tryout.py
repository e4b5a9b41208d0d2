"""tests/try: the main job, shown."""

import shutil
import time

from . import example, paths, slot as slots, template, visit
from .host import host
from .progress import Progress
from .units import Watch

_RULE = "-" * 78


def run(arguments):
    """Runs it, or cleans up."""
    if arguments.clean:
        return clean()
    start = time.monotonic()
    progress = Progress()
    progress.say("Building what is missing\n")
    parts = template.build(progress)
    with host(parts, keep=arguments.keep, out=_Silent()) as machine:
        good = _show(progress, machine)
        progress.say(f"\n{_RULE}\n{'All of it holds' if good else 'NOT all of it holds'}: "
                     f"{time.monotonic() - start:.0f} s from the start")  # fmt: skip
        if arguments.keep:
            _say_how_to_enter(progress, machine)
    return 0 if good else 1


def clean():
    """Removes the hosts that were left up, and the cache."""
    for record in (record for record in slots.claimed() if record.get("kept")):
        slots.stop(record)
        print(f"stopped hb{record['slot']}")
    slots.sweep()
    shutil.rmtree(paths.CACHE, ignore_errors=True)
    print(f"removed {paths.CACHE}")
    return 0


def _show(progress, machine):
    """The story. Returns whether everything in it ended well."""
    progress.say("\nBooting a Debian host; it reconciles itself, as a NixOS host does\n")
    with progress.step("boot"):
        machine.start(allow_reboot=True)
    first = _watch(progress, machine, since_boot=True)
    _table(progress, "First run", first)
    good = all(run.good for run in first)
    good &= _requests(progress, machine)

    progress.say("\nA second run, with nothing changed\n")
    watch = Watch(machine)
    machine.execute("systemctl start hearth.target")
    second = list(watch.runs())
    _table(progress, "Second run", second, milliseconds=True)
    good &= all(run.outcome == "unchanged" for run in second)

    progress.say("\nA service removed by hand\n")
    service = f"{example.manifests()['hello']['stack']}_app"
    machine.execute(f"docker service rm {service}")
    with progress.step(f"`docker service rm {service}`; the drift timer's unit finds it and heals it"):
        machine.execute("systemctl start hearth-drift.service")
        # The removed task goes on answering for a while.
        good &= _runs(machine, service) and _answers(machine, "hello.example.org", seconds=60)

    progress.say("\nA reboot\n")
    with progress.step("down and up again"):
        machine.reboot()
    with progress.step("everything serves, without a person"):
        good &= all(run.good for run in Watch(machine, since_boot=True).runs())
        good &= all(_answers(machine, domain, seconds=60) for domain in example.domains())
    return good & _requests(progress, machine)


def _watch(progress, machine, since_boot):
    runs = []
    start = time.monotonic()
    for run in Watch(machine, since_boot=since_boot).runs():
        runs.append(run)
        progress.say(f"{time.monotonic() - start:6.1f} s  {run.unit}: {run.outcome}")
    return runs


def _table(progress, title, runs, milliseconds=False):
    unit = "ms" if milliseconds else "seconds"
    lines = [f"\n{title:<36}{'outcome':<14}{unit:>8}", _RULE]
    for run in sorted(runs, key=lambda run: run.unit):
        figure = f"{run.seconds * 1000:.0f}" if milliseconds else f"{run.seconds:.1f}"
        summary = "" if milliseconds and run.good else f"  {run.summary}"
        lines.append(f"{run.unit:<36}{run.outcome:<14}{figure:>8}{summary}"[:200])
    progress.say("\n".join(lines))


def _requests(progress, machine):
    """The requests of a visitor, and whether all were answered."""
    progress.say("\nRequests over verified TLS\n")
    good = True
    for domain in example.domains():
        try:
            status, page, protocol = visit.get(machine.container.address, domain)
            progress.say(f"  GET https://{domain}/  {status}  {protocol}, certificate verified: “{visit.title(page)}”")
            good &= status == 200
        except OSError as error:
            progress.say(f"  GET https://{domain}/  {error}")
            good = False
    password = machine.execute("cat /run/hearth/secrets/miniflux_admin_password")[1]
    try:
        status, _, _ = visit.get(machine.container.address, "feeds.example.org", "/v1/me", user="admin", password=password)
        progress.say(f"  GET https://feeds.example.org/v1/me  {status}  with the password from the sops file")
        return good and status == 200
    except OSError as error:
        progress.say(f"  GET https://feeds.example.org/v1/me  {error}")
        return False


def _runs(machine, service, seconds=60):
    look = f'docker service ps --filter desired-state=running --format "{{{{.CurrentState}}}}" {service}'
    return machine.execute(f"timeout {seconds} sh -c 'until {look} | grep --quiet ^Running; do sleep 0.2; done'")[0] == 0


def _answers(machine, domain, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if visit.get(machine.container.address, domain)[0] == 200:
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def _say_how_to_enter(progress, machine):
    zone, address = machine.container.slot.zone, machine.container.address
    names = " ".join(example.domains())
    progress.say(f"""
The host stays up.
  a shell in it:  python3 tests/bed enter {zone}
  in a browser:   add this line to /etc/hosts of the machine with the browser
                      {address} {names}
                  and trust {example.CA.relative_to(paths.REPO)}; on another machine, first forward the port:
                      ssh -L 443:{address}:443 THIS-MACHINE, with 127.0.0.1 in the line above
                  Miniflux's user is admin, its password:
                      python3 tests/bed enter {zone} cat /run/hearth/secrets/miniflux_admin_password
  remove it all:  tests/try --clean""")


class _Silent:
    """Swallows the driver's log: here the steps are told in other words."""

    def write(self, text):
        """Drops it."""

    def flush(self):
        """Nothing to do."""

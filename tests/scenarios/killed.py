# A helper that is killed at any point of an update, a rollback or a restore: the next run ends it well, and no row is
# lost. The host loses its power after one of them, too; with --long after each.

import re

APPS = {"hello": "hello.example.org"}
UNIT = "hearth-app-hello.service"
QUICK = '.gate.convergeSeconds = 8 | .gate.healthySeconds = 0 | .gate.restartLimit = 1 | .environment.HELLO_DRAIN_SECONDS = "0"'

wait_until_serving()


def count():
    host.wait_until_succeeds(https("hello.example.org"), timeout=30)
    return int(get("hello.example.org", "/count"))


def settled(version):
    """Two runs later the app has this version, and nothing is left to do."""
    _, first = reconcile(UNIT)
    _, second = reconcile(UNIT)
    outcome = receipt("apps/hello")["outcome"]
    assert "nothing differs" in second or "failed before" in second, (outcome, first, second)
    host.wait_until_succeeds(f"{https('hello.example.org')} | grep -q 'hello {version}'", timeout=30)
    host.succeed("test ! -e /var/lib/hearth/apps/hello/journal.json")


def reconcile_killed(point):
    kill_at(UNIT, point)
    _, said = reconcile(UNIT)
    kill_at(UNIT, 0)
    return said


# Every point with --long; else every sixth.
STEP = 1 if LONG else 6


SNAPSHOT = """
    writing journal.json, stopping hello_example_org_app, everything stopped, TakeLeftoversRemoved, TakeVolumeWritten,
    TakeSynced, TakeVerified, writing stack.yml, writing snapshot.json, TakeManifestWritten, TakeRenamed,
    writing last-good.json, TakePointerMoved, writing journal.json, telling the swarm what to run,
"""
STOPPED, STAGED = "stopping hello_example_org_app, everything stopped,", "RestoreLeftoversRemoved, RestoreStaged,"
EXCHANGED = """writing restoring.json,
    RestoreIntentWritten, RestoreExchanged, RestoreOldRemoved, removing restoring.json, RestoreIntentRemoved,
"""
# What each of them is made of, in this order. Whoever adds a step sees this fail, and lists it.
STEPS = {
    "update": f"""writing declared.json, {SNAPSHOT} the gate which held, smoke and page audit, writing compose, writing deployed.json,
        removing journal.json, writing receipt, writing last.json""",
    "rollback": f"""writing declared.json, {SNAPSHOT} the gate which did not hold, writing journal.json, {STOPPED} {STAGED} {EXCHANGED} restoring the volumes,
        writing journal.json, telling the swarm what to run, the gate which held, writing failed.json,
        writing deployed.json, removing journal.json, writing receipt, writing last.json""",
    "restore": f"{STAGED} {STOPPED} {EXCHANGED} starting hello_example_org_app, writing receipt, writing last.json",
}


def steps(said):
    """What a run says that it did, without what differs from run to run; each write once, and not what retention removed."""
    done = [line.split(": after ", 1)[1] for line in said.splitlines() if line.startswith("passed point") and ": after " in line]
    names = [re.sub(r"\S*/", "", name).replace(",", "") for name in done if "Prune" not in name]
    return [re.sub(r"compose-.*", "compose", re.sub(r"\d{6}-.*", "receipt", name)) for name in names]


def enumerate_steps(name, said):
    """A run that was not killed tells every point that it passes: these, and no others."""
    listed = [step.strip() for step in STEPS[name].split(",") if step.strip()]
    assert steps(said) == listed, f"{name}: steps were added or are gone\nlisted: {listed}\nthere:  {steps(said)}"


def every_point(name, begin, version, run=reconcile_killed, restored=None):
    """Kills at one point after the other until a run passes them all; returns their names."""
    points: list[str] = []
    while True:
        get("hello.example.org", "/count", "--request POST")
        written = count()
        begin(len(points))
        said = run(len(points) * STEP + 1)
        killed = [line for line in said.splitlines() if line.startswith("killed at point")]
        if not killed:
            enumerate_steps(name, said)
            break
        points.append(killed[0].split(": ", 1)[1])
        if LONG or len(points) == 3:
            host.crash()
            host.start()
            # A unit that rolled back has failed, and the boot is over all the same.
            host.wait_until_succeeds("(systemctl is-system-running --wait || true) | grep -E 'running|degraded'", timeout=300)
        settled(version(len(points) - 1))
        assert count() in (written, restored), f"{points[-1]}: {written} were counted, {count()} are there"
    print(f"{name}: killed at {len(points)} points, {STEP} apart, and survived {len(points)}")
    return points


def update_to(number):
    declare("hello", f'.environment.APP_VERSION = "{good_version(number)}" | {QUICK}')


def good_version(number):
    return ("1.1.0", "1.0.0")[number % 2]


def to_ruin(number):
    """A version that damages the data before it fails, another each time: none may be known to have failed."""
    declare("hello", f'.environment = (.environment + {{APP_VERSION: "1.2.0-ruins", ATTEMPT: "{number}"}}) | {QUICK}')


with subtest("killed at every point of an update, it ends with the new version and all the data"):
    declare("hello", QUICK)
    reconcile(UNIT)
    assert len(every_point("update", update_to, good_version)) * STEP > 30

current = "1.0.0" if "hello 1.0.0" in get("hello.example.org") else "1.1.0"

with subtest("killed at every point of a rollback, it ends with the old version and all the data"):
    assert len(every_point("rollback", to_ruin, lambda _: current)) * STEP > 40

with subtest("killed at every point of a restore, it ends with all of the data of then, or all that came later"):
    declare("hello", f'.environment.APP_VERSION = "{current}" | {QUICK}')
    reconcile(UNIT)
    command = "snapshot-volumes /etc/hearth/apps/hello.json"
    host.succeed(f"{command} take || test $? = 10")
    then = count()
    last_good = json.loads(host.succeed(f"{command} --json list"))["lastGood"]

    def restore(point):
        return host.execute(f"HEARTH_TEST_KILL_AT={point} {command} restore {last_good} 2>&1")[1]

    assert len(every_point("restore", lambda _: None, lambda _: current, restore, then)) * STEP > 15
    assert count() == then

with subtest("this would have failed without the journal: a run that has lost it keeps the damage"):
    to_ruin("planted")
    # Far enough for the data to be damaged, and not yet put back.
    host.succeed(f"systemctl start --no-block {UNIT}")
    volume = host.succeed("docker volume inspect hello_example_org_data --format '{{.Mountpoint}}'").strip()
    host.wait_until_succeeds(f"grep 'half migrated' {volume}/count", timeout=60)
    host.succeed(f"systemctl kill --signal=KILL {UNIT}; rm /var/lib/hearth/apps/hello/journal.json")
    reconcile(UNIT)
    host.fail(https("hello.example.org", "/count"))

# A helper that is killed at any point of an update or of a rollback: the next run ends it well, and no row is lost.

UNIT = "hearth-app-hello.service"
DROP_IN = f"/run/systemd/system/{UNIT}.d/kill.conf"
QUICK = '.gate.convergeSeconds = 8 | .gate.healthySeconds = 0 | .gate.restartLimit = 1 | .environment.HELLO_DRAIN_SECONDS = "0"'

wait_until_serving()


def kill_at(point):
    """Has the unit's next runs kill themselves at a point; 0 takes that back."""
    host.succeed(f"mkdir -p $(dirname {DROP_IN}) && echo '[Service]\nEnvironment=HEARTH_TEST_KILL_AT={point}' > {DROP_IN}")
    if not point:
        host.succeed(f"rm {DROP_IN}")
    host.succeed("systemctl daemon-reload")


def count():
    host.wait_until_succeeds(https("hello.example.org"), timeout=30)
    return int(get("hello.example.org", "/count"))


def settled(version):
    """Two runs later the app has this version, and nothing is left to do."""
    _, first = reconcile(UNIT)
    _, second = reconcile(UNIT)
    outcome = receipt("apps/hello")["outcome"]
    assert "nothing differs" in second or "failed before" in second, (outcome, first, second)
    assert f"hello {version}" in get("hello.example.org"), first
    host.succeed("test ! -e /var/lib/hearth/apps/hello/journal.json")


# Every point with --long, and then with a power cut after each; else every fourth.
STEP = 1 if LONG else 4


def every_point(name, begin, version):
    """Kills at one point after the other until a run passes them all; returns their names."""
    points = []
    while True:
        get("hello.example.org", "/count", "--request POST")
        written = count()
        begin(len(points))
        kill_at(len(points) * STEP + 1)
        _, said = reconcile(UNIT)
        kill_at(0)
        killed = [line for line in said.splitlines() if line.startswith("killed at point")]
        if not killed:
            break
        points.append(killed[0].split(": ", 1)[1])
        if LONG:
            host.crash()
            wait_until_serving()
        settled(version(len(points) - 1))
        assert count() == written, f"{points[-1]}: {written} were counted, {count()} are there"
    print(f"{name}: killed at {len(points)} points, {STEP} apart, and survived {len(points)}")
    assert len(points) * STEP > 30, points
    return points


def update_to(number):
    declare("hello", f'.environment.APP_VERSION = "{good_version(number)}" | {QUICK}')


def good_version(number):
    return ("1.1.0", "1.0.0")[number % 2]


with subtest("killed at every point of an update, it ends with the new version and all the data"):
    declare("hello", QUICK)
    reconcile(UNIT)
    points = every_point("update", update_to, good_version)

with subtest("killed at every point of a rollback, it ends with the old version and all the data"):
    current = "1.0.0" if "hello 1.0.0" in get("hello.example.org") else "1.1.0"

    def to_bad(number):
        declare("hello", f'.environment = (.environment + {{APP_VERSION: "1.2.0-exits", ATTEMPT: "{number}"}}) | {QUICK}')

    points = every_point("rollback", to_bad, lambda _: current)

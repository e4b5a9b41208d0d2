# It is proved that snapshots can be restored, beside the live app, which answers throughout.
APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
DRILL = "hearth-drill-miniflux.service"
MANIFEST = "/etc/hearth/apps/miniflux.json"
ASKING = https("feeds.example.org", "/healthcheck", "--output /dev/null")


def drilled():
    """The last drill of Miniflux."""
    return receipt("apps/miniflux/drill")


def left():
    """Everything on the host that belongs to a drill."""
    filtered = "--filter label=hearth.drill"
    return host.succeed(
        f"docker service ls --quiet {filtered}; docker volume ls --quiet {filtered}; docker network ls --quiet {filtered};"
        f" docker ps --all --quiet --filter name=drill_"
    ).split()


def asked():
    """How many requests the live app answered since it was asked first, and how many not."""
    good, bad = (host.execute(f"cat /run/{name} 2>/dev/null | wc -l")[1].strip() for name in ("answered", "missed"))
    return int(good), int(bad)


def probe(command):
    """Declares what a restored Miniflux is asked; with a gate that is quick."""
    words = json.dumps({"service": "db", "command": command, "seconds": 60}).replace("'", "'\\''")
    return declare("miniflux", f".gate.healthySeconds = 1 | .snapshot.drill.probe = {words}")


def drill(good=True):
    """Holds one with its unit; returns its receipt."""
    succeeded, said = reconcile(DRILL)
    assert succeeded == good, said
    assert left() == [], left()
    return drilled()


wait_until_serving()
sink()
ROWS = "psql --username=miniflux --tuples-only --command='SELECT count(*) FROM planted' miniflux | grep -w 2"
DATABASE = host.succeed("docker ps --quiet --filter name=feeds_example_org_db").strip()
host.succeed(
    f"docker exec {DATABASE} psql --username=miniflux --command='CREATE TABLE planted AS SELECT generate_series(1, 2)' miniflux"
)
probe(["sh", "-c", ROWS])

with subtest("without a snapshot nothing is proved, and that is a failed unit"):
    good, said = reconcile(DRILL)
    assert not good and "has no verified snapshot yet" in said, said

host.succeed(f"snapshot-volumes {MANIFEST} take > /run/taken || test $? = 10")
SNAPSHOT = json.loads(host.succeed(f"snapshot-volumes --json {MANIFEST} list"))["lastGood"]
host.wait_until_succeeds(ASKING, timeout=60)
BEFORE = services()
in_background(
    "asking",
    "sh -c"
    f" 'while true; do if {ASKING}; then echo >> /run/answered; else echo >> /run/missed; fi; sleep 0.1; done'",
)

with subtest("a drill of a database proves the restore, and leaves nothing but the proof"):
    story = drill()
    assert story["outcome"] == "changed" and SNAPSHOT in story["summary"], story
    assert [step["name"] for step in story["steps"]] == ["unpack", "start and gate", "probe"], story
    assert story["found"]["lastProved"]["snapshot"] == SNAPSHOT, story
    assert "its restore was proved" in host.succeed("hearth snapshots miniflux")
    assert f"of {SNAPSHOT}" in host.execute("hearth status")[1]
    looked("metrics")
    host.succeed("grep '^hearth_last_proved_restore_timestamp_seconds{name=\"miniflux\"} 1' /var/lib/hearth/metrics/hearth.prom")
    proved = story["found"]["lastProved"]

with subtest("what is started for it is reached by nothing and reaches nothing"):
    take_back = probe(["sleep", "30"])
    host.succeed(f"systemctl start --no-block {DRILL}")
    running = "docker ps --quiet --filter name=drill_miniflux_db --filter health=healthy"
    host.wait_until_succeeds(f"{running} | grep .", timeout=120)
    container = host.succeed(running).strip()
    routes = host.succeed(f"docker exec {container} cat /proc/net/route")
    assert not any(line.split()[1] == "00000000" for line in routes.splitlines()[1:]), routes
    for name in ("drill_miniflux_app", "drill_miniflux_db"):
        (service,) = json.loads(host.succeed(f"docker service inspect {name}"))
        labels = service["Spec"]["Labels"]
        assert "hearth.app" not in labels and not any("traefik" in label for label in labels), labels
        assert "Ports" not in service["Spec"].get("EndpointSpec", {}), service["Spec"]
    proxy = host.succeed("docker network inspect proxy --format '{{.Id}}'").strip()
    assert proxy not in json.dumps(service["Spec"]), service["Spec"]
    for volume in host.succeed("docker volume ls --quiet --filter label=hearth.drill").split():
        assert volume.startswith("drill_miniflux_"), volume

with subtest("killed there, its unit itself removes what it left"):
    host.succeed(f"systemctl kill --kill-whom=main --signal=KILL {DRILL}")
    host.wait_until_succeeds(f"test $(systemctl show --property=ActiveState --value {DRILL}) = failed", timeout=120)
    assert left() == [], left()
    take_back()

with subtest("killed at any point without its unit, the next drill removes what it left, and proves"):
    points, step = 0, 1 if LONG else 4
    for point in range(1, 100, step):
        status, said = host.execute(f"HEARTH_TEST_KILL_AT={point} hearth drill miniflux {SNAPSHOT[:6]} 2>&1")
        if "killed at point" not in said:
            assert status == 10, said
            break
        points += 1
    assert points * step > 10 and left() == [], (points, left())
    print(f"killed at {points} points, and nothing was left")
    assert drilled()["found"]["lastProved"]["at"] > proved["at"]

with subtest("a probe that finds other data than it should fails the unit and is told"):
    arrived = len(alerts())
    take_back = probe(["sh", "-c", ROWS.replace("2", "3")])
    story = drill(good=False)
    assert "what was restored is not what it should be" in story["summary"], story
    assert story["found"]["lastProved"]["snapshot"] == SNAPSHOT, story
    events = alerts(arrived + 1)
    assert told(events)[-1] == ("problem", "snapshots of app miniflux", "drill-failed"), told(events)
    take_back()
    drill()
    assert told(alerts(arrived + 2))[-1][0] == "resolved", told(alerts())

with subtest("a drill over a broken snapshot fails and is told, and the last proof stays what it was"):
    proved = drilled()["found"]["lastProved"]
    arrived = len(alerts())
    archive = f"/var/lib/hearth/snapshots/miniflux/{SNAPSHOT}/0.tar.zst"
    host.succeed(f"cp {archive} /var/tmp/whole && printf x | dd of={archive} bs=1 seek=5000 conv=notrunc status=none")
    story = drill(good=False)
    assert "is not proved, the live app was not touched" in story["summary"], story
    assert story["found"]["lastProved"] == proved, story
    assert told(alerts(arrived + 1))[-1][0] == "problem", told(alerts())
    host.succeed(f"cp /var/tmp/whole {archive}")

with subtest("the live app answered every request throughout, and nobody changed it"):
    host.succeed("systemctl stop asking.service")
    good, bad = asked()
    print(f"{good} requests were answered, {bad} were not")
    assert bad == 0 and good > 50, (good, bad)
    assert services() == BEFORE

with subtest("what is left can be removed by hand"):
    host.execute(f"HEARTH_TEST_KILL_AT=2 drill-restore {MANIFEST} 2>&1")
    assert left() != []
    host.succeed("drill-restore --clear /etc/hearth/apps")
    assert left() == [], left()

with subtest("a drill that a power cut ends is removed when the host is up again"):
    host.execute(f"HEARTH_TEST_KILL_AT=4 drill-restore {MANIFEST} 2>&1")
    assert left() != []
    host.crash()
    wait_until_serving()
    host.wait_until_succeeds("test -z \"$(docker volume ls --quiet --filter label=hearth.drill)\"", timeout=60)
    assert left() == [], left()

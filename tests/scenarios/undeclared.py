# An app that leaves the flake is stopped after a final snapshot, and comes back with its data. A typo costs nobody an app: a
# renamed app and a changed domain wait for a person. An app that is declared stopped is no fault. Removal asks first.
APPS = {"hello": "hello.example.org"}
LOOK, UNIT = "hearth-undeclared.service", "hearth-app-hello.service"
QUICK = '.gate.convergeSeconds = 60 | .gate.healthySeconds = 0 | .environment.HELLO_DRAIN_SECONDS = "0"'
VOLUME = "docker volume inspect hello_example_org_data"
# Every point with --long; else every sixth.
STEP = 1 if LONG else 6

wait_until_serving()
sink()
# What says which certificates to trust leaves with the app.
SERVED, COUNT = https("hello.example.org"), https("hello.example.org", "/count")


def count():
    host.wait_until_succeeds(SERVED, timeout=60)
    return int(host.succeed(COUNT))


def tasks(stack="hello_example_org"):
    """How many tasks its service has and should have, as `1/1`; nothing where there is none."""
    return host.succeed(f"docker service ls --filter name={stack}_app --format '{{{{.Replicas}}}}'").strip()


def snapshots():
    return json.loads(host.succeed("snapshot-volumes /var/lib/hearth/apps/hello/declared.json --json list"))


def look():
    """One look at what left the flake; returns its receipt."""
    reconcile(LOOK)
    return receipt("undeclared")


def comes_back(take_back, counted):
    """Declared again, it serves with its data."""
    take_back()
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "changed", receipt("apps/hello")
    assert count() == counted
    host.succeed("test ! -e /var/lib/hearth/apps/hello/undeclared.json")
    assert look()["outcome"] == "unchanged"


declare("hello", QUICK)
assert reconcile(UNIT)[0]
get("hello.example.org", "/count", "--request POST")
get("hello.example.org", "/count", "--request POST")
assert count() == 2

with subtest("while every app is declared, a look changes nothing and says nothing"):
    before = services()
    assert look()["outcome"] == "unchanged", receipt("undeclared")
    assert services() == before and alerts() == []

with subtest("an app that left the flake is stopped after a final snapshot; its route goes, its data stays, and it is told"):
    again = undeclare("hello")
    ended = look()
    assert ended["outcome"] == "changed", ended
    [left] = ended["found"]["undeclared"]
    assert (left["app"], left["standing"]) == ("hello", "stopped"), left
    assert tasks() == "0/0"
    assert snapshots()["lastGood"] == left["snapshot"]
    host.succeed(VOLUME)
    host.wait_until_succeeds(f"! {SERVED}", timeout=60)
    assert told(alerts(1)) == [("problem", "app hello", "undeclared")], alerts()

with subtest("it is told once, and listed until somebody decides"):
    before = services()
    ended = look()
    assert ended["outcome"] == "held" and "hello (stopped)" in ended["summary"], ended
    assert services() == before and len(alerts()) == 1
    status, said = host.execute("hearth status")
    assert status == 20 and "not in the flake; its data is kept, and in snapshot" in said, said
    assert 'hearth_app_undeclared{name="hello"} 1' in host.succeed("hearth metrics")

with subtest("declared again, it serves with its data, and that is told"):
    comes_back(again, 2)
    assert told(alerts(2))[1:] == [("resolved", "app hello", "undeclared")], alerts()

with subtest("killed at any point of stopping it, the next look ends it well; and so does declaring it again"):
    points = 0
    while True:
        again = undeclare("hello")
        kill_at(LOOK, points * STEP + 1)
        _, said = reconcile(LOOK)
        kill_at(LOOK, 0)
        if "killed at point" not in said:
            break
        points += 1
        if points % 2:
            look()
            assert tasks() == "0/0", said
            record = json.loads(host.succeed("cat /var/lib/hearth/apps/hello/undeclared.json"))
            assert record["snapshot"] in [one["id"] for one in snapshots()["snapshots"]], (said, record)
            assert snapshots()["lastGood"] == record["snapshot"], (said, record)
        again()
        reconcile(UNIT)
        assert receipt("apps/hello")["outcome"] in ("changed", "unchanged"), (said, receipt("apps/hello"))
        assert count() == 2
    print(f"killed at {points} points of stopping an app, {STEP} apart")
    assert points * STEP > 12, said
    comes_back(again, 2)

with subtest("what an older Hearth deployed is not stopped without a snapshot, and says what to do"):
    host.succeed("rm /var/lib/hearth/apps/hello/declared.json")
    again = undeclare("hello")
    ended = look()
    assert ended["outcome"] == "held" and "an older Hearth deployed it" in ended["found"]["undeclared"][0]["reason"], ended
    assert tasks() == "1/1" and count() == 2
    again()
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "unchanged", receipt("apps/hello")

with subtest("with hearth.undeclared = keep it runs on"):
    again = undeclare("hello", '.policy = "keep"')
    ended = look()
    assert ended["outcome"] == "held" and ended["found"]["undeclared"][0]["standing"] == "running", ended
    assert tasks() == "1/1" and count() == 2
    again()
    reconcile(UNIT)
    assert look()["outcome"] == "unchanged"

with subtest("a mistyped name takes the app from nobody"):
    again = undeclare("hello", '.apps.helo = {stack: "hello_example_org", enabled: true}')
    renamed = '.name = "helo" | .stateFolder = "/var/lib/hearth/apps/helo"'
    host.succeed(f"jq '{renamed}' /var/lib/undeclared-hello.json > /etc/hearth/apps/helo.json")
    before = services()
    look()
    status, said = host.execute("reconcile-app /etc/hearth/apps/helo.json 2>&1")
    assert status == 20 and "has the services and data of `hello`" in said, said
    assert services() == before and count() == 2
    assert "its stack is that of `helo` now" in host.execute("hearth status")[1]
    host.succeed("rm -r /etc/hearth/apps/helo.json /var/lib/hearth/apps/helo")
    again()
    reconcile(UNIT)
    assert look()["outcome"] == "unchanged"

with subtest("a changed domain, which names another stack, is held, and the app serves on"):
    before = services()
    declare("hello", f'{QUICK} | .stack = "helo_example_org" | .environment.LOUD = "1"')
    good, said = reconcile(UNIT)
    ended = receipt("apps/hello")
    assert good and ended["outcome"] == "held" and 'stack = "hello_example_org"' in ended["summary"], ended
    assert services() == before and count() == 2
    host.succeed("reconcile-app --all /etc/hearth/apps | grep 'hello: hold: stack helo_example_org would begin empty'")

with subtest("accepted, the app begins empty, and the data of the old stack stays"):
    host.succeed("hearth accept hello helo_example_org --yes")
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "changed", receipt("apps/hello")
    assert (tasks("hello_example_org"), tasks("helo_example_org")) == ("", "1/1")
    assert count() == 0
    host.succeed(VOLUME)
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "unchanged", receipt("apps/hello")

with subtest("and back to the old stack, to the data that it had"):
    declare("hello", QUICK)
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "held", receipt("apps/hello")
    host.succeed("hearth accept hello hello_example_org --yes")
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "changed" and count() == 2, receipt("apps/hello")

with subtest("declared stopped, nothing of it runs, and that is no fault"):
    alerts_before = len(alerts())
    declare("hello", f'{QUICK} | .state = "stopped"')
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "changed" and tasks() == "0/0", receipt("apps/hello")
    before = services()
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "unchanged", receipt("apps/hello")
    host.succeed("reconcile-app --all /etc/hearth/apps | grep 'hello: unchanged'")
    assert services() == before and len(alerts()) == alerts_before
    status, said = host.execute("hearth status")
    assert status == 0 and "declared stopped" in said, said

with subtest("a snapshot of it is taken once, and starts nothing; who deploys it hears that it is stopped"):
    take = "snapshot-volumes /etc/hearth/apps/hello.json take"
    host.succeed(f"{take} || test $? = 10")
    newest = snapshots()["snapshots"][-1]["id"]
    assert f"nothing has run since snapshot {newest}" in host.succeed(take)
    status, said = host.execute("hearth deploy hello 1.1.0 2>&1")
    assert status == 20 and "declared stopped" in said, said
    assert tasks() == "0/0"

with subtest("declared running again, the same version comes up with its data"):
    declare("hello", QUICK)
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "changed", receipt("apps/hello")
    assert "hello 1.0.0" in get("hello.example.org") and count() == 2

with subtest("what is declared is not removed, and nothing is removed without a word"):
    assert "is declared; nothing was removed" in host.fail("hearth remove hello --yes 2>&1")
    again = undeclare("hello")
    look()
    said = host.fail("hearth remove hello < /dev/null 2>&1")
    assert "keep volumes, with all data in them: hello_example_org_data" in said and "say --yes" in said, said
    assert tasks() == "0/0"

with subtest("removed, nothing but its data is left; declared again it has that"):
    status, said = host.execute("hearth remove hello --yes 2>&1")
    assert status == 10, said
    host.succeed(VOLUME, "test ! -e /var/lib/hearth/apps/hello", "test -e /var/lib/hearth/snapshots/hello/last-good.json")
    host.succeed("test -z \"$(docker secret ls -q --filter label=hearth.app=hello)\"")
    assert tasks() == "" and look()["outcome"] == "unchanged"
    comes_back(again, 2)

with subtest("killed at any point of removing it with its data, the same command goes on, until nothing is left"):
    command = "reconcile-app --undeclared --remove hello --with-data /etc/hearth/undeclared.json 2>&1"
    points = 0
    while True:
        again = undeclare("hello")
        look()
        _, said = host.execute(f"HEARTH_TEST_KILL_AT={points * STEP + 1} {command}")
        killed = "killed at point" in said
        if killed:
            host.execute("hearth remove hello --with-data --yes || true")
        host.fail(VOLUME)
        host.succeed("test ! -e /var/lib/hearth/apps/hello && test ! -e /var/lib/hearth/snapshots/hello")
        assert tasks() == "" and look()["outcome"] == "unchanged", said
        again()
        reconcile(UNIT)
        assert count() == 0
        if not killed:
            break
        points += 1
    print(f"killed at {points} points of removing an app, {STEP} apart")
    assert points > 1, said

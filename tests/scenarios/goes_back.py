# A person goes back to the version before, with its data, and forward again; killed at any point, one of the two serves.
APPS = {"hello": "hello.example.org"}
UNIT = "hearth-app-hello.service"
QUICK = '.gate.convergeSeconds = 60 | .gate.healthySeconds = 1 | .environment.HELLO_DRAIN_SECONDS = "0"'


def hello():
    """The version of hello that answers, and how far its counter is."""
    host.wait_until_succeeds(https("hello.example.org"), timeout=30)
    version = get("hello.example.org").split("<h1>hello ")[1].split("<")[0]
    return version, int(get("hello.example.org", "/count"))


def count_one():
    get("hello.example.org", "/count", "--request POST")


def health_checks():
    return host.succeed("docker service inspect hello_example_org_app --format '{{json .Spec.TaskTemplate.ContainerSpec.Healthcheck}}'").strip()


wait_until_serving()

with subtest("an update, and a person who goes back: the version before serves, with the data that it had"):
    declare("hello", QUICK)
    assert reconcile(UNIT)[0]
    checks = health_checks()
    hello()
    count_one()
    declare("hello", f'.environment.APP_VERSION = "1.1.0" | {QUICK}')
    assert reconcile(UNIT)[0]
    hello()
    count_one()
    assert hello() == ("1.1.0", 2)
    said = host.fail("hearth rollback hello < /dev/null 2>&1")
    assert "back to" in said and "say --yes" in said, said
    status, said = host.execute("hearth rollback hello --yes 2>&1")
    assert status == 10 and "serves again with its data" in said, said
    assert hello() == ("1.0.0", 1)
    assert health_checks() == checks != "null"

with subtest("the next run does not take what was gone back from: it is held, and status says so"):
    since = services()
    for _ in range(2):
        good, said = reconcile(UNIT)
        assert good and receipt("apps/hello")["outcome"] == "held", said
    assert services() == since
    status, said = host.execute("hearth status")
    assert status == 20 and "hearth accept hello 0.1.0+1.0.0" in said, said
    host.succeed("docker service rm hello_example_org_app")
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "held", receipt("apps/hello")
    assert hello() == ("1.0.0", 1)

with subtest("and forward again, to the data that it had then"):
    status, said = host.execute("hearth rollback hello --yes 2>&1")
    assert status == 10, said
    assert hello() == ("1.1.0", 2)
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "unchanged", receipt("apps/hello")

with subtest("accepted, it is taken again, with the data of now"):
    host.succeed("hearth rollback hello --yes > /run/back 2>&1 || test $? = 10")
    assert hello() == ("1.0.0", 1)
    host.succeed("hearth accept hello 0.1.0+1.0.0 --yes")
    reconcile(UNIT)
    assert receipt("apps/hello")["outcome"] == "changed", receipt("apps/hello")
    assert hello() == ("1.1.0", 1)

with subtest("killed at any point of going back, the next run ends it well: there or here, with that data"):
    count_one()
    count_one()
    ends = {("1.1.0", 3): 0, ("1.0.0", 1): 0}
    points = 0
    while True:
        back = host.succeed("hearth snapshots hello --json")
        here = json.loads(host.succeed("cat /var/lib/hearth/apps/hello/deployed.json"))["digest"]
        to = next(one["id"] for one in json.loads(back) if one["digest"] != here)
        point = points * (1 if LONG else 5) + 1
        _, said = host.execute(f"HEARTH_TEST_KILL_AT={point} reconcile-app --back-to {to} /etc/hearth/apps/hello.json 2>&1")
        if "killed at point" not in said:
            break
        points += 1
        reconcile(UNIT)
        host.succeed("test ! -e /var/lib/hearth/apps/hello/journal.json")
        assert hello() in ends, (said, hello())
        ends[hello()] += 1
        if hello() == ("1.0.0", 1):
            host.succeed("hearth rollback hello --yes > /run/back 2>&1 || test $? = 10")
        assert hello() == ("1.1.0", 3), said
    print(f"killed at {points} points of going back: {ends}")
    assert points > 5, said

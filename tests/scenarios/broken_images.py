# A version that cannot run: the failure has a name, the log's end is told, and the old version never stops serving.

APPS = {"hello": "hello.example.org"}
UNIT = "hearth-app-hello.service"
# Stopped for a snapshot, an app is away for a moment; what is looked at here is that nothing else takes it away.
RUNS_ON = '.snapshot.mode = "none"'

wait_until_serving()
host.succeed(f"systemctl start {UNIT}")
get("hello.example.org", "/count", "--request POST")

# Asks ten times a second from now on, and writes a line for each request that was lost.
in_background(
    "visitor",
    "bash -c 'while sleep 0.1; do echo asked >> /run/asked;"
    f" {https('hello.example.org')} > /dev/null 2>> /run/lost || echo \"$(date +%T.%N)\" >> /run/lost; done'",
)


def broken(version, *words):
    """Declares a version that cannot run."""
    take_back = declare("hello", f'{RUNS_ON} | .environment.APP_VERSION = "{version}" | .gate.convergeSeconds = 60')
    good, said = reconcile(UNIT)
    assert not good, f"it counts as a success:\n{said}"
    missing = [word for word in words if word not in said]
    assert not missing, f"not said: {missing}\nsaid:\n{said}"
    assert "hello 1.0.0" in get("hello.example.org")
    assert host.get_unit_property(UNIT, "ActiveState") == "failed"
    assert receipt("apps/hello")["outcome"] in ("failed", "rolled-back", "rolledBack"), receipt("apps/hello")
    take_back()
    good, said = reconcile(UNIT)
    assert good, said


with subtest("an image that cannot be pulled"):
    broken("9.9.9", "cannot be pulled", "9.9.9", "nothing was deployed")

with subtest("an image that exits at once"):
    broken("1.2.0-exits", "crash-looping", "exits at start, as told")

with subtest("an image that never gets healthy"):
    # The swarm would end it before the gate does, and take that for a start that went well: the old task would go.
    serving = host.succeed("docker ps --quiet --filter name=hello_example_org_app")
    broken("1.2.0-unhealthy", "unhealthy")
    assert host.succeed("docker ps --quiet --filter name=hello_example_org_app") == serving

with subtest("a good version after them goes through"):
    declare("hello", f'{RUNS_ON} | .environment.APP_VERSION = "1.1.0"')
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "changed", said
    assert "hello 1.1.0" in get("hello.example.org")

with subtest("no visitor noticed any of it"):
    host.succeed("systemctl stop visitor")
    asked = int(host.succeed("wc -l < /run/asked"))
    lost = host.succeed("cat /run/lost")
    assert asked > 100, asked
    assert lost == "", f"{len(lost.splitlines())} lines about lost requests of {asked}:\n{lost[-2000:]}"
    assert int(get("hello.example.org", "/count")) == 1

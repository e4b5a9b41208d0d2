# How long it takes until it is told that a new version crash-loops: from the start of the deploy to the line of the journal
# that says so; and to the end of the unit, which has failed by then, with the old version serving again. Rival: the same
# change of the same stack by `docker stack deploy`, with the recipe's own settings, and with `--detach=false`, without which
# it says nothing of what comes.

UNIT = "hearth-app-hello.service"
STACK = "hello_example_org"
# No snapshot, which the rival does not take either.
PLAIN = '.snapshot.mode = "none" | .environment.HELLO_DRAIN_SECONDS = "0"'
PATIENCE = 180
# What the recipe says; Hearth deploys it with others.
OWN = '{failure_action: "rollback", order: "start-first"}'
CASES = {"1.2.0-exits": "exits at once", "1.2.0-crashes": "is healthy, and crashes after 5 s"}

wait_until_serving()
# They are here before anything is measured.
host.succeed(*(f"docker --config /run/hearth/docker pull --quiet localhost:5000/hello:{version}" for version in CASES))


def seconds(command):
    """How long a command takes, what it ends with, and its last words."""
    script = f"begun=$(date +%s%N); timeout {PATIENCE} {command} > /run/said 2>&1 || status=$?; echo $(( $(date +%s%N) - begun )) ${{status:-0}}"
    nanoseconds, status = host.succeed(script).split()
    return int(nanoseconds) / 1e9, int(status), host.succeed("grep -v '^$' /run/said | tail -n 1 || true").strip()


def until_told(begun):
    """How long after that moment, in microseconds of the clock, the unit's journal first says that it crash-loops."""
    line = 'select((.MESSAGE | tostring | contains("crash-looping")) and (.__REALTIME_TIMESTAMP | tonumber) > ' + f"{begun})"
    journal = f"journalctl --sync; journalctl --output=json --unit={UNIT} --since=-10min"
    times = host.succeed(f"{journal} | jq --raw-output '{line} | .__REALTIME_TIMESTAMP'").split()
    assert times, "the journal does not say so"
    return (int(times[0]) - begun) / 1e6


def settled():
    """The good version serves, and nothing of it is under way."""
    declare("hello", PLAIN)
    good, said = reconcile(UNIT)
    assert good, said
    host.wait_until_succeeds(f"{https('hello.example.org')} | grep 'hello 1.0.0'", timeout=60)


for version, what in CASES.items():
    with subtest(f"a version that {what}"):
        settled()
        declare("hello", f'{PLAIN} | .environment.APP_VERSION = "{version}"')
        begun = int(host.succeed("date +%s%6N"))
        back, status, _ = seconds(f"systemctl start {UNIT}")
        assert status and receipt("apps/hello")["outcome"] == "rolled-back", receipt("apps/hello")
        assert "crash-looping" in receipt("apps/hello")["summary"], receipt("apps/hello")["summary"]
        settled()
        new = f'.services.app.image = "localhost:5000/hello:{version}" | .services.app.deploy.update_config = {OWN}'
        host.succeed(f"jq '{new}' /var/lib/hearth/apps/hello/compose-*.json > /run/new.json")
        theirs, status, words = seconds(f"docker stack deploy --detach=false --resolve-image=never --compose-file /run/new.json {STACK}")
        tasks = host.succeed(f"docker service ps {STACK}_app --format '{{{{.Image}}}} {{{{.CurrentState}}}}' | head -n 5")
        host.log(f"docker stack deploy ended with {status} after {theirs:.1f} s: {words}\n{tasks}")
        said = {0: "says that all is well", 124: "says nothing"}.get(status, "says so")
        rival = (f"docker stack deploy --detach=false {said}", theirs)
        figure(f"until it is told that a new version crash-loops, which {what}", ("reconcile-app", until_told(begun)), rival, "s")
        figure("    and until the version before serves again, and the unit has failed", ("reconcile-app", back), rival, "s")

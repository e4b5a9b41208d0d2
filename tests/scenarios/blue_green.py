# An app with two colours, under a load that must lose nothing: good versions, bad ones of each kind, what is kept of them,
# and a helper that is killed in the middle.

APPS = {"hello": "hello.example.org"}
UNIT = "hearth-app-hello.service"
DOMAIN = "hello.example.org"
RECIPE = "/run/recipes/hello"
WITHOUT_VOLUMES = r"/^    volumes:$/,+1d; /^volumes:$/,+1d"
STACK = "hello_example_org"

VISITORS = """
import http.client, re, ssl, sys, threading, time

context = ssl.create_default_context(cafile=sys.argv[1])
log = open("/run/visits.log", "a", buffering=1)

def visit(keep):
    connection = None
    while True:
        time.sleep(0.03)
        try:
            connection = connection or http.client.HTTPSConnection(sys.argv[2], timeout=10, context=context)
            connection.request("GET", "/")
            answer = connection.getresponse()
            said = re.search("<h1>hello ([^<]*)", answer.read().decode())
            said = said.group(1) if said else f"lost: status {answer.status}"
            closing = answer.getheader("Connection", "").lower() == "close"
        except Exception as error:
            said, closing = f"lost: {error!r}", True
        log.write(said + "\\n")
        if connection and (closing or not keep):
            connection.close()
            connection = None

for keep in (True, False):
    threading.Thread(target=visit, args=[keep]).start()
"""

wait_until_serving()
folder = manifest("hello")["recipe"]["folder"]
authority = manifest("hello")["gate"]["probe"]["caFile"]
host.succeed(f"mkdir -p /run/recipes && cp -rL {folder} {RECIPE} && chmod -R u+w {RECIPE}")
host.succeed(f"sed -i '{WITHOUT_VOLUMES}' {RECIPE}/compose.yml && ! grep -q data: {RECIPE}/compose.yml")
host.succeed(f"cat > /run/visitors.py <<'END'\n{VISITORS}\nEND")
AUDIT = {
    "pages": [f"https://{DOMAIN}/"], "origins": [], "ignore": [], "caFile": authority, "connectTo": None,
    "budgetSeconds": 30, "credentials": {"basicAuth": None, "bearerFile": None, "headerFiles": {}},
}  # fmt: skip


def declare_version(version, more="."):
    declare(
        "hello",
        f'.update = "blue-green" | .keepFailedHours = 24 | .drainSeconds = 1 | .recipe.folder = "{RECIPE}"'
        f' | .gate.healthySeconds = 1 | .gate.convergeSeconds = 15 | .gate.restartLimit = 2 | .gate.audit = {json.dumps(AUDIT)}'
        f' | .environment.APP_VERSION = "{version}" | .environment.HELLO_DRAIN_SECONDS = "0" | {more}',
    )


def deploy(version, more="."):
    declare_version(version, more)
    _, said = reconcile(UNIT)
    return receipt("apps/hello"), said


def colours():
    """The services of the app that are there, by their colour, with what they are."""
    names = host.succeed(f"docker service ls --format '{{{{.Name}}}}' | grep '^{STACK}' || true").split()
    return {name.removeprefix(STACK).removesuffix("_app") or "none": labels(name) for name in names}


def labels(name):
    return json.loads(host.succeed(f"docker service inspect {name} --format '{{{{json .Spec.Labels}}}}'"))


def visits(since=0):
    """What the visitors were told since then, and how often; and the place in their log."""
    lines = host.succeed(f"tail -n +{since + 1} /run/visits.log").splitlines()
    return {line: lines.count(line) for line in lines}, since + len(lines)


def nothing_lost(since):
    """No visitor was lost since then; who they met."""
    host.sleep(1)
    met, now = visits(since)
    lost = {line: count for line, count in met.items() if line.startswith("lost")}
    assert not lost, lost
    return set(met), now


def serves(version):
    host.wait_until_succeeds(f"{https(DOMAIN)} | grep -q 'hello {version}'", timeout=30)


with subtest("an app with a volume is refused, in words, and goes on"):
    before = services()
    declare_version("1.1.0", f'.recipe.folder = "{folder}"')
    good, said = reconcile(UNIT)
    assert not good and "mounts `data`, which both colours would write" in said.replace("data:/data", "data"), said
    assert "Set `hearth.apps.hello.update` to \"rolling\"" in said, said
    host.fail("reconcile-app --check /etc/hearth/apps/hello.json")
    assert services() == before

host.succeed("touch /run/visits.log")
in_background("visitors", f"python3 /run/visitors.py {authority} {DOMAIN}")
host.wait_until_succeeds("test -s /run/visits.log", timeout=30)

with subtest("an app that had no colours gets one, and loses no visitor"):
    story, said = deploy("1.0.0")
    assert story["outcome"] == "changed", (story["summary"], said)
    assert "blue comes up; what runs serves until it has passed its gate, no downtime" in said, said
    assert list(colours()) == ["-blue"] and colours()["-blue"]["hearth.stage"] == "live", colours()
    _, since = nothing_lost(0)

with subtest("a good version comes up in green and gets the visitors in one step"):
    story, said = deploy("1.1.0")
    assert story["outcome"] == "changed", (story["summary"], said)
    assert list(colours()) == ["-green"], colours()
    met, since = nothing_lost(since)
    assert met == {"1.0.0", "1.1.0"}, met
    lines = host.succeed("uniq /run/visits.log").split()
    assert lines.count("1.1.0") <= 3, f"the two visitors went back and forth: {lines}"

with subtest("the same once more is no change"):
    before = services()
    _, said = reconcile(UNIT)
    assert "nothing differs" in said and services() == before, said

with subtest("a version that is never healthy meets no visitor, and is kept for a look"):
    story, said = deploy("1.2.0-unhealthy")
    assert story["outcome"] == "rolled-back" and "unhealthy" in story["summary"], (story["summary"], said)
    met, since = nothing_lost(since)
    assert met == {"1.1.0"}, met
    kept = colours()["-blue"]
    assert kept["hearth.failed"] == "hello" and "hearth.app" not in kept and kept["traefik.enable"] == "false", kept
    assert "hearth cleanup hello" in story["summary"], story["summary"]
    host.succeed(f"docker ps --filter label=com.docker.swarm.service.name={STACK}-blue_app --quiet | grep -q .")

with subtest("hearth cleanup removes it, and nothing else"):
    status, said = host.execute("hearth cleanup hello")
    assert status == 10 and f"{STACK}-blue_app is removed" in said, said
    assert list(colours()) == ["-green"], colours()
    status, said = host.execute("hearth cleanup hello")
    assert status == 0 and "nothing that failed is kept" in said, said
    assert receipt("apps/hello")["outcome"] == "rolled-back", "that it failed is still told"

with subtest("a version that crashes after five seconds is caught before it meets anybody, where the gate is that patient"):
    story, said = deploy("1.2.0-crashes", ".gate.healthySeconds = 10")
    assert story["outcome"] == "rolled-back", (story["summary"], said)
    met, since = nothing_lost(since)
    assert met == {"1.1.0"}, met

with subtest("one that falls ill when it serves is switched back in the same run"):
    watch = '{"seconds": 40, "everySeconds": 1, "restartLimit": 1}'
    story, said = deploy("1.2.0-crashes", f'.gate.audit = null | .gate.watch = {watch} | .environment.ATTEMPT = "2"')
    assert story["outcome"] == "rolled-back" and "fell ill" in story["summary"], (story["summary"], said)
    serves("1.1.0")
    # Who had asked the container that crashed gets no answer from it, and is told so after a visitor's patience (tests/bed/load.py).
    host.sleep(11)
    seen, since = visits(since)
    assert "1.2.0-crashes" in seen, f"it never served: {seen}"

for version, words in {
    "1.2.0-missing-asset": "the status is 404",
    "1.2.0-mixed-content": "is http on a page of https",
}.items():
    with subtest(f"{version} is found from outside and switched back, and no visitor is lost"):
        story, said = deploy(version)
        assert story["outcome"] == "rolled-back" and words in story["summary"], (story["summary"], said)
        assert [step["name"] for step in story["steps"]].count("switch back") == 1, story["steps"]
        serves("1.1.0")
        met, since = nothing_lost(since)
        assert met == {"1.1.0", version}, met

with subtest("it is the evidence that is kept: the bad page is there to be looked at, inside"):
    container = host.succeed(f"docker ps --quiet --filter label=com.docker.swarm.service.name={STACK}-blue_app").split()[0]
    assert "1.2.0-mixed-content" in host.succeed(f"docker inspect {container} --format '{{{{.Config.Image}}}}'")

with subtest("when its time is over the next run removes it, whatever else is wrong"):
    host.succeed(f"docker service update --detach --quiet --label-add hearth.failed.at=2020-01-01T00:00:00Z {STACK}-blue_app")
    _, said = reconcile(UNIT)
    assert "failed before" in said and list(colours()) == ["-green"], (said, colours())

with subtest("a colour that died is brought back where it was"):
    host.succeed(f"docker service rm {STACK}-green_app")
    good, said = reconcile(UNIT)
    serves("1.1.0")
    assert list(colours()) == ["-green"], colours()
    _, since = visits(since)

with subtest("killed in the middle of a deploy, the next run ends it, and no visitor is lost"):
    point, step = 1, 1 if LONG else 6
    killed: list[str] = []
    while True:
        declare_version(("1.0.0", "1.1.0")[len(killed) % 2])
        kill_at(UNIT, point)
        _, said = reconcile(UNIT)
        kill_at(UNIT, 0)
        ends = [line for line in said.splitlines() if line.startswith("killed at point")]
        if not ends:
            break
        killed += [ends[0].split(": ", 1)[1]]
        _, first = reconcile(UNIT)
        _, second = reconcile(UNIT)
        assert "nothing differs" in second, (killed[-1], first, second)
        assert len(colours()) == 1, (killed[-1], colours())
        _, since = nothing_lost(since)
        point += step
    print(f"killed at {len(killed)} points, {step} apart")
    assert "after switching the route" in killed or not LONG, killed

with subtest("this would have failed without the two colours: the same versions, the old task stopped first"):
    declare_version("1.1.0", '.update = "stop-first" | .environment.ATTEMPT = "2"')
    host.succeed("hearth plan hello | grep 'downtime: nothing serves from when the old tasks are stopped'")
    story, said = deploy("1.1.0", '.update = "stop-first" | .environment.ATTEMPT = "3" | .snapshot.mode = "none"')
    declare_version("1.0.0", '.update = "stop-first" | .snapshot.mode = "none"')
    reconcile(UNIT)
    seen, _ = visits(since)
    assert any(line.startswith("lost") for line in seen), seen

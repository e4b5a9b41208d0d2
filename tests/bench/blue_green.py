# Requests lost, under a constant load, in good deploys and in failed ones, and how long it takes to send the visitors
# back. Rivals: `docker compose up -d --force-recreate` behind the same proxy, and `docker stack deploy` of the same stack.
import time

ROUNDS = 20 if LONG else 4
GOOD = ["1.1.0", "1.0.0"]
# One that does not come up, and one that does and misses something: the last is found only when it serves.
BAD = ["1.2.0-exits", "1.2.0-missing-asset"]
RECIPE = "/run/recipes/hello"
# What a person who looks would take to see that a version is bad, for the rivals.
SEEN_AFTER = 8

wait_until_serving()
given = manifest("hello")
authority = given["gate"]["probe"]["caFile"]
host.succeed(
    f"mkdir -p /run/recipes && cp -rL {given['recipe']['folder']} {RECIPE} && chmod -R u+w {RECIPE}",
    f"sed -i '/^    volumes:$/,+1d; /^volumes:$/,+1d' {RECIPE}/compose.yml",
)
AUDIT = {
    "pages": ["https://hello.example.org/"], "origins": [], "ignore": [], "caFile": authority, "connectTo": None,
    "budgetSeconds": 30, "credentials": {"basicAuth": None, "bearerFile": None, "headerFiles": {}},
}  # fmt: skip


def serves(domain, version):
    return f"{https(domain, '/', f'--resolve {domain}:443:127.0.0.1')} | grep -q 'hello {version}<'"


def wait_for(domain, version):
    """Waits until a version answers; returns after how many milliseconds."""
    begun = time.monotonic()
    host.wait_until_succeeds(serves(domain, version), timeout=90)
    return (time.monotonic() - begun) * 1000


class Hearth:
    name, domain = "reconcile-app, blue-green", "hello.example.org"

    def deploy(self, version, number):
        declare(
            "hello",
            f'.update = "blue-green" | .recipe.folder = "{RECIPE}" | .keepFailedHours = 24 | .drainSeconds = 5'
            f' | .gate.healthySeconds = 1 | .gate.restartLimit = 2 | .gate.audit = {json.dumps(AUDIT)}'
            f' | .environment = (.environment + {{APP_VERSION: "{version}", ATTEMPT: "{number}", HELLO_DRAIN_SECONDS: "0"}})',
        )
        reconcile("hearth-app-hello.service")
        return receipt("apps/hello")

    def good(self, version, number):
        story = self.deploy(version, number)
        assert story["outcome"] == "changed", story

    def fails(self, version, before, number):
        story = self.deploy(version, number)
        assert story["outcome"] == "rolled-back", story
        host.succeed(serves(self.domain, before))
        return next(step["milliseconds"] for step in story["steps"] if step["name"] == "switch back")


class Rival:
    """What a person does: deploys, looks, and deploys the old version again."""

    def good(self, version, _):
        self.deploy(version)
        wait_for(self.domain, version)

    def fails(self, version, before, _):
        self.deploy(version)
        host.sleep(SEEN_AFTER)
        begun = time.monotonic()
        self.deploy(before)
        wait_for(self.domain, before)
        return (time.monotonic() - begun) * 1000


class Compose(Rival):
    name, domain = "docker compose up -d --force-recreate", "compose.example.org"

    def __init__(self):
        gateway = host.succeed("docker network inspect docker_gwbridge --format '{{(index .IPAM.Config 0).Gateway}}'").strip()
        route = (
            f"http:\n  routers:\n    rival:\n      rule: Host(`{self.domain}`)\n      entryPoints: [web-secure]\n      tls: {{}}\n"
            f"      service: rival\n  services:\n    rival:\n      loadBalancer:\n        servers: [{{url: 'http://{gateway}:8099'}}]\n"
        )
        host.succeed("mkdir -p /run/compose", f"cat > /run/hearth/certificates/rival.yml <<'END'\n{route}END")
        self.deploy(GOOD[1])
        wait_for(self.domain, GOOD[1])

    def deploy(self, version):
        text = (
            f"services:\n  app:\n    image: localhost:5000/hello:{version}\n    restart: always\n    ports: ['8099:8080']\n"
            "    environment: {HELLO_DRAIN_SECONDS: '0'}\n"
            "    healthcheck: {test: [CMD, /hello, health], interval: 1s, timeout: 3s, retries: 5, start_period: 30s}\n"
        )
        host.succeed(f"cat > /run/compose/compose.yml <<'END'\n{text}END")
        host.succeed("cd /run/compose && docker compose --project-name rival up --detach --force-recreate 2>&1")


class Stack(Rival):
    name, domain = "docker stack deploy", "stack.example.org"

    def __init__(self):
        host.succeed(
            "mkdir -p /run/stack",
            f"sed '/^secrets:$/,$d; /^    secrets:$/,+1d; /HELLO_TOKEN_FILE/d; s|image: .*|image: ${{IMAGE}}|' {RECIPE}/compose.yml > /run/stack/compose.yml",
        )
        self.deploy(GOOD[1])
        wait_for(self.domain, GOOD[1])

    def deploy(self, version):
        variables = (
            f"STACK_NAME=rival DOMAIN={self.domain} IMAGE=localhost:5000/hello:{version} HELLO_DRAIN_SECONDS=5"
            " LETS_ENCRYPT_ENV= EXTRA_DOMAINS= TIMEOUT="
        )
        host.succeed(
            f"cd /run/stack && env {variables} docker stack deploy --detach=true --resolve-image=never --compose-file compose.yml rival 2>&1"
        )


def measured(way):
    """The visitors of good deploys, those of failed ones, and how many milliseconds each way back took."""
    back = []
    good = under_load(way.domain, ROUNDS, lambda number: way.good(GOOD[number % 2], f"good-{number}"))
    serving = GOOD[(ROUNDS - 1) % 2]
    failed = under_load(way.domain, ROUNDS, lambda number: back.append(way.fails(BAD[number % 2], serving, f"bad-{number}")))
    host.log(f"{way.name}: back after {', '.join(f'{each:.0f}' for each in back)} ms")
    return good, failed, sorted(back)


# No rival pays for a pull.
for version in GOOD + BAD:
    host.succeed(f"docker --config {given['dockerConfigFolder']} pull --quiet localhost:5000/hello:{version}")

hearth = Hearth()
with subtest("the app gets its colours, and the rivals are there"):
    hearth.good("1.0.0", "begin")
    rivals = [Compose(), Stack()]

with subtest("the load itself loses nothing while nothing changes"):
    assert under_load(hearth.domain, 3, lambda _: host.sleep(1)).lost == []

with subtest("Hearth deploys in two colours"):
    ours = measured(hearth)

results = []
for rival in rivals:
    with subtest(f"{rival.name} deploys the same versions"):
        results.append((rival, measured(rival)))

for way, theirs in results:
    for which, kind in enumerate(("good", "failed")):
        mine, other = ours[which], theirs[which]
        figure(
            f"requests lost in {ROUNDS} {kind} deploys ({mine.asked} and {other.asked} asked)",
            (hearth.name, len(mine.lost)), (way.name, len(other.lost)), "requests", most=0,
        )  # fmt: skip
    middle = len(ours[2]) // 2
    figure(
        f"from the decision to go back until the old version is served, the median of {ROUNDS}",
        (hearth.name, ours[2][middle]), (way.name, theirs[2][middle]), "ms",
    )  # fmt: skip
    figure("the same, the longest", (hearth.name, ours[2][-1]), (way.name, theirs[2][-1]), "ms")

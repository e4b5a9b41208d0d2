# Requests lost, under a constant load, in updates and rollbacks of an app without data of its own. A rollback is that of a
# version that serves already and then does not answer as it should.
# Rival: the same changes of the same stack by `docker stack deploy`, with the recipe's own settings; there a person sees that
# the answer is wrong, and deploys the version before again.

ROUNDS = 20 if LONG else 4
UNIT = "hearth-app-hello.service"
STACK = "hello_example_org"
DOMAIN = "hello.example.org"
RECIPE = "/var/lib/bench/recipe"
STATELESS = f'.recipe.folder = "{RECIPE}" | .snapshot.mode = "none" | .gate.healthySeconds = 1'
VERSIONS = ["1.1.0", "1.0.0"]
# What the recipe says; Hearth deploys it with others.
OWN = '{failure_action: "rollback", order: "start-first"}'

wait_until_serving()
original = manifest("hello")["recipe"]["folder"]
host.succeed(
    f"mkdir -p {RECIPE} && cp -rL {original}/. {RECIPE} && chmod -R u+w {RECIPE}",
    f"sed -i '/^    volumes:/,+1d; /^volumes:/,+1d' {RECIPE}/compose.yml",
)


def serves(version):
    assert f"hello {version}" in get(DOMAIN), version


def by_hearth(number):
    version = VERSIONS[number % 2]
    declare("hello", f'{STATELESS} | .environment.APP_VERSION = "{version}"')
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "changed", said
    serves(version)


def back_by_hearth(number):
    before = VERSIONS[(ROUNDS - 1) % 2]
    other = VERSIONS[ROUNDS % 2]
    # The gate is that of the version before, too, which passes it.
    wrong = f'.gate.probe.contains = "hello {before}" | .gate.probe.budgetSeconds = 2'
    declare("hello", f'{STATELESS} | .environment.APP_VERSION = "{other}" | .environment.ATTEMPT = "{number}" | {wrong}')
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
    serves(before)


def deploy(version):
    new = f'.services.app.image = "localhost:5000/hello:{version}" | .services.app.deploy.update_config = {OWN}'
    host.succeed(
        f"jq '{new}' /var/lib/hearth/apps/hello/compose-*.json > /run/new.json",
        f"docker stack deploy --detach=false --resolve-image=never --compose-file /run/new.json {STACK}",
    )
    host.wait_until_succeeds(f"{https(DOMAIN)} | grep 'hello {version}'", timeout=60)


def by_the_swarm(number):
    deploy(VERSIONS[number % 2])


def back_by_the_swarm(_):
    deploy(VERSIONS[ROUNDS % 2])
    deploy(VERSIONS[(ROUNDS - 1) % 2])


with subtest("the app without data of its own, in the version that is not the first to be updated to"):
    declare("hello", STATELESS)
    good, said = reconcile(UNIT)
    assert good, said
    assert under_load(DOMAIN, 3, lambda _: host.sleep(1)).lost == []

found = {}
for name, change in {
    "updates by Hearth": by_hearth, "rollbacks by Hearth": back_by_hearth,
    "updates by the swarm": by_the_swarm, "rollbacks by the swarm": back_by_the_swarm,
}.items():  # fmt: skip
    # To Hearth, what the rival deploys is drift, which its timer would put right in the middle.
    host.succeed(f"systemctl {'stop' if name.endswith('swarm') else 'start'} hearth-drift.timer")
    with subtest(name):
        found[name] = under_load(DOMAIN, ROUNDS, change)

for what in ("updates", "rollbacks"):
    ours, theirs = found[f"{what} by Hearth"], found[f"{what} by the swarm"]
    figure(
        f"requests lost in {ROUNDS} {what} of an app without data ({ours.asked} and {theirs.asked} asked)",
        ("reconcile-app", len(ours.lost)), ("docker stack deploy", len(theirs.lost)), "requests", most=0,
    )  # fmt: skip

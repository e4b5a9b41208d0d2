# What it costs to look at 20 apps of which none changed: CPU of the client and of the engine.
# Rival: `docker stack deploy` of the very same 20 stacks, as they run. It is given `--resolve-image=never`: with its own
# setting it would ask the registry for each image, which is slower still.

APPS = 20
ROUNDS, THEIR_ROUNDS = (400, 20) if LONG else (100, 5)
FOLDER = "/var/lib/bench"

host.succeed("systemctl start --no-block hearth.target")
host.wait_until_succeeds("test -s /run/hearth/secrets/hello_token && docker network inspect proxy", timeout=120)
host.wait_until_succeeds("test -s /run/hearth/docker/config.json", timeout=60)
# Nothing else is to use the engine meanwhile. The registry's images are pulled by then, or never needed.
host.wait_until_succeeds("! systemctl list-jobs | grep hearth", timeout=300)
host.succeed("systemctl stop 'hearth-*.timer'")
host.succeed("docker service rm $(docker service ls -q)")

with subtest(f"{APPS} apps, deployed by Hearth"):
    recipe = manifest("hello")["recipe"]["folder"]
    # Without health checks, whose processes would be counted as the engine's, once a second and app.
    host.succeed(
        f"mkdir -p {FOLDER}/apps && cp -rL {recipe} {FOLDER}/recipe && chmod -R u+w {FOLDER}/recipe",
        f"sed -i 's/^    healthcheck:/    healthcheck:\\n      disable: true/; /^      test:/d' {FOLDER}/recipe/compose.yml",
        f"sed -i '/^      \\(interval\\|timeout\\|retries\\|start_period\\):/d' {FOLDER}/recipe/compose.yml",
    )
    change = (
        '.name = $name | .domain = $name + ".example.org" | .stack = $name | .gate.probe = null | .gate.healthySeconds = 1'
        f' | .recipe.folder = "{FOLDER}/recipe" | .stateFolder = "{FOLDER}/state/" + $name'
    )
    host.succeed(
        f"for number in $(seq {APPS}); do jq --arg name bench$number '{change}' /etc/hearth/apps/hello.json"
        f" > {FOLDER}/apps/bench$number.json; done",
        f"ls {FOLDER}/apps/*.json | xargs -P 4 -I@ sh -c 'reconcile-app @ > /dev/null; test $? = 10 -o $? = 0'",
    )
    host.wait_until_succeeds(f"test $(docker service ls | grep -c ' 1/1 ') = {APPS}", timeout=60)

LOOK = f"reconcile-app --all {FOLDER}/apps"
DEPLOY = (
    f"for number in $(seq {APPS}); do docker stack deploy --detach=true --resolve-image=never"
    f" --compose-file {FOLDER}/state/bench$number/compose-*.json bench$number > /dev/null; done"
)

with subtest("both do nothing"):
    tasks = "docker ps --no-trunc --format '{{.ID}}' | sort"
    before = host.succeed(tasks)
    assert host.succeed(LOOK).count(": unchanged") == APPS, host.succeed(LOOK)
    host.sleep(5)
    ours = cpu(LOOK.split(), ROUNDS)
    theirs = cpu(["bash", "-c", DEPLOY], THEIR_ROUNDS)
    assert host.succeed(tasks) == before

with subtest("Hearth does nothing once each was deployed again: the engine then lists two specifications of each"):
    # Theirs gave each service a new version number without a change, which Hearth settles once.
    host.succeed(f"ls {FOLDER}/apps/*.json | xargs -n 1 reconcile-app > /dev/null")
    assert host.succeed(LOOK).count(": unchanged") == APPS, host.succeed(LOOK)
    again = cpu(LOOK.split(), ROUNDS)
    host.log(f"ours: {ours}\ntheirs: {theirs}\nours, each deployed again: {again}")

with subtest("and it would have seen it if there had been something to do"):
    host.succeed("docker service update --quiet --detach --env-add PLANTED=1 bench7_app")
    assert "bench7: unchanged" not in host.execute(LOOK)[1]


def compare(what, ours, theirs, most=None):
    """A figure: microseconds for one app."""
    pairs = zip(("reconcile-app --all", "docker stack deploy"), (value * 1000 / APPS for value in (ours, theirs)), strict=True)
    figure(f"no-op over {APPS} apps, CPU time for an app: {what}", *pairs, "µs", most=most)


compare("client and engine", ours.cpu_ms, theirs.cpu_ms, most=0.01)
compare("the client's part", ours.client_ms, theirs.client_ms)
compare("the engine's part", ours.engine_ms, theirs.engine_ms)
compare("client and engine, each deployed once more before", again.cpu_ms, theirs.cpu_ms)

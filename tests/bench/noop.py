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
host.succeed("systemctl stop hearth-drift.timer hearth-swarm.timer hearth-secrets.timer 'hearth-cert-*.timer'")
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
    f" --compose-file {FOLDER}/state/bench$number/deployed.compose.json bench$number > /dev/null; done"
)

with subtest("both do nothing, and Hearth would see it if there were something to do"):
    tasks = "docker ps --no-trunc --format '{{.ID}}' | sort"
    before = host.succeed(tasks)
    assert host.succeed(LOOK).count(": unchanged") == APPS, host.succeed(LOOK)
    host.succeed(DEPLOY)
    assert host.succeed(tasks) == before
    # That gave each service a new version number without a change, which Hearth settles once.
    host.succeed(f"ls {FOLDER}/apps/*.json | xargs -n 1 reconcile-app > /dev/null")
    host.succeed("docker service update --quiet --detach --env-add PLANTED=1 bench7_app")
    assert "bench7: unchanged" not in host.execute(LOOK)[1]
    host.succeed(f"reconcile-app {FOLDER}/apps/bench7.json > /dev/null || test $? = 10")

with subtest("the figures"):
    host.sleep(5)
    ours = cpu(LOOK.split(), ROUNDS)
    theirs = cpu(["bash", "-c", DEPLOY], THEIR_ROUNDS)
    host.log(f"ours: {ours}\ntheirs: {theirs}")
    names = "reconcile-app --all", "docker stack deploy"
    for part, goal in (("cpu", 0.01), ("client", None), ("engine", None)):
        of = {"cpu": "CPU time an app, client and engine", "client": "  of that the client's", "engine": "  of that the engine's"}[part]
        values = [getattr(cost, f"{part}_ms") * 1000 / APPS for cost in (ours, theirs)]
        figure(f"no-op over {APPS} apps: {of}", *zip(names, values), "µs", most=goal)

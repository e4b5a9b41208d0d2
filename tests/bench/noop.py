# What it costs to look at 20 apps of which none changed: CPU of the client and of the engine.
# Rival: `docker stack deploy` of 20 stacks of the same compose file, of which none changed.

APPS = 20
ROUNDS = 20 if LONG else 5
FOLDER = "/var/lib/bench/apps"

host.succeed("systemctl start --no-block hearth.target")
host.wait_until_succeeds("test -s /run/hearth/secrets/hello_token && docker network inspect proxy", timeout=120)
host.wait_until_succeeds("test -s /run/hearth/docker/config.json", timeout=60)

with subtest(f"{APPS} apps, deployed by Hearth"):
    host.succeed(f"mkdir -p {FOLDER}")
    for number in range(APPS):
        change = (
            f'.name = "bench{number}" | .domain = "bench{number}.example.org" | .stack = "bench{number}" | .gate.probe = null'
            f' | .gate.healthySeconds = 1 | .stateFolder = "/var/lib/bench/state/bench{number}"'
        )
        host.succeed(f"jq '{change}' /etc/hearth/apps/hello.json > {FOLDER}/bench{number}.json")
    host.succeed(f"ls {FOLDER}/*.json | xargs -P 4 -I@ sh -c 'reconcile-app @ > /dev/null; test $? = 10 -o $? = 0'")

with subtest(f"{APPS} stacks of the same file, deployed by the Docker command"):
    folder = json.loads(host.succeed("cat /etc/hearth/apps/hello.json"))["recipe"]["folder"]
    deploy = (
        f"for number in $(seq {APPS}); do env DOMAIN=twin$number.example.org EXTRA_DOMAINS= LETS_ENCRYPT_ENV="
        " HELLO_SLOW_START_SECONDS= HELLO_FILL_DISK_MIB= STACK_NAME=twin$number SECRET_TOKEN_VERSION=v1"
        f" docker stack deploy --detach=true --compose-file {folder}/compose.yml twin$number > /dev/null; done"
    )
    host.succeed(
        f"for number in $(seq {APPS}); do echo token | docker secret create twin${{number}}_token_v1 - > /dev/null; done",
        "docker --config /run/hearth/docker pull -q localhost:5000/hello:1.0.0",
        deploy,
    )
    host.wait_until_succeeds(f"test $(docker service ls | grep -c 'twin.* 1/1') = {APPS}", timeout=120)

with subtest("the figures"):
    ours = cpu(f"reconcile-app --all {FOLDER}", ROUNDS)
    theirs = cpu(deploy, ROUNDS)
    figure("no-op over 20 apps: CPU, client and engine", "reconcile-app --all", ours.cpu_ms, "docker stack deploy", theirs.cpu_ms, "ms")
    figure("no-op over 20 apps: time", "reconcile-app --all", ours.wall_ms, "docker stack deploy", theirs.wall_ms, "ms")

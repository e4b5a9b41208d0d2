# Requests lost, under a constant load, while the proxy itself is updated: over connections that are kept, and over new
# ones. Rival: the same change of the same stack by `docker stack deploy`, with the recipe's own settings.

ROUNDS = 10 if LONG else 3
DOMAIN = "hello.example.org"
STATE = "/var/lib/hearth/apps/proxy"
LEVELS = ["WARN", "INFO"]

wait_until_serving()


def tell_level():
    """The level that the running proxy was told."""
    return host.succeed("docker inspect $(docker ps -qf label=com.docker.swarm.service.name=proxy_app) | grep -o 'log.level=[A-Z]*'")


def by_hearth(number):
    level = LEVELS[number % 2]
    declare("proxy", f'.environment.LOG_LEVEL = "{level}"')
    good, words = reconcile("hearth-app-proxy.service")
    assert good and receipt("apps/proxy")["outcome"] == "changed", words
    assert level in tell_level()


def by_the_swarm(number):
    level = LEVELS[number % 2]
    host.succeed(
        f"sed 's/log.level=[A-Z]*/log.level={level}/' {STATE}/compose-*.json > /run/proxy.json",
        "docker stack deploy --detach=false --resolve-image=never --compose-file /run/proxy.json proxy",
    )
    host.wait_until_succeeds(https(DOMAIN), timeout=60)
    assert level in tell_level()


with subtest("the load itself loses nothing while nothing changes"):
    assert under_load(DOMAIN, 3, lambda _: host.sleep(1)).lost == []

with subtest("the proxy is updated by Hearth"):
    ours = under_load(DOMAIN, ROUNDS, by_hearth)

with subtest("the proxy is updated by the swarm alone"):
    theirs = under_load(DOMAIN, ROUNDS, by_the_swarm)

figure(
    f"requests lost in {ROUNDS} updates of the proxy ({ours.asked} and {theirs.asked} asked)",
    ("reconcile-app", len(ours.lost)), ("docker stack deploy", len(theirs.lost)), "requests", most=0,
)  # fmt: skip

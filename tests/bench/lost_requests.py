# Requests lost, under a constant load, while the certificate is replaced, the proxy is updated and an app is updated.
# Rival: the same change of the same service by the swarm alone (`docker service update`), without Hearth.

ROUNDS = 10 if LONG else 3
SECRETS = "/opt/hearth/src/secrets/example.yaml"

wait_until_serving()


def under_load(change, rounds):
    """Requests that were asked and lost while `change` was made that many times."""
    with load("hello.example.org") as visitors:
        host.sleep(2)
        for number in range(rounds):
            change(number)
        host.sleep(3)
    host.log(f"{visitors.asked} asked, {len(visitors.lost)} lost, slowest {visitors.slowest:.2f} s: {visitors.lost[:5]}")
    return visitors


def update_proxy(number):
    change = f'.environment.LOG_LEVEL = "{["WARN", "INFO"][number % 2]}"'
    declare("proxy", change)
    good, words = reconcile("hearth-app-proxy.service")
    assert good, words


def update_proxy_plainly(number):
    level = ["WARN", "INFO"][number % 2]
    host.succeed(f"docker service update --quiet --env-add PLAIN={level}{number} proxy_app")


def update_app(number):
    declare("hello", f'.environment.APP_VERSION = "{["1.1.0", "1.0.0"][number % 2]}"')
    good, words = reconcile("hearth-app-hello.service")
    assert good, words


with subtest("the load itself loses nothing while nothing changes"):
    assert not under_load(lambda _: host.sleep(1), 3).lost

with subtest("the app is updated"):
    ours = under_load(update_app, ROUNDS)
    figure(f"requests lost in {ROUNDS} updates of an app (of {ours.asked})", "reconcile-app", len(ours.lost), "goal", 0, "requests")

with subtest("the proxy is updated"):
    ours = under_load(update_proxy, ROUNDS)
    theirs = under_load(update_proxy_plainly, ROUNDS)
    figure(
        f"requests lost in {ROUNDS} updates of the proxy (of {ours.asked} and {theirs.asked})",
        "reconcile-app", len(ours.lost), "docker service update", len(theirs.lost), "requests",
    )  # fmt: skip

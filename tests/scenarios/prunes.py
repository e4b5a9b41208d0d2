# Pruning: what nothing needs goes when less is free than declared; what runs, what a snapshot or the last good version
# needs, and what the door has pinned stays. With enough room nothing goes.
APPS = {"hello": "hello.example.org", "hello-test": "hello-test.example.org"}
IMAGES = "pulled"
QUICK = '.gate.convergeSeconds = 30 | .gate.healthySeconds = 0 | .environment.HELLO_DRAIN_SECONDS = "0"'
FILE = "/etc/hearth/pruning.json"
IMAGE = "localhost:5000/hello"
SERVICES = {"hello": "hello_example_org_app", "hello-test": "hello-test_example_org_app"}


def want(free, unused_hours=0):
    """Declares how much is to be free, a jq object, and for how long nothing has needed what goes."""
    host.succeed(f"test -e /run/pruning.json || cp {FILE} /run/pruning.json")
    host.succeed(f"jq '.free = {free} | .unusedHours = {unused_hours}' /run/pruning.json > /run/new.json")
    host.succeed(f"rm -f {FILE} && mv /run/new.json {FILE}")


def prune():
    """Runs the unit; returns its receipt."""
    good, said = reconcile("hearth-pruning.service")
    assert good, said
    return receipt("pruning")


def images():
    """The names of the images that are here."""
    return sorted(host.succeed("docker image ls --format '{{.Repository}}:{{.Tag}}'").split())


def forget_services():
    """Removes the services of hello by hand: nothing runs then, and no service knows what it ran before."""
    for service in SERVICES.values():
        host.succeed(f"docker service rm {service}")
        host.wait_until_succeeds(f"test -z \"$(docker ps -aq --filter name={service})\"", timeout=60)


FULL, ENOUGH = '{"percent": 99, "bytes": null}', '{"percent": null, "bytes": 1}'

wait_until_serving()
declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.1.0"')
declare("hello-test", QUICK)
for app in SERVICES:
    good, said = reconcile(f"hearth-app-{app}.service")
    assert good, said
code, said = host.execute("hearth deploy hello-test 1.2.0-slow 2>&1", timeout=120)
assert code == 0, said
# Nobody's: a file of 32 MiB as an image, and a version that was pulled and never deployed.
host.succeed(
    "mkdir /run/scrap && dd if=/dev/zero of=/run/scrap/file bs=1M count=32 2> /dev/null",
    "tar --create --directory=/run/scrap . | docker import --message scrap - scrap:1 && rm -r /run/scrap",
    f"docker --config /run/hearth/docker pull --quiet {IMAGE}:1.2.0-crashes",
)

with subtest("while enough is free nothing is removed"):
    want(ENOUGH)
    before = images()
    assert prune()["outcome"] == "unchanged", receipt("pruning")
    assert images() == before and {"scrap:1", f"{IMAGE}:1.2.0-crashes"} <= set(before), before

with subtest("nor is anything that was here a moment ago already, however full the disk is"):
    want(FULL, unused_hours=24)
    assert prune()["outcome"] == "unchanged", receipt("pruning")
    assert images() == before

with subtest("a plan says what would go, and who needs the rest"):
    want(FULL)
    said = host.succeed(f"prune-images --dry-run {FILE}")
    assert "would remove image scrap:1, 32 MiB, needed by nobody since" in said, said
    assert f"would remove image {IMAGE}:1.2.0-crashes" in said, said
    assert f"keeps image {IMAGE}:1.2.0-slow: a container or a service" in said, said
    assert images() == before

with subtest("what nothing needs goes, and how much that freed is said"):
    ran = prune()
    assert ran["outcome"] == "changed" and ran["found"]["freedBytes"] >= 32 << 20, ran
    left = images()
    assert "scrap:1" not in left and f"{IMAGE}:1.2.0-crashes" not in left, left
    gone = {"scrap:1", f"{IMAGE}:1.2.0-crashes"}
    assert set(before) - set(left) <= gone, (before, left)
    looked("metrics")
    metric = host.succeed("grep '^hearth_pruned_bytes' /var/lib/hearth/metrics/hearth.prom").split()[1]
    assert float(metric) == ran["found"]["freedBytesTotal"], metric

with subtest("nothing of hello runs, and no service names it: last-good, snapshots and pins keep its versions"):
    forget_services()
    assert prune()["outcome"] == "unchanged", receipt("pruning")
    assert {f"{IMAGE}:{version}" for version in ("1.0.0", "1.1.0", "1.2.0-slow")} <= set(images()), images()
    # It is told apart: with its records away, the same version goes.
    host.succeed("mv /var/lib/hearth/apps/hello-test /run/state && mv /var/lib/hearth/snapshots/hello-test /run/snapshots")
    assert prune()["outcome"] == "changed", receipt("pruning")
    assert f"{IMAGE}:1.2.0-slow" not in images() and f"{IMAGE}:1.0.0" in images(), images()
    host.succeed("mv /run/state /var/lib/hearth/apps/hello-test && mv /run/snapshots /var/lib/hearth/snapshots/hello-test")

with subtest("what cannot be read keeps everything, and the unit fails"):
    host.succeed(f"docker --config /run/hearth/docker pull --quiet {IMAGE}:1.2.0-crashes")
    host.succeed("mv /var/lib/hearth/apps/hello/deployed.json /run/ && echo '{' > /var/lib/hearth/apps/hello/deployed.json")
    before = images()
    good, said = reconcile("hearth-pruning.service")
    assert not good and "it is not known which images are needed; nothing was removed" in said, said
    assert images() == before
    host.succeed("mv /run/deployed.json /var/lib/hearth/apps/hello/")

with subtest("the app is back from what was kept"):
    good, said = reconcile("hearth-app-hello.service")
    assert good, said
    host.wait_until_succeeds(https("hello.example.org"), timeout=30)
    assert "hello 1.1.0" in get("hello.example.org")

# Days on which something else goes wrong in the middle of an update: one of the five outcomes, and nothing is lost.

APPS = {"hello": "hello.example.org"}
UNIT = "hearth-app-hello.service"
QUICK = '.gate.convergeSeconds = 40 | .gate.healthySeconds = 1 | .environment.HELLO_DRAIN_SECONDS = "0"'

wait_until_serving()
declare("hello", QUICK)
good, said = reconcile(UNIT)
assert good, said
get("hello.example.org", "/count", "--request POST")
ORIGINAL = manifest("hello")["recipe"]["folder"]


def still(version):
    assert f"hello {version}" in get("hello.example.org")
    assert int(get("hello.example.org", "/count")) == 1


def recipe(name, *edits):
    """A copy of hello's recipe, changed by shell commands, as what is declared."""
    folder = f"/var/lib/recipe-{name}"
    host.succeed(f"cp -rL {ORIGINAL} {folder} && chmod -R u+w {folder}", *(f"cd {folder} && {edit}" for edit in edits))
    return f'{QUICK} | .recipe.folder = "{folder}"'


def rolled_back(change):
    """Declares what does not hold, and sees the version before with its data again."""
    declare("hello", change)
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
    assert host.get_unit_property(UNIT, "ExecMainStatus") == "30", said
    still("1.0.0")
    return said


MANIFESTS = f"{REGISTRY_FOLDER}/docker/registry/v2/repositories/hello/_manifests"


def vanish(version):
    """Takes an image out of the registry; returns a function that puts it back."""
    digest = host.succeed(f"cut -d: -f2 {MANIFESTS}/tags/{version}/current/link").strip()
    moves = [(f"{MANIFESTS}/tags/{version}", "tag"), (f"{MANIFESTS}/revisions/sha256/{digest}", "revision")]
    aside = f"/var/lib/vanished-{version}"
    host.succeed(f"mkdir {aside}", *(f"mv {path} {aside}/{name}" for path, name in moves))
    return lambda: host.succeed(*(f"mv {aside}/{name} {path}" for path, name in moves))


with subtest("a version that crashes seconds after its health check is rolled back, to one whose image is gone from the registry"):
    put_back = vanish("1.0.0")
    declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.2.0-crashes" | .gate.healthySeconds = 9')
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
    still("1.0.0")
    put_back()

with subtest("a version that the swarm refuses is rolled back, with its data, and not tried again"):
    joins = "sed -i 's/^      - proxy$/&\\n      - nowhere/; s/^networks:$/&\\n  nowhere: {external: true}/' compose.yml"
    said = rolled_back(f'{recipe("refused", joins)} | .allow.networks = ["nowhere"]')
    assert "refused by the engine" in said and "nowhere" in said, said
    indexes = services()
    good, said = reconcile(UNIT)
    assert not good and "failed before" in said, said
    assert services() == indexes

with subtest("a volume that only the failed version has, which no snapshot can be of, is not in the way of the rollback"):
    scratch = "sed -i 's#^      - data:/data$#&\\n      - scratch:/scratch#; s#^volumes:$#&\\n  scratch: {driver_opts: {type: tmpfs, device: tmpfs}}#' compose.yml"
    rolled_back(f'{recipe("scratch", scratch)} | .environment.APP_VERSION = "1.2.0-exits"')

with subtest("the last good version comes back when its recipe's folder is gone, and with it the file of a config"):
    edit = "sed -i 's/^    secrets:$/    configs: [motd]\\n&/' compose.yml && echo 'configs: {motd: {file: motd}}' >> compose.yml && echo hello > motd"
    declare("hello", recipe("once", edit))
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "changed", said
    same = recipe("again", edit)
    declare("hello", same)
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "unchanged", said
    host.succeed("rm -r /var/lib/recipe-once")
    rolled_back(f'{same} | .environment.APP_VERSION = "1.2.0-exits"')

with subtest("an image that vanishes after the plan was made: nothing is stopped, it is named, and it is tried again"):
    declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.1.0"')
    assert "deploy" in host.succeed("hearth plan hello"), host.succeed("hearth plan hello")
    put_back, indexes = vanish("1.1.0"), services()
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "failed", said
    for words in ("image localhost:5000/hello:1.1.0 cannot be pulled", "push it again", "nothing was deployed"):
        assert words in said, said
    assert services() == indexes
    still("1.0.0")
    put_back()

with subtest("without room for a snapshot the update is held, with both numbers, and the app is not stopped"):
    small = "/var/lib/hearth/apps/hello/small"
    host.succeed(f"mkdir {small} && mount -t tmpfs -o size=8m small {small}")
    indexes = services()
    declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.1.0" | .snapshot.folder = "{small}"')
    good, said = reconcile(UNIT)
    story = receipt("apps/hello")
    assert good and story["outcome"] == "held", said
    assert "needs" in story["summary"] and "are free" in story["summary"], story
    assert services() == indexes
    still("1.0.0")

with subtest("two runs at once: the second waits for the first, and both end well"):
    declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.1.0"')
    host.succeed(f"systemctl start --no-block {UNIT}")
    host.wait_until_succeeds("docker service ps hello_example_org_app | grep 1.1.0", timeout=60)
    host.succeed("reconcile-app /etc/hearth/apps/hello.json > /run/second 2>&1")
    assert "waiting for another run" in host.succeed("cat /run/second"), host.succeed("cat /run/second")
    assert receipt("apps/hello")["outcome"] == "unchanged", receipt("apps/hello")
    still("1.1.0")

with subtest("what a person changes in the middle of an update is put right by the run after it"):
    declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.2.0-slow" | .gate.convergeSeconds = 90')
    host.succeed(f"systemctl start --no-block {UNIT}")
    host.wait_until_succeeds("docker service ps hello_example_org_app | grep 1.2.0-slow", timeout=60)
    host.succeed("docker service update --quiet --detach --env-add PLANTED=1 hello_example_org_app")
    host.wait_until_succeeds(f"systemctl show {UNIT} --property=ActiveState | grep -E 'failed|=inactive'", timeout=200)
    good, said = reconcile(UNIT)
    assert good, said
    assert "PLANTED" not in host.succeed("docker service inspect hello_example_org_app --format '{{json .Spec}}'")
    still("1.2.0-slow")

with subtest("the drift timer's unit finds nothing left to do"):
    host.succeed("systemctl start hearth-drift.service")
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "unchanged", said

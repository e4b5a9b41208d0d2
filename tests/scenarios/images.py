# Images on containerd's store: loaded from an archive, pulled by tag, pinned to what is in them, found again with the
# registry down, and rebuilt under the tag that they had.
APPS = {"hello": "hello.example.org"}
QUICK = '.gate.convergeSeconds = 60 | .gate.healthySeconds = 0 | .environment.HELLO_DRAIN_SECONDS = "0" | .snapshot.mode = "none"'
HELLO, PROXY = "hearth-app-hello.service", "hearth-app-proxy.service"
IMAGE = "localhost:5000/hello"
SERVICE = "hello_example_org_app"


def image_of(service):
    """What the swarm is told to run."""
    return host.succeed(f"docker service inspect {service} --format '{{{{.Spec.TaskTemplate.ContainerSpec.Image}}}}'").strip()


def proxy():
    """The proxy's service."""
    return host.succeed("docker service ls --filter label=hearth.app=proxy --format '{{.Name}}' | head -1").strip()


def run(unit=HELLO):
    """Runs an app's unit, which must succeed; returns what it said."""
    good, said = reconcile(unit)
    assert good, said
    return said


wait_until_serving()

with subtest("a pulled image is pinned, and one of the Nix store goes by its content"):
    assert f"{IMAGE}:1.0.0@sha256:" in image_of(SERVICE), image_of(SERVICE)
    loaded = image_of(proxy())
    tag, content = loaded.split("@")[0].rsplit("-", 1)
    assert "hearth/traefik:" in tag and len(content) == 12 and set(content) <= set("0123456789abcdef"), loaded

with subtest("a version is deployed, and the tag of the one before it moves on"):
    declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.1.0"')
    run()
    pinned = image_of(SERVICE)
    # As a pipeline does that builds the same tag again.
    host.succeed(
        f"docker --config /run/hearth/docker pull --quiet {IMAGE}:1.2.0-crashes",
        f"docker tag {IMAGE}:1.2.0-crashes {IMAGE}:1.1.0",
    )
    assert host.execute(f"docker image inspect {pinned}")[0] == 0, f"{pinned} is not found any more"

with subtest("with the registry down what serves is started again by its digest"):
    host.succeed("systemctl stop docker-registry.service")
    host.succeed(f"docker service update --detach=false --quiet --force {SERVICE}")
    host.wait_until_succeeds(https("hello.example.org"), timeout=60)
    assert "hello 1.1.0" in get("hello.example.org")

with subtest("an image that cannot be had is the reason that the run gives, not what the swarm makes of it"):
    host.succeed(f"docker service scale --detach=false {SERVICE}=0", "docker container prune --force")
    host.succeed(f"docker image rm --force $(docker image inspect {pinned} --format '{{{{.Id}}}}')")
    host.succeed(f"docker service scale --detach=true {SERVICE}=1")
    good, said = reconcile(HELLO)
    last = receipt("apps/hello")
    assert not good, said
    assert "connection refused" in last["summary"], last["summary"]
    host.succeed("systemctl start docker-registry.service")
    host.wait_for_open_port(5000)
    run()
    host.wait_until_succeeds(https("hello.example.org"), timeout=60)

with subtest("an image of the Nix store that was rebuilt under the same tag arrives"):
    archive = manifest("proxy")["images"][0]["archive"]
    # Another configuration, as a rebuild with another compiler has another binary.
    host.succeed(
        "mkdir -p /run/rebuilt && tar --extract --directory=/run/rebuilt --file=" + archive,
        "cd /run/rebuilt && old=$(jq -r '.[0].Config' manifest.json) && jq -c '.config.Labels = {built: \"again\"}' $old > new"
        " && new=$(sha256sum new | cut -d' ' -f1).json && mv new $new && rm $old"
        " && jq -c --arg name $new '.[0].Config = $name' manifest.json > m && mv m manifest.json",
        "tar --create --directory=/run/rebuilt --file=/var/lib/rebuilt.tar .",
    )
    before = image_of(proxy())
    declare("proxy", '.images[0].archive = "/var/lib/rebuilt.tar"')
    run(PROXY)
    after = image_of(proxy())
    assert after.split("@")[0] != before.split("@")[0], (before, after)
    labels = host.succeed(f"docker image inspect {after} --format '{{{{json .Config.Labels}}}}'")
    assert "again" in labels, labels
    host.wait_until_succeeds(https("hello.example.org"), timeout=60)

with subtest("the same image at another path is neither loaded nor deployed again"):
    host.succeed("cp /var/lib/rebuilt.tar /var/lib/moved.tar")
    declare("proxy", '.images[0].archive = "/var/lib/moved.tar"')
    said = run(PROXY)
    assert "loading image" not in said, said
    assert image_of(proxy()) == after, (after, image_of(proxy()))

with subtest("pruning keeps what a rollback needs"):
    host.succeed("jq '.free = {\"percent\": 99, \"bytes\": null} | .unusedHours = 0' /etc/hearth/pruning.json > /run/new.json")
    host.succeed("rm -f /etc/hearth/pruning.json && mv /run/new.json /etc/hearth/pruning.json")
    run("hearth-pruning.service")
    for image in (after, image_of(SERVICE)):
        host.succeed(f"docker image inspect {image}")

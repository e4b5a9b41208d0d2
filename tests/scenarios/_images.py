class Images:
    """What holds of images on either of the engine's stores. A scenario for each store plays it."""

    HELLO, PROXY = "hearth-app-hello.service", "hearth-app-proxy.service"
    IMAGE = "localhost:5000/hello"
    SERVICE = "hello_example_org_app"
    QUICK = '.gate.convergeSeconds = 60 | .gate.healthySeconds = 0 | .environment.HELLO_DRAIN_SECONDS = "0" | .snapshot.mode = "none"'

    def play(self):
        """Everything, in the order in which one builds on the other."""
        with subtest("a pulled image is pinned, and one of the Nix store goes by its content"):
            self.names()
        with subtest("a version is deployed, and the tag of the one before it moves on"):
            self.moved_tag()
        with subtest("with the registry down what serves is started again by its digest"):
            self.registry_down()
        with subtest("an image that cannot be had is the reason that the run gives, not what the swarm makes of it"):
            self.cause_told()
        with subtest("an image of the Nix store that was rebuilt under the same tag arrives"):
            rebuilt = self.rebuilt()
        with subtest("the same image at another path is neither loaded nor deployed again"):
            self.moved_archive(rebuilt)
        with subtest("pruning removes what nothing needs, and keeps what a rollback needs"):
            self.pruned(rebuilt)

    def of(self, service=SERVICE):
        """What the swarm is told to run."""
        return host.succeed(f"docker service inspect {service} --format '{{{{.Spec.TaskTemplate.ContainerSpec.Image}}}}'").strip()

    def of_proxy(self):
        """What it is told to run as the proxy."""
        return self.of("$(docker service ls --filter label=hearth.app=proxy --format '{{.Name}}' | head -1)")

    def run(self, unit=HELLO):
        """Runs an app's unit, which must succeed; returns what it said."""
        good, said = reconcile(unit)
        assert good, said
        return said

    def has(self, image):
        """Whether the engine finds an image by this name."""
        return host.execute(f"docker image inspect {image}")[0] == 0

    def names(self):
        pinned = self.of()
        assert f"{self.IMAGE}:1.0.0@sha256:" in pinned, pinned
        loaded = self.of_proxy()
        tag, content = loaded.split("@")[0].rsplit("-", 1)
        assert "hearth/traefik:" in tag and len(content) == 12 and set(content) <= set("0123456789abcdef"), loaded

    def moved_tag(self):
        declare("hello", f'{self.QUICK} | .environment.APP_VERSION = "1.1.0"')
        self.run()
        pinned = self.of()
        # As a pipeline does that builds the same tag again.
        host.succeed(
            f"docker --config /run/hearth/docker pull --quiet {self.IMAGE}:1.2.0-crashes",
            f"docker tag {self.IMAGE}:1.2.0-crashes {self.IMAGE}:1.1.0",
        )
        assert self.has(pinned), f"{pinned} is not found any more"

    def registry_down(self):
        host.succeed("systemctl stop docker-registry.service")
        host.succeed(f"docker service update --detach=false --quiet --force {self.SERVICE}")
        host.wait_until_succeeds(https("hello.example.org"), timeout=60)
        assert "hello 1.1.0" in get("hello.example.org")

    def cause_told(self):
        pinned = self.of()
        host.succeed(f"docker service scale --detach=false {self.SERVICE}=0", "docker container prune --force")
        host.succeed(f"docker image rm --force $(docker image inspect {pinned} --format '{{{{.Id}}}}')")
        host.succeed(f"docker service scale --detach=true {self.SERVICE}=1")
        good, said = reconcile(self.HELLO)
        last = receipt("apps/hello")
        assert not good, said
        assert "connection refused" in last["summary"], last["summary"]
        host.succeed("systemctl start docker-registry.service")
        host.wait_for_open_port(5000)
        self.run()
        host.wait_until_succeeds(https("hello.example.org"), timeout=60)
        assert self.of() == pinned, (pinned, self.of())
        assert "hello 1.1.0" in get("hello.example.org")

    def rebuilt(self):
        archive = manifest("proxy")["images"][0]["archive"]
        # Another configuration, as a rebuild with another compiler has another binary.
        host.succeed(
            "mkdir -p /run/rebuilt && tar --extract --directory=/run/rebuilt --file=" + archive,
            "cd /run/rebuilt && old=$(jq -r '.[0].Config' manifest.json) && jq -c '.config.Labels = {built: \"again\"}' $old > new"
            " && new=$(sha256sum new | cut -d' ' -f1).json && mv new $new && rm $old"
            " && jq -c --arg name $new '.[0].Config = $name' manifest.json > m && mv m manifest.json",
            "tar --create --directory=/run/rebuilt --file=/var/lib/rebuilt.tar .",
        )
        before = self.of_proxy()
        declare("proxy", '.images[0].archive = "/var/lib/rebuilt.tar"')
        self.run(self.PROXY)
        after = self.of_proxy()
        assert after.split("@")[0] != before.split("@")[0], (before, after)
        labels = host.succeed(f"docker image inspect {after} --format '{{{{json .Config.Labels}}}}'")
        assert "again" in labels, labels
        host.wait_until_succeeds(https("hello.example.org"), timeout=60)
        return after

    def moved_archive(self, rebuilt):
        host.succeed("cp /var/lib/rebuilt.tar /var/lib/moved.tar")
        declare("proxy", '.images[0].archive = "/var/lib/moved.tar"')
        said = self.run(self.PROXY)
        assert "loading image" not in said, said
        assert self.of_proxy() == rebuilt, (rebuilt, self.of_proxy())

    def pruned(self, rebuilt):
        # The version whose tag was moved is kept: the last good version's name leads to it, too.
        host.succeed("echo scrap > /run/scrap && tar --create --directory=/run scrap | docker import - scrap:1")
        host.succeed("jq '.free = {\"percent\": 99, \"bytes\": null} | .unusedHours = 0' /etc/hearth/pruning.json > /run/new.json")
        host.succeed("rm -f /etc/hearth/pruning.json && mv /run/new.json /etc/hearth/pruning.json")
        # The first run sees that nothing needs it, from when on its hours count.
        self.run("hearth-pruning.service")
        said = self.run("hearth-pruning.service")
        assert not self.has("scrap:1"), f"scrap:1 is still there: {said}"
        for image in (rebuilt, self.of()):
            assert self.has(image), f"{image} is gone"

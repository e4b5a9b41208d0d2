# From the engine of an older NixOS to today's, and then from its own image store to containerd's: each time everything
# serves again without a person, and nothing is reported as deployed that is not.
APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
ENGINE = "debian"
DROP_IN = "/etc/systemd/system/docker.service.d/engine.conf"


def version():
    """The engine's release and where it keeps images."""
    return host.succeed("docker info --format '{{.ServerVersion}} {{.Driver}}'").strip()


def serves_again():
    """Waits until every app answers, with the data that it had."""
    for domain in APPS.values():
        host.wait_until_succeeds(https(domain), timeout=300)
    assert get("hello.example.org", "/count").strip() == "1"


def honest():
    """What the last receipts call deployed runs."""
    for app in APPS:
        last = receipt(f"apps/{app}")
        assert last["outcome"] in ("unchanged", "changed"), last
        for service in json.loads(host.succeed(f"cat /var/lib/hearth/apps/{app}/deployed.json"))["services"]:
            running = host.succeed(f"docker service ps {service} --filter desired-state=running --format '{{{{.CurrentState}}}}'")
            assert running.startswith("Running"), (service, running)


wait_until_serving(allow_reboot=True)
get("hello.example.org", "/count", "--request POST")

with subtest("on the engine of before everything serves"):
    assert version().startswith("26.1") and version().endswith("overlay2"), version()
    honest()

with subtest("its programs become today's, as a switch does it"):
    host.succeed(
        f"sed -i 's#/usr/sbin/dockerd#/opt/docker/dockerd#; s#PATH=/usr/sbin:#PATH=/opt/docker:/usr/sbin:#' {DROP_IN}",
        "ln -sf /opt/docker/docker /usr/bin/docker",
        "systemctl daemon-reload && systemctl restart docker.service",
    )
    assert version().startswith("29.") and version().endswith("overlay2"), version()
    serves_again()
    reconcile()
    honest()

with subtest("its images move to containerd's store, where there are none yet"):
    host.succeed(
        "jq '.features = {\"containerd-snapshotter\": true}' /etc/docker/daemon.json > /run/daemon.json",
        "mv /run/daemon.json /etc/docker/daemon.json && systemctl restart docker.service",
    )
    assert version().endswith("overlayfs"), version()
    # What the timer does within its minutes.
    host.execute("systemctl start hearth-drift.service")
    serves_again()
    honest()

with subtest("and after a reboot, too"):
    host.reboot()
    serves_again()
    honest()

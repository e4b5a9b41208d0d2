# `nixos-rebuild` to one system after the other: each switch brings what it changed, and that alone; what goes wrong is told.

APPS = {"hello": "hello.example.org", "hello-test": "hello-test.example.org"}
LIVE, TEST, ADDED = "hello.example.org", "hello-test.example.org", "added.example.org"
SERVICE, TEST_SERVICE = "hello_example_org_app", "hello-test_example_org_app"
TOKEN = "/run/hearth/secrets/hello_token"


def environment(service=SERVICE):
    """What a service's tasks are told."""
    return host.succeed(f"docker service inspect {service} --format '{{{{json .Spec.TaskTemplate.ContainerSpec.Env}}}}'")


def touched(before):
    """The services that are not what they were."""
    return {name for name, index in services().items() if before.get(name) != index}


def resets_with(file, domain):
    """Whether an app takes the token that a file holds."""
    host.succeed(f"printf 'header = \"Authorization: Bearer %s\"\\n' \"$(cat {file})\" > /dev/shm/token")
    code, _ = host.execute(https(domain, "/count", "--request DELETE --config /dev/shm/token"))
    host.succeed("rm /dev/shm/token")
    return code == 0


def served_certificate():
    """The fingerprint of what a visitor is shown."""
    ask = f"openssl s_client -connect {LIVE}:443 -servername {LIVE} < /dev/null 2> /dev/null"
    return host.succeed(f"{ask} | openssl x509 -noout -fingerprint -sha256").strip()


def declared_certificate():
    """The fingerprint of what is declared."""
    file = json.loads(host.succeed("cat /etc/hearth/certificates/example.json"))["certificateFile"]
    return host.succeed(f"openssl x509 -in {file} -noout -fingerprint -sha256").strip()


wait_until_serving(allow_reboot=True)
FIRST = system()
get(LIVE, "/count", "--request POST")

with subtest("a dry activation says what it would do, and does nothing"):
    indexes = services()
    code, said = host.execute(f"{system('engine')}/bin/switch-to-configuration dry-activate 2>&1")
    assert code == 0 and "would stop the following units: docker.service" in said, f"{code}\n{said}"
    assert host.succeed("readlink -f /run/current-system").strip() == FIRST
    assert host.succeed("systemctl is-active docker.service").strip() == "active" and services() == indexes

with subtest("a changed option: its app is updated by the switch, nothing else is touched"):
    switch("option")
    assert "HELLO_DRAIN_SECONDS=1\"" in environment(), environment()
    assert receipt("apps/hello")["outcome"] == "changed" and touched(indexes) == {SERVICE}, touched(indexes)
    assert receipt("apps/hello-test")["outcome"] == "unchanged", receipt("apps/hello-test")
    assert int(get(LIVE, "/count")) == 1
    assert host.succeed("readlink -f /run/current-system").strip() == host.succeed(f"readlink -f {PROFILE}").strip() != FIRST

with subtest("a second switch to the same system changes nothing"):
    indexes = services()
    switch("option")
    assert services() == indexes and receipt("apps/hello")["outcome"] == "unchanged", receipt("apps/hello")

with subtest("a changed secret and certificate are there when the switch ends, and the option is taken back"):
    old = served_certificate()
    host.succeed(f"cp {TOKEN} /dev/shm/old-token")
    switch("rotated")
    assert "HELLO_DRAIN_SECONDS=5\"" in environment(), environment()
    assert host.succeed(f"cmp {TOKEN} /dev/shm/old-token || echo differs").strip().endswith("differs")
    assert touched(indexes) == {SERVICE, TEST_SERVICE}, touched(indexes)
    for domain in (LIVE, TEST):
        assert resets_with(TOKEN, domain) and not resets_with("/dev/shm/old-token", domain), domain
    assert receipt("certificates/example")["outcome"] == "changed", receipt("certificates/example")
    host.wait_until_succeeds(f"openssl s_client -connect {LIVE}:443 -servername {LIVE} < /dev/null 2> /dev/null"
                             f" | openssl x509 -noout -fingerprint -sha256 | grep -qxF '{declared_certificate()}'", timeout=30)
    assert served_certificate() != old
    host.succeed("rm /dev/shm/old-token")

with subtest("an app that cannot be deployed: the switch ends with 4 and the reason, the others serve on"):
    code, said = rebuild("failing")
    assert code == 4, f"{code}\n{said}"
    assert "the following units failed: hearth-app-hello-test.service" in said, said
    assert "localhost:5000/hello:0.0.0-missing" in said, said
    assert "hello 1.0.0" in get(TEST) and "hello 1.0.0" in get(LIVE)
    assert host.succeed("systemctl list-units --failed --plain --no-legend | cut -d' ' -f1").split() == ["hearth-app-hello-test.service"]

with subtest("and the generation before is a way back that ends well"):
    host.succeed(f"nix-env -p {PROFILE} --rollback")
    code, said = host.execute(f"{PROFILE}/bin/switch-to-configuration switch 2>&1")
    assert code == 0, f"{code}\n{said}"
    assert host.succeed("readlink -f /run/current-system").strip() == host.succeed(f"readlink -f {system('rotated')}").strip()
    assert host.succeed("systemctl list-units --failed --plain --no-legend") == ""

with subtest("a new app serves when the switch ends, and is watched from then on"):
    said = switch("added")
    assert "hello 1.0.0" in get(ADDED) and receipt("apps/added")["outcome"] == "changed", said
    host.succeed("docker service rm added_example_org_app && systemctl start hearth-drift.service")
    host.wait_until_succeeds(https(ADDED), timeout=120)

with subtest("an app that leaves the flake is stopped by the switch, after a final snapshot; its route goes, its data stays"):
    get(ADDED, "/count", "--request POST")
    said = switch()
    assert host.succeed("docker ps --quiet --filter name=added_example_org") == "", said
    host.wait_until_fails(https(ADDED), timeout=30)
    host.succeed("docker volume inspect added_example_org_data")
    (left,) = receipt("undeclared")["found"]["undeclared"]
    assert (left["app"], left["standing"]) == ("added", "stopped"), left
    host.succeed(f"find /var/lib/hearth/snapshots/added -name '{left['snapshot']}*' | grep .")
    _, listed = host.execute("hearth status 2>&1")
    assert any(line.startswith("added ") for line in listed.splitlines()), listed
    assert "hello 1.0.0" in get(LIVE)

with subtest("and declared again it serves with its data"):
    said = switch("added")
    assert int(get(ADDED, "/count")) == 1, said

with subtest("changed settings of the engine restart it, and all apps serve again"):
    engine = host.get_unit_property("docker.service", "InvocationID")
    written = get(LIVE, "/count", "--request POST")
    said = switch("engine")
    assert host.get_unit_property("docker.service", "InvocationID") != engine, said
    for domain in (LIVE, TEST):
        host.wait_until_succeeds(https(domain), timeout=90)
    assert get(LIVE, "/count") == written
    assert host.succeed("systemctl list-units --failed --plain --no-legend") == ""

with subtest("a system for the next boot is not active before, and is everything after it"):
    indexes = services()
    code, said = rebuild("option", "boot")
    assert code == 0 and services() == indexes, f"{code}\n{said}"
    assert host.succeed("readlink -f /run/current-system").strip() == host.succeed(f"readlink -f {system('engine')}").strip()
    host.reboot()
    wait_until_serving()
    assert host.succeed("readlink -f /run/booted-system").strip() == host.succeed(f"readlink -f {system('option')}").strip()
    assert "HELLO_DRAIN_SECONDS=1\"" in environment(), environment()
    assert get(LIVE, "/count") == written

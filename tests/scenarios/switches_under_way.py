# Switches while something is under way: another app's deploy, that very app's deploy, a session that is lost, a switch that
# is killed. Nothing is cut off half-way for good, and nobody else is disturbed.

APPS = {"hello": "hello.example.org", "hello-test": "hello-test.example.org"}
LIVE, TEST = "hello.example.org", "hello-test.example.org"
UNIT, TEST_UNIT = "hearth-app-hello.service", "hearth-app-hello-test.service"
SLOW = "1.2.0-slow"


def changed():
    """Whether the system `changed` has come to its app."""
    ask = "docker service inspect hello-test_example_org_app --format '{{json .Spec.TaskTemplate.ContainerSpec.Env}}'"
    return "HELLO_DRAIN_SECONDS=1\"" in host.succeed(ask)


def under_way(unit):
    """Waits until a new run of a unit has given its app to the engine, and returns which run that is."""
    run = f"_SYSTEMD_INVOCATION_ID=$(systemctl show --property=InvocationID --value {unit})"
    state = f"systemctl show --property=ActiveState {unit} | grep -q activating"
    host.wait_until_succeeds(f"{state} && journalctl --output=cat {run} | grep -q 'waiting for'", timeout=120)
    return host.get_unit_property(unit, "InvocationID")


def deploy(app, version, unit):
    """A person's deploy in the background; what comes of it is in /run/UNIT."""
    ask = f"hearth deploy {app} {version} > /run/{unit} 2>&1; echo $? > /run/{unit}.code"
    in_background(unit, f"sh -c '{ask}'")


def came_to(unit):
    """The exit code of such a deploy, and what was read."""
    host.wait_for_file(f"/run/{unit}.code", timeout=200)
    return int(host.succeed(f"cat /run/{unit}.code")), host.succeed(f"cat /run/{unit}")


wait_until_serving()

with subtest("a switch during another app's deploy waits for it and does not cut it off"):
    deploy("hello", SLOW, "first-deploy")
    run = under_way(UNIT)
    said = switch("changed")
    assert changed(), said
    assert host.get_unit_property(UNIT, "InvocationID") == run, "the run of the deploy was begun again"
    code, heard = came_to("first-deploy")
    assert code == 0 and f"hello {SLOW}" in get(LIVE), f"{code}\n{heard}"

with subtest("so does the way back to the generation before"):
    deploy("hello", "1.1.0", "second-deploy")
    run = under_way(UNIT)
    host.succeed(f"nix-env -p {PROFILE} --rollback")
    code, said = host.execute(f"{PROFILE}/bin/switch-to-configuration switch 2>&1")
    assert code == 0 and not changed(), f"{code}\n{said}"
    assert host.get_unit_property(UNIT, "InvocationID") == run, "the run of the deploy was begun again"
    code, heard = came_to("second-deploy")
    assert code == 0 and "hello 1.1.0" in get(LIVE), f"{code}\n{heard}"

with subtest("a switch whose session is lost goes on to its end"):
    host.succeed("ssh-keygen -q -t ed25519 -N '' -f /root/session-key")
    host.succeed("mkdir -p -m 700 /root/.ssh && cp /root/session-key.pub /root/.ssh/authorized_keys")
    host.succeed(f"nix-env -p {PROFILE} --set {system('slow')}")
    remote = f"systemd-run --quiet --setenv=PATH --unit=hearth-switch --collect --wait {system('slow')}/bin/switch-to-configuration switch"
    ssh = "ssh -q -i /root/session-key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes root@localhost"
    in_background("session", f"{ssh} {remote}")
    under_way(TEST_UNIT)
    host.succeed("systemctl kill --signal=KILL session.service")
    assert host.succeed("systemctl is-active hearth-switch.service").strip() == "active"
    host.wait_until_fails("systemctl is-active hearth-switch.service", timeout=200)
    assert f"hello {SLOW}" in get(TEST)
    assert host.succeed("readlink -f /run/current-system").strip() == host.succeed(f"readlink -f {system('slow')}").strip()
    host.fail("systemctl is-failed hearth-switch.service")

with subtest("a switch is killed while it deploys an app: the next one has that done anew, as declared now"):
    switch()
    host.succeed(f"nix-env -p {PROFILE} --set {system('slow')}")
    in_background("slow-switch", f"{system('slow')}/bin/switch-to-configuration switch", "--collect")
    under_way(TEST_UNIT)
    host.succeed("systemctl kill --signal=KILL slow-switch.service")
    host.wait_until_fails("systemctl is-active slow-switch.service", timeout=30)
    said = switch("changed")
    assert f"stopping the following units: {TEST_UNIT}" in said, said
    assert changed() and "hello 1.0.0" in get(TEST), said
    good, words = reconcile(TEST_UNIT)
    assert good and receipt("apps/hello-test")["outcome"] == "unchanged", words

with subtest("a deploy of the very app that a switch changes ends well, and the change is there"):
    switch()
    deploy("hello-test", SLOW, "third-deploy")
    run = under_way(TEST_UNIT)
    said = switch("changed")
    assert host.get_unit_property(TEST_UNIT, "InvocationID") != run and changed(), said
    code, heard = came_to("third-deploy")
    assert code == 0 and f"hello {SLOW}" in get(TEST), f"{code}\n{heard}\n{said}"

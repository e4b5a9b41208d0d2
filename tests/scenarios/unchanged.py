# A second run changes nothing; what was changed by hand is healed; a reboot needs nobody.

APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}


def runs():
    """The start of the last run of every helper."""
    return {of: receipt(of)["started"] for of in ALL}


ALL = ["secrets", "swarm", "certificates/example", "apps/proxy", "apps/hello", "apps/miniflux"]
SERVICE = "hello_example_org_app"

wait_until_serving(allow_reboot=True)

with subtest("a second run of everything says unchanged, and changes nothing in the engine"):
    before, indexes = runs(), services()
    good, _ = reconcile()
    assert good
    for of, started in runs().items():
        assert started != before[of], f"{of} did not run again"
        assert receipt(of)["outcome"] == "unchanged", receipt(of)
    assert services() == indexes, (indexes, services())

get("hello.example.org", "/count", "--request POST")

with subtest("a service removed by hand is back after the next run, with its data"):
    host.succeed(f"docker service rm {SERVICE}")
    good, words = reconcile("hearth-app-hello.service")
    assert good and receipt("apps/hello")["outcome"] == "changed", words
    assert "is gone" in words, words
    assert int(get("hello.example.org", "/count")) == 1

with subtest("a service scaled to nothing by hand is scaled back"):
    host.succeed(f"docker service scale --detach {SERVICE}=0")
    host.wait_until_fails(https("hello.example.org"), timeout=60)
    good, words = reconcile("hearth-app-hello.service")
    assert good and "changed by hand" in words, words
    get("hello.example.org")

with subtest("an environment changed by hand is put right"):
    host.succeed(f"docker service update --quiet --detach --env-add PLANTED=1 {SERVICE}")
    good, words = reconcile("hearth-app-hello.service")
    assert good and "changed by hand" in words, words
    shown = host.succeed(f"docker service inspect {SERVICE} --format '{{{{json .Spec}}}}'")
    assert "PLANTED" not in shown, shown
    assert "hello 1.0.0" in get("hello.example.org")

with subtest("the drift timer's unit finds such a thing by itself, and starts only what differs"):
    before = runs()
    host.succeed("docker service rm feeds_example_org_app")
    host.succeed("systemctl start hearth-drift.service")
    old = before["apps/miniflux"]
    host.wait_until_succeeds(f"! grep -q {old} /var/lib/hearth/apps/miniflux/last.json", timeout=120)
    get("feeds.example.org", "/healthcheck")
    assert receipt("apps/miniflux")["outcome"] == "changed", receipt("apps/miniflux")
    # What it needs before it, the secrets, runs again with it; another app does not.
    touched = {of for of, started in runs().items() if started != before[of]}
    assert not touched & {"apps/hello", "apps/proxy"}, touched

with subtest("after a reboot everything serves without a person"):
    host.reboot()
    wait_until_serving()
    assert int(get("hello.example.org", "/count")) == 1

with subtest("after a power cut, too"):
    host.crash()
    wait_until_serving()
    assert int(get("hello.example.org", "/count")) == 1

with subtest("and the run after that says unchanged again"):
    indexes = services()
    good, _ = reconcile()
    assert good and services() == indexes, (indexes, services())
    assert {of: receipt(of)["outcome"] for of in ALL} == dict.fromkeys(ALL, "unchanged")

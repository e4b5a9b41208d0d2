# The engine is stopped in the middle of a deploy: a clear error, nothing half-written, and the next run finishes it.

UNIT = "hearth-app-hello.service"

wait_until_serving()

with subtest("the deploy that is cut off says so"):
    declare("hello", '.environment.APP_VERSION = "1.2.0-slow"')
    host.succeed(f"systemctl start --no-block {UNIT}")
    host.wait_until_succeeds("docker service ps hello_example_org_app | grep 1.2.0-slow", timeout=60)
    host.succeed("systemctl stop docker.socket docker.service")
    host.wait_until_succeeds(f"systemctl show {UNIT} --property=ActiveState | grep -E 'failed|=inactive'", timeout=60)
    words = host.succeed(f"journalctl --output=cat --unit={UNIT} --lines=20")
    assert "docker.sock" in words or "engine" in words, words

with subtest("while the engine is gone, a run fails with that reason and changes no state"):
    before = host.succeed("find /var/lib/hearth/apps/hello -name '*.json' ! -name last.json | sort | xargs md5sum")
    good, words = reconcile(UNIT, "--job-mode=ignore-dependencies")
    assert not good, words
    after = host.succeed("find /var/lib/hearth/apps/hello -name '*.json' ! -name last.json | sort | xargs md5sum")
    assert all(line in after for line in before.splitlines() if "receipts" in line), (before, after)
    host.succeed("for file in $(find /var/lib/hearth -name '*.json'); do jq . $file > /dev/null; done")

with subtest("with the engine back, the next run finishes what was begun"):
    host.succeed("systemctl start docker.service")
    good, words = reconcile(UNIT)
    assert good, words
    assert "hello 1.2.0-slow" in get("hello.example.org")
    host.wait_until_succeeds(https("feeds.example.org"), timeout=90)

with subtest("and nothing is left to do after it"):
    good, _ = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "unchanged", receipt("apps/hello")

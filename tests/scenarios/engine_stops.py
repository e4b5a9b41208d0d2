# The engine is stopped in the middle of a deploy: a clear error, nothing half-written, and the next run finishes it.

APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
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

with subtest("restarted in the middle of each step of an update and of a rollback, the next run ends it well"):
    get("hello.example.org", "/count", "--request POST")
    written = get("hello.example.org", "/count")
    quick = '.gate.convergeSeconds = 60 | .gate.healthySeconds = 2 | .environment.HELLO_DRAIN_SECONDS = "0"'
    attempts = [
        ("1.1.0", "stopping"), ("1.0.0", "snapshot .* is taken"), ("1.1.0", "waiting for"),
        ("1.2.0-exits", "stopping"), ("1.2.0-exits", "rolling back"), ("1.2.0-exits", "restoring snapshot"),
    ]  # fmt: skip
    for number, (version, step) in enumerate(attempts):
        declare("hello", f'.environment = (.environment + {{APP_VERSION: "{version}", ATTEMPT: "{number}"}}) | {quick}')
        since = host.succeed("date '+%F %T.%6N'").strip()
        host.succeed(f"systemctl start --no-block {UNIT}")
        journal = f"journalctl --output=cat --unit={UNIT} --since='{since}'"
        host.wait_until_succeeds(f"{journal} | grep -q '{step}'", timeout=90)
        # Six restarts in two minutes are more than systemd allows by itself.
        host.succeed("systemctl reset-failed docker.service docker.socket && systemctl restart docker.service")
        host.wait_until_succeeds(f"systemctl show {UNIT} --property=ActiveState | grep -E 'failed|=inactive'", timeout=200)
        reconcile(UNIT)
        _, said = reconcile(UNIT)
        assert "nothing differs" in said or "failed before" in said, (version, step, said)
        wanted = version if version in ("1.0.0", "1.1.0") else "1.1.0"
        host.wait_until_succeeds(f"{https('hello.example.org')} | grep 'hello {wanted}'", timeout=30)
        assert get("hello.example.org", "/count") == written, (version, step)

# What ends badly is told once, with the reason, and its end once; a helper that could not even start is told, too.

APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
UNIT = "hearth-app-hello.service"

wait_until_serving()

with subtest("a host on which all is well tells nothing"):
    host.succeed("systemctl start hearth-alerts.service")
    assert receipt("alerts")["outcome"] == "unchanged", receipt("alerts")
    host.fail("test -e /run/alerts.jsonl")

with subtest("what no channel takes is kept for it, and is no failed unit yet"):
    take_back = declare("hello", '.environment.APP_VERSION = "9.9.9" | .gate.convergeSeconds = 60')
    good, _ = reconcile(UNIT)
    assert not good
    host.wait_until_succeeds("grep -q held /var/lib/hearth/alerts/last.json", timeout=30)
    host.fail("systemctl is-failed hearth-alerts.service")

with subtest("it arrives once the sink is there: one alert, with the reason"):
    sink()
    # A look may be under way that has asked the channel already: a start while it lasts is no second look.
    host.wait_until_succeeds("systemctl start hearth-alerts.service && test -s /run/alerts.jsonl", timeout=60)
    events = alerts(1)
    assert len(events) == 1, told(events)
    assert told(events)[0][:2] == ("problem", "app hello"), events
    assert "9.9.9" in events[0]["cause"] and "cannot be pulled" in events[0]["cause"], events
    assert "9.9.9" in events[0]["text"] and UNIT in events[0]["remedy"], events

with subtest("the same failure again tells nothing, whoever looks"):
    good, _ = reconcile(UNIT)
    assert not good
    assert len(alerts()) == 1, told(alerts())
    host.succeed("systemctl start hearth-alerts.service")
    assert len(alerts()) == 1, told(alerts())

with subtest("it is told once that it is well again"):
    take_back()
    good, words = reconcile(UNIT)
    assert good, words
    events = alerts(2)
    assert told(events)[1:] == [("resolved", "app hello", events[0]["kind"])], told(events)
    good, _ = reconcile(UNIT)
    assert good and len(alerts()) == 2, told(alerts())

with subtest("a version that exits at once is rolled back, and that is told with the end of its log"):
    take_back = declare("hello", '.environment.APP_VERSION = "1.2.0-exits" | .gate.convergeSeconds = 60')
    reconcile(UNIT)
    (container,) = receipt("apps/hello")["containers"].values()
    assert container["State"]["ExitCode"] == 1, container["State"]
    assert container["Config"]["Env"] and not any("=" in variable for variable in container["Config"]["Env"]), container
    reconcile(UNIT)
    events = alerts(3)[2:]
    assert told(events) == [("problem", "app hello", "rolled-back")], told(events)
    assert any("exits at start, as told" in line for line in events[0]["details"]), events
    take_back()
    reconcile(UNIT)
    assert told(alerts(4)[3:]) == [("resolved", "app hello", "rolled-back")], told(alerts())

with subtest("a helper that is missing is told, and so is one that was killed"):
    override = "/run/systemd/system/hearth-app-hello.service.d/missing.conf"
    host.succeed(f"mkdir -p $(dirname {override})")
    for command, says in (("/nonexistent/helper", "203/EXEC"), ("/bin/sh -c 'kill -9 0'", "SIGKILL")):
        host.succeed(f"printf '%s\\n' '[Service]' ExecStart= \"ExecStart={command}\" > {override}; systemctl daemon-reload")
        before = len(alerts())
        for _ in range(2):
            good, _ = reconcile(UNIT)
            assert not good
        events = alerts(before + 1)[before:]
        assert told(events) == [("problem", "app hello", "not-started")], told(events)
        assert says in events[0]["cause"], events[0]
    host.succeed(f"rm {override}; systemctl daemon-reload")
    before = len(alerts())
    reconcile(UNIT)
    assert told(alerts(before + 1)[before:]) == [("resolved", "app hello", "not-started")], told(alerts())

with subtest("what ends badly while another alert is under way is told as well, and not only by the timer"):
    before = len(alerts())
    host.succeed("systemctl stop hearth-alerts.timer; touch /run/sink-waits")
    for unit in ("hearth-swarm", "hearth-drift"):
        host.succeed(
            f"mkdir -p /run/systemd/system/{unit}.service.d; "
            f"printf '%s\\n' '[Service]' ExecStart= 'ExecStart=/bin/sh -c false' > /run/systemd/system/{unit}.service.d/false.conf; "
            "systemctl daemon-reload"
        )
        host.fail(f"systemctl start {unit}.service")
        host.wait_until_succeeds("systemctl show --property=ActiveState hearth-alerts.service | grep -q activating", timeout=10)
    host.succeed("rm /run/sink-waits")
    objects = {event["object"] for event in alerts(before + 2)[before:]}
    assert objects == {"swarm", "look for drift"}, objects
    host.succeed("rm /run/systemd/system/*.service.d/false.conf; systemctl daemon-reload; systemctl start hearth-alerts.timer")
    host.succeed("systemctl start hearth-swarm.service hearth-drift.service")
    alerts(before + 4)

with subtest("hearth shows it, and all that is well beside it"):
    # That version failed before and is left alone: something in it has to change for it to be tried.
    declare("hello", '.environment.APP_VERSION = "1.2.0-exits" | .environment.AGAIN = "yes" | .gate.convergeSeconds = 60')
    reconcile(UNIT)
    status, shown = host.execute("hearth status --json")
    lines = {line["name"]: line for line in json.loads(shown)}
    assert status == 1 and lines["hello"]["outcome"] == "rolled-back", lines["hello"]
    assert all(lines[name]["outcome"] in ("unchanged", "changed") for name in ("miniflux", "proxy", "secrets", "swarm", "cert-example")), lines
    assert "crash-looping" in host.succeed("hearth history hello last")
    assert "leave alone what failed before" in host.succeed("hearth plan hello"), host.succeed("hearth plan")
    logs = host.succeed("hearth logs hello")
    assert "hearth-app-hello" in logs and "hello_example_org_app | " in logs, logs
    host.log(host.execute("hearth status")[1])

with subtest("so do the metrics, which are written anew after each run"):
    metrics = "/var/lib/hearth/metrics/hearth.prom"
    rolled_back = 'hearth_run_outcome{kind="app",name="hello",outcome="rolled back"}'
    host.wait_until_succeeds(f"grep -F '{rolled_back} 1' {metrics}", timeout=30)
    expires = 'hearth_certificate_expiry_timestamp_seconds{name="cert-example"}'
    assert float(host.succeed(f"grep -F '{expires}' {metrics}").split()[1]) > 4e9, host.succeed(f"cat {metrics}")
    declare("hello", ".")
    reconcile(UNIT)
    host.wait_until_succeeds(f"grep -F '{rolled_back} 0' {metrics}", timeout=30)

with subtest("a test arrives"):
    host.execute("send-alert --test /etc/hearth/alerts.json")
    assert [event["status"] for event in alerts()].count("test") == 1, told(alerts())

with subtest("a disk that runs out is told with its numbers, and so is its end"):
    for percent in (99, 1):
        host.succeed(f"jq '.disks.\"/\".freePercent = {percent}' /etc/hearth/alerts.json > /run/alerts-{percent}.json")
    host.execute("send-alert /run/alerts-99.json || true; send-alert /run/alerts-1.json")
    disk = ("disk of /", "disk-fills")
    assert told(alerts()[-2:]) == [("problem", *disk), ("resolved", *disk)], told(alerts())

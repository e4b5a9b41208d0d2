# A version whose migration harms the database before it fails: version and data are back, and it is not tried again.

APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
UNIT = "hearth-app-miniflux.service"
DUMP = (
    "docker exec $(docker ps -q --filter name=feeds_example_org_db)"
    " pg_dump --username=miniflux --data-only --inserts --exclude-table=sessions --exclude-table=user_sessions miniflux"
    " | grep -v '^.restrict\\|^.unrestrict'"
)

wait_until_serving()

with subtest("a user makes a feed category, through the app's own API"):
    host.succeed("printf 'user = \"admin:%s\"\\n' \"$(cat /run/hearth/secrets/miniflux_admin_password)\" > /dev/shm/login")
    login = "--config /dev/shm/login --header 'Content-Type: application/json'"
    get("feeds.example.org", "/v1/categories", f"{login} --data '{{\"title\": \"Written before the update\"}}'")
    get("feeds.example.org", "/v1/users", f"{login} --data '{{\"username\": \"ann\", \"password\": \"long enough\"}}'")
    before = host.succeed(DUMP)
    assert "Written before the update" in before and "'ann'" in before, before[-2000:]

with subtest("an update that drops a table and does not come up ends in a rollback"):
    sink()
    begun = host.succeed("date +%s.%N")
    declare("miniflux", '.environment.APP_VERSION = "2.3.0-breaks" | .gate.convergeSeconds = 20')
    good, said = reconcile(UNIT)
    host.log(f"{float(host.succeed('date +%s.%N')) - float(begun):.0f} s from the declaration to the end of the rollback, 20 s of them for the gate")
    assert not good, f"it counts as a success:\n{said}"
    story = receipt("apps/miniflux")
    host.log(", ".join(f"{step['name']} {step['milliseconds'] / 1000:.1f} s" for step in story["steps"]))
    assert story["outcome"] == "rolled-back", story
    assert "0.1.0+2.2.6 serves again with its data" in story["summary"], story

with subtest("the old version serves, and its data is what it was"):
    host.wait_until_succeeds(https("feeds.example.org", "/healthcheck"), timeout=30)
    assert host.succeed(DUMP) == before
    assert "Written before the update" in get("feeds.example.org", "/v1/categories", "--config /dev/shm/login")
    assert get("feeds.example.org", "/v1/entries", "--config /dev/shm/login").startswith("{")

with subtest("the alert has arrived, and says why"):
    (alert,) = alerts(1)
    assert told([alert]) == [("problem", "app miniflux", "rolled-back")] and alert["cause"] in story["summary"], alert

with subtest("the receipt tells the story, with what the engine knew of the failed container"):
    steps = [step["name"] for step in story["steps"]]
    assert "snapshot" in steps and "restore" in steps, steps
    assert story["containers"]["feeds_example_org_app"]["State"]["Status"], story["containers"]
    assert "unhealthy" in story["summary"] or "not converged in time" in story["summary"], story["summary"]

with subtest("the next run does not try that version again"):
    indexes = services()
    good, said = reconcile(UNIT)
    assert not good and "failed before" in said, said
    assert services() == indexes

with subtest("and the good update after it goes through, with its migration"):
    declare("miniflux", '.environment.APP_VERSION = "2.3.1"')
    good, said = reconcile(UNIT)
    assert good and receipt("apps/miniflux")["outcome"] == "changed", said
    assert "2.3.1" in host.succeed("docker service inspect feeds_example_org_app --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'")
    assert "CREATE TABLE public.migrated" in host.succeed(DUMP.replace("--data-only ", ""))
    assert "Written before the update" in get("feeds.example.org", "/v1/categories", "--config /dev/shm/login")

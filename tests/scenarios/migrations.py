# Migrations that fail are found before anything that serves is touched; and whether the old version works after good ones.

APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
UNIT = "hearth-app-shop.service"
DOMAIN = "shop.example.org"
DATABASE = "docker exec -i $(docker ps -q --filter name=shop_example_org_db)"
PSQL = f"{DATABASE} psql --username=postgres --set=ON_ERROR_STOP=1 --quiet shop"
# Everything of the live database but what is different in each dump.
DUMP = f"{DATABASE} pg_dump --username=postgres shop | grep -v '^.restrict\\|^.unrestrict'"
LEFT = "docker ps -aq --filter label=hearth.scratch; docker network ls -q --filter label=hearth.scratch"

MIGRATIONS = {
    "database": {
        "stack": None, "service": "db", "name": "shop", "owner": "shop_owner", "app": "shop_app", "superuser": "postgres",
        "extensions": [],
    },
    "migrate": {
        "service": "app", "role": "owner", "command": ["/shop", "migrate"], "environment": {},
        "files": {"/run/secrets/owner_password": "{{ownerPassword}}"}, "seconds": 60,
    },
    "probe": {
        "service": "app", "environment": {}, "port": 8080, "command": None, "seconds": 6,
        "files": {"/run/secrets/owner_password": "{{ownerPassword}}", "/run/secrets/app_password": "{{appPassword}}"},
        "requests": [{"path": "/", "status": 200, "contains": "shop"}],
    },
    "bookkeeping": ["schema_migrations"], "folder": "/migrations", "outOfOrder": False, "copy": "schema",
    "budget": {"lockMilliseconds": 1500, "statementMilliseconds": None}, "pooled": ["app"], "memoryBytes": 256 << 20,
}  # fmt: skip

wait_until_serving()

with subtest("the shop is deployed: one role owns its schema, its own does not"):
    host.succeed("mkdir -m 700 /var/lib/shop; for role in owner app; do openssl rand -hex 16 > /var/lib/shop/${role}_password; done")
    shop = manifest("miniflux") | {
        "name": "shop", "stack": "shop_example_org", "domain": DOMAIN, "stateFolder": "/var/lib/hearth/apps/shop",
        "recipe": {"folder": f"{SOURCE}/tests/recipes/shop", "git": None},
        "secrets": {f"{role}_password": f"/var/lib/shop/{role}_password" for role in ("owner", "app")},
    }  # fmt: skip
    shop["snapshot"]["folder"] = "/var/lib/hearth/snapshots/shop"
    shop["gate"] |= {"migrations": MIGRATIONS, "healthySeconds": 2}
    shop["gate"]["probe"]["url"] = f"https://{DOMAIN}/"
    shop["environment"]["APP_VERSION"] = "1.0.0"
    host.succeed(f"cat > /etc/hearth/apps/shop.json << 'EOF'\n{json.dumps(shop)}\nEOF")
    host.succeed(
        "sed s/miniflux/shop/g $(systemctl show --property=FragmentPath --value hearth-app-miniflux.service)"
        f" > /run/systemd/system/{UNIT} && systemctl daemon-reload"
    )
    good, said = reconcile(UNIT)
    assert good and "there is no live database yet" in said, said
    assert "shop 1.0.0" in get(DOMAIN) and "lamp 2500" in get(DOMAIN)
    get(DOMAIN, "/orders", "--data product=lamp")


def data():
    """What the live database holds."""
    return host.succeed(DUMP)


def touched():
    """What tells that something of the live app was touched: its services, its containers, its data."""
    containers = host.succeed("docker ps --no-trunc --quiet --filter name=shop_example_org | sort")
    return {name: index for name, index in services().items() if name.startswith("shop")}, containers, data()


def deploy(version, change="."):
    """Declares a version, with a jq expression over the rest of the manifest, and runs its unit."""
    declare("shop", f'.environment.APP_VERSION = "{version}" | {change}')
    return reconcile(UNIT)


def start_visitor():
    """Asks ten times a second from now on, and writes a line for each request that is lost."""
    host.succeed("rm -f /run/asked /run/lost")
    in_background(
        "visitor",
        "bash -c 'while sleep 0.1; do echo asked >> /run/asked;"
        f" {https(DOMAIN)} > /dev/null 2>> /run/lost || echo \"$(date +%T.%N)\" >> /run/lost; done'",
    )


def stop_visitor():
    """How many requests the visitor made; each must have been answered."""
    host.succeed("sleep 0.5; systemctl stop visitor")
    lost = host.succeed("cat /run/lost")
    assert lost == "", f"requests were lost:\n{lost[-2000:]}"
    return int(host.succeed("wc -l < /run/asked"))


def refused(version, *words, change="."):
    """Tries a version that must be refused with these words, while everything goes on."""
    before = touched()
    start_visitor()
    good, said = deploy(version, change)
    asked = stop_visitor()
    assert not good, f"it counts as a success:\n{said}"
    missing = [word for word in (*words, "1.0.0 still serves") if word not in said]
    assert not missing, f"not said: {missing}\nsaid:\n{said}"
    assert touched() == before, "something of the live app was touched"
    assert not any(word in said for word in ("stopping", "snapshot", "deploying")), said
    assert host.succeed(LEFT) == "", host.succeed(LEFT)
    story = receipt("apps/shop")
    assert story["outcome"] == "failed" and "shop 1.0.0" in get(DOMAIN), story
    assert asked > 3, asked
    host.log(f"{version}: refused after {story['milliseconds']} ms, {asked} requests meanwhile, none lost")


with subtest("a duplicate slot number"):
    refused("1.1.0-duplicate-slot", "0037_products_have_colours and 0037_products_have_weight have the same number")

with subtest("a duplicate slot number, where no folder is declared: in the tool's own words"):
    refused("1.1.0-duplicate-slot", "duplicate migration file: 0037_products_have_", change=".gate.migrations.folder = null")

with subtest("a column that was dropped 34 migrations earlier"):
    refused("1.1.0-dropped-column", 'column "legacy_code" does not exist', "42703", "CREATE INDEX products_legacy_code")

with subtest("a table that belongs to somebody else in production alone"):
    # As after a restore by hand. From an empty database all is well: there the migrations' role owns everything.
    host.succeed(f"{PSQL} -c 'ALTER TABLE reviews OWNER TO postgres; GRANT ALL ON reviews TO shop_app'")
    refused("1.1.0-not-owner", "migrations from a copy of the live schema", "must be owner of table reviews (42501)",
            "belongs to postgres while the migrations run as shop_owner")  # fmt: skip
    host.succeed(f"{PSQL} -c 'ALTER TABLE reviews OWNER TO shop_owner'")

with subtest("a slot number below the last, which the tool would never run"):
    refused("1.1.0-late-slot", "0030_late", "lower than that of 0036_products_have_pictures")

with subtest("migrations that change something each time they run"):
    refused("1.1.0-not-repeatable", "run once more", "theme light")

with subtest("a migration that locks a table for longer than it may"):
    refused("1.1.0-locks", "table public.orders", "1500 are allowed")

with subtest("a statement that takes longer than it may"):
    refused("1.1.0-locks", "canceling statement due to statement timeout (57014)", "pg_sleep",
            change=".gate.migrations.budget.statementMilliseconds = 1000")  # fmt: skip

with subtest("an app that listens, behind a pooler that gives each transaction another connection"):
    refused("1.1.0-listens", "`LISTEN orders`, which the new version runs")

with subtest("a migration command that takes a lock of its session, behind the same pooler"):
    refused("1.1.0-listens", "pg_advisory_lock", "which the migration command runs",
            change='.gate.migrations.pooled = ["migrations"]')  # fmt: skip

with subtest("a new table that the app's role may not read"):
    refused("1.1.0-no-grant", "permission denied for table prices (42501)")

with subtest("what was refused is not tried again before it changes"):
    good, said = deploy("1.1.0-no-grant")
    assert not good and "failed before" in said and "scratch" not in said, said

with subtest("a trial that is killed leaves the live app alone, and the next one sweeps up"):
    before = touched()
    declare("shop", '.environment.APP_VERSION = "1.1.0"')
    host.succeed("systemctl start --no-block " + UNIT)
    host.wait_until_succeeds("docker ps -q --filter label=hearth.scratch | grep .", timeout=60)
    host.succeed(f"systemctl kill --signal=KILL {UNIT}")
    host.wait_until_succeeds(f"test $(systemctl is-active {UNIT}) = failed", timeout=10)
    assert host.succeed(LEFT) != ""
    assert touched() == before

with subtest("a deploy that is cut off when it had stopped the app, and then another one that is refused: the old version serves"):
    declare("shop", '.environment.APP_VERSION = "1.1.0" | .gate.migrations = null')
    host.fail("HEARTH_TEST_KILL_AT=8 reconcile-app /etc/hearth/apps/shop.json > /run/cut-off 2>&1")
    assert "killed at point 8: after everything stopped" in host.succeed("cat /run/cut-off"), host.succeed("cat /run/cut-off")
    host.fail(https(DOMAIN))
    good, said = deploy("1.1.0-late-slot", '.environment.AGAIN = "1"')
    assert not good and "rolling back: a run was cut off" in said and "0030_late" in said, said
    assert "that an earlier trial left" in said and host.succeed(LEFT) == "", said
    assert "shop 1.0.0" in get(DOMAIN) and data() == before[2]

with subtest("a good version goes through, and the old one works on its database: a rollback may keep the data"):
    good, said = deploy("1.1.0")
    assert good, said
    assert "the old version works on the migrated database" in said, said
    assert "shop 1.1.0" in get(DOMAIN)
    tried = json.loads(host.succeed("cat /var/lib/hearth/apps/shop/migrations.json"))
    deployed = json.loads(host.succeed("cat /var/lib/hearth/apps/shop/deployed.json"))
    assert tried["digest"] == deployed["digest"] and tried["verdict"]["oldVersion"]["result"] == "works", tried
    assert host.succeed(LEFT) == ""

with subtest("a person goes back and forward again: what was ordered on the new version stays"):
    get(DOMAIN, "/orders", "--data product=lamp")
    orders = host.succeed(f"{PSQL} -At -c 'SELECT count(*) FROM orders'").strip()
    said = host.fail("hearth rollback shop < /dev/null 2>&1")
    assert "on the data of now" in said and "works on the migrated database" in said and "say --yes" in said, said
    said = host.succeed("hearth rollback shop --yes 2>&1 || test $? = 10")
    assert "serves again on the data of now" in said and "shop 1.0.0" in get(DOMAIN), said
    (step,) = [step["result"] for step in receipt("apps/shop")["steps"] if step["name"] == "data"]
    assert step.startswith("kept: the old version works"), step
    assert host.succeed(f"{PSQL} -At -c 'SELECT count(*) FROM orders'").strip() == orders == "2"
    # Nobody tried that step; the person knows.
    said = host.succeed("hearth rollback shop --data keep --yes 2>&1 || test $? = 10")
    assert "a person said so; whether it works" in said and "shop 1.1.0" in get(DOMAIN), said
    assert host.succeed(f"{PSQL} -At -c 'SELECT count(*) FROM orders'").strip() == "2"
    good, said = reconcile(UNIT)
    assert good and receipt("apps/shop")["outcome"] == "unchanged", said

with subtest("a number that ran under another name"):
    good, said = deploy("1.2.0-taken-slot")
    assert not good and "is that of 0037_products_have_weight, which ran already" in said, said

with subtest("by hand, before anybody declares it: an image that breaks the old version"):
    host.succeed("docker --config /run/hearth/docker pull --quiet localhost:5000/shop:2.0.0-renames")
    said = json.loads(host.succeed("check-migrations --json /etc/hearth/apps/shop.json --image app=localhost:5000/shop:2.0.0-renames"))
    assert said["oldVersion"]["result"] == "breaks" and "price_cents" in said["oldVersion"]["why"], said
    assert "shop 1.1.0" in get(DOMAIN)

with subtest("and deployed, it is on record that a rollback needs the snapshot"):
    good, said = deploy("2.0.0-renames")
    assert good and "a rollback needs the snapshot" in said, said
    tried = json.loads(host.succeed("cat /var/lib/hearth/apps/shop/migrations.json"))
    assert tried["verdict"]["oldVersion"]["result"] == "breaks", tried
    assert any("needs the snapshot" in step["result"] for step in receipt("apps/shop")["steps"]), receipt("apps/shop")
    assert "shop 2.0.0-renames" in get(DOMAIN) and "lamp 2500" in get(DOMAIN)
    assert "2" in host.succeed(f"{PSQL} -At -c 'SELECT count(*) FROM orders'")
    said = host.fail("hearth rollback shop < /dev/null 2>&1")
    assert "with its data of" in said and "a rollback needs the snapshot" in said, said

with subtest("on a full copy the probe sees the live rows, and one that does not fit is refused before it is read"):
    full = ".gate.migrations.copy = \"full\" | .gate.migrations.probe.requests[0].contains = \"lamp 2500\""
    by_hand = "check-migrations /var/lib/shop/full.json --image app=localhost:5000/shop:2.0.0-renames"
    host.succeed(f"jq '{full}' /etc/hearth/apps/shop.json > /var/lib/shop/full.json")
    said = host.succeed(by_hand)
    assert "good: the migrations may run; the old version works" in said, said
    host.succeed(f"jq '{full} | .gate.migrations.memoryBytes = 1048576' /etc/hearth/apps/shop.json > /var/lib/shop/full.json")
    said = host.fail(by_hand)
    assert "a full copy of it does not fit" in said, said

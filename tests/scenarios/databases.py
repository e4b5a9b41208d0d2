# Databases of Hearth's own: made with two roles, reached through the pooler, put right when they drift; a password that is
# changed is the one that counts.

APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
UNIT, DATABASES = "hearth-app-databases.service", "/etc/hearth/databases.json"
SECRETS = "/run/databases"
DB = "docker exec -i $(docker ps -q --filter name=databases_db)"

wait_until_serving()

with subtest("the server and its pooler are deployed as any app is"):
    host.succeed(
        f"mkdir -m 700 {SECRETS}; for name in superuser pooler owner app; do openssl rand -hex 16 > {SECRETS}/$name; done",
        "docker network create --driver overlay --attachable databases",
    )
    server = manifest("miniflux") | {
        "name": "databases", "stack": "databases", "domain": "", "stateFolder": "/var/lib/hearth/apps/databases",
        "recipe": {"folder": f"{SOURCE}/nix/recipes/postgres", "git": None},
        "sharedNetworks": [], "allow": {"networks": ["databases"]},
        "secrets": {f"{name}_password": f"{SECRETS}/{name}" for name in ("superuser", "pooler")},
        "environment": {
            "POSTGRES_IMAGE": "localhost:5000/postgres:17", "POOLER_IMAGE": "localhost:5000/pgbouncer:1",
            "POOLER_ROLE": "hearth_pooler", "MAX_CONNECTIONS": "50", "POOL_SIZE": "5", "MAX_CLIENTS": "100",
        },
    }  # fmt: skip
    server["snapshot"]["folder"] = "/var/lib/hearth/snapshots/databases"
    server["gate"] |= {"probe": None, "healthySeconds": 0}
    host.succeed(f"cat > /etc/hearth/apps/databases.json << 'EOF'\n{json.dumps(server)}\nEOF")
    host.succeed(
        "sed s/miniflux/databases/g $(systemctl show --property=FragmentPath --value hearth-app-miniflux.service)"
        f" > /run/systemd/system/{UNIT} && systemctl daemon-reload"
    )
    good, said = reconcile(UNIT)
    assert good, said

declared: dict = {
    "schema": 1, "stateFolder": "/var/lib/hearth/databases", "dockerSocket": "/run/docker.sock", "stack": "databases",
    "service": "db", "superuser": "postgres", "readySeconds": 60,
    "pooler": {"service": "pooler", "port": 6432, "role": "hearth_pooler", "passwordFile": f"{SECRETS}/pooler"},
    "databases": {"shop": {
        "owner": {"name": "shop_owner", "passwordFile": f"{SECRETS}/owner"},
        "app": {"name": "shop_app", "passwordFile": f"{SECRETS}/app"},
        "appMay": ["SELECT", "INSERT", "UPDATE", "DELETE"], "leave": ["public.audit"], "extensions": [],
    }},
}  # fmt: skip
host.succeed(f"cat > {DATABASES} << 'EOF'\n{json.dumps(declared)}\nEOF")


def run(code, *words):
    """Runs the helper: its exit code, and words that it must say."""
    status, said = host.execute(f"reconcile-databases {DATABASES} 2>&1")
    missing = [word for word in words if word not in said]
    assert status == code and not missing, f"exit code {status}, not said: {missing}\n{said}"
    return said


def refused(secret_is):
    """The app's role does not get in with what its secret is now."""
    said = sql("SELECT 1", "shop_app", check=False)
    assert "authentication failed" in said, f"{secret_is}: {said}"


def sql(statement, role="postgres", check=True):
    """What the server answers a role that comes through the pooler, or the superuser inside its container."""
    if role == "postgres":
        ask, secret = f"{DB} psql --username=postgres --no-align --tuples-only --set=VERBOSITY=verbose shop", ""
    else:
        target = f"host=databases_pooler port=6432 dbname=shop user={role}"
        ask = f"{DB} psql --no-align --tuples-only --set=VERBOSITY=verbose \"{target}\""
        secret = f"cat {SECRETS}/{role.removeprefix('shop_')}; "
    status, said = host.execute(f"({secret}echo \"{statement}\") | {ask} 2>&1")
    assert status == 0 or not check, said
    return said


with subtest("a plan says what would be made, and makes nothing"):
    said = host.succeed(f"reconcile-databases --dry-run {DATABASES}")
    assert "would create role shop_owner" in said and "would create database shop, owned by shop_owner" in said, said
    assert sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'shop%'", check=False).count("does not exist"), "it was made"

with subtest("the declared database is there with its two roles, and the app gets in through the pooler"):
    run(10, "create database shop, owned by shop_owner", "changed: databases: as declared")
    owners = "SELECT pg_get_userbyid(datdba) || ' ' || (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'shop%') FROM pg_database WHERE datname = 'shop'"
    assert "shop_owner 2" in sql(owners)
    assert "shop_app" in sql("SELECT current_user", "shop_app")

with subtest("a second run changes nothing"):
    assert run(0, "unchanged: databases: nothing differs").count("\n") == 1

with subtest("what the owner makes is the app's to use, and not to change"):
    sql("CREATE TABLE products (id serial PRIMARY KEY, name text); CREATE TABLE audit (line text)", "shop_owner")
    sql("INSERT INTO products (name) VALUES ('lamp')", "shop_app")
    assert "lamp" in sql("SELECT name FROM products", "shop_app")
    said = sql("ALTER TABLE products ADD COLUMN price int", "shop_app", check=False)
    assert "ERROR:  42501: must be owner of table products" in said, said
    said = sql("CREATE TABLE mine (id int)", "shop_app", check=False)
    assert "ERROR:  42501: permission denied for schema public" in said, said
    run(0)

with subtest("a grant that was dropped and an owner that was changed are put right"):
    sql("REVOKE INSERT ON products FROM shop_app; ALTER TABLE products OWNER TO postgres; GRANT shop_owner TO shop_app")
    assert "42501: permission denied for table products" in sql("INSERT INTO products (name) VALUES ('x')", "shop_app", check=False)
    said = run(
        10,
        "make shop_owner the owner of public.products, which is postgres's",
        "grant shop_app DELETE, INSERT, SELECT, UPDATE on public.products",
        "take the rights of role shop_owner from role shop_app",
    )
    sql("INSERT INTO products (name) VALUES ('desk')", "shop_app")
    sql("ALTER TABLE products ADD COLUMN price int", "shop_owner")
    run(0)

with subtest("a table that is left to migrations keeps what they say of it"):
    sql("REVOKE DELETE ON audit FROM shop_app", "shop_owner")
    run(0)
    assert "42501: permission denied for table audit" in sql("DELETE FROM audit", "shop_app", check=False)

with subtest("nothing that an owner makes is run as the superuser"):
    sql("CREATE TABLE called (role name)", "shop_owner")
    sql(
        "CREATE FUNCTION trap(name, name) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.called VALUES (current_user);"
        " IF current_user = ''postgres'' THEN ALTER ROLE shop_owner SUPERUSER; END IF; RETURN NOT starts_with(\\$1::text, ''pg_''); END';"
        " CREATE OPERATOR public.!~~ (leftarg = name, rightarg = name, function = trap)",
        "shop_owner",
    )
    powers = "SELECT rolsuper::text || ' ' || (SELECT count(*) FROM called) FROM pg_roles WHERE rolname = 'shop_owner'"
    sql("SELECT 'a'::name !~~ 'b'")
    assert "true 1" in sql(powers), "what was planted does nothing"
    sql("ALTER ROLE shop_owner NOSUPERUSER; TRUNCATE called")
    run(0)
    assert "false 0" in sql(powers), sql(powers)
    sql("DROP OPERATOR public.!~~ (name, name); DROP FUNCTION trap; DROP TABLE called", "shop_owner")

with subtest("what the app may no longer do is taken back, also of what migrations will make"):
    shop = declared["databases"]["shop"]
    shop["appMay"] = ["SELECT"]
    host.succeed(f"cat > {DATABASES} << 'EOF'\n{json.dumps(declared)}\nEOF")
    run(10, "take DELETE, INSERT, UPDATE on public.products from shop_app", "on tables that shop_owner will make")
    sql("CREATE TABLE later (line text)", "shop_owner")
    for table in ("products (name)", "later"):
        said = sql(f"INSERT INTO {table} VALUES ('x')", "shop_app", check=False)
        assert "42501: permission denied for table" in said, said
    assert "lamp" in sql("SELECT name FROM products", "shop_app")
    run(0)
    shop["appMay"] = ["SELECT", "INSERT", "UPDATE", "DELETE"]
    host.succeed(f"cat > {DATABASES} << 'EOF'\n{json.dumps(declared)}\nEOF")
    run(10)
    sql("INSERT INTO later VALUES ('x')", "shop_app")

with subtest("another password in the secret is the one that counts, without a restart of anything"):
    before = services()
    host.succeed(f"cp {SECRETS}/app {SECRETS}/old && openssl rand -hex 16 > {SECRETS}/app")
    refused("not set yet")
    run(10, "set the password of role shop_app")
    assert "shop_app" in sql("SELECT current_user", "shop_app")
    host.succeed(f"cp {SECRETS}/app {SECRETS}/new && cp {SECRETS}/old {SECRETS}/app")
    refused("the old one")
    host.succeed(f"cp {SECRETS}/new {SECRETS}/app")
    assert services() == before

with subtest("a server that was restarted is found again by the pooler, with its data"):
    host.succeed("docker kill $(docker ps -q --filter name=databases_db)")
    host.wait_until_succeeds("test -n \"$(docker ps -q --filter name=databases_db)\"", timeout=60)
    run(0)
    assert "lamp" in sql("SELECT name FROM products", "shop_app")

with subtest("no password is in a log, a process, a receipt or the engine's words"):
    host.succeed(f"cat {SECRETS}/app {SECRETS}/old {SECRETS}/owner {SECRETS}/pooler > /run/canaries")
    look = (
        "set +e; journalctl --sync; journalctl --output=export | grep --text --count --fixed-strings --file=/run/canaries;"
        " for name in db pooler; do docker service logs databases_$name 2>&1; done | grep --text --count --fixed-strings --file=/run/canaries;"
        " docker inspect $(docker ps -aq) | grep --count --fixed-strings --file=/run/canaries;"
        " grep --recursive --text --fixed-strings --file=/run/canaries /var/lib/hearth | wc -l; true"
    )
    assert set(host.succeed(look).split()) == {"0"}, host.succeed(look)
    host.succeed(f"cp {SECRETS}/app /var/lib/hearth/planted")
    assert set(host.succeed(look).split()) == {"0", "1"}, "what was planted is not found"
    host.succeed("rm /var/lib/hearth/planted")

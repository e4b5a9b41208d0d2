# From an encrypted secret to a served https app; and the secrets are found nowhere but where they belong.

IMAGES = "pulled"

with subtest("the boot reconciles everything, without a person and without a failed unit"):
    wait_until_serving()
    assert host.succeed("systemctl is-system-running").strip() == "running"
    for app in APPS:
        assert receipt(f"apps/{app}")["outcome"] in ("changed", "unchanged"), receipt(f"apps/{app}")

with subtest("Miniflux shows its own login page, over verified TLS, through the proxy"):
    page = get("feeds.example.org")
    assert "Sign In - Miniflux" in page, page[:300]

with subtest("the proxy's recipe is called after the version of the proxy that serves"):
    image = manifest("proxy")["environment"]["PROXY_IMAGE"]
    version = image.rpartition(":")[2]
    assert version in host.succeed("docker exec $(docker ps --quiet --filter name=proxy_app) traefik version").split()
    label = host.succeed("docker service inspect proxy_app --format '{{index .Spec.Labels \"coop-cloud.proxy.version\"}}'")
    assert label.strip() == f"1.0.0+{version}", label

with subtest("plain http is sent to https"):
    answer = host.succeed("curl --silent --head http://feeds.example.org/").lower()
    assert "location: https://feeds.example.org/" in answer, answer

with subtest("its API takes the admin password of the sops file, and no other"):
    # The password goes through a file, so that this command's own arguments are no find.
    host.succeed("printf 'user = \"admin:%s\"\\n' \"$(cat /run/hearth/secrets/miniflux_admin_password)\" > /dev/shm/login")
    me = json.loads(get("feeds.example.org", "/v1/me", "--config /dev/shm/login"))
    assert me["username"] == "admin" and me["is_admin"], me
    host.succeed("rm /dev/shm/login")
    host.fail(https("feeds.example.org", "/v1/me", "--user admin:wrong"))

with subtest("the app behind the proxy learns who asked, and that it was by https"):
    seen = get("hello.example.org", "/whoami")
    assert "x-forwarded-proto: https" in seen and "x-forwarded-host: hello.example.org" in seen, seen

with subtest("hello counts, and only the token resets it"):
    assert int(get("hello.example.org", "/count", "--request POST")) > 0
    host.fail(https("hello.example.org", "/count", "--request DELETE"))
    host.succeed("printf 'header = \"Authorization: Bearer %s\"\\n' \"$(cat /run/hearth/secrets/hello_token)\" > /dev/shm/token")
    assert get("hello.example.org", "/count", "--request DELETE --config /dev/shm/token") == "0\n"
    host.succeed("rm /dev/shm/token")


# Each of these writes what can be read in one place to standard output. Where a secret belongs is left out: the
# rendered generations, the proxy's certificates, the engine's login.
PLACES = {
    "services, as docker inspect shows them": "docker service inspect $(docker service ls -q)",
    "containers, as docker inspect shows them": "docker ps -aq | xargs -r docker inspect",
    "configs, decoded": "docker config inspect $(docker config ls -q) | jq -r '.[].Spec.Data | @base64d'",
    "secrets, as docker inspect shows them": "docker secret inspect $(docker secret ls -q)",
    "images": "docker image inspect $(docker image ls -q)",
    "arguments and environments of all processes": "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true",
    "the journal": "journalctl --output=export",
    "logs of containers": "for id in $(docker ps -aq); do docker logs $id 2>&1; done",
    "receipts and all other state": "find /var/lib/hearth -type f ! -name age.key -exec cat {} +",
    "/etc, with the manifests": "find -L /etc -xdev -type f -exec cat {} + 2>/dev/null || true",
    "units": "systemctl cat '*.service' '*.timer' '*.socket' '*.mount' 2>/dev/null || true",
    "what the engine keeps on disk": "find /var/lib/docker -xdev -type f -exec cat {} + 2>/dev/null || true",
    "temporary files": "find /tmp /var/tmp /run/user -type f -exec cat {} + 2>/dev/null || true",
}


def canaries():
    """Writes what must not be found, one a line: each secret, also as base64, and the line of a key that differs.

    Base64 of a secret depends on where in a text it stands, modulo 3: what is common to all such texts is taken.
    """
    host.succeed(
        "umask 077; cd /run/hearth/secrets; for file in *_password *_token; do"
        ' cat "$file"; echo; for before in "" . ..; do { printf %s "$before"; cat "$file"; } | base64 -w0 |'
        " if test -n \"$before\"; then tail -c +5; else cat; fi | head -c -4; echo; done; done"
        " | grep -v '^$' > /dev/shm/canaries; grep -v -- ----- tls_key | grep . | tail -n 1 >> /dev/shm/canaries"
    )


def finds():
    """The places in which a canary is found."""
    return [place for place, command in PLACES.items() if found(command)]


def found(command):
    return host.execute(f"{{ {command}; }} | grep --text --fixed-strings --file=/dev/shm/canaries > /dev/null")[0] == 0


with subtest("the search finds a secret that is planted in each kind of place"):
    canaries()
    token = "$(cat /run/hearth/secrets/hello_token)"
    plants = {
        "arguments and environments of all processes": (
            f'systemd-run --quiet --setenv=PATH --unit=planted --property=Type=exec --setenv=PLANTED="{token}" sleep 1000', "systemctl stop planted"),
        "/etc, with the manifests": (f"echo {token} > /etc/planted", "rm /etc/planted"),
        "receipts and all other state": (f"echo {token} > /var/lib/hearth/planted", "rm /var/lib/hearth/planted"),
        "configs, decoded": (f'echo "{token}" | docker config create planted -', "docker config rm planted"),
        "containers, as docker inspect shows them": (
            f'docker create --name planted --env PLANTED="{token}" {image}', "docker rm planted"),
        # As the engine itself writes a login that it is given: base64 of JSON with the password somewhere in it.
        "what the engine keeps on disk": (
            f"printf '{{\"password\":\"%s\"}}' \"{token}\" | base64 -w0 > /var/lib/docker/swarm/worker/planted",
            "rm /var/lib/docker/swarm/worker/planted"),
    }
    for place, (plant, remove) in plants.items():
        assert not found(PLACES[place]), f"{place}: found before it was planted"
        host.execute(plant)
        assert found(PLACES[place]), f"{place}: planted, and not found"
        host.succeed(remove)

with subtest("the secrets are found nowhere else"):
    assert finds() == [], finds()

with subtest("what is rendered is for root alone, and in no file system that swaps"):
    modes = set(host.succeed("stat --format=%a:%U /run/hearth/secrets/*_password").split())
    assert modes == {"400:root"}, modes
    kind = host.succeed("findmnt --noheadings --output FSTYPE,OPTIONS --target /run/hearth/secrets/hello_token").strip()
    assert kind.startswith("ramfs") or "noswap" in kind, kind

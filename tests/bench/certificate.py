# Requests lost, under a constant load, while the certificate is replaced: over connections that are kept, and over new
# ones. Rival: a new task of the proxy, as it is needed where the certificate is a swarm secret or nothing watches it.

ROUNDS = 10 if LONG else 3
DOMAIN = "hello.example.org"
MANIFEST = "/etc/hearth/certificates/example.json"
FOLDER = "/run/bench"

wait_until_serving()
authority = manifest("hello")["gate"]["probe"]["caFile"]
host.copy_from_host(KEYS / "TEST-ONLY-ca.key", f"{FOLDER}/ca.key")


def issue(serial):
    """A certificate of the same authority; returns what its files are called before the dot."""
    stem = f"{FOLDER}/{serial}"
    host.succeed(
        f"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bench -keyout {stem}.key"
        f" -addext 'subjectAltName=DNS:*.example.org' -out {stem}.csr 2>&1",
        f"openssl x509 -req -in {stem}.csr -CA {authority} -CAkey {FOLDER}/ca.key -set_serial {serial} -days 30"
        f" -copy_extensions copy -out {stem}.crt 2>&1",
    )
    return stem


def wait_until_served(serial):
    """Waits until visitors are shown the certificate."""
    shown = f"openssl s_client -connect {DOMAIN}:443 -servername {DOMAIN} < /dev/null 2> /dev/null | openssl x509 -noout -serial"
    host.wait_until_succeeds(f"test $({shown}) = serial={serial:X}", timeout=30)


def by_hearth(number):
    serial = 4096 + number
    stem = issue(serial)
    change = f'.certificateFile = "{stem}.crt" | .keyFile = "{stem}.key"'
    host.succeed(f"jq '{change}' {MANIFEST} > {FOLDER}/new.json && mv {FOLDER}/new.json {MANIFEST}")
    good, words = reconcile("hearth-cert-example.service")
    assert good and receipt("certificates/example")["outcome"] == "changed", words
    wait_until_served(serial)


def by_a_new_task(_):
    host.succeed("docker service update --quiet --force proxy_app")
    host.wait_until_succeeds(https(DOMAIN), timeout=60)


with subtest("the load itself loses nothing while nothing changes"):
    assert under_load(DOMAIN, 3, lambda _: host.sleep(1)).lost == []

with subtest("the certificate is replaced by Hearth"):
    ours = under_load(DOMAIN, ROUNDS, by_hearth)

with subtest("the proxy gets a new task for it"):
    theirs = under_load(DOMAIN, ROUNDS, by_a_new_task)

figure(
    f"requests lost while the certificate was replaced {ROUNDS} times ({ours.asked} and {theirs.asked} asked)",
    ("insert-certs", len(ours.lost)), ("docker service update --force", len(theirs.lost)), "requests", most=0,
)  # fmt: skip

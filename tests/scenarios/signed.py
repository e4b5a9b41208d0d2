# Images must be signed: what is unsigned, signed by another key or for another image is refused before anything is touched;
# both forms in which cosign leaves a signature are taken. What cosign does is done here with openssl and curl.
import base64
import hashlib

APPS = {"hello": "hello.example.org"}
LIVE = "hello.example.org"
REGISTRY = "http://localhost:5000/v2/hello"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
STATEMENT = "application/vnd.in-toto+json"
# The module gives the door the network where keys are declared; here they are declared afterwards.
NETWORK = """[Service]
PrivateNetwork=false
RestrictAddressFamilies=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
"""

wait_until_serving()
declare("hello", '.gate.convergeSeconds = 30 | .gate.healthySeconds = 1 | .environment.HELLO_DRAIN_SECONDS = "0"')
good, said = reconcile("hearth-app-hello.service")
assert good, said
# The login of the host, which the door uses, too.
host.succeed(
    "jq -r '.auths[\"localhost:5000\"].auth' /run/hearth/docker/config.json | base64 -d"
    " | sed 's/.*/user = \"&\"/' > /run/login"
)
CURL = "curl --silent --show-error --fail --config /run/login"


def encoded(content):
    return base64.b64encode(content.encode()).decode()


def put(file, content):
    host.succeed(f"echo {encoded(content)} | base64 -d > {file}")


def digest_of(content):
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def make_key(name):
    """What `cosign generate-key-pair` makes, without the passphrase."""
    host.succeed(f"openssl ecparam -genkey -name prime256v1 -noout -out /run/{name}.key")
    host.succeed(f"openssl pkey -in /run/{name}.key -pubout -out /run/{name}.pub")


def signature(key, content):
    put("/run/content", content)
    return host.succeed(f"openssl dgst -sha256 -sign /run/{key}.key /run/content | base64 -w0").strip()


def require(*keys):
    """Declares that the image must be signed by one of these keys."""
    texts = json.dumps([host.succeed(f"cat /run/{key}.pub") for key in keys])
    put("/run/keys", texts)
    change = '(.environments[] | select(.name == "hello")).cosignKeys = $keys[0]'
    host.succeed(f"jq --slurpfile keys /run/keys '{change}' /etc/hearth/deploy.json > /run/deploy.json")
    host.succeed("rm -f /etc/hearth/deploy.json && mv /run/deploy.json /etc/hearth/deploy.json")


def push_blob(content):
    """Pushes a blob; returns the beginning of what is said of it elsewhere."""
    put("/run/blob", content)
    begin = f"{CURL} --request POST --dump-header - --output /dev/null {REGISTRY}/blobs/uploads/"
    at = host.succeed(f"{begin} | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p'").strip()
    header = "--header 'Content-Type: application/octet-stream'"
    host.succeed(f"{CURL} --request PUT {header} --data-binary @/run/blob '{at}&digest={digest_of(content)}'")
    return {"digest": digest_of(content), "size": len(content)}


def push_manifest(reference, kind, content):
    put("/run/manifest", content)
    host.succeed(
        f"{CURL} --request PUT --header 'Content-Type: {kind}' --data-binary @/run/manifest {REGISTRY}/manifests/{reference}"
    )


def image(tag):
    """The digest of an image."""
    accept = f"--header 'Accept: {MANIFEST}, {INDEX}, application/vnd.docker.distribution.manifest.v2+json'"
    head = f"{CURL} --head {accept} {REGISTRY}/manifests/{tag}"
    return host.succeed(f"{head} | tr -d '\\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'").strip()


def artifact(layer, more=None):
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", **push_blob("{}")}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer], **(more or {})})


def sign_simply(key, of, beside):
    """Leaves beside an image what cosign 2 does, for the image `of`."""
    identity = {"docker-reference": "localhost:5000/hello"}
    critical = {"identity": identity, "image": {"docker-manifest-digest": of}, "type": "cosign container image signature"}
    content = json.dumps({"critical": critical, "optional": None})
    annotations = {"dev.cosignproject.cosign/signature": signature(key, content)}
    layer = {"mediaType": SIMPLE, **push_blob(content), "annotations": annotations}
    push_manifest(f"{beside.replace(':', '-')}.sig", MANIFEST, artifact(layer))


def sign_with_bundle(key, of, beside):
    """Leaves beside an image what cosign 3 does where a registry does not know of referrers, for the image `of`."""
    predicate = "https://sigstore.dev/cosign/sign/v1"
    subject = {"digest": {"sha256": of.removeprefix("sha256:")}}
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [subject], "predicateType": predicate, "predicate": {}}
    payload = json.dumps(statement)
    made = signature(key, f"DSSEv1 {len(STATEMENT)} {STATEMENT} {len(payload)} {payload}")
    envelope = {"payload": encoded(payload), "payloadType": STATEMENT, "signatures": [{"sig": made}]}
    bundle = {"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": ""}}, "dsseEnvelope": envelope}
    manifest = artifact({"mediaType": BUNDLE, **push_blob(json.dumps(bundle))}, {"artifactType": BUNDLE})
    described = {"mediaType": MANIFEST, "digest": digest_of(manifest), "size": len(manifest), "artifactType": BUNDLE}
    push_manifest(described["digest"], MANIFEST, manifest)
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]}
    push_manifest(beside.replace(":", "-"), INDEX, json.dumps(index))


def deploy(tag, options=""):
    """Asks the door: the exit code, and what is read."""
    return host.execute(f"deploy-app {options} hello prod {tag} 2>&1")


def is_refused(tag, *reasons, options=""):
    """The door refuses, says why, and nothing was touched."""
    before, there = services(), get(LIVE)
    code, said = deploy(tag, options)
    assert code == 1, f"{code}\n{said}"
    for words in ("nothing was deployed, what serves goes on serving", *reasons):
        assert words in said, f"{words} is missing:\n{said}"
    assert (services(), get(LIVE)) == (before, there)
    host.fail("ls /var/lib/hearth/apps/hello/asked.json")


def is_deployed(tag):
    code, said = deploy(tag)
    assert code == 0 and said.splitlines()[-1].startswith("changed"), f"{code}\n{said}"
    assert "signed by key 2 of the 2 in hearth.apps.hello.deploy.cosignKeys" in said, said
    assert f"hello {tag}" in get(LIVE)


for name in ("ours", "other", "former"):
    make_key(name)
require("former", "ours")
old, new = image("1.0.0"), image("1.1.0")

with subtest("a door that cannot ask takes nothing for signed"):
    is_refused("1.1.0", "cannot be known", "deploy again when localhost:5000/hello answers")
    put("/run/network.conf", NETWORK)
    folder = "/run/systemd/system/hearth-deploy@.service.d"
    host.succeed(f"mkdir -p {folder} && cp /run/network.conf {folder}/network.conf && systemctl daemon-reload")

with subtest("an unsigned image is refused, by its tag and by its digest"):
    remedy = f"cosign sign --key cosign.key localhost:5000/hello@{new}"
    is_refused("1.1.0", "it has no signature by a declared key", remedy)
    is_refused("1.1.0", "it has no signature by a declared key", remedy, options=f"--digest {new}")

with subtest("a signature by another key is none"):
    sign_simply("other", of=new, beside=new)
    is_refused("1.1.0", "was made by none of the declared keys")

with subtest("a signature of another image is none"):
    sign_simply("ours", of=old, beside=new)
    is_refused("1.1.0", "was made by key 2 for another image")

with subtest("an image that is signed as cosign 2 does it is deployed"):
    sign_simply("ours", of=new, beside=new)
    is_deployed("1.1.0")

with subtest("of a bundle the same is wanted"):
    is_refused("1.0.0", "it has no signature by a declared key")
    sign_with_bundle("other", of=old, beside=old)
    is_refused("1.0.0", "was made by none of the declared keys")
    sign_with_bundle("ours", of=new, beside=old)
    is_refused("1.0.0", "was made by key 2 for another image")

with subtest("an image that is signed as cosign 3 does it is deployed"):
    sign_with_bundle("ours", of=old, beside=old)
    is_deployed("1.0.0")

with subtest("a digest that is signed is deployed by it, too"):
    code, said = deploy("1.1.0", f"--digest {new}")
    assert code == 0 and "signed by key 2" in said, f"{code}\n{said}"

with subtest("a key that is taken out of the declaration signs nothing any more"):
    require("former")
    is_refused("1.0.0", "was made by none of the declared keys")

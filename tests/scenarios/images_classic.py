# The same images on the store that older installations keep, on a host whose engine keeps containers' words in files of its
# own, as Docker does unless told otherwise.
APPS = {"hello": "hello.example.org"}
STORE = "classic"
LOG_DRIVER = "json-file"

wait_until_serving()
assert host.succeed("docker info --format '{{.Driver}} {{.LoggingDriver}}'").strip() == "overlay2 json-file"
Images().play()

with subtest("what an app said is shown from the engine's files, and is among the reasons of a failed run"):
    assert "listens on port" in host.succeed("hearth logs hello --lines 200")
    declare("hello", f'{Images.QUICK} | .gate.healthySeconds = 20 | .environment.APP_VERSION = "1.2.0-crashes"')
    good, said = reconcile(Images.HELLO)
    assert not good and "crashed after 5 s" in said, said

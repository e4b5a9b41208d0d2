# refused: hearth.apps.hello.gate.smoke.health.json: `status` is no JSON pointer. Write `/status`.
{ hearth.apps.hello.gate.smoke.health.json.status = "ok"; }

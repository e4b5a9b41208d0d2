# refused: hearth.apps.hello.gate.smoke.count: a request with method GET has no body. Set method = "POST".
{ hearth.apps.hello.gate.smoke.count.body = "1"; }

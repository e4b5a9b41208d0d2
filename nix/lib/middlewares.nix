# Which middlewares an app has, and what the proxy calls them.
{ lib }:
rec {
  # The first is the first that a request meets.
  names =
    middlewares:
    lib.optional (middlewares.basicAuth != { }) "auth"
    ++ lib.optional (middlewares.requestHeaders // middlewares.responseHeaders != { }) "headers";
  ofApp =
    name: app:
    map (kind: {
      name = "hearth-${name}-${kind}@file";
      asksPassword = kind == "auth";
    }) (names app.middlewares);
}

# What is declared of trying migrations, as the manifest of an app has it; how long it may take; what is wrong with it.
{ lib }:
{
  manifestOf =
    app:
    let
      inherit (app.gate) migrations;
    in
    {
      migrations =
        if migrations == null then
          null
        else
          removeAttrs migrations [ "memoryMiB" ] // { memoryBytes = migrations.memoryMiB * 1048576; };
    };

  # The command runs three times, and two versions are started.
  secondsOf =
    app:
    let
      inherit (app.gate) migrations;
    in
    if migrations == null then
      0
    else
      300
      + 3 * migrations.migrate.seconds
      + (if migrations.probe == null then 0 else 2 * migrations.probe.seconds);

  asks = app: app.gate.migrations != null && app.gate.migrations.probe != null;

  complaintsAbout =
    option: app:
    let
      inherit (app.gate) migrations;
    in
    lib.optionals (migrations != null) [
      {
        assertion = migrations.database.app != migrations.database.superuser;
        message = "${option}.gate.migrations.database.app: for a superuser no right is ever missing. Give the app a role of its own.";
      }
      {
        assertion = !lib.elem "app" migrations.pooled || migrations.probe != null;
        message = "${option}.gate.migrations.pooled: what the app asks of its database is seen only while it runs. Set ${option}.gate.migrations.probe.";
      }
    ];
}

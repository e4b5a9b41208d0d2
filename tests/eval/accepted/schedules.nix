# Calendars of every kind, each of which systemd itself is asked about when the system is built.
{ config, lib, ... }:
let
  schedules = [
    "daily"
    "Weekly"
    "Mon..Fri *-*-* 03:30"
    "Sat,Sunday 10:00:00.5 Europe/Berlin"
    "*-*~01 00:00 UTC"
    "2026..2030-1/3-1,15 *:0/15"
    "03:30"
    "*-02-29"
    "@1767225600"
  ];
  check = lib.findFirst (check: check.name == "hearth-calendars") null config.system.checks;
in
{
  hearth.apps =
    lib.listToAttrs (
      lib.imap0 (
        number: schedule:
        lib.nameValuePair "of${toString number}" {
          recipe = ../../recipes/hello;
          secrets.token = "hello_token";
          snapshot = { inherit schedule; };
        }
      ) schedules
    )
    // {
      miniflux.snapshot.drill.schedule = lib.mkForce "monthly";
    };
  assertions = map (schedule: {
    assertion = check != null && lib.elem schedule check.calendars;
    message = "systemd is not asked about ${schedule}";
  }) (schedules ++ [ "monthly" ]);
}

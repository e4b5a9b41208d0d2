# The shape of every reconcile unit: a oneshot that may run at any time, and that may do nothing which its job does not
# need. A module takes back a restriction by naming the setting again, with the reason beside it.
{ lib, config }:
let
  hardening = {
    CapabilityBoundingSet = "";
    KeyringMode = "private";
    # Nearly every unit has a secret in its memory at some time: neither a core dump nor swap may hold it.
    LimitCORE = 0;
    LockPersonality = true;
    MemoryDenyWriteExecute = true;
    MemorySwapMax = 0;
    NoNewPrivileges = true;
    PrivateDevices = true;
    PrivateMounts = true;
    PrivateNetwork = true;
    PrivateTmp = true;
    ProcSubset = "pid";
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectProc = "invisible";
    ProtectSystem = "strict";
    RemoveIPC = true;
    RestrictAddressFamilies = "AF_UNIX";
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
    # Refused calls fail instead of killing: the Go runtime inside the Docker client tries to raise its file limit.
    SystemCallErrorNumber = "EPERM";
    SystemCallFilter = [
      "@system-service"
      "~@privileged @resources"
    ];
    UMask = "0077";
    # Not here: `User=` other than root and `PrivateUsers=`. Whoever may use the Docker socket, or may give files to any
    # user, is root by another name; and root without capabilities reads only what root owns.
  };

  # What `ProtectHome=` hides.
  homes = [
    "/home"
    "/root"
    "/run/user"
  ];
  inHome = path: lib.any (home: lib.hasPrefix "${home}/" "${path}/") homes;
  isHome = path: lib.elem (lib.removeSuffix "/" path) homes;

  # Of somebody's home a unit sees what it is given there, and nothing else. `reads` is what a unit is given, in any shape, such
  # as the content of its manifest: each string in it that is a path below a home.
  homeAccess =
    {
      reads ? [ ],
      writes ? [ ],
    }:
    let
      given =
        value:
        if lib.isString value then
          [ (lib.removePrefix "file://" value) ]
        else if lib.isDerivation value || lib.isPath value then
          [ "${value}" ]
        else if lib.isAttrs value then
          lib.concatMap given (lib.attrValues value)
        else if lib.isList value then
          lib.concatMap given value
        else
          [ ];
      inHomes = values: lib.unique (lib.filter inHome (given values));
      read = lib.subtractLists (inHomes writes) (inHomes reads);
      written = inHomes writes;
    in
    if read ++ written == [ ] then
      { ProtectHome = true; }
    else if lib.any isHome (read ++ written) then
      { ProtectHome = if written == [ ] then "read-only" else false; }
    else
      {
        # Empty file systems, and in these what is given. What is not there the helper says itself.
        ProtectHome = "tmpfs";
      }
      // lib.optionalAttrs (read != [ ]) { BindReadOnlyPaths = map (path: "-${path}") read; }
      // lib.optionalAttrs (written != [ ]) { BindPaths = map (path: "-${path}") written; };
in
{
  inherit hardening homeAccess inHome;

  # The network for a helper that needs it. systemd, the engine and the journal are sockets.
  network =
    {
      allowed,
      more ? [ ],
    }:
    {
      PrivateNetwork = !allowed;
      RestrictAddressFamilies = [
        "AF_UNIX"
      ]
      ++ lib.optionals allowed [
        "AF_INET"
        "AF_INET6"
      ]
      ++ more;
    };

  # A helper as a oneshot. No RemainAfterExit: starting the target again, which every activation does, runs it again.
  oneshot =
    {
      description,
      helper,
      manifest,
      manifestPath,
      state,
      after ? [ ],
      wants ? [ ],
      requires ? [ ],
      before ? [ ],
      # What it is given that may lie in somebody's home.
      reads ? manifest.content,
      writes ? [ ],
      unitConfig ? { },
      serviceConfig ? { },
    }:
    {
      inherit
        description
        after
        wants
        requires
        before
        ;
      # Every app that is started starts what it wants again: a handful within ten seconds is no fault.
      unitConfig = {
        StartLimitIntervalSec = 0;
      }
      // unitConfig;
      wantedBy = [ "hearth.target" ];
      # A run that is under way at an activation still works from the old manifest: start it over with the new one.
      restartTriggers = [ manifest ];
      serviceConfig =
        hardening
        // homeAccess { inherit reads writes; }
        // {
          Type = "oneshot";
          ExecStart = "${config.hearth.package}/bin/${helper} ${manifestPath}";
          # Changed and held are endings that nobody has to repair; rolled back (30) and failed (1) fail the unit.
          SuccessExitStatus = "10 20";
          StateDirectory = state;
          StateDirectoryMode = "0700";
          # Restarts must not remove a folder that containers have mounted, or that another unit shares.
          RuntimeDirectoryPreserve = true;
          TimeoutStartSec = 300;
        }
        // serviceConfig;
    };

  # Runs a unit again after each interval, so that whatever drifted is put right without a person.
  timer = description: {
    inherit description;
    wantedBy = [ "timers.target" ];
    timerConfig = {
      OnActiveSec = config.hearth.drift.interval;
      OnUnitInactiveSec = config.hearth.drift.interval;
      AccuracySec = "10s";
    };
  };
}

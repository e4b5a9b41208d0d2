# refused: hearth.proxy.settings: Hearth sets `--log.level` itself. Set hearth.proxy.logLevel instead.
{ hearth.proxy.settings.log.level = "DEBUG"; }

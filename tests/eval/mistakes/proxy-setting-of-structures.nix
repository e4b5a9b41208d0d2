# refused: hearth.proxy.settings.entryPoints."[definition 1-entry 1]"
{ hearth.proxy.settings.entryPoints = [ { address = ":2222"; } ]; }

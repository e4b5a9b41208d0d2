# refused: hearth.proxy.settings: Hearth sets `--providers.swarm.endpoint` itself, and needs it as it is. Take it away; a proxy that differs in it is a recipe of your own in hearth.apps.proxy.recipe.
{ hearth.proxy.settings.Providers.Swarm.endpoint = "tcp://127.0.0.1:2375"; }

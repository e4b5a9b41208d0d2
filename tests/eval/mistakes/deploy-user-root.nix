# refused: hearth.apps.*.deploy.users: root may deploy anyway. Take it out of the list.
{ hearth.apps.hello.deploy.users = [ "root" ]; }

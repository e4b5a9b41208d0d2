# refused: hearth.apps.hello.environment.STACK_NAME: this variable is Hearth's. Set hearth.apps.hello.stack instead.
{ hearth.apps.hello.environment.STACK_NAME = "greeting"; }

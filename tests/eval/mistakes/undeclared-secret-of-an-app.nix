# refused: hearth.apps.hello.secrets.smtp names `smtp_password`, which is not declared. Add hearth.secrets.entries.smtp_password, or correct the name.
{ hearth.apps.hello.secrets.smtp = "smtp_password"; }

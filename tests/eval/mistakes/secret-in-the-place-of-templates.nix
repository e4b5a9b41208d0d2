# refused: hearth.secrets.entries.templates/mail: a name is made of
{ hearth.secrets.entries."templates/mail" = { }; }

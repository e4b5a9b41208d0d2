# refused: hearth.secrets: two entries or templates have the same `path`. Give each its own.
{
  hearth.secrets.entries.hello_token.path = "/run/one";
  hearth.secrets.entries.tls_key.path = "/run/one";
}

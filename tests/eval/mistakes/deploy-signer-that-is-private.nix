# refused: public key of cosign as PEM, or the file with it
{
  hearth.apps.hello.deploy.cosignKeys = [
    ''
      -----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
      eyJrZGYiOnsibmFtZSI6InNjcnlwdCJ9fQ==
      -----END ENCRYPTED SIGSTORE PRIVATE KEY-----
    ''
  ];
}

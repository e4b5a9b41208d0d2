# Every way in which a new version can be made to prove itself.
{
  hearth.apps.hello.gate = {
    certificateSeconds = 600;
    smoke = {
      count = {
        path = "/count";
        method = "POST";
        headers.Content-Type = "text/plain";
        body = "1";
        bearerSecret = "hello_token";
        answerHeaders = {
          Content-Type = "text/plain";
          X-Powered-By = null;
        };
      };
      health = {
        url = "https://hello.example.org/healthz";
        contains = "is well";
        lacks = "ill";
        connectTo = "127.0.0.1:443";
        caFile = null;
      };
      json = {
        path = "/api";
        followRedirects = true;
        status = 202;
        json = {
          "/status" = "ok";
          "/checks/0" = {
            depth = 3;
            names = [ "a" ];
          };
        };
        basicAuth = {
          username = "probe";
          passwordSecret = "hello_token";
        };
        secretHeaders.X-Api-Key = "hello_token";
      };
    };
    audit = {
      pages = [
        "/"
        "https://hello.example.org/login"
      ];
      origins = [ "https://static.example.org" ];
      ignore = [ "/uploads/" ];
    };
    watch = {
      seconds = 300;
      restartLimit = 2;
    };
  };
}

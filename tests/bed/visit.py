"""Requests to a host's apps over verified TLS, as a visitor from outside makes them."""

import base64
import http.client
import re
import socket
import ssl

from . import example


def get(address, domain, path="/", *, method="GET", user=None, password=None, timeout=10):
    """One request; the certificate must be signed by the example's authority and be for that domain."""
    context = ssl.create_default_context(cafile=str(example.CA))
    headers = {"Host": domain}
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    connection = http.client.HTTPSConnection(domain, timeout=timeout, context=context)
    plain = socket.create_connection((address, 443), timeout=timeout)
    try:
        connection.sock = context.wrap_socket(plain, server_hostname=domain)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace"), connection.sock.version()
    finally:
        plain.close()
        connection.close()


def title(page):
    """What a page calls itself."""
    found = re.search(r"<title>([^<]*)</title>", page)
    return found.group(1).strip() if found else page.strip().splitlines()[0][:60] if page.strip() else ""

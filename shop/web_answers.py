"""What the web server's worker (`shop/web.py`) says itself, without asking Django."""

from __future__ import annotations

RETRY_AFTER_S = 5
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_WORDS = (
    "<!doctype html><html lang='de'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    "<meta name='color-scheme' content='light dark'><title>Gleich wieder da · Kontor</title>"
    "<style>body{max-width:34rem;margin:12vh auto;padding:0 1.25rem;font:1.0625rem/1.6 system-ui,sans-serif}</style>"
    "<h1>Gerade ist sehr viel los</h1><p>Bitte laden Sie die Seite in ein paar Sekunden neu. Ihr Warenkorb und Ihre "
    "Bestellungen sind sicher gespeichert; was Sie eben abgeschickt haben, ist noch nicht angekommen.</p>"
    "<p lang='en'>We are very busy just now. Please reload in a few seconds. Your basket and your orders are safe; "
    "what you have just sent has not arrived yet.</p></html>"
).encode()


def _answer(status: bytes, words: bytes, kind: bytes = b"text/plain", more: bytes = b"") -> bytes:
    return (
        b"HTTP/1.1 %s\r\nContent-Type: %s; charset=utf-8\r\nCache-Control: no-store\r\n%s"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n%s"
    ) % (status, kind, more, len(words), words)


BUSY = _answer(b"503 Service Unavailable", _WORDS, b"text/html", b"Retry-After: %d\r\n" % RETRY_AFTER_S)
LONG_HEAD = _answer(b"431 Request Header Fields Too Large", b"The lines before the request are too long.")
LARGE_BODY = _answer(b"413 Content Too Large", b"What was sent is too large.")
NO_LENGTH = _answer(b"400 Bad Request", b"How long the request is cannot be read (Content-Length).")
CODED_BODY = _answer(
    b"411 Length Required", b"Please send it with its length (Content-Length), not in chunks."
)

"""Tokens: what a browser or a program shows to be let in. Only their hashes are stored."""

import hashlib


def digest(token: str) -> str:
    """Return the hash that a random token is stored and found by."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

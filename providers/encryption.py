"""Secrets at rest: encrypted with the first of `ENCRYPTION_KEYS`, readable with each of them."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import cache, lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotDecrypt(Exception):
    """None of `ENCRYPTION_KEYS` opens the stored value."""


def encrypt(text: str) -> bytes:
    return _fernet().encrypt(text.encode())


def decrypt(stored: bytes | memoryview) -> str:
    """The plain text. Raises `CannotDecrypt`, which never carries the value."""
    try:
        return _fernet().decrypt(bytes(stored)).decode()
    except InvalidToken:
        raise CannotDecrypt("a stored secret was encrypted with a key that is not there") from None


def encrypt_mapping(values: Mapping[str, str]) -> bytes:
    return encrypt(json.dumps(dict(values)))


def decrypt_mapping(stored: bytes | memoryview) -> dict[str, str]:
    """The mapping that `encrypt_mapping` stored; nothing stored is an empty one."""
    return dict(_opened(bytes(stored), tuple(settings.ENCRYPTION_KEYS))) if stored else {}


def keyed_hash(text: str) -> bytes:
    """HMAC-SHA256 with `HASH_KEY`: finds a secret without storing what would reveal it."""
    return hmac.new(settings.HASH_KEY.encode(), text.encode(), hashlib.sha256).digest()


@lru_cache(maxsize=256)
def _opened(stored: bytes, _keys: tuple[str, ...]) -> dict[str, str]:
    """Every call reads its account's secrets, some several times; they hardly ever change."""
    return {str(name): str(value) for name, value in json.loads(decrypt(stored)).items()}


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.ENCRYPTION_KEYS))


@cache
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    """Every call to a provider reads secrets; the keys change with a restart only."""
    return MultiFernet([Fernet(key) for key in keys])

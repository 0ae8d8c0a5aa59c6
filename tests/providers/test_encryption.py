"""Secrets at rest, and what is remembered of them."""

import pytest
from cryptography.fernet import Fernet

from providers import encryption


def test_a_mapping_is_opened_again():
    stored = encryption.encrypt_mapping({"login": "op", "password": "città"})
    assert encryption.decrypt_mapping(memoryview(stored)) == {"login": "op", "password": "città"}
    assert encryption.decrypt_mapping(b"") == {}


def test_what_a_reader_changes_is_its_own():
    stored = encryption.encrypt_mapping({"login": "op"})
    encryption.decrypt_mapping(stored).clear()
    assert encryption.decrypt_mapping(stored) == {"login": "op"}


def test_nothing_is_remembered_past_its_key(settings):
    stored = encryption.encrypt_mapping({"login": "op"})
    assert encryption.decrypt_mapping(stored)

    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(encryption.CannotDecrypt):
        encryption.decrypt_mapping(stored)

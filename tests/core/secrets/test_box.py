"""Sealed values open with their own key only, and no key is ever replaced."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from wxauto_mgt.core.secrets.box import SecretBox, expand_env, is_sealed, variable_of
from wxauto_mgt.core.secrets.key_providers import KeyFileProvider, KeyProvider, KeyringProvider
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import SecretKeyUnavailable, SecretUnreadable


class MemoryKeyring(KeyringBackend):
    """A keyring that a desktop would offer."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    previous, backend = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(previous)


@pytest.fixture
def no_keyring() -> Iterator[None]:
    previous = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(previous)


def _box(folder: Path, *, with_keyring: bool = False) -> SecretBox:
    providers: dict[str, KeyProvider] = {"file": KeyFileProvider(folder / "secret.key")}
    if with_keyring:
        providers["keyring"] = KeyringProvider("test")
    return SecretBox(key_providers=providers, redactor=Redactor())


@given(plain=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(plain: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    box = _box(tmp_path_factory.mktemp("key"))
    box.create_key()
    sealed = box.seal(plain)
    assert is_sealed(sealed)
    assert box.unseal(sealed) == plain
    assert len(plain) < 4 or plain not in sealed


def test_another_box_with_the_same_file_opens_it(tmp_path: Path) -> None:
    box = _box(tmp_path)
    box.create_key()
    other = _box(tmp_path)
    assert other.load_key()
    assert other.unseal(box.seal("a secret")) == "a secret"


def test_a_value_carries_the_id_of_its_key(tmp_path: Path) -> None:
    box = _box(tmp_path)
    box.create_key()
    sealed = box.seal("a secret")
    (tmp_path / "secret.key").unlink()
    other = _box(tmp_path)
    other.create_key()
    assert box.knows_key_of(sealed)
    assert not other.knows_key_of(sealed)
    with pytest.raises(SecretUnreadable) as caught:
        other.unseal(sealed)
    assert caught.value.code == "secret_enter_again"


@pytest.mark.parametrize(
    "damage", ["", "v1:", "v2:0123456789abcdef:x", "plain text", "v1:0123456789abcdef:AAAA"]
)
def test_what_is_no_sealed_value_says_enter_again(tmp_path: Path, damage: str) -> None:
    box = _box(tmp_path)
    box.create_key()
    with pytest.raises(SecretUnreadable):
        box.unseal(damage)


def test_a_changed_value_does_not_open(tmp_path: Path) -> None:
    box = _box(tmp_path)
    box.create_key()
    sealed = box.seal("a secret")
    with pytest.raises(SecretUnreadable):
        box.unseal(sealed[:-6] + ("AAAAA=" if not sealed.endswith("AAAAA=") else "BBBBB="))


def test_without_a_key_nothing_is_sealed(tmp_path: Path) -> None:
    box = _box(tmp_path)
    assert not box.load_key()
    with pytest.raises(SecretKeyUnavailable):
        box.seal("a secret")
    assert not (tmp_path / "secret.key").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has lists of rights, not modes")
def test_the_key_file_is_for_its_owner_only_and_nothing_else_is_left(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        _box(tmp_path).create_key()
    finally:
        os.umask(previous)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_of_many_that_make_a_key_at_once_all_use_the_same(tmp_path: Path) -> None:
    boxes = [_box(tmp_path) for _ in range(8)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(SecretBox.create_key, boxes))
    sealed = boxes[0].seal("a secret")
    assert {box.unseal(sealed) for box in boxes} == {"a secret"}
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.expects_log("secret_key_damaged")
def test_a_damaged_key_file_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("not a key")
    box = _box(tmp_path)
    assert not box.load_key()
    with pytest.raises(SecretKeyUnavailable):
        box.create_key()
    assert (tmp_path / "secret.key").read_text() == "not a key"


@pytest.mark.expects_log("secret_key_unwritable")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretKeyUnavailable) as caught:
        _box(tmp_path / "missing").create_key()
    assert caught.value.code == "secret_key_unwritable"


def test_the_keyring_keeps_the_key_when_preferred(tmp_path: Path, memory_keyring: MemoryKeyring) -> None:
    box = _box(tmp_path, with_keyring=True)
    box.prefer("keyring")
    box.create_key()
    assert not (tmp_path / "secret.key").exists()
    other = _box(tmp_path, with_keyring=True)
    other.prefer("keyring")
    assert other.load_key()
    assert other.unseal(box.seal("a secret")) == "a secret"


def test_the_key_moves_to_the_preferred_place_and_back(tmp_path: Path, memory_keyring: MemoryKeyring) -> None:
    box = _box(tmp_path, with_keyring=True)
    box.create_key()
    sealed = box.seal("a secret")
    assert (tmp_path / "secret.key").exists()

    moved = _box(tmp_path, with_keyring=True)
    moved.prefer("keyring")
    assert moved.load_key()
    assert not (tmp_path / "secret.key").exists()
    assert len(memory_keyring.entries) == 1

    back = _box(tmp_path, with_keyring=True)
    assert back.load_key()
    assert (tmp_path / "secret.key").exists()
    assert memory_keyring.entries == {}
    assert back.unseal(sealed) == "a secret"


@pytest.mark.expects_log("keyring_unavailable")
def test_without_a_keyring_the_file_is_used_and_the_log_says_so(tmp_path: Path, no_keyring: None) -> None:
    box = _box(tmp_path, with_keyring=True)
    box.prefer("keyring")
    box.create_key()
    assert (tmp_path / "secret.key").exists()
    other = _box(tmp_path, with_keyring=True)
    other.prefer("keyring")
    assert other.load_key()
    assert (tmp_path / "secret.key").exists()


def test_a_keyring_that_nobody_chose_is_not_complained_about(tmp_path: Path, no_keyring: None) -> None:
    box = _box(tmp_path, with_keyring=True)
    assert not box.load_key()
    box.create_key()
    assert box.has_key


def test_variables_are_whole_values_only() -> None:
    assert variable_of("${NAME}") == "NAME"
    assert [variable_of(text) for text in ("$NAME", "x${NAME}", "${NAME}x", "${}", "${1A}", "${A}\n", 7)] == [
        None
    ] * 7
    assert expand_env("${NAME}", {"NAME": "value"}) == "value"
    assert expand_env("plain", {}) == "plain"
    for environment in ({}, {"NAME": ""}):
        with pytest.raises(SecretUnreadable) as caught:
            expand_env("${NAME}", environment)
        assert caught.value.facts == {"variable": "NAME"}


def test_each_clear_value_becomes_known_to_the_redactor(tmp_path: Path) -> None:
    redactor = Redactor()
    box = SecretBox(key_providers={"file": KeyFileProvider(tmp_path / "secret.key")}, redactor=redactor)
    box.create_key()
    key = (tmp_path / "secret.key").read_text().strip()
    assert Fernet(key)
    box.seal("planted-one")
    box.reveal("${NAME}", {"NAME": "planted-two"})
    assert redactor.redact_text(f"planted-one planted-two {key}") == "*** *** ***"

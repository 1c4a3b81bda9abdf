"""Where it listens: edits, taken ports, other machines, TLS, attach, the end."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.api.http.served import Served, serve
from tests.architecture.sources import ROOT
from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.api.attach_point import attach_file
from wxauto_mgt.api.http.server import HttpServer
from wxauto_mgt.app import Application


def causes(served: Served) -> list[str]:
    return [error.cause_code for error in served.application.monitor.recent_errors(10)]


def attach_url(served: Served) -> str:
    """Where programs of this machine are sent; empty while it moves, for then there is no file."""
    try:
        return str(json.loads(attach_file(served.application.ground.data_dir).read_text())["url"])
    except FileNotFoundError:
        return ""


def listens_at(served: Served, port: int) -> bool:
    address = served.application.http.address
    return address is not None and address.port == port


async def reaches(served: Served, url: str) -> bool:
    """Whether a console answers there within a moment."""
    for _ in range(100):
        if await _answers(served, url):
            return True
        await asyncio.sleep(0.01)
    return False


async def _answers(served: Served, url: str) -> bool:
    try:
        async with served.session.get(url + "/health") as response:
            return response.status in (200, 503)
    except aiohttp.ClientError:
        return False


async def test_an_edit_of_the_settings_is_in_force_without_a_restart(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with serve(tmp_path, settings={"port": 0}, environment={}) as served:
        before = served.url
        # The answer to the very request that moves the server still comes.
        reply = await served.call("update_settings", group="http", values={"port": port})
        assert reply["data"]["port"] == port
        await eventually(lambda: listens_at(served, port))
        assert await reaches(served, served.url)
        assert not await _answers(served, before)
        await eventually(lambda: attach_url(served) == served.url)
        await served.call("update_settings", group="http", values={"enabled": False})
        await eventually(lambda: served.application.http.address is None)
        await eventually(lambda: not attach_file(served.application.ground.data_dir).exists())


@pytest.mark.expects_log("http_listen fails: api_port_taken")
async def test_a_taken_port_is_said_and_attach_works_all_the_same(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        async with serve(tmp_path, environment={"WXAUTO_MGT_API_PORT": str(port)}) as served:
            assert served.application.http.address is None
            assert served.application.http.login_url() is None
            assert causes(served) == ["api_port_taken"]
            assert await reaches(served, attach_url(served))
            holder.close()
            # It looks again by itself; here an edit makes it look at once.
            edit = {"group": "http", "values": {"max_connections": 50}}
            headers = {"Authorization": f"Bearer {served.tokens['admin']}"}
            url = attach_url(served) + "/api/monitor/update_settings"
            async with served.session.post(url, json=edit, headers=headers) as response:
                assert (await response.json())["success"] is True
            await eventually(lambda: served.application.http.address is not None)
            assert served.port == port


async def test_nobody_is_sent_to_a_port_that_is_being_given_up(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen = attach_file(served.application.ground.data_dir), []
    close = HttpServer.close

    async def watched(server: HttpServer) -> None:
        seen.append(file.exists())
        await close(server)

    monkeypatch.setattr(HttpServer, "close", watched)
    await served.call("update_settings", group="http", values={"max_connections": 50})
    await eventually(lambda: seen != [] and file.exists())
    assert seen == [False]


@pytest.mark.expects_log("http_listen fails: api_remote_without_tls")
async def test_other_machines_need_a_token_and_tls_or_the_switch(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        before = attach_url(served)
        reply = await served.call("update_settings", group="http", values={"host": "0.0.0.0"})
        assert reply["success"] is True
        await eventually(lambda: "api_remote_without_tls" in causes(served))
        await eventually(lambda: attach_url(served) not in ("", before))
        assert served.application.http.login_url() is None
        assert await reaches(served, attach_url(served))
        errors = await served.application.api.get_recent_errors()
        assert "\n" not in str(errors["data"])
        await served.application.api.update_settings("http", {"allow_remote_without_tls": True})
        await eventually(lambda: served.application.http.login_url() is not None)
        address = served.application.http.address
        assert address is not None
        assert address.host == "0.0.0.0"
        answer = await served.get("/health", headers={"Host": "192.168.7.7:80"}, token=None)
        assert answer.status == 200
        assert (await served.get("/health", headers={"Host": "evil.example"})).status == 421


@pytest.mark.expects_log("http_listen fails: api_remote_without_token")
async def test_without_a_token_nobody_else_is_let_near(tmp_path: Path) -> None:
    environment = {**FREE_PORT, "WXAUTO_MGT_API_HOST": "0.0.0.0"}
    application = await Application.open(data_dir=tmp_path, environment=environment)
    await application.start()
    assert application.http.address is None
    assert await application.stop() == ()


async def test_tls_is_spoken_and_attach_stays_in_the_machine(tmp_path: Path) -> None:
    certificate, key = certified(tmp_path)
    settings = {"tls_cert": str(certificate), "tls_key": str(key)}
    async with serve(tmp_path / "data", settings=settings) as served:
        assert served.url.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(certificate))
        async with served.session.get(served.url + "/health", ssl=trusting) as response:
            assert response.status == 200
        assert attach_url(served).startswith("http://127.0.0.1:")
        assert await reaches(served, attach_url(served))


@pytest.mark.expects_log("http_listen fails: api_tls_unusable")
async def test_an_unusable_certificate_is_said(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    settings = {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "missing.pem")}
    async with serve(tmp_path / "data", settings=settings) as served:
        assert served.application.http.address is None
        assert causes(served) == ["api_tls_unusable"]


async def test_a_disabled_api_opens_nothing(tmp_path: Path) -> None:
    async with serve(tmp_path, settings={"enabled": False}) as served:
        assert served.application.http.address is None
        assert served.application.http._interface is None
        assert not attach_file(tmp_path).exists()


async def test_a_stop_leaves_no_socket_and_no_attach_file(served: Served) -> None:
    url, folder = served.url, served.application.ground.data_dir
    assert attach_file(folder).exists()
    assert attach_file(folder).stat().st_mode & 0o077 == 0
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET /hea")
    assert await served.application.stop() == ()
    assert not await _answers(served, url)
    assert not attach_file(folder).exists()
    assert await reader.read() is not None
    writer.close()


async def test_a_loop_that_a_request_started_does_not_go_on_in_its_name(served: Served) -> None:
    await served.call("restart_service", token="operate")
    console = served.application
    await served.application.config.apply([], who="test")
    named = [entry for entry in console.logs.tail().entries if entry.user_id == "api:operate"]
    assert all("loop" not in entry.message for entry in named)


def test_a_console_without_the_api_does_not_import_its_libraries() -> None:
    script = (
        "import sys, wxauto_mgt.app, wxauto_mgt.cli, wxauto_mgt.api.attach\n"
        "print(sorted({'fastapi', 'starlette', 'uvicorn', 'prometheus_client'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


def certified(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine's own name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files

"""Checks the certificate of a TLS server: how long it is valid, for whom, and whether it is trusted."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from typing import ClassVar, Final, Self

from cryptography import x509
from cryptography.x509.oid import NameOID
from pydantic import Field, model_validator

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import ConfigModel, refuse
from wxauto_mgt.core.monitoring.checks.addresses import Host
from wxauto_mgt.core.monitoring.checks.contract import CheckKind, CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.form_fields import shown
from wxauto_mgt.errors import Fact

_DAY: Final = timedelta(days=1)
_NAMES_SHOWN: Final = 5
# X509_V_FLAG_NO_CHECK_TIME: how long it is valid is read from the certificate, against the injected clock.
_NO_CHECK_TIME: Final = 0x200000
# X509_V_ERR_*: what `verify_code` says.
_SELF_SIGNED: Final = frozenset({18, 19})
_WRONG_NAME: Final = frozenset({62, 64})


class TlsExpiryConfig(ConfigModel):
    """Which server, and how many days are too few."""

    host: Host = Field(max_length=255, json_schema_extra=shown("host", 100))
    port: int = Field(
        default=0, ge=0, le=65_535, json_schema_extra=shown("port", 110, help_key="check_kind.help.tls_port")
    )
    server_name: str = Field(
        default="", max_length=255, json_schema_extra=shown("server_name", 120, has_help=True)
    )
    warn_days: float = Field(
        default=21.0, ge=0.0, le=3650.0, json_schema_extra=shown("warn_days", 130, unit="unit.days")
    )
    fail_days: float = Field(
        default=7.0, ge=0.0, le=3650.0, json_schema_extra=shown("fail_days", 140, unit="unit.days")
    )
    may_be_self_signed: bool = Field(
        default=False, json_schema_extra=shown("may_be_self_signed", 150, widget=Widget.SWITCH)
    )
    ca_file: str = Field(default="", max_length=1000, json_schema_extra=shown("ca_file", 160, has_help=True))

    @model_validator(mode="after")
    def _warns_first(self) -> Self:
        if self.warn_days < self.fail_days:
            raise refuse("tls_days")
        return self


class TlsExpiryCheck(CheckKind[TlsExpiryConfig]):
    """Connects twice: to read the certificate, whatever it is; then as one that does not trust blindly."""

    TYPE = "tls_expiry"
    CONFIG: ClassVar[type[TlsExpiryConfig]] = TlsExpiryConfig

    async def run(self) -> CheckResult:
        started_s = self.context.clock.monotonic()
        try:
            der = await self._presented()
        except TimeoutError:
            raise  # the runner says how long was waited
        except ssl.SSLError as error:
            return CheckResult(Outcome.FAILED, "tls_no_handshake", {"cause": error.reason or "SSLError"})
        except OSError as error:
            return CheckResult(Outcome.FAILED, "tls_no_answer", {"cause": type(error).__name__})
        taken_ms = 1000 * (self.context.clock.monotonic() - started_s)
        try:
            certificate = x509.load_der_x509_certificate(der)
        except ValueError:
            return CheckResult(Outcome.FAILED, "tls_certificate_unreadable")
        try:
            distrust = await self._distrust(der)
        except FileNotFoundError:
            return CheckResult(Outcome.UNKNOWN, "tls_ca_file_missing", {"file": self.config.ca_file})
        except ssl.SSLError as error:
            return CheckResult(Outcome.FAILED, "tls_no_handshake", {"cause": error.reason or "SSLError"})
        except TimeoutError:
            raise
        except OSError as error:
            return CheckResult(Outcome.FAILED, "tls_no_answer", {"cause": type(error).__name__})
        return self._judge(certificate, distrust, taken_ms)

    @property
    def _name(self) -> str:
        return self.config.server_name or self.config.host

    async def _presented(self) -> bytes:
        """The server's certificate as it came."""
        blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        blind.check_hostname = False
        blind.verify_mode = ssl.CERT_NONE
        return await self._connect(blind)

    async def _distrust(self, der: bytes) -> ssl.SSLCertVerificationError | None:
        """Why a program would refuse the certificate, its time apart; None when it would not."""
        context = await asyncio.to_thread(self._trusting, der)  # reads files
        try:
            await self._connect(context)
        except ssl.SSLCertVerificationError as error:
            return error
        return None

    def _trusting(self, der: bytes) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.config.ca_file:
            context.load_verify_locations(cafile=self.config.ca_file)
        else:
            context.load_default_certs()
        if self.config.may_be_self_signed:
            context.load_verify_locations(
                cadata=der
            )  # as its own authority, so that its name is checked still
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
        return context

    async def _connect(self, context: ssl.SSLContext) -> bytes:
        port = self.config.port or self.context.port or 443
        _, writer = await asyncio.open_connection(
            self.config.host, port, ssl=context, server_hostname=self._name
        )
        try:
            der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        finally:
            # Not `close`: it waits for the server's part of the farewell.
            writer.transport.abort()
        return bytes(der or b"")

    def _judge(
        self, certificate: x509.Certificate, distrust: ssl.SSLCertVerificationError | None, taken_ms: float
    ) -> CheckResult:
        now = self.context.clock.now()
        days = round((certificate.not_valid_after_utc - now) / _DAY, 1)
        outcome, reason, params = Outcome.FAILED, "", dict[str, Fact](days=days)
        if days < 0:
            reason, params = "tls_expired", {"days": -days}
        elif certificate.not_valid_before_utc > now:
            reason, params = "tls_not_yet_valid", {}
        elif distrust is not None:
            reason, params = self._why_not_trusted(distrust)
        elif days < self.config.fail_days:
            reason = "tls_expires_soon"
        elif days < self.config.warn_days:
            outcome, reason = Outcome.DEGRADED, "tls_expires_soon"
        else:
            outcome, reason = Outcome.OK, "tls_valid"
        return CheckResult(outcome, reason, params, _evidence(certificate, days), taken_ms)

    def _why_not_trusted(self, distrust: ssl.SSLCertVerificationError) -> tuple[str, dict[str, Fact]]:
        if distrust.verify_code in _WRONG_NAME:
            return "tls_wrong_name", {"name": self._name}
        if distrust.verify_code in _SELF_SIGNED:
            return "tls_self_signed", {}
        return "tls_not_trusted", {"cause": distrust.verify_message}


def _evidence(certificate: x509.Certificate, days: float) -> dict[str, Fact]:
    return {
        "days_left": days,
        "expires_at": certificate.not_valid_after_utc.isoformat(),
        "subject": _common_name(certificate.subject),
        "issuer": _common_name(certificate.issuer),
        "names": ", ".join(_names(certificate)[:_NAMES_SHOWN]),
    }


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name.value) for name in names]

"""Services on a real database for the tests of configuration."""

from __future__ import annotations

import pytest

from tests.core.config.sections import SAMPLE, toy_service
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.storage.database import Database


@pytest.fixture
async def service(db: Database) -> ConfigService:
    """A loaded service without objects."""
    made, _ = toy_service(db)
    await made.load()
    return made


@pytest.fixture
async def filled(service: ConfigService) -> ConfigService:
    """A loaded service that holds the sample document."""
    await service.import_document(SAMPLE, filename="sample.yaml", replace=False, who="test")
    return service

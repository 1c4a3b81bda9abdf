"""Runs the import contracts of pyproject.toml, each as a test of its own."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.application import rendering, use_cases
from importlinter.application.user_options import UserOptions

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
CONFIGURATION = read_configuration(str(PYPROJECT))
CONTRACTS = {contract["id"]: contract for contract in CONFIGURATION["contracts_options"]}
MODULE_LISTS = ("source_modules", "forbidden_modules", "allowed_importers")


@pytest.fixture(scope="module")
def modules() -> set[str]:
    return grimp.build_graph("wxauto_mgt", include_external_packages=True, cache_dir=None).modules


def existing(names: list[str], modules: set[str]) -> list[str]:
    """Packages of a later step are named already; the linter takes an unknown name for a mistake."""
    return [name for name in names if "*" in name or not name.startswith("wxauto_mgt.") or name in modules]


@pytest.mark.parametrize("contract_id", CONTRACTS)
def test_contract_is_kept(contract_id: str, modules: set[str]) -> None:
    contract = dict(CONTRACTS[contract_id])
    for field in MODULE_LISTS:
        if field in contract:
            contract[field] = existing(contract[field], modules)
    if contract.get("source_modules") == []:
        return
    options = UserOptions(session_options=CONFIGURATION["session_options"], contracts_options=[contract])
    use_cases._register_contract_types(options)
    report = use_cases.create_report(options, cache_dir=None)
    if report.contains_failures:
        rendering.render_report(report)  # shown by pytest with the failure
        pytest.fail(f"broken import contract: {contract['name']}", pytrace=False)


@pytest.mark.parametrize("contract_id", ["house", "tiers"])
def test_a_package_that_no_contract_names_is_found(contract_id: str) -> None:
    assert CONTRACTS[contract_id]["exhaustive"]

"""Tests of core.analysis."""

"""Tests of the benchmark harness: its arithmetic, its processes, its tables and plots."""

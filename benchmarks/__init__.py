"""Benchmarks: each case runs Waybill, a limit and the tools people use in turn, as whole processes.

Run: `python -m benchmarks run`, `python -m benchmarks run --quick`, `python -m benchmarks page`.
"""

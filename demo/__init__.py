"""The demo of all five systems: not part of the product, run by `make demo`."""

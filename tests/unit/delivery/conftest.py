"""The storage emulator of the delivery tests."""

from tests.azurite import azurite as azurite

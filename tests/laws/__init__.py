"""Laws over the whole catalog and the house; what they share is here, so that crash tests can use it too."""

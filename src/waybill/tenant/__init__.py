"""What we know of a tenant: snapshots, principals, effective access."""

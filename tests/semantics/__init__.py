"""Laws of access: small tenants in plain words, an independent resolver, and the product between them."""

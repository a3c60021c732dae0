"""Who may call: applications, their credentials, access tokens and the one strict verifier."""

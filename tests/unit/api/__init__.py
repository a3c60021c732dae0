"""Parts of the web faces, each by itself."""

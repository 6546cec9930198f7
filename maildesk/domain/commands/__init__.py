"""The staff's command language: a grammar, a registry, and one small pure function per command."""

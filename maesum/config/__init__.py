"""Typed schemas of every command: a misspelt key or a wrong type fails when the config is composed.

The comment behind a field is the one explanation of that key: `--help` prints it.
"""

from maesum.config.registry import CONF_DIR, register_resolvers, register_schemas

__all__ = ["CONF_DIR", "register_resolvers", "register_schemas"]

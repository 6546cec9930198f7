"""maildesk.toml and the environment to frozen settings, or every mistake at once, each with its file and line."""

from maildesk.config.loading import Examined, examine, find, load
from maildesk.config.words import ConfigurationError, Problem

__all__ = ["ConfigurationError", "Examined", "Problem", "examine", "find", "load"]

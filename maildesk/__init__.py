"""maildesk: a complaints desk that lives in one mailbox and meets ISO 10002."""

__version__ = "0.1.0"

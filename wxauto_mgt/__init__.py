"""Console for WeChat bots behind WXAUTO-HTTP-API servers: deliver by rule, reply once, tell the truth."""

__version__ = "0.1.0"

"""The local HTTP API: the only place for FastAPI and uvicorn."""

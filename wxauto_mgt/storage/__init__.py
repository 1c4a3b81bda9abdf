"""The database engine: one writer, grouped commits, reader pool, migrations. Tables belong to the slices."""

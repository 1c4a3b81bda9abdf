"""Forms built from JSON Schemas: they show, collect and place refusals, and hold no rule of their own."""

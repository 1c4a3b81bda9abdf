"""Between the core's loop and Qt: events become signals, buttons become supervised tasks."""

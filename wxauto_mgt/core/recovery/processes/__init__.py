"""Programs that the console runs for its services: started, watched, restarted, stopped."""

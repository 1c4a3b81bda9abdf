"""`doctor`: looks at the installation, the data folder, the network and the running console, and advises."""

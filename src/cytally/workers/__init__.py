"""Crews that share work out: this process, several processes, a Dask cluster."""

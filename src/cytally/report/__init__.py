"""What people look at: overlays, plots and the page of a run."""

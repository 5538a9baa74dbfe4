"""The page in the browser: a local server over a workspace of projects, images, corrections and jobs."""

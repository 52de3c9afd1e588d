"""The doors of the pages: read clock and user, make one call, render."""

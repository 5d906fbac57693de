"""Settings: `local` for a laptop and the demo, `production` for the internet; `base` is what they share."""

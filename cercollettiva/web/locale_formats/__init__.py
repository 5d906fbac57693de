"""Forms of dates and numbers for Django's own output and input, where they differ from what Django ships."""

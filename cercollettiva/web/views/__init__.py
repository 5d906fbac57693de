"""The pages: each reads what was asked, makes a few calls, fills a template."""

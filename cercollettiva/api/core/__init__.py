"""The core JSON API: power and values now, under the paths and keys of the first platform."""

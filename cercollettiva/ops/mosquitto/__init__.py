"""Mosquitto's files, made from rows: what it is told, who may come in, and what it tells us back."""

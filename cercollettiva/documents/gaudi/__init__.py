"""The attestation of a plant in Gaudì, Terna's registry of plants: a PDF read field by field.

`cells` takes the words off the pages with their places, `labels` knows what the attestation calls things, `values`
reads what stands beside a label, and `attestation` joins the three. `reading` does it in a process of its own.
"""

"""Inspections by plan (定期检查, behaviour 18): what is looked at how often, what was found, and that it was mended. A leader's
own inspections (behaviour 28) are the auditors' room's."""

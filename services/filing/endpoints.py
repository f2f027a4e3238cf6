"""All of filing's routes. Fixed paths come before those with a number in them."""

from __future__ import annotations

from fastapi import APIRouter

from services.filing.casefiles import endpoints as casefiles
from services.filing.catalogue import endpoints as catalogue
from services.filing.corrections import endpoints as corrections
from services.filing.forms import endpoints as forms
from services.filing.handovers import endpoints as handovers
from services.filing.labels import endpoints as labels
from services.filing.numbers import endpoints as numbers
from services.filing.quality import endpoints as quality
from services.filing.reports import endpoints as reports
from services.filing.review import endpoints as review
from services.filing.worklist import endpoints as worklist

router = APIRouter()
for part in (quality, worklist, review, catalogue, labels, numbers, corrections, forms, casefiles, handovers, reports):
    router.include_router(part.router)

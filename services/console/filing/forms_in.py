"""What a page's form sends."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form

Text = Annotated[str, Form(max_length=2000)]
Ids = Annotated[list[str], Form()]
NONE: list[str] = []

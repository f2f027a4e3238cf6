"""销毁清册: the register of a destruction, in the columns of Order 79. It is permanent and names no customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from services.kernel.clock import OFFICE, now
from services.kernel.policy import versions
from services.retention.batches import repository
from services.retention.batches.model import LineState, Obstacle, Opinion
from services.retention.batches.tables import DestructionBatch, DestructionLine

HEADS = (
    "序号",
    "名称",
    "卷号",
    "件数",
    "页数",
    "起止年度",
    "档案编号",
    "应保管期限",
    "已保管期限",
    "鉴定意见",
    "销毁时间",
    "备注",
)
OPINIONS = {Opinion.DESTROY: "销毁", Opinion.EXTEND: "延期保管", Opinion.TRANSFER: "移交"}
REMARKS = {
    Obstacle.HELD: "冻结，移出",
    Obstacle.ON_LOAN: "借出，移出",
    Obstacle.GRANTED: "在阅，移出",
    Obstacle.MISSING: "缺失，移出",
    Obstacle.STALE: "内容变更，移出",
    Obstacle.EXTENDED: "延期保管，移出",
    Obstacle.TRANSFERRED: "拟移交，移出",
    Obstacle.OBJECTED: "部门异议，移出",
    Obstacle.WITHDRAWN: "撤回",
    Obstacle.ENDED: "批次终止",
}


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    name: str
    volume: str
    items: int
    pages: int
    years: str
    reference_code: str
    period: str
    kept: str
    opinion: str
    destroyed_on: str
    remark: str

    @property
    def cells(self) -> tuple[int | str, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)


def rows(session: Session, batch: DestructionBatch) -> Iterator[Row]:
    """All lines, also what left, with why; a piece at a time."""
    policy = versions.current(session).policy
    for lines in repository.each_piece(session, batch.id):
        for line in lines:
            yield _row(line, policy.type_of(line.type).title)


def _row(line: DestructionLine, name: str) -> Row:
    ended = (line.ended_at or now()).astimezone(OFFICE).date()
    destroyed = line.state == LineState.DESTROYED
    return Row(
        number=line.position,
        name=name,
        volume=line.volume or "",
        items=1,
        pages=line.pages,
        years=_years(line),
        reference_code=line.reference_code or "",
        period=period(line.period),
        kept=kept(line.received_on, ended),
        opinion=OPINIONS[Opinion(line.opinion)] if line.opinion else "",
        destroyed_on=ended.isoformat() if destroyed else "",
        remark=REMARKS.get(Obstacle(line.obstacle), "") if line.obstacle and line.state == LineState.REMOVED else "",
    )


def period(text: str | None) -> str:
    """``30 years`` as 30年."""
    if text is None or text == "permanent":
        return "永久" if text else ""
    count, unit = text.split(" ")
    return f"{count}{'年' if unit == 'years' else '天'}"


def kept(since: date | None, until: date) -> str:
    """How long it has been kept, in whole years and months."""
    if since is None or until < since:
        return ""
    months = (until.year - since.year) * 12 + until.month - since.month - (until.day < since.day)
    years, rest = divmod(months, 12)
    return f"{years}年{rest}个月" if rest else f"{years}年"


def _years(line: DestructionLine) -> str:
    found = sorted({day.year for day in (line.received_on, line.started_on) if day is not None})
    return "–".join(str(year) for year in found)

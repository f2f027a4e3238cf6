"""The certificate to look at (销毁证明), as PDF/A-2b."""

from __future__ import annotations

from typing import Any

STORES = {
    "objects": "对象存储（各版本、删除标记）",
    "catalogue": "目录数据库",
    "catalogue files": "数据库文件（空闲页、日志）",
    "keys": "数据密钥",
    "index": "检索索引",
    "queue": "任务队列",
    "copies": "登记复制件",
    "tombstones": "库外销毁留痕",
    "backups": "目录备份",
    "key backups": "密钥备份",
}
CAPACITIES = {"supervisor": "监销人", "electronic": "电子档案监销人"}
OBSTACLES = {"held": "冻结", "on_loan": "借出", "granted": "利用中", "missing": "缺失", "stale": "情况变化"}


def pdf(told: dict[str, Any], sha256: str, signature: str) -> bytes:
    """``sha256`` and ``signature`` are of the signed text, which is the original; this shows it."""
    from services.kernel.sheet import Sheet  # slow to load, and seldom needed

    sheet = Sheet("销毁证明", archival=True)
    batch, people = told["batch"], told["people"]
    sheet.write_table(
        ["项目", "内容"],
        [
            ["证明编号", told["number"]],
            ["销毁批次", batch["number"]],
            ["清册摘要（SHA-256）", batch["manifest_sha256"] or ""],
            ["件数 / 页数", f"{told['items']} 件 / {told['pages']} 页"],
            ["未销毁", "；".join(f"{OBSTACLES.get(why, why)} {n} 件" for why, n in told["left_out"].items()) or "无"],
            ["销毁方式", f"{told['method']['name']}（NIST SP 800-88 r2：{told['method']['nist_800_88r2']}）"],
            ["纸质销毁方式", told["paper_method"] or "无"],
            ["开始 / 核验", f"{_moment(told['executing_at'])} / {_moment(told['verified_at'])}"],
            ["账本位置", "、".join(str(each) for each in told["ledger"].values())],
            ["留痕编号", f"{told['tombstones']['first']} – {told['tombstones']['last']}"],
        ],
        [50, 130],
    )
    sheet.write_line("各处核验", size=12)
    sheet.write_table(
        ["存放处", "核查数", "残留"],
        [[STORES.get(each["store"], each["store"]), str(each["checked"]), str(each["count"])] for each in told["stores"]],
        [100, 40, 40],
    )
    sheet.write_line("有关人员", size=12)
    rows = [["提出", each["name"] or "", ""] for each in people["proposed_by"]]
    rows += [["批准", each["name"] or "", _moment(each["at"])] for each in people["approved_by"]]
    rows.append(["执行", people["executed_by"]["name"] or "", _moment(told["executing_at"])])
    rows += [
        [CAPACITIES.get(each["capacity"], each["capacity"]), each["name"] or "", _moment(each["signed_at"])]
        for each in people["witnessed_by"]
    ]
    sheet.write_table(["职责", "姓名", "时间"], rows, [60, 60, 60])
    sheet.write_line(f"签名文本摘要（SHA-256）：{sha256}", size=8)
    sheet.write_line(f"签名：{signature}", size=8)
    sheet.write_line(f"签发：{_moment(told['issued_at'])}", size=10)
    return sheet.to_bytes()


def _moment(text: str | None) -> str:
    return text[:16].replace("T", " ") + " UTC" if text else ""

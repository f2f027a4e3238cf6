"""Filing: checks, corrections, customers' files, forms, the register of numbers, handovers, rescans"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_files",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("title_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("customer_type", sa.String(length=40), nullable=True),
        sa.Column("business_type", sa.String(length=40), nullable=False),
        sa.Column("department", sa.String(length=80), nullable=True),
        sa.Column("opened_by", sa.String(length=36), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_case_files_key_id_data_keys")),
        sa.ForeignKeyConstraint(["opened_by"], ["people.id"], name=op.f("fk_case_files_opened_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_files")),
        sa.UniqueConstraint("number", name=op.f("uq_case_files_number")),
    )
    op.create_table(
        "filing_forms",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.Column("submitted_by", sa.String(length=36), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["people.id"], name=op.f("fk_filing_forms_decided_by_people")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_filing_forms_key_id_data_keys")),
        sa.ForeignKeyConstraint(["submitted_by"], ["people.id"], name=op.f("fk_filing_forms_submitted_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_forms")),
        sa.UniqueConstraint("number", name=op.f("uq_filing_forms_number")),
    )
    with op.batch_alter_table("filing_forms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_filing_forms_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_filing_forms_submitted_by"), ["submitted_by"], unique=False)

    op.create_table(
        "handovers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("giver_id", sa.String(length=36), nullable=False),
        sa.Column("taker_id", sa.String(length=36), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["giver_id"], ["people.id"], name=op.f("fk_handovers_giver_id_people")),
        sa.ForeignKeyConstraint(["taker_id"], ["people.id"], name=op.f("fk_handovers_taker_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        sa.UniqueConstraint("number", name=op.f("uq_handovers_number")),
    )
    with op.batch_alter_table("handovers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handovers_giver_id"), ["giver_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handovers_taker_id"), ["taker_id"], unique=False)

    op.create_table(
        "party_subjects",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_party_subjects_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_subjects")),
    )
    op.create_table(
        "quality_checks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("checker_id", sa.String(length=36), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.Column("widened", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["checker_id"], ["people.id"], name=op.f("fk_quality_checks_checker_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_checks")),
    )
    with op.batch_alter_table("quality_checks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quality_checks_checker_id"), ["checker_id"], unique=False)

    op.create_table(
        "case_file_items",
        sa.Column("file_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_case_file_items_by_id_people")),
        sa.ForeignKeyConstraint(["file_id"], ["case_files.id"], name=op.f("fk_case_file_items_file_id_case_files")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_case_file_items_item_id_items")),
        sa.PrimaryKeyConstraint("file_id", "item_id", name=op.f("pk_case_file_items")),
    )
    with op.batch_alter_table("case_file_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_file_items_item_id"), ["item_id"], unique=False)

    op.create_table(
        "checked_items",
        sa.Column("check_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["check_id"], ["quality_checks.id"], name=op.f("fk_checked_items_check_id_quality_checks")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_checked_items_item_id_items")),
        sa.PrimaryKeyConstraint("check_id", "item_id", name=op.f("pk_checked_items")),
    )
    with op.batch_alter_table("checked_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checked_items_item_id"), ["item_id"], unique=False)

    op.create_table(
        "checked_pages",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("check_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("drawn", sa.String(length=8), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("seen_by", sa.String(length=36), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["check_id"], ["quality_checks.id"], name=op.f("fk_checked_pages_check_id_quality_checks")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_checked_pages_item_id_items")),
        sa.ForeignKeyConstraint(["seen_by"], ["people.id"], name=op.f("fk_checked_pages_seen_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checked_pages")),
        sa.UniqueConstraint("check_id", "item_id", "number", name=op.f("uq_checked_pages_check_id_item_id_number")),
    )
    with op.batch_alter_table("checked_pages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checked_pages_item_id"), ["item_id"], unique=False)

    op.create_table(
        "filing_lines",
        sa.Column("form_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reference_code", sa.String(length=80), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["filing_forms.id"], name=op.f("fk_filing_lines_form_id_filing_forms")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_filing_lines_item_id_items")),
        sa.PrimaryKeyConstraint("form_id", "item_id", name=op.f("pk_filing_lines")),
    )
    with op.batch_alter_table("filing_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_filing_lines_item_id"), ["item_id"], unique=False)

    op.create_table(
        "handover_lines",
        sa.Column("handover_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name=op.f("fk_handover_lines_handover_id_handovers")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_handover_lines_item_id_items")),
        sa.PrimaryKeyConstraint("handover_id", "item_id", name=op.f("pk_handover_lines")),
    )
    with op.batch_alter_table("handover_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handover_lines_item_id"), ["item_id"], unique=False)

    op.create_table(
        "labels",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("retention", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=24), nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.Column("printed_by", sa.String(length=36), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_labels_item_id_items")),
        sa.ForeignKeyConstraint(["printed_by"], ["people.id"], name=op.f("fk_labels_printed_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
    )
    with op.batch_alter_table("labels", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_labels_item_id"), ["item_id"], unique=False)

    op.create_table(
        "reference_numbers",
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("series", sa.String(length=70), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_reference_numbers_by_id_people")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_reference_numbers_item_id_items")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_reference_numbers")),
        sa.UniqueConstraint("series", "number", name=op.f("uq_reference_numbers_series_number")),
    )
    with op.batch_alter_table("reference_numbers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_numbers_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reference_numbers_state"), ["state"], unique=False)

    op.create_table(
        "rescans",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("old_file_id", sa.String(length=36), nullable=False),
        sa.Column("new_file_id", sa.String(length=36), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_rescans_by_id_people")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_rescans_item_id_items")),
        sa.ForeignKeyConstraint(["new_file_id"], ["files.id"], name=op.f("fk_rescans_new_file_id_files")),
        sa.ForeignKeyConstraint(["old_file_id"], ["files.id"], name=op.f("fk_rescans_old_file_id_files")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescans")),
    )
    with op.batch_alter_table("rescans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rescans_item_id"), ["item_id"], unique=False)

    op.create_table(
        "corrections",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("field_value_id", sa.String(length=36), nullable=True),
        sa.Column("before_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("after_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("evidence_page", sa.Integer(), nullable=True),
        sa.Column("evidence_item_id", sa.String(length=36), nullable=True),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_corrections_by_id_people")),
        sa.ForeignKeyConstraint(["evidence_item_id"], ["items.id"], name=op.f("fk_corrections_evidence_item_id_items")),
        sa.ForeignKeyConstraint(
            ["field_value_id"], ["field_values.id"], name=op.f("fk_corrections_field_value_id_field_values")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_corrections_item_id_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    with op.batch_alter_table("corrections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_corrections_item_id"), ["item_id"], unique=False)

    # not as a batch: SQLite would make the tables anew, under the feet of all that refer to them
    op.add_column("field_values", sa.Column("replaces", sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_field_values_replaces"), "field_values", ["replaces"], unique=False)
    op.add_column("items", sa.Column("edits", sa.Integer(), server_default="0", nullable=False))
    op.add_column("parties", sa.Column("subject_id", sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_parties_subject_id"), "parties", ["subject_id"], unique=False)

    # what is not read yet was received, and is not scanned before every page of it is read
    op.execute("UPDATE items SET state = 'RECEIVED' WHERE state = 'SCANNED' AND read_at IS NULL")
    _register()


def _register() -> None:
    """Enters the numbers that were given out before there was a register of them."""
    numbers = sa.table(
        "reference_numbers",
        *(sa.column(name) for name in ("code", "series", "state", "item_id")),
        sa.column("number", sa.Integer),
        sa.column("at", sa.DateTime(timezone=True)),
    )
    items = sa.table(
        "items",
        *(sa.column(name) for name in ("id", "reference_code")),
        sa.column("reference_code_draft", sa.Boolean),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    connection = op.get_bind()
    given = connection.execute(sa.select(items).where(items.c.reference_code.is_not(None))).all()
    rows = []
    for row in given:
        series, _, number = row.reference_code.rpartition("-")
        state = "draft" if row.reference_code_draft else "final"
        entry = {"code": row.reference_code, "series": series, "number": int(number), "state": state}
        rows.append(entry | {"item_id": row.id, "at": row.created_at})
    if rows:
        connection.execute(sa.insert(numbers), rows)


def downgrade() -> None:
    op.execute("UPDATE items SET state = 'SCANNED' WHERE state = 'RECEIVED'")
    op.drop_index(op.f("ix_parties_subject_id"), table_name="parties")
    op.drop_column("parties", "subject_id")
    op.drop_column("items", "edits")
    op.drop_index(op.f("ix_field_values_replaces"), table_name="field_values")
    op.drop_column("field_values", "replaces")

    with op.batch_alter_table("corrections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_corrections_item_id"))

    op.drop_table("corrections")
    with op.batch_alter_table("rescans", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rescans_item_id"))

    op.drop_table("rescans")
    with op.batch_alter_table("reference_numbers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reference_numbers_state"))
        batch_op.drop_index(batch_op.f("ix_reference_numbers_item_id"))

    op.drop_table("reference_numbers")
    with op.batch_alter_table("labels", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_labels_item_id"))

    op.drop_table("labels")
    with op.batch_alter_table("handover_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_handover_lines_item_id"))

    op.drop_table("handover_lines")
    with op.batch_alter_table("filing_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_filing_lines_item_id"))

    op.drop_table("filing_lines")
    with op.batch_alter_table("checked_pages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checked_pages_item_id"))

    op.drop_table("checked_pages")
    with op.batch_alter_table("checked_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checked_items_item_id"))

    op.drop_table("checked_items")
    with op.batch_alter_table("case_file_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_file_items_item_id"))

    op.drop_table("case_file_items")
    with op.batch_alter_table("quality_checks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quality_checks_checker_id"))

    op.drop_table("quality_checks")
    op.drop_table("party_subjects")
    with op.batch_alter_table("handovers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_handovers_taker_id"))
        batch_op.drop_index(batch_op.f("ix_handovers_giver_id"))

    op.drop_table("handovers")
    with op.batch_alter_table("filing_forms", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_filing_forms_submitted_by"))
        batch_op.drop_index(batch_op.f("ix_filing_forms_state"))

    op.drop_table("filing_forms")
    op.drop_table("case_files")

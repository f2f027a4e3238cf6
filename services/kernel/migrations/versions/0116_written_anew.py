"""Tables are written anew by an account that owns none of them

PostgreSQL keeps deleted rows in its files until a table is written anew, which is its owner's. The function does that, and
nothing else, with the owner's rights; who may call it stands in ``services/privileges``. VACUUM FULL runs in no function;
CLUSTER does, and leaves as little behind.
"""

from __future__ import annotations

from alembic import op

revision = "0116"
down_revision = "0113"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE OR REPLACE FUNCTION muniment_write_anew(named text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  whole regclass := (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE n.nspname = '{schema}' AND c.relname = named AND c.relkind = 'r');
  along name := (SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                 WHERE x.indrelid = whole AND x.indisprimary);
BEGIN
  IF along IS NULL THEN
    RAISE EXCEPTION 'no table of the catalogue: %', named;
  END IF;
  EXECUTE format('CLUSTER %s USING %I', whole, along);
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        schema = op.get_bind().exec_driver_sql("SELECT current_schema()").scalar_one()
        op.execute(FUNCTION.format(schema=schema))
        op.execute("REVOKE ALL ON FUNCTION muniment_write_anew(text) FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS muniment_write_anew(text)")

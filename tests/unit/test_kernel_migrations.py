"""What the names of the migrations tell is what they are."""

from alembic.script import ScriptDirectory

from services.kernel import migrations


def test_the_names_tell_which_revisions_there_are_and_which_is_the_newest():
    walked = [each.revision for each in ScriptDirectory(str(migrations.FOLDER)).walk_revisions()]
    assert migrations._revisions() == set(walked)
    assert max(migrations._revisions()) == walked[0]

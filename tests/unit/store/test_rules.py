from dialplan.store.rules import with_mend


def test_an_extension_that_cannot_be_added_is_told_with_its_mend() -> None:
    why = 'permission denied to create extension "btree_gist"'

    assert with_mend(why) == (
        f"{why}; `no_overlap` needs it: let an administrator run `CREATE EXTENSION btree_gist` in "
        "this database once"
    )
    assert with_mend("no such table") == "no such table"

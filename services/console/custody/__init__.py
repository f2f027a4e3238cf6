"""保管: how what is kept is looked after."""

"""鉴定销毁. When an item is due, and why: retention classes with their triggers, floors and periods, as pure rules."""

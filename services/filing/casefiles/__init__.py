"""Customers' files (客户档案, 案卷): all items of one deal together, whether they are complete, and who is who in them."""

"""Requests for access (查阅/借阅/复制/咨询), the approvals that policy asks for, and the grant that comes of them."""

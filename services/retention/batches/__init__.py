"""鉴定销毁批次: what is due is appraised, listed, approved, announced and counted before it may be destroyed."""

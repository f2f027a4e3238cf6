"""销毁执行: an approved batch is carried out store by store, proven, and certified (销毁证明)."""

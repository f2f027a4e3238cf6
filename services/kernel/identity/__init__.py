"""Who someone is (``accounts``) and what they may do (``rights``). Default is no."""

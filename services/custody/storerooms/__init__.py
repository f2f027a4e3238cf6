"""Store rooms (库房) and what their hygrometers say (温湿度计, behaviour 18)."""

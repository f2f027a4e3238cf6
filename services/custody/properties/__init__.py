"""The four checks (四性检测, DA/T 70-2018): is an item authentic, whole, usable, safe? At filing, at transfer, in storage."""

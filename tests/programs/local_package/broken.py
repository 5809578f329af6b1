BEFORE = 1
raise ValueError("the module fails")

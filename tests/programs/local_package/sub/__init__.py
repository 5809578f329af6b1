print("importing sub")

print("script runs as", __name__)
RESULT = 1

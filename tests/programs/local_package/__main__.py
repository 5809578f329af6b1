import sys

print("running as", __name__, __package__, sys.argv[1:])

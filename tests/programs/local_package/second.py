print("importing second")
from . import first
from .first import *

VALUE = first.NAME + " seen from second"

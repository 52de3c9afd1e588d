import sys

from tests.chromium import fetch

sys.stdout.write(fetch() + "\n")

"""
How good the forecast is, beside what others do: `make bench-forecast`, or `python -m bench.forecast --help`.

    funnels   invented histories in several regimes, and four more that are held out: asked in the last run only
    cases     as-of days, questions and truth; a real history is read from a folder
    peers     what others do
    scores    log loss, Brier, calibration, error, interval
    goals     what was to be reached, what was, and what chance alone could have brought

The same questions go to everybody, nothing on or after the as-of day is known to anybody. Two peers need packages of
their own (`pip install --group bench`) and are left out without them. The last full output stands in
bench/forecast.txt. A backtest from outside that speaks the same files can be run on the same sets: see --with.
"""

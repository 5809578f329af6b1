"""What options are worth by Black and Scholes's formula, for many at a time.

    rpy examples/arrays/black_scholes.py [OPTIONS] [ROUNDS]
"""

import sys

import numpy as np


def normal(x):
    """The normal distribution, by a polynomial (Abramowitz and Stegun, 26.2.17)."""
    t = 1.0 / (1.0 + 0.2316419 * np.abs(x))
    tail = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    density = 0.3989422804014327 * np.exp(-0.5 * x * x)
    return np.where(x > 0.0, 1.0 - density * tail, density * tail)


def black_scholes(price, strike, years, rate, volatility):
    """Calls and puts."""
    spread = volatility * np.sqrt(years)
    d1 = (np.log(price / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    d2 = d1 - spread
    discounted = strike * np.exp(-rate * years)
    call = price * normal(d1) - discounted * normal(d2)
    put = discounted - price + call
    return call, put


def run(options=20_000, rounds=5):
    price = np.linspace(5.0, 30.0, options)
    strike = np.linspace(1.0, 100.0, options)
    years = np.linspace(0.25, 10.0, options)
    for _ in range(rounds):
        call, put = black_scholes(price, strike, years, 0.02, 0.3)
    return float(call.sum()), float(put.sum())


if __name__ == "__main__":
    print("calls %.6f, puts %.6f" % run(*map(int, sys.argv[1:])))

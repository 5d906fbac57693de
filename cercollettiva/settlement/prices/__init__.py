"""The files of the GME (the market's operator) and what becomes of them: dated prices of zones, with their source."""

from cercollettiva.settlement.prices.files import prices_in
from cercollettiva.settlement.prices.reading import BadPrices, Price
from cercollettiva.settlement.prices.storing import Stored, store_prices

__all__ = ["BadPrices", "Price", "Stored", "prices_in", "store_prices"]

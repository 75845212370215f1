"""Carriers. Nothing set: parcels get a label of our own. CARRIER_DHL_URL: delivery methods whose carrier is called
"DHL" are booked at DHL Parcel DE (https://api-eu.dhl.com/parcel/de), or at its stand-in.

Needs the libraries of requirements/carriers.txt; only the worker imports them."""

from .env import env

CARRIER_DHL_URL = env.str("CARRIER_DHL_URL", default="").rstrip("/")
CARRIER_DHL_USERNAME = env.str("CARRIER_DHL_USERNAME", default="user")
CARRIER_DHL_PASSWORD = env.str("CARRIER_DHL_PASSWORD", default="pass")
CARRIER_DHL_CLIENT_ID = env.str("CARRIER_DHL_CLIENT_ID", default="kontor")
CARRIER_DHL_CLIENT_SECRET = env.str("CARRIER_DHL_CLIENT_SECRET", default="kontor-secret")
#: The number of the contract: domestic parcels, and those to other countries.
CARRIER_DHL_BILLING = env.str("CARRIER_DHL_BILLING", default="33333333330102")
CARRIER_DHL_BILLING_ABROAD = env.str("CARRIER_DHL_BILLING_ABROAD", default="33333333335301")
#: What pushed tracking states are signed with; empty: the door stays shut and states come by asking alone.
#: The carrier's name for our return recipient; empty: no labels for the way back, our own slip alone.
CARRIER_DHL_RETURN_RECEIVER = env.str("CARRIER_DHL_RETURN_RECEIVER", default="")
CARRIER_WEBHOOK_SECRET = env.str("CARRIER_WEBHOOK_SECRET", default="")
#: Countries to which no parcel travels without the recipient's e-mail address and phone number, each with the reason,
#: which is kept with the label: "CH=customs declaration,NO=customs declaration". Elsewhere the shopper must agree.
CARRIER_DHL_CONTACT_NEEDED = env.dict("CARRIER_DHL_CONTACT_NEEDED", default={})
CARRIER_TIMEOUT_S = env.float("CARRIER_TIMEOUT_S", default=20.0)

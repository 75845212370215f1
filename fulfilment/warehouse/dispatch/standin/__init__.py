"""A server that behaves like DHL Parcel DE's interface for what Kontor uses. See README.md."""

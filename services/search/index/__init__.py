"""The index behind one port: what is put in, what is asked, what is answered; adapters beside it."""

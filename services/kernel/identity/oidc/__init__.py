"""Signing in at another's door (OpenID Connect): code flow with PKCE, state and nonce. Who somebody is comes from the provider;
what they may do never does: an identity opens the account that an administrator has tied it to, and no other."""

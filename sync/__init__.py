"""The sync core: how records reach phones and how phones' work comes back, without a word about the web."""

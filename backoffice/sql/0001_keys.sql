-- Why: API keys and the names of accounts are truth outside the journal; a secret is
-- stored sealed only. A revoked key keeps its row, so that row ids are never used again.

CREATE TABLE keys (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    -- 1 HMAC-SHA256 (sealed: the secret); 2 Ed25519 and 3 RSA are kept free.
    kind INTEGER NOT NULL,
    -- Bit set: 1 read, 2 trade, 4 withdraw.
    permissions INTEGER NOT NULL,
    -- Addresses with a blank between; empty = from anywhere.
    addresses TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_ns INTEGER NOT NULL,
    revoked_ns INTEGER
);

CREATE TABLE accounts (
    account INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_ns INTEGER NOT NULL
);

-- A known text under the master key tells a wrong master key from a damaged row.
CREATE TABLE seal_check (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BLOB NOT NULL
);

-- Certificates of an account: what clients added, and how far a deletion is. All are known by their SHA-1 thumbprint.
create table certificate (
  account int not null references account,
  -- as sent, without blanks
  thumbprint text not null,
  -- in lower case
  thumbprint_key text not null,
  -- pfx or cer
  format text not null,
  -- the file as sent, and the password that opens it
  data bytea not null,
  password text,
  -- the certificate alone: DER in base64
  public_data text not null,
  -- active, deleting or deletefailed
  state text not null,
  state_since bigint not null,
  previous_state text,
  previous_since bigint,
  -- of the last deletion that failed: the ids of the pools and nodes that had it, as a list
  used_by jsonb,
  primary key (account, thumbprint_key)
);

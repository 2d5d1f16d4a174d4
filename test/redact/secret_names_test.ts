import assert from "node:assert/strict";
import { test } from "node:test";
import { isSecretName, isSecretValue } from "../../src/redact/secret_names.ts";

const SECRET = [
  ..."password PASSWORD db.password dbPassword DBPASSWORD --db-password user_password2".split(" "),
  ..."passwd passphrase passcode pass DB_PASS smtppass pw DB_PW MYSQL_PWD PGPASSWORD".split(" "),
  ..."secret client-secret clientSecret SECRET_KEY SECRET_KEY_BASE secret-string".split(" "),
  ..."token access_token X-Auth-Token _authToken refreshToken hf-token API_TOKENS".split(" "),
  ..."pin card_pin rootpw ftppw pass-phrase PASS_WORD seed-phrase erlang-cookie".split(" "),
  ..."api-key apikey apiKey API_KEYS X-Api-Key AWS_SECRET_ACCESS_KEY AccountKey".split(" "),
  ..."private-key PRIVATE_KEY_BASE64 signing-key LICENSE_KEY psk jwt bearer _auth so-pin".split(
    " ",
  ),
];

const HARMLESS = [
  ..."user name key keys public-key sort.key monkey keyboard pins spin cpu-pin gpio_pin".split(" "),
  ..."password-file passwordFile PASSWORD_FILE pass-through passes bypass compass passenger".split(
    " ",
  ),
  ..."token-ttl tokens max-tokens tokenize tokenizer token_type secret-name secrets".split(" "),
  ..."no-password ask-pass show-token use_secret list-secret-keys OLDPWD author auth".split(" "),
  ...["", "-", "--", "=", "p".repeat(200) + "password"],
];

test("isSecretName() goes by the last word", () => {
  for (const name of SECRET) assert.ok(isSecretName(name), name);
  for (const name of HARMLESS) assert.ok(!isSecretName(name), name);
});

test("isSecretValue() knows values that are none", () => {
  const none: [string, string][] = [
    ["password", ""],
    ["password", "true"],
    ["password", "None"],
    ["password", "env:DB_PASSWORD"],
    ["token", "-"],
    ["pwd", "/srv"],
    ["private-key", "~/.ssh/key"],
    ["pass", "2"],
    ["cookie", "jar.txt"],
    ["pin", "17"],
    ["pin", "PB0512"],
    ["user", "hunter2"],
  ];
  for (const [name, value] of none) assert.ok(!isSecretValue(name, value), `${name}=${value}`);
  const secret: [string, string][] = [
    ["password", "/srv"],
    ["password", "1"],
    ["pwd", "hunter2"],
    ["private-key", "MHcCAQEE"],
    ["pass", "22"],
    ["db_pass", "2"],
    ["cookie", "a=b"],
    ["cookie", "a1b2c3"],
    ["pin", "1234"],
    ["password", "env:".padEnd(300, "x")],
  ];
  for (const [name, value] of secret) assert.ok(isSecretValue(name, value), `${name}=${value}`);
});

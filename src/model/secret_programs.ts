/**
 * Where programs take secrets that no name tells of: `mysql -psecret`, `curl -u user:secret`.
 *
 * @module
 */

/** One way to hand a secret to a program. */
export interface SecretRule {
  /** Letters of options whose value it is. */
  readonly letters?: string;
  /** Where the value of these stands: in the same word, in the next one, or in either. */
  readonly value?: "same" | "next";
  /** Letters of options without a value that may stand before them in one word. */
  readonly bare?: string;
  /** Options in full; `=` may follow. */
  readonly options?: readonly string[];
  /** What a word begins with whose rest it is. */
  readonly prefixes?: readonly string[];
  /** The first and the last operand that is one, counted from 1. */
  readonly operands?: readonly [number, number];
  /** An operand that is the name of a secret, such as `password`, has it in the next word. */
  readonly named?: boolean;
  /**
   * It counts, and operands are counted, only behind one of these words, in lower case, or behind
   * two that follow each other, with a space between them.
   */
  readonly after?: readonly string[];
  /** The same for words that it matches. */
  readonly behind?: RegExp;
  /** Letters of options that must have come before. */
  readonly needs?: string;
  /** Group 1 is what is secret of the value; without it all is. */
  readonly part?: RegExp;
}

/** What is known of a program. */
export interface SecretProgram {
  readonly rules: readonly SecretRule[];
  /** Options that sound like secrets and are none. */
  readonly harmless?: readonly string[];
  /** Options that ask for the secret unless it stands behind a `=`. */
  readonly asks?: readonly string[];
  /** Letters of options whose value is in the next word: that is no operand. */
  readonly valued?: string;
  /** The first operand is another program. */
  readonly wraps?: boolean;
  /** It takes a script in a word: `sh -c`, `ssh host`. */
  readonly shell?: boolean;
  /** It takes commands of its own in a word: `kadmin -q "addprinc -pw x u"`. */
  readonly inner?: boolean;
  /** It is run so often that only a word of `after` is reason for a closer look. */
  readonly common?: boolean;
}

const AFTER_COLON = /^[^:]*:(.+)$/ds;
/** `Bearer` tokens of HTTPie have no colon. */
const AFTER_COLON_OR_ALL = /^(?:[^:]*:)?(.+)$/ds;
const AFTER_PERCENT = /^[^%]*%(.+)$/ds;
const AFTER_COMMA = /^[^,]*,(.+)$/ds;
const AFTER_EQUALS = /^[^=]*=(.+)$/ds;
const COOKIES = /^(.*=.*)$/ds;
/** `user/password@database` of Oracle's programs. */
const AFTER_SLASH = /^(?:userid=)?[^@\/=][^\/@=]*\/([^@]+)/d;
const PROXY_PASSWORD = /^(?:[^:@\/]*):([^@\/]*)@/d;

const REST = Infinity;
const LOGIN = ["login"];
const CURL_BARE = "#0123456afgGiIjJklLNnOpqRsSvZ";
const USER_PASSWORD: SecretRule = { letters: "p" };

/** Names of programs with spaces between them, and what is known of each of these. */
const TABLE: readonly (readonly [string, SecretProgram])[] = [
  [
    "mysql mysqldump mysqlimport mysqlcheck mysqlshow mysqlslap mysqlbinlog mysqlpump " +
    "mysql_upgrade mysqlsh mariadb mariadb-dump mariadb-import mariadb-check " +
    "mariadb-show mariadb-slap mariadb-binlog mariadb-upgrade mariabackup xtrabackup mytop",
    {
      // Alone -p and --password ask. Numbers are ports: `docker run --name mysql -p80:80`.
      rules: [{ letters: "p", value: "same", part: /^(?!\d+(?::\d+)+$)(.+)$/ds }],
      asks: ["--password"],
    },
  ],
  ["mysqladmin mariadb-admin", {
    rules: [{ letters: "p", value: "same" }, { named: true }],
    asks: ["--password"],
  }],
  [
    "psql pg_dump pg_dumpall pg_restore pg_basebackup createdb dropdb createuser vacuumdb pgbench",
    { rules: [], asks: ["--password"], common: true },
  ],
  ["mycli mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop", {
    rules: [USER_PASSWORD],
  }],
  [
    "cqlsh rabbitmqadmin couchbase-cli cypher-shell beeline rdesktop smbmap crackmapexec netexec " +
    "nxc evil-winrm ncftp ncftpget ncftpput",
    { rules: [USER_PASSWORD] },
  ],
  ["redis-cli valkey-cli redis-server valkey-server", {
    rules: [
      { letters: "a", value: "next" },
      { operands: [1, REST], after: ["auth"] },
      { named: true },
    ],
  }],
  ["sqlcmd bcp osql isql tsql ipmitool p4", { rules: [{ letters: "P" }] }],
  ["sqlplus expdp impdp exp imp sqlldr rman", {
    rules: [{ operands: [1, REST], part: AFTER_SLASH }],
  }],
  ["mosquitto_pub mosquitto_sub mosquitto_rr", { rules: [{ letters: "P", value: "next" }] }],
  ["sshpass", { rules: [{ letters: "p" }], wraps: true }],
  ["ssh sh bash dash zsh ash ksh mksh fish busybox su runuser", {
    rules: [],
    shell: true,
    common: true,
  }],
  ["curl", {
    rules: [
      {
        letters: "uU",
        bare: CURL_BARE,
        options: ["--user", "--proxy-user"],
        part: AFTER_COLON,
      },
      { letters: "E", bare: CURL_BARE, options: ["--cert", "--proxy-cert"], part: AFTER_COLON },
      { letters: "b", bare: CURL_BARE, options: ["--cookie"], part: COOKIES },
      { letters: "x", bare: CURL_BARE, options: ["--proxy", "--preproxy"], part: PROXY_PASSWORD },
    ],
  }],
  ["http https xh xhs", {
    rules: [{ letters: "a", options: ["--auth"], part: AFTER_COLON_OR_ALL }],
  }],
  ["ab", { rules: [{ letters: "AP", part: AFTER_COLON }] }],
  ["lftp", { rules: [{ letters: "u", options: ["--user"], part: AFTER_COMMA }] }],
  ["smbclient smbget smbcacls smbcquotas smbtree rpcclient net winexe wmic nmblookup", {
    rules: [{ letters: "U", options: ["--user"], part: AFTER_PERCENT }],
  }],
  ["xfreerdp xfreerdp3 wlfreerdp sdl-freerdp", {
    rules: [{ prefixes: ["/p:", "/pth:", "/gp:"] }],
  }],
  [
    "ldapsearch ldapadd ldapmodify ldapdelete ldapcompare ldapmodrdn ldapwhoami ldapexop",
    { rules: [{ letters: "w", bare: "AcCILMnNTuvWxZ" }] },
  ],
  ["ldappasswd", { rules: [{ letters: "was", bare: "AcCILMnNTuvWxZ" }] }],
  ["kadmin kadmin.local", { rules: [{ letters: "w" }, { options: ["-pw"] }] }],
  ["plink pscp psftp putty", { rules: [{ options: ["-pw"] }] }],
  ["openssl", {
    rules: [
      { letters: "kK", value: "next" },
      { options: ["-hmac"] },
      { options: ["-macopt"], part: AFTER_COLON },
      { operands: [1, REST], after: ["passwd"] },
    ],
  }],
  ["pkcs11-tool", { rules: [{ letters: "p", value: "next", options: ["--pin", "--new-pin"] }] }],
  ["openvpn", { rules: [], harmless: ["--auth-user-pass"], common: true }],
  ["ssh-keygen", { rules: [{ letters: "NP", bare: "qpy" }] }],
  ["snmpget snmpgetnext snmpset snmpwalk snmpbulkget snmpbulkwalk snmptable snmptrap snmpstatus", {
    rules: [{ letters: "AXc" }],
  }],
  ["htpasswd mosquitto_passwd", {
    rules: [{ operands: [3, 3], needs: "b" }, { operands: [2, 2], needs: "bn" }],
    valued: "C",
  }],
  ["mkpasswd", { rules: [{ operands: [1, 1] }], valued: "mSRP" }],
  ["wpa_passphrase", { rules: [{ operands: [2, 2] }] }],
  ["useradd usermod adduser", { rules: [{ letters: "p", bare: "mrMNoUlD" }] }],
  ["7z 7za 7zr 7zz", { rules: [{ letters: "p", value: "same" }] }],
  ["rar unrar", { rules: [{ prefixes: ["-p", "-hp"] }] }],
  ["zip zipcloak zipnote zipsplit", {
    rules: [{ letters: "P", bare: "0123456789cdDeFfgjlmoqrSTuvXy" }],
  }],
  ["unzip funzip", { rules: [{ letters: "P", bare: "acCfjlLnopqtuvX" }] }],
  ["rabbitmqctl", {
    rules: [{
      operands: [2, 2],
      after: ["add_user", "change_password", "authenticate_user"],
    }],
  }],
  ["nmcli pppd", { rules: [{ named: true }] }],
  ["mc mcli", { rules: [{ operands: [3, REST], after: ["set", "add"] }] }],
  ["vault bao", {
    rules: [
      { operands: [1, 1], after: LOGIN, part: /^([^=]+)$/d },
      { operands: [1, REST], after: ["put", "patch", "write"], part: AFTER_EQUALS },
    ],
  }],
  ["docker podman buildah nerdctl", {
    rules: [{ letters: "p", after: LOGIN }],
    harmless: ["--secret"],
    common: true,
  }],
  ["skopeo helm oras crane az oc ibmcloud", {
    rules: [
      { letters: "p", after: LOGIN },
      { options: ["--value"], after: ["secret"] },
    ],
    common: true,
  }],
  ["twine", { rules: [{ letters: "p" }] }],
  ["kubectl", {
    rules: [{ options: ["--from-literal"], after: ["secret"], part: AFTER_EQUALS }],
    common: true,
  }],
  ["gh", { rules: [{ letters: "b", options: ["--body"], after: ["secret"] }], common: true }],
  ["fly flyctl heroku doppler", {
    rules: [{
      operands: [1, REST],
      after: ["secrets", "config:set"],
      part: AFTER_EQUALS,
    }],
    common: true,
  }],
  ["aws", {
    rules: [
      { named: true, after: ["configure"] },
      { options: ["--value"], after: ["put-parameter"] },
    ],
    common: true,
  }],
  ["git npm pnpm yarn pip poetry composer", {
    rules: [{ named: true, after: ["config"] }],
    common: true,
  }],
];

const PROGRAMS: ReadonlyMap<string, SecretProgram> = new Map(
  TABLE.flatMap(([names, program]) => names.split(" ").map((name) => [name, program])),
);

/** What is known of the program that `word` names or is the path of; undefined for others. */
export function secretProgram(word: string): SecretProgram | undefined {
  return word.length < 2 ? undefined : PROGRAMS.get(word.slice(word.lastIndexOf("/") + 1));
}

/** Words that give reason to look closer. */
const WORDS: ReadonlySet<string> = new Set(
  [...PROGRAMS].flatMap(([name, { rules, common }]) => {
    return common ? rules.flatMap(({ after = [] }) => after) : [name];
  }),
);
const WORD_MAX = Math.max(...[...WORDS].map((word) => word.length));

/** What parts words: ASCII alone, so a table answers. */
const PARTS = new Uint8Array(128);
for (const sign of "\0\t\n\v\f\r /\"'();|&`") PARTS[sign.charCodeAt(0)] = 1;
const SLASH = "/".charCodeAt(0);

/**
 * Whether a text may name a program of the table; never wrongly false. Looked up word by word,
 * because to compile a pattern of so many words takes a short command two milliseconds.
 */
export function maybeProgram(text: string): boolean {
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const sign = at < text.length ? text.charCodeAt(at) : 0;
    if (sign >= 128 || PARTS[sign] === 0) continue;
    const length = at - start;
    const isWord = length > 1 && length <= WORD_MAX && sign !== SLASH;
    if (isWord && WORDS.has(text.slice(start, at))) return true;
    start = at + 1;
  }
  return false;
}

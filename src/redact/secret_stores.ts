/**
 * Where clients of databases, queues and directories take secrets.
 *
 * @module
 */
import {
  AFTER_COLON,
  AFTER_COLON_OR_ALL,
  AFTER_PERCENT,
  AFTER_SLASH,
  P_PASSWORD,
  REST,
  type SecretTable,
  T_TOKEN,
  W_PASSWORD,
} from "./secret_rule.ts";

/** Clients of databases, queues and directories. */
export const STORES: SecretTable = [
  [
    "mysql mysqldump mysqlimport mysqlcheck mysqlshow mysqlslap mysqlbinlog mysqlpump " +
    "mysql_upgrade mysqlsh mariadb mariadb-dump mariadb-import mariadb-check " +
    "mariadb-show mariadb-slap mariadb-binlog mariadb-upgrade mariabackup mariadb-backup " +
    "innobackupex xtrabackup mytop mysqlhotcopy obclient",
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
    rules: [P_PASSWORD],
  }],
  [
    "cqlsh rabbitmqadmin couchbase-cli cypher-shell beeline rdesktop smbmap crackmapexec netexec " +
    "nxc evil-winrm ncftp ncftpget ncftpput",
    { rules: [P_PASSWORD] },
  ],
  ["redis-benchmark valkey-benchmark keydb-benchmark iredis", { rules: [{ letters: "a" }] }],
  ["memtier_benchmark", {
    rules: [{ letters: "a", options: ["--authenticate"], part: AFTER_COLON_OR_ALL }],
  }],
  ["redis-cli valkey-cli keydb-cli redis-server valkey-server keydb-server", {
    rules: [
      { letters: "a", value: "next" },
      { operands: [1, REST], after: ["auth"] },
      { prefixes: [">"], after: ["setuser"] },
      { named: true },
    ],
  }],
  ["sqlcmd bcp osql tsql fisql sqsh freebcp defncopy bsqldb p4", { rules: [{ letters: "P" }] }],
  // Two programs have that name: Sybase's takes an option, unixODBC's the third operand.
  ["isql iusql", { rules: [{ letters: "P" }, { operands: [3, 3] }] }],
  ["sqlplus expdp impdp exp imp sqlldr rman disql dexp dimp", {
    rules: [{ operands: [1, REST], part: AFTER_SLASH }],
  }],
  ["mosquitto_pub mosquitto_sub mosquitto_rr", { rules: [{ letters: "P", value: "next" }] }],
  [
    "smbget smbcacls smbcquotas smbtree rpcclient winexe wmic nmblookup ldbsearch " +
    "ldbadd ldbmodify ldbdel ldbedit ldbrename",
    {
      rules: [{ letters: "U", options: ["--user"], part: AFTER_PERCENT }],
    },
  ],
  ["smbclient", {
    rules: [
      { letters: "U", options: ["--user"], part: AFTER_PERCENT },
      // The password stands at once behind the service; `-Tc file dir` comes later.
      { operands: [1, 1], behind: /^(?:\/\/|\\\\)[^\/\\]+[\/\\]/, close: true },
    ],
    valued: "ILp",
  }],
  ["net", {
    rules: [
      { letters: "U", options: ["--user"], part: AFTER_PERCENT },
      {
        operands: [2, 2],
        after: ["user add", "user password", "rpc password", "ads password"],
      },
    ],
    valued: "SIUwWpCFc",
  }],
  [
    "ldapsearch ldapadd ldapmodify ldapdelete ldapcompare ldapmodrdn ldapwhoami ldapexop",
    { rules: [{ letters: "w", bare: "AcCILMnNTuvWxZ" }] },
  ],
  ["ldappasswd", { rules: [{ letters: "was", bare: "AcCILMnNTuvWxZ" }] }],
  ["kadmin kadmin.local", { rules: [W_PASSWORD, { options: ["-pw"] }], inner: true }],
  ["addprinc add_principal ank cpw change_password", { rules: [{ options: ["-pw"] }] }],
  ["kdb5_util", { rules: [{ letters: "P" }] }],
  ["rabbitmqctl", {
    rules: [{
      operands: [2, 2],
      after: ["add_user", "change_password", "authenticate_user"],
    }, {
      operands: [1, 1],
      after: ["hash_password"],
    }],
  }],
  ["mydumper myloader maxctrl hdbsql exaplus cbq cbbackupmgr cbimport cbexport cbc", {
    rules: [P_PASSWORD],
  }],
  [
    "pt-query-digest pt-table-checksum pt-table-sync pt-online-schema-change pt-archiver " +
    "pt-heartbeat pt-kill pt-show-grants pt-slave-find pt-slave-restart pt-find pt-deadlock-logger",
    { rules: [P_PASSWORD, { operands: [1, REST], part: /(?:^|,)p=([^,]+)/d }] },
  ],
  ["isql-fb", { rules: [{ options: ["-p", "-pas"] }] }],
  ["gsec gbak gfix gstat nbackup fbsvcmgr", { rules: [{ options: ["-pas"] }] }],
  ["vsql", { rules: [W_PASSWORD] }],
  ["gsql", { rules: [{ letters: "W" }] }],
  ["db2", { rules: [{ operands: [1, 1], after: ["using"] }], inner: true }],
  ["influx", {
    rules: [
      {
        letters: "p",
        after: ["setup", "user create", "user password", "config create", "config set"],
        part: AFTER_COLON_OR_ALL,
      },
      { options: ["--username-password"], part: AFTER_COLON },
      T_TOKEN,
    ],
  }],
  ["elasticsearch-users", { rules: [P_PASSWORD] }],
  ["neo4j-admin", { rules: [{ operands: [1, 1], after: ["set-initial-password"] }] }],
  ["etcdctl", {
    rules: [
      { options: ["--user"], part: AFTER_COLON },
      { operands: [1, 1], after: ["user add"], part: AFTER_COLON },
    ],
  }],
  ["mosquitto_ctrl", {
    rules: [
      { letters: "P", value: "next" },
      { letters: "p", after: ["createclient"] },
      { operands: [2, 2], after: ["setclientpassword"] },
      { operands: [3, 3], after: ["dynsec init"] },
    ],
  }],
  ["mqtt", { rules: [{ options: ["-pw"] }] }],
  ["emqx emqx_ctl", { rules: [{ operands: [2, 2], after: ["admins add", "admins passwd"] }] }],
  ["dsconf dsidm ldapvi ipa-client-install ipa-join kdb5_ldap_util", { rules: [W_PASSWORD] }],
  ["ipa-server-install", { rules: [{ letters: "pa" }] }],
  ["ipa-replica-install", { rules: [{ letters: "pw" }] }],
  ["ipa-getkeytab", { rules: [{ letters: "wP" }] }],
  ["ipa-adtrust-install", { rules: [{ letters: "a" }] }],
  ["smbpasswd", { rules: [W_PASSWORD] }],
  ["wbinfo", {
    rules: [{
      letters: "aK",
      options: ["--authenticate", "--krb5auth", "--pam-logon", "--set-auth-user", "--ccache-save"],
      part: AFTER_PERCENT,
    }],
  }],
  ["samba-tool", {
    rules: [
      { letters: "U", options: ["--user"], part: AFTER_PERCENT },
      { operands: [2, 2], after: ["user create", "user add"] },
    ],
    valued: "HUks",
  }],
  ["turnserver", { rules: [{ letters: "u", options: ["--user"], part: AFTER_COLON }] }],
  ["nodetool", { rules: [{ options: ["-pw"] }] }],
  ["zkCli zookeeper-client", {
    rules: [{ operands: [1, 1], after: ["addauth digest"], part: AFTER_COLON }],
    inner: true,
  }],
  ["dsmadmc", { rules: [{ options: ["-pa", "-pas", "-passw", "-passwo", "-passwor"] }] }],
  ["turnadmin", { rules: [{ letters: "ps" }] }],
  ["turnutils_uclient", { rules: [W_PASSWORD] }],
  ["ejabberdctl prosodyctl", {
    rules: [{ operands: [3, 3], after: ["register", "change_password", "check_password"] }],
  }],
  ["radtest", {
    rules: [{ operands: [2, 2] }, { operands: [5, 5] }],
    valued: "dPt",
  }],
  ["radclient", { rules: [{ operands: [3, 3] }], valued: "cdDfFinprSt" }],
  ["testsaslauthd", { rules: [P_PASSWORD] }],
  [
    "imtest smtptest pop3test sivtest nntptest lmtptest httptest cyrus-imtest cyrus-smtptest " +
    "cyrus-pop3test cyrus-sivtest cyrus-nntptest cyrus-lmtptest cyrus-httptest",
    { rules: [W_PASSWORD] },
  ],
  ["doveadm", {
    rules: [
      { letters: "p", after: ["pw"] },
      { operands: [2, 2], after: ["auth test", "auth login"] },
    ],
  }],
];

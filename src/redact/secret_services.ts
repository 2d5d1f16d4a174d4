/**
 * Where clients of clouds, registries, repositories and the web take secrets.
 *
 * @module
 */
import {
  AFTER_COLON,
  AFTER_COLON_OR_ALL,
  AFTER_EQUALS,
  LOGIN,
  P_PASSWORD,
  REST,
  type SecretTable,
  T_TOKEN,
} from "./secret_rule.ts";

const AFTER_COMMA = /^[^,]*,(.+)$/ds;
const COOKIES = /^(.*=.*)$/ds;
const PROXY_PASSWORD = /^(?:[^:@\/]*):([^@\/]*)@/d;
const CURL_BARE = "#0123456afgGiIjJklLNnOpqRsSvZ";
/** Not the port of a host, and not a URL. */
const USER_PASSWORD = /^[^:\/\s]{1,128}:(?!\/\/|\d{1,5}$)(.+)$/ds;
const PUBLISH = ["publish"];

/** Clients of clouds, registries, repositories and the web. */
export const SERVICES: SecretTable = [
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
  ["hey oha check_http", {
    rules: [{ letters: "a", options: ["--authorization"], part: AFTER_COLON }],
  }],
  ["lynx", { rules: [{ options: ["-pauth"], part: AFTER_COLON }] }],
  ["yt-dlp youtube-dl gallery-dl", { rules: [{ letters: "p2" }] }],
  ["lftp", { rules: [{ letters: "u", options: ["--user"], part: AFTER_COMMA }], inner: true }],
  ["mc mcli", { rules: [{ operands: [3, REST], after: ["set", "add"] }] }],
  ["vault bao", {
    rules: [
      { operands: [1, 1], after: LOGIN, part: /^([^=]+)$/d },
      { operands: [1, REST], after: ["put", "patch", "write"], part: AFTER_EQUALS },
      {
        operands: [1, 1],
        after: ["operator unseal", "unwrap", "token revoke", "token lookup", "token renew"],
      },
    ],
  }],
  ["docker podman buildah nerdctl", {
    rules: [{ letters: "p", after: LOGIN }],
    harmless: ["--secret"],
    common: true,
  }],
  ["skopeo helm crane regctl oc ibmcloud apptainer singularity notation", {
    rules: [{ letters: "p", after: LOGIN }],
    common: true,
  }],
  ["oras", {
    rules: [{ letters: "p", after: ["login", "pull", "push", "cp", "attach", "discover"] }],
  }],
  ["ctr", {
    rules: [{ letters: "u", options: ["--user"], after: ["pull", "push"], part: AFTER_COLON }],
  }],
  ["crictl", { rules: [{ options: ["--auth"], after: ["pull"] }] }],
  // `python -m azure.cli` is az.
  ["az azure.cli", {
    rules: [
      { letters: "p", after: ["login", "server create", "flexible-server create", "mi create"] },
      { letters: "p", after: ["server update", "flexible-server update", "mi update"] },
      { options: ["--value"], after: ["secret"] },
    ],
    common: true,
  }],
  ["cf cf7 cf8", {
    rules: [
      { letters: "p", after: LOGIN },
      { operands: [2, 2], after: ["auth", "create-user"] },
    ],
    common: true,
  }],
  ["twine kopia megatools megals megaget megaput megadf megadl megacopy megareg megarm", {
    rules: [P_PASSWORD],
  }],
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
  ["aws awscli", {
    rules: [
      { named: true, after: ["configure"] },
      { options: ["--value"], after: ["put-parameter"] },
    ],
    common: true,
  }],
  ["git pip", { rules: [{ named: true, after: ["config"] }], common: true }],
  ["npm pnpm yarn", {
    rules: [{ named: true, after: ["config"] }, { options: ["--otp"], after: PUBLISH }],
    common: true,
  }],
  ["poetry", {
    rules: [
      { named: true, after: ["config"] },
      { operands: [1, 1], behind: /^pypi-token\./ },
      { operands: [2, 2], behind: /^http-basic\./ },
      { letters: "p", after: PUBLISH },
    ],
  }],
  ["composer", {
    rules: [
      { named: true, after: ["config"] },
      { operands: [2, 2], behind: /^http-basic\./ },
      { operands: [1, 1], behind: /^(?:github-oauth|gitlab-oauth|gitlab-token|bearer)\./ },
    ],
  }],
  ["hatch", { rules: [{ letters: "a", after: PUBLISH }], common: true }],
  ["cargo", { rules: [{ operands: [1, 1], after: LOGIN }], common: true }],
  ["bundle bundler", { rules: [{ operands: [1, 3], after: ["config"], part: USER_PASSWORD }] }],
  ["dotnet", { rules: [{ letters: "k", after: ["nuget push"] }], common: true }],
  ["nuget", {
    rules: [{ operands: [2, 2], after: ["push"] }, { operands: [1, 1], after: ["setapikey"] }],
  }],
  ["mvn", { rules: [{ options: ["-ep", "-emp"] }, { prefixes: ["-Dsonar.login="] }] }],
  ["sonar-scanner", { rules: [{ prefixes: ["-Dsonar.login="] }] }],
  ["anaconda vercel codecov drone doctl", { rules: [T_TOKEN] }],
  ["netlify", { rules: [{ options: ["--auth"] }] }],
  ["snyk", { rules: [{ operands: [1, 1], after: ["auth"] }] }],
  ["glab rancher", { rules: [{ letters: "t", after: LOGIN }] }],
  ["gitlab-runner", {
    rules: [{ letters: "rt", after: ["register", "unregister", "verify"] }],
  }],
  ["kubeadm", {
    rules: [
      { options: ["--certificate-key"] },
      { operands: [1, 1], after: ["token create", "token delete"] },
    ],
  }],
  ["ngrok", {
    rules: [{ operands: [1, 1], after: ["authtoken", "add-authtoken", "add-api-key"] }],
  }],
  ["cloudflared", { rules: [{ operands: [1, 1], after: ["service install"] }] }],
  ["netbird", { rules: [{ letters: "k", options: ["--setup-key"] }] }],
  ["zerotier-cli", { rules: [{ letters: "T" }] }],
  ["consul serf nomad", {
    rules: [
      { options: ["-encrypt", "--encrypt"] },
      { options: ["-install", "-use", "-remove"], after: ["keyring", "keys"] },
      { operands: [1, REST], after: ["var put"], part: AFTER_EQUALS },
    ],
  }],
  ["chamber", { rules: [{ operands: [3, 3], after: ["write"] }] }],
  ["pulumi", {
    rules: [{ operands: [2, 2], after: ["config set"] }],
    harmless: ["--secret"],
  }],
  ["bw", {
    rules: [
      { options: ["--session", "--code"] },
      { operands: [1, 1], after: ["unlock"] },
      { operands: [2, 2], after: LOGIN },
    ],
  }],
  ["rclone", {
    rules: [
      // The word behind `config password` is the name of a remote.
      { named: true, after: ["config create", "config update", "config password"] },
      { operands: [1, 1], after: ["obscure"] },
    ],
  }],
  ["swift", { rules: [{ letters: "K", options: ["--key"] }] }],
  ["ossutil ossutil64", { rules: [{ letters: "k" }] }],
  ["coscmd", { rules: [{ letters: "s", after: ["config"] }] }],
  ["qshell", { rules: [{ operands: [2, 2], after: ["account"] }] }],
  ["b2", {
    rules: [{
      operands: [2, 2],
      after: ["authorize-account", "authorize_account", "account authorize"],
    }],
  }],
  ["ansible-vault", { rules: [{ operands: [1, 1], after: ["encrypt_string"] }], valued: "n" }],
  ["knife", { rules: [{ letters: "P" }] }],
  ["caddy", {
    rules: [{ letters: "p", options: ["--plaintext", "-plaintext"], after: ["hash-password"] }],
  }],
  ["grafana-cli grafana", {
    rules: [{ operands: [1, 1], after: ["reset-admin-password"] }],
    common: true,
  }],
  ["transmission-remote", { rules: [{ letters: "n", options: ["--auth"], part: AFTER_COLON }] }],
  ["govc", { rules: [{ options: ["-u"], part: PROXY_PASSWORD }] }],
  ["airflow", {
    rules: [{ letters: "p", after: ["users create", "users reset-password"] }],
    common: true,
  }],
  ["filebeat metricbeat packetbeat heartbeat auditbeat functionbeat elastic-agent", {
    rules: [{ letters: "E", part: /^cloud\.auth=[^:]*:(.+)$/ds }],
  }],
  ["lego", { rules: [{ options: ["--hmac"] }] }],
];

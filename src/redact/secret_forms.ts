/**
 * Secrets that show by what they look like, wherever they stand.
 *
 * No expression here may look at a character more than a few times: whoever runs a program chooses
 * what it reads. So what repeats without a limit is either the last part, or begins only where the
 * repetition before it ended.
 *
 * @module
 */
import { CODE_WORDS, findInCode } from "./secret_code.ts";
import type { Found } from "./secret_found.ts";
import { findPairs, findTagged } from "./secret_markup.ts";
import { findGoDsns, findUrls } from "./secret_urls.ts";

/** Formats of well-known services. */
const TOKENS: readonly string[] = [
  "gh[oprsu]_[A-Za-z0-9]{20,}", // GitHub
  "github_pat_\\w{20,}",
  "gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|oas|imt|ffct)-[\\w.-]{20,}", // GitLab
  "xox[a-z]-[\\w-]{10,}", // Slack
  "xapp-[\\w-]{10,}",
  "dckr_(?:pat|oat)_[\\w-]{20,}", // Docker
  "(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])", // AWS
  "(?<![A-Za-z0-9])AIza[\\w-]{30,}", // Google
  "(?<![A-Za-z0-9])ya29\\.[\\w-]{20,}",
  "(?<![A-Za-z0-9])GOCSPX-[\\w-]{20,}",
  "(?<![A-Za-z0-9])sk-(?:(?:proj|ant|svcacct|admin|or|lf)-[\\w-]{20,}|[A-Za-z0-9]{32,})", // OpenAI
  "(?<![A-Za-z0-9])[prs]k_(?:live|test)_[A-Za-z0-9]{10,}", // Stripe
  "(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=]{20,}",
  "(?<![A-Za-z0-9])SG\\.[\\w-]{16,64}\\.[\\w-]{16,}", // SendGrid
  "(?<![A-Za-z0-9])npm_[A-Za-z0-9]{30,}",
  "(?<![A-Za-z0-9])pypi-[\\w-]{50,}",
  "(?<![A-Za-z0-9])rubygems_[a-f0-9]{40,}",
  "(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}", // Hugging Face
  "(?<![A-Za-z0-9])hv[sbr]\\.[\\w-]{20,}", // Vault
  "(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{40,}", // DigitalOcean
  "(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-fA-F0-9]{30,}", // Shopify
  "(?<![A-Za-z0-9])tskey-[\\w-]{15,}", // Tailscale
  "(?<![A-Za-z0-9])lin_api_[A-Za-z0-9]{30,}",
  "(?<![A-Za-z0-9])NRAK-[A-Z0-9]{20,}",
  "(?<![A-Za-z0-9])PMAK-[\\w-]{40,}",
  "(?<![A-Za-z0-9])glsa_\\w{30,}", // Grafana
  "(?<![A-Za-z0-9])AGE-SECRET-KEY-1[A-Z0-9]{30,}",
  "(?<![\\w-])eyJ[\\w-]{8,}(?:\\.[\\w-]*){2,4}", // JSON Web Token
];
const TOKEN = new RegExp(TOKENS.join("|"), "g");

/** Addresses that are a secret as a whole; group 1 is what makes them one. */
const WEBHOOKS: readonly RegExp[] = [
  /hooks\.slack\.com\/(?:services|workflows|triggers)\/([\w\/+-]+)/dg,
  /discord(?:app)?\.com\/api\/webhooks\/\d{1,24}\/([\w-]+)/dg,
  /api\.telegram\.org\/(?:file\/)?bot(\d{1,16}:[\w-]+)/dg,
];

/** `cvs -d :pserver:user:password@host:/path`. */
const PSERVER = /:[gkp]server:[^:@\s]{0,64}:([^@\s]{1,256})@/dg;
/** `jdbc:oracle:thin:user/password@host:1521/service`. */
const JDBC_ORACLE = /jdbc:oracle:\w{1,16}:[^\/@:\s"']{1,128}\/([^@\s]{1,256})@/dg;

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const PEM_END = "-----END";
/** What follows if it is a key, and not what somebody searches for. */
const PEM_CONTENT =
  /^(?:[\s"']|\\[nr]){0,8}(?:[A-Za-z0-9+=][A-Za-z0-9+\/=]{15}|[A-Z][\w-]{1,20}: )/;
const PEM_LOOK = 64;

const MAYBE_FORM = new RegExp(
  "gh[oprsu]_|github_pat_|gl[a-z]{2,5}-|xox[a-z]-|xapp-|dckr_|A[KS]IA|AIza|ya29|GOCSPX" +
    "|(?<![a-z])sk-|[prs]k_|whsec_|SG\\.|npm_|pypi-|rubygems_|hf_|hv[sbr]\\.|do[opr]_" +
    "|shp[acps]|tskey-|lin_api|NRAK|PMAK|glsa_|SECRET|eyJ|hooks\\.slack|webhooks|api\\.tele" +
    `|${CODE_WORDS}|server:|jdbc:oracle|PRIVATE` +
    "|@(?:tcp|unix|udp|pipe|memory|cloudsql|ssh|mysql|\\/)",
);

/** Whether a text may have something for {@linkcode findForms}; never wrongly false. */
export function maybeForm(text: string): boolean {
  const url = text.indexOf("://");
  return (url >= 0 && text.indexOf("@", url) >= 0) || MAYBE_FORM.test(text);
}

/** Finds tokens, keys, passwords in URLs, markup and code; in `line` spaces part the words. */
export function findForms(found: Found, line: string): void {
  for (const { index, 0: token } of line.matchAll(TOKEN)) found.hide(index, index + token.length);
  for (const pattern of [...WEBHOOKS, PSERVER, JDBC_ORACLE]) {
    for (const { indices } of line.matchAll(pattern)) found.hide(...indices![1]!);
  }
  findInCode(found, line);
  findPrivateKeys(found, line);
  findUrls(found, line);
  findGoDsns(found, line);
  findPairs(found, line);
  findTagged(found, line);
}

function findPrivateKeys(found: Found, line: string): void {
  let close = 0;
  for (const { index, 0: begin } of line.matchAll(PEM_BEGIN)) {
    const start = index + begin.length;
    if (!PEM_CONTENT.test(line.slice(start, start + PEM_LOOK))) continue;
    if (close >= 0 && close < start) close = line.indexOf(PEM_END, start);
    if (close >= 0) {
      found.hide(start, close);
      continue;
    }
    // Cut off: its word, or where each of its lines is a word, all that follow.
    const wordEnd = found.text.indexOf("\0", start);
    found.hide(start, wordEnd > start ? wordEnd : line.length);
    if (wordEnd <= start) return;
  }
}

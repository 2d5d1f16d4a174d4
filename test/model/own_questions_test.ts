import assert from "node:assert/strict";
import { test } from "node:test";
import { searchedText } from "../../src/model/own_questions.ts";

const searched = (line: string, comm: string | null) => {
  return searchedText(line.replaceAll(" ", "\0"), comm);
};

test("searchedText() leaves out what a question of fh looks for", () => {
  for (
    const [line, comm, expected] of [
      ["fh log -m curl --since today", "fh", "fh log"],
      ["/usr/bin/fh --json log -m curl", "fh", "/usr/bin/fh --json log"],
      ["sudo -u root fh log -m curl", "sudo", "sudo -u root fh log"],
      ["doas fh log -m curl", "doas", "doas fh log"],
      ["sudo A=b -- fh log -m curl", "sudo", "sudo A=b -- fh log"],
      ["sudo --user root fh log -m curl", "sudo", "sudo --user root fh log"],
      ["sudo -nu root fh log -m curl", "sudo", "sudo -nu root fh log"],
      ["sudo -uroot fh log -m curl", "sudo", "sudo -uroot fh log"],
      ["sudo timeout 5 fh log -m curl", "sudo", "sudo timeout 5 fh log"],
      ["fh --db x log -m curl", "fh", "fh --db x log"],
      ["fh watch -m curl -- make curl", "fh", "fh watch -- make curl"],
    ] as const
  ) assert.equal(searched(line, comm), expected);
});

test("searchedText() leaves every other command line as it is", () => {
  for (
    const [line, comm] of [
      ["fh run make curl", "fh"],
      ["fh run --name curl -- make", "fh"],
      ["fh --version", "fh"],
      ["fh", "fh"],
      ["curl fh log", "curl"],
      ["curl fh log", null],
      ["sudo curl http://fh/ log", "sudo"],
      ["sudo rm -r /etc/fh /var/lib/a /srv/critical", "sudo"],
      ["sudo -u fh psql mydatabase", "sudo"],
      ["fh --db x run make curl", "fh"],
      ["fhx log -m curl", "fh"],
    ] as const
  ) assert.equal(searched(line, comm), line);
});

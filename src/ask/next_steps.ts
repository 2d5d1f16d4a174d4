/**
 * What to run next on a host, by what there is.
 *
 * @module
 */

/** What is known of a host that decides it. */
export interface NextFacts {
  readonly isRoot: boolean;
  /** There is a history that may be read. */
  readonly hasHistory: boolean;
  /** Root keeps one that this user may not read. */
  readonly isOfRoot: boolean;
  /** A recorder is at work on it. */
  readonly isRecording: boolean;
  /** systemd is the manager of services. */
  readonly hasSystemd: boolean;
  /** A unit of fh is there, which somebody may have changed. */
  readonly hasUnit: boolean;
  /** Findings that go on, or were in the last hour. */
  readonly findings: number;
  /** What was started last, of what may be asked for by name; null where nothing is known. */
  readonly newest: string | null;
}

/** A command, and what it does. */
export interface NextStep {
  readonly command: string;
  readonly does: string;
}

/** Where a unit of fh is written to. */
export const FH_UNIT = "/etc/systemd/system/fh.service";
/** As a service, for good. */
const SERVICE = "systemctl enable --now fh";

/** What makes sense here, the most useful first. */
export function nextSteps(facts: NextFacts): NextStep[] {
  const { isRoot, hasHistory, isOfRoot, isRecording, findings, newest } = facts;
  const steps: NextStep[] = [];
  if (findings > 0) steps.push({ command: "fh trouble", does: "what is wrong, the worst first" });
  if (isOfRoot) steps.push({ command: "sudo fh", does: "ask the history that root keeps" });
  else if (!isRecording) steps.push(recordStep(facts));
  if (hasHistory) {
    steps.push({ command: "fh log --failed --since today", does: "what failed today, and how" });
  }
  const command = newest === null ? null : `fh why ${newest}`;
  if (command !== null) steps.push({ command, does: "who started that, up to where it came from" });
  if (findings === 0 && hasHistory) {
    steps.push({ command: "fh trouble", does: "whether anything is wrong" });
  }
  steps.push({ command: "fh watch", does: "what is started, as it happens" });
  steps.push({ command: "fh top", does: "who costs, who forks and who fails" });
  if (!isRoot) steps.push({ command: "sudo fh doctor", does: "what root would see" });
  return steps;
}

function recordStep({ isRoot, hasSystemd, hasUnit, hasHistory }: NextFacts): NextStep {
  const does = hasHistory ? "go on with the history" : "keep a history, for log, tree and why";
  const sudo = isRoot ? "" : "sudo ";
  if (!hasSystemd) return { command: "fh record", does };
  if (hasUnit) return { command: `${sudo}systemctl start fh`, does };
  const unit = FH_UNIT;
  const write = `fh record --print-unit | ${sudo}tee ${unit}`;
  return { command: `${write} && ${sudo}${SERVICE}`, does: `${does}, as a service` };
}

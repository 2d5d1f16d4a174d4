/**
 * Makes room in a history out of what one user has beyond their share: their oldest go first,
 * former images and long command lines of what lives among them. A gap says so.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import { type Ledger, PART_LIVES, partOf } from "./ledger.ts";
import { Ranking } from "./ranking.ts";
import { type Freed, LIFE_FACTS, type LifeFacts, NOTHING, type Remover } from "./remover.ts";

/** Lives that are looked at in one step. */
const STEP = 512;
/** Of so many users it is reckoned at each step who is beyond their share, of more less often. */
const RANKED_USERS = 512;

/** What goes, when all that came before is gone. */
const STAGE = {
  /** Lives without children, and former images of all. */
  free: 0,
  /** Lives with children, which lose their parent. */
  ancestors: 1,
  /** Command lines of what lives. */
  living: 2,
} as const;

/** How far one user's things were looked through. */
interface Place {
  stage: number;
  part: number;
  /** In that part, the life that was looked at last. */
  id: number;
  /** Whether something was found to go since this stage began. */
  found: boolean;
}

function begin(stage: number): Place {
  return { stage, part: -1, id: -1, found: false };
}

/** What was forgotten of one boot. */
interface Loss {
  readonly boot: number;
  readonly since: number;
  readonly until: number;
  readonly count: number;
}

/** Deletes what is beyond a share. */
export class UserShare {
  readonly #ledger: Ledger;
  readonly #remover: Remover;
  readonly #statements: Statements;
  /** Of whom nothing more can go: what there is lives. */
  readonly #spared = new Set<number>();
  #ranking: Ranking | null = null;
  /** How often it was asked. */
  #steps = 0;
  readonly #places = new Map<number, Place>();

  constructor(db: DatabaseSync, ledger: Ledger, remover: Remover) {
    this.#ledger = ledger;
    this.#remover = remover;
    this.#statements = prepare(db);
  }

  /**
   * Does a step for the user who is beyond their share, until `wanted` bytes are free; false when
   * nobody is, or nothing of theirs can go.
   */
  step(wanted: number): boolean {
    while (true) {
      const owner = this.#ranked();
      if (owner === null) return false;
      if (this.stepOf(owner, wanted)) return true;
      this.#ranking!.pass();
      this.#spared.add(owner);
    }
  }

  /** Who holds most of those beyond their share; null when nobody is. */
  #ranked(): number | null {
    const { totals } = this.#ledger;
    if (this.#ranking === null || ++this.#steps > totals.size / RANKED_USERS) {
      this.#ranking = new Ranking(totals, this.#spared);
      this.#steps = 0;
    }
    return this.#ranking.first;
  }

  /** What could not go may have ended meanwhile. */
  again(): void {
    for (const owner of this.#spared) this.#ranking?.add(owner);
    this.#spared.clear();
    for (const place of this.#places.values()) {
      if (place.stage === STAGE.living) Object.assign(place, begin(STAGE.free));
    }
  }

  /** Does a step for a user; false when nothing of theirs can go. */
  stepOf(owner: number, wanted: number): boolean {
    const place = this.#places.get(owner) ?? begin(STAGE.free);
    this.#places.set(owner, place);
    if (!this.#advance(owner, place)) {
      this.#places.delete(owner);
      return false;
    }
    this.#ledger.write(() => this.#forget(owner, place, wanted));
    return true;
  }

  /** Goes to a part in which the user has something; false when there is none in any stage. */
  #advance(owner: number, place: Place): boolean {
    const end = (place.part + 1) * PART_LIVES - 1;
    if (place.part >= 0 && place.id < end && this.#ledger.held(place.part, owner) > 0) return true;
    for (let part: number | null = null;;) {
      part = this.#ledger.nextPart(owner, Math.max(place.part, -1));
      if (part !== null) {
        place.part = part;
        place.id = part * PART_LIVES - 1;
        return true;
      }
      // What came meanwhile, or has ended, goes before what is of more use.
      if (place.found) Object.assign(place, begin(STAGE.free));
      else if (place.stage === STAGE.living) return false;
      else Object.assign(place, begin(place.stage + 1));
    }
  }

  #forget(owner: number, place: Place, wanted: number): void {
    const { part } = place;
    const last = Math.min(place.id + STEP, (part + 1) * PART_LIVES - 1);
    const losses = new Map<number, Loss>();
    let [bytes, isThere, again] = [0, false, false];
    for (const life of this.#lives(place.id, last)) {
      if (bytes >= wanted) break;
      place.id = life.id;
      const freed = this.#forgetLife(life, owner, place.stage, wanted - bytes);
      bytes += freed.bytes;
      place.found ||= freed.count > 0;
      isThere ||= freed.count === 0;
      if (freed.count > 0) addLoss(losses, life, freed.count);
      if (!freed.more) continue;
      // There is more of what it ran: it is looked at again.
      place.id--;
      again = true;
      break;
    }
    this.#remover.removeLeft();
    if (bytes < wanted && !again) {
      place.id = last;
      if (!isThere) this.#settle(owner, part);
    }
    for (const loss of losses.values()) this.#note(loss);
  }

  #forgetLife(life: LifeFacts, owner: number, stage: number, wanted: number): Freed {
    const part = partOf(life.id);
    const isHis = this.#ledger.ownerIn(part, life.uid) === owner;
    if (stage === STAGE.living) {
      const bytes = isHis ? this.#remover.forgetArgv(life) : 0;
      return { bytes, count: bytes > 0 ? 1 : 0, more: false };
    }
    const removed = isHis ? this.#remover.removeLife(life, stage === STAGE.ancestors) : NOTHING;
    if (removed.count > 0) return removed;
    if (life.dressed === 0) return NOTHING;
    return this.#remover.forgetFormers(life.id, { owner, before: Infinity, wanted });
  }

  /** Of whom no life is left in a part, nothing is there. */
  #settle(owner: number, part: number): void {
    const first = part * PART_LIVES - 1;
    const isThere = this.#lives(first, first + PART_LIVES).some(({ uid, dressed }) => {
      return dressed === 1 || this.#ledger.ownerIn(part, uid) === owner;
    });
    if (!isThere) this.#ledger.clear(part, owner);
  }

  /** Lives with a greater number than the first, up to the last. */
  #lives(after: number, last: number): LifeFacts[] {
    return this.#statements.lives.all(after, last) as unknown as LifeFacts[];
  }

  /** One gap for each boot: lives of users beyond their share are missing since then. */
  #note({ boot, since, until, count }: Loss): void {
    const { growGap, addGap } = this.#statements;
    const reason = GAP_WORDS[GAP_REASON.share]!;
    const [from, to] = [Math.round(since), Math.round(until)];
    if (Number(growGap.run(from, to, count, boot, reason).changes) > 0) return;
    addGap.run(boot, from, to, count, reason);
  }
}

function addLoss(losses: Map<number, Loss>, life: LifeFacts, count: number): void {
  const { boot, born, ended } = life;
  const known = losses.get(boot) ?? { since: born, until: born, count: 0 };
  losses.set(boot, {
    boot,
    since: Math.min(known.since, born),
    until: Math.max(known.until, ended ?? born),
    count: known.count + count,
  });
}

interface Statements {
  readonly lives: StatementSync;
  readonly growGap: StatementSync;
  readonly addGap: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  return {
    lives: db.prepare(`${LIFE_FACTS} WHERE l.id > ? AND l.id <= ? ORDER BY l.id`),
    growGap: db.prepare(
      `UPDATE gap SET since = min(since, ?), until = max(until, ?), lost = lost + ?
        WHERE boot = ? AND reason = ?`,
    ),
    addGap: db.prepare(
      "INSERT INTO gap (boot, since, until, lost, reason) VALUES (?, ?, ?, ?, ?)",
    ),
  };
}

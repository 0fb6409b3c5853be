import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openStore } from '../../src/daemon/store/store.ts';
import { missing } from '../support/capture-tools.ts';
import { root } from '../support/repository.ts';
import { temporary } from '../support/temporary.ts';

/** `FLINKPROBE_KILLS=200` for the whole of it. */
const KILLS = Number(process.env.FLINKPROBE_KILLS ?? 12);
const CHILD = fileURLToPath(new URL('store-child.js', import.meta.url));
/** Milliseconds behind its start, or behind the opening of the store, within which a child is killed. */
const WITHIN = { start: 400, open: 120 };

t.setTimeout(60_000 + 3000 * KILLS);

interface Killed {
  readonly opened: boolean;
  /** Id and SHA-256 of the report of every run that was kept. */
  readonly kept: readonly (readonly [string, string])[];
  readonly errors: string;
}

async function killed(file: string, when: keyof typeof WITHIN): Promise<Killed> {
  const child = spawn(process.execPath, [CHILD, file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let errors = '';
  const kill = (): void => {
    setTimeout(() => child.kill('SIGKILL'), Math.random() * WITHIN[when]);
  };
  if (when === 'start') kill();
  child.stdout.on('data', (bytes: Buffer) => {
    if (printed === '' && when === 'open') kill();
    printed += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString();
  });
  await new Promise((resolve) => child.once('close', resolve));
  // What stands behind the last line end was not said whole.
  const [ready, ...lines] = printed.split('\n').slice(0, -1);
  const kept = lines.map((line) => line.split(' ') as [string, string]);
  return { opened: ready === 'ready', kept, errors };
}

interface Checked {
  readonly faults: readonly string[];
  /** The run that was kept when the kill came, before anybody heard of it. */
  readonly more: readonly string[];
}

/** Stock SQLite, in one process for all checks. */
class Checker {
  readonly #python: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    this.#python = spawn('python3', [path.join(root, 'test/daemon/store-check.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#answers = createInterface({ input: this.#python.stdout! })[Symbol.asyncIterator]();
  }

  async check(file: string, ids: readonly string[], known: readonly string[]): Promise<Checked> {
    this.#python.stdin!.write(`${JSON.stringify({ file, ids, known })}\n`);
    const { value, done } = await this.#answers.next();
    return done === true ? { faults: ['the checker ended'], more: [] } : (JSON.parse(value) as Checked);
  }

  close(): void {
    this.#python.stdin!.end();
  }
}

t.test(`a store is whole after each of ${KILLS} kills`, { skip: missing('python3') }, async (t) => {
  const folder = temporary();
  const file = path.join(folder, 'state', 'history.db');
  const promised = new Map<string, string>();
  const checker = new Checker();
  t.teardown(() => checker.close());
  const unheard: string[] = [];
  let opened = 0;
  for (let round = 0; round < KILLS; round += 1) {
    const end = await killed(file, round % 4 === 0 ? 'start' : 'open');
    if (end.errors !== '') t.fail(end.errors);
    if (end.opened) opened += 1;
    for (const [id, hash] of end.kept) promised.set(id, hash);
    if (!existsSync(file)) continue;
    // A copy: what the kill left has to be mended by the next daemon, not by the checker.
    const copy = path.join(folder, `copy-${round}`);
    mkdirSync(copy);
    for (const suffix of ['', '-wal', '-journal']) {
      if (existsSync(file + suffix)) copyFileSync(file + suffix, path.join(copy, `history.db${suffix}`));
    }
    const { faults, more } = await checker.check(path.join(copy, 'history.db'), [...promised.keys()], unheard);
    unheard.push(...more);
    if (faults.length > 0) t.fail(`after kill ${round + 1}: ${faults.slice(0, 5).join('; ')}`);
    rmSync(copy, { recursive: true });
  }
  t.ok(opened >= KILLS / 2, 'most were killed while they wrote');
  t.ok(promised.size > KILLS, `${promised.size} runs were promised`);
  const store = openStore({ path: file });
  for (const [id, hash] of promised) {
    const text = JSON.stringify(store.report(id));
    if (createHash('sha256').update(text).digest('hex') !== hash) t.fail(`the report of ${id} is another`);
  }
  t.comment(`${KILLS} kills, ${opened} while it wrote, ${promised.size} runs promised, none lost, none half`);
  store.close();
});

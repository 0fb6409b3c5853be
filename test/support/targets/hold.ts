import { ALL_TARGETS, available, Targets } from './start.ts';
import type { TargetId } from './target.ts';

/** Starts targets by hand, says where they listen, and ends with its standard input: `node hold.js [ID...]`. */
const ids = process.argv.slice(2) as TargetId[];
const targets = await Targets.start(...(ids.length > 0 ? ids : available(ALL_TARGETS)));
for (const id of ids.length > 0 ? ids : available(ALL_TARGETS)) {
  const { address, port } = targets.get(id);
  process.stdout.write(`${id} ${address}:${port}\n`);
}
process.stdout.write(`material ${targets.material.folder}\n`);
process.stdin.resume();
process.stdin.once('end', () => void targets.stop());

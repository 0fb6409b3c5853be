import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { temporary } from '../../support/temporary.ts';
import { receiver } from './receiver.ts';
import { told } from './rig.ts';

const KILLS = 15;
const child = fileURLToPath(new URL('kill-child.js', import.meta.url));

/** Runs the child, kills it after so many milliseconds of work, and tells which runs it had kept. */
async function killed(file: string, url: string, after: number): Promise<readonly number[]> {
  const running = spawn(process.execPath, [child, file, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  running.stdout.once('data', () => setTimeout(() => running.kill('SIGKILL'), after));
  running.stdout.on('data', (part: Buffer) => {
    said += part.toString();
  });
  await new Promise((resolve) => running.on('close', resolve));
  return said.split('\n').slice(1, -1).map(Number);
}

t.test('killed at any moment: every finding that was kept is told, opened before resolved', async (t) => {
  const file = path.join(temporary(), 'history.db');
  const hook = await receiver();
  t.teardown(() => hook.close());
  const kept: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) kept.push(...(await killed(file, hook.url, 5 + kill * 7)));
  const last = spawn(process.execPath, [child, file, hook.url, 'finish'], { stdio: 'inherit' });
  t.equal(await new Promise((resolve) => last.on('close', resolve)), 0);

  const heard = told(hook);
  t.ok(kept.length > KILLS, `${kept.length} runs were kept`);
  const missing = kept.filter((number) => !heard.includes(`opened only ${number}`));
  t.strictSame(missing, [], 'opened');
  t.strictSame(
    kept.filter((number) => !heard.includes(`resolved only ${number}`)),
    [],
    'resolved',
  );
  t.strictSame(
    kept.filter((number) => heard.indexOf(`opened only ${number}`) > heard.indexOf(`resolved only ${number}`)),
    [],
    'in order',
  );
  // At least once: what was under way at a kill, a notification of two alerts at most, may come again.
  const repeated = heard.length - new Set(heard).size;
  t.ok(repeated <= 2 * KILLS, `${repeated} were told twice`);
});

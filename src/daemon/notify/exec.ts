import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SinkSettings } from '../settings.ts';
import type { Notification } from './message.ts';
import { DELIVERED, type Outcome } from './outcome.ts';
import { oneLine } from './shorten.ts';
import { webhookBody } from './webhook.ts';

type Exec = Extract<SinkSettings, { readonly type: 'exec' }>;

/** What the command gets of our environment: ours may hold secrets. */
const PASSED_ON: readonly string[] = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SYSTEMROOT'];
/** After the signal to end, before the one that nobody can refuse. */
const KILL_AFTER_MS = 1000;
/** Characters of what the command says that are kept for the log. */
const SAID_MOST = 500;

/**
 * Runs a command for each notification, with names that stay as they are (`FLINKPROBE_…`) and a file, readable by us
 * alone, that holds all of it in the shape of the webhook. Exit code 0 takes it; anything else is tried again.
 */
export async function toCommand(sink: Exec, notification: Notification, signal: AbortSignal): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-notify-'));
  try {
    const file = path.join(folder, 'notification.json');
    const body = webhookBody(sink.name, notification);
    writeFileSync(file, JSON.stringify(body), { mode: 0o600, flag: 'wx' });
    const [first] = notification.alerts;
    return await ended(sink, signal, {
      FLINKPROBE_SINK: sink.name,
      FLINKPROBE_STATUS: body.status,
      FLINKPROBE_CLUSTER: notification.cluster,
      FLINKPROBE_ALERTS: String(notification.alerts.length),
      FLINKPROBE_REASON: first?.reason ?? '',
      FLINKPROBE_SEVERITY: first?.severity ?? '',
      FLINKPROBE_RULE: first?.labels.rule ?? '',
      FLINKPROBE_CHANNEL: first?.labels.channel ?? '',
      FLINKPROBE_MEMBER: first?.labels.member ?? '',
      FLINKPROBE_FINGERPRINT: first?.key ?? '',
      FLINKPROBE_SUMMARY: first?.annotations.summary ?? '',
      FLINKPROBE_FILE: file,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ended(sink: Exec, signal: AbortSignal, given: Readonly<Record<string, string>>): Promise<Outcome> {
  const [program, ...args] = sink.command;
  return new Promise((resolve) => {
    const child = spawn(program!, args, { env: environment(given), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let said = '';
    const listen = (part: Buffer): void => {
      if (said.length < SAID_MOST) said += part.toString('utf8');
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    let because: string | undefined;
    let kill: NodeJS.Timeout | undefined;
    const end = (why: string): void => {
      because ??= why;
      killGroup(child.pid, 'SIGTERM');
      kill ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
    };
    const timer = setTimeout(() => end(`did not end within ${sink.timeoutMs} ms`), sink.timeoutMs);
    const stop = (): void => end('the daemon stops');
    signal.addEventListener('abort', stop, { once: true });
    const done = (outcome: Outcome): void => {
      clearTimeout(timer);
      clearTimeout(kill);
      signal.removeEventListener('abort', stop);
      resolve(outcome);
    };
    child.on('error', (error) => done({ kind: 'failed', problem: error.message }));
    child.on('exit', (code, by) => {
      // Whoever it left behind holds no pipe of ours.
      child.stdout.destroy();
      child.stderr.destroy();
      if (because !== undefined) killGroup(child.pid, 'SIGKILL');
      if (because === undefined && code === 0) return done(DELIVERED);
      const how = because ?? (code === null ? `ended by ${by}` : `exit code ${code}`);
      const words = oneLine(said, SAID_MOST);
      done({ kind: 'failed', problem: words === '' ? how : `${how}: ${words}` });
    });
  });
}

/** The command and all that it started: it leads a process group of its own. */
function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // It has ended.
  }
}

function environment(given: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const ours = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  // No variable can hold a NUL; one line each, for shells.
  const theirs = Object.entries(given).map(([name, value]) => [name, value.replaceAll(/\p{Cc}+/gu, ' ')]);
  return Object.fromEntries([...ours, ...theirs]) as NodeJS.ProcessEnv;
}

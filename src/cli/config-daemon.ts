import { settingsJsonSchema } from '../daemon/settings-schema.ts';
import { hashPassword } from '../http/password.ts';
import { webProblem } from '../http/server.ts';
import { stateFolder } from './daemon-default.ts';
import { overlaysOf, secretVariables } from './daemon-settings-keys.ts';
import { Unusable } from './failure.ts';
import { readSecret } from './secrets.ts';
import { readSettings } from './settings-file.ts';
import { settingsView } from './settings-view.ts';

/** `config check FILE`. Throws `Unusable` with file, line and column of all that is wrong. */
export async function checkSettings(file: string | undefined): Promise<void> {
  if (file === undefined) throw new Unusable('config check: wants the file to check');
  const { settings, waivers } = await readSettings(file, stateFolder());
  const problem = webProblem(settings.web);
  if (problem !== undefined) throw new Unusable(`${file}: ${problem}`);
  const clusters = settings.clusters.map(({ name }) => name).join(', ');
  const waived = waivers.length === 0 ? '' : `; ${waivers.length} ${waivers.length === 1 ? 'waiver' : 'waivers'}`;
  process.stdout.write(`${file}: good: ${clusters}${waived}\n`);
}

/** `config show FILE`: the settings as a daemon that is started here has them. Throws `Unusable`. */
export function showSettings(file: string): void {
  const overlays = overlaysOf({}, process.env, secretVariables(file));
  process.stdout.write(`${settingsView(file, stateFolder(), overlays).join('\n')}\n`);
}

/** `config schema`: JSON Schema of the settings. */
export function printSchema(): void {
  process.stdout.write(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
}

/** `config hash-password`: the first line of standard input, as `web.basic_auth_users` wants it. */
export async function printPasswordHash(): Promise<void> {
  process.stdout.write(`${await hashPassword(readSecret('password', { file: '-' }))}\n`);
}

import { spawnSync } from 'node:child_process';

/** `false` where python3 has these modules; else the reason to skip what needs them. */
export function withoutPython(...modules: readonly string[]): string | false {
  const { status } = spawnSync('python3', ['-c', modules.map((name) => `import ${name}`).join('\n')]);
  if (status === 0) return false;
  return `python3 with ${modules.join(', ')} not found`;
}

/** What a script prints as JSON; it reads `input` from its standard input. Throws what it wrote to standard error. */
export function python(script: string, input: string, args: readonly string[] = []): unknown {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script, ...args], {
    input,
    encoding: 'utf8',
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`python3: ${stderr}`);
  return JSON.parse(stdout);
}

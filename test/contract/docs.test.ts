import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { rulePage } from '../../src/build/rule-page.ts';
import { LinkType } from '../../src/capture/link-layer.ts';
import { EXIT_CODES } from '../../src/cli/exit-code.ts';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';
import { CHANNEL_IDS } from '../../src/model/channel.ts';
import { isAllowedPath } from '../../src/net/flink-rest-paths.ts';
import { PROFILE_LIMITS } from '../../src/observe/active/plan.ts';
import { FORMAT_NAMES } from '../../src/report/formats.ts';
import { NO_ANSWER_REASONS } from '../../src/report/schema-values.ts';
import { anchors, codeBlocks, links, section, tableOf, tables } from '../support/markdown.ts';
import { read, root, textFiles } from '../support/repository.ts';
import { flinkStandIn } from '../support/targets/flink-stand-in.ts';

/** What the pages say, held against the code, in both directions. */
const readme = read('README.md');
const main = path.join(root, 'dist/src/cli/main.js');
const [rules, probes] = await Promise.all([loadRules(), loadProbes()]);

/** Examples write files: they run where only the captures can be seen. */
const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-docs-'));
symlinkSync(path.join(root, 'captures'), path.join(folder, 'captures'), 'junction');
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function flinkprobe(...args: readonly string[]): SpawnSyncReturns<string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:FLINKPROBE_|FORCE_COLOR|COLUMNS)/.test(name));
  return spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: Object.fromEntries(kept),
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Options that `--help` of a command shows. */
function optionsOf(...command: readonly string[]): string[] {
  return [...flinkprobe(...command, '--help').stdout.matchAll(/^ {2,6}(-\w|--[\w-]+) /gm)].map(([, option]) => option!);
}

t.test('the exit codes of the README are those of the program, word for word', async (t) => {
  const told = tableOf(readme, 'exit', 'meaning').map(({ exit, meaning }) => [Number(exit), meaning]);
  t.strictSame(told, EXIT_CODES);
});

t.test('the README names every option of analyze, and no other', async (t) => {
  const told = tableOf(section(readme, 'Options of `analyze`'), 'option', 'what').map(({ option }) => option!);
  const there = optionsOf('analyze');
  t.ok(there.length > 15, 'help lists options');
  t.strictSame([...told].sort(), [...there].sort());
});

t.test('the README names every option of verify: its own in a table, the common ones in a sentence', async (t) => {
  const part = section(readme, 'Options of `verify`');
  const own = tableOf(part, 'option', 'what').map(({ option }) => option!);
  const common = [.../^Those of `analyze`[\s\S]*?\n\n/m.exec(part)![0].matchAll(/`(-\w|--[\w-]+)`/g)].map(
    ([, option]) => option!,
  );
  t.ok(own.length > 15 && common.length > 10);
  t.strictSame([...own, ...common].sort(), optionsOf('verify').sort());
  const ofAnalyze = tableOf(section(readme, 'Options of `analyze`'), 'option', 'what').map(({ option }) => option!);
  t.strictSame(
    common.filter((option) => !ofAnalyze.includes(option)),
    [],
  );
});

t.test('the README names every option of audit: its own in a table, the common ones in a sentence', async (t) => {
  const part = section(readme, 'Options of `audit`');
  const own = tableOf(part, 'option', 'what').map(({ option }) => option!);
  const common = [.../^Those of `analyze`[\s\S]*?\n\n/m.exec(part)![0].matchAll(/`(-\w|--[\w-]+)`/g)].map(
    ([, option]) => option!,
  );
  t.ok(own.length > 2 && common.length > 10);
  t.strictSame([...own, ...common].sort(), optionsOf('audit').sort());
});

t.test('docs/probing.md tells the profiles with the limits that the program keeps', async (t) => {
  const told = tableOf(read('docs/probing.md'), 'profile', 'connections').map((row) => {
    const { profile, connections, 'log lines': lines } = row as Readonly<Record<string, string>>;
    return [profile, Number(connections), Number(lines)];
  });
  t.strictSame(
    told,
    Object.entries(PROFILE_LIMITS).map(([profile, limits]) => [profile, limits.connections, limits.logLines]),
  );
});

t.test('docs/probing.md explains every kind of no', async (t) => {
  const told = tableOf(read('docs/probing.md'), 'because', 'what it saw').map(({ because }) => because!);
  t.strictSame(told.sort(), [...NO_ANSWER_REASONS].sort());
});

t.test('docs/probing.md names every path that REST is asked for', async (t) => {
  const sentence = /^To REST, for discovery: ([\s\S]*?)\n\n/m.exec(read('docs/probing.md'))![1]!;
  const told = [...sentence.matchAll(/`(?:GET )?(\/[^`]*)`/g)].map(([, asked]) => asked!);
  t.ok(told.length > 5);
  const [job, process] = ['0'.repeat(32), 'tm1'];
  for (const asked of told) {
    const real = asked.replace('/jobs/ID', `/jobs/${job}`).replace('/taskmanagers/ID', `/taskmanagers/${process}`);
    t.ok(isAllowedPath(real), asked);
  }
});

t.test('the README names every command, and no other', async (t) => {
  const told = tableOf(section(readme, 'Use it'), 'command', 'what').map(({ command }) => command!);
  const there = [...flinkprobe('--help').stdout.matchAll(/^ {2}flinkprobe (\w+)/gm)].map((match) => match[1]!);
  t.ok(there.length > 0);
  t.strictSame([...told].sort(), [...there].sort());
});

t.test('the README names every format, and no other', async (t) => {
  t.strictSame(
    tableOf(readme, 'format', 'what').map(({ format }) => format),
    [...FORMAT_NAMES],
  );
});

t.test('the README names every link type that is decoded, with its number', async (t) => {
  const told = [...section(readme, 'What it reads').matchAll(/\b([A-Z][A-Z0-9_]+)\s\((\d+)\)/g)];
  t.strictSame(Object.fromEntries(told.map(([, name, number]) => [name, Number(number)])), { ...LinkType });
});

t.test('docs/rules.md is what the rules say of themselves', async (t) => {
  const page = rulePage(rules);
  t.equal(read('docs/rules.md'), page, 'docs/rules.md is not that of the rules: npm run docs');
  for (const { id } of rules) t.ok(anchors(page).includes(id), `${id} has a heading to link to`);
  const indexed = tables(page).filter((rows) => 'looks at' in (rows[0] ?? {}));
  t.strictSame(indexed.flatMap((rows) => rows.map(({ rule }) => rule!)).sort(), rules.map(({ id }) => id).sort());
  t.notMatch(page, /undefined|\[object/);
});

t.test('the README has a row for every channel, in the order of the contract', async (t) => {
  t.strictSame(
    tableOf(readme, 'channel', 'protocol').map(({ channel }) => channel),
    [...CHANNEL_IDS],
  );
});

t.test('probes/README.md has a row for every channel, and says what its file says', async (t) => {
  const listed = (values: readonly (string | number)[]): string => values.join(', ') || 'none';
  const there = CHANNEL_IDS.map((id) => {
    const probe = probes.find((one) => one.id === id)!;
    return {
      channel: id,
      what: probe.title,
      listens: probe.component,
      protection: probe.protection,
      protocols: listed(probe.protocols.map(({ name }) => name)),
      'usual ports': listed(probe.defaultPorts),
      'port keys': listed(probe.settings.port),
      'TLS keys': listed(probe.settings.tls),
    };
  });
  t.strictSame(tableOf(read('probes/README.md'), 'channel', 'what'), there);
});

t.test('what the README calls not there yet is refused by that name', async (t) => {
  const named = [...section(readme, 'Not there yet').matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  t.ok(named.length > 0);
  const asked = named.map((name) =>
    name.startsWith('--') ? ['analyze', 'captures/1.20.3-w-off.pcap.gz', name, 'x'] : [name],
  );
  for (const args of asked) {
    const { status, stderr } = flinkprobe(...args);
    t.equal(status, 3, args.join(' '));
    t.match(stderr, /not in (?:this version|version [\d.]+) yet/, args.join(' '));
  }
});

/** Command lines of fenced blocks, with the exit code that stands behind them. */
const commands = codeBlocks(readme)
  .filter(({ language }) => language === 'sh')
  .flatMap(({ lines }) => lines)
  .map((line) => /^(.*?)(?:\s+#\s+(?:exit (\d+)|.*))?$/.exec(line)!)
  .map(([, text, exit]) => ({ text: text!, exit }));

t.test('every command of the README on a shipped capture ends as it says', async (t) => {
  const runnable = commands.filter(({ text }) => text.startsWith('flinkprobe analyze captures/'));
  t.ok(runnable.length >= 5);
  for (const { text, exit } of runnable) {
    t.ok(exit, `${text} has an exit code`);
    const { status, stderr } = flinkprobe(...text.split(/\s+/).slice(1));
    t.equal(status, Number(exit), `${text} ${stderr}`);
  }
});

t.test('every flinkprobe in the examples has options and arguments that exist', async (t) => {
  const known: Readonly<Record<string, readonly string[]>> = {
    analyze: optionsOf('analyze'),
    verify: optionsOf('verify'),
    sniff: optionsOf('sniff'),
    audit: optionsOf('audit'),
    config: optionsOf('config', 'show'),
    explain: optionsOf('explain'),
    list: optionsOf('list'),
    completion: optionsOf('completion'),
    waivers: optionsOf('waivers', 'check'),
  };
  const calls = commands.flatMap(({ text }) => text.split('|')).filter((call) => /^\s*(?:npx )?flinkprobe /.test(call));
  t.ok(calls.length >= 10);
  for (const call of calls) {
    const words = call.trim().split(/\s+/);
    const options = known[words[words.indexOf('flinkprobe') + 1] ?? ''];
    t.ok(options !== undefined, call);
    for (const word of words.filter((one) => one.startsWith('--'))) t.ok(options?.includes(word), `${word} in ${call}`);
  }
});

t.test('npm scripts that the pages name exist', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = textFiles()
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => [...read(name).matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:]+)/g)].map((one) => one[1]!));
  t.ok(named.includes('start') && named.includes('test'));
  for (const name of named) t.ok(name in scripts, `npm run ${name}`);
});

t.test('the output that the README shows is what the program prints', async (t) => {
  const shown = codeBlocks(readme).find(({ language }) => language === 'text')!.lines;
  const members = ['jm', 'tm1', 'tm2'].map((member) => `--conf=${member}=captures/1.20.3-w-off.conf/${member}`);
  // The day of the recording: how long certificates still last is counted from it.
  const { stdout } = flinkprobe('analyze', 'captures/1.20.3-w-off.pcap.gz', ...members, '--now=2026-11-22T18:00:00Z');
  const printed = stdout.split('\n');
  let at = 0;
  for (const line of shown.filter((one) => one !== '…')) {
    const found = printed.indexOf(line, at);
    t.ok(found >= 0, `printed: ${line}`);
    at = found < 0 ? at : found + 1;
  }
});

/** Addresses of this kind are loopback on Linux alone. */
const apart = process.platform === 'linux' ? false : 'no addresses in 127.77.0.0/16';

t.test('what the README shows of verify is what it prints of such a cluster', { skip: apart }, async (t) => {
  const cluster = await flinkStandIn({
    taskManagers: 2,
    odd: { tm2: 'clear' },
    jobManagerChannels: ['jobmanager-rpc', 'blob-server'],
    taskManagerChannels: ['taskmanager-rpc', 'taskmanager-data'],
  });
  t.teardown(() => cluster.stop());
  const targets = cluster.endpoints.map(({ channel, host, port }) => `${channel}=${host}:${port}\n`);
  writeFileSync(path.join(folder, 'cluster.txt'), targets.join(''));
  writeFileSync(path.join(folder, 'hosts.txt'), '127.77.0.1 jm\n127.77.0.2 tm1\n127.77.0.3 tm2\n');
  const command = /`flinkprobe (verify --targets [^`]+)`/.exec(readme)![1]!;
  const { stdout, stderr } = flinkprobe(...command.split(' '));
  // Ports and keys are other ones each time.
  const same = (line: string): string =>
    line
      .replaceAll(/:\d{4,5}\b/g, ':PORT')
      .replaceAll(/\b[0-9a-f]{4}\.\.[0-9a-f]{2}\b/g, 'HASH')
      .replaceAll(/ +/g, ' ');
  const printed = `${stderr}${stdout}`.split('\n').map(same);
  const shown = codeBlocks(readme).filter(({ language }) => language === 'text')[1]!.lines;
  let at = 0;
  for (const line of shown.filter((one) => one !== '…').map(same)) {
    const found = printed.indexOf(line, at);
    t.ok(found >= 0, `printed: ${line}`);
    at = found < 0 ? at : found + 1;
  }
});

const pages = textFiles().filter((name) => name.endsWith('.md'));

t.test('every relative link on every page leads somewhere', async (t) => {
  t.ok(pages.includes('README.md') && pages.includes('probes/README.md'), 'pages are found');
  for (const page of pages) {
    const text = read(page);
    for (const link of links(text).filter((one) => !/^[a-z]+:/.test(one))) {
      const [file, anchor] = link.split('#') as [string, string?];
      const target = path.posix.normalize(path.posix.join(path.posix.dirname(page), file));
      const there = file === '' || (!target.startsWith('..') && existsSync(path.join(root, target)));
      t.ok(there, `${page}: ${link}`);
      if (there && anchor !== undefined) t.ok(anchors(file === '' ? text : read(target)).includes(anchor), link);
    }
  }
});

t.test('files that pages name in code exist', async (t) => {
  for (const page of pages) {
    // Capital letters stand for a name to put in (`src/rules/ID.ts`).
    const named = read(page).matchAll(/`((?:src|probes|test|captures)\/[a-z0-9./-]+\.(?:ts|py|json|md|gz))`/g);
    for (const [, file] of named) {
      if (file !== 'test/x/y.test.ts' && file !== 'src/x/y.ts')
        t.ok(existsSync(path.join(root, file!)), `${page}: ${file}`);
    }
  }
});

t.test('no file names a machine, and the lock file no host', async (t) => {
  const ofMachine = /(?<![\w.~-])\/(?:work|root|workspace|Users|home\/\w+)\/\w|\b[A-Z]:\\Users\\/;
  const ofRegistry = /\bregistry\.[a-z]/;
  const files = textFiles();
  t.ok(files.length > 300 && files.includes('package-lock.json') && files.includes('.gitignore'));
  for (const name of files) {
    const text = read(name);
    const found = ofMachine.exec(text) ?? ofRegistry.exec(text);
    t.equal(found, null, `${name}: ${found?.[0]}`);
  }
  t.notMatch(read('package-lock.json'), '"resolved"');
});

t.test('the licence is the Apache License 2.0, unchanged, and the package says so', async (t) => {
  // Of https://www.apache.org/licenses/LICENSE-2.0.txt, as Debian's base-files ships it.
  const published = 'cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30';
  t.equal(createHash('sha256').update(read('LICENSE')).digest('hex'), published);
  t.equal((JSON.parse(read('package.json')) as { license: string }).license, 'Apache-2.0');
});

t.test('the changes begin with the version of the package', async (t) => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  t.equal(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1], version);
});

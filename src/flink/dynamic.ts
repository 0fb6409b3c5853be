/** A dynamic property as Flink's command line parser takes it. */
export interface DynamicProperty {
  readonly key: string;
  readonly value: string;
  /** Index of the argument that holds it. */
  readonly index: number;
}

/**
 * `-Dkey=value` and `-D key=value`; `-Dkey` alone means `true` (`CommandLineOptions.DYNAMIC_PROPERTY_OPTION`). They win
 * over the file (`GlobalConfiguration.loadConfiguration(configDir, dynamicProperties)`), later ones over earlier ones.
 */
export function dynamicProperties(args: readonly string[]): readonly DynamicProperty[] {
  const found: DynamicProperty[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (!arg.startsWith('-D')) continue;
    const place = index;
    const text = arg === '-D' ? args[++index] : arg.slice(2);
    if (text === undefined || text === '') continue;
    const equals = text.indexOf('=');
    const key = (equals < 0 ? text : text.slice(0, equals)).trim();
    if (key !== '') found.push({ key, value: equals < 0 ? 'true' : text.slice(equals + 1), index: place });
  }
  return found;
}

/** Longest command line that is split into words. */
const MAX_COMMAND = 131_072;

/** Words of a command line, quotes and backslashes as a shell has them; variables stay as they are written. */
export function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  const most = Math.min(text.length, MAX_COMMAND);
  for (let index = 0; index < most; index++) {
    const char = text[index]!;
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && /["\\$`]/.test(text[index + 1] ?? ''))
        word = `${word}${text[++index]}`;
      else word = `${word}${char}`;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/[\s;&|]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '\\') {
      const next = text[++index];
      if (next !== undefined && next !== '\n') word = `${word ?? ''}${next}`;
    } else {
      word = `${word ?? ''}${char}`;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** Index of the class that `java` starts, where it is one of Flink's; -1 where there is none. What stands before is the JVM's. */
export function flinkMainClass(args: readonly string[]): number {
  return args.findIndex((arg) => /^org\.apache\.flink\.[\w.$]+$/.test(arg));
}

export type Role = 'jobmanager' | 'taskmanager' | 'history-server' | 'sql-gateway';

const ROLES: readonly (readonly [RegExp, Role])[] = [
  [/^(?:.*\/)?(?:kubernetes-taskmanager|taskmanager)(?:\.sh)?$/, 'taskmanager'],
  [
    /^(?:.*\/)?(?:kubernetes-jobmanager|kubernetes-session|kubernetes-application|jobmanager|standalone-job|yarn-session)(?:\.sh)?$/,
    'jobmanager',
  ],
  [/^(?:.*\/)?(?:history-?server)(?:\.sh)?$/, 'history-server'],
  [/^(?:.*\/)?sql-gateway(?:\.sh)?$/, 'sql-gateway'],
  [/^org\.apache\.flink\..*Task(?:Manager|Executor)Runner$/, 'taskmanager'],
  [/^org\.apache\.flink\..*(?:ClusterEntry[Pp]oint|JobManagerRunner)$/, 'jobmanager'],
  [/^org\.apache\.flink\..*HistoryServer$/, 'history-server'],
  [/^org\.apache\.flink\..*SqlGateway$/, 'sql-gateway'],
];

/** Which process a command starts, by the commands of the image, Flink's scripts and its main classes. */
export function roleOf(words: readonly string[]): Role | undefined {
  for (const word of words) {
    const found = ROLES.find(([pattern]) => pattern.test(word));
    if (found !== undefined) return found[1];
  }
  return undefined;
}
